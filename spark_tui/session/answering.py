"""After each answer: record it, take what may be taken by itself, answer the model's calls.

The rule kept here: automatic acceptance happens only after the format's own end and the wire's
done event, and only if every hunk is placed; and whatever happens, the transcript stays such that
a service takes it: every call answered once, nothing answered that was not called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spark_tui.errors import SparkFault
from spark_tui.model.provider import AssistantText, Item, ToolCall, ToolOutput
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.context import Context
from spark_tui.session.conversation import OwedOutput, cut_note, fate
from spark_tui.session.events import Decision, Event, HunkId
from spark_tui.session.review import Review
from spark_tui.session.shelf import Shelf
from spark_tui.session.state import HunkState, SessionState, Status
from spark_tui.session.tools import ReadTools
from spark_tui.session.turn import EDIT_TOOLS, Round, TurnRun


@dataclass(frozen=True, slots=True)
class Asked:
    """What a face may say about one request beyond its words."""

    accept: str = "ask"
    """ask, none, safe, all."""
    allow_sensitive: frozenset[str] = frozenset()
    refines: HunkId | None = None
    steered: bool = False
    model: str = ""
    """"" = the model of the current role."""
    whole: bool = False
    """Take every hunk or none (`spark-tui apply`)."""
    preface: str = ""
    """Text for the model in front of the prompt (the hunk that is refined)."""
    named: tuple[str, ...] = ()
    """Files that go along when no plan is given."""

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
        emit: Callable[[Event], None],
    ) -> None:
        self._state = state
        self._context = context
        self._review = review
        self._shelf = shelf
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
        try:
            if asked.is_automatic and not result.stopped:
                await self.accept_automatically(run, result, asked)
        except SparkFault as fault:
            result.fault = fault
        edits_owed = [self._owed(c, result) for c in calls if c.name in EDIT_TOOLS]
        questions = [c for c in calls if c.name not in EDIT_TOOLS]
        is_end = result.cut or result.differs or result.fault is not None
        wants = bool(questions) or (bool(edits_owed) and asked.is_automatic)
        goes_on = wants and may_go_on and not is_end and not result.stopped
        outputs: list[Item] = []
        for call in questions:
            outputs.append(await self._answer(run, call, goes_on=goes_on))
        if not goes_on:
            talk.items.extend(outputs)
            talk.owed.extend(edits_owed)
            return False
        for owed in edits_owed:
            talk.tell(self._state, owed.hunks)
            said = fate(self._state, owed.hunks)
            outputs.append(ToolOutput(owed.call.call_id, said, custom=owed.call.custom))
        talk.items.extend(outputs)
        result.stopped = run.stopped
        return not run.stopped

    async def accept_automatically(self, run: TurnRun, result: Round, asked: Asked) -> None:
        """Write what the level takes, if the reply is whole and each hunk of the turn is placed."""
        hunks = [h for h in self._state.hunks.values() if h.turn == run.turn]
        if not result.whole or any(h.status is Status.UNPLACED for h in hunks):
            return
        placed = [h for h in hunks if h.status is Status.PLACED]
        taken = [h.id for h in placed if h.id not in run.unsound and _takes(h, asked)]
        if taken and not (asked.whole and len(taken) < len(placed)):
            await self._review.decide(taken, Decision.ACCEPTED, by="policy")

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
            self._context.conversation.seen[snapshot.path] = snapshot.digest
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
    allowed = hunk.path in asked.allow_sensitive
    return policy.takes(asked.accept, hunk.flags, score, allowed=allowed)
