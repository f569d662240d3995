"""Answers over plain HTTP, as server-sent events, in either dialect.

The rule kept here: what a person has seen is never asked for again. Before the first delta a limit,
a trouble of the service or a broken connection is waited for and tried again; after it, the stream
ends with Failed. An answer is bounded, and complete only by the dialect's own closing event.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from spark_tui.errors import LimitFault, ModelFault, ModelMissing, SparkFault
from spark_tui.model.address import place_of
from spark_tui.model.dialects import Dialect, EventDecoder
from spark_tui.model.echo import Echo
from spark_tui.model.events import Splitter, values_of
from spark_tui.model.faults import (
    BROKEN,
    Place,
    Refusal,
    WireRefused,
    broken_off,
    fault_of,
    optional_field,
    read_refusal,
    too_large,
    unreachable,
    why_wait,
)
from spark_tui.model.http import Answer, Broken, Client, Unreached, parsed, said
from spark_tui.model.listing import get_models as get_models
from spark_tui.model.loose import mapping
from spark_tui.model.memory import Learned
from spark_tui.model.provider import (
    Accepted,
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
from spark_tui.model.rate_limits import pool_of
from spark_tui.model.retry import Budget, is_passing
from spark_tui.model.silence import QUIET_S, Listening
from spark_tui.model.turns import Stopped, Turns

LIMIT_BYTES = 64 << 20
EVENT_BYTES = 16 << 20
"""Of one event, and of a line that does not end."""
WHOLE_BYTES = 4 << 20
"""Of an answer that comes in one piece: it has to be held as a whole."""
_REFUSAL_BYTES = 64 << 10
_LINGER_S = 0.1
_PROBE_S = 10.0
_NO_SUCH_WIRE = frozenset({404, 405, 426, 501})
_NO_ROUTE = re.compile(r"(?i)^(unexpected endpoint|unknown request url|no route|cannot post)\b")
"""LM Studio says it with status 200."""


@dataclass(slots=True)
class _Talk:
    """How far a request has come."""

    turn: int
    request: Request
    place: Place
    budget: Budget = field(default_factory=Budget)
    is_connected: bool = False
    is_shown: bool = False
    """Something was delivered that a person may have seen."""


class _Again(Exception):
    """Nothing came of the request, and another try may do better."""

    def __init__(self, fault: SparkFault, refusal: Refusal | None = None) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.refusal = refusal
        """None: it goes out again at once, because it is another one."""


class HttpStream:
    """A Provider over POST and server-sent events. `stream` may raise WireRefused."""

    def __init__(
        self,
        endpoint: Endpoint,
        dialect: Dialect,
        *,
        tell: Tell | None = None,
        learned: Learned | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        quiet_s: float = QUIET_S,
    ) -> None:
        self.wire = dialect.wire
        self._endpoint = endpoint
        self._dialect = dialect
        self._tell = tell or _deaf
        self._learned = learned or Learned()
        self._sleep = sleep
        self._quiet_s = quiet_s
        self._client = Client(endpoint)
        self._turns = Turns()

    def wire_hint(self) -> str:
        return self.wire

    def wire_why(self) -> str:
        return ""

    async def connect(self) -> None:
        """HTTP has no connection to open ahead, but its client takes a while to load."""
        with suppress(Unreached):
            await self._client.open()

    async def probe(self) -> bool | None:
        """Asks by an empty request, which every service has to refuse: True when it speaks this
        wire, None when that is not known. Raises WireRefused."""
        try:
            async with asyncio.timeout(_PROBE_S):
                answer = await self._client.post(self._dialect.path, b"{}")
                refusal = await _refusal(answer)
        except (Unreached, Broken, SparkFault, TimeoutError):
            return None
        match self._judge(refusal, {}, place_of(self._endpoint)):
            case WireRefused() as refused:
                raise refused
            case ModelFault() | LimitFault():
                return True
            case _:
                return None

    async def warm(self, request: Request) -> bool:
        return False

    async def steer(self, text: str) -> bool:
        return False

    def stop(self) -> None:
        self._turns.stop()

    async def close(self) -> None:
        self.stop()
        await self._client.close()

    async def models(self) -> tuple[ModelInfo, ...]:
        return await get_models(self._endpoint)

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        self.stop()
        turn = self._turns.begin()
        talk = _Talk(turn, request, place_of(self._endpoint, request.model))
        try:
            while True:
                try:
                    async with aclosing(self._attempt(talk)) as batches:
                        async for batch in batches:
                            for delta in batch:
                                if self._turns.is_over(turn):
                                    return
                                yield delta
                    return
                except _Again as again:
                    if not await self._may_go_again(talk, again):
                        yield Failed(again.fault)
                        return
        except Stopped:
            return
        except SparkFault as fault:
            yield Failed(fault)
        finally:
            self._turns.end(turn)

    async def _may_go_again(self, talk: _Talk, again: _Again) -> bool:
        """After the wait that it takes, if it is worth one."""
        refusal = again.refusal
        if refusal is None:
            return True
        if refusal is BROKEN and self._client.connect_ms is None and not talk.budget.spent:
            talk.budget.spent += 1
            return True  # a connection that stood by is often gone without a word
        jitter = secrets.randbelow(1000) / 1000
        seconds = talk.budget.wait_s(refusal, jitter=jitter)
        if seconds is None:
            return False
        self._tell(Waiting(seconds, why_wait(refusal, talk.place)))
        try:
            await self._turns.wait(talk.turn, partial(self._sleep, seconds))
        finally:
            self._tell(Lively())
        return True

    async def _attempt(self, talk: _Talk) -> AsyncGenerator[list[Delta], None]:
        """One sending of the request. Raises _Again when nothing came of it."""
        place, model = talk.place, talk.request.model
        body = self._dialect.encode(talk.request, self._learned.without_for(model))
        decoder = self._dialect.decoder(place)
        echo = Echo(talk.request)
        listening = Listening(self._tell, self._client.peer, quiet_s=self._quiet_s)
        answer: Answer | None = None
        try:
            listening.waiting = True
            answer = await self._ask(talk, body)
            if not talk.is_connected:
                talk.is_connected = True
                waited = self._client.connect_ms
                yield [Connected(self.wire, waited or 0.0, reused=waited is None)]
            async with aclosing(self._pieces(talk, answer, listening)) as pieces:
                async for piece in pieces:
                    deltas = self._decoded(decoder, echo, piece)
                    if decoder.finished:
                        deltas = self._ended(talk, decoder, deltas, body)
                        if self._dialect.wire == "responses" and echo.drops_tools:
                            self._learned.drops_tools = decoder.refusal is None
                    if deltas:
                        talk.is_shown = talk.is_shown or _shows(deltas)
                        yield deltas
                    if decoder.finished:
                        break
            await self._drain(talk.turn, answer)
        except Broken as broken:
            fault = broken_off(place, str(broken))
            if not talk.is_shown:
                raise _Again(fault, BROKEN) from broken
            yield [Failed(fault)]
        finally:
            listening.end()
            if answer is not None:
                await answer.close()

    def _decoded(self, decoder: EventDecoder, echo: Echo, piece: _Piece) -> list[Delta]:
        if isinstance(piece, _Whole):
            return decoder.whole(piece.answer)
        deltas: list[Delta] = []
        for data in piece or ():
            if data.strip() == "[DONE]":
                deltas += decoder.done()
                continue
            for event in map(mapping, values_of(data)):
                if echo.listens:
                    echo.hear(event)
                deltas += decoder.decode(event)
        return deltas if piece is not None else decoder.close()

    def _ended(
        self, talk: _Talk, decoder: EventDecoder, deltas: list[Delta], body: dict[str, Any]
    ) -> list[Delta]:
        """The last deltas; raises what stands behind a failure before anything was shown."""
        last = deltas[-1]
        if not isinstance(last, Failed) or talk.is_shown or _shows(deltas):
            return deltas
        if decoder.refusal is None:
            raise _Again(last.fault, BROKEN)
        found = self._judge(decoder.refusal, body, talk.place)
        if isinstance(found, SparkFault):
            return deltas
        raise found

    def _judge(
        self, refusal: Refusal, body: dict[str, Any], place: Place
    ) -> SparkFault | WireRefused | _Again:
        """What to do about a refusal of a request whose answer has not begun."""
        if 300 <= refusal.status < 400:
            return unreachable(place, "it redirects to another address, which is not followed")
        fault = fault_of(refusal, place)
        if name := optional_field(refusal, body):
            self._learned.leave_out(place.model, name)
            return _Again(fault)
        no_route = bool(_NO_ROUTE.search(refusal.message))
        if (no_route or refusal.status in _NO_SUCH_WIRE) and not isinstance(fault, ModelMissing):
            status = refusal.status if refusal.status in _NO_SUCH_WIRE else 404
            why = f"{self._dialect.path} is not served ({status})"
            return WireRefused(unreachable(place, why), status=status)
        return _Again(fault, refusal) if is_passing(refusal) else fault

    async def _pieces(
        self, talk: _Talk, answer: Answer, listening: Listening
    ) -> AsyncGenerator[_Piece, None]:
        """The data of the events in each piece of the body; None at its end."""
        splitter, size = Splitter(), 0
        chunk: bytes | None = b""
        while chunk is not None:
            listening.waiting = True
            chunk = await self._turns.wait(talk.turn, answer.next)
            listening.waiting = False
            listening.heard()
            if not size and (answer.is_json or (chunk or b"").lstrip()[:1] in (b"{", b"[")):
                yield await self._whole(talk, answer, chunk or b"")
                return
            size += len(chunk or b"")
            if size > LIMIT_BYTES:
                raise too_large(talk.place, LIMIT_BYTES)
            if chunk is None:
                yield splitter.end()
                break
            if events := splitter.feed(chunk):
                yield events
            if splitter.held > EVENT_BYTES:
                raise too_large(talk.place, EVENT_BYTES)
        yield None

    async def _whole(self, talk: _Talk, answer: Answer, head: bytes) -> _Whole:
        """The answer of a service that ignores "stream", or that calls an error a success."""
        rest = await self._turns.wait(talk.turn, partial(answer.body, WHOLE_BYTES))
        if len(head) + len(rest) > WHOLE_BYTES:
            raise too_large(talk.place, WHOLE_BYTES)
        value = parsed(head + rest)
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, dict):
            raise unreachable(talk.place, "what it says is no answer; is this the base URL?")
        return _Whole(value)

    async def _drain(self, turn: int, answer: Answer) -> None:
        """Reads the last bytes of a finished answer, so that the connection can be used again."""
        with suppress(TimeoutError, Broken):
            async with asyncio.timeout(_LINGER_S):
                while await self._turns.wait(turn, answer.next) is not None:
                    pass

    async def _ask(self, talk: _Talk, body: dict[str, Any]) -> Answer:
        """An answer that begins well."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        post = partial(self._client.post, self._dialect.path, text.encode("utf-8", "replace"))
        try:
            answer = await self._turns.wait(talk.turn, post)
        except Unreached as unreached:
            raise unreachable(talk.place, str(unreached)) from unreached
        if (pool := pool_of(answer.headers)) is not None:
            self._tell(pool)
        if answer.status != 200:
            refusal = await self._turns.wait(talk.turn, partial(_refusal, answer))
            raise self._judge(refusal, body, talk.place)
        if "html" in answer.content_type:
            await answer.close()
            raise unreachable(talk.place, "it answers with a web page; is this the base URL?")
        return answer


@dataclass(frozen=True, slots=True)
class _Whole:
    """An answer in one piece."""

    answer: dict[str, Any]


_Piece = list[str] | _Whole | None


async def _refusal(answer: Answer) -> Refusal:
    """Closes the answer. Where the body breaks off, the status alone says enough."""
    body = b""
    try:
        with suppress(Broken):
            body = await answer.body(_REFUSAL_BYTES)
    finally:
        await answer.close()
    return read_refusal(said(body), status=answer.status, headers=answer.headers)


def _shows(deltas: list[Delta]) -> bool:
    return any(not isinstance(delta, Connected | Accepted | Failed) for delta in deltas)


def _deaf(_: News) -> None:
    """Nobody wants to know."""
