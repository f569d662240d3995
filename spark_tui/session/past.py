"""The writes and hunks of all sessions of a work tree, as one history of its files.

The rule kept here: it only reads, one journal after the other, and holds what is about one path; a
journal that cannot be read is passed over. Bytes are given by their digest or not at all. Blocking.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from spark_tui.edits.changeset import Kind, Placed
from spark_tui.errors import SparkFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Event, HunkId, Written
from spark_tui.session.journals import Unreadable, journal_of, read, sessions_of
from spark_tui.session.versions import Kept, digest

_PROMPT = 200
"""Letters of a prompt's first line that are kept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The turn that a hunk came from."""

    turn: int
    prompt: str
    """Its first line."""
    model: str
    role: str

    @classmethod
    def of(cls, event: ev.TurnStarted) -> Asked:
        first = event.prompt.strip().partition("\n")[0][:_PROMPT]
        return cls(event.turn, first, event.model, event.role)


@dataclass(frozen=True, slots=True)
class Wrote:
    """What one write of ours did to one path."""

    session: str
    op: int
    """Its entry in the log; 0 in journals of older versions."""
    at: float
    why: str
    hunks: tuple[HunkId, ...]
    row: Written
    checkpoint: str
    others: tuple[str, ...]
    """Paths written with it."""

    @property
    def puts_in(self) -> bool:
        return self.why in ("accept", "redo")


@dataclass(slots=True)
class Facts:
    """What a journal says of one hunk."""

    session: str
    hunk: HunkId
    path: str = ""
    kind: Kind = Kind.EDIT
    move_to: str = ""
    base: str | None = None
    place: Placed | None = None
    decision: Decision | None = None
    by: str = ""
    decided_at: float = 0.0
    decided_op: int = 0
    commit: str = ""
    asked: Asked | None = None


class Past:
    """Asked for one question or two, then thrown away."""

    def __init__(self, store: CheckpointStore, worktree: Worktree) -> None:
        self.store = store
        self.worktree = worktree
        self._loaded: dict[str, dict[str, Kept]] = {}
        self._writes: dict[str, list[Wrote]] = {}

    # -- writes ---------------------------------------------------------------------
    def writes_to(self, path: str) -> list[Wrote]:
        """Oldest first, of all sessions."""
        if path not in self._writes:
            self._writes[path] = self._read_writes(path)
        return self._writes[path]

    def _read_writes(self, path: str) -> list[Wrote]:
        found: list[Wrote] = []
        for session in sessions_of(self.store.folder):
            fold = _Writes(session, path)
            try:
                for event in read(
                    journal_of(self.store.folder, session),
                    *(ev.SessionOpened, ev.TurnStarted, ev.FilesWritten, ev.Operated),
                ):
                    fold.add(event)
            except Unreadable:
                continue
            found += fold.found
        return sorted(found, key=lambda w: w.at)  # stable: within a session the order stays

    # -- hunks ----------------------------------------------------------------------
    def facts(self, session: str, hunks: Collection[HunkId]) -> dict[HunkId, Facts]:
        """Of these hunks of a session."""
        fold = _Hunks(session, frozenset(hunks))
        try:
            for event in read(journal_of(self.store.folder, session), *_HUNK_KINDS):
                fold.add(event)
        except Unreadable:
            return {}
        return fold.found

    def accepted_with(self, path: str, text: str) -> list[Facts]:
        """Accepted hunks of a file that bring this very line, newest session first."""
        found: list[Facts] = []
        for session in sessions_of(self.store.folder):
            fold = _Hunks(session, None, path)
            try:
                for event in read(journal_of(self.store.folder, session), *_HUNK_KINDS):
                    fold.add(event)
            except Unreadable:
                continue
            found += [
                facts for facts in fold.found.values()
                if facts.decision is Decision.ACCEPTED and facts.place is not None
                and any(text in edit.lines for edit in facts.place.edits)
            ]  # fmt: skip
        return found

    # -- bytes ----------------------------------------------------------------------
    def kept(self, checkpoint: str, path: str) -> Kept:
        """What a checkpoint holds of a path. Raises KeyError when it is gone."""
        if checkpoint not in self._loaded:
            try:
                self._loaded[checkpoint] = dict(self.store.load(checkpoint))
            except SparkFault:
                self._loaded[checkpoint] = {}
        return self._loaded[checkpoint][path]

    def bytes_of(self, path: str, name: str) -> bytes | None:
        """The bytes that a file had under this digest: kept, on the disk, or found by the write
        that came next."""
        data = self.store.blob(name)
        if data is not None:
            return data
        try:
            now = self.worktree.read_kept(path)
        except SparkFault:
            now = None
        if now is not None and digest(now) == name:
            return now[0]
        for wrote in self.writes_to(path):
            if wrote.row.before == name:
                try:
                    kept = self.kept(wrote.checkpoint, path)
                except KeyError:
                    continue
                if kept is not None:
                    return kept[0]
        return None


@dataclass(slots=True)
class _Writes:
    """The writes of one journal to one path."""

    session: str
    path: str
    found: list[Wrote] = field(default_factory=list)
    at: float = 0.0
    pending: ev.FilesWritten | None = None

    def add(self, event: Event) -> None:
        match event:
            case ev.SessionOpened() | ev.TurnStarted():
                self._flush(0, 0.0)
                self.at = max(self.at, event.at)
            case ev.FilesWritten():
                self._flush(0, 0.0)
                self.pending = event
            case ev.Operated() if (
                self.pending is not None and self.pending.checkpoint == event.checkpoint
            ):
                self._flush(event.op, event.at)
            case _:
                pass

    def _flush(self, op: int, at: float) -> None:
        event, self.pending = self.pending, None
        self.at = max(self.at, at)
        if event is None:
            return
        others = tuple(w.path for w in event.writes if w.path != self.path)
        self.found += [
            Wrote(self.session, op, self.at, event.why, event.hunks, row, event.checkpoint, others)
            for row in event.writes if row.path == self.path
        ]  # fmt: skip


_HUNK_KINDS = (
    ev.TurnStarted, ev.HunkOpened, ev.HunkPlaced, ev.HunkReshaped, ev.HunksDecided, ev.TurnUndone,
    ev.HunksRestored, ev.Committed, ev.CommitUndone, ev.Operated,
)  # fmt: skip


@dataclass(slots=True)
class _Hunks:
    """The hunks of one journal: those that are asked for, or those of a path."""

    session: str
    wanted: frozenset[HunkId] | None
    path: str = ""
    found: dict[HunkId, Facts] = field(default_factory=dict)
    turns: dict[int, Asked] = field(default_factory=dict)
    opened: dict[HunkId, ev.HunkOpened] = field(default_factory=dict)
    """Of the path, or of what was reshaped into what is wanted."""
    placed: dict[HunkId, ev.HunkPlaced] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        match event:
            case ev.TurnStarted():
                self.turns[event.turn] = Asked.of(event)
            case ev.HunkOpened():
                self._open(event)
            case ev.HunkPlaced() if event.hunk in self.opened:
                self.placed[event.hunk] = event
                if (facts := self.found.get(event.hunk)) is not None:
                    facts.base, facts.place = event.base, event.place
            case ev.HunkReshaped() if event.hunk in self.opened:
                self._reshape(event)
            case ev.HunksDecided():
                for facts in self._known(event.hunks):
                    facts.decision, facts.by = event.decision, event.by
            case ev.TurnUndone():
                for facts in self._known(event.hunks):
                    facts.decision = Decision.OPEN
            case ev.HunksRestored():
                for stood in event.hunks:
                    for facts in self._known((stood.hunk,)):
                        is_in = stood.status == "accepted"
                        facts.decision = Decision.ACCEPTED if is_in else Decision.OPEN
            case ev.Committed():
                for facts in self.found.values():
                    if facts.commit and facts.commit == event.amends:
                        facts.commit = event.commit
                for facts in self._known(event.hunks):
                    facts.commit = event.commit
            case ev.CommitUndone():
                for facts in self._known(event.hunks):
                    facts.commit = event.commit if event.how == "redo" else ""
            case ev.Operated(kind="accept" | "redo"):
                for facts in self._known(event.hunks):
                    facts.decided_at, facts.decided_op = event.at, event.op
            case _:
                pass

    def _known(self, hunks: tuple[HunkId, ...]) -> list[Facts]:
        return [self.found[hid] for hid in hunks if hid in self.found]

    def _is_wanted(self, hid: HunkId, path: str) -> bool:
        return hid in self.wanted if self.wanted is not None else path == self.path

    def _open(self, event: ev.HunkOpened) -> None:
        whole = self.wanted is None or any(
            w == event.hunk or w.startswith(f"{event.hunk}.") for w in self.wanted
        )
        if whole and (self.wanted is not None or self.path in (event.path, event.move_to)):
            self.opened[event.hunk] = event
        if event.hunk in self.opened and (
            self._is_wanted(event.hunk, event.path) or self.wanted is None
        ):
            self.found[event.hunk] = Facts(
                self.session, event.hunk, event.path, event.kind, event.move_to or "",
                asked=self.turns.get(event.turn),
            )  # fmt: skip

    def _reshape(self, event: ev.HunkReshaped) -> None:
        opened, placed = self.opened[event.hunk], self.placed.get(event.hunk)
        for part in event.parts:
            self.opened[part.hunk] = opened
            if self._is_wanted(part.hunk, opened.path):
                self.found[part.hunk] = Facts(
                    self.session, part.hunk, opened.path, opened.kind, opened.move_to or "",
                    base=placed.base if placed is not None else None, place=part.place,
                    asked=self.turns.get(opened.turn),
                )  # fmt: skip
            if placed is not None:
                self.placed[part.hunk] = placed
