"""Plays one answer through a dialect: token by token, by the clock, with its fault.

The rule kept here: knows neither sockets nor HTTP. Where the events go is the sink's business;
a client that has gone cancels the task, and nothing more is generated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .fault import Fault
from .pace import Pacer
from .plan import Answer, Call, Part, payload, pieces
from .record import Entry
from .request import Called, Item, Said
from .script import Pause, Text, Think
from .wire_responses import Event, Spent


class Dialect(Protocol):
    """How one wire writes an answer."""

    def opening(self) -> list[Event]: ...
    def begin(self, part: Part) -> list[Event]: ...
    def deltas(self, texts: Sequence[str]) -> list[Event]: ...
    def end(self, part: Part, *, cut: bool = False) -> list[Event]: ...
    def finish(self, spent: Spent, *, cut: bool = False) -> list[Event]: ...
    def final(self, spent: Spent, *, cut: bool = False) -> dict[str, Any]: ...


class Sink(Protocol):
    """Where events go: a WebSocket, an event stream, nowhere."""

    async def send(self, events: Sequence[Event]) -> None: ...
    async def garbage(self) -> None:
        """One frame that is no JSON."""
        ...


class Broken(Exception):
    """The fault of this request: the connection is to be dropped without a farewell."""


@dataclass(slots=True)
class Player:
    """One answer on its way out."""

    answer: Answer
    dialect: Dialect
    pacer: Pacer
    sink: Sink
    entry: Entry
    fault: Fault | None = None

    async def play(self, spent: Spent) -> None:
        """From the first event to the last; the entry counts what went out."""
        await self.sink.send(self.dialect.opening())
        await self.pacer.first()
        if self.fault and self.fault.kind == "disconnect-before-first":
            raise Broken
        last = len(self.answer.parts) - 1
        for index, part in enumerate(self.answer.parts):
            if isinstance(part, Pause):
                await self.pacer.pause(part.length_s)
                continue
            await self.sink.send(self.dialect.begin(part))
            await self._deltas(pieces(part))
            cut = self.answer.cut and index == last
            await self.sink.send(self.dialect.end(part, cut=cut))
        await self.sink.send(self.dialect.finish(spent, cut=self.answer.cut))

    async def _deltas(self, texts: Sequence[str]) -> None:
        at = 0
        while at < len(texts):
            count = await self.pacer.take(len(texts) - at)
            count = min(count, self._until_fault() or count)
            await self.sink.send(self.dialect.deltas(texts[at : at + count]))
            at += count
            self.entry.sent(count)
            if self._until_fault() == 0:
                await self._strike()

    def _until_fault(self) -> int | None:
        """Deltas left before the fault strikes; None when none is to come."""
        match self.fault:
            case Fault("drop" | "stall" | "malformed", number):
                left = number - self.entry.deltas
                return left if left >= 0 else None
        return None

    async def _strike(self) -> None:
        match self.fault:
            case Fault("drop"):
                raise Broken
            case Fault("stall"):
                await asyncio.Event().wait()
            case Fault("malformed"):
                await self.sink.garbage()
                self.fault = None


class Nowhere:
    """A sink for answers that are asked for in one piece."""

    async def send(self, events: Sequence[Event]) -> None:
        return None

    async def garbage(self) -> None:
        return None


def items_of(answer: Answer, output: Sequence[dict[str, Any]]) -> tuple[Item, ...]:
    """The answer as conversation items, for a request that chains from it."""
    items: list[Item] = []
    calls = [entry for entry in output if "call_id" in entry]
    for part in answer.parts:
        match part:
            case Text(text):
                items.append(Said("assistant", text))
            case Call(name=name):
                items.append(Called(str(calls.pop(0)["call_id"]), name, payload(part)))
            case Think() | Pause():
                pass
    return tuple(items)
