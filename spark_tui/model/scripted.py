"""A provider that plays lists: for tests of everything above this room, without a network.

The rule kept here: the same behaviour as a real one (Connected first, nothing after a stop), and
no time: with a gate the test says when the next delta comes.

>>> say("good morning", chunk=7)
(TextDelta(text='good mo'), TextDelta(text='rning'), TextDone(text='good morning'))
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from spark_tui.errors import StreamFault
from spark_tui.model.provider import (
    Accepted,
    AssistantText,
    CallDelta,
    CallDone,
    CallOpened,
    Completed,
    Connected,
    Delta,
    Failed,
    Item,
    ModelInfo,
    Request,
    TextDelta,
    TextDone,
    ToolCall,
    Usage,
)

Reply = Sequence[Delta] | Callable[[Request], Sequence[Delta]]


def say(text: str, chunk: int = 4) -> tuple[Delta, ...]:
    """One message, in pieces."""
    return (*(TextDelta(piece) for piece in _cut(text, chunk)), TextDone(text))


def patch(
    text: str, call_id: str = "call_1", *, name: str = "apply_patch", chunk: int = 4
) -> tuple[Delta, ...]:
    """One call of a custom tool, its raw text in pieces."""
    pieces = (CallDelta(call_id, piece) for piece in _cut(text, chunk))
    return (
        CallOpened(call_id, name, custom=True),
        *pieces,
        CallDone(call_id, name, text, custom=True),
    )


def call(
    name: str, args: Mapping[str, Any], call_id: str = "call_1", *, chunk: int = 4
) -> tuple[Delta, ...]:
    """One call of a function tool, its JSON in pieces."""
    text = json.dumps(args)
    pieces = (CallDelta(call_id, piece) for piece in _cut(text, chunk))
    return (
        CallOpened(call_id, name, custom=False),
        *pieces,
        CallDone(call_id, name, text, custom=False),
    )


def done(usage: Usage | None = None, *, cut: str = "") -> tuple[Delta, ...]:
    """The closing event; the player fills in its items from what it has played."""
    return (Completed("", usage, (), cut),)


def _cut(text: str, chunk: int) -> list[str]:
    return [text[at : at + chunk] for at in range(0, len(text), chunk)]


class Scripted:
    """Plays one reply for each request; `requests` is what it was asked.

    With `gate` the first delta of a reply comes by itself, each further one after a `step`.
    """

    def __init__(
        self,
        replies: Sequence[Reply],
        *,
        gate: bool = False,
        wire: str = "responses-ws",
        models: Sequence[ModelInfo] = (),
        warms: bool = False,
        steers: bool = False,
    ) -> None:
        self.requests: list[Request] = []
        self.connects = 0
        self.warmed: list[Request] = []
        self.steered: list[str] = []
        self._warms = warms
        self._steers = steers
        self._is_steered = False
        self._replies = list(replies)
        self._gate = gate
        self._wire = wire
        self._models = tuple(models)
        self._turn = 0
        self._running = False
        self._allowed = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()

    def wire_hint(self) -> str:
        return self._wire

    def wire_why(self) -> str:
        return ""

    async def connect(self) -> None:
        self.connects += 1

    async def warm(self, request: Request) -> bool:
        self.warmed.append(request)
        return self._warms

    async def steer(self, text: str) -> bool:
        """With `steers` the running reply ends as steered; the next one is what follows."""
        if self._steers and self._running:
            self.steered.append(text)
            self._is_steered = True
            self._wake.set()
        return self._steers

    async def models(self) -> tuple[ModelInfo, ...]:
        return self._models

    def step(self, n: int = 1) -> Paused:
        """Lets n deltas pass, at once. Awaited, it waits until they have been worked off."""
        self._allowed += n
        if self._running:
            self._idle.clear()
        self._wake.set()
        return Paused(self._idle)

    def paused(self) -> Paused:
        """Until the stream stands at the gate, or has ended."""
        return Paused(self._idle)

    def stop(self) -> None:
        self._turn += 1
        self._wake.set()

    async def close(self) -> None:
        self.stop()

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        self._turn += 1
        turn = self._turn
        self.requests.append(request)
        self._running = True
        self._idle.clear()
        try:
            response_id = f"resp_{len(self.requests)}"
            yield Connected("scripted", 0.0, reused=True)
            yield Accepted(response_id, request.model)
            items: list[Item] = []
            for number, delta in enumerate(self._next_reply(request)):
                if number and self._gate:
                    await self._pass_gate(turn)
                if turn != self._turn:
                    return
                if self._is_steered:
                    self._is_steered = False
                    yield Completed(response_id, None, tuple(items), "steered")
                    return
                match delta:
                    case TextDone(text):
                        items.append(AssistantText(text))
                    case CallDone(call_id, name, text, custom):
                        items.append(ToolCall(call_id, name, text, custom))
                    case Completed(items=()):
                        whole = tuple(items)
                        delta = replace(delta, response_id=response_id, items=whole)
                yield delta
        finally:
            self._running = False
            self._idle.set()

    def _next_reply(self, request: Request) -> Sequence[Delta]:
        if not self._replies:
            return (Failed(StreamFault("The script has no further reply.")),)
        reply = self._replies.pop(0)
        return reply(request) if callable(reply) else reply

    async def _pass_gate(self, turn: int) -> None:
        while not self._allowed and turn == self._turn and not self._is_steered:
            self._idle.set()
            self._wake.clear()
            await self._wake.wait()
        self._allowed = max(0, self._allowed - 1)


class Paused:
    """May be awaited, or left alone."""

    def __init__(self, idle: asyncio.Event) -> None:
        self._idle = idle

    def __await__(self) -> Generator[Any, None, None]:
        yield from self._idle.wait().__await__()
