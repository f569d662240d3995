"""Plays one answer through a dialect: token by token, by the clock, with its fault.

The rule kept here: knows neither sockets nor HTTP. Where the events go is the sink's business;
a client that has gone cancels the task, and nothing more is generated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
    def finish(self, spent: Spent, *, cut: str = "") -> list[Event]:
        """`cut`: why the answer is incomplete, "" when it is whole."""
        ...

    def final(self, spent: Spent, *, cut: str = "") -> dict[str, Any]: ...


class Sink(Protocol):
    """Where events go: a WebSocket, an event stream, nowhere."""

    async def send(self, events: Sequence[Event]) -> None: ...
    async def garbage(self) -> None:
        """One frame that is no JSON."""
        ...

    async def fall_silent(self) -> None:
        """Whatever comes is not heard any more, the connection stays open."""
        ...


class Broken(Exception):
    """The fault of this request: the connection is to be dropped without a farewell, or, where
    there is a code and the wire has codes, closed with it."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Player:
    """One answer on its way out."""

    answer: Answer
    dialect: Dialect
    pacer: Pacer
    sink: Sink
    entry: Entry
    fault: Fault | None = None
    cut: str = ""
    """Why the answer is incomplete, known at its end."""
    _steered: bool = False
    _played: list[Part] = field(default_factory=list)

    def steer(self) -> None:
        """End early: after a token of text; where a call was made, after its last one."""
        self._steered = True

    async def play(self, spent: Spent) -> None:
        """From the first event to the last; the entry counts what went out."""
        await self.sink.send(self.dialect.opening())
        await self.pacer.first()
        if self.fault and self.fault.kind == "disconnect-before-first":
            raise Broken
        for index, part in enumerate(self.answer.parts):
            if self._steered:
                self._end_here()
                break
            if isinstance(part, Pause):
                await self.pacer.pause(part.length_s)
                continue
            await self._part(part, last=index == len(self.answer.parts) - 1)
        if self.answer.cut and not self.cut:
            self.cut = "max_output_tokens"
        await self.sink.send(self.dialect.finish(self.spent(spent), cut=self.cut))

    def spent(self, read: Spent) -> Spent:
        """With the tokens of the answer."""
        return replace(read, output=self.answer.tokens)

    async def _part(self, part: Part, *, last: bool) -> None:
        await self.sink.send(self.dialect.begin(part))
        texts = pieces(part)
        sent = await self._deltas(texts, may_stop=not isinstance(part, Call) and not self._called)
        cut = self.answer.cut and last
        if sent < len(texts) and isinstance(part, Text | Think):
            part, cut = replace(part, text="".join(texts[:sent])), True
        await self.sink.send(self.dialect.end(part, cut=cut))
        self._played.append(part)
        if sent < len(texts):
            self._end_here()

    def _end_here(self) -> None:
        """What was not said was never part of the answer. With a call in it, it is complete: its
        output is waited for."""
        self.answer = replace(self.answer, parts=tuple(self._played), cut=False)
        self.cut = "" if self._called else "steered"

    @property
    def _called(self) -> bool:
        return any(isinstance(part, Call) for part in self._played)

    async def _deltas(self, texts: Sequence[str], *, may_stop: bool) -> int:
        """How many went out: all, or as many as had when the person steered."""
        at = 0
        while at < len(texts) and not (may_stop and self._steered):
            count = await self.pacer.take(len(texts) - at)
            count = min(count, self._until_fault() or count)
            self.entry.sending()
            await self.sink.send(self.dialect.deltas(texts[at : at + count]))
            at += count
            self.entry.sent(count)
            if self._until_fault() == 0:
                await self._strike()
        return at

    def _until_fault(self) -> int | None:
        """Deltas left before the fault strikes; None when none is to come."""
        if self.fault is None or self.fault.after is None:
            return None
        left = self.fault.after - self.entry.deltas
        return left if left >= 0 else None

    async def _strike(self) -> None:
        match self.fault:
            case Fault("drop"):
                raise Broken
            case Fault("close", code):
                raise Broken(code)
            case Fault("stall"):
                await asyncio.Event().wait()
            case Fault("halfopen"):
                await self.sink.fall_silent()
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

    async def fall_silent(self) -> None:
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
