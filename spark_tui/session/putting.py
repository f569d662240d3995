"""Whole files, links and absences onto the disk: what a restore or a discard puts back.

The rule kept here: as in writes.py: nothing is written before the bytes there are durable in the
checkpoint store and the journal knows what is about to happen; what the journal cannot record is
taken back. Which bytes, and what it means, is the caller's business, who holds the review lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeVar

from spark_tui.errors import DiskFault, SparkFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.worktree import Change, NotPutBack, Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId, Written
from spark_tui.session.meanwhile import Meanwhile
from spark_tui.session.policy import is_secret_name
from spark_tui.session.settling import Settling
from spark_tui.session.state import SessionState
from spark_tui.session.versions import Kept, digest, is_link

T = TypeVar("T")
LARGEST = 8 << 20
"""Bytes of a file up to which it is remembered."""


@dataclass(frozen=True, slots=True)
class Put:
    """Files as they are, and as they shall be; the same paths in both."""

    before: Mapping[str, Kept]
    after: Mapping[str, Kept]


class Putting:
    """The road of kept bytes to the user's files."""

    def __init__(
        self,
        *,
        state: SessionState,
        worktree: Worktree,
        store: CheckpointStore,
        threads: Executor,
        settling: Settling,
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
    ) -> None:
        self._state = state
        self._worktree = worktree
        self._store = store
        self._threads = threads
        self._settling = settling
        self._promise = promise
        self._meanwhile = Meanwhile(store, state, emit)

    async def put(
        self,
        put: Put,
        *,
        why: str,
        about: Sequence[HunkId] = (),
        restored: ev.HunksRestored | None = None,
        meaning: Sequence[Event] = (),
    ) -> str:
        """Checkpoint, journal, write, and promise the write with `restored` and `meaning`. The
        result is the checkpoint, which counts for the last turn of the hunks that it is `about`.
        Raises Stale (a file changed meanwhile) and other faults: then
        nothing was changed."""
        turn = max((self._state.hunks[h].turn for h in about), default=0)
        checkpoint = await self.off(lambda: self._save(put, turn))
        act = len(self._state.writes) + 1
        written = ev.FilesWritten(act, why, (), _records(put), checkpoint)
        meaning = [_with(event, checkpoint) for event in meaning]
        entry = next((event for event in meaning if isinstance(event, ev.Operated)), None)
        saved = ev.CheckpointSaved(
            checkpoint, turn, tuple(put.before), written, restored=restored, operated=entry
        )
        await self._promise(saved)
        try:
            await self.off(lambda: self._write(put, checkpoint, turn))
        except NotPutBack:
            self._settling.remember(saved)
            raise
        finally:
            self._meanwhile.tell()
        told = [*([restored] if restored is not None else ()), *meaning]
        try:
            await self._promise(written, *told)
        except DiskFault:
            await self._take_back(put, saved)
            raise
        await self._settling.end()
        await self.off(lambda: keep_left(self._store, put.after))
        return checkpoint

    async def off(self, job: Callable[[], T]) -> T:
        """In the write thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, job)

    def _save(self, put: Put, turn: int) -> str:
        return self._store.save(self._state.session, turn, dict(put.before))

    def _write(self, put: Put, checkpoint: str, turn: int) -> None:
        changes = [change_to(path, kept) for path, kept in put.after.items()]
        expected = {path: digest(kept) for path, kept in put.before.items()}
        self._settling.write(changes, expected, checkpoint, self._meanwhile.keeper(turn))

    async def _take_back(self, put: Put, saved: ev.CheckpointSaved) -> None:
        """The journal could not record it: the files get their bytes back."""
        changes = [change_to(path, kept) for path, kept in put.before.items()]
        expected = {path: digest(kept) for path, kept in put.after.items()}
        await self._settling.take_back(saved, changes, expected)


def keep_left(store: CheckpointStore, left: Mapping[str, Kept]) -> None:
    """Remember what we left in files: a later merge needs it. A full disk costs this ease, never
    a write; what is called like a secret is not kept, nor what is very large."""
    for path, kept in left.items():
        if kept is None or is_link(kept) or len(kept[0]) > LARGEST or is_secret_name(path):
            continue
        with contextlib.suppress(SparkFault):
            store.keep_blob(kept[0])


def _with(event: Event, checkpoint: str) -> Event:
    """An entry of the log names the checkpoint."""
    return replace(event, checkpoint=checkpoint) if isinstance(event, ev.Operated) else event


def change_to(path: str, kept: Kept) -> Change:
    """What makes this of a path."""
    if kept is None:
        return Change(path, None, links=True)
    data, mode = kept
    bits = None if stat.S_ISLNK(mode) else mode
    return Change(path, data, mode, bits=bits, links=True)


def _records(put: Put) -> tuple[Written, ...]:
    return tuple(
        Written(path, digest(put.before[path]), digest(kept), _mode(kept or put.before[path]))
        for path, kept in put.after.items()
    )


def _mode(kept: Kept) -> int:
    return kept[1] if kept is not None else 0o644
