"""The parts of a reply that grow side by side, and the hunk each of them is writing.

The rule kept here: a lane holds what was said and is not settled yet, nothing about places.
The reader drives the lanes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from spark_tui.edits.asked import Written
from spark_tui.edits.changeset import Kind, Unplaced
from spark_tui.edits.demux import Demux
from spark_tui.edits.desk import Desk
from spark_tui.edits.formats.signals import Opened, Section, Signal
from spark_tui.edits.jsontext import JsonText
from spark_tui.edits.live import LiveRewrite, LiveSearch


@dataclass(slots=True)
class Draft:
    """A hunk that is growing."""

    number: int
    kind: Kind
    opened: Opened
    body: list[Written] = field(default_factory=list)
    search: list[str] = field(default_factory=list)
    live: LiveSearch | None = None
    rewrite: LiveRewrite | None = None


@dataclass(slots=True)
class Lane:
    """One part of the reply: the text, or the input of one tool call."""

    demux: Demux
    is_text: bool
    fed: bool = False
    over: bool = False
    section: Section | None = None
    path: str = ""
    given: str = ""
    """The path of the reply, where folders were added to it."""
    refused: Unplaced | None = None
    desk: Desk | None = None
    draft: Draft | None = None
    waits_for: str | None = None
    held: list[Signal] = field(default_factory=list)
    json: JsonText | None = None
    """Where the text comes as the arguments of a function call."""


def cannot_create(desk: Desk, search: list[str]) -> Unplaced | None:
    """A block without a SEARCH side makes a file; with one it needs a file."""
    if desk.snapshot is None:
        if has_text(search):
            return Unplaced("no_file", f"{desk.path} does not exist, so nothing can be found in it")
        return None
    if not has_text(search) and desk.snapshot.lines:
        return Unplaced("exists", f"{desk.path} exists and the block has nothing to search for")
    return None


def has_text(lines: list[str]) -> bool:
    return any(line.strip() for line in lines)
