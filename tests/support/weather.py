"""The way between a client and a loopback service: it cuts, tears, repeats and withholds bytes.

The rule kept here: it knows nothing of what it carries, and only bytes of the service are harmed.
No clock: what it does happens at a byte, not at a time.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Weather:
    """What happens to the bytes that one connection brings from now on; the default is none."""

    cut: int | None = None
    """The connection is aborted in front of this byte."""
    mute: int | None = None
    """From this byte on nothing comes any more, and nothing is read: the peer has vanished."""
    repeat: int | None = None
    """The piece that ends at this byte comes twice, from at most eight bytes before it."""
    piece: int = 0
    """Bytes of one write; 0: as they came."""

    @property
    def at(self) -> int | None:
        marks = (self.cut, self.mute, self.repeat)
        return next((mark for mark in marks if mark is not None), None)


FINE = Weather()


class Relay:
    """Listens in front of `port`. Weather that was set strikes once, on the first connection that
    brings enough bytes; afterwards it is fine."""

    def __init__(self, port: int) -> None:
        self.struck = 0
        """How often it did something."""
        self.connections = 0
        self.idle = asyncio.Event()
        """The client holds no connection."""
        self.idle.set()
        self._open = 0
        self._to = port
        self._weather = FINE
        self._passed: dict[int, int] = {}
        """Bytes since `set`, by connection."""
        self._tasks: set[asyncio.Task[None]] = set()

    def set(self, weather: Weather) -> None:
        """From the next byte on."""
        self._weather = weather
        self._passed.clear()

    @property
    def carried(self) -> int:
        """Bytes from the service since `set`, on the connection that brought most."""
        return max(self._passed.values(), default=0)

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._open += 1
        self.idle.clear()
        number = self.connections
        away: asyncio.StreamWriter | None = None
        try:
            back, away = await asyncio.open_connection("127.0.0.1", self._to)
            there = asyncio.create_task(_copy(reader, away))
            here = asyncio.create_task(self._carry(back, writer, number))
            try:
                await asyncio.wait({there, here}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                here.cancel()
                await asyncio.gather(there, here, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, away):
                if end is not None:
                    end.transport.abort()
            self._open -= 1
            if not self._open:
                self.idle.set()
            self._tasks.discard(task)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                weather, passed = self._weather, self._passed.get(number, 0)
                self._passed[number] = passed + len(data)
                at = weather.at
                if at is not None and passed <= at < passed + len(data):
                    self._weather = FINE
                    self.struck += 1
                    where = at - passed
                    if weather.cut is not None or weather.mute is not None:
                        await _write(writer, data[:where], 0)
                        if weather.mute is not None:
                            await asyncio.Event().wait()
                        return
                    data = data[:where] + data[max(0, where - 8) :]
                await _write(writer, data, weather.piece)


async def _write(writer: asyncio.StreamWriter, data: bytes, piece: int) -> None:
    step = piece or len(data) or 1
    for at in range(0, len(data), step):
        writer.write(data[at : at + step])
        await writer.drain()
        if piece:
            await asyncio.sleep(0)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
