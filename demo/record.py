"""What the server saw: one entry a request, for tests and for the benchmark (GET /_log).

The rule kept here: no key is ever recorded, only whether there was one. Times are seconds of the
machine's monotonic clock, which all processes share, so a test can compare them with its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEPT = 500
"""Entries kept; bodies of the newest KEPT_BODIES only."""
KEPT_BODIES = 40


@dataclass(slots=True)
class Entry:
    """One request."""

    number: int
    wire: str
    """responses-ws, responses, chat, models."""
    connection: int
    authorized: bool
    received_s: float = field(default_factory=time.monotonic)
    first_s: float | None = None
    last_s: float | None = None
    model: str = ""
    script: str = ""
    user: str = ""
    outputs: int = 0
    parent: str = ""
    warm_up: bool = False
    successor: bool = False
    """Made by the server itself, after steering."""
    input: int = 0
    charged: int = 0
    """Tokens of the input, and those of them that had to be read."""
    deltas: int = 0
    ended: str = "running"
    """completed, incomplete, refused, interrupted (by the client), broken (by a fault)."""
    body: Mapping[str, Any] | None = None

    def sending(self) -> None:
        """Deltas go out now; written down before they do, so nobody can have one earlier."""
        if self.first_s is None:
            self.first_s = time.monotonic()

    def sent(self, count: int) -> None:
        """So many deltas went out just now."""
        self.last_s = time.monotonic()
        self.deltas += count

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Record:
    """All entries, and how many connections there were."""

    entries: list[Entry] = field(default_factory=list)
    connections: int = 0
    handshakes: int = 0
    """WebSocket handshakes that were accepted."""
    steers: int = 0
    _count: int = 0

    def open(self, wire: str, connection: int, *, authorized: bool) -> Entry:
        self._count += 1
        entry = Entry(self._count, wire, connection, authorized)
        self.entries.append(entry)
        del self.entries[:-KEPT]
        if len(self.entries) > KEPT_BODIES:
            self.entries[-KEPT_BODIES - 1].body = None
        return entry

    def as_json(self) -> dict[str, Any]:
        return {
            "connections": self.connections,
            "handshakes": self.handshakes,
            "steers": self.steers,
            "requests": [entry.as_json() for entry in self.entries],
        }
