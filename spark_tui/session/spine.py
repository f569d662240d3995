"""The road of every event: journal, then state, then listeners.

The rule kept here: a promised event is on the disk with fsync before the state knows it; a told
one reaches the kernel within a frame. Nobody else calls `SessionState.apply`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from spark_tui.errors import SparkFault
from spark_tui.session.events import Durability, Event, Noticed
from spark_tui.session.journal import Journal
from spark_tui.session.state import SessionState

Listener = Callable[[Event], None]
FLUSH_S = 0.033
"""Told events reach the kernel this often while something happens."""


class Spine:
    """One per session."""

    def __init__(self, journal: Journal, state: SessionState, writes: Executor) -> None:
        self._journal = journal
        self._state = state
        self._writes = writes
        self._listeners: list[Listener] = []
        self._timer: asyncio.TimerHandle | None = None
        self.is_closed = False

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the result to stop listening."""
        self._listeners.append(listener)

        def forget() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return forget

    def emit(self, event: Event) -> None:
        """A view or a told event."""
        self._journal.append(event)
        self._tell(event)
        if event.durability is not Durability.VIEW and self._timer is None and not self.is_closed:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._flush)

    async def promise(self, event: Event) -> None:
        """A promised event. Raises DiskFault, and then the state does not know it."""
        self._journal.append(event)
        if not self.is_closed:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._writes, self._journal.sync)
        self._tell(event)

    async def close(self) -> None:
        """Seal the journal."""
        self.is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.get_running_loop().run_in_executor(self._writes, self._journal.close)

    def _tell(self, event: Event) -> None:
        self._state.apply(event)
        for listener in tuple(self._listeners):
            listener(event)

    def _flush(self) -> None:
        self._timer = None
        if self.is_closed:
            return
        try:
            self._journal.flush()
        except SparkFault as fault:
            self._tell(Noticed("error", fault.message, fault.hint))
