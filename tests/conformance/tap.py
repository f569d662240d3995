"""A recording loopback proxy: what went over the wire, whatever either side believes.

The rule kept here: bytes are passed on as they are and never changed; they are read only after
the fact, with the parser of a library, so that our codec is not its own witness.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol


@dataclass(slots=True)
class Traffic:
    """One connection."""

    sent: bytearray = field(default_factory=bytearray)
    """From the client."""
    received: bytearray = field(default_factory=bytearray)

    def lines(self) -> list[str]:
        """The first line of each request: "POST /v1/responses"."""
        if self._is_socket():
            return [bytes(self.sent).partition(b" HTTP/")[0].decode()]
        return [line for line, _ in self._requests()]

    def bodies(self) -> list[dict[str, Any]]:
        """What the client sent as JSON, by POST or as messages of a WebSocket."""
        if self._is_socket():
            return self._messages()
        return [json.loads(body) for _, body in self._requests() if body]

    def _is_socket(self) -> bool:
        return b"upgrade: websocket" in bytes(self.sent).partition(b"\r\n\r\n")[0].lower()

    def _requests(self) -> list[tuple[str, bytes]]:
        found, rest = [], bytes(self.sent)
        while rest:
            head, _, rest = rest.partition(b"\r\n\r\n")
            size = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    size = int(value)
            found.append((head.partition(b" HTTP/")[0].decode(), rest[:size]))
            rest = rest[size:]
        return found

    def _messages(self) -> list[dict[str, Any]]:
        protocol = ServerProtocol(max_size=None)
        head, blank, frames = bytes(self.sent).partition(b"\r\n\r\n")
        protocol.receive_data(head + blank)
        for event in protocol.events_received():
            assert isinstance(event, Request)
            protocol.send_response(protocol.accept(event))
        protocol.receive_data(frames)
        parts, found = b"", []
        for event in protocol.events_received():
            if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
                parts += bytes(event.data)
                if event.fin:
                    found.append(json.loads(parts))
                    parts = b""
        return found


@dataclass(slots=True)
class Tap:
    """The proxy's address in place of the server's, and its connections in order."""

    base_url: str
    connections: list[Traffic] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [line for traffic in self.connections for line in traffic.lines()]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for traffic in self.connections for body in traffic.bodies()]


@asynccontextmanager
async def tapped(base_url: str) -> AsyncIterator[Tap]:
    """A tap before the server at this address."""
    to = urlsplit(base_url)
    tap = Tap("")
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        traffic = Traffic()
        tap.connections.append(traffic)
        there, back = await asyncio.open_connection(to.hostname, to.port)
        try:
            # One side gone is the other side told, at once and without a farewell.
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(reader, back, traffic.sent))
                group.create_task(_pass_on(there, writer, traffic.received))
        except* (ConnectionError, EOFError, asyncio.CancelledError):
            pass  # a side has gone, or the tap is closed: nobody is left to be told
        finally:
            for side in (writer, back):
                side.transport.abort()
            running.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    tap.base_url = f"http://127.0.0.1:{port}{to.path}"
    try:
        yield tap
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, into: bytearray
) -> None:
    while data := await reader.read(1 << 16):
        into += data
        writer.write(data)
        await writer.drain()
    with suppress(OSError):
        await writer.drain()
    raise EOFError
