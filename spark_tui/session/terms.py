"""The small words that events are made of: ids, decisions, outcomes, counts.

The rule kept here: values only. events.py hands them on, so that everybody imports them from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NewType

from spark_tui.edits.changeset import Placed

HunkId = NewType("HunkId", str)
"""t3h2: turn 3, hunk 2; t3h2.1: the first part that was made of it. Stable, never reused."""


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


@dataclass(frozen=True, slots=True)
class TurnFigures:
    """What a turn took; None where it has no such moment (nothing came, nothing was told)."""

    connect_ms: float = 0.0
    """Waited for the connection; 0 when one stood ready."""
    reused: bool = False
    sent_ms: float | None = None
    """From the prompt until its first request was on its way, `connect_ms` included."""
    round_trip_ms: float | None = None
    """From there until the service took the request: network and admission, nothing generated."""
    ttft_ms: float | None = None
    """From the prompt until the first text of the answer."""
    first_hunk_ms: float | None = None
    """From the prompt until the first hunk had its place."""
    total_ms: float = 0.0
    tokens_per_s: float = 0.0
    """Of the last answer of the turn, since its first token; 0 when too short to tell."""
    rounds: int = 0
    """Requests of the turn."""
    cost: float | None = None
    """Dollars, estimated from the price table; None where no price is known."""
    service_tier: str = ""
    """The tier that was really served, where the service tells."""
    wire: str = ""
    """responses-ws, responses, chat, scripted; "" when it never came so far."""
    edit_format: str = ""
    """In which the model was asked to write its edits."""


@dataclass(frozen=True, slots=True)
class HunkPart:
    """What stands for a hunk, or for a part of it, after a person reshaped it."""

    hunk: HunkId
    place: Placed
    added: int
    removed: int
    risk: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where an undecided hunk stands in its file as that is now."""

    hunk: HunkId
    now: str
    """Digest of the file; its bytes are in state.snapshots."""
    place: Placed | None = None
    """In lines of that file; None where it has none there, or the file is what it was."""
    moved_by: int = 0
    """Lines it moved down (negative: up)."""
    message: str = ""
    """Why it could not be written now, or ""."""
    start: int = 0
    """0-based lines [start, end) of that file which are in its way."""
    end: int = 0
    already: bool = False
    """The file has its result already."""


FILE = "file:"


def file_key(path: str) -> str:
    """The key of a file among the parts of a conversation (context_items.py has the others)."""
    return f"{FILE}{path}"


def limit_of(window: int) -> int:
    """Tokens of the largest request that is sent: 90 % of the window, which is 0 if not known."""
    return window * 9 // 10
