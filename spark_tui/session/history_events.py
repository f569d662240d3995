"""What was done, act by act, and what is needed to take it back; part of events.py, which everybody
imports from.

The rule kept here: as there: frozen, raw text, survives JSON. Every act that changes files, the
index, a branch or a decision is one `Operated`, written together with the events it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spark_tui.session.terms import Durability, HunkId


@dataclass(frozen=True, slots=True)
class Operated:
    """One entry of the operation log: o17 is the seventeenth of its session."""

    durability: ClassVar[Durability] = Durability.PROMISED
    op: int
    at: float
    """Seconds since the epoch."""
    kind: str
    """accept, reject, reopen, undo, undo-turn, redo, reshape; commit, amend, drop-commit,
    revert-commit; stage, unstage, discard; restore."""
    hunks: tuple[HunkId, ...] = ()
    paths: tuple[str, ...] = ()
    checkpoint: str = ""
    """The bytes before it; "" where no file of the work tree was written."""
    commit: str = ""
    """The commit that it made or took back."""
    takes_back: int = 0
    """The entry whose effect this one takes back, or puts in again; 0 when it is none's."""
    note: str = ""
    """What cannot be taken back with it: hooks that ran."""


@dataclass(frozen=True, slots=True)
class EntryChanged:
    """One path of the user's index; before and after are `mode oid`, "" for no entry."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class IndexChanged:
    """The person staged or unstaged: entries of their own index, in one step of git's own."""

    durability: ClassVar[Durability] = Durability.PROMISED
    op: int
    """The operation's number: what undo and redo refer to."""
    entries: tuple[EntryChanged, ...]
    """None: what was begun was not done."""
    kept: str = ""
    """The checkpoint that holds the bytes of the entries before, under `(index)/PATH`."""
    head: str = ""
    """The commit HEAD was at; "" before the first."""


@dataclass(frozen=True, slots=True)
class CommitBegun:
    """git is about to be asked for a commit: `Committed` or `CommitEnded` follows, unless the
    process is killed in between; then the next start looks whether the commit was made."""

    durability: ClassVar[Durability] = Durability.PROMISED
    head: str
    """HEAD before; "" before the first commit."""
    hunks: tuple[HunkId, ...]
    paths: tuple[str, ...]
    subject: str
    amends: str = ""
    """The commit that it shall take the place of, or ""."""
    tree: str = ""
    """What it holds, unless a hook adds to it; "" in journals of older versions."""


@dataclass(frozen=True, slots=True)
class CommitDraftKept:
    """The message that is being written, and what it is for; a commit ends it."""

    durability: ClassVar[Durability] = Durability.TOLD
    text: str
    """"" when there is none any more."""
    hunks: tuple[HunkId, ...] | None = None
    """Those that are chosen; None: all."""
    amend: bool = False
    is_staged: bool = False


@dataclass(frozen=True, slots=True)
class IndexLate:
    """A commit was made while somebody held the user's index, which has to follow it yet."""

    durability: ClassVar[Durability] = Durability.TOLD
    base: str
    """The commit or tree before."""
    commit: str
    paths: tuple[str, ...]
    is_over: bool = False
    """It has followed, or is somebody else's now."""


@dataclass(frozen=True, slots=True)
class CommitEnded:
    """No commit was made."""

    durability: ClassVar[Durability] = Durability.TOLD
    message: str = ""
    """Why, as a sentence."""


@dataclass(frozen=True, slots=True)
class UncommitBegun:
    """A commit of ours is about to be taken back or to come back: `CommitUndone` or `CommitEnded`
    follows, unless the process is killed in between; then the next start looks how far it came."""

    durability: ClassVar[Durability] = Durability.PROMISED
    commit: str
    how: str
    """As of `CommitUndone`."""
    head: str
    """HEAD before; "" before the first commit."""
    hunks: tuple[HunkId, ...]
    by: str = ""
    """How is redo: the commit that reverted it and is about to go; "" where it was dropped."""


@dataclass(frozen=True, slots=True)
class CommitUndone:
    """A commit of ours was taken back."""

    durability: ClassVar[Durability] = Durability.PROMISED
    commit: str
    how: str
    """drop: the branch no longer holds it; revert: another commit takes it out; redo: a dropped
    one is on the branch again."""
    hunks: tuple[HunkId, ...]
    by: str = ""
    """The commit that reverts it."""
    note: str = ""
    """What cannot be taken back with it: hooks that ran."""


@dataclass(frozen=True, slots=True)
class HunkStood:
    """How a hunk stood at some moment."""

    hunk: HunkId
    status: str
    message: str = ""
    by: str = ""
    is_written: bool = False
    """It was in its file by our hand."""
    parts: tuple[HunkId, ...] = ()
    """What stood for it, where it had been reshaped."""


@dataclass(frozen=True, slots=True)
class HunksRestored:
    """Files and decisions are as they were right after an entry of the log."""

    durability: ClassVar[Durability] = Durability.PROMISED
    op: int
    """The restore's own number."""
    to: int
    """The entry; 0: before the first."""
    hunks: tuple[HunkStood, ...]
    """Those that stood otherwise before."""
    by: str = "person"
    """person; undo: a restore is taken back; redo: it is done again."""


@dataclass(frozen=True, slots=True)
class ViewKept:
    """Where the person was on the screen; the newest one counts."""

    durability: ClassVar[Durability] = Durability.TOLD
    pane: str
    """chat, diff, files: what had the focus."""
    page: str = ""
    """Of the diff: proposals, file; of changes the scope: worktree, staged, branch."""
    path: str = ""
    """Of the file that is shown."""
    line: int = 0
    """0-based, of the cursor in that file."""
    hunk: HunkId | None = None
    """Under the cursor."""
    row: int = 0
    """Of the cursor, on the screen."""
    tops: tuple[int, int, int] = (-1, 0, 0)
    """First row of chat, diff, files; -1: the end, which is followed."""
    folders: tuple[str, ...] = ()
    """Those that are open in the tree."""
    filter: str = ""
    at: str = ""
    """Path under the cursor of the tree."""
    caret: tuple[int, int] = (-1, -1)
    """Line and column of the cursor in the draft; -1: at its end."""
    left_out: tuple[str, ...] = ()
    """Files that the person took out of the next request."""
