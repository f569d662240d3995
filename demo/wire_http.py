"""One connection: HTTP/1.1 requests in turn, until one of them becomes a WebSocket.

The rule kept here: a client that goes away stops its answer at once. Bodies are bounded; what is
answered comes from model.py, the frames of the WebSocket are wire_websocket.py's business.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from .cache import Cache, Kept
from .model import Service
from .play import Broken, Dialect, Nowhere, Sink, items_of
from .record import Entry
from .request import Ask, BadRequest, parse, read
from .wire_chat import ChatChunks
from .wire_responses import Event, ResponsesEvents

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 64 * 1024 * 1024
REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
    405: "Method Not Allowed", 411: "Length Required", 413: "Content Too Large",
    426: "Upgrade Required", 429: "Too Many Requests", 503: "Service Unavailable",
}  # fmt: skip


class Line:
    """A connection: its bytes that came and were not used yet, the way out, and what the service
    remembers of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.buffer = bytearray()
        self.cache = Cache()

    async def fill(self) -> bool:
        """Wait for more bytes; False when the other side has gone."""
        try:
            data = await self.reader.read(65536)
        except ConnectionError:
            return False
        self.buffer += data
        return bool(data)

    async def until(self, end: bytes) -> bytes | None:
        while (at := self.buffer.find(end)) < 0:
            if len(self.buffer) > HEAD_LIMIT or not await self.fill():
                return None
        return self.take(at + len(end))

    async def exactly(self, size: int) -> bytes | None:
        while len(self.buffer) < size:
            if not await self.fill():
                return None
        return self.take(size)

    def take(self, size: int) -> bytes:
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def drop(self) -> None:
        """Break the connection after what was written, without a farewell."""
        self.writer.transport.set_write_buffer_limits(0)
        await self.writer.drain()
        self.writer.transport.abort()


class EventStream:
    """A sink that writes server-sent events in HTTP chunks, one chunk a wake-up."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def send(self, events: Sequence[Event]) -> None:
        text = "".join(
            f"event: {kind}\ndata: {body}\n\n" if kind else f"data: {body}\n\n"
            for kind, body in events
        )
        if text:
            await self._chunk(text.encode())

    async def garbage(self) -> None:
        await self._chunk(b'data: {"type": "response.output_te\n\n')

    async def fall_silent(self) -> None:
        """There is nothing to be deaf to: nobody speaks to a stream."""

    async def close(self) -> None:
        await self._line.write(b"0\r\n\r\n")

    async def _chunk(self, data: bytes) -> None:
        await self._line.write(b"%x\r\n%s\r\n" % (len(data), data))


class HttpRequest:
    """A request's first lines."""

    def __init__(self, head: bytes) -> None:
        first, *rest = head.decode("latin-1").split("\r\n")
        self.method, _, target = first.partition(" ")
        self.path = urlsplit(target.partition(" ")[0]).path.rstrip("/")
        pairs = (line.partition(":") for line in rest if line)
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def route(self) -> str:
        """The path without /v1, which clients may or may not have in their base URL."""
        return self.path.removeprefix("/v1") or "/"

    @property
    def wants_websocket(self) -> bool:
        return self.headers.get("upgrade", "").lower() == "websocket"

    @property
    def authorized(self) -> bool:
        return bool(self.headers.get("authorization", "").removeprefix("Bearer").strip())


def reply(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer with a JSON body."""
    data = json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} {REASONS[status]}",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def told(service: Service, error: BadRequest | None = None) -> dict[str, str]:
    """What an answer says of limits: the pool, and when to come again."""
    headers = dict(service.pool.headers()) if service.pool else {}
    if error and error.retry_after_s:
        headers["retry-after"] = str(error.retry_after_s)
    return headers


def refusal(error: BadRequest, service: Service) -> bytes:
    """The HTTP form of an error."""
    return reply(error.status, {"error": error.error()}, told(service, error))


async def answer_http(line: Line, request: HttpRequest, service: Service, number: int) -> bool:
    """Answer one plain request; False when the connection is done."""
    size = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers or not size.isdigit() or int(size) > BODY_LIMIT:
        status = 413 if size.isdigit() and int(size) > BODY_LIMIT else 411
        await line.write(reply(status, {"error": {"message": REASONS[status]}}))
        return False
    if request.headers.get("expect", "").lower() == "100-continue":
        await line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await line.exactly(int(size))
    if body is None:
        return False
    match request.method, request.route:
        case "GET", "/_log":
            await line.write(reply(200, service.record.as_json()))
        case "GET", "/models":
            entry = service.record.open("models", number, authorized=request.authorized)
            try:
                service.authorize()
                await line.write(reply(200, service.model_list(), told(service)))
                entry.ended = "completed"
            except BadRequest as error:
                entry.ended = "refused"
                await line.write(refusal(error, service))
        case "POST", "/responses":
            entry = service.record.open("responses", number, authorized=request.authorized)
            return await _generate(line, body, service, entry)
        case "POST", "/chat/completions":
            entry = service.record.open("chat", number, authorized=request.authorized)
            return await _generate(line, body, service, entry)
        case _:
            message = f"Unknown request: {request.method} {request.path}"
            await line.write(reply(404, {"error": {"message": message, "code": "not_found"}}))
    return request.headers.get("connection", "").lower() != "close"


async def _generate(line: Line, data: bytes, service: Service, entry: Entry) -> bool:
    """One answer over HTTP, streamed or whole."""
    try:
        service.authorize()
        body = parse(data)
        entry.body = body
        ask = read(entry.wire, body)
        parent = _parent(ask, service)
        ask = ask.following(parent.items) if parent else ask
        entry.model, entry.user = ask.model, ask.user
        entry.outputs, entry.parent = len(ask.outputs), ask.parent
        service.admit(ask)
    except BadRequest as error:
        entry.ended = "refused"
        await line.write(refusal(error, service))
        return True
    chain: ResponsesEvents | None = None
    dialect: Dialect
    if entry.wire == "chat":
        dialect = ChatChunks(service.next_id("chatcmpl"), ask.model, body)
    else:
        dialect = chain = ResponsesEvents(service.next_id("resp"), ask.model, body)
    stream = EventStream(line) if body.get("stream") else None
    sink: Sink = stream or Nowhere()
    read_in = service.read(ask, entry, line.cache, parent)
    player = service.prepare(ask, dialect, sink, entry)
    if stream:
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
        limits = "".join(f"{name}: {value}\r\n" for name, value in told(service).items())
        await line.write(f"{head}{limits}Transfer-Encoding: chunked\r\n\r\n".encode())
    if not await _while_connected(line, player.play(read_in), entry):
        return False
    entry.ended = "incomplete" if player.cut else "completed"
    kept = line.cache.remember(
        ask, ask.items + (items_of(player.answer, chain.output) if chain else ())
    )
    if chain and body.get("store") is not False:
        service.keep(chain.response_id, kept)
    if stream:
        await stream.close()
    else:
        whole = dialect.final(player.spent(read_in), cut=player.cut)
        await line.write(reply(200, whole, told(service)))
    return True


def _parent(ask: Ask, service: Service) -> Kept | None:
    """The conversation that a request continues."""
    if not ask.parent:
        return None
    kept = service.stored.get(ask.parent)
    if kept is None or service.strikes("notfound"):
        raise missing_parent(ask)
    return kept


def missing_parent(ask: Ask) -> BadRequest:
    return BadRequest(
        400,
        "previous_response_not_found",
        f"Previous response with id '{ask.parent}' not found.",
        param="previous_response_id",
    )


async def _while_connected(line: Line, playing: Any, entry: Entry) -> bool:
    """Play until the end or until the client goes; False when the connection is over."""
    play = asyncio.ensure_future(playing)
    watch = asyncio.ensure_future(line.fill())
    try:
        await asyncio.wait({play, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not play.done() and not watch.result():
            entry.ended = "interrupted"
            return False
        await play
    except Broken:
        entry.ended = "broken"
        await line.drop()
        return False
    except ConnectionError:
        entry.ended = "interrupted"
        return False
    finally:
        for task in (play, watch):
            task.cancel()
        await asyncio.gather(play, watch, return_exceptions=True)
    return True
