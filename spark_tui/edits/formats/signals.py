"""What the demux and the format machines say to the reader.

The rule kept here: signals carry the reply's own words and nothing else; paths are unchecked and
no line has a place yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from spark_tui.edits.pieces import Sign

Op = Literal["update", "add", "delete", "block", "erase", "file"]


class Said(NamedTuple):
    """Prose."""

    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """What follows is about this file.

    "block": whether it is a change or a new file is open. "erase": the file goes, and the hunk
    that follows quotes it. "file": its whole text follows.
    """

    op: Op
    path: str


@dataclass(frozen=True, slots=True)
class MovedTo:
    """The file of this section gets another path."""

    path: str


@dataclass(frozen=True, slots=True)
class ModeSet:
    """The file of this section becomes executable or stops being it."""

    mode: int
    """0o644 or 0o755."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A hunk begins."""

    headers: tuple[str, ...] = ()
    hint: int | None = None
    """1-based line from a numeric header."""


class Line(NamedTuple):
    """One complete line of the open hunk."""

    sign: Sign
    text: str
    other: str | None = None
    """The line as it came, where its prefix may have been left out."""


class Typing(NamedTuple):
    """The unfinished line of the open hunk."""

    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The open hunk is over."""

    at_end: bool = False
    """It was marked as the end of the file."""
    code: str = ""
    """Why it cannot be placed, if the reply itself says so."""
    message: str = ""
    dividers: tuple[str, ...] = ()
    """The dividers of a block as written, if there was more than one: any may be text."""
    newline: bool | None = None
    """Whether the file ends with a newline afterwards; None: as it did."""
    mode: int | None = None
    """Of a new file, where the reply gives one."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something is wrong with the reply, outside any hunk."""

    code: str
    message: str
    fatal: bool = True


Signal = Said | Section | MovedTo | ModeSet | Opened | Line | Typing | Ended | Trouble


class Machine(Protocol):
    """One edit region of one format, fed line by line."""

    done: bool
    """The format's own end was seen, or the region turned out to be none."""
    sure: bool
    """It is an edit beyond doubt; until then its lines may come back as `rest`."""
    rest: list[str]
    """Lines that do not belong to it, once it is done: the one that ended it, or all of them."""

    def line(self, text: str) -> list[Signal]:
        """One complete line, without its ending."""
        ...

    def typing(self, start: str) -> list[Signal]:
        """The unfinished line so far: for the eye, unless it opens the hunk beyond doubt."""
        ...

    def end(self, *, mid_line: bool = False) -> list[Signal]:
        """The text is over, in the middle of a line or not. Sets `done` if that is a proper end."""
        ...
