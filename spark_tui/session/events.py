"""Every fact of a session, in the past tense; the engine's only output.

The rule kept here: an event is frozen, holds raw text, and survives JSON (journal.py writes it,
state.py folds it, faces draw it). What an event means for the state is state.py's business.

Three classes of durability, as a class attribute:
    VIEW      growth and typing: never journaled
    TOLD      written to the journal without fsync: survives kill -9
    PROMISED  on the disk with fsync before anybody acts on it
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spark_tui.session.history_events import CommitBegun as CommitBegun
from spark_tui.session.history_events import CommitDraftKept as CommitDraftKept
from spark_tui.session.history_events import CommitEnded as CommitEnded
from spark_tui.session.history_events import CommitUndone as CommitUndone
from spark_tui.session.history_events import EntryChanged as EntryChanged
from spark_tui.session.history_events import HunksRestored as HunksRestored
from spark_tui.session.history_events import HunkStood as HunkStood
from spark_tui.session.history_events import IndexChanged as IndexChanged
from spark_tui.session.history_events import IndexLate as IndexLate
from spark_tui.session.history_events import Operated as Operated
from spark_tui.session.history_events import UncommitBegun as UncommitBegun
from spark_tui.session.history_events import ViewKept as ViewKept
from spark_tui.session.hunk_events import HunkGrew as HunkGrew
from spark_tui.session.hunk_events import HunkOpened as HunkOpened
from spark_tui.session.hunk_events import HunkPending as HunkPending
from spark_tui.session.hunk_events import HunkPlaced as HunkPlaced
from spark_tui.session.hunk_events import HunkReshaped as HunkReshaped
from spark_tui.session.hunk_events import HunksAnchored as HunksAnchored
from spark_tui.session.hunk_events import HunksConflicted as HunksConflicted
from spark_tui.session.hunk_events import HunksDecided as HunksDecided
from spark_tui.session.hunk_events import HunkSuperseded as HunkSuperseded
from spark_tui.session.hunk_events import HunkTyping as HunkTyping
from spark_tui.session.hunk_events import HunkUnplaced as HunkUnplaced
from spark_tui.session.hunk_events import HunkWaiting as HunkWaiting
from spark_tui.session.terms import Anchor as Anchor
from spark_tui.session.terms import Decision as Decision
from spark_tui.session.terms import Durability as Durability
from spark_tui.session.terms import FileSent as FileSent
from spark_tui.session.terms import HunkId as HunkId
from spark_tui.session.terms import HunkPart as HunkPart
from spark_tui.session.terms import Outcome as Outcome
from spark_tui.session.terms import TokenUse as TokenUse
from spark_tui.session.terms import TurnFigures as TurnFigures
from spark_tui.session.terms import Written as Written


@dataclass(frozen=True, slots=True)
class SessionOpened:
    durability: ClassVar[Durability] = Durability.PROMISED
    session: str
    root: str
    at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class RepositoryLooked:
    """What git said just now. Marks: path -> two letters as `git status --porcelain`."""

    durability: ClassVar[Durability] = Durability.VIEW
    branch: str
    """Branch name, "detached at 1a2b3c4", or "" without git."""
    has_git: bool
    files: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]
    operation: str = ""


@dataclass(frozen=True, slots=True)
class RoleSwitched:
    durability: ClassVar[Durability] = Durability.TOLD
    role: str
    """fast or smart."""
    model: str


@dataclass(frozen=True, slots=True)
class EndpointChanged:
    """Where requests go now; has_key says whether requests can be made at all."""

    durability: ClassVar[Durability] = Durability.VIEW
    base_url: str
    ready: bool
    label: str
    """What the status line says: a host name, "demo (scripted)", "no key"."""


@dataclass(frozen=True, slots=True)
class LinkNews:
    """What the link does while nothing of an answer comes; the newest one of a kind counts."""

    durability: ClassVar[Durability] = Durability.VIEW
    kind: str
    """quiet, waiting, lively (neither any more), pool."""
    message: str = ""
    until: float = 0.0
    """waiting: when it is over; pool: when it is full again; seconds since the epoch, 0 unknown."""
    requests_left: int | None = None
    tokens_left: int | None = None
    since: float = 0.0
    """quiet: when the last sign came; seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ContextChosen:
    """Parts of the conversation that a person dropped from it, or keeps whatever happens."""

    durability: ClassVar[Durability] = Durability.PROMISED
    pinned: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DraftKept:
    """The unsent prompt, or what of it is new."""

    durability: ClassVar[Durability] = Durability.TOLD
    text: str
    kept: int = 0
    """So many characters of the draft before still stand in front of it."""


@dataclass(frozen=True, slots=True)
class PromptQueued:
    durability: ClassVar[Durability] = Durability.PROMISED
    text: str


@dataclass(frozen=True, slots=True)
class PromptUnqueued:
    durability: ClassVar[Durability] = Durability.PROMISED
    text: str


@dataclass(frozen=True, slots=True)
class TurnStarted:
    durability: ClassVar[Durability] = Durability.PROMISED
    turn: int
    prompt: str
    role: str
    model: str
    files: tuple[FileSent, ...]
    tokens: int
    """Estimated size of the request."""
    at: float
    steered: bool = False
    """This prompt stopped the previous turn."""
    refines: str = ""
    """The hunk this turn re-asks, or ""."""
    continues: int = 0
    """The turn whose cut answer this one goes on with, or 0."""
    branch: str = ""
    """Where HEAD was: "" when detached, or without git."""
    head: str = ""
    """Its commit; "" before the first."""


@dataclass(frozen=True, slots=True)
class Connected:
    durability: ClassVar[Durability] = Durability.VIEW
    turn: int
    wire: str
    connect_ms: float
    reused: bool
    why: str = ""
    """Why this wire, where it is not the best one."""


@dataclass(frozen=True, slots=True)
class FirstToken:
    durability: ClassVar[Durability] = Durability.TOLD
    turn: int
    ttft_ms: float


@dataclass(frozen=True, slots=True)
class Said:
    """Prose of the model; many per answer, joined by whoever shows or stores them."""

    durability: ClassVar[Durability] = Durability.TOLD
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    durability: ClassVar[Durability] = Durability.VIEW
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """The model read or searched; one line in the chat."""

    durability: ClassVar[Durability] = Durability.TOLD
    turn: int
    name: str
    detail: str
    result: str
    """A few words: "120 lines", "7 matches", "refused: ...". """


@dataclass(frozen=True, slots=True)
class ReplyIssue:
    """Something is wrong with the reply itself."""

    durability: ClassVar[Durability] = Durability.TOLD
    turn: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class TurnUndone:
    """All accepted hunks of a turn were taken back at once; redo puts them back."""

    durability: ClassVar[Durability] = Durability.PROMISED
    turn: int
    hunks: tuple[HunkId, ...]
    by: str = "person"
    """person or redo."""


@dataclass(frozen=True, slots=True)
class FilesWritten:
    """The work tree changed by our hand, all-or-nothing, after `checkpoint` was durable."""

    durability: ClassVar[Durability] = Durability.PROMISED
    act: int
    """Number of this write in the session: what undo and redo refer to."""
    why: str
    """accept, redo: the hunks were put in; undo, undo-turn, reject: they were taken out; restore,
    discard: files were put back as a whole."""
    hunks: tuple[HunkId, ...]
    writes: tuple[Written, ...]
    checkpoint: str

    @property
    def puts_in(self) -> bool:
        return self.why in ("accept", "redo")


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The bytes before a write are durable; what follows if the write succeeds stands here too,
    so that the next start can complete the story of a process that was killed in between."""

    durability: ClassVar[Durability] = Durability.PROMISED
    checkpoint: str
    turn: int
    paths: tuple[str, ...]
    write: FilesWritten | None = None
    decided: HunksDecided | None = None
    undone: TurnUndone | None = None
    restored: HunksRestored | None = None
    uncommitted: CommitUndone | None = None
    index: IndexChanged | None = None
    """Of the index: what git is asked for next; `IndexChanged` follows."""
    operated: Operated | None = None
    """The entry that comes with it, where it is not derived from the rest."""


@dataclass(frozen=True, slots=True)
class TurnMeasured:
    """How long the parts of a turn took and what it cost; just before its end."""

    durability: ClassVar[Durability] = Durability.TOLD
    turn: int
    figures: TurnFigures


@dataclass(frozen=True, slots=True)
class TurnEnded:
    durability: ClassVar[Durability] = Durability.PROMISED
    turn: int
    outcome: Outcome
    usage: TokenUse
    duration_ms: float
    message: str = ""
    """For a person: what happened, "" when all is well."""
    hint: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class MessageDrafted:
    """The commit message so far, streamed."""

    durability: ClassVar[Durability] = Durability.VIEW
    text: str
    done: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Committed:
    durability: ClassVar[Durability] = Durability.PROMISED
    commit: str
    subject: str
    hunks: tuple[HunkId, ...]
    paths: tuple[str, ...]
    at: float = 0.0
    """Seconds since the epoch."""
    amends: str = ""
    """The commit whose place it took, or ""."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """A sentence for the person that is not about one hunk. level: info, warning, error."""

    durability: ClassVar[Durability] = Durability.TOLD
    level: str
    message: str
    hint: str = ""


Event = (
    SessionOpened
    | RepositoryLooked
    | RoleSwitched
    | EndpointChanged
    | LinkNews
    | ContextChosen
    | DraftKept
    | PromptQueued
    | PromptUnqueued
    | TurnStarted
    | Connected
    | FirstToken
    | Said
    | Thought
    | ToolUsed
    | HunkOpened
    | HunkGrew
    | HunkTyping
    | HunkPending
    | HunkWaiting
    | HunkPlaced
    | HunkUnplaced
    | ReplyIssue
    | HunksDecided
    | CheckpointSaved
    | FilesWritten
    | HunksConflicted
    | HunkSuperseded
    | HunkReshaped
    | HunksAnchored
    | TurnUndone
    | TurnMeasured
    | TurnEnded
    | MessageDrafted
    | Operated
    | IndexChanged
    | CommitBegun
    | CommitDraftKept
    | IndexLate
    | CommitEnded
    | Committed
    | UncommitBegun
    | CommitUndone
    | HunksRestored
    | ViewKept
    | Noticed
)
