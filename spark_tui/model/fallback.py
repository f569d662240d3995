"""The wires of one endpoint, best first: the first that the service speaks is used.

The rule kept here: only a refusal of the wire itself leads on to the next; a bad key, a missing
model or a limit would be the same on each. A better wire is looked at again after a pause that
grows, beside the turns and never in front of a request; what lasts is remembered.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from spark_tui.errors import StreamFault
from spark_tui.model.faults import UNTOUCHED, WireRefused
from spark_tui.model.memory import Known, Learned, Memory
from spark_tui.model.provider import (
    Accepted,
    Connected,
    CustomTool,
    Delta,
    Failed,
    ModelInfo,
    Provider,
    Request,
    WireChanged,
)

PAUSES_S = (60.0, 300.0, 1800.0)
"""Until a better wire is looked at again, after each refusal in a row."""
_WORDS = {"responses-ws": "WebSocket", "responses": "Responses", "chat": "chat completions"}


class Wire(Provider, Protocol):
    """A Provider that may raise WireRefused from `stream`, before its first delta."""

    wire: str

    def stream(self, request: Request) -> AsyncGenerator[Delta, None]: ...

    async def probe(self) -> bool | None:
        """Finds out what can be found out without a request: True the service speaks this wire,
        None not known. Raises WireRefused, or answers False, where it does not."""
        ...


class Fallback:
    """A Provider over several wires."""

    def __init__(
        self,
        wires: Sequence[Wire],
        *,
        origin: str = "",
        memory: Memory | None = None,
        learned: Learned | None = None,
        pauses_s: Sequence[float] = PAUSES_S,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`origin` names the endpoint in `memory`; `learned` is what its wires share; `wall` is in
        seconds since 1970."""
        self._wires = tuple(wires)
        self._origin = origin
        self._memory = memory
        self._learned = learned or Learned()
        self._pauses_s = tuple(pauses_s)
        self._now = now
        self._wall = wall
        self._at = 0
        """The wire for the next stream."""
        self._active: Wire = self._wires[0]
        self._why = ""
        """Why it is not the best one."""
        self._lasts = True
        """What `_why` says is how the service is made."""
        self._is_proven = False
        """The wire has worked, or did so in an earlier process."""
        self._refusals = 0
        """Of better wires, in a row."""
        self._due_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False
        self._noted: Known | None = None
        """What is written."""
        self._recall()

    @property
    def wire(self) -> str:
        """The wire of the running stream, or of the last one."""
        return self._active.wire

    def wire_hint(self) -> str:
        return self._wires[self._at].wire

    def wire_why(self) -> str:
        return self._why

    async def connect(self) -> None:
        """Finds out ahead of the request which wire it will take, so that it fits its tools."""
        if self._is_due():
            await self._look_again()
        if self._at == 0 and not self._is_proven and len(self._wires) > 1:
            try:
                if await self._wires[0].probe() is False:
                    self._leave(0, None)
            except WireRefused as refused:
                self._leave(0, refused)
        if self._at or len(self._wires) == 1 or self._is_proven:
            await self._wires[self._at].connect()
        elif not self._at:
            # Nobody waits yet: the list of models and the way back need this library.
            await self._wires[1].connect()

    async def warm(self, request: Request) -> bool:
        return await self._wires[self._at].warm(request)

    async def steer(self, text: str) -> bool:
        return await self._active.steer(text)

    def stop(self) -> None:
        self._active.stop()

    async def close(self) -> None:
        self._is_closed = True
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        for wire in self._wires:
            await wire.close()

    async def models(self) -> tuple[ModelInfo, ...]:
        return await self._wires[self._at].models()

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        if self._active is not self._wires[self._at]:
            self.stop()  # a wire stops what runs on itself, and takes up what a steer left
        planned = self._wires[self._at].wire
        tried = [*range(self._at, len(self._wires)), *range(self._at)]
        try:
            for at in tried:
                wire = self._active = self._wires[at]
                if wire.wire == "chat" != planned and _has_custom_tool(request):
                    yield Failed(_changed())
                    return
                try:
                    async with aclosing(wire.stream(request)) as deltas:
                        async for delta in deltas:
                            if isinstance(delta, Connected):
                                why = self._why if at else ""
                                yield replace(delta, why=delta.why or why)
                                continue
                            if isinstance(delta, Accepted):
                                self._works(at)
                            yield delta
                    return
                except WireRefused as refused:
                    self._leave(at, refused)
                    if at == tried[-1]:
                        yield Failed(refused.fault)
                        return
        finally:
            self._end_turn()

    # -- which wire --------------------------------------------------------------
    def _leave(self, at: int, refused: WireRefused | None) -> None:
        """Goes on behind a wire that was refused; after the last one all are open again."""
        if at != self._at:
            return  # somebody found out before
        why = _reason(self._wires[at].wire, refused)
        self._is_proven = False
        self._lasts = _is_lasting(refused) and (at == 0 or self._lasts)
        self._why = f"{self._why}, {why}" if at and self._why else why
        self._at = (at + 1) % len(self._wires)
        if at == 0:
            self._put_off()
        if self._at == 0:
            self._why = ""

    def _works(self, at: int) -> None:
        if at != self._at:
            return
        self._is_proven = True
        if at == 0:
            self._refusals, self._lasts = 0, True
        self._note()

    def _put_off(self) -> None:
        """A better wire was refused once more."""
        self._refusals += 1
        step = min(self._refusals, len(self._pauses_s)) - 1
        self._due_at = self._now() + self._pauses_s[step]

    def _drop_responses(self) -> None:
        """The service takes our tools there and drops them: edits come as text on chat."""
        if self._at + 1 < len(self._wires):
            self._why = f"{self._why}, no custom tools" if self._why else "no custom tools"
            self._at, self._is_proven = self._at + 1, False

    # -- looking again -----------------------------------------------------------
    def _is_due(self) -> bool:
        return self._at > 0 and self._now() >= self._due_at

    def _end_turn(self) -> None:
        """Between two turns is the time to look at better wires, and to write down."""
        if self._learned.drops_tools and self._wires[self._at].wire == "responses":
            self._drop_responses()
        self._note()
        if self._is_due() and not self._is_closed:
            self._looking = asyncio.get_running_loop().create_task(self._look_again())

    async def _look_again(self) -> None:
        """Asks the better wires, best first, whether the service speaks them by now."""
        self._due_at = math.inf  # one look at a time
        better = None
        try:
            better = await self._find_better()
        finally:
            if better is None:
                self._put_off()
            else:
                self._at, self._is_proven, self._due_at = better, False, self._now()
                # The reasons stand in the order of the wires.
                self._why = ", ".join(self._why.split(", ")[:better])
        if better is None:
            self._note(anew=True)

    async def _find_better(self) -> int | None:
        for at in range(self._at):
            if self._wires[at].wire == "responses" and self._learned.drops_tools:
                continue
            try:
                if await self._wires[at].probe():
                    return at if at < self._at else None
            except WireRefused:
                continue
        return None

    # -- remembering -------------------------------------------------------------
    def _recall(self) -> None:
        known = self._memory.recall(self._origin) if self._memory is not None else None
        if known is None:
            return
        self._noted = known
        is_fresh = known.is_fresh(self._wall())
        if is_fresh:
            self._learned.take(known)
        names = [wire.wire for wire in self._wires]
        if known.wire in names[1:]:
            self._at = names.index(known.wire)
            self._is_proven = True
            self._why = f"{_REMEMBERED}{known.why}"
            self._refusals = len(self._pauses_s)
            self._due_at = self._now() + (self._pauses_s[-1] if is_fresh else 0.0)

    def _note(self, *, anew: bool = False) -> None:
        """Writes down what is not written yet. That all is well is only worth it where something
        else was said before."""
        if self._memory is None or not self._is_proven or not self._lasts:
            return
        known = Known(
            self._wires[self._at].wire,
            self._why.removeprefix(_REMEMBERED),
            self._learned.without,
            self._learned.drops_tools,
            self._wall(),
        )
        if self._noted is None:
            is_news = self._at > 0 or bool(known.without)
        else:
            is_news = replace(self._noted, at=known.at) != known
        if is_news or anew:
            self._noted = known
            self._memory.note(self._origin, known)


_REMEMBERED = "remembered: "


def _reason(wire: str, refused: WireRefused | None) -> str:
    """
    >>> _reason("responses-ws", None)
    'no WebSocket'
    """
    name = _WORDS.get(wire, wire)
    if refused is not None and isinstance(refused.fault, StreamFault):
        return f"the {name} broke off"
    status = refused.status if refused is not None else 0
    return f"no {name} ({status})" if status else f"no {name}"


def _is_lasting(refused: WireRefused | None) -> bool:
    """It says how the service is made, and not how it is today."""
    status = refused.status if refused is not None else 0
    return (200 <= status < 500 and status not in (408, 425, 429)) or status in (501, 505)


def _has_custom_tool(request: Request) -> bool:
    return any(isinstance(tool, CustomTool) for tool in request.tools)


def _changed() -> WireChanged:
    return WireChanged(
        "This service speaks chat completions only; the request was made for another wire.",
        hint=f"{UNTOUCHED} Ask again: edits are asked for as text from now on.",
    )
