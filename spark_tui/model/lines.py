"""The sockets of one endpoint: the one in use, the one that stands by, and how they change places.

The rule kept here: never more than two, and the next one is open before the old one goes. A socket
that stands by costs nothing but its pings, and makes a stop, a drop or old age cost no handshake.
It is opened behind the first answer of a socket, never in front of a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from spark_tui.errors import KeyFault, SparkFault
from spark_tui.model.faults import WireRefused
from spark_tui.model.talk import Talk
from spark_tui.model.websocket import Busy, Door, Line, Timing

EARLY_S = 300.0
"""So long before it is due the next socket is opened, between two turns."""
_LASTED_S = 60.0
"""A socket that stood by for so long is replaced as soon as it is lost."""
_MISSES = 3
"""A service that so often has no second socket for us is not asked for one again."""


class Lines:
    """Owner of the sockets."""

    def __init__(
        self, door: Door, timing: Timing, now: Callable[[], float], *, standby: bool
    ) -> None:
        self.current: Talk | None = None
        self._door = door
        self._timing = timing
        self._now = now
        self._standby = standby
        self._next: asyncio.Task[Line] | None = None
        """A socket that is being opened, or stands by."""
        self._told = False
        """Somebody was told already that the service has no sockets."""
        self._misses = 0
        self._key_fault: KeyFault | None = None
        self._closed = False

    # -- what a turn needs -----------------------------------------------------
    async def take(self) -> tuple[Talk, float, bool]:
        """The socket for this turn, what was waited for it in ms, and whether it stood ready."""
        started = self._now()
        while True:
            if (current := self.current) is not None and self._is_usable(current.line):
                return current, 0.0, True
            opening = self.ahead()
            stood = opening.done()
            try:
                line = await asyncio.shield(opening)
            except (SparkFault, Busy) as fault:
                self._let_go(opening)
                if stood and not isinstance(fault, KeyFault):
                    continue  # an old fault: the network may be back
                raise
            except WireRefused:
                self._let_go(opening)
                raise
            if not self._let_go(opening):
                continue  # it was taken meanwhile
            if stood and not self._is_usable(line):
                _dismiss(line)
                continue
            self.drop()  # only now: the next one is there
            line.on_lost(None)
            self._misses = 0
            self.current = Talk(line)
            return self.current, 0.0 if stood else (self._now() - started) * 1000, stood

    def drop(self) -> None:
        """The socket in use is gone, with all it knows."""
        talk, self.current = self.current, None
        if talk is not None:
            talk.line.abort()

    def stand_by(self) -> None:
        """Sees to it that a second socket is there, or will be."""
        if self._standby and self._misses < _MISSES and not self._closed:
            self._clear()
            self.ahead()

    def refresh(self) -> None:
        """Between two turns: opens the next socket early where the one in use grows old."""
        current = self.current
        if current is not None and self._age(current.line) > self._timing.rotate_s - EARLY_S:
            self._clear()
            self.ahead()

    def ahead(self) -> asyncio.Task[Line]:
        """Opens the next socket, if none is being opened or stands by."""
        if self._next is None:
            self._told = False
            self._next = asyncio.get_running_loop().create_task(self._door.open())
            self._next.add_done_callback(self._opened)
        return self._next

    def fresh(self) -> asyncio.Task[Line]:
        """A socket that is opened now: one that stood by proves nothing about the network."""
        if (old := self._next) is not None and old.done():
            self._next = None
            _dismiss_of(old)
        return self.ahead()

    # -- around the turns ------------------------------------------------------
    async def open(self) -> None:
        """Has a socket ready; raises what the handshake met.

        A key that was refused is not shown again by this. That the service has no sockets is
        told once as it was found; whoever asks later finds out anew.
        """
        if self._key_fault is not None:
            raise self._key_fault
        if self.current is not None and self._is_usable(self.current.line):
            return
        self._clear()
        opening = self.ahead()
        try:
            await asyncio.shield(opening)
        except WireRefused:
            self._told = True
            raise

    async def close(self) -> None:
        """Leaves no socket behind."""
        self._closed = True
        self.drop()
        opening, self._next = self._next, None
        if opening is not None:
            opening.cancel()
            with suppress(asyncio.CancelledError, SparkFault, WireRefused, Busy):
                _dismiss(await opening)

    # -- inside ----------------------------------------------------------------
    def _is_usable(self, line: Line) -> bool:
        """Open, young, and heard of lately: pongs come in all the time."""
        return (
            line.is_open
            and self._age(line) < self._timing.rotate_s
            and line.silent_s() < self._timing.quiet_s
        )

    def _age(self, line: Line) -> float:
        return self._now() - line.opened_at

    def _let_go(self, opening: asyncio.Task[Line]) -> bool:
        if self._next is not opening:
            return False
        self._next = None
        return True

    def _clear(self) -> None:
        """Forgets a socket that stood by and is of no use any more, or a fault of opening it."""
        opening = self._next
        if opening is None or not opening.done():
            return
        if opening.cancelled():
            self._next = None
        elif (fault := opening.exception()) is not None:
            if self._told or not isinstance(fault, WireRefused):
                self._next = None
        elif not self._is_usable(opening.result()):
            self._next = None
            _dismiss(opening.result())

    def _opened(self, opening: asyncio.Task[Line]) -> None:
        """A fault that nobody came for is no news: the next stream meets it by itself."""
        if opening.cancelled():
            return
        fault = opening.exception()
        self._key_fault = fault if isinstance(fault, KeyFault) else None
        if fault is not None:
            self._misses += self.current is not None
        elif self._next is opening:
            opening.result().on_lost(partial(self._lost, opening))

    def _lost(self, opening: asyncio.Task[Line]) -> None:
        """The socket that stood by is gone. One that never lasted is not replaced at once: some
        services allow one connection, or close an idle one."""
        if not self._let_go(opening):
            return
        if self._age(opening.result()) < _LASTED_S:
            self._misses += 1
        else:
            self._misses = 0
            self.stand_by()


def _dismiss(line: Line) -> None:
    line.on_lost(None)
    line.abort()


def _dismiss_of(opening: asyncio.Task[Line]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        _dismiss(opening.result())
