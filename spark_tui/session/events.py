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

from spark_tui.edits.changeset import Kind, Placed, Unplaced
from spark_tui.edits.pieces import Sign
from spark_tui.session.terms import Anchor as Anchor
from spark_tui.session.terms import Decision as Decision
from spark_tui.session.terms import Durability as Durability
from spark_tui.session.terms import FileSent as FileSent
from spark_tui.session.terms import HunkId as HunkId
from spark_tui.session.terms import HunkPart as HunkPart
from spark_tui.session.terms import Outcome as Outcome
from spark_tui.session.terms import TokenUse as TokenUse
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
class DraftKept:
    """The unsent prompt."""

    durability: ClassVar[Durability] = Durability.TOLD
    text: str


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


@dataclass(frozen=True, slots=True)
class Connected:
    durability: ClassVar[Durability] = Durability.VIEW
    turn: int
    wire: str
    connect_ms: float
    reused: bool


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


@dataclass(frozen=True, slots=True)
class HunkUnplaced:
    durability: ClassVar[Durability] = Durability.TOLD
    hunk: HunkId
    base: str | None
    why: Unplaced


@dataclass(frozen=True, slots=True)
class ReplyIssue:
    """Something is wrong with the reply itself."""

    durability: ClassVar[Durability] = Durability.TOLD
    turn: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class HunksDecided:
    """A person's or the policy's word on hunks. The write, where there is one, follows."""

    durability: ClassVar[Durability] = Durability.PROMISED
    hunks: tuple[HunkId, ...]
    decision: Decision
    by: str = "person"
    """person; policy; undo: the hunks stand again as before the last act, whatever `decision`
    says; redo: what was taken back last is done again."""


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
    """accept, redo: the hunks were put in; undo, undo-turn, reject: they were taken out."""
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
    | TurnEnded
    | MessageDrafted
    | Committed
    | Noticed
)
