"""The service behind all connections: its models, its scripts, its weather, its memory.

The rule kept here: no sockets. A connection hands in a body and gets a `Player`, or a
`BadRequest` in the words of the real service.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cache import Cache, Kept
from .fault import Fault, read_fault
from .pace import Pacer
from .plan import answer
from .play import Dialect, Player, Sink
from .pool import Pool
from .record import Entry, Record
from .request import Ask, BadRequest
from .rough import KINDS as ROUGH
from .rough import Rough
from .script import Script
from .wire_responses import Spent

SMART_RATE = 67
"""Tokens a second of a model whose name ends in -smart."""
SLOW_TTFT_S = 5.0
KEPT_RESPONSES = 200
PLAYED = (
    "drop", "stall", "halfopen", "malformed", "close", "disconnect-before-first", "slow", *ROUGH,
)  # fmt: skip
"""Weather that an answer meets on its way out."""


@dataclass(slots=True)
class Service:
    models: tuple[str, ...]
    scripts: Sequence[Script]
    rate: float
    """Tokens a second of all models but -smart; 0 = unlimited."""
    ttft_s: float
    fault: Fault | None = None
    prefill_ms: float = 0
    """Milliseconds to read 1,000 tokens of input that this connection has not read before."""
    pool: Pool | None = None
    """How much may be asked for, None = as much as one likes."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    record: Record = field(default_factory=Record)
    stored: dict[str, Kept] = field(default_factory=dict)
    """Responses that any connection may continue: those not sent with store: false."""
    _hits: Counter[Fault] = field(default_factory=Counter)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def next_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._ids):08d}"

    def strikes(self, *kinds: str) -> Fault | None:
        """The fault of the command line, if it is one of these and has hits left."""
        return self._hit(self.fault, kinds)

    def _hit(self, fault: Fault | None, kinds: Sequence[str]) -> Fault | None:
        if fault is None or fault.kind not in kinds:
            return None
        if fault.times and self._hits[fault] >= fault.times:
            return None
        self._hits[fault] += 1
        return fault

    def authorize(self) -> None:
        """Any key is good, and none as well, unless the weather says otherwise."""
        if self.strikes("badkey"):
            raise BadRequest(401, "invalid_api_key", "Incorrect API key provided.")

    def admit(self, ask: Ask) -> None:
        """Refuse what the real service refuses before it generates."""
        if fault := self.strikes("ratelimit"):
            raise BadRequest(
                429,
                "rate_limit_exceeded",
                f"Rate limit reached for {ask.model}. Please try again in {fault.number}s.",
                retry_after_s=fault.number,
            )
        if self.strikes("overloaded"):
            raise BadRequest(503, "server_error", "The server is overloaded. Try again later.")
        if ask.model not in self.models:
            raise BadRequest(
                404,
                "model_not_found",
                f"The model '{ask.model}' does not exist or you do not have access to it.",
                param="model",
            )
        if self.pool and (wait_s := self.pool.take(ask.tokens)):
            raise BadRequest(
                429,
                "rate_limit_exceeded",
                f"Rate limit reached for {ask.model}. Please try again in {wait_s:.3f}s.",
                retry_after_s=math.ceil(wait_s),
            )

    def read(self, ask: Ask, entry: Entry, cache: Cache, parent: Kept | None) -> Spent:
        """What reading the input costs on this connection; the answer is still to come."""
        covered = cache.covered(ask, parent)
        entry.input, entry.charged = ask.tokens, ask.tokens - covered
        return Spent(ask.tokens, covered, 0)

    def prefill_s(self, entry: Entry) -> float:
        return entry.charged * self.prefill_ms / 1_000_000

    def prepare(self, ask: Ask, dialect: Dialect, sink: Sink, entry: Entry) -> Player:
        """The answer to a request that was admitted and read, ready to play."""
        found = answer(ask, self.scripts)
        entry.script = found.script
        fault = self.strikes(*PLAYED)
        if fault is None and found.fault:
            written = read_fault(found.fault)
            fault = self._hit(written, [written.kind])
        rate, ttft_s = self.speed(ask.model, fault)
        ttft_s += self.prefill_s(entry)
        pacer = Pacer(rate, ttft_s, clock=self.clock, sleep=self.sleep)
        if fault and fault.kind in ROUGH:
            dialect = Rough(dialect, fault)
        return Player(found, dialect, pacer, sink, entry, fault)

    def speed(self, model: str, fault: Fault | None) -> tuple[float, float]:
        """Tokens a second and seconds to the first one."""
        if fault and fault.kind == "slow":
            return fault.number, SLOW_TTFT_S
        if not model.endswith("smart"):
            return self.rate, self.ttft_s
        return min(self.rate, SMART_RATE), self.ttft_s * 2

    def keep(self, response_id: str, kept: Kept) -> None:
        self.stored[response_id] = kept
        while len(self.stored) > KEPT_RESPONSES:
            del self.stored[next(iter(self.stored))]

    def model_list(self) -> Mapping[str, Any]:
        return {
            "object": "list",
            "data": [
                {"id": model, "object": "model", "created": 1767225600, "owned_by": "spark-demo"}
                for model in self.models
            ],
        }
