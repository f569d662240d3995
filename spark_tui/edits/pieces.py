"""What an EditStream says while a reply arrives: the only contract of this package with the rest.

The rule kept here: a piece is emitted once and never taken back. `HunkTyping` alone may depend on
how the text was cut into chunks; it replaces the previous one and is for the eye only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spark_tui.edits.changeset import Kind, Placed, Unplaced

Sign = Literal[" ", "-", "+", "?"]
"""Context, removed, added, and "?": a SEARCH line whose meaning is open until the block ends."""


@dataclass(frozen=True, slots=True)
class Prose:
    """Text for the person; as it came, newlines included."""

    text: str


@dataclass(frozen=True, slots=True)
class NeedFile:
    """The stream cannot go on for this path before `provide(path, snapshot)` was called."""

    path: str


@dataclass(frozen=True, slots=True)
class HunkOpened:
    hunk: int
    path: str
    kind: Kind
    headers: tuple[str, ...] = ()
    """The text of its @@ lines."""
    move_to: str | None = None


@dataclass(frozen=True, slots=True)
class HunkGrew:
    """One more complete line, as written."""

    hunk: int
    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class HunkTyping:
    """The unfinished line; replaces the previous HunkTyping of this hunk."""

    hunk: int
    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class HunkPending:
    """One place fits so far: true, unproven."""

    hunk: int
    line: int
    """0-based snapshot line."""


@dataclass(frozen=True, slots=True)
class HunkWaiting:
    """Finished, but only its neighbours can settle its place."""

    hunk: int


@dataclass(frozen=True, slots=True)
class HunkPlaced:
    hunk: int
    base: str | None
    place: Placed


@dataclass(frozen=True, slots=True)
class HunkUnplaced:
    hunk: int
    base: str | None
    why: Unplaced


@dataclass(frozen=True, slots=True)
class Issue:
    """Something is wrong with the reply itself; fatal ones make it incomplete."""

    code: str
    message: str
    path: str | None = None
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    complete: bool


Piece = (
    Prose
    | NeedFile
    | HunkOpened
    | HunkGrew
    | HunkTyping
    | HunkPending
    | HunkWaiting
    | HunkPlaced
    | HunkUnplaced
    | Issue
    | Closed
)
