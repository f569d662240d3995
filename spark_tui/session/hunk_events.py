"""What happens to hunks, in the past tense; part of events.py, which everybody imports from.

The rule kept here: as there: frozen, raw text, survives JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spark_tui.edits.changeset import Kind, Placed, Unplaced
from spark_tui.edits.pieces import Sign
from spark_tui.session.terms import Anchor, Decision, Durability, HunkId, HunkPart


@dataclass(frozen=True, slots=True)
class HunkOpened:
    durability: ClassVar[Durability] = Durability.TOLD
    hunk: HunkId
    turn: int
    path: str
    kind: Kind
    headers: tuple[str, ...] = ()
    move_to: str | None = None


@dataclass(frozen=True, slots=True)
class HunkGrew:
    durability: ClassVar[Durability] = Durability.TOLD
    hunk: HunkId
    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class HunkTyping:
    durability: ClassVar[Durability] = Durability.VIEW
    hunk: HunkId
    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class HunkPending:
    durability: ClassVar[Durability] = Durability.VIEW
    hunk: HunkId
    line: int


@dataclass(frozen=True, slots=True)
class HunkWaiting:
    durability: ClassVar[Durability] = Durability.VIEW
    hunk: HunkId


@dataclass(frozen=True, slots=True)
class HunkPlaced:
    durability: ClassVar[Durability] = Durability.TOLD
    hunk: HunkId
    base: str | None
    """Digest of the snapshot; its bytes are in the checkpoint store and in state.snapshots."""
    place: Placed
    added: int
    removed: int
    risk: str = ""
    """Why this deserves a second look ("compares a secret with =="), or ""."""
    undoes: HunkId | None = None
    """The accepted hunk that it would take out over a person's later edit."""


@dataclass(frozen=True, slots=True)
class HunkUnplaced:
    durability: ClassVar[Durability] = Durability.TOLD
    hunk: HunkId
    base: str | None
    why: Unplaced


@dataclass(frozen=True, slots=True)
class HunksDecided:
    """A person's or the policy's word on hunks. The write, where there is one, follows."""

    durability: ClassVar[Durability] = Durability.PROMISED
    hunks: tuple[HunkId, ...]
    decision: Decision
    by: str = "person"
    """person; policy; undo: the hunks stand again as before the last act, whatever `decision`
    says; redo: what was taken back last is done again; commit: their commit was taken back."""


@dataclass(frozen=True, slots=True)
class HunksConflicted:
    """The disk has something else at these places: nothing was written for them."""

    durability: ClassVar[Durability] = Durability.PROMISED
    hunks: tuple[HunkId, ...]
    message: str


@dataclass(frozen=True, slots=True)
class HunkSuperseded:
    durability: ClassVar[Durability] = Durability.TOLD
    hunk: HunkId
    by: HunkId


@dataclass(frozen=True, slots=True)
class HunkReshaped:
    """A person cut an undecided hunk, took some of its lines or wrote others: the parts stand for
    it."""

    durability: ClassVar[Durability] = Durability.PROMISED
    hunk: HunkId
    how: str
    """split, chosen, edited."""
    parts: tuple[HunkPart, ...]
    by: str = "person"
    """person or redo."""


@dataclass(frozen=True, slots=True)
class HunksAnchored:
    """Where undecided hunks stand now in files that changed, or are again what they were."""

    durability: ClassVar[Durability] = Durability.VIEW
    anchors: tuple[Anchor, ...]
