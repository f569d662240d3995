"""Files as the model was shown them: kept, so that a later process can still place and rebase.

The rule kept here: what looks like a secret is held in memory only, never put on our disk; and a
full disk costs this ease, never a turn. The bytes before a write are the checkpoints' business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.events import Event
from spark_tui.session.state import SessionState

T = TypeVar("T")


class Shelf:
    """Reads files of the work tree and remembers what they were."""

    def __init__(
        self,
        *,
        state: SessionState,
        worktree: Worktree,
        repository: Callable[[], Repository | None],
        store: CheckpointStore,
        reads: Executor,
        emit: Callable[[Event], None],
    ) -> None:
        self.worktree = worktree
        self.repository = repository
        self._state = state
        self._store = store
        self._reads = reads
        self._emit = emit
        self._has_warned = False
        self._kept: set[str] = set()
        """Digests that are in the store."""

    async def read(self, path: str) -> Snapshot | None:
        """The file as it is now, remembered; None where it cannot be had."""
        try:
            snapshot = await self.off(self.worktree.read, path)
        except SparkFault:
            return None
        if snapshot is not None:
            await self.remember([snapshot])
        return snapshot

    async def remember(self, snapshots: Iterable[Snapshot]) -> None:
        """Hunks may refer to these bytes from now on."""
        new = []
        for snapshot in snapshots:
            self._state.snapshots[snapshot.digest] = snapshot
            if snapshot.digest not in self._kept:
                new.append(snapshot)
        if not new:
            return
        try:
            await self.off(self._keep, new)
            self._kept.update(snapshot.digest for snapshot in new)
        except SparkFault as fault:
            if not self._has_warned:
                self._has_warned = True
                hint = f"{fault.hint} Open hunks may not survive a restart.".strip()
                self._emit(ev.Noticed("warning", fault.message, hint))

    async def is_ignored(self, path: str) -> bool:
        """Whether git ignores it; when in doubt it does."""
        repository = self.repository()
        if repository is None or path in self._state.files:
            return False
        try:
            return bool(await self.off(repository.ignored, [path]))
        except SparkFault:
            return True

    async def off(self, job: Callable[..., T], *args: object) -> T:
        """Off the loop, in a read thread."""
        return await asyncio.get_running_loop().run_in_executor(self._reads, lambda: job(*args))

    def _keep(self, snapshots: Sequence[Snapshot]) -> None:
        for snapshot in snapshots:
            if not is_secret(snapshot):
                self._store.keep_blob(snapshot.data)


def is_secret(snapshot: Snapshot) -> bool:
    """By its name or by what it holds."""
    return policy.is_secret_name(snapshot.path) or policy.holds_secret("\n".join(snapshot.lines))
