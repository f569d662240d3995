"""From chosen hunks to bytes on the disk: plan, checkpoint, write all-or-nothing, tell.

The rule kept here: nothing is written before the previous bytes are durable in the checkpoint
store and the journal knows what is about to happen; a write that the journal cannot record is
taken back. Which hunks are chosen, and what it means, is review.py's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeVar

from spark_tui.edits.changeset import Kind
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import DiskFault, RefusedFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Change, NotPutBack, Stale, Worktree
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.barred import barred
from spark_tui.session.events import CommitUndone, Event, HunkId, HunksDecided, TurnUndone, Written
from spark_tui.session.meanwhile import Meanwhile
from spark_tui.session.merging import Merged, merge_in, merge_out
from spark_tui.session.putting import keep_left
from spark_tui.session.settling import Settling
from spark_tui.session.standing import path_now
from spark_tui.session.state import HunkState, SessionState, Status

T = TypeVar("T")


@dataclass(slots=True)
class WritePlan:
    """Bytes to write, and what each hunk gets out of it."""

    before: dict[str, Snapshot | None] = field(default_factory=dict)
    after: dict[str, Snapshot | None] = field(default_factory=dict)
    done: list[HunkId] = field(default_factory=list)
    already: list[HunkId] = field(default_factory=list)
    conflicts: dict[HunkId, str] = field(default_factory=dict)
    bits: dict[str, int] = field(default_factory=dict)
    """The permissions with which a file comes back."""
    moved: dict[str, str] = field(default_factory=dict)
    """Where a file comes from, by where it goes."""
    were: dict[str, int] = field(default_factory=dict)
    """The permissions of the files there were, as of the checkpoint."""

    def put_off(self) -> None:
        """Write nothing; what was found out about the hunks stays."""
        self.done.clear()
        self.already.clear()
        self.after.clear()


class Writes:
    """The only road to the user's files. Its caller holds the review lock."""

    def __init__(
        self,
        *,
        state: SessionState,
        worktree: Worktree,
        store: CheckpointStore,
        repository: Callable[[], Repository | None],
        threads: Executor,
        settling: Settling,
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
    ) -> None:
        self._state = state
        self._worktree = worktree
        self._store = store
        self._repository = repository
        self._threads = threads
        self._settling = settling
        self._promise = promise
        self._moves: list[HunkState] = []
        """Those that are done, in their order, as of the plan that is being made."""
        self._meanwhile = Meanwhile(store, state, emit)

    # -- from hunks to bytes ---------------------------------------------------
    async def plan(self, hunks: Sequence[HunkState], *, into: bool) -> WritePlan:
        """What the files become with these hunks put in, or taken out."""
        plan = WritePlan()
        self._moves = self._state.moves()
        hunks = await self._free(plan, hunks)
        groups: dict[tuple[str, str], list[HunkState]] = {}
        for hunk in hunks:
            groups.setdefault((hunk.path, self._where(hunk)), []).append(hunk)
        for (path, where), group in groups.items():
            if content := [h for h in group if h.kind is not Kind.MOVE]:
                await self._content(plan, path, where, content, into=into)
        # Only now: in the reply a move stands before the edits of its file.
        for move in hunks:
            if move.kind is Kind.MOVE:
                await self._move(plan, move, self._where(move), into=into)
        return plan

    async def _content(
        self, plan: WritePlan, path: str, where: str, hunks: list[HunkState], *, into: bool
    ) -> None:
        try:
            disk = await self._now(plan, where)
        except RefusedFault as fault:
            plan.conflicts.update({h.id: fault.message for h in hunks})
            return
        mine = {h.id for h in hunks}
        others = [
            h
            for h in self._state.hunks.values()
            if h.path == path and h.status is Status.ACCEPTED and h.id not in mine
            and h.kind is not Kind.MOVE and self._where(h) == where
        ]  # fmt: skip
        merge = merge_in if into else merge_out
        merged = merge(where, disk, hunks, others, self._state.snapshots)
        if disk is None and merged.now is not None and not into:
            merged = self._as_it_went(plan, merged, merged.now)
        plan.conflicts.update(merged.conflicts)
        plan.already.extend(merged.already)
        if merged.done:
            plan.done.extend(merged.done)
            plan.before.setdefault(where, disk)
            plan.after[where] = merged.now

    async def _move(self, plan: WritePlan, hunk: HunkState, where: str, *, into: bool) -> None:
        """Rename: the source's bytes (with this plan's edits) go to the target."""
        source, target = (where, hunk.move_to or "") if into else (hunk.move_to or "", hunk.path)
        try:
            there = await self._now(plan, target)
            now = await self._now(plan, source)
        except RefusedFault as fault:
            plan.conflicts[hunk.id] = fault.message
            return
        if now is None or there is not None:
            plan.conflicts[hunk.id] = f"{target} exists already" if there else f"{source} is gone"
            return
        plan.before.setdefault(source, now)
        plan.before.setdefault(target, None)
        plan.after[source] = None
        plan.after[target] = Snapshot.of(target, now.data, now.mode)
        plan.moved[target] = plan.moved.get(source, source)
        plan.done.append(hunk.id)

    async def _free(self, plan: WritePlan, hunks: Sequence[HunkState]) -> Sequence[HunkState]:
        """Those whose files may be touched now."""
        repository = self._repository()
        if repository is None or not hunks:
            return hunks
        paths = {h.id: [self._where(h), *([h.move_to] if h.move_to else [])] for h in hunks}
        every = dict.fromkeys(path for some in paths.values() for path in some)
        why = await self._off(barred, repository, every, self._state.files, self._state.marks)
        for hid, mine in paths.items():
            if reason := next((why[path] for path in mine if path in why), ""):
                plan.conflicts[hid] = reason
        return [h for h in hunks if h.id not in plan.conflicts]

    async def _now(self, plan: WritePlan, path: str) -> Snapshot | None:
        """The file as it will be at this point of the plan."""
        if path in plan.after:
            return plan.after[path]
        return await self._off(self._worktree.read, path)

    def _where(self, hunk: HunkState) -> str:
        return path_now(hunk, self._moves)

    def _as_it_went(self, plan: WritePlan, merged: Merged, now: Snapshot) -> Merged:
        """A file that comes back has the permissions with which it went."""
        for act in reversed(self._state.writes):
            for write in act.writes:
                if write.path == now.path and write.after is None:
                    plan.bits[now.path] = write.mode
                    mode = 0o755 if write.mode & 0o100 else 0o644
                    back = Snapshot.of(now.path, now.data, mode)
                    return Merged(back, merged.done, merged.already, merged.conflicts)
        return merged

    # -- from bytes to the disk ------------------------------------------------
    async def write(
        self,
        plan: WritePlan,
        *,
        why: str,
        decided: HunksDecided | None = None,
        undone: TurnUndone | None = None,
        uncommitted: CommitUndone | None = None,
    ) -> str | None:
        """Checkpoint, journal, write, and say so together with what it means for the hunks.

        A file that changed since it was planned makes conflicts of the hunks that were to be
        written; nothing is written then and nothing is said. A fault is raised: nothing changed.
        """
        meaning = [e for e in (decided, undone, uncommitted) if e is not None]
        if not plan.done or not plan.after:
            if meaning:
                await self._promise(*meaning)
            return None
        turn = max((self._state.hunks[h].turn for h in plan.done), default=0)
        checkpoint = await self._off(self._save, plan, turn)
        act = len(self._state.writes) + 1
        written = ev.FilesWritten(act, why, tuple(plan.done), _records(plan), checkpoint)
        paths = tuple(plan.before)
        saved = ev.CheckpointSaved(
            checkpoint, turn, paths, written, decided, undone, uncommitted=uncommitted
        )
        await self._promise(saved)
        try:
            try:
                await self._off(self._write, plan, checkpoint, turn)
            finally:
                self._meanwhile.tell()
        except Stale as fault:
            plan.conflicts.update(dict.fromkeys(plan.done, fault.message))
            plan.done.clear()
            plan.after.clear()
            return None
        except NotPutBack:
            self._settling.remember(saved)
            raise
        try:
            await self._promise(written, *meaning)
        except DiskFault:
            await self._take_back(plan, saved)
            raise
        await self._settling.end()
        await self._off(self._remember, plan)
        return checkpoint

    def _save(self, plan: WritePlan, turn: int) -> str:
        files: dict[str, tuple[bytes, int] | None] = {}
        for path, before in plan.before.items():
            bits = self._worktree.bits(path) if before else None
            if bits is not None:
                plan.were[path] = bits
            files[path] = (before.data, before.mode if bits is None else bits) if before else None
        return self._store.save(self._state.session, turn, files)

    def _write(self, plan: WritePlan, checkpoint: str, turn: int) -> None:
        """In the write thread."""
        changes = [_change(p, after, plan.bits, plan.moved) for p, after in plan.after.items()]
        expected = {p: _digest(s) for p, s in plan.before.items()}
        self._settling.write(changes, expected, checkpoint, self._meanwhile.keeper(turn))

    def _remember(self, plan: WritePlan) -> None:
        """What we left, for merges with later work of the person."""
        places = [self._state.hunks[h].place for h in plan.done]
        new = "\n".join(line for place in places if place for e in place.edits for line in e.lines)
        if not policy.holds_secret(new):
            left = {p: (s.data, s.mode) if s else None for p, s in plan.after.items()}
            keep_left(self._store, left)

    async def _take_back(self, plan: WritePlan, saved: ev.CheckpointSaved) -> None:
        """The journal could not record the write: the files get their bytes back."""
        expected = {p: _digest(plan.after[p]) for p in plan.after}
        changes = [_change(p, plan.before.get(p), plan.were, {}) for p in plan.after]
        await self._settling.take_back(saved, changes, expected)

    async def _off(self, job: Callable[..., T], *args: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: job(*args))


def _change(
    path: str, after: Snapshot | None, bits: Mapping[str, int], moved: Mapping[str, str]
) -> Change:
    if after is None:
        return Change(path, None)
    return Change(path, after.data, after.mode, bits.get(path), moved.get(path))


def _records(plan: WritePlan) -> tuple[Written, ...]:
    records: list[Written] = []
    for path, after in plan.after.items():
        before = plan.before.get(path)
        mode = after.mode if after else plan.were.get(path, before.mode if before else 0o644)
        records.append(Written(path, _digest(before), _digest(after), mode))
    return tuple(records)


def _digest(snapshot: Snapshot | None) -> str | None:
    return snapshot.digest if snapshot else None
