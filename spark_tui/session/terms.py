"""The small words that events are made of: ids, decisions, outcomes, counts.

The rule kept here: values only. events.py hands them on, so that everybody imports them from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NewType

HunkId = NewType("HunkId", str)
"""t3h2: turn 3, hunk 2. Stable, never reused."""


class Durability(Enum):
    VIEW = "view"
    TOLD = "told"
    PROMISED = "promised"


class Decision(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    OPEN = "open"
    """Taken back."""


class Outcome(StrEnum):
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    """Stopped by the person."""
    INCOMPLETE = "incomplete"
    """The reply was cut or ended without its own end."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileSent:
    """One file that goes along with a request."""

    path: str
    digest: str
    tokens: int
    reason: str
    """named (@), found (looked up from the prompt), shown (in the diff pane), instructions."""


@dataclass(frozen=True, slots=True)
class Written:
    """One path of a write: digests before and after; None where the file does not exist."""

    path: str
    before: str | None
    after: str | None
    mode: int = 0o644
    """Of the file after; of the file that went away where there is none after."""


@dataclass(frozen=True, slots=True)
class TokenUse:
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    estimated: bool = False
    """Our own count: the service sent none (an interrupted turn has none)."""
