"""The Responses service over one lasting WebSocket: the provider that spark-tui is made for.

The rule kept here: what a person has seen is never asked for again. Before the first delta a
broken connection is repeated once and a lost chain is sent whole, silently; after it, the stream
ends with Failed. The hot loop has one await, one parse and one dispatch an event.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from spark_tui.errors import KeyRefused, SparkFault
from spark_tui.model.address import place_of
from spark_tui.model.chain import Chain
from spark_tui.model.faults import (
    Place,
    Refusal,
    WireRefused,
    broken_off,
    optional_field,
    too_large,
)
from spark_tui.model.provider import (
    Accepted,
    Completed,
    Connected,
    Delta,
    Endpoint,
    Failed,
    ModelInfo,
    Request,
    Tell,
)
from spark_tui.model.responses import Decoder
from spark_tui.model.sse import get_models
from spark_tui.model.turns import Stopped, Turns
from spark_tui.model.websocket import Line, LineDropped, Timing, open_line

LIMIT_BYTES = 64 << 20
_BREATH = 64
"""Events in a row before the loop gets its turn: a burst must not hold up a key."""


@dataclass(slots=True)
class _Turn:
    """How far a request has come; each cure is used once."""

    number: int
    request: Request
    place: Place
    connected: bool = False
    accepted: bool = False
    shown: bool = False
    """Something was delivered that a person may have seen."""
    ended: bool = False
    resent: bool = False
    renewed: bool = False
    reconnected: bool = False


class ResponsesSocket:
    """A Provider over the Responses WebSocket. `stream` may raise WireRefused."""

    wire = "responses-ws"

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timing: Timing | None = None,
        now: Callable[[], float] = time.monotonic,
        tell: Tell | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._tell = tell
        self._timing = timing or Timing()
        self._now = now
        self._turns = Turns()
        self._chain = Chain()
        self._line: Line | None = None
        self._ahead: asyncio.Task[Line] | None = None
        """A socket that is being opened, or stands by."""
        self._without: frozenset[str] = frozenset()

    def wire_hint(self) -> str:
        return self.wire

    async def models(self) -> tuple[ModelInfo, ...]:
        return await get_models(self._endpoint)

    async def connect(self) -> None:
        await self.probe()

    async def probe(self) -> bool | None:
        """Opens the socket; False when the service has none, None when that is not known."""
        if self._usable(self._line):
            return True
        try:
            await asyncio.shield(self._open_ahead())
        except WireRefused:
            return False
        except SparkFault:
            return None
        return True

    async def warm(self, request: Request) -> bool:
        return False

    async def steer(self, text: str) -> bool:
        return False

    def stop(self) -> None:
        if self._turns.running:
            self._turns.stop()
            self._drop()
            self._open_ahead()

    async def close(self) -> None:
        self._turns.stop()
        self._drop()
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()
            with suppress(asyncio.CancelledError, SparkFault, WireRefused):
                (await ahead).abort()

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        self.stop()
        place = place_of(self._endpoint, request.model)
        turn = _Turn(self._turns.begin(), request, place)
        try:
            while not turn.ended:
                async with aclosing(self._attempt(turn)) as batches:
                    async for batch in batches:
                        for delta in batch:
                            yield delta
                            if self._turns.is_over(turn.number):
                                return
        except Stopped:
            return
        except SparkFault as fault:
            yield Failed(fault)
        finally:
            if not turn.ended and not self._turns.is_over(turn.number):
                self._drop()
            self._turns.end(turn.number)

    async def _attempt(self, turn: _Turn) -> AsyncGenerator[list[Delta], None]:
        """One sending of the request. It ends without `turn.ended` when another may cure it."""
        line, wait_ms, reused = await self._turns.wait(turn.number, self._take)
        body = self._chain.body(turn.request, without=self._without)
        decoder = Decoder(turn.place)
        watch = _Watch(line, self._timing, self._open_fresh)
        try:
            await self._turns.wait(turn.number, partial(line.send, _encode(body)))
            if not turn.connected:
                turn.connected = True
                yield [Connected(self.wire, wait_ms, reused)]
            size = events = 0
            while not decoder.finished:
                watch.waiting = True
                data = await line.receive()
                watch.waiting = False
                size += len(data)
                if size > LIMIT_BYTES:
                    raise too_large(turn.place, LIMIT_BYTES)
                deltas = decoder.decode(_decode(data))
                if decoder.finished:
                    deltas = self._finish(turn, decoder.refusal, deltas, body)
                if deltas:
                    if not turn.shown:
                        _note(turn, deltas)
                    yield deltas
                events += 1
                if not events % _BREATH:
                    await asyncio.sleep(0)
        except LineDropped as dropped:
            if self._turns.is_over(turn.number):
                raise Stopped from None
            self._drop()
            fault = broken_off(turn.place, str(dropped))
            if turn.shown:
                turn.ended = True
                yield [Failed(fault)]
            elif turn.reconnected:
                raise WireRefused(fault) from dropped
            turn.reconnected = True
        finally:
            watch.end()

    def _finish(
        self, turn: _Turn, refusal: Refusal | None, deltas: list[Delta], body: dict[str, Any]
    ) -> list[Delta]:
        """The closing event: what is delivered of it, if no cure is left to try first."""
        if refusal is None:
            turn.ended = True
            if isinstance(done := deltas[-1], Completed):
                self._chain.advance(done)
            if self._line and self._age(self._line) > self._timing.rotate_s - _EARLY_S:
                self._open_ahead()
            return deltas
        self._chain.forget()  # the service forgets the parent after any error
        if not turn.shown and self._cure(turn, refusal, body):
            return []
        turn.ended = True
        if turn.accepted:  # more of this response may come: the next one needs a clean socket
            self._drop()
        return deltas

    def _cure(self, turn: _Turn, refusal: Refusal, body: dict[str, Any]) -> bool:
        if refusal.code == "previous_response_not_found" and not turn.resent:
            turn.resent = True
            return True
        if refusal.code == "websocket_connection_limit_reached" and not turn.renewed:
            turn.renewed = True
            self._drop()
            return True
        name = optional_field(refusal, body)
        if name is None:
            return False
        self._without |= {name}
        return True

    async def _take(self) -> tuple[Line, float, bool]:
        """The socket for this turn, what was waited for it, and whether it stood ready."""
        old = self._line
        if old is not None and self._usable(old):
            return old, 0.0, True
        started = self._now()
        while True:
            kept = self._ahead is not None and self._ahead.done()
            ahead = self._open_ahead()
            try:
                line = await asyncio.shield(ahead)
            except SparkFault as fault:
                self._ahead = None
                if kept and not isinstance(fault, KeyRefused):
                    continue  # an old fault: the network may be back
                raise
            except WireRefused:
                self._ahead = None
                raise
            self._ahead = None
            if self._usable(line) or not kept:
                break
            line.abort()
        if old is not None:
            old.abort()
        self._line = line
        self._chain.forget()
        return line, (self._now() - started) * 1000, kept

    def _usable(self, line: Line | None) -> bool:
        return line is not None and line.is_open and self._age(line) < self._timing.rotate_s

    def _age(self, line: Line) -> float:
        return self._now() - line.opened_at

    def _drop(self) -> None:
        line, self._line = self._line, None
        self._chain.forget()
        if line is not None:
            line.abort()

    def _open_ahead(self) -> asyncio.Task[Line]:
        if self._ahead is None:
            opening = open_line(self._endpoint, self._timing, self._now)
            self._ahead = asyncio.get_running_loop().create_task(opening)
            self._ahead.add_done_callback(_look_at)
        return self._ahead

    def _open_fresh(self) -> asyncio.Task[Line]:
        """A socket that is opened now: one that stood by proves nothing about the network."""
        if (ahead := self._ahead) is not None and ahead.done():
            if not ahead.cancelled() and ahead.exception() is None:
                ahead.result().abort()
            self._ahead = None
        return self._open_ahead()


class _Watch:
    """Tells a silent socket from a dead one: pongs count, and only our own waiting counts."""

    def __init__(self, line: Line, timing: Timing, compare: Callable[[], asyncio.Task[Line]]):
        self.waiting = False
        self._line = line
        self._step_s = timing.quiet_s / _STEPS
        self._dead = max(_STEPS, round(timing.dead_s / self._step_s))
        self._compare = compare
        self._heard = line.heard()
        self._silent = 0
        self._timer = self._set()

    def end(self) -> None:
        self._timer.cancel()
        self.waiting = False

    def _set(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._step_s, self._tick)

    def _tick(self) -> None:
        heard = self._line.heard()
        self._silent = self._silent + 1 if self.waiting and heard == self._heard else 0
        self._heard = heard
        self._timer = self._set()
        if self._silent == _STEPS:
            self._compare().add_done_callback(self._compared)
        elif self._silent >= self._dead:
            self._line.abort()

    def _compared(self, other: asyncio.Task[Line]) -> None:
        """The service answers on a new socket and still not on the old one."""
        answered = not other.cancelled() and other.exception() is None
        if answered and self._silent and self.waiting and self._line.heard() == self._heard:
            self._line.abort()


_STEPS = 4
_EARLY_S = 300.0
"""So long before it is due the next socket is opened, between two turns."""


def _note(turn: _Turn, deltas: list[Delta]) -> None:
    for delta in deltas:
        if isinstance(delta, Accepted):
            turn.accepted = True
        else:
            turn.shown = True


def _encode(body: dict[str, Any]) -> str:
    message = {"type": "response.create", **body}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _decode(data: bytes) -> dict[str, Any]:
    """{} for what is no event: it is skipped like an event of an unknown kind."""
    try:
        event = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _look_at(opening: asyncio.Task[Line]) -> None:
    """A fault that nobody came for is no news: the next stream meets it by itself."""
    if not opening.cancelled():
        opening.exception()
