"""How the demo's tests speak to its server: a raw WebSocket, and a clock that they hold.

The rule kept here: nothing waits for real time. Whoever gives a service this clock decides when
it goes on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from demo.model import Service
from demo.service import listening

LAST = ("response.completed", "response.incomplete", "error")


class Clock:
    """Moves only while somebody sleeps; while it is held, sleepers wait for it."""

    def __init__(self) -> None:
        self.now = 100.0
        self._free = asyncio.Event()
        self._free.set()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, length_s: float) -> None:
        await self._free.wait()
        self.now += length_s

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()


def run(test: Coroutine[Any, Any, None]) -> None:
    """A hanging server is a failure, not a hanging test."""
    asyncio.run(asyncio.wait_for(test, 20))


def address(url: str) -> str:
    return url.replace("http", "ws", 1) + "/responses"


@asynccontextmanager
async def socket(service: Service) -> AsyncIterator[ClientConnection]:
    async with (
        listening(service) as url,
        connect(address(url), compression=None, max_size=None) as line,
    ):
        yield line


async def create(line: ClientConnection, **fields: Any) -> None:
    body = {"type": "response.create", "model": "demo-fast", "store": False, **fields}
    await line.send(json.dumps(body))


async def event(line: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await line.recv())
    return found


async def until(line: ClientConnection, *kinds: str) -> list[dict[str, Any]]:
    """Events to the first of these types."""
    found = [await event(line)]
    while found[-1]["type"] not in kinds:
        found.append(await event(line))
    return found


async def events(line: ClientConnection, **fields: Any) -> list[dict[str, Any]]:
    """One create and its events to the terminal one."""
    await create(line, **fields)
    return await until(line, *LAST)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "input_text", "text": text}]}


def spoken(found: list[dict[str, Any]]) -> str:
    return "".join(e["delta"] for e in found if e["type"] == "response.output_text.delta")
