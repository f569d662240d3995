"""The road of every event: journal, then state, then listeners.

The rule kept here: a promised event is on the disk with fsync before the state knows it, and the
state never knows one that is not; a told one reaches the kernel within a frame. Nobody else calls
`SessionState.apply`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from spark_tui.errors import DiskFault, LockHeld, SparkFault
from spark_tui.session.events import Durability, Event, Noticed
from spark_tui.session.journal import Journal
from spark_tui.session.operations import Operations
from spark_tui.session.state import SessionState

Listener = Callable[[Event], None]
FLUSH_S = 0.033
"""Told events reach the kernel this often while something happens."""
RETRY_S = 2.0
"""After a failed flush: the disk may have room again."""


class Spine:
    """One per session. Without a journal the session is for reading only."""

    def __init__(self, journal: Journal | None, state: SessionState, writes: Executor) -> None:
        self._journal = journal
        self._state = state
        self._operations = Operations(state)
        self._writes = writes
        self._listeners: list[Listener] = []
        self._timer: asyncio.TimerHandle | None = None
        self._order = asyncio.Lock()
        """Promises are kept one after the other; nothing else writes meanwhile."""
        self._is_failing = False
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
        if self._journal is not None:
            self._journal.append(event)
        self._tell(event)
        if event.durability is not Durability.VIEW:
            self._flush_in(FLUSH_S)

    async def promise(self, *events: Event) -> None:
        """Promised events, together, with the entry of the operation log that they are. Raises
        DiskFault, and then the state knows none of them."""
        await asyncio.shield(asyncio.ensure_future(self._promise(events)))

    async def record(self, event: Event) -> None:
        """Something that has happened already: promised if the disk allows it, else told."""
        try:
            await self.promise(event)
        except SparkFault as fault:
            for each in self._operations.with_entry((event,)):
                self.emit(each)
            self._say(fault)

    async def close(self) -> None:
        """Seal the journal."""
        async with self._order:
            self.is_closed = True
            if self._timer is not None:
                self._timer.cancel()
            if self._journal is not None:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._writes, self._journal.close)

    async def _promise(self, events: tuple[Event, ...]) -> None:
        journal = self._journal
        if journal is None:
            raise LockHeld("This session is open for reading only.", hint="Close the other one.")
        async with self._order:
            if self.is_closed:
                raise DiskFault("The session is closed: nothing was changed.")
            events = self._operations.with_entry(events)
            told = journal.take()
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(
                    self._writes, lambda: journal.write([*told, *events], sync=True)
                )
            except DiskFault:
                journal.give_back(told)
                raise
            self._is_failing = False
            for event in events:
                self._tell(event)

    def _tell(self, event: Event) -> None:
        self._state.apply(event)
        for listener in tuple(self._listeners):
            listener(event)

    def _flush_in(self, seconds: float) -> None:
        if self._timer is None and not self.is_closed and self._journal is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._flush)

    def _flush(self) -> None:
        self._timer = None
        if self.is_closed or self._journal is None:
            return
        if self._order.locked():
            self._flush_in(FLUSH_S)
            return
        try:
            self._journal.flush()
            self._is_failing = False
        except DiskFault as fault:
            if not self._is_failing:
                self._say(fault)
            self._is_failing = True
            self._flush_in(RETRY_S)

    def _say(self, fault: SparkFault) -> None:
        self.emit(Noticed("error", fault.message, fault.hint))
