"""A model service on loopback that does exactly what a test tells it, good or bad.

The rule kept here: it plays, it does not judge. WebSocket and HTTP answer on one port; every
request is kept for the test to look at.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from websockets.frames import Opcode
from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

T = TypeVar("T")


class Drop:
    """Cut the connection, without a farewell."""


class Close:
    """Say goodbye in the middle of things."""


@dataclass(frozen=True)
class Bye:
    """Close with this code."""

    code: int
    reason: str = ""


class Wait:
    """Stay silent until `go` is set; pings are answered."""


class Mute:
    """Read and answer nothing any more: a peer that has vanished."""


@dataclass(frozen=True)
class Raw:
    """Bytes as they are: one text frame, or a piece of an HTTP body."""

    data: bytes


@dataclass(frozen=True)
class Frames:
    """Bytes of the WebSocket itself, whatever they may be."""

    data: bytes


@dataclass(frozen=True)
class Flood:
    """One event again and again, as fast as it is read."""

    event: Mapping[str, Any]


Step = Mapping[str, Any] | Raw | Frames | Flood | Drop | Close | Bye | Wait | Mute


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP; mappings become `data:` events."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "text/event-stream"


@dataclass
class Asked:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    connection: int


def play(main: Coroutine[Any, Any, T]) -> T:
    """Runs a test's coroutine; one that hangs is a failure, not a coffee break."""
    return asyncio.run(asyncio.wait_for(main, 10))


class WireServer:
    """Scripts are used up in order, one for each request; `handshakes` one for each connection, of
    which a Reply with status 101 is a good one with headers of its own. Instead of the scripts of
    the socket, a function may say what a body is answered with."""

    def __init__(
        self,
        socket: Sequence[Sequence[Step]] | Callable[[dict[str, Any]], Sequence[Step]] = (),
        http: Mapping[str, Sequence[Reply]] | None = None,
        handshakes: Sequence[int | Reply] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.go = asyncio.Event()
        self.came = asyncio.Event()
        """Somebody has connected."""
        self.was_asked = asyncio.Event()
        self.gone = asyncio.Event()
        """A connection was closed by the other side."""
        self.stuck = asyncio.Event()
        """A flood is not read any more."""
        self.asked: list[Asked] = []
        self.connections = 0
        self.upgrades: list[Mapping[str, str]] = []
        self._play_for = socket if callable(socket) else _in_turn(socket)
        self._http = {path: list(replies) for path, replies in (http or {}).items()}
        self._handshakes = list(handshakes)
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [asked.body for asked in self.asked]

    async def __aenter__(self) -> WireServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.came.set()
        self._writers.add(writer)
        number = self.connections
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path, headers = _read_head(head)
                if headers.get("upgrade"):
                    await self._upgrade(head, headers, reader, writer, number)
                    return
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.asked.append(Asked(path, headers, json.loads(body or b"{}"), number))
                self.was_asked.set()
                replies = self._http.get(path, [])
                reply = replies.pop(0) if replies else Reply(status=404)
                if not await self._answer(reply, reader, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.gone.set()
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer(
        self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        lines = [f"HTTP/1.1 {reply.status} Status", f"Content-Type: {reply.content_type}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        lines += ["Transfer-Encoding: chunked", "", ""]
        writer.write("\r\n".join(lines).encode())
        for step in reply.steps:
            match step:
                case Drop() | Close():
                    return False
                case Wait():
                    if not await _before_leaving(reader, self.go):
                        return False
                case Mute():
                    await _before_leaving(reader, asyncio.Event())
                    return False
                case Flood(event):
                    while True:
                        _chunk(writer, b"data: " + json.dumps(event).encode() + b"\n\n")
                        await writer.drain()
                case Raw(data):
                    _chunk(writer, data)
                case event:
                    _chunk(writer, b"data: " + json.dumps(event).encode() + b"\n\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _upgrade(
        self,
        head: bytes,
        headers: Mapping[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        number: int,
    ) -> None:
        self.upgrades.append(headers)
        wanted = self._handshakes.pop(0) if self._handshakes else 101
        reply = wanted if isinstance(wanted, Reply) else Reply(status=wanted)
        if reply.status != 101:
            await self._answer(reply, reader, writer)
            return
        protocol = ServerProtocol()
        protocol.receive_data(head)
        for handshake in protocol.events_received():
            if isinstance(handshake, Handshake):
                response = protocol.accept(handshake)
                response.headers.update(reply.headers)
                protocol.send_response(response)
        peer = _Peer(protocol, writer)
        peer.flush()
        while data := await reader.read(65536):
            protocol.receive_data(data)
            peer.flush()
            for frame in protocol.events_received():
                if getattr(frame, "opcode", None) is Opcode.TEXT:
                    body = json.loads(bytes(getattr(frame, "data", b"")))
                    self.asked.append(Asked("socket", headers, body, number))
                    self.was_asked.set()
                    task = asyncio.create_task(self._play(self._play_for(body), peer))
                    self._tasks.add(task)
            if protocol.close_expected():
                return
            if peer.mute:
                await asyncio.Event().wait()

    async def _play(self, steps: Sequence[Step], peer: _Peer) -> None:
        for step in steps:
            match step:
                case Drop():
                    peer.writer.transport.abort()
                    return
                case Close():
                    peer.close()
                    return
                case Bye(code, reason):
                    peer.close(code, reason)
                    return
                case Wait():
                    await self.go.wait()
                case Mute():
                    peer.mute = True
                case Flood(event):
                    while not peer.writer.is_closing():
                        peer.send(json.dumps(event).encode())
                        if peer.writer.transport.get_write_buffer_size():
                            self.stuck.set()
                        await peer.writer.drain()
                case Raw(data):
                    peer.send(data)
                case Frames(data):
                    peer.writer.write(data)
                case event:
                    peer.send(json.dumps(event).encode())
            await peer.writer.drain()


class _Peer:
    """The server's side of one WebSocket."""

    def __init__(self, protocol: ServerProtocol, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.mute = False
        self._protocol = protocol

    def send(self, data: bytes) -> None:
        self._protocol.send_text(data)
        self.flush()

    def close(self, code: int = 1000, reason: str = "bye") -> None:
        self._protocol.send_close(code, reason)
        self.flush()

    def flush(self) -> None:
        if not self.mute:
            for data in self._protocol.data_to_send():
                self.writer.write(data)


async def _before_leaving(reader: asyncio.StreamReader, event: asyncio.Event) -> bool:
    """False when the other side went away before the event."""
    left = asyncio.create_task(reader.read(1))
    came = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({left, came}, return_when=asyncio.FIRST_COMPLETED)
        return came.done()
    finally:
        left.cancel()
        came.cancel()


def _in_turn(
    scripts: Sequence[Sequence[Step]],
) -> Callable[[dict[str, Any]], Sequence[Step]]:
    left = iter(scripts)
    return lambda _: next(left, ())


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def _read_head(head: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    target = first.split(" ")[1]
    pairs = (line.partition(":") for line in lines if line)
    return target, {name.lower(): value.strip() for name, _, value in pairs}


# Events of the Responses dialect, as short as they may be.


def created(response_id: str = "resp_1", model: str = "m") -> dict[str, Any]:
    return {"type": "response.created", "response": {"id": response_id, "model": model}}


def text_events(text: str, *, item: str = "msg_1", index: int = 0) -> list[dict[str, Any]]:
    """One message, a character an event."""
    where = {"item_id": item, "output_index": index}
    whole = {
        "id": item,
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text}],
    }
    deltas = [{"type": "response.output_text.delta", **where, "delta": char} for char in text]
    return [
        {
            "type": "response.output_item.added",
            "output_index": index,
            "item": whole | {"content": []},
        },
        *deltas,
        {"type": "response.output_item.done", "output_index": index, "item": whole},
    ]


def completed(response_id: str = "resp_1", **more: Any) -> dict[str, Any]:
    response = {"id": response_id, "status": "completed", "output": [], **more}
    return {"type": "response.completed", "response": response}


def answer(text: str, response_id: str = "resp_1") -> list[dict[str, Any]]:
    """A whole response that says one thing."""
    return [created(response_id), *text_events(text), completed(response_id)]


def error(code: str, *, status: int = 400, message: str = "no", **more: Any) -> dict[str, Any]:
    return {
        "type": "error",
        "status": status,
        "error": {"type": "invalid_request_error", "code": code, "message": message, **more},
    }
