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
    "malformed": "after N deltas comes one frame that is no JSON",
    "disconnect-before-first": "the connection breaks before the first delta",
    "refuse": "no WebSocket here (426); HTTP works",
    "ratelimit": "429 with Retry-After: N seconds",
    "badkey": "401 for every key",
    "slow": "N tokens a second (20), five seconds to the first",
}
FORM = re.compile(r"([a-z-]+)(?::(\d+))?(?:x(\d+))?")


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    number: int
    """Deltas before it strikes, or seconds, or tokens a second: see KINDS."""
    times: int = 0
    """How many requests are hit, 0 = every one."""


def read_fault(text: str) -> Fault:
    """`drop:7` strikes every request after 7 deltas, `drop:7x1` only the first request.

    >>> read_fault("drop:7x1")
    Fault(kind='drop', number=7, times=1)
    """
    found = FORM.fullmatch(text)
    if found is None or found.group(1) not in KINDS:
        raise ValueError(f"no such fault: {text!r} (one of {', '.join(KINDS)})")
    kind, number, times = found.groups()
    defaults = {"drop": 10, "stall": 10, "malformed": 10, "ratelimit": 1, "slow": 20}
    return Fault(kind, int(number) if number else defaults.get(kind, 0), int(times or 0))
