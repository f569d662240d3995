"""Decisions on hunks, and the way back: accept, reject, reopen, undo, redo.

The rule kept here: a decision and its write are one job under one lock; streaming never takes it.
A file that is not what we expect is merged three-way or left alone as a conflict. How bytes get
to the disk is writes.py's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from spark_tui.errors import SparkFault, UnknownHunk, UsageFault
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.events import Decision, Event, HunkId, HunksDecided, TurnUndone
from spark_tui.session.state import Act, HunkState, SessionState, Status
from spark_tui.session.writes import WritePlan, Writes

T = TypeVar("T")


@dataclass(slots=True)
class Decided:
    """What became of a decision."""

    written: tuple[HunkId, ...] = ()
    rejected: tuple[HunkId, ...] = ()
    reopened: tuple[HunkId, ...] = ()
    already: tuple[HunkId, ...] = ()
    conflicts: tuple[HunkId, ...] = ()
    refused: tuple[tuple[HunkId, str], ...] = ()
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Acted:
    """What undo or redo did, as a sentence for the person."""

    done: bool
    message: str
    hunks: tuple[HunkId, ...] = ()
    paths: tuple[str, ...] = ()


class Review:
    """Owner of the order of decisions in one session."""

    def __init__(
        self,
        *,
        state: SessionState,
        writes: Writes,
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
    ) -> None:
        self._state = state
        self._writes = writes
        self._emit = emit
        self._promise = promise
        self._lock = asyncio.Lock()
        self._jobs: set[asyncio.Future[Any]] = set()
        self._is_sealed = False

    # -- verbs -----------------------------------------------------------------
    async def decide(
        self, hunks: Sequence[HunkId], decision: Decision, *, by: str = "person"
    ) -> Decided:
        """Accept (writes), reject or reopen. Raises UnknownHunk before anything happens.

        By policy all are accepted or none: where one conflicts with its file nothing is written.
        """
        for hid in hunks:
            if hid not in self._state.hunks:
                raise UnknownHunk(f"There is no hunk {hid} in this session.")
        return await self._verb(lambda: self._decide(hunks, decision, by))

    async def undo(self) -> Acted:
        """Take the last decision back."""
        return await self._verb(self._undo)

    async def undo_turn(self, turn: int | None) -> Acted:
        """Take back all that was accepted of a turn, by default the last one with anything to
        undo; undecided hunks of it are put aside."""
        return await self._verb(lambda: self._undo_turn(self._turn_to_undo(turn)))

    def paths_of(self, turn: int | None) -> tuple[str, ...]:
        """The files that undo_turn would touch."""
        hunks = self._accepted_of(self._turn_to_undo(turn))
        return tuple(dict.fromkeys(h.path for h in hunks))

    async def redo(self) -> Acted:
        """Do again what undo took back last."""
        return await self._verb(self._redo)

    async def exclusive(self, job: Callable[[], Awaitable[T]]) -> T:
        """Run a job that decides, writes or commits: alone, and once begun to its end."""
        if self._is_sealed:
            raise UsageFault("The session is closed.", hint="Open it again: spark-tui -c")

        async def alone() -> T:
            async with self._lock:
                return await job()

        task = asyncio.ensure_future(alone())
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return await asyncio.shield(task)

    async def seal(self) -> None:
        """Let what was begun end; take nothing further."""
        self._is_sealed = True
        if self._jobs:
            await asyncio.wait(self._jobs)

    # -- the jobs, one at a time ------------------------------------------------
    async def _verb(self, job: Callable[[], Awaitable[T]]) -> T:
        """A fault is said before it is raised."""

        async def said() -> T:
            try:
                return await job()
            except SparkFault as fault:
                self._emit(ev.Noticed("error", fault.message, fault.hint))
                raise

        return await self.exclusive(said)

    async def _decide(self, hunks: Iterable[HunkId], decision: Decision, by: str) -> Decided:
        """In order of appearance, whatever order they were named in: a later turn builds upon
        an earlier one."""
        chosen = self._ordered(hunks)
        early = [(h.id, why) for h in chosen if (why := self._not_now(h))]
        ready = [h for h in chosen if not self._not_now(h)]
        if decision is Decision.ACCEPTED:
            result = await self._accept(ready, by)
        else:
            result = await self._take_out(ready, decision, by)
        result.refused += tuple(early)
        return result

    async def _accept(self, hunks: list[HunkState], by: str) -> Decided:
        result = Decided()
        takable: list[HunkState] = []
        refused: list[tuple[HunkId, str]] = []
        already: list[HunkId] = []
        for hunk in hunks:
            if hunk.status in (Status.ACCEPTED, Status.ALREADY_THERE):
                already.append(hunk.id)
            elif hunk.place is None:
                refused.append((hunk.id, "it has no place yet"))
            elif hunk.status is Status.SUPERSEDED and len(hunks) > 1:
                refused.append((hunk.id, f"{hunk.message} replaced it: accept it alone"))
            elif by == "person" and policy.needs_own_yes(hunk.flags, together=len(hunks)):
                why = policy.summary(sorted(hunk.flags & policy.SENSITIVE))
                refused.append((hunk.id, f"{why}: wants a yes of its own"))
            else:
                takable.append(hunk)
        plan = await self._writes.plan(takable, into=True)
        if by == "policy" and plan.conflicts:
            plan.put_off()
        accepted = _in_order((*plan.done, *plan.already), hunks)
        decided = HunksDecided(accepted, Decision.ACCEPTED, by) if accepted else None
        why = "redo" if by == "redo" else "accept"
        result.checkpoint = await self._writes.write(plan, why=why, decided=decided)
        await self._tell_conflicts(plan)
        result.written = tuple(plan.done)
        result.already = tuple(already) + tuple(plan.already)
        result.conflicts = tuple(plan.conflicts)
        result.refused = tuple(refused)
        return result

    async def _take_out(self, hunks: list[HunkState], decision: Decision, by: str) -> Decided:
        """Reject or reopen; what we put into a file is taken out of it first."""
        result = Decided()
        target = Status.REJECTED if decision is Decision.REJECTED else Status.PLACED
        result.already = tuple(h.id for h in hunks if _stands(h, target))
        held = [h for h in hunks if h.status is Status.ACCEPTED and h.committed]
        result.refused = tuple((h.id, f"it is in commit {h.committed[:9]}") for h in held)
        still = {*result.already, *(h.id for h in held)}
        moving = [h for h in hunks if h.id not in still]
        plan = await self._out_plan(moving)
        free = tuple(h.id for h in moving if h.id not in plan.conflicts)
        decided = HunksDecided(free, decision, by) if free else None
        why = "undo" if decision is Decision.OPEN else "reject"
        result.checkpoint = await self._writes.write(plan, why=why, decided=decided)
        self._tell_stuck(plan)
        free = tuple(h for h in free if h not in plan.conflicts)
        result.conflicts = tuple(plan.conflicts)
        if decision is Decision.REJECTED:
            result.rejected = free
        else:
            result.reopened = free
        return result

    async def _undo(self) -> Acted:
        """Each hunk of the last act stands again as it did before; files follow."""
        if not self._state.acts:
            return Acted(False, "There is nothing to undo.")
        act = self._state.acts[-1]
        hunks = self._ordered(b.hunk for b in act.before)
        if act.reshaped is not None:
            return await self._made_whole(act.reshaped, hunks)
        was = {b.hunk: b.status for b in act.before}
        held = [h for h in hunks if h.committed and was[h.id] is not Status.ACCEPTED]
        kept = {h.id for h in held}
        free = [h for h in hunks if h.id not in kept]
        back_in = [h for h in free if was[h.id] is Status.ACCEPTED]
        if back_in:
            plan = await self._writes.plan(
                [h for h in back_in if h.status is not Status.ACCEPTED], into=True
            )
        else:
            plan = await self._out_plan(free)
        stands = tuple(h.id for h in free if h.id not in plan.conflicts)
        if stands:
            decided = HunksDecided(stands, _word(was[h] for h in stands), "undo")
            why = "redo" if back_in else "undo"
            await self._writes.write(plan, why=why, decided=decided)
        if back_in:
            await self._tell_conflicts(plan)
        else:
            self._tell_stuck(plan)
        stands = tuple(h for h in stands if h not in plan.conflicts)
        if not stands:
            why = f"it is in commit {held[0].committed[:9]}" if held else "the file changed since"
            return Acted(False, f"{_names([h.id for h in hunks])} could not be taken back: {why}.")
        paths = tuple(dict.fromkeys(self._state.hunks[h].path for h in stands))
        return Acted(True, _undone(act, stands, was), stands, paths)

    async def _made_whole(self, shape: ev.HunkReshaped, hunks: Sequence[HunkState]) -> Acted:
        """The hunk as it was before it was reshaped; its parts go."""
        parts = [h for h in hunks if h.id != shape.hunk]
        used = [h.id for h in parts if h.parts or h.status is Status.ACCEPTED]
        if used:
            return Acted(False, f"{shape.hunk} cannot come back: {_names(used)} is in use.")
        ids = (shape.hunk, *(part.hunk for part in shape.parts))
        await self._promise(HunksDecided(ids, Decision.OPEN, "undo"))
        message = f"{shape.hunk} is as it was before."
        return Acted(True, message, ids, (self._state.hunks[shape.hunk].path,))

    async def _undo_turn(self, turn: int, by: str = "person") -> Acted:
        mine = [h for h in self._state.hunks.values() if h.turn == turn]
        accepted = [h for h in mine if h.status is Status.ACCEPTED and not h.committed]
        open_ones = [h for h in mine if h.status is Status.PLACED]
        if not accepted and not open_ones:
            return Acted(False, f"Turn {turn} has nothing to undo.")
        plan = await self._out_plan(accepted)
        undone = tuple(h.id for h in (*accepted, *open_ones) if h.id not in plan.conflicts)
        if undone:
            event = TurnUndone(turn, undone, by)
            await self._writes.write(plan, why="undo-turn", undone=event)
        self._tell_stuck(plan)
        undone = tuple(h for h in undone if h not in plan.conflicts)
        paths = tuple(plan.after)
        left = f", {len(plan.conflicts)} left (changed since)" if plan.conflicts else ""
        return Acted(bool(undone), f"Turn {turn} undone: {_files(paths)}{left}.", undone, paths)

    async def _redo(self) -> Acted:
        if not self._state.taken_back:
            return Acted(False, "There is nothing to redo.")
        act = self._state.taken_back[-1]
        if act.turn:
            return await self._undo_turn(act.turn, "redo")
        if (shape := act.reshaped) is not None:
            await self._promise(replace(shape, by="redo"))
            ids = tuple(part.hunk for part in shape.parts)
            return Acted(True, f"{_names(ids)} again in place of {shape.hunk}.", ids)
        hunks = self._ordered(b.hunk for b in act.before)
        names = _names([h.id for h in hunks])
        if act.after is Decision.ACCEPTED:
            decided = await self._accept(hunks, "redo")
            good = decided.written + decided.already
            if not good:
                return Acted(False, f"{names} no longer fits: the file changed.")
            return Acted(True, f"{_names(good)} accepted again.", good)
        decided = await self._take_out(hunks, act.after, "redo")
        good = decided.rejected + decided.reopened
        word = "rejected" if act.after is Decision.REJECTED else "open"
        if not good:
            return Acted(False, f"{names} could not be taken out: the file changed since.")
        return Acted(True, f"{_names(good)} {word} again.", good)

    # -- shared ----------------------------------------------------------------
    def _accepted_of(self, turn: int) -> list[HunkState]:
        """Accepted hunks of a turn that are not committed yet."""
        return [h for h in self._state.accepted_hunks() if h.turn == turn]

    def _turn_to_undo(self, turn: int | None) -> int:
        if turn is not None:
            return turn
        accepted = (n for n in sorted(self._state.turns, reverse=True) if self._accepted_of(n))
        return next(accepted, max(self._state.turns, default=0))

    def _ordered(self, hunks: Iterable[HunkId]) -> list[HunkState]:
        chosen = frozenset(hunks)
        found = [h for h in self._state.hunks.values() if h.id in chosen]
        return sorted(found, key=lambda h: h.turn)  # parts are the youngest, whatever their turn

    def _not_now(self, hunk: HunkState) -> str:
        """Why nothing can be decided about it, or ""."""
        if not hunk.is_finished:
            return "it is not finished yet"
        if hunk.parts:
            return f"{_names(hunk.parts)} took its place"
        return "" if self._state.standing((hunk.id,)) else f"{hunk.whole} is in its place again"

    async def _out_plan(self, hunks: Sequence[HunkState]) -> WritePlan:
        """Only what we put in is taken out: lines that were there already are the person's."""
        ours = [h for h in hunks if h.status is Status.ACCEPTED and h.written]
        return await self._writes.plan(ours, into=False)

    async def _tell_conflicts(self, plan: WritePlan) -> None:
        by_message: dict[str, list[HunkId]] = {}
        for hid, message in plan.conflicts.items():
            by_message.setdefault(message, []).append(hid)
        for message, ids in by_message.items():
            await self._promise(ev.HunksConflicted(tuple(ids), message))

    def _tell_stuck(self, plan: WritePlan) -> None:
        for hid, message in plan.conflicts.items():
            self._emit(ev.Noticed("warning", f"{hid} could not be taken back: {message}.",
                                  "Your file is unchanged; edit it by hand."))  # fmt: skip


def _stands(hunk: HunkState, target: Status) -> bool:
    """The decision would change nothing."""
    if target is Status.REJECTED:
        return hunk.status is Status.REJECTED
    return hunk.status in (Status.PLACED, Status.UNPLACED, Status.ALREADY_THERE)


def _word(statuses: Iterable[Status]) -> Decision:
    """The decision that comes closest to how the hunks stand again."""
    kinds = set(statuses)
    if kinds == {Status.ACCEPTED}:
        return Decision.ACCEPTED
    return Decision.REJECTED if kinds == {Status.REJECTED} else Decision.OPEN


def _undone(act: Act, stands: Sequence[HunkId], was: dict[HunkId, Status]) -> str:
    if act.turn:
        return f"Turn {act.turn} is back."
    match _word(was[h] for h in stands):
        case Decision.ACCEPTED:
            return f"{_names(stands)}: accepted again."
        case Decision.REJECTED:
            return f"{_names(stands)}: rejected again."
        case Decision.OPEN if act.after is Decision.ACCEPTED:
            return f"{_names(stands)} taken back, open again."
        case Decision.OPEN:
            return f"{_names(stands)} open again."


def _in_order(ids: Iterable[HunkId], hunks: Sequence[HunkState]) -> tuple[HunkId, ...]:
    chosen = frozenset(ids)
    return tuple(h.id for h in hunks if h.id in chosen)


def _names(ids: Sequence[HunkId]) -> str:
    return ", ".join(ids) if len(ids) <= 3 else f"{len(ids)} hunks"


def _files(paths: Sequence[str]) -> str:
    return ", ".join(paths) if len(paths) <= 3 else f"{len(paths)} files"
