"""The Responses service over one lasting WebSocket: the provider that spark-tui is made for.

The rule kept here: what a person has seen is never asked for again. Before the first delta a
broken connection is repeated once, a lost chain is sent whole, and a service that is busy is waited
for; after it, the stream ends with Failed. The hot loop has one await, one parse and one dispatch
an event. Which socket is used is lines.py's business, what was said on it talk.py's; reading ahead
is warming.py's and joining a running answer steering.py's.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from spark_tui.errors import ModelMissing, SparkFault
from spark_tui.model.address import place_of
from spark_tui.model.faults import (
    Place,
    Refusal,
    WireRefused,
    broken_off,
    fault_of,
    optional_field,
    too_large,
    why_wait,
)
from spark_tui.model.lines import Lines
from spark_tui.model.listing import get_models
from spark_tui.model.memory import Learned
from spark_tui.model.provider import (
    Accepted,
    Completed,
    Connected,
    Delta,
    Endpoint,
    Failed,
    Lively,
    ModelInfo,
    News,
    Request,
    Tell,
    Waiting,
)
from spark_tui.model.responses import Decoder
from spark_tui.model.retry import CURABLE_CLOSES, SOCKET_CODES, Budget, is_passing
from spark_tui.model.steering import Steering
from spark_tui.model.talk import Habits, Talk, event_of, message
from spark_tui.model.turns import Stopped, Turns
from spark_tui.model.warming import Warming
from spark_tui.model.watch import Watch
from spark_tui.model.websocket import (
    GOOD_BYE,
    MESSAGE_BYTES,
    TOO_BIG,
    Busy,
    Door,
    LineDropped,
    LineLeft,
    Timing,
)

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
    accepted: str = ""
    """The response that the service makes of it."""
    shown: bool = False
    """Something was delivered that a person may have seen."""
    ended: bool = False
    resent: bool = False
    renewed: bool = False
    reconnected: bool = False
    budget: Budget = field(default_factory=Budget)
    pause_s: float = 0.0
    """Before the next sending."""
    why: str = ""
    """Why it pauses, for a person."""


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
        learned: Learned | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        standby: bool = True,
    ) -> None:
        """`standby`: keep a second socket open, so that a stop or a drop costs no handshake."""
        self._endpoint = endpoint
        self._timing = timing or Timing()
        self._tell = tell or _deaf
        self._learned = learned or Learned()
        self._sleep = sleep
        self._turns = Turns()
        self._turn: _Turn | None = None
        habits = Habits()
        door = Door(endpoint, self._timing, now, self._tell)
        self._lines = Lines(door, self._timing, now, standby=standby)
        self._warming = Warming(self._lines, self._learned, habits)
        self._steering = Steering(self._timing, habits, self._learned)

    def wire_hint(self) -> str:
        return self.wire

    def wire_why(self) -> str:
        return ""

    async def models(self) -> tuple[ModelInfo, ...]:
        return await get_models(self._endpoint)

    async def connect(self) -> None:
        with suppress(WireRefused):
            await self.probe()

    async def probe(self) -> bool | None:
        """Opens the socket: True when there is one, None when that is not known. Raises
        WireRefused when the service has none."""
        try:
            await self._lines.open()
        except (SparkFault, Busy):
            return None
        return True

    async def warm(self, request: Request) -> bool:
        if self._turns.running:
            return False
        return await self._warming.warm(request, place_of(self._endpoint, request.model))

    async def steer(self, text: str) -> bool:
        turn, talk = self._turn, self._lines.current
        if turn is None or turn.ended or talk is None or not turn.accepted:
            return False
        return await self._steering.steer(talk, turn.request.model, turn.accepted, text)

    def stop(self) -> None:
        """Also drops what the service says by itself to a steer, while nobody has taken it up."""
        talk = self._lines.current
        if self._turns.running or (talk is not None and talk.steered is not None):
            self._turns.stop()
            self._lines.drop()
            self._lines.ahead()

    async def close(self) -> None:
        self._turns.stop()
        self._warming.stop()
        await self._lines.close()

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        if self._turns.running:
            self.stop()
        self._warming.stop()
        place = place_of(self._endpoint, request.model)
        turn = self._turn = _Turn(self._turns.begin(), request, place)
        try:
            while not turn.ended:
                await self._pause(turn)
                async with aclosing(self._attempt(turn)) as batches:
                    async for batch in batches:
                        for delta in batch:
                            if self._turns.is_over(turn.number):
                                return
                            yield delta
        except Stopped:
            return
        except SparkFault as fault:
            yield Failed(fault)
        finally:
            if not turn.ended and not self._turns.is_over(turn.number):
                self._lines.drop()
            turn.ended = True
            self._turns.end(turn.number)

    async def _pause(self, turn: _Turn) -> None:
        """The wait before a request goes out again; cut short by `stop`."""
        seconds, turn.pause_s = turn.pause_s, 0.0
        if not seconds:
            return
        self._tell(Waiting(seconds, turn.why))
        try:
            await self._turns.wait(turn.number, partial(self._sleep, seconds))
        finally:
            self._tell(Lively())

    async def _attempt(self, turn: _Turn) -> AsyncGenerator[list[Delta], None]:
        """One sending of the request. It ends without `turn.ended` when another may cure it."""
        try:
            talk, wait_ms, reused = await self._turns.wait(turn.number, self._lines.take)
        except Busy as busy:
            self._put_off(turn, busy)
            return
        line = talk.line
        decoder = Decoder(turn.place)
        watch = Watch(line, self._timing, self._lines.fresh, self._tell)
        body: dict[str, Any] = {}
        try:
            if (owed := talk.owed) is not None:
                await self._turns.wait(turn.number, owed.left.wait)
            first: dict[str, Any] | None = None
            watch.waiting = True
            if talk.steered is not None:
                first = await self._turns.wait(
                    turn.number, partial(self._steering.take_up, talk, turn.request, turn.place)
                )
            if first is None:
                without = self._learned.without_for(turn.request.model)
                body = talk.chain.body(turn.request, without=without)
                talk.model = talk.model or turn.request.model
                text = message("response.create", body)
                await self._turns.wait(turn.number, partial(line.send, text))
            watch.waiting = False
            if not turn.connected:
                turn.connected = True
                yield [Connected(self.wire, wait_ms, reused)]
            size = events = 0
            while not decoder.finished:
                if first is not None:
                    event, first = first, None
                else:
                    watch.waiting = True
                    data = await line.receive()
                    watch.waiting = False
                    size += len(data)
                    if size > LIMIT_BYTES:
                        raise too_large(turn.place, LIMIT_BYTES)
                    event = event_of(data)
                if owed is not None:
                    if not owed.ended and owed.hear(event):
                        if owed.ended and not self._warming.learn(owed, turn.place):
                            raise LineLeft("more may come of what it should only have read")
                        continue
                    owed = talk.owed = None
                if talk.steered is not None and self._steering.hear(talk, event):
                    continue
                if not turn.accepted and talk.is_past(event):
                    continue
                deltas = decoder.decode(event)
                if decoder.finished:
                    deltas = self._finish(turn, talk, decoder, deltas, body)
                if deltas:
                    if not turn.shown:
                        self._note(turn, deltas)
                    yield deltas
                events += 1
                if not events % _BREATH:
                    await asyncio.sleep(0)
        except LineDropped as dropped:
            if self._turns.is_over(turn.number):
                raise Stopped from None
            if self._lines.current is talk:
                self._lines.drop()
            if failed := self._dropped(turn, dropped, crossed=reused and not turn.accepted):
                yield failed
        finally:
            watch.end()
            if talk.steered is not None:
                talk.steered.settle(None)

    # -- how it ends -------------------------------------------------------------
    def _dropped(self, turn: _Turn, dropped: LineDropped, *, crossed: bool) -> list[Delta]:
        """The connection broke: what is delivered of it. Nothing, if it is to be tried again.

        `crossed`: it may have been closed before the request came. Raises WireRefused where
        another wire may do better.
        """
        fault: SparkFault = broken_off(turn.place, str(dropped))
        if dropped.code == TOO_BIG:  # what came, or what we sent
            fault = (
                too_large(turn.place, MESSAGE_BYTES)
                if dropped.by_us
                else fault_of(Refusal(status=413), turn.place)
            )
        is_wire = dropped.by_us != (dropped.code == TOO_BIG)
        if isinstance(dropped, LineLeft):
            turn.accepted = ""
        elif turn.shown:
            turn.ended = True
        elif is_wire:
            raise WireRefused(fault) from dropped
        elif dropped.code in CURABLE_CLOSES or (crossed and dropped.code == GOOD_BYE):
            if turn.reconnected:
                raise WireRefused(fault) from dropped
            turn.reconnected = True
            turn.accepted = ""
        else:
            turn.ended = True
        return [Failed(fault)] if turn.ended else []

    def _put_off(self, turn: _Turn, busy: Busy) -> None:
        """The handshake met a limit or a trouble: waits for it, or raises what it comes to. Where
        another wire may do, only one short wait is worth it."""
        is_wire = isinstance(busy.fault, WireRefused)
        seconds = None
        if not (is_wire and turn.budget.spent):
            seconds = turn.budget.wait_s(busy.refusal, jitter=_jitter())
        if seconds is None or (is_wire and seconds > 1.0):
            raise busy.fault
        turn.pause_s, turn.why = seconds, why_wait(busy.refusal, turn.place)

    def _finish(
        self,
        turn: _Turn,
        talk: Talk,
        decoder: Decoder,
        deltas: list[Delta],
        body: dict[str, Any],
    ) -> list[Delta]:
        """The closing event: what is delivered of it, if no cure is left to try first."""
        refusal = decoder.refusal
        talk.past, talk.past_items = decoder.response_id, decoder.item_ids
        if refusal is None:
            turn.ended = True
            if isinstance(done := deltas[-1], Completed):
                talk.chain.advance(done)
            if decoder.bridged:  # such a proxy loses the call when it puts a chain together
                talk.chain.forget()
            self._lines.refresh()
            return deltas
        talk.chain.forget()  # the service forgets the parent after any error
        if not turn.shown and self._cure(turn, talk, refusal, body):
            turn.accepted = ""
            return []
        turn.ended = True
        if turn.accepted:  # more of this response may come: the next one needs a clean socket
            self._lines.drop()
        return deltas

    def _cure(self, turn: _Turn, talk: Talk, refusal: Refusal, body: dict[str, Any]) -> bool:
        """Whether the request goes out once more."""
        if refusal.code == "previous_response_not_found":
            again, turn.resent = not turn.resent, True
            return again
        is_bound = talk.model != turn.request.model and _is_missing(refusal, turn.place)
        if refusal.code in SOCKET_CODES or is_bound:
            again, turn.renewed = not turn.renewed, True
            if again:
                self._lines.drop()
            return again
        if name := optional_field(refusal, body):
            self._learned.leave_out(turn.request.model, name)
            return True
        if not is_passing(refusal):
            return False
        seconds = turn.budget.wait_s(refusal, jitter=_jitter())
        if seconds is None:
            return False
        turn.pause_s, turn.why = seconds, why_wait(refusal, turn.place)
        if refusal.status != 429 and not refusal.code.startswith("rate_limit"):
            self._lines.drop()  # it may be this one machine of theirs
        return True

    def _note(self, turn: _Turn, deltas: list[Delta]) -> None:
        for delta in deltas:
            if isinstance(delta, Accepted):
                turn.accepted = delta.response_id or "?"
                self._lines.stand_by()
            else:
                turn.shown = True


def _is_missing(refusal: Refusal, place: Place) -> bool:
    return isinstance(fault_of(refusal, place), ModelMissing)


def _jitter() -> float:
    return secrets.randbelow(1000) / 1000


def _deaf(_: News) -> None:
    """Nobody wants to know."""
