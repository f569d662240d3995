"""After each answer: record it, take what may be taken by itself, answer the model's calls.

The rule kept here: automatic acceptance happens only after the format's own end and the wire's
done event, and only if every hunk is placed. If some are not, they alone are asked for again, once
in a turn; what has a place is held meanwhile. And whatever happens, the transcript stays such that
a service takes it: every call answered once, nothing answered that was not called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spark_tui.edits.changeset import Kind
from spark_tui.edits.formats.tally import Outcome
from spark_tui.errors import SparkFault
from spark_tui.model.provider import AssistantText, Item, ToolCall, ToolOutput, UserText
from spark_tui.session import events as ev
from spark_tui.session import policy, repairing
from spark_tui.session.context import Context
from spark_tui.session.conversation import OwedOutput, cut_note, with_news
from spark_tui.session.events import Decision, Event, HunkId
from spark_tui.session.ground import Ground
from spark_tui.session.review import Review
from spark_tui.session.shelf import Shelf
from spark_tui.session.state import HunkState, SessionState, Status
from spark_tui.session.tools import ReadTools
from spark_tui.session.turn import EDIT_TOOLS, Round, TurnRun

_NOT_THE_FORMATS = frozenset({"path", "binary", "encoding", "no_file"})
"""Causes that would be the same in any format."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a face may say about one request beyond its words."""

    accept: str = "ask"
    """ask, none, safe, all."""
    allow_sensitive: frozenset[str] = frozenset()
    refines: HunkId | None = None
    steered: bool = False
    role: str = ""
    """Whose model is asked; "" = the current one."""
    whole: bool = False
    """Take every hunk or none (`spark-tui apply`)."""
    preface: str = ""
    """Text for the model in front of the prompt (the hunk that is refined)."""
    named: tuple[str, ...] = ()
    """Files that go along when no plan is given."""
    continues: int = 0
    """The turn whose cut answer is gone on with, or 0."""

    @property
    def is_automatic(self) -> bool:
        return self.accept in ("safe", "all")


class Answering:
    """Settles the rounds of a turn."""

    def __init__(
        self,
        *,
        state: SessionState,
        context: Context,
        review: Review,
        shelf: Shelf,
        ground: Ground,
        emit: Callable[[Event], None],
    ) -> None:
        self._state = state
        self._context = context
        self._review = review
        self._shelf = shelf
        self.ground = ground
        self._emit = emit

    async def settle(self, run: TurnRun, result: Round, asked: Asked, *, may_go_on: bool) -> bool:
        """Put the answer into the transcript; True: the model goes on."""
        talk = self._context.conversation
        if not result.done:
            said, edits = "".join(result.text), list(result.edits.values())
            talk.items.append(cut_note(said, edits, stopped=result.stopped))
            return False
        items = _items_of(result)
        talk.items.extend(items)
        if not result.whole:
            run.unsound.update(result.hunks)
        calls = [item for item in items if isinstance(item, ToolCall)]
        is_held = False
        try:
            if asked.is_automatic and not result.stopped:
                is_held = await self.accept_automatically(run, result, asked)
        except SparkFault as fault:
            result.fault = fault
        await self._count(run, result)
        edits_owed = [self._owed(c, result) for c in calls if c.name in EDIT_TOOLS]
        questions = [c for c in calls if c.name not in EDIT_TOOLS]
        is_end = result.cut or result.differs or result.fault is not None or result.stopped
        is_end = is_end or is_held
        failed = self._to_repair(run, result) if asked.is_automatic and not is_end else []
        if asked.is_automatic:
            wants = bool(failed) or self._may_go_on(run, result, questions, edits_owed)
        else:
            wants = bool(questions)
        goes_on = wants and may_go_on and not is_end
        outputs: list[Item] = []
        for call in questions:
            outputs.append(await self._answer(run, call, goes_on=goes_on))
        if not goes_on:
            talk.items.extend(outputs)
            talk.owed.extend(edits_owed)
            return False
        outputs += await self._edit_outputs(run, result, edits_owed, failed)
        talk.items.extend(outputs)
        await self._show_what_was_written(run, result)
        result.stopped = run.stopped
        return not run.stopped

    async def accept_automatically(self, run: TurnRun, result: Round, asked: Asked) -> bool:
        """Write what the level takes, if the reply is whole and each hunk of the turn is placed.
        True: the person must look first, for HEAD is elsewhere now."""
        hunks = [h for h in self._state.hunks.values() if h.turn == run.turn]
        if not result.whole or any(h.status is Status.UNPLACED for h in hunks):
            return False
        # What a person has taken in hand is theirs to decide.
        placed = [h for h in hunks if h.status is Status.PLACED and h.whole is None]
        taken = [h.id for h in placed if h.id not in run.unsound and _takes(h, asked)]
        if taken and not (asked.whole and len(taken) < len(placed)):
            if await self.ground.holds_back(run.turn):
                return True
            await self._review.decide(taken, Decision.ACCEPTED, by="policy")
        return False

    # -- what has no place -----------------------------------------------------
    def _to_repair(self, run: TurnRun, result: Round) -> list[HunkState]:
        """The hunks to ask for again: all that the turn lacks, of an answer that is whole."""
        lost = self._lost(run)
        if not lost or run.earlier.repaired or not result.whole:
            return []
        mine = frozenset(result.hunks)
        is_all = all(h.id in mine for h in lost)
        return lost if is_all and repairing.may_be_repaired(lost) else []

    def _may_go_on(
        self,
        run: TurnRun,
        result: Round,
        questions: Sequence[ToolCall],
        edits_owed: Sequence[OwedOutput],
    ) -> bool:
        """Without a repair: what cannot become whole any more is not gone on with."""
        lost = self._lost(run)
        if any(h.why is not None and h.why.code in repairing.HOPELESS for h in lost):
            return False
        if lost or not result.whole:
            has_tried_in_vain = run.earlier.repaired and bool(result.hunks)
            return bool(questions) and not has_tried_in_vain
        return bool(questions or edits_owed)

    def _lost(self, run: TurnRun) -> list[HunkState]:
        return [h for h in self._of(run) if h.status is Status.UNPLACED]

    def _of(self, run: TurnRun) -> list[HunkState]:
        turn = self._state.turns.get(run.turn)
        return [self._state.hunks[h] for h in turn.hunks] if turn else []

    async def _edit_outputs(
        self,
        run: TurnRun,
        result: Round,
        edits_owed: Sequence[OwedOutput],
        failed: Sequence[HunkState],
    ) -> list[Item]:
        """What became of each edit call, and the repair of what is in none of them."""
        talk = self._context.conversation
        outputs: list[Item] = []
        asked: set[HunkId] = set()
        late = self._accepted_late(run, result)
        for owed in edits_owed:
            mine = [h for h in failed if h.id in owed.hunks]
            asked |= {h.id for h in mine}
            about = owed.hunks
            if mine:
                said = await self._repair(run, result, mine)
            else:
                about, late = (*late, *about), ()
                said = with_news(self._state, about, talk.told)
            talk.tell(self._state, about)
            outputs.append(ToolOutput(owed.call.call_id, said, custom=owed.call.custom))
        if loose := [h for h in failed if h.id not in asked]:
            outputs.append(UserText(await self._repair(run, result, loose)))
            talk.tell(self._state, [h.id for h in loose])
        if failed:
            run.earlier.repaired = True
            what = "1 edit" if len(failed) == 1 else f"{len(failed)} edits"
            ids = ", ".join(h.id for h in failed)
            self._emit(ev.ToolUsed(run.turn, "asked again for", what, ids))
        return outputs

    def _accepted_late(self, run: TurnRun, result: Round) -> tuple[HunkId, ...]:
        """Hunks of earlier answers that were held, and are in their files now."""
        told, mine = self._context.conversation.told, frozenset(result.hunks)
        return tuple(
            h.id
            for h in self._of(run)
            if h.status is Status.ACCEPTED and h.id not in told and h.id not in mine
        )

    async def _repair(self, run: TurnRun, result: Round, failed: Sequence[HunkState]) -> str:
        lost: list[repairing.Lost] = []
        for hunk in failed:
            base = self._state.snapshots.get(hunk.base or "")
            quotes = repairing.may_quote(
                hunk.path, base, self._state.files, was_seen=run.tree.was_seen(hunk.path)
            )
            one = repairing.lost_of(self._state, hunk, result.hunks, may_quote=quotes)
            if one is not None:
                lost.append(one)
        return await self._shelf.off(repairing.message, lost)

    async def _show_what_was_written(self, run: TurnRun, result: Round) -> None:
        """The model goes on in the files as they are now: it wrote them."""
        known = {h.path for h in self._of(run) if h.kind is Kind.ADD}
        known |= {h.move_to for h in self._of(run) if h.move_to and run.tree.was_seen(h.path)}
        since, run.acts_shown = run.acts_shown, len(self._state.writes)
        for path in dict.fromkeys(w.path for act in self._state.writes[since:] for w in act.writes):
            if path in known or run.tree.was_seen(path):
                snapshot = await self._shelf.read(path)
                if snapshot is not None:
                    run.tree.show(snapshot)

    async def _count(self, run: TurnRun, result: Round) -> None:
        """Let the tally of formats know. A cut or a broken answer says nothing about a format."""
        formats, model, name = self._context.formats, self._context.model, self._context.format
        if result.cut or result.differs or result.stopped or result.fault is not None:
            return
        if run.earlier.repaired:
            mended = sum(1 for h in run.earlier.asked_for if self._is_mended(h))
            if mended:
                await self._shelf.off(formats.mended, model, name, mended)
            return
        hunks = [self._state.hunks[h] for h in result.hunks]
        mine = [h for h in hunks if not (h.why and h.why.code in _NOT_THE_FORMATS)]
        if mine or not result.whole:
            located = sum(1 for h in mine if h.place is not None)
            outcome = Outcome(result.whole, len(mine), located)
            await self._shelf.off(formats.note, model, name, outcome)

    def _is_mended(self, hunk: HunkId) -> bool:
        old = self._state.hunks[hunk]
        new = self._state.hunks.get(HunkId(old.message))
        return old.status is Status.SUPERSEDED and new is not None and new.place is not None

    # -- calls -----------------------------------------------------------------
    def _owed(self, call: ToolCall, result: Round) -> OwedOutput:
        return OwedOutput(call, tuple(result.call_hunks.get(call.call_id, ())))

    async def _answer(self, run: TurnRun, call: ToolCall, *, goes_on: bool) -> Item:
        if run.stopped:
            output = "error: stopped by the user"
        elif not goes_on:
            output = "error: no more calls in this turn"
        else:
            output = await self._use_tool(run, call)
        return ToolOutput(call.call_id, output, custom=call.custom)

    async def _use_tool(self, run: TurnRun, call: ToolCall) -> str:
        shelf = self._shelf
        tools = ReadTools(
            shelf.worktree, shelf.repository(), self._state.files, self._context.allows
        )
        answer = await shelf.off(tools.answer, call.name, call.input)
        await shelf.remember(answer.snapshots)
        for snapshot in answer.snapshots:
            self._context.conversation.saw(snapshot, call=call.call_id)
            run.tree.show(snapshot)
        self._emit(ev.ToolUsed(run.turn, call.name, answer.detail, answer.result))
        return answer.output


def _items_of(result: Round) -> list[Item]:
    """The answer as the service gave it; what it left out of that is added, so that each call
    which we saw has its place, and only once."""
    items: list[Item] = []
    known: set[str] = set()
    for item in result.items:
        if isinstance(item, ToolCall):
            if item.call_id in known:
                continue
            known.add(item.call_id)
        items.append(item)
    if not result.items and (text := "".join(result.text)):
        items.append(AssistantText(text))
    for call in result.calls:
        if call.call_id not in known:
            known.add(call.call_id)
            items.append(ToolCall(call.call_id, call.name, call.input, call.custom))
    return items or [AssistantText("[empty answer]")]


def _takes(hunk: HunkState, asked: Asked) -> bool:
    score = hunk.place.score if hunk.place else 0.0
    allowed = policy.is_below(hunk.path, asked.allow_sensitive)
    return policy.takes(asked.accept, hunk.flags, score, allowed=allowed)
