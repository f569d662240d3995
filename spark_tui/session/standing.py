"""Where hunks and turns stand: the values that SessionState is made of.

The rule kept here: plain values and questions about them. Only state.py changes them, by events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from spark_tui.edits.changeset import Flag, Kind, Placed, Unplaced
from spark_tui.edits.pieces import Sign
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId, Outcome, TokenUse


class Status(StrEnum):
    """Where a hunk stands; the same words on screen, in JSON and in the docs."""

    GROWING = "growing"
    WAITING = "waiting"
    PLACED = "placed"
    UNPLACED = "unplaced"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    SUPERSEDED = "superseded"
    ALREADY_THERE = "already_there"
    UNDONE = "undone"


@dataclass(slots=True)
class HunkState:
    """One hunk, from its first line to its decision."""

    id: HunkId
    turn: int
    path: str
    kind: Kind
    headers: tuple[str, ...] = ()
    move_to: str | None = None
    lines: list[tuple[Sign, str]] = field(default_factory=list)
    """Complete lines as the model wrote them; only ever appended to."""
    typing: tuple[Sign, str] | None = None
    """The unfinished line."""
    pending: int | None = None
    """0-based snapshot line that fits so far."""
    status: Status = Status.GROWING
    base: str | None = None
    place: Placed | None = None
    why: Unplaced | None = None
    message: str = ""
    """Why it is in conflict, by which hunk it was superseded, ..."""
    risk: str = ""
    added: int = 0
    removed: int = 0
    by: str = ""
    """Who decided: person, policy, ""."""
    placed_act: int = 0
    """Writes of the session before it got its place: its path is meant as of then."""
    written_act: int = 0
    """The write that put it into the file; 0 when it was none of ours, or it was taken out."""
    committed: str = ""
    """The commit that holds it, or ""."""
    whole: HunkId | None = None
    """The hunk that it is a part of."""
    parts: tuple[HunkId, ...] = ()
    """What stands for it now, after it was reshaped."""
    how: str = ""
    """How it was made of its whole: split, chosen, edited, ""."""
    undoes: HunkId | None = None
    """The hunk that accepting this one takes out, over a person's later edit."""
    anchor: ev.Anchor | None = None
    """Where it stood in its file when that was last looked at, if it had changed: see `met`."""

    @property
    def flags(self) -> frozenset[Flag]:
        return self.place.flags if self.place else frozenset()

    @property
    def written(self) -> bool:
        """We put it into the file: what an undo may take out."""
        return self.written_act > 0

    @property
    def met(self) -> ev.Anchor | None:
        """What a yes would meet now, where the file is not what the hunk was placed in."""
        return self.anchor if self.is_undecided else None

    @property
    def is_finished(self) -> bool:
        """It has its verdict: only now can it be decided."""
        return self.status not in (Status.GROWING, Status.WAITING)

    @property
    def is_undecided(self) -> bool:
        """Placed and waiting for a decision."""
        return self.status is Status.PLACED


@dataclass(slots=True)
class Part:
    """A stretch of the chat: kind is said, tool or note."""

    kind: str
    text: str


@dataclass(slots=True)
class TurnState:
    """One prompt and all that came of it."""

    turn: int
    prompt: str
    role: str
    model: str
    files: tuple[ev.FileSent, ...]
    tokens: int
    at: float
    steered: bool = False
    refines: str = ""
    parts: list[Part] = field(default_factory=list)
    hunks: list[HunkId] = field(default_factory=list)
    wire: str = ""
    connect_ms: float | None = None
    ttft_ms: float | None = None
    outcome: Outcome | None = None
    """None while it streams."""
    usage: TokenUse = field(default_factory=TokenUse)
    duration_ms: float = 0.0
    message: str = ""
    hint: str = ""
    code: str = ""
    undone: bool = False
    continues: int = 0
    """The turn whose cut answer this one goes on with, or 0."""
    wire_why: str = ""
    """Why it went over this wire, where that is not the best one."""
    branch: str = ""
    """Where HEAD was when it asked; see ground.py."""
    head: str = ""
    figures: ev.TurnFigures | None = None

    @property
    def is_streaming(self) -> bool:
        return self.outcome is None


@dataclass(frozen=True, slots=True)
class Counts:
    """Hunks of one path by what they need; `open` = placed and undecided."""

    open: int = 0
    accepted: int = 0
    rejected: int = 0
    trouble: int = 0
    """unplaced or conflict"""
    growing: int = 0


@dataclass(frozen=True, slots=True)
class Before:
    """How one hunk stood before an act."""

    hunk: HunkId
    status: Status
    message: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One decision, as undo and redo see it."""

    turn: int
    """The turn that was undone as a whole, 0 for a plain decision."""
    before: tuple[Before, ...]
    after: Decision
    reshaped: ev.HunkReshaped | None = None
    """The act was no decision but a new shape."""
    op: int = 0
    """Its entry in the operation log; 0 in journals of older versions."""
    restored: ev.HunksRestored | None = None
    """The act was no decision but a restore."""
    uncommitted: ev.CommitUndone | None = None
    """A commit was taken back, and may come back: only among what redo does again."""

    def only(self, hunks: tuple[HunkId, ...]) -> Act:
        """The part of it that is about these hunks."""
        return replace(self, before=tuple(b for b in self.before if b.hunk in hunks))


def path_now(hunk: HunkState, moves: Iterable[HunkState]) -> str:
    """Where the file is now that the hunk's path meant when it was placed: later moves of ours,
    in their order, took it along."""
    path = hunk.path
    for move in moves:
        if move is hunk or move.path != path or move.written_act <= hunk.placed_act:
            continue
        path = move.move_to or path
    return path
