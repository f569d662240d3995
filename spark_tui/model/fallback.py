"""The wires of one endpoint, best first: the first that the service speaks is used.

The rule kept here: only a refusal of the wire itself leads on to the next; a bad key, a missing
model or a limit would be the same on each. A better wire is tried again after a pause.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from spark_tui.model.faults import UNTOUCHED, WireRefused
from spark_tui.model.provider import (
    CustomTool,
    Delta,
    Failed,
    ModelInfo,
    Provider,
    Request,
    WireChanged,
)

PAUSE_S = 60.0


class Wire(Provider, Protocol):
    """A Provider that may raise WireRefused from `stream`, before its first delta."""

    wire: str

    def stream(self, request: Request) -> AsyncGenerator[Delta, None]: ...

    async def probe(self) -> bool | None:
        """Opens what can be opened: True it works, False it is refused, None not known."""
        ...


class Fallback:
    """A Provider over several wires; what was found out is remembered for its life."""

    def __init__(
        self,
        wires: Sequence[Wire],
        *,
        pause_s: float = PAUSE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wires = tuple(wires)
        self._pause_s = pause_s
        self._now = now
        self._at = 0
        """The wire for the next stream."""
        self._refused_at = 0.0
        self._active: Wire = self._wires[0]

    @property
    def wire(self) -> str:
        """The wire of the running stream, or of the last one."""
        return self._active.wire

    def wire_hint(self) -> str:
        return self._wires[self._at].wire

    async def connect(self) -> None:
        """Finds out ahead of the request which wire it will take, so that it fits its tools."""
        if self._due() and await self._wires[0].probe():
            self._at = 0
        while await self._wires[self._at].probe() is False and self._leave(self._at):
            pass

    async def warm(self, request: Request) -> bool:
        return await self._wires[self._at].warm(request)

    async def steer(self, text: str) -> bool:
        return await self._active.steer(text)

    def stop(self) -> None:
        self._active.stop()

    async def close(self) -> None:
        for wire in self._wires:
            await wire.close()

    async def models(self) -> tuple[ModelInfo, ...]:
        return await self._wires[self._at].models()

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        self.stop()
        planned = self._wires[self._at].wire
        order = list(range(self._at, len(self._wires)))
        if self._due():
            order.insert(0, 0)
        for at in order:
            wire = self._active = self._wires[at]
            if wire.wire == "chat" != planned and _has_custom_tool(request):
                self._at = at
                yield Failed(_changed())
                return
            try:
                async with aclosing(wire.stream(request)) as deltas:
                    async for delta in deltas:
                        self._at = at
                        yield delta
                return
            except WireRefused as refused:
                if not self._leave(at):
                    yield Failed(refused.fault)
                    return

    def _due(self) -> bool:
        return self._at > 0 and self._now() - self._refused_at >= self._pause_s

    def _leave(self, at: int) -> bool:
        """Goes on behind a wire that was refused; after the last one all are open again."""
        self._refused_at = self._now()
        if at + 1 == len(self._wires):
            self._at = 0
            return False
        self._at = max(self._at, at + 1)
        return True


def _has_custom_tool(request: Request) -> bool:
    return any(isinstance(tool, CustomTool) for tool in request.tools)


def _changed() -> WireChanged:
    return WireChanged(
        "This service speaks chat completions only; the request was made for another wire.",
        hint=f"{UNTOUCHED} Ask again: edits are asked for as text from now on.",
    )
