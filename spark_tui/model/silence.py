"""Whether a silent HTTP answer is thinking, or its connection is dead.

The rule kept here: silence alone is no news. HTTP has no pongs, but the other end's TCP confirms
what it is asked by the kernel every few seconds: while it does, the line lives. Where a system
does not tell when it last did, that is said with the news.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from typing import Protocol

from spark_tui.model.provider import Lively, Quiet, Tell

QUIET_S = 12.0
_LAST_ACK = struct.Struct("=I")
_LAST_ACK_AT = 56
"""tcpi_last_ack_recv in Linux's struct tcp_info: milliseconds since the other end confirmed."""


class _Socket(Protocol):
    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes: ...


class Peer:
    """The other end of the newest connection."""

    def __init__(self) -> None:
        self._socket: _Socket | None = None

    def meet(self, peer: _Socket) -> None:
        self._socket = peer

    def confirmed_s(self) -> float | None:
        """Seconds since the other end last confirmed anything, None where nobody tells."""
        if self._socket is None or not sys.platform.startswith("linux"):
            return None
        with suppress(OSError, struct.error, ValueError):
            size = _LAST_ACK_AT + _LAST_ACK.size
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
            return float(_LAST_ACK.unpack_from(info, _LAST_ACK_AT)[0]) / 1000
        return None


class Silence:
    """Of one answer: asked every few seconds, told whenever something came."""

    def __init__(self, tell: Tell, started: float, *, quiet_s: float = QUIET_S) -> None:
        self._tell = tell
        self._heard_at = started
        self._quiet_s = quiet_s
        self._said = False

    def heard(self, now: float) -> None:
        self._heard_at = now
        if self._said:
            self._over()

    def look(self, now: float, confirmed_s: float | None) -> None:
        """`confirmed_s` is what `Peer` says."""
        silent_s = now - self._heard_at
        if confirmed_s is not None:
            silent_s = min(silent_s, confirmed_s)
        if silent_s < self._quiet_s:
            if self._said:
                self._over()
        elif not self._said:
            self._said = True
            self._tell(Quiet(silent_s, may_think=confirmed_s is None))

    def end(self) -> None:
        """The answer is over, however."""
        if self._said:
            self._over()

    def _over(self) -> None:
        self._said = False
        self._tell(Lively())


class Listening:
    """The silence of one answer, looked at by the running loop. Only our own waiting counts: a
    person's slow terminal is not the service's silence."""

    def __init__(self, tell: Tell, peer: Peer, *, quiet_s: float = QUIET_S) -> None:
        self.waiting = False
        self._loop = asyncio.get_running_loop()
        self._silence = Silence(tell, self._loop.time(), quiet_s=quiet_s)
        self._peer = peer
        self._step_s = quiet_s / 4
        self._timer = self._loop.call_later(self._step_s, self._look)

    def heard(self) -> None:
        self._silence.heard(self._loop.time())

    def end(self) -> None:
        self._timer.cancel()
        self._silence.end()

    def _look(self) -> None:
        if self.waiting:
            self._silence.look(self._loop.time(), self._peer.confirmed_s())
        else:
            self.heard()
        self._timer = self._loop.call_later(self._step_s, self._look)
