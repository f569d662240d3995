"""The way back and forth again: the last act, or a whole turn.

The rule kept here: each hunk stands again exactly as it did before the act, and only what we put
into a file leaves it: a person's later edits stay. What those edits hold fast becomes a hunk of its
own (stuck.py), never a silent change. Commits are taken back in undoing.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from spark_tui.session import events as ev
from spark_tui.session.deciding import Acted, Deciding, in_commit, names
from spark_tui.session.events import Decision, HunkId, HunksDecided, TurnUndone
from spark_tui.session.restore_plan import Restored, RestorePlan
from spark_tui.session.restoring import Restoring
from spark_tui.session.since import Moment
from spark_tui.session.state import Act, HunkState, SessionState, Status
from spark_tui.session.writes import Writes


class TakingBack:
    """Its caller holds the lock of the review."""

    def __init__(
        self,
        *,
        state: SessionState,
        writes: Writes,
        deciding: Deciding,
        restoring: Restoring,
        promise: Callable[..., Awaitable[None]],
    ) -> None:
        self._state = state
        self._writes = writes
        self._deciding = deciding
        self._restoring = restoring
        self._promise = promise

    async def undo(self) -> Acted:
        """Each hunk of the last act stands again as it did before; files follow."""
        if not self._state.acts:
            return Acted(False, "There is nothing to undo.")
        act = self._state.acts[-1]
        if act.restored is not None:
            return _restored(await self._restoring.take_back(act))
        hunks = self._deciding.ordered(b.hunk for b in act.before)
        if act.reshaped is not None:
            return await self._made_whole(act.reshaped, hunks)
        was = {b.hunk: b.status for b in act.before}
        held = [h for h in hunks if h.committed and was[h.id] is not Status.ACCEPTED]
        free = [h for h in hunks if h not in held]
        if any(was[h.id] is Status.ACCEPTED for h in free):
            return await self._back_in(act, free, was)
        return await self._back_out(act, free, was, held)

    async def _back_in(
        self, act: Act, free: Sequence[HunkState], was: Mapping[HunkId, Status]
    ) -> Acted:
        """The act took hunks out of files: they go in again."""
        gone = [h for h in free if was[h.id] is Status.ACCEPTED and h.status is not Status.ACCEPTED]
        plan = await self._writes.plan(gone, into=True)
        stands = tuple(h.id for h in free if h.id not in plan.conflicts)
        if stands:
            decided = HunksDecided(stands, _word(was[h] for h in stands), "undo")
            await self._writes.write(plan, why="redo", decided=decided)
        await self._deciding.tell_conflicts(plan)
        stands = tuple(h for h in stands if h not in plan.conflicts)
        if not stands:
            ids = names([h.id for h in free])
            return Acted(False, f"{ids} could not be taken back: the file changed since.")
        return Acted(True, _undone(act, stands, was), stands, self._paths(stands))

    async def _back_out(
        self,
        act: Act,
        free: Sequence[HunkState],
        was: Mapping[HunkId, Status],
        held: Sequence[HunkState],
    ) -> Acted:
        """What the act put into files leaves them; committed hunks stay."""
        plan = await self._deciding.out_plan(free)
        stands = tuple(h.id for h in free if h.id not in plan.conflicts)
        if stands:
            decided = HunksDecided(stands, _word(was[h] for h in stands), "undo")
            await self._writes.write(plan, why="undo", decided=decided)
        proposals = await self._deciding.stuck.propose(plan.conflicts)
        stands = tuple(h for h in stands if h not in plan.conflicts)
        if stands:
            message = _undone(act, stands, was) + _left(plan.conflicts, proposals)
            return Acted(True, message, stands, self._paths(stands), proposals)
        ids = names([h.id for h in (*free, *held)])
        if proposals:
            # Its story goes on with the new hunks: the next undo is about the act before.
            await self._promise(HunksDecided((), Decision.OPEN, "undo"))
            why = f"you edited the same lines later.{_left({}, proposals)}"
        else:
            why = f"{in_commit(held[0])}." if held else "the file changed since."
        return Acted(False, f"{ids} could not be taken back: {why}", proposals=proposals)

    async def _made_whole(self, shape: ev.HunkReshaped, hunks: Sequence[HunkState]) -> Acted:
        """The hunk as it was before it was reshaped; its parts go."""
        parts = [h for h in hunks if h.id != shape.hunk]
        used = [h.id for h in parts if h.parts or h.status is Status.ACCEPTED]
        if used:
            return Acted(False, f"{shape.hunk} cannot come back: {names(used)} is in use.")
        ids = (shape.hunk, *(part.hunk for part in shape.parts))
        await self._promise(HunksDecided(ids, Decision.OPEN, "undo"))
        message = f"{shape.hunk} is as it was before."
        return Acted(True, message, ids, (self._state.hunks[shape.hunk].path,))

    async def undo_turn(self, turn: int, by: str = "person") -> Acted:
        """All accepted hunks of a turn leave their files; undecided ones are put aside."""
        accepted = self.accepted_of(turn)
        open_ones = [h for h in self._state.open_hunks() if h.turn == turn and not h.undoes]
        if not accepted and not open_ones:
            return Acted(False, f"Turn {turn} has nothing to undo.")
        plan = await self._deciding.out_plan(accepted)
        undone = tuple(h.id for h in (*accepted, *open_ones) if h.id not in plan.conflicts)
        if undone:
            event = TurnUndone(turn, undone, by)
            await self._writes.write(plan, why="undo-turn", undone=event)
        proposals = await self._deciding.stuck.propose(plan.conflicts)
        undone = tuple(h for h in undone if h not in plan.conflicts)
        paths = tuple(plan.after)
        done = f"Turn {turn} undone: {files(paths)}." if undone else f"Turn {turn} stays."
        message = done + _left(plan.conflicts, proposals)
        return Acted(bool(undone), message, undone, paths, proposals)

    async def redo(self) -> Acted:
        """Do again what undo took back last."""
        if not self._state.taken_back:
            return Acted(False, "There is nothing to redo.")
        act = self._state.taken_back[-1]
        if act.restored is not None:
            return _restored(await self._restoring.do_again(act))
        if act.uncommitted is not None:  # undoing.py brings commits back
            return Acted(False, "There is nothing to redo.")
        if act.turn:
            return await self.undo_turn(act.turn, "redo")
        if (shape := act.reshaped) is not None:
            await self._promise(replace(shape, by="redo"))
            ids = tuple(part.hunk for part in shape.parts)
            return Acted(True, f"{names(ids)} again in place of {shape.hunk}.", ids)
        hunks = self._deciding.ordered(b.hunk for b in act.before)
        all_of_them = names([h.id for h in hunks])
        if act.after is Decision.ACCEPTED:
            decided = await self._deciding.accept(hunks, "redo")
            good = decided.written + decided.already
            if not good:
                return Acted(False, f"{all_of_them} no longer fits: the file changed.")
            return Acted(True, f"{names(good)} accepted again.", good, self._paths(good))
        decided = await self._deciding.take_out(hunks, act.after, "redo")
        good = decided.rejected + decided.reopened
        word = "rejected" if act.after is Decision.REJECTED else "open"
        left = _left(dict.fromkeys(decided.conflicts, ""), decided.proposals)
        if not good:
            message = f"{all_of_them} could not be taken out: the file changed since.{left}"
            return Acted(False, message, proposals=decided.proposals)
        return Acted(True, f"{names(good)} {word} again.{left}", good, (), decided.proposals)

    def undone_next(self) -> list[HunkState]:
        """What `undo` would take out of files: hunks that the last act put in."""
        if not self._state.acts:
            return []
        was = {b.hunk: b.status for b in self._state.acts[-1].before}
        return [
            h
            for h in self._deciding.ordered(was)
            if h.status is Status.ACCEPTED and was[h.id] is not Status.ACCEPTED and not h.committed
        ]

    def accepted_of(self, turn: int) -> list[HunkState]:
        """What undoing the turn takes out: accepted, not committed, and no undo itself."""
        return [h for h in self._state.accepted_hunks() if h.turn == turn and not h.undoes]

    def turn_to_undo(self, turn: int | None) -> int:
        """The turn that is meant: by default the last one with anything to take out."""
        if turn is not None:
            return turn
        accepted = (n for n in sorted(self._state.turns, reverse=True) if self.accepted_of(n))
        return next(accepted, max(self._state.turns, default=0))

    async def restored_next(self) -> RestorePlan | None:
        """What the next undo would do to files, where it is about a restore."""
        act = self._state.acts[-1] if self._state.acts else None
        if act is None or act.restored is None:
            return None
        return await self._restoring.preview(Moment(only=act.op))

    def _paths(self, hunks: Iterable[HunkId]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._state.hunks[h].path for h in hunks))


def files(paths: Sequence[str]) -> str:
    """For a sentence."""
    return ", ".join(paths) if len(paths) <= 3 else f"{len(paths)} files"


def _left(conflicts: Mapping[HunkId, str], proposals: Sequence[HunkId]) -> str:
    """What stayed, and the way on."""
    left = f" {names(list(conflicts))} left (changed since)." if conflicts else ""
    return f"{left} {names(proposals)} would take it out over your edit." if proposals else left


def _restored(restored: Restored) -> Acted:
    """A restore that was taken back, or done again."""
    hunks = tuple(row.hunk for row in restored.plan.hunks)
    return Acted(restored.acted, restored.told, hunks, tuple(restored.plan.put.after))


def _word(statuses: Iterable[Status]) -> Decision:
    """The decision that comes closest to how the hunks stand again."""
    kinds = set(statuses)
    if kinds == {Status.ACCEPTED}:
        return Decision.ACCEPTED
    return Decision.REJECTED if kinds == {Status.REJECTED} else Decision.OPEN


def _undone(act: Act, stands: Sequence[HunkId], was: Mapping[HunkId, Status]) -> str:
    if act.turn:
        return f"Turn {act.turn} is back."
    match _word(was[h] for h in stands):
        case Decision.ACCEPTED:
            return f"{names(stands)}: accepted again."
        case Decision.REJECTED:
            return f"{names(stands)}: rejected again."
        case Decision.OPEN if act.after is Decision.ACCEPTED:
            return f"{names(stands)} taken back, open again."
        case Decision.OPEN:
            return f"{names(stands)} open again."
