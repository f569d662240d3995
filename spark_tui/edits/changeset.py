"""What a reply means for files, as values in snapshot coordinates.

The rule kept here: nothing is ever expressed in coordinates of a partly edited file, so hunks
can be accepted in any order. Finding places is locate.py, making bytes is compose.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a hunk does to its file."""

    EDIT = "edit"
    ADD = "add"
    DELETE = "delete"
    MOVE = "move"
    MODE = "mode"


class Quality(StrEnum):
    """By which comparison the old side was found: the first pass that has any candidate decides."""

    EXACT = "exact"
    TRAILING = "trailing"
    INDENT = "indent"
    SOFT = "soft"
    DRIFT = "drift"


class Flag(StrEnum):
    """Why a placed hunk deserves a look; `safe` acceptance takes unflagged hunks only."""

    ABOUT = "about"
    BY_ORDER = "by-order"
    REWRITE = "rewrite"
    END_OF_FILE = "end-of-file"
    UNSEEN = "unseen"
    SHRINKS = "shrinks"
    """A rewrite that drops a large part of the file: may be code left out."""
    PATH = "path"
    """The reply left folders of the path out; one file alone can be meant, and its lines fit."""
    IGNORED = "ignored"
    RUNS_LATER = "runs-later"
    SECRET = "secret"  # noqa: S105 - the name of a flag
    UNDO = "undo"
    """It takes an accepted hunk out over a later edit of a person's."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Snapshot lines [start, end) become `lines`. start == end inserts before line `start`."""

    start: int
    """0-based."""
    end: int
    lines: tuple[str, ...]
    """New lines without endings."""
    newline: bool | None = None
    """Of an edit at the end of the file: whether the file ends with a newline afterwards. None:
    as it did."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a hunk lands, proven against the snapshot's bytes; never changes afterwards."""

    start: int
    """0-based first snapshot line of the old side, context included."""
    end: int
    edits: tuple[Edit, ...]
    """In file order, not overlapping; empty: the hunk changes nothing (already there)."""
    quality: Quality = Quality.EXACT
    score: float = 1.0
    """1.0, or the lowest similarity of a context line in a drift match."""
    flags: frozenset[Flag] = frozenset()
    already: bool = False
    """The new side is in the file already: a no-op."""
    eol: str = "\n"
    """With which the lines of a new file end."""
    mode: int | None = None
    """Of a mode hunk or a new file: 0o644 or 0o755. None: the file's own, 0o644 for a new one."""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Why a hunk has no place, and where it might go."""

    code: str
    """diverges, not_found, ambiguous, overlap, no_file, exists, path, truncated, malformed,
    abbreviated, already_there, encoding, binary."""
    message: str
    candidates: tuple[int, ...] = ()
    """0-based snapshot lines."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """The unit of everything: one contiguous proposal for one file."""

    number: int
    path: str
    kind: Kind
    base: str | None
    """Digest of the snapshot the place refers to; None where the file does not exist."""
    place: Placed | Unplaced
    move_to: str | None = None


@dataclass(frozen=True, slots=True)
class Changeset:
    """All hunks of one reply, in order of appearance."""

    hunks: tuple[Hunk, ...] = ()
    complete: bool = False
    """The format's own end was seen in every part; a cut reply is never complete."""
    issues: tuple[str, ...] = field(default=())
