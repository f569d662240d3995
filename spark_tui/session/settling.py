"""A write that could neither be ended nor taken back: it comes first, before anything is decided.

The rule kept here: files and journal tell the same before the next act, as after the next start.
What reached all its files is promised, with what it meant, before its note goes; anything else is
taken back. One per session, for every road to the user's files; who asks holds the review lock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from spark_tui.errors import DiskFault, SparkFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.others import Keep
from spark_tui.repo.recovering import intent, recover
from spark_tui.repo.worktree import Change, NotPutBack, Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import Event

T = TypeVar("T")


class Settling:
    """Remembers such a write, and puts it right."""

    def __init__(
        self,
        *,
        worktree: Worktree,
        store: CheckpointStore,
        threads: Executor,
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
    ) -> None:
        self._worktree = worktree
        self._store = store
        self._threads = threads
        self._emit = emit
        self._promise = promise
        self._unsettled: ev.CheckpointSaved | None = None

    def write(
        self,
        changes: Sequence[Change],
        expected: Mapping[str, str | None],
        checkpoint: str,
        keep: Keep,
    ) -> None:
        """All of these or none, behind a note that stays until the journal knows. Blocking."""
        made = self._worktree.missing_folders(c.path for c in changes if c.data is not None)
        self._store.begin(intent(checkpoint, changes, made))
        try:
            self._worktree.write_all(changes, expected=expected, keep=keep)
        except NotPutBack:
            raise  # The note stays: the next write, or the next start, restores the checkpoint.
        except SparkFault:
            with contextlib.suppress(DiskFault):  # What went wrong first is what is said.
                self._store.done()
            raise

    def remember(self, saved: ev.CheckpointSaved) -> None:
        """This write was begun; what became of its files is not known. Its note is there."""
        self._unsettled = saved

    async def take_back(
        self, saved: ev.CheckpointSaved, changes: list[Change], expected: dict[str, str | None]
    ) -> None:
        """The journal could not record this write: the files get their bytes back, now or later."""
        try:
            await self._off(lambda: self._worktree.write_all(changes, expected=expected))
            await self._off(self._store.done)
        except SparkFault as fault:
            self.remember(saved)
            self._emit(ev.Noticed("error", fault.message, fault.hint))

    async def end(self) -> None:
        """The write is recorded. A note that stays, because the disk is broken, is about a write
        which the journal knows; a process killed before this is settled at the next start."""
        with contextlib.suppress(DiskFault):
            await self._off(self._store.done)

    async def settle(self) -> None:
        """Put right what is remembered. A fault is said and raised; then it is tried again."""
        if self._unsettled is None:
            return
        try:
            await self._settle(self._unsettled)
        except SparkFault as fault:
            self._emit(ev.Noticed("error", fault.message, fault.hint))
            raise

    async def _settle(self, saved: ev.CheckpointSaved) -> None:
        recovery = await self._off(
            lambda: recover(self._store, self._worktree, keeps_finished=True)
        )
        if recovery is not None:
            if recovery.outcome == "finished" and saved.write is not None:
                meant = (saved.decided, saved.undone, saved.restored, saved.uncommitted)
                more = (*meant, saved.operated)
                await self._promise(saved.write, *(event for event in more if event is not None))
            if recovery.outcome == "finished":
                await self.end()
            self._emit(ev.Noticed("warning", recovery.message, "Look at git diff, then go on."))
        self._unsettled = None

    async def _off(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, job)
