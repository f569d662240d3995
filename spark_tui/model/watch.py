"""Tells a silent socket from a dead one, and says so before a person wonders.

The rule kept here: pongs count, and only our own waiting counts. A model may think for minutes
while its pongs come; a screen that is slow to read is no silence of the service. Nothing is done
per event: a timer looks a few times a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from spark_tui.model.provider import Lively, Quiet, Tell
from spark_tui.model.websocket import Line, Timing

_STEPS = 4
"""Looks within the time after which silence is said."""
_CLOSER = 12
"""While silence is said, the look is so much closer: its end must not be told late."""


class Watch:
    """Over one socket, while an answer is waited for. `end` it."""

    def __init__(
        self, line: Line, timing: Timing, compare: Callable[[], asyncio.Task[Line]], tell: Tell
    ) -> None:
        self.waiting = False
        """Set around each wait by who waits."""
        self._line = line
        self._timing = timing
        self._compare = compare
        self._tell = tell
        self._heard = line.heard()
        self._silent_s = line.silent_s()
        self._told = False
        self._timer = self._set()

    def end(self) -> None:
        self._timer.cancel()
        self.waiting = False
        self._lively()

    @property
    def _step_s(self) -> float:
        step_s = self._timing.quiet_s / _STEPS
        return step_s / _CLOSER if self._told else step_s

    def _set(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._step_s, self._look)

    def _look(self) -> None:
        heard = self._line.heard()
        if not self.waiting or heard != self._heard:
            self._heard = heard
            self._silent_s = 0.0
            self._lively()
        else:
            self._silent_s += self._step_s
        slack_s = self._step_s / 2  # sums of parts are not exact
        if self._silent_s > self._timing.dead_s - slack_s:
            self._line.abort()
        elif self._silent_s > self._timing.quiet_s - slack_s and not self._told:
            self._told = True
            self._tell(Quiet(self._silent_s))
            self._compare().add_done_callback(self._compared)
        self._timer = self._set()

    def _lively(self) -> None:
        if self._told:
            self._told = False
            self._tell(Lively())

    def _compared(self, other: asyncio.Task[Line]) -> None:
        """The service answers on a new socket and still not on the old one."""
        answered = not other.cancelled() and other.exception() is None
        if answered and self._told and self.waiting and self._line.heard() == self._heard:
            self._line.abort()
