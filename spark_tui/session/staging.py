"""The person's own changes: looked at, staged, unstaged, discarded, and all of that taken back.

The rule kept here: an act concerns exactly what was shown. Where the index or the file is another
by now, the same lines are found again or nothing is done. Each act is one entry of the operation
log; the earlier bytes are durable before it. How the index is written is repo/staging.py's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from spark_tui.errors import DiskFault, RefusedFault, SparkFault
from spark_tui.repo import scopes, staging
from spark_tui.repo.change import Stale
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.record import Files
from spark_tui.repo.repository import Repository
from spark_tui.repo.scopes import Scope
from spark_tui.repo.worktree import Worktree
from spark_tui.session import changing
from spark_tui.session import events as ev
from spark_tui.session.changing import Act, ChangePage, FileChange, Pick
from spark_tui.session.discarding import discarded, put_back
from spark_tui.session.events import EntryChanged, Event, IndexChanged, Operated
from spark_tui.session.putting import Put, Putting
from spark_tui.session.restaging import Plan, head_changed, planned, taken_back
from spark_tui.session.review import Acted
from spark_tui.session.state import SessionState

T = TypeVar("T")

KINDS: frozenset[str] = frozenset({"stage", "unstage", "discard"})
_DONE = {"stage": "staged", "unstage": "unstaged", "discard": "discarded"}
_READ_ONLY = "This session is open for reading only: nothing was changed."
_NO_GIT = "This folder is not a git repository: there is nothing to stage or discard."


class Staging:
    """Owner of the acts on changes that no model made."""

    def __init__(
        self,
        *,
        state: SessionState,
        repository: Callable[[], Repository | None],
        worktree: Worktree,
        store: CheckpointStore,
        putting: Putting,
        reads: Executor,
        writes: Executor,
        exclusive: Callable[[Callable[[], Awaitable[Acted]]], Awaitable[Acted]],
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
        may_write: Callable[[], bool],
    ) -> None:
        self._state = state
        self._repository = repository
        self._worktree = worktree
        self._store = store
        self._reads = reads
        self._writes = writes
        self._exclusive = exclusive
        self._emit = emit
        self._promise = promise
        self._may_write = may_write
        self._putting = putting

    # -- looking ---------------------------------------------------------------
    async def page(self, scope: Scope) -> ChangePage:
        """What differs there now."""
        repository = self._repository()
        if repository is None:
            return ChangePage(scope)

        def job() -> ChangePage:
            return changing.page_of(scopes.look(repository, self._worktree, scope))

        return await asyncio.get_running_loop().run_in_executor(self._reads, job)

    def split(self, file: FileChange, number: int) -> FileChange:
        """The file with this hunk in finer parts; the same when it cannot be cut."""
        return changing.split(file, number)

    # -- acting ----------------------------------------------------------------
    async def act(self, act: Act, picks: Sequence[Pick]) -> Acted:
        """Stage, unstage or discard what was picked."""
        job = self._discard if act == "discard" else self._index
        return await self._verb(lambda repository: job(repository, act, picks))

    async def undo(self) -> Acted:
        """Take the last act back."""
        return await self._verb(lambda repository: self._again(repository, "undo"))

    async def redo(self) -> Acted:
        """Do again what was taken back last."""
        return await self._verb(lambda repository: self._again(repository, "redo"))

    async def settle(self) -> None:
        """End the story of a process that was killed while git changed the index."""
        if self._state.index_begun is not None and self._may_write():
            await self._exclusive(self._settle)  # one of ours may be at it: then it ends first

    async def _settle(self) -> Acted:
        begun, repository = self._state.index_begun, self._repository()
        if begun is None or begun.index is None or repository is None:
            return Acted(False, "")
        index = begun.index
        paths = [change.path for change in index.entries]
        now = await self._off(lambda: staging.held(repository, paths))
        stands = [staging.as_text(now[c.path].entry) for c in index.entries]
        if stands == [c.after for c in index.entries]:
            # Of a restore the entry is there already.
            await self._promise(index, *([begun.operated] if begun.operated is not None else ()))
            level, said = "info", "The last change of the index came to its end"
        else:
            await self._promise(IndexChanged(index.op, ()))
            level, said = "warning", "The last change of the index was cut off before it began"
        hint = "w in the diff shows what is staged."
        self._emit(ev.Noticed(level, f"{said}: {_files(paths)}.", hint))
        return Acted(True, said)

    # -- the jobs, one at a time -----------------------------------------------
    async def _verb(self, job: Callable[[Repository], Awaitable[Acted]]) -> Acted:
        repository = self._repository()
        if repository is None:
            return Acted(False, _NO_GIT)
        if not self._may_write():
            return Acted(False, _READ_ONLY)

        async def alone() -> Acted:
            await self._settle()
            try:
                return await job(repository)
            except RefusedFault as fault:
                return Acted(False, f"{fault.message} {fault.hint}".strip())
            except SparkFault as fault:
                self._emit(ev.Noticed("error", fault.message, fault.hint))
                return Acted(False, f"{fault.message} {fault.hint}".strip())

        return await self._exclusive(alone)

    async def _index(self, repository: Repository, act: Act, picks: Sequence[Pick]) -> Acted:
        plan = await self._off(lambda: planned(repository, self._worktree, act, picks))
        if not plan.after:
            return Acted(False, _refusals(plan.refused) or "The index has all of that already.")
        await self._change(repository, plan, Operated(self._next, time.time(), act,
                                                      paths=tuple(plan.after)))  # fmt: skip
        return Acted(True, _said(act, picks, plan.after, plan.refused), paths=tuple(plan.after))

    async def _change(self, repository: Repository, plan: Plan, operated: Operated) -> None:
        """Checkpoint, promise, git's one step, promise."""
        kept = {f"(index)/{path}": data for path, data in plan.kept.items()}
        checkpoint = await self._off(lambda: self._save(kept))
        entries = tuple(
            EntryChanged(path, staging.as_text(plan.before[path]), staging.as_text(entry))
            for path, entry in plan.after.items()
        )
        head = await self._off(repository.tip)
        index = IndexChanged(operated.op, entries, checkpoint, head or "")
        await self._promise(
            ev.CheckpointSaved(checkpoint, 0, tuple(kept), index=index, operated=operated)
        )
        swap = {path: (plan.before[path], entry) for path, entry in plan.after.items()}
        try:
            await self._off(lambda: staging.exchange(repository, swap))
        except SparkFault:
            await self._promise(IndexChanged(operated.op, ()))
            raise
        try:
            await self._promise(index, operated)
        except DiskFault:
            back = {path: (new, old) for path, (old, new) in swap.items()}
            await self._off(lambda: staging.exchange(repository, back))
            raise

    async def _discard(self, repository: Repository, act: Act, picks: Sequence[Pick]) -> Acted:
        put, refused = await self._off(lambda: discarded(repository, self._worktree, picks))
        if not put.after:
            return Acted(False, _refusals(refused) or "There is nothing to discard.")
        await self._off(lambda: self._remember(put.after))
        operated = Operated(self._next, time.time(), act, paths=tuple(put.after))
        await self._put(put, act, operated)
        return Acted(True, _said(act, picks, put.after, refused), paths=tuple(put.after))

    async def _again(self, repository: Repository, how: str) -> Acted:
        """The last act of ours taken back, or done again."""
        done, undone = history(self._state.operations)
        acts = done if how == "undo" else undone
        if not acts:
            return Acted(False, f"No stage, unstage or discard is left to {how}.")
        act = acts[-1]
        operated = Operated(self._next, time.time(), how, paths=act.paths, takes_back=act.op)
        word = "taken back" if how == "undo" else "done again"
        if act.kind == "discard":
            put = await self._off(lambda: put_back(self._state, self._worktree, self._store, act,
                                                   is_undo=how == "undo"))  # fmt: skip
            if put.after:
                await self._put(put, how, operated)
            return Acted(True, f"The discard of {_files(act.paths)} is {word}.", paths=act.paths)
        changed = next(c for c in self._state.index_changes if c.op == act.op)
        moved = await self._off(lambda: head_changed(repository, changed))
        if moved:
            words = f"HEAD has another {_files(moved)} since then: it was committed, or taken back."
            return Acted(False, f"{words} Nothing was changed.")
        entries = {c.path: (c.before, c.after) for c in changed.entries}
        if how == "redo":
            entries = {path: (after, before) for path, (before, after) in entries.items()}
        kept = [c.kept for c in self._state.index_changes if c.kept]
        plan = await self._off(
            lambda: taken_back(repository, entries, lambda path: self._kept(kept, path))
        )
        if plan.refused:
            return Acted(False, _refusals(plan.refused))
        await self._change(repository, plan, operated)
        return Acted(True, f"The {act.kind} of {_files(act.paths)} is {word}.", paths=act.paths)

    # -- shared ----------------------------------------------------------------
    @property
    def _next(self) -> int:
        return len(self._state.operations) + 1

    async def _put(self, put: Put, why: str, operated: Operated) -> None:
        try:
            await self._putting.put(put, why=why, meaning=(operated,))
        except Stale as fault:
            raise RefusedFault(fault.message, hint="Look at it again.") from fault

    def _save(self, kept: Files) -> str:
        return self._store.save(self._state.session, 0, kept)

    def _remember(self, files: Files) -> None:
        """What we leave: an undo merges later work with it."""
        for kept in files.values():
            if kept is not None:
                self._store.keep_blob(kept[0])

    def _kept(self, checkpoints: Sequence[str], path: str) -> list[bytes]:
        """All bytes that the checkpoints hold of an entry, newest first."""
        found: list[bytes] = []
        for checkpoint in reversed(checkpoints):
            try:
                kept = self._store.load(checkpoint).get(f"(index)/{path}")
            except SparkFault:
                continue  # pruned
            if kept is not None:
                found.append(kept[0])
        return found

    async def _off(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writes, job)


def history(operations: Sequence[Operated]) -> tuple[list[Operated], list[Operated]]:
    """What undo would take back, and what redo would do again; the last one first in question."""
    done: list[Operated] = []
    undone: list[Operated] = []
    for entry in operations:
        if entry.kind in KINDS:
            done.append(entry)
            undone.clear()
        elif entry.kind == "undo" and done and done[-1].op == entry.takes_back:
            undone.append(done.pop())
        elif entry.kind == "redo" and undone and undone[-1].op == entry.takes_back:
            done.append(undone.pop())
    return done, undone


def _said(
    act: Act, picks: Sequence[Pick], done: Mapping[str, object], refused: Sequence[str]
) -> str:
    count = sum(len(pick.hunks) for pick in picks if pick.file.path in done)
    lines = next((len(pick.lines) for pick in picks if pick.lines is not None), 0)
    what = f"{lines} line{'s' if lines > 1 else ''}" if lines else _counted(count)
    said = f"{_DONE[act]} {what} of {_files(tuple(done))} (u takes it back)"
    return f"{said} · {_refusals(refused)}" if refused else said


def _counted(count: int) -> str:
    return "1 hunk" if count == 1 else f"{count} hunks"


def _refusals(refused: Sequence[str]) -> str:
    more = f" · and {len(refused) - 3} more" if len(refused) > 3 else ""
    return " · ".join(refused[:3]) + more


def _files(paths: Sequence[str]) -> str:
    return ", ".join(paths) if len(paths) <= 3 else f"{len(paths)} files"
