"""Answers over plain HTTP: server-sent events, and the list of models.

The rule kept here: the only importer of httpx, and only inside functions. No redirect is followed,
a response is bounded, and an answer is complete only by the dialect's own closing event.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from spark_tui.errors import ModelMissing, SparkFault
from spark_tui.model.address import headers_of, http_url, load, place_of, tls_context
from spark_tui.model.dialects import Dialect, EventDecoder
from spark_tui.model.faults import (
    Place,
    Refusal,
    WireRefused,
    broken_off,
    fault_of,
    optional_field,
    read_refusal,
    too_large,
    unreachable,
)
from spark_tui.model.loose import count, listed, mapping, string
from spark_tui.model.pace import REST_S, Pace, Read
from spark_tui.model.presets import describe
from spark_tui.model.provider import (
    Accepted,
    Connected,
    Delta,
    Endpoint,
    Failed,
    ModelInfo,
    Request,
    Tell,
)
from spark_tui.model.turns import Stopped, Turns

if TYPE_CHECKING:
    import httpx

LIMIT_BYTES = 64 << 20
_REFUSAL_BYTES = 64 << 10
_NO_SUCH_WIRE = frozenset({404, 405, 426, 501})


class Splitter:
    """Bytes in, the data of whole events out, however the bytes were cut.

    >>> splitter = Splitter()
    >>> splitter.feed(b'data: {"a":'), splitter.feed(b'1}\\r\\n\\r\\nda')
    ([], ['{"a":1}'])
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        """The line that has not ended yet."""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[str]:
        if b"\n" not in chunk and b"\r" not in chunk:
            self._parts.append(chunk)
            return []
        lines = b"".join([*self._parts, chunk]).splitlines(keepends=True)
        # A CR at the very end may be the first half of CR LF.
        self._parts = [lines.pop()] if not lines[-1].endswith(b"\n") else []
        events: list[str] = []
        for line in lines:
            self._line(line.rstrip(b"\r\n"), events)
        return events

    def end(self) -> list[str]:
        """The body is over: a last event may lack its blank line."""
        events: list[str] = []
        for line in b"".join(self._parts).splitlines():
            self._line(line, events)
        self._parts = []
        self._line(b"", events)
        return events

    def _line(self, line: bytes, events: list[str]) -> None:
        if not line:
            if self._data:
                events.append("\n".join(self._data))
                self._data = []
        elif line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" ").decode("utf-8", "replace"))


class HttpStream:
    """A Provider over POST and server-sent events. `stream` may raise WireRefused."""

    def __init__(self, endpoint: Endpoint, dialect: Dialect, *, tell: Tell | None = None) -> None:
        self.wire = dialect.wire
        self._tell = tell
        self._endpoint = endpoint
        self._dialect = dialect
        self._client: httpx.AsyncClient | None = None
        self._turns = Turns()
        self._without: frozenset[str] = frozenset()

    def wire_hint(self) -> str:
        return self.wire

    async def connect(self) -> None:
        await self.probe()

    async def probe(self) -> bool | None:
        """HTTP has no connection to open ahead, but its client takes a while to load.

        Whether the service speaks this wire is not known until something is asked.
        """
        with suppress(SparkFault):
            await self._opened()
        return None

    async def warm(self, request: Request) -> bool:
        return False

    async def steer(self, text: str) -> bool:
        return False

    def stop(self) -> None:
        self._turns.stop()

    async def close(self) -> None:
        self.stop()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def models(self) -> tuple[ModelInfo, ...]:
        return await get_models(self._endpoint)

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        self.stop()
        turn = self._turns.begin()
        place = place_of(self._endpoint, request.model)
        connected = shown = False
        try:
            for repeated in (False, True):
                try:
                    async with aclosing(self._batches(turn, request, place)) as batches:
                        async for batch in batches:
                            for delta in batch:
                                if isinstance(delta, Connected):
                                    if connected:
                                        continue
                                    connected = True
                                elif not isinstance(delta, Accepted):
                                    shown = True
                                yield delta
                                if self._turns.is_over(turn):
                                    return
                    return
                except _Dropped as dropped:
                    if shown or repeated:
                        yield Failed(broken_off(place, dropped.why))
                        return
        except Stopped:
            return
        except SparkFault as fault:
            yield Failed(fault)
        finally:
            self._turns.end(turn)

    async def _batches(
        self, turn: int, request: Request, place: Place
    ) -> AsyncGenerator[list[Delta], None]:
        """What each piece of the body gives; raises _Dropped when the body breaks off."""
        started = time.monotonic()
        decoder = self._dialect.decoder(place)
        response = await self._ask(turn, request, place)
        try:
            yield [Connected(self.wire, (time.monotonic() - started) * 1000, reused=False)]
            if "json" in response.headers.get("content-type", ""):
                # "stream" was ignored: the whole answer is one value.
                whole = _json(await self._turns.wait(turn, response.aread))
                yield decoder.whole(mapping(whole))
                return
            _keep_alive(response)
            splitter, pace, size, gathered = Splitter(), Pace(), 0, 0
            chunks = response.aiter_raw()
            while not decoder.finished:
                read = Read()
                chunk = await self._next(turn, chunks)
                read.ended()
                size += len(chunk or b"")
                if size > LIMIT_BYTES:
                    raise too_large(place, LIMIT_BYTES)
                deltas: list[Delta] = []
                for data in splitter.feed(chunk) if chunk else splitter.end():
                    deltas += self._event(decoder, data)
                if not chunk:
                    deltas += decoder.close()
                if deltas:
                    yield deltas
                if chunk and read.waited_s is not None:
                    if pace.rest_after(read.waited_s, gathered):
                        await asyncio.sleep(REST_S)
                    gathered = 0
                gathered += len(chunk or b"")
            await self._drain(turn, chunks)
        finally:
            await response.aclose()

    def _event(self, decoder: EventDecoder, data: str) -> list[Delta]:
        if data.strip() == "[DONE]":
            return decoder.done()
        event = _json(data)
        return decoder.decode(event) if isinstance(event, dict) else []

    async def _next(self, turn: int, chunks: AsyncIterator[bytes]) -> bytes | None:
        """The next piece of the body, None at its end."""
        import httpx

        try:
            return await self._turns.wait(turn, chunks.__anext__)
        except StopAsyncIteration:
            return None
        except httpx.HTTPError as error:
            raise _Dropped(_why(error)) from error

    async def _drain(self, turn: int, chunks: AsyncIterator[bytes]) -> None:
        """Reads the last bytes of a finished answer, so that the connection can be used again."""
        with suppress(TimeoutError, _Dropped):
            async with asyncio.timeout(_LINGER_S):
                while await self._next(turn, chunks):
                    pass

    async def _ask(self, turn: int, request: Request, place: Place) -> httpx.Response:
        """An answer that begins well; fields that the service will not take are left out."""
        import httpx

        client = await self._turns.wait(turn, self._opened)
        while True:
            body = self._dialect.encode(request, self._without)
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            message = client.build_request(
                "POST",
                http_url(self._endpoint, self._dialect.path),
                content=data.encode("utf-8", "replace"),
                headers={**_HEADERS, **headers_of(self._endpoint)},
            )
            try:
                response = await self._turns.wait(turn, partial(client.send, message, stream=True))
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
                raise unreachable(place, _why(error)) from error
            except httpx.HTTPError as error:
                raise _Dropped(_why(error)) from error
            if response.status_code == 200:
                return response
            refusal = await self._read_refusal(turn, response)
            name = optional_field(refusal, body)
            if name is None:
                raise self._refused(refusal, place)
            self._without |= {name}

    def _refused(self, refusal: Refusal, place: Place) -> SparkFault | WireRefused:
        if 300 <= refusal.status < 400:
            return unreachable(place, "it redirects to another address, which is not followed")
        fault = fault_of(refusal, place)
        if refusal.status in _NO_SUCH_WIRE and not isinstance(fault, ModelMissing):
            return WireRefused(
                unreachable(place, f"{self._dialect.path} is not served ({refusal.status})")
            )
        return fault

    async def _read_refusal(self, turn: int, response: httpx.Response) -> Refusal:
        data = b""
        try:
            chunks = response.aiter_raw()
            while len(data) < _REFUSAL_BYTES and (chunk := await self._next(turn, chunks)):
                data += chunk
        except _Dropped:
            pass  # the status alone says enough
        finally:
            await response.aclose()
        text = data.decode("utf-8", "replace")
        status = response.status_code
        return read_refusal(_json(text) or _plain(text), status=status, headers=response.headers)

    async def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = await _open_client(self._endpoint)
        return self._client


class _Dropped(Exception):
    """The connection broke without an answer or within one."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


async def get_models(
    endpoint: Endpoint, *, timeout_s: float | None = None
) -> tuple[ModelInfo, ...]:
    """GET /models. Raises KeyRefused, ConnectFault, NetworkFault."""
    client = await _open_client(endpoint)
    import httpx

    place = place_of(endpoint)
    limit = _TIMEOUT_S if timeout_s is None else timeout_s
    try:
        async with asyncio.timeout(limit), client:
            response = await client.get(
                http_url(endpoint, "/models"), headers={**_HEADERS, **headers_of(endpoint)}
            )
    except (TimeoutError, httpx.TimeoutException) as error:
        raise unreachable(place, f"no answer for {limit:g} s") from error
    except httpx.HTTPError as error:
        raise unreachable(place, _why(error)) from error
    status = response.status_code
    if 300 <= status < 400:
        raise unreachable(place, "it redirects to another address, which is not followed")
    if status != 200:
        body = _json(response.text) or _plain(response.text)
        raise fault_of(read_refusal(body, status=status, headers=response.headers), place)
    body = mapping(_json(response.text))
    if not isinstance(body.get("data"), list):
        raise unreachable(place, "it lists no models; is this the base URL?")
    return tuple(
        _model(row) for row in map(mapping, listed(body.get("data"))) if string(row.get("id"))
    )


def _model(row: Mapping[str, Any]) -> ModelInfo:
    """What the service tells beats what our table knows."""
    known = describe(string(row.get("id")))
    windows = (
        row.get("context_length"),
        row.get("max_model_len"),
        row.get("max_context_length"),
        mapping(row.get("meta")).get("n_ctx"),
    )
    window = next((size for size in map(count, windows) if size), known.window)
    return replace(known, owned_by=string(row.get("owned_by")), window=window)


_HEADERS = {
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "spark-tui",
}
_TIMEOUT_S = 10.0
_LINGER_S = 0.1


async def _open_client(endpoint: Endpoint) -> httpx.AsyncClient:
    """A loopback address is never asked for through a proxy."""
    for name in ("httpx", "httpcore", "anyio"):  # httpx itself loads them at its first request
        await load(name)
    import httpx

    secure = endpoint.base_url.startswith("https:")
    # Where no TLS is spoken, a context that trusts nobody: it costs nothing and fails closed.
    trust = await tls_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Long silent thinking is no fault; a dead peer is the kernel's to find, see _keep_alive.
    timeout = httpx.Timeout(connect=5.0, read=300.0, write=30.0, pool=5.0)
    try:
        return httpx.AsyncClient(
            verify=trust, timeout=timeout, trust_env=not endpoint.is_local, follow_redirects=False
        )
    except (ImportError, ValueError) as error:
        raise unreachable(place_of(endpoint), str(error)) from error


def _keep_alive(response: httpx.Response) -> None:
    """Lets the kernel ask a silent peer after 12 s and give it up after 60."""
    stream = response.extensions.get("network_stream")
    peer = stream.get_extra_info("socket") if stream is not None else None
    if peer is None:
        return
    with suppress(OSError):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 12), ("TCP_KEEPINTVL", 6), ("TCP_KEEPCNT", 8)):
            option = getattr(socket, name, None)  # not every platform has all three
            if option is not None:
                peer.setsockopt(socket.IPPROTO_TCP, option, value)


def _json(text: str | bytes) -> object:
    """None for what is no JSON: an event that cannot be read is skipped."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _plain(text: str) -> str:
    """An error page says nothing that a person wants to read."""
    return "" if "<" in text[:200] else text


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
