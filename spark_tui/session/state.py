"""What is true in a session: the fold of all its events.

The rule kept here: `SessionState.apply` is the only place where state changes. Everybody reads;
nobody else writes. Bytes on disk are not state: they are read again before each write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from spark_tui.edits.changeset import Flag, Kind, Placed, Unplaced
from spark_tui.edits.pieces import Sign
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Event, HunkId, Outcome, TokenUse


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
    committed: str = ""
    """The commit that holds it, or ""."""

    @property
    def flags(self) -> frozenset[Flag]:
        return self.place.flags if self.place else frozenset()

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
class Act:
    """One decision, as undo and redo see it."""

    turn: int
    """The turn that was undone as a whole, 0 for a plain decision."""
    before: tuple[tuple[HunkId, Status], ...]
    after: Decision


@dataclass(slots=True)
class SessionState:
    session: str = ""
    root: str = ""
    opened_at: float = 0.0
    branch: str = ""
    has_git: bool = False
    operation: str = ""
    files: tuple[str, ...] = ()
    marks: dict[str, str] = field(default_factory=dict)
    role: str = "fast"
    model: str = ""
    base_url: str = ""
    ready: bool = False
    endpoint: str = ""
    turns: dict[int, TurnState] = field(default_factory=dict)
    hunks: dict[HunkId, HunkState] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    """By digest: what placed hunks refer to. Filled by the engine, not by events."""
    writes: list[ev.FilesWritten] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    """What undo would take back, newest last."""
    taken_back: list[Act] = field(default_factory=list)
    """What redo would do again, newest last; a new decision forgets it."""
    draft: str = ""
    queue: list[str] = field(default_factory=list)
    message: str = ""
    """The commit message being drafted."""
    message_done: bool = False
    commits: list[ev.Committed] = field(default_factory=list)
    notices: list[ev.Noticed] = field(default_factory=list)

    # -- reading ---------------------------------------------------------------
    @property
    def streaming(self) -> TurnState | None:
        """The turn that streams now, if any."""
        if not self.turns:
            return None
        last = self.turns[max(self.turns)]
        return last if last.is_streaming else None

    def open_hunks(self) -> Iterator[HunkState]:
        """Placed hunks that await a decision, in order of appearance."""
        return (h for h in self.hunks.values() if h.status is Status.PLACED)

    def accepted_hunks(self) -> Iterator[HunkState]:
        """Accepted and not committed yet."""
        return (h for h in self.hunks.values() if h.status is Status.ACCEPTED and not h.committed)

    def counts(self) -> dict[str, Counts]:
        """Per path; committed and undone hunks are not counted."""
        totals: dict[str, list[int]] = {}
        for hunk in self.hunks.values():
            if hunk.committed:
                continue
            row = totals.setdefault(hunk.path, [0, 0, 0, 0, 0])
            match hunk.status:
                case Status.PLACED:
                    row[0] += 1
                case Status.ACCEPTED:
                    row[1] += 1
                case Status.REJECTED:
                    row[2] += 1
                case Status.UNPLACED | Status.CONFLICT:
                    row[3] += 1
                case Status.GROWING | Status.WAITING:
                    row[4] += 1
                case _:
                    pass
        return {path: Counts(*row) for path, row in totals.items() if any(row)}

    # -- folding ---------------------------------------------------------------
    def apply(self, event: Event) -> None:
        """Fold one event. Unknown hunks and turns are ignored: a journal may have lost its tail."""
        match event:
            case ev.HunkTyping():
                if hunk := self.hunks.get(event.hunk):
                    hunk.typing = (event.sign, event.text) if event.text else None
            case ev.HunkGrew():
                if hunk := self.hunks.get(event.hunk):
                    hunk.lines.append((event.sign, event.text))
                    hunk.typing = None
            case ev.Said():
                if turn := self.turns.get(event.turn):
                    if turn.parts and turn.parts[-1].kind == "said":
                        turn.parts[-1].text += event.text
                    else:
                        turn.parts.append(Part("said", event.text))
            case ev.Thought():
                pass
            case ev.HunkOpened():
                self.hunks[event.hunk] = HunkState(
                    id=event.hunk,
                    turn=event.turn,
                    path=event.path,
                    kind=event.kind,
                    headers=event.headers,
                    move_to=event.move_to,
                )
                if turn := self.turns.get(event.turn):
                    turn.hunks.append(event.hunk)
            case ev.HunkPending():
                if hunk := self.hunks.get(event.hunk):
                    hunk.pending = event.line
            case ev.HunkWaiting():
                if hunk := self.hunks.get(event.hunk):
                    hunk.status = Status.WAITING
                    hunk.typing = None
            case ev.HunkPlaced():
                if hunk := self.hunks.get(event.hunk):
                    hunk.base, hunk.place, hunk.risk = event.base, event.place, event.risk
                    hunk.added, hunk.removed = event.added, event.removed
                    hunk.typing = None
                    hunk.status = Status.ALREADY_THERE if event.place.already else Status.PLACED
            case ev.HunkUnplaced():
                if hunk := self.hunks.get(event.hunk):
                    hunk.base, hunk.why = event.base, event.why
                    hunk.typing = None
                    hunk.status = Status.UNPLACED
            case ev.HunksDecided():
                self._decide(event)
            case ev.HunksConflicted():
                for hid in event.hunks:
                    if hunk := self.hunks.get(hid):
                        hunk.status, hunk.message = Status.CONFLICT, event.message
            case ev.HunkSuperseded():
                if hunk := self.hunks.get(event.hunk):
                    hunk.status, hunk.message = Status.SUPERSEDED, event.by
            case ev.FilesWritten():
                self.writes.append(event)
            case ev.CheckpointSaved():
                pass
            case ev.TurnUndone():
                self._undo_turn(event)
            case ev.Committed():
                self.commits.append(event)
                for hid in event.hunks:
                    if hunk := self.hunks.get(hid):
                        hunk.committed = event.commit
                self.message, self.message_done = "", False
            case ev.MessageDrafted():
                self.message, self.message_done = event.text, event.done
            case _:
                self._apply_turn(event)

    def _decide(self, event: ev.HunksDecided) -> None:
        before = tuple((h, self.hunks[h].status) for h in event.hunks if h in self.hunks)
        self._remember(event.by, Act(0, before, event.decision))
        for hid, _ in before:
            hunk = self.hunks[hid]
            match event.decision:
                case Decision.ACCEPTED:
                    hunk.status = Status.ACCEPTED
                case Decision.REJECTED:
                    hunk.status = Status.REJECTED
                case Decision.OPEN:
                    hunk.status = Status.PLACED if hunk.place else Status.UNPLACED
                case other:
                    assert_never(other)
            hunk.by = event.by if event.decision is not Decision.OPEN else ""
            hunk.message = ""

    def _undo_turn(self, event: ev.TurnUndone) -> None:
        before = tuple((h, self.hunks[h].status) for h in event.hunks if h in self.hunks)
        self._remember(event.by, Act(event.turn, before, Decision.OPEN))
        for hid, _ in before:
            self.hunks[hid].status = Status.UNDONE
        if turn := self.turns.get(event.turn):
            turn.undone = True

    def _remember(self, by: str, act: Act) -> None:
        match by:
            case "undo":
                if self.acts:
                    self.taken_back.append(self.acts.pop())
            case "redo":
                if self.taken_back:
                    self.acts.append(self.taken_back.pop())
            case "part":
                pass
            case _:
                self.acts.append(act)
                self.taken_back.clear()

    def _apply_turn(self, event: Event) -> None:
        match event:
            case ev.SessionOpened():
                self.session, self.root, self.opened_at = event.session, event.root, event.at
            case ev.RepositoryLooked():
                self.branch, self.has_git = event.branch, event.has_git
                self.files, self.marks = event.files, dict(event.marks)
                self.operation = event.operation
            case ev.RoleSwitched():
                self.role, self.model = event.role, event.model
            case ev.EndpointChanged():
                self.base_url, self.ready, self.endpoint = event.base_url, event.ready, event.label
            case ev.DraftKept():
                self.draft = event.text
            case ev.PromptQueued():
                self.queue.append(event.text)
            case ev.PromptUnqueued():
                if event.text in self.queue:
                    self.queue.remove(event.text)
            case ev.TurnStarted():
                self.turns[event.turn] = TurnState(
                    turn=event.turn,
                    prompt=event.prompt,
                    role=event.role,
                    model=event.model,
                    files=event.files,
                    tokens=event.tokens,
                    at=event.at,
                    steered=event.steered,
                    refines=event.refines,
                )
            case ev.Connected():
                if turn := self.turns.get(event.turn):
                    turn.wire, turn.connect_ms = event.wire, event.connect_ms
            case ev.FirstToken():
                if turn := self.turns.get(event.turn):
                    turn.ttft_ms = event.ttft_ms
            case ev.ToolUsed():
                if turn := self.turns.get(event.turn):
                    turn.parts.append(Part("tool", f"{event.name} {event.detail}: {event.result}"))
            case ev.ReplyIssue():
                if turn := self.turns.get(event.turn):
                    turn.parts.append(Part("note", event.message))
            case ev.TurnEnded():
                self._end(event)
            case ev.Noticed():
                self.notices.append(event)
            case _:
                pass

    def _end(self, event: ev.TurnEnded) -> None:
        turn = self.turns.get(event.turn)
        if turn is None:
            return
        turn.outcome, turn.usage, turn.duration_ms = event.outcome, event.usage, event.duration_ms
        turn.message, turn.hint, turn.code = event.message, event.hint, event.code
        for hid in turn.hunks:
            hunk = self.hunks[hid]
            if hunk.status in (Status.GROWING, Status.WAITING):
                hunk.status = Status.UNPLACED
                hunk.typing = None
                hunk.why = hunk.why or Unplaced("truncated", "the answer ended inside this hunk")
