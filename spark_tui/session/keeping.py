"""What of the checkpoints is still needed, and the quiet moment in which the rest is pruned.

The rule kept here: what an undecided hunk refers to stays, in every session of the work tree, and
what the undo of one needs that is not committed, for a month after its session; a journal that
cannot be read keeps all that is its own. Nobody waits for it: the work is done in a thread of its
own, stops when the session closes, and takes the order of decisions only for the moment in which
something goes. How much may be kept is for repo/bounds.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from spark_tui.errors import SparkFault
from spark_tui.repo.bounds import KEPT_ALWAYS, Bounds, Doomed, Needs
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.run import Git
from spark_tui.repo.storage import Quiet, Stopped
from spark_tui.session import events as ev
from spark_tui.session.journals import Unreadable, journal_of, read, sessions_of
from spark_tui.session.state import SessionState, Status

T = TypeVar("T")

UNDOABLE_S = 30 * 24 * 3600.0
"""Hunks that were accepted in a session which rests for longer are taken for committed by hand."""
ROUNDS = 4
"""So often the disk is looked at again in one quiet moment; the next one goes on."""
_OPEN = frozenset({Status.GROWING, Status.WAITING, Status.PLACED, Status.UNPLACED, Status.CONFLICT})
_TOLD = (
    ev.TurnStarted, ev.TurnEnded, ev.TurnUndone, ev.HunkOpened, ev.HunkWaiting, ev.HunkPlaced,
    ev.HunkUnplaced, ev.HunkReshaped, ev.HunkSuperseded, ev.HunksConflicted, ev.HunksDecided,
    ev.HunksRestored, ev.FilesWritten, ev.Committed, ev.CommitUndone, ev.Operated,
)  # fmt: skip
"""The events that say where hunks stand."""


class Alone(Protocol):
    """`Review.exclusive`."""

    def __call__(self, job: Callable[[], Awaitable[T]], /) -> Awaitable[T]: ...


def needs_of(state: SessionState, *, undo: bool = True) -> Needs:
    """What this session may still ask for; with or without the undo of what it has accepted."""
    open_turns = {h.turn for h in state.hunks.values() if h.status in _OPEN}
    undoable = {h.id for h in state.accepted_hunks()} if undo else set()
    blobs = {
        h.base
        for h in state.hunks.values()
        if h.base and (h.status in _OPEN or h.id in undoable or h.turn in open_turns)
    }
    checkpoints = {
        write.checkpoint
        for write in state.writes
        if any(h in undoable or state.hunks[h].turn in open_turns
               for h in write.hunks if h in state.hunks)
    }  # fmt: skip
    return Needs(frozenset(checkpoints), blobs=frozenset(blobs))


def needs_of_all(home: Path, *, but: str = "", quiet: Quiet | None = None) -> Needs:
    """What the sessions of a work tree may still ask for, from their journals."""
    needs = Needs()
    for session in sessions_of(home):
        if quiet is not None:
            quiet.check()
        if session != but:
            needs |= _read_needs(home, session)
    return needs


class Keeping:
    """Of one session; `tend` is for the quiet moments after opening and after a turn."""

    def __init__(
        self,
        *,
        state: SessionState,
        store: CheckpointStore,
        environ: Mapping[str, str],
        root: Path,
        most_mb: int,
        alone: Alone,
        emit: Callable[[ev.Event], None],
        may_write: Callable[[], bool],
    ) -> None:
        self._state = state
        self._store = store
        self._alone = alone
        self._emit = emit
        self._may_write = may_write
        self._quiet = Quiet(Git(None, environ=environ, distrusted=root))
        self.bounds = Bounds(store, most_mb << 20, quiet=self._quiet)
        self._thread: ThreadPoolExecutor | None = None
        self._job: Future[Any] | None = None
        self._is_stopped = False
        self._is_tending = False
        self._has_said: set[str] = set()

    async def tend(self) -> None:
        """Prune and tidy where it is due. A fault is said once and is nobody's end."""
        if self._is_stopped or self._is_tending or not self._may_write():
            return
        self._is_tending = True
        try:
            await self._tend()
        except Stopped:
            return
        except SparkFault as fault:
            if not self._is_stopped:
                self._say(fault.message, fault.hint)
        finally:
            self._is_tending = False

    async def close(self, wait_s: float) -> None:
        """Stop what runs, before the lock of the work tree is given up."""
        self._is_stopped = True
        self._quiet.stop()
        job = self._job
        if job is not None:
            waiting = asyncio.wrap_future(job)
            waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    while not (await asyncio.wait({waiting}, timeout=0.05))[0]:
                        self._quiet.stop()
        if self._thread is not None:
            self._thread.shutdown(wait=False)

    async def _tend(self) -> None:
        await self._off(self.bounds.tidy)
        if not await self._off(self.bounds.is_over):
            return
        for _ in range(ROUNDS):
            others = await self._off(self._needs_of_others)
            doomed = await self._off(self.bounds.plan, others | self._own_needs())
            if not doomed:
                break
            gone = await self._alone(functools.partial(self._drop, doomed, others))
            await self._off(self.bounds.settle, gone)
        if await self._off(self.bounds.is_over):
            self._say(
                "The checkpoints of this work tree take more than they should: open hunks need"
                " them.",
                "Decide on what is open in its sessions, or raise checkpoints_mb."
                " See spark-tui checkpoints.",
            )

    async def _drop(self, doomed: Doomed, others: Needs) -> Doomed:
        """Nothing is decided meanwhile, so what is needed now is needed till the end."""
        needs = others | self._own_needs()
        return await self._off(self.bounds.drop, doomed, needs)

    def _needs_of_others(self) -> Needs:
        return needs_of_all(self._store.folder, but=self._state.session, quiet=self._quiet)

    def _own_needs(self) -> Needs:
        """Also all files that were shown since it was opened: an answer may yet refer to them. And
        its last checkpoints, also where the clock has jumped and they seem to be old."""
        last = frozenset(write.checkpoint for write in self._state.writes[-KEPT_ALWAYS:])
        return needs_of(self._state) | Needs(last, blobs=frozenset(self._state.snapshots))

    async def _off(self, job: Callable[..., T], *args: object) -> T:
        """In a thread of our own: reads and writes wait for nothing of this."""
        if self._is_stopped:
            raise Stopped("The session is closed.")
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "spark-tui-keep")
        future = self._thread.submit(lambda: job(*args))
        self._job = future
        return await asyncio.wrap_future(future)

    def _say(self, message: str, hint: str) -> None:
        if message not in self._has_said:
            self._has_said.add(message)
            self._emit(ev.Noticed("warning", message, hint))


def _read_needs(home: Path, session: str) -> Needs:
    state = SessionState()
    journal = journal_of(home, session)
    try:
        is_recent = time.time() - journal.stat().st_mtime < UNDOABLE_S
        for event in read(journal, *_TOLD):
            state.apply(event)
    except (Unreadable, OSError):
        return Needs(sessions=frozenset((session,)), blobs=None)
    return needs_of(state, undo=is_recent)
