"""Decisions on hunks: check the disk, save a checkpoint, write all-or-nothing, say so.

The rule kept here: nothing is written before the previous bytes are durable in the checkpoint
store, and a file that is not what we expect is merged three-way or left alone as a conflict.
One lock orders everything that writes; streaming never takes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeVar

from spark_tui.edits.changeset import Kind
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import RefusedFault, SparkFault, UnknownHunk
from spark_tui.repo.checkpoints import CheckpointStore, intent
from spark_tui.repo.worktree import Change, NotPutBack, Stale, Worktree
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.events import Decision, Event, HunkId, Written
from spark_tui.session.merging import Merged, merge_in, merge_out
from spark_tui.session.state import HunkState, SessionState, Status

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


@dataclass(slots=True)
class _Plan:
    """Bytes to write, and what each hunk gets out of it."""

    before: dict[str, Snapshot | None] = field(default_factory=dict)
    after: dict[str, Snapshot | None] = field(default_factory=dict)
    done: list[HunkId] = field(default_factory=list)
    already: list[HunkId] = field(default_factory=list)
    conflicts: dict[HunkId, str] = field(default_factory=dict)


class Review:
    """Owner of the order of writes in one session."""

    def __init__(
        self,
        *,
        state: SessionState,
        worktree: Worktree,
        store: CheckpointStore,
        writes: Executor,
        emit: Callable[[Event], None],
        promise: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._state = state
        self._worktree = worktree
        self._store = store
        self._writes = writes
        self._emit = emit
        self._promise = promise
        self._lock = asyncio.Lock()

    # -- verbs -----------------------------------------------------------------
    async def decide(
        self, hunks: Sequence[HunkId], decision: Decision, *, by: str = "person"
    ) -> Decided:
        """Accept (writes), reject or reopen. Raises UnknownHunk before anything happens."""
        for hid in hunks:
            if hid not in self._state.hunks:
                raise UnknownHunk(f"There is no hunk {hid} in this session.")
        return await self._shielded(self._decide(tuple(dict.fromkeys(hunks)), decision, by))

    async def undo(self) -> Acted:
        """Take the last decision back."""
        return await self._shielded(self._undo())

    async def undo_turn(self, turn: int) -> Acted:
        """Take back all that was accepted of a turn; undecided hunks of it are put aside."""
        return await self._shielded(self._undo_turn(turn))

    async def redo(self) -> Acted:
        """Do again what undo took back last."""
        return await self._shielded(self._redo())

    def accepted_of(self, turn: int) -> list[HunkState]:
        """Accepted hunks of a turn that are not committed yet."""
        return [h for h in self._state.accepted_hunks() if h.turn == turn]

    # -- the jobs, each under the lock -----------------------------------------
    async def _shielded(self, job: Awaitable[T]) -> T:
        async def locked() -> T:
            async with self._lock:
                return await job

        return await asyncio.shield(asyncio.ensure_future(locked()))

    async def _decide(self, ids: tuple[HunkId, ...], decision: Decision, by: str) -> Decided:
        hunks = [self._state.hunks[h] for h in ids]
        match decision:
            case Decision.ACCEPTED:
                return await self._accept(hunks, by)
            case Decision.REJECTED:
                return await self._take_out(hunks, decision, by)
            case Decision.OPEN:
                return await self._take_out(hunks, decision, by)

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
            elif by == "person" and policy.needs_own_yes(hunk.flags, together=len(hunks)):
                why = policy.summary(sorted(hunk.flags & policy.SENSITIVE))
                refused.append((hunk.id, f"{why}: wants a yes of its own"))
            else:
                takable.append(hunk)
        plan = await self._plan(takable, into=True)
        result.checkpoint = await self._write(plan, why="redo" if by == "redo" else "accept")
        accepted = tuple(plan.done) + tuple(plan.already)
        if accepted:
            await self._promise(ev.HunksDecided(accepted, Decision.ACCEPTED, by))
        await self._tell_conflicts(plan)
        result.written = tuple(plan.done)
        result.already = tuple(already) + tuple(plan.already)
        result.conflicts = tuple(plan.conflicts)
        result.refused = tuple(refused)
        return result

    async def _take_out(self, hunks: list[HunkState], decision: Decision, by: str) -> Decided:
        """Reject or reopen; what was accepted is taken out of its file first."""
        written = [h for h in hunks if h.status is Status.ACCEPTED]
        result = Decided()
        held = [h for h in written if h.committed]
        result.refused = tuple((h.id, f"it is in commit {h.committed[:9]}") for h in held)
        plan = await self._plan([h for h in written if not h.committed], into=False)
        why = "undo" if decision is Decision.OPEN else "reject"
        result.checkpoint = await self._write(plan, why=why)
        stuck = set(plan.conflicts) | {h.id for h in held}
        free = tuple(h.id for h in hunks if h.id not in stuck and h.status is not Status.GROWING)
        if free:
            await self._promise(ev.HunksDecided(free, decision, by))
        for hid, message in plan.conflicts.items():
            self._emit(ev.Noticed("warning", f"{hid} could not be taken back: {message}.",
                                  "Your file is unchanged; edit it by hand."))  # fmt: skip
        result.conflicts = tuple(plan.conflicts)
        if decision is Decision.REJECTED:
            result.rejected = free
        else:
            result.reopened = free
        return result

    async def _undo(self) -> Acted:
        if not self._state.acts:
            return Acted(False, "There is nothing to undo.")
        act = self._state.acts[-1]
        ids = tuple(h for h, _ in act.before)
        if act.turn:
            return await self._again(act.before, act.turn)
        if act.after is Decision.OPEN:
            plan_hunks = [self._state.hunks[h] for h, s in act.before if s is Status.ACCEPTED]
            await self._accept(plan_hunks, "undo")
            return Acted(True, f"{_names(ids)}: accepted again.", ids)
        result = await self._take_out([self._state.hunks[h] for h in ids], Decision.OPEN, "undo")
        if not result.reopened:
            why = result.refused[0][1] if result.refused else "the file changed since"
            return Acted(False, f"{_names(ids)} could not be taken back: {why}.")
        paths = tuple(dict.fromkeys(self._state.hunks[h].path for h in result.reopened))
        return Acted(True, f"{_names(result.reopened)} taken back, open again.",
                     result.reopened, paths)  # fmt: skip

    async def _again(self, before: tuple[tuple[HunkId, Status], ...], turn: int) -> Acted:
        """Undo of an undone turn: what was accepted is accepted, the rest is open again."""
        accepted = tuple(h for h, s in before if s is Status.ACCEPTED)
        rest = tuple(h for h, s in before if s is not Status.ACCEPTED)
        if rest:
            by = "part" if accepted else "undo"
            await self._promise(ev.HunksDecided(rest, Decision.OPEN, by))
        if accepted:
            await self._accept([self._state.hunks[h] for h in accepted], "undo")
        return Acted(True, f"Turn {turn} is back.", accepted + rest)

    async def _undo_turn(self, turn: int, by: str = "person") -> Acted:
        mine = [h for h in self._state.hunks.values() if h.turn == turn]
        accepted = [h for h in mine if h.status is Status.ACCEPTED and not h.committed]
        open_ones = [h for h in mine if h.status is Status.PLACED]
        if not accepted and not open_ones:
            return Acted(False, f"Turn {turn} has nothing to undo.")
        plan = await self._plan(accepted, into=False)
        await self._write(plan, why="undo-turn")
        undone = tuple(plan.done) + tuple(h.id for h in open_ones)
        if undone:
            await self._promise(ev.TurnUndone(turn, undone, by))
        for hid, message in plan.conflicts.items():
            self._emit(ev.Noticed("warning", f"{hid} could not be taken back: {message}.",
                                  "Your file is unchanged; edit it by hand."))  # fmt: skip
        paths = tuple(plan.after)
        left = f", {len(plan.conflicts)} left (changed since)" if plan.conflicts else ""
        return Acted(bool(undone), f"Turn {turn} undone: {_files(paths)}{left}.", undone, paths)

    async def _redo(self) -> Acted:
        if not self._state.taken_back:
            return Acted(False, "There is nothing to redo.")
        act = self._state.taken_back[-1]
        ids = tuple(h for h, _ in act.before)
        hunks = [self._state.hunks[h] for h in ids]
        if act.turn:
            return await self._undo_turn(act.turn, "redo")
        match act.after:
            case Decision.ACCEPTED:
                decided = await self._accept(hunks, "redo")
                good = decided.written + decided.already
                if not good:
                    return Acted(False, f"{_names(ids)} no longer fits: the file changed.")
                return Acted(True, f"{_names(good)} accepted again.", good)
            case Decision.REJECTED:
                await self._promise(ev.HunksDecided(ids, Decision.REJECTED, "redo"))
                return Acted(True, f"{_names(ids)} rejected again.", ids)
            case Decision.OPEN:
                done = await self._take_out(hunks, Decision.OPEN, "redo")
                return Acted(bool(done.reopened), f"{_names(ids)} open again.", done.reopened)

    # -- from hunks to bytes ---------------------------------------------------
    async def _plan(self, hunks: list[HunkState], *, into: bool) -> _Plan:
        plan = _Plan()
        if not hunks:
            return plan
        loop = asyncio.get_running_loop()
        for path in dict.fromkeys(h.path for h in hunks):
            group = [h for h in hunks if h.path == path]
            where = self._current_path(path, group)
            try:
                disk = await loop.run_in_executor(self._writes, self._worktree.read, where)
            except RefusedFault as fault:
                plan.conflicts.update({h.id: fault.message for h in group})
                continue
            others = [
                h
                for h in self._state.hunks.values()
                if h.path == path and h.status is Status.ACCEPTED and h not in group
            ]
            content = [h for h in group if h.kind is not Kind.MOVE]
            merge = merge_in if into else merge_out
            merged = (
                merge(where, disk, content, others, self._state.snapshots)
                if content
                else Merged(disk)
            )
            self._settle(plan, where, disk, merged)
            for move in [h for h in group if h.kind is Kind.MOVE]:
                await self._move(plan, move, where, into=into)
        return plan

    def _settle(self, plan: _Plan, where: str, disk: Snapshot | None, merged: Merged) -> None:
        plan.conflicts.update(merged.conflicts)
        plan.already.extend(merged.already)
        if merged.done:
            plan.done.extend(merged.done)
            plan.before.setdefault(where, disk)
            plan.after[where] = merged.now

    async def _move(self, plan: _Plan, hunk: HunkState, where: str, *, into: bool) -> None:
        """Rename: the source's bytes (with this plan's edits) go to the target."""
        source, target = (
            (hunk.path, hunk.move_to or "") if into else (hunk.move_to or "", hunk.path)
        )
        loop = asyncio.get_running_loop()
        there = await loop.run_in_executor(self._writes, self._worktree.read, target)
        now = plan.after.get(source) if source in plan.after else (
            await loop.run_in_executor(self._writes, self._worktree.read, source))  # fmt: skip
        if now is None or there is not None:
            what = f"{target} exists already" if there else f"{source} is gone"
            plan.conflicts[hunk.id] = what
            return
        if source not in plan.before:
            plan.before[source] = now
        plan.before.setdefault(target, None)
        plan.after[source] = None
        plan.after[target] = Snapshot.of(target, now.data, now.mode)
        plan.done.append(hunk.id)

    def _current_path(self, path: str, group: Sequence[HunkState]) -> str:
        """Content hunks of a moved file apply to whichever path is current."""
        for hunk in self._state.hunks.values():
            if (
                hunk.kind is Kind.MOVE
                and hunk.path == path
                and hunk.status is Status.ACCEPTED
                and hunk.move_to
            ):
                return hunk.move_to
        return path

    async def _write(self, plan: _Plan, *, why: str) -> str | None:
        """Checkpoint, then write, then say so. A fault is said, then raised; nothing changed."""
        if not plan.done or not plan.after:
            return None
        loop = asyncio.get_running_loop()
        turn = max((self._state.hunks[h].turn for h in plan.done), default=0)
        try:
            checkpoint = await loop.run_in_executor(self._writes, self._checkpointed, plan, turn)
        except Stale as fault:
            plan.conflicts.update(dict.fromkeys(plan.done, fault.message))
            plan.done.clear()
            plan.after.clear()
            return None
        except SparkFault as fault:
            self._emit(ev.Noticed("error", fault.message, fault.hint))
            raise
        self._emit(ev.CheckpointSaved(checkpoint, turn, tuple(plan.before)))
        writes = tuple(
            Written(p, _digest(plan.before.get(p)), _digest(s), s.mode if s else 0o644)
            for p, s in plan.after.items()
        )
        act = len(self._state.writes) + 1
        await self._promise(ev.FilesWritten(act, why, tuple(plan.done), writes, checkpoint))
        # Only now: a process killed before this line is settled by `recover` at the next start.
        await loop.run_in_executor(self._writes, self._store.done)
        return checkpoint

    def _checkpointed(self, plan: _Plan, turn: int) -> str:
        """In the write thread: checkpoint, intent, write; the intent stays for the journal."""
        store = self._store
        files = {p: (s.data, s.mode) if s else None for p, s in plan.before.items()}
        checkpoint = store.save(self._state.session, turn, files)
        changes = [
            Change(p, s.data if s else None, s.mode if s else None) for p, s in plan.after.items()
        ]
        store.begin(intent(checkpoint, changes))
        try:
            self._worktree.write_all(
                changes, expected={p: _digest(s) for p, s in plan.before.items()}
            )
        except NotPutBack:
            raise  # The note stays: the next start restores from the checkpoint.
        except SparkFault:
            store.done()
            raise
        return checkpoint

    async def _tell_conflicts(self, plan: _Plan) -> None:
        by_message: dict[str, list[HunkId]] = {}
        for hid, message in plan.conflicts.items():
            by_message.setdefault(message, []).append(hid)
        for message, ids in by_message.items():
            await self._promise(ev.HunksConflicted(tuple(ids), message))


def _digest(snapshot: Snapshot | None) -> str | None:
    return snapshot.digest if snapshot else None


def _names(ids: Sequence[HunkId]) -> str:
    return ", ".join(ids) if len(ids) <= 3 else f"{len(ids)} hunks"


def _files(paths: Sequence[str]) -> str:
    return ", ".join(paths) if len(paths) <= 3 else f"{len(paths)} files"
