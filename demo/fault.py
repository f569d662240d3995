"""Bad weather: what goes wrong, where, and how often.

The rule kept here: a fault is a value decided at the start of a request, so a test knows exactly
after how many deltas it strikes. Carrying it out is the connection's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KINDS = {
    "drop": "the connection breaks after N deltas",
    "stall": "nothing more comes after N deltas; the connection stays open",
    "halfopen": "nothing at all comes after N deltas: pings are not answered either",
    "malformed": "after N deltas comes one frame that is no JSON",
    "close": "the WebSocket is closed with code N after 10 deltas; HTTP breaks off there",
    "disconnect-before-first": "the connection breaks before the first delta",
    "duplicate": "every event comes twice",
    "reorder": "every Nth delta comes after the one that follows it",
    "unknown": "events of a type that nobody knows come between the others",
    "refuse": "no WebSocket here (426); HTTP works",
    "agelimit": "a WebSocket takes N requests, then says that it is too old",
    "notfound": "no request can be chained: previous_response_not_found",
    "ratelimit": "429 with Retry-After: N seconds",
    "overloaded": "503, server_error: N times",
    "badkey": "401 for every key",
    "slow": "N tokens a second (20), five seconds to the first",
}
DEFAULTS = {
    "drop": 10, "stall": 10, "halfopen": 10, "malformed": 10, "close": 1011, "reorder": 10,
    "agelimit": 5, "ratelimit": 1, "slow": 20,
}  # fmt: skip
CLOSE_AFTER = 10
"""Deltas before a connection is closed with a code."""
CODES = (*range(1000, 1016), *range(3000, 5000))
"""What `close:N` takes. Those that never travel (1005, 1006, 1015) are shown as they look: a close
without a code, a connection that breaks."""
FORM = re.compile(r"([a-z-]+)(?::(\d+))?(?:x(\d+))?")


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    number: int
    """Deltas before it strikes, or seconds, or tokens a second: see KINDS."""
    times: int = 0
    """How many requests are hit, 0 = every one."""

    @property
    def after(self) -> int | None:
        """Deltas before it strikes; None when it is no matter of deltas."""
        match self.kind:
            case "drop" | "stall" | "halfopen" | "malformed":
                return self.number
            case "close":
                return CLOSE_AFTER
        return None


def read_fault(text: str) -> Fault:
    """`drop:7` strikes every request after 7 deltas, `drop:7x1` only the first request.

    >>> read_fault("drop:7x1")
    Fault(kind='drop', number=7, times=1)
    """
    found = FORM.fullmatch(text)
    if found is None or found.group(1) not in KINDS:
        raise ValueError(f"no such fault: {text!r} (one of {', '.join(KINDS)})")
    kind, number, times = found.groups()
    size = int(number) if number else DEFAULTS.get(kind, 0)
    if kind == "close" and size not in CODES:
        raise ValueError(f"no such fault: {text!r} ({size} is no close code)")
    if kind == "overloaded":
        return Fault(kind, 0, int(times or size))
    return Fault(kind, size, int(times or 0))
