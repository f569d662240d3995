"""What is true in a session: the fold of all its events.

The rule kept here: `SessionState.apply` is the only place where state changes. Everybody reads;
nobody else writes. Bytes on disk are not state: they are read again before each write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import assert_never

from spark_tui.edits.changeset import Kind
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import UnknownHunk
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Event, HunkId
from spark_tui.session.history_folding import fold_history, fold_undoes
from spark_tui.session.standing import Act as Act
from spark_tui.session.standing import Before as Before
from spark_tui.session.standing import Counts as Counts
from spark_tui.session.standing import HunkState as HunkState
from spark_tui.session.standing import Part as Part
from spark_tui.session.standing import Status as Status
from spark_tui.session.standing import TurnState as TurnState
from spark_tui.session.turn_folding import fold_turn

_REPLACEABLE = frozenset({Status.PLACED, Status.UNPLACED, Status.CONFLICT})
"""What a newer hunk may put aside: a decision that is being written meanwhile stays."""


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
    link: ev.LinkNews | None = None
    """Why nothing comes: a quiet line, a wait; None when all is well."""
    pool: ev.LinkNews | None = None
    """What is left of the rate limits, where the service tells."""
    pinned: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    """Parts of the conversation, by their keys: see context_items.py."""
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
    """Those of ours that were made and not taken back, oldest first."""
    commit_draft: ev.CommitDraftKept | None = None
    """The message that a person has begun, and for what."""
    index_late: list[ev.IndexLate] = field(default_factory=list)
    """Commits that the user's index has yet to follow."""
    commit_begun: ev.CommitBegun | None = None
    """git was asked for a commit and what came of it is not known yet."""
    uncommitted: list[ev.CommitUndone] = field(default_factory=list)
    """Commits that were taken back, newest last."""
    set_aside: list[ev.Committed] = field(default_factory=list)
    """The same commits, as they were made."""
    uncommit_begun: ev.UncommitBegun | None = None
    """A commit was to be taken back, or to come back, and what came of it is not known yet."""
    operations: list[ev.Operated] = field(default_factory=list)
    """The operation log of this session, oldest first."""
    index_changes: list[ev.IndexChanged] = field(default_factory=list)
    index_begun: ev.CheckpointSaved | None = None
    """git was asked to change the index and what came of it is not known yet."""
    view: ev.ViewKept | None = None
    """Where the person was on the screen."""
    notices: list[ev.Noticed] = field(default_factory=list)

    # -- reading ---------------------------------------------------------------
    @property
    def streaming(self) -> TurnState | None:
        """The turn that streams now, if any."""
        if not self.turns:
            return None
        last = self.turns[max(self.turns)]
        return last if last.is_streaming else None

    def hunk(self, hunk: HunkId) -> HunkState:
        """Raises UnknownHunk."""
        if (found := self.hunks.get(hunk)) is None:
            raise UnknownHunk(f"There is no hunk {hunk} in this session.")
        return found

    def standing(self, hunks: Iterable[HunkId]) -> list[HunkId]:
        """What stands for these now: the parts of what was reshaped, each once; a part whose
        whole came back does not."""
        found: dict[HunkId, None] = {}
        for hid in hunks:
            hunk = self.hunks[hid]
            whole = self.hunks.get(hunk.whole) if hunk.whole else None
            if whole is None or hid in whole.parts:
                found |= dict.fromkeys(self.standing(hunk.parts) if hunk.parts else (hid,))
        return list(found)

    def open_hunks(self) -> Iterator[HunkState]:
        """Placed hunks that await a decision, in order of appearance."""
        return (h for h in self.hunks.values() if h.status is Status.PLACED)

    def moves(self) -> list[HunkState]:
        """Moves of ours that are done, in their order."""
        done = (
            h
            for h in self.hunks.values()
            if h.kind is Kind.MOVE and h.status is Status.ACCEPTED and h.written
        )
        return sorted(done, key=lambda h: h.written_act)

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
                    hunk.placed_act, hunk.undoes = len(self.writes), event.undoes
                    if hunk.is_finished:
                        self._forget_acts(event.hunk)
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
                fold_undoes(self, event.hunks)
            case ev.HunksConflicted():
                for hid in event.hunks:
                    if hunk := self.hunks.get(hid):
                        hunk.status, hunk.message = Status.CONFLICT, event.message
            case ev.HunkSuperseded():
                hunk = self.hunks.get(event.hunk)
                if hunk and hunk.status in _REPLACEABLE:
                    hunk.status, hunk.message = Status.SUPERSEDED, event.by
            case ev.HunkReshaped():
                self._reshape(event)
            case ev.HunksAnchored():
                for anchor in event.anchors:
                    if hunk := self.hunks.get(anchor.hunk):
                        hunk.anchor = anchor if anchor.now != hunk.base else None
            case ev.FilesWritten():
                self.writes.append(event)
                for hid in event.hunks:
                    if hunk := self.hunks.get(hid):
                        hunk.written_act = event.act if event.puts_in else 0
                        hunk.anchor = None
            case ev.CheckpointSaved():
                self.index_begun = event if event.index is not None else self.index_begun
            case ev.TurnUndone():
                self._undo_turn(event)
                fold_undoes(self, event.hunks)
            case ev.MessageDrafted():
                self.message, self.message_done = event.text, event.done
            case _:
                if not fold_history(self, event):
                    fold_turn(self, event)

    def _decide(self, event: ev.HunksDecided) -> None:
        act = Act(0, self._before(event.hunks), event.decision)
        if event.by == "undo" and self.acts:
            self._take_back(self.acts.pop(), event.hunks)
            return
        self._remember(event.by, act)
        for was in act.before:
            hunk = self.hunks[was.hunk]
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

    def _take_back(self, act: Act, hunks: tuple[HunkId, ...]) -> None:
        """Each of these hunks stands again as it did before the act."""
        act = act.only(hunks)
        for was in act.before:
            hunk = self.hunks[was.hunk]
            hunk.status, hunk.message, hunk.by = was.status, was.message, was.by
            if was.status is Status.CONFLICT:  # whether it still is one is seen when it is accepted
                hunk.status, hunk.message = Status.PLACED, ""
        if turn := self.turns.get(act.turn):
            turn.undone = False
        if act.reshaped:
            self.hunks[act.reshaped.hunk].parts = ()
        if act.before:
            self.taken_back.append(act)

    def _undo_turn(self, event: ev.TurnUndone) -> None:
        act = Act(event.turn, self._before(event.hunks), Decision.OPEN)
        self._remember(event.by, act)
        for was in act.before:
            self.hunks[was.hunk].status = Status.UNDONE
        if turn := self.turns.get(event.turn):
            turn.undone = True

    def _reshape(self, event: ev.HunkReshaped) -> None:
        """Parts in place of their whole; as an act, the parts were not there before."""
        whole = self.hunks.get(event.hunk)
        ids = tuple(part.hunk for part in event.parts)
        if whole is None or whole.id in ids:
            return
        before = (*self._before((whole.id,)), *(Before(h, Status.UNDONE) for h in ids))
        self._remember(event.by, Act(0, before, Decision.OPEN, reshaped=event))
        whole.status, whole.parts, whole.message = Status.SUPERSEDED, ids, ", ".join(ids)
        for part in event.parts:
            hunk = HunkState(
                id=part.hunk, turn=whole.turn, path=whole.path, kind=whole.kind,
                headers=whole.headers, move_to=whole.move_to, status=Status.PLACED,
                base=whole.base, place=part.place, risk=part.risk, added=part.added,
                removed=part.removed, placed_act=whole.placed_act, whole=whole.id, how=event.how,
                lines=[("+", line) for edit in part.place.edits for line in edit.lines],
            )  # fmt: skip
            self.hunks[part.hunk] = hunk

    def _forget_acts(self, hunk: HunkId) -> None:
        """It got another place by hand: what was done with it at the old one is over."""
        for acts in (self.acts, self.taken_back):
            if any(b.hunk == hunk for act in acts for b in act.before):
                left = [replace(a, before=tuple(b for b in a.before if b.hunk != hunk))
                        for a in acts]  # fmt: skip
                acts[:] = [new for new, old in zip(left, acts, strict=True)
                           if (new.before or new.restored or new.uncommitted)
                           and (new == old or not new.reshaped)]  # fmt: skip

    def _before(self, hunks: tuple[HunkId, ...]) -> tuple[Before, ...]:
        known = [self.hunks[h] for h in hunks if h in self.hunks]
        return tuple(Before(h.id, h.status, h.message, h.by) for h in known)

    def _remember(self, by: str, act: Act) -> None:
        self.acts.append(act)
        if by == "redo" and self.taken_back:
            self.taken_back.pop()
        elif by not in ("redo", "commit"):
            self.taken_back.clear()
