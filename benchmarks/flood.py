"""A service that sends what it is told to: stamped deltas at any rate, and far too much.

    python benchmarks/flood.py

The rule kept here: it knows nothing of spark-tui and thinks of nothing. The user text of a request
is JSON: `kind`, `events`, `rate` (0 = as fast as the line takes them), `megabytes`. Each delta
begins with the time at which it was written, in nanoseconds of the machine's monotonic clock. It
listens on loopback, says where in one line of JSON, and ends with its stdin.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

MEGABYTE = 1 << 20
BATCH = 64
HEAD = (
    '{{"type":"response.output_text.delta","sequence_number":{number},"item_id":"msg_00000001",'
    '"output_index":0,"content_index":0,"logprobs":[],"obfuscation":"aBcDeFgHiJk","delta":"'
)
TAIL = b' tokn"}'
OPENING = (
    {"type": "response.created", "sequence_number": 0,
     "response": {"id": "resp_1", "model": "flood", "status": "in_progress"}},
    {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0,
     "item": {"id": "msg_00000001", "type": "message", "role": "assistant", "content": []}},
)  # fmt: skip
ENDING = {
    "type": "response.completed",
    "response": {"id": "resp_1", "status": "completed", "output": [], "usage": None},
}


def delta(number: int) -> bytes:
    return HEAD.format(number=number).encode() + b"%016x" % time.monotonic_ns() + TAIL


def frame(data: bytes, first: int = 0x81) -> bytes:
    """A frame from a server: not masked. `first` holds FIN, RSV and opcode."""
    size = len(data)
    if size < 126:
        return bytes((first, size)) + data
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + data
    return bytes((first, 127)) + size.to_bytes(8, "big") + data


async def paced(events: int, rate: float) -> AsyncIterator[list[bytes]]:
    """Deltas by the clock: what is due goes out together."""
    sent, began = 0, time.monotonic()
    while sent < events:
        due = BATCH if not rate else int((time.monotonic() - began) * rate) + 1 - sent
        count = min(due, events - sent)
        if count > 0:
            yield [delta(sent + n + 2) for n in range(count)]
            sent += count
        if rate:
            await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))


class Talk:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._rude = False
        """Whoever sends too much does not go when it is told to."""

    async def run(self) -> None:
        head = await self._reader.readuntil(b"\r\n\r\n")
        text = head.decode("latin-1").lower()
        if "upgrade: websocket" in text:
            await self._socket(head)
        elif text.startswith("get"):
            await self._huge_http({"kind": "json", "megabytes": 100})
        else:
            size = int(text.partition("content-length:")[2].partition("\r\n")[0])
            body = json.loads(await self._reader.readexactly(size))
            await self._huge_http(wanted(body))

    async def _socket(self, head: bytes) -> None:
        protocol = ServerProtocol(max_size=64 * MEGABYTE)
        protocol.receive_data(head)
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
        self._writer.write(b"".join(protocol.data_to_send()))
        answering: asyncio.Task[None] | None = None
        parts: list[bytes] = []
        try:
            while data := await self._reader.read(65536):
                protocol.receive_data(data)
                for event in protocol.events_received():
                    if not isinstance(event, Frame) or event.opcode not in (
                        Opcode.TEXT, Opcode.CONT,
                    ):  # fmt: skip
                        continue
                    parts.append(bytes(event.data))
                    if event.fin:
                        order = wanted(json.loads(b"".join(parts)))
                        parts.clear()
                        self._rude = "megabytes" in order
                        answering = asyncio.ensure_future(self._answer(order))
                self._writer.write(b"".join(protocol.data_to_send()))
                if protocol.state is not OPEN and not self._rude:
                    return
        finally:
            if answering:
                answering.cancel()
                await asyncio.gather(answering, return_exceptions=True)

    async def _answer(self, order: dict[str, Any]) -> None:
        write, drain = self._writer.write, self._writer.drain
        for event in OPENING:
            write(frame(json.dumps(event).encode()))
        size = int(order.get("megabytes", 100)) * MEGABYTE
        match order.get("kind"):
            case "message":
                write(frame(_delta_of(size)))
            case "fragments":
                text = _delta_of(size)
                for at in range(0, len(text), MEGABYTE):
                    last = at + MEGABYTE >= len(text)
                    first = (0x80 if last else 0) | (0 if at else 1)
                    write(frame(text[at : at + MEGABYTE], first))
                    await drain()
            case "bomb":  # RSV1: compressed, though that was never agreed upon
                write(frame(_deflated(size), 0xC1))
            case "many":
                for _ in range(size // MEGABYTE):
                    write(frame(_delta_of(MEGABYTE)))
                    await drain()
            case _:
                async for events in paced(int(order["events"]), float(order.get("rate", 0))):
                    write(b"".join(map(frame, events)))
                    await drain()
        write(frame(json.dumps(ENDING).encode()))
        await drain()

    async def _huge_http(self, order: dict[str, Any]) -> None:
        """Bodies that do not end, chunked, and a small one that unpacks to something large."""
        kind, size = order["kind"], int(order.get("megabytes", 100)) * MEGABYTE
        media = "text/event-stream" if kind in ("line", "stream") else "application/json"
        packed = "Content-Encoding: gzip\r\n" if kind == "gzip" else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\n{packed}"
        self._writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        if kind == "gzip":
            await self._chunk(_deflated(size, gzip=True))
        elif kind == "stream":
            number = 0
            while number < int(order["events"]):
                events = (b"data: " + delta(number + n) + b"\n\n" for n in range(BATCH))
                await self._chunk(b"".join(events))
                number += BATCH
        else:
            await self._chunk(b"data: " if kind == "line" else b'{"data":["')
            for _ in range(size // MEGABYTE):
                await self._chunk(b"x" * MEGABYTE)
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def _chunk(self, data: bytes) -> None:
        self._writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self._writer.drain()


def wanted(body: dict[str, Any]) -> dict[str, Any]:
    """What the user text of a request orders."""
    order: dict[str, Any] = json.loads(body["input"][-1]["content"][0]["text"])
    return order


def _delta_of(size: int) -> bytes:
    return HEAD.format(number=2).encode() + b"x" * size + b'"}'


def _deflated(size: int, *, gzip: bool = False) -> bytes:
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31 if gzip else -15)
    out = [squeeze.compress(HEAD.format(number=2).encode())]
    out += [squeeze.compress(b"x" * MEGABYTE) for _ in range(size // MEGABYTE)]
    return b"".join([*out, squeeze.compress(b'"}'), squeeze.flush()])


async def serve() -> None:
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        running.add(task)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await Talk(reader, writer).run()
        running.discard(task)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}/v1"}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()
    for task in running:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(serve())
