"""A wire that does what a test tells it, and a memory that can be looked into: no network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from spark_tui.errors import ConnectFault, SparkFault
from spark_tui.model.fallback import Wire
from spark_tui.model.faults import WireRefused
from spark_tui.model.memory import Known
from spark_tui.model.provider import (
    Accepted,
    Completed,
    Connected,
    Delta,
    Failed,
    ModelInfo,
    Request,
    TextDelta,
)


def refused(status: int = 404, fault: SparkFault | None = None) -> WireRefused:
    return WireRefused(fault or ConnectFault("no"), status=status)


Turn = str | WireRefused | SparkFault
"""What a turn says, or how it goes wrong."""


class ToldWire:
    """Scripts are used up in order; the last one stays."""

    def __init__(
        self,
        wire: str,
        turns: Sequence[Turn] = ("ok",),
        probes: Sequence[bool | WireRefused | None] = (None,),
    ) -> None:
        self.wire = wire
        self.asked = self.probed = self.connected = 0
        self.hold: asyncio.Event | None = None
        """A probe waits for it."""
        self._turns = list(turns)
        self._probes = list(probes)

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        self.asked += 1
        turn = self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]
        match turn:
            case WireRefused():
                raise turn
            case str():
                yield Connected(self.wire, 0.0, reused=False)
                yield Accepted("r", "m")
                yield TextDelta(turn)
                yield Completed("r", None, ())
            case fault:
                yield Failed(fault)

    async def probe(self) -> bool | None:
        self.probed += 1
        if self.hold is not None:
            await self.hold.wait()
        found = self._probes.pop(0) if len(self._probes) > 1 else self._probes[0]
        if isinstance(found, WireRefused):
            raise found
        return found

    async def connect(self) -> None:
        self.connected += 1

    async def warm(self, request: Request) -> bool:
        return False

    async def steer(self, text: str) -> bool:
        return False

    async def models(self) -> tuple[ModelInfo, ...]:
        return ()

    async def close(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def wire_hint(self) -> str:
        return self.wire

    def wire_why(self) -> str:
        return ""


class Told:
    """A Memory."""

    def __init__(self, known: Known | None = None) -> None:
        self.known = known
        self.notes: list[Known] = []

    def recall(self, origin: str) -> Known | None:
        return self.known

    def note(self, origin: str, known: Known) -> None:
        self.known = known
        self.notes.append(known)


def wires(*told: ToldWire) -> list[Wire]:
    return list(told)
