"""Which stream of a provider is the running one, and how its waits are ended from outside.

The rule kept here: `stop` takes effect at once and never touches the consumer's own code: only
an await of ours is cut short, and whatever is still buffered belongs to nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The wait was for a turn that is over. Never leaves the room."""


class Turns:
    """One stream at a time; each has a number, and an old number is a stopped stream."""

    def __init__(self) -> None:
        self.running = False
        self._number = 0
        self._scope: asyncio.Timeout | None = None

    def begin(self) -> int:
        self._number += 1
        self.running = True
        return self._number

    def is_over(self, turn: int) -> bool:
        return turn != self._number

    def end(self, turn: int) -> None:
        if turn == self._number:
            self.running = False

    def stop(self) -> None:
        self._number += 1
        self.running = False
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())
            self._scope = None

    async def wait(self, turn: int, start: Callable[[], Awaitable[T]]) -> T:
        """Awaits what `start` begins; raises Stopped as soon as the turn is over."""
        if self.is_over(turn):
            raise Stopped
        scope: asyncio.Timeout | None = None
        try:
            async with asyncio.timeout(None) as scope:
                self._scope = scope
                return await start()
        except TimeoutError:
            if self.is_over(turn):
                raise Stopped from None
            raise
        finally:
            if self._scope is scope:
                self._scope = None
