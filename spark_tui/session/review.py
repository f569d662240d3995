"""Decisions on hunks, and the way back: accept, reject, reopen, undo, redo.

The rule kept here: a decision and its write are one job under one lock; streaming never takes it.
What a decision does is in deciding.py, the way back in taking_back.py; how bytes get to the disk is
writes.py's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from spark_tui.errors import LimitFault, SparkFault, UnknownHunk, UsageFault
from spark_tui.session import events as ev
from spark_tui.session.deciding import Acted as Acted
from spark_tui.session.deciding import Decided as Decided
from spark_tui.session.deciding import Deciding
from spark_tui.session.events import Decision, Event, HunkId
from spark_tui.session.ground import Ground
from spark_tui.session.restoring import Restoring
from spark_tui.session.settling import Settling
from spark_tui.session.state import SessionState
from spark_tui.session.stuck import Stuck
from spark_tui.session.taking_back import TakingBack
from spark_tui.session.writes import Writes

T = TypeVar("T")


class Review:
    """Owner of the order of decisions in one session."""

    def __init__(
        self,
        *,
        state: SessionState,
        writes: Writes,
        settling: Settling,
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
        restoring: Restoring,
        stuck: Stuck,
    ) -> None:
        self._state = state
        self._settling = settling
        self._emit = emit
        self.deciding = Deciding(state, writes, stuck, promise)
        self.back = TakingBack(state=state, writes=writes, deciding=self.deciding,
                               restoring=restoring, promise=promise)  # fmt: skip
        self._lock = asyncio.Lock()
        self._jobs: set[asyncio.Future[Any]] = set()
        self._is_sealed = False
        self.door: Callable[[], None] = lambda: None
        """Raises where nothing may be decided or written."""
        self.ground: Ground | None = None
        """Says what is different since the hunks were asked for."""

    async def decide(
        self, hunks: Sequence[HunkId], decision: Decision, *, by: str = "person"
    ) -> Decided:
        """Accept (writes), reject or reopen. Raises UnknownHunk before anything happens.

        By policy all are accepted or none: where one conflicts with its file nothing is written.
        """
        for hid in hunks:
            if hid not in self._state.hunks:
                raise UnknownHunk(f"There is no hunk {hid} in this session.")

        async def job() -> Decided:
            if decision is Decision.ACCEPTED and by == "person" and self.ground is not None:
                await self.ground.warn(self._state.hunks[h] for h in hunks)
            return await self.deciding.decide(hunks, decision, by)

        return await self.verb(job)

    async def undo(self) -> Acted:
        """Take the last decision back."""
        return await self.verb(self.back.undo)

    async def undo_turn(self, turn: int | None) -> Acted:
        """Take back all that was accepted of a turn, by default the last one with anything to
        undo; undecided hunks of it are put aside."""
        return await self.verb(lambda: self.back.undo_turn(self.back.turn_to_undo(turn)))

    def paths_of(self, turn: int | None) -> tuple[str, ...]:
        """The files that undo_turn would touch."""
        hunks = self.back.accepted_of(self.back.turn_to_undo(turn))
        return tuple(dict.fromkeys(h.path for h in hunks))

    async def redo(self) -> Acted:
        """Do again what undo took back last."""
        return await self.verb(self.back.redo)

    async def exclusive(self, job: Callable[[], Awaitable[T]]) -> T:
        """Run a job that decides, writes or commits: alone, and once begun to its end."""
        if self._is_sealed:
            raise UsageFault("The session is closed.", hint="Open it again: spark-tui -c")
        self.door()

        async def alone() -> T:
            async with self._lock:
                await self._settling.settle()
                return await job()

        task = asyncio.ensure_future(alone())
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return await asyncio.shield(task)

    async def verb(self, job: Callable[[], Awaitable[T]]) -> T:
        """The same; a fault is said before it is raised."""

        async def said() -> T:
            try:
                return await job()
            except MemoryError as cause:
                fault: SparkFault = LimitFault(
                    "There is not enough memory for this.",
                    hint="Close other programs, then do it again.",
                )
                self._emit(ev.Noticed("error", fault.message, fault.hint))
                raise fault from cause
            except SparkFault as known:
                self._emit(ev.Noticed("error", known.message, known.hint))
                raise

        return await self.exclusive(said)

    async def seal(self) -> None:
        """Let what was begun end; take nothing further."""
        self._is_sealed = True
        if self._jobs:
            await asyncio.wait(self._jobs)
