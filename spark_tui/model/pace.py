"""Whether a stream is so dense that its pieces are better gathered before they are read.

The rule kept here: waking up costs more than reading. At 1,000 events a second four fifths of the
cost of receiving are wake-ups, so a dense stream is read every few milliseconds, well within a
frame of the screen; the beginning of an answer and a slow stream are read at once.
"""

from __future__ import annotations

import asyncio
import time

REST_S = 0.006
"""How long a dense stream gathers between two reads: 6 ms halve the cost at 1,000 a second."""
_DENSE_S = 0.003
_LEAD = 64
"""So many dense pieces come first: the beginning of an answer is never held up."""
_LARGE_BYTES = 16 << 10
"""A piece of this size was gathered by the network already."""


class Pace:
    """Asked after each piece."""

    def __init__(self) -> None:
        self._dense = 0

    def rest_after(self, waited_s: float, size: int) -> bool:
        """Whether to rest before the next read, by how long this piece was waited for."""
        self._dense = self._dense + 1 if waited_s < _DENSE_S else 0
        return self._dense > _LEAD and size < _LARGE_BYTES


class Read:
    """Tells a read of the network from one of what was read before: only the first one waits."""

    def __init__(self) -> None:
        self.waited_s: float | None = None
        """None when the loop had no turn meanwhile."""
        self._began = time.monotonic()
        self._turned = False
        self._mark = asyncio.get_running_loop().call_soon(self._turn)

    def ended(self) -> None:
        self._mark.cancel()
        if self._turned:
            self.waited_s = time.monotonic() - self._began

    def _turn(self) -> None:
        self._turned = True
