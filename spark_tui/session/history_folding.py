"""What the acts of the past make of the state: the operation log, commits, restores, the view.

The rule kept here: called by `SessionState.apply` alone. What an act did to hunks and files is said
by its own events; an entry of the log adds only when it was, and its number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Event, HunkId
from spark_tui.session.standing import Act, Before, Status

if TYPE_CHECKING:
    from spark_tui.session.state import SessionState


def fold_history(state: SessionState, event: Event) -> bool:
    """Fold one event about an act. False: it is about something else."""
    match event:
        case ev.Operated():
            state.operations.append(event)
            if state.acts and not state.acts[-1].op and event.kind in _ACTS:
                state.acts[-1] = replace(state.acts[-1], op=event.op)
            back = state.taken_back[-1] if state.taken_back else None
            if back is not None and back.uncommitted is not None and not back.op:
                state.taken_back[-1] = replace(back, op=event.op)
        case ev.IndexChanged():
            state.index_begun = None
            if event.entries:
                state.index_changes.append(event)
        case ev.CommitBegun():
            state.commit_begun = event
        case ev.CommitDraftKept():
            state.commit_draft = event if event.text else None
        case ev.IndexLate():
            others = [late for late in state.index_late if late.commit != event.commit]
            state.index_late = others if event.is_over else [*others, event]
        case ev.CommitEnded():
            state.commit_begun = state.uncommit_begun = None
        case ev.UncommitBegun():
            state.uncommit_begun = event
        case ev.Committed():
            _commit(state, event)
        case ev.CommitUndone():
            _uncommit(state, event)
        case ev.HunksRestored():
            _restore(state, event)
        case ev.ViewKept():
            state.view = event
        case _:
            return False
    return True


_ACTS = frozenset(
    {"accept", "reject", "reopen", "undo-turn", "redo", "reshape", "restore", "drop-commit",
     "revert-commit"}
)  # fmt: skip
"""Kinds of entries that stand for an act which undo takes back."""


def _commit(state: SessionState, event: ev.Committed) -> None:
    state.commit_begun = None
    if event.amends:
        state.commits = [c for c in state.commits if c.commit != event.amends]
        for hunk in state.hunks.values():
            if hunk.committed == event.amends:
                hunk.committed = event.commit
    state.commits.append(event)
    for hid in event.hunks:
        if found := state.hunks.get(hid):
            found.committed = event.commit
    state.message, state.message_done, state.commit_draft = "", False, None


def _uncommit(state: SessionState, event: ev.CommitUndone) -> None:
    state.uncommit_begun = None
    if event.how == "redo":
        state.uncommitted = [u for u in state.uncommitted if u.commit != event.commit]
        state.commits += [c for c in state.set_aside if c.commit == event.commit]
        state.set_aside = [c for c in state.set_aside if c.commit != event.commit]
        acts = [act.uncommitted.commit if act.uncommitted else "" for act in state.taken_back]
        if event.commit in acts:  # and that its hunks left their files
            del state.taken_back[acts.index(event.commit) :]
    else:
        state.taken_back.append(Act(0, (), Decision.OPEN, uncommitted=event))
        state.uncommitted.append(event)
        state.set_aside += [c for c in state.commits if c.commit == event.commit]
        state.commits = [c for c in state.commits if c.commit != event.commit]
    for hid in event.hunks:
        if hunk := state.hunks.get(hid):
            hunk.committed = event.commit if event.how == "redo" else ""


def fold_undoes(state: SessionState, hunks: tuple[HunkId, ...]) -> None:
    """What an accepted hunk undoes is out of its file; when that is taken back, it is in again."""
    for hid in hunks:
        hunk = state.hunks.get(hid)
        other = state.hunks.get(hunk.undoes) if hunk and hunk.undoes else None
        if hunk is None or other is None:
            continue
        if hunk.status is Status.ACCEPTED and other.status is Status.ACCEPTED:
            other.status = Status.UNDONE
        elif hunk.status is not Status.ACCEPTED and other.status is Status.UNDONE:
            other.status = Status.ACCEPTED


def _restore(state: SessionState, event: ev.HunksRestored) -> None:
    """Each hunk stands as it stood then; what is done with files is said by FilesWritten."""
    known = [state.hunks[s.hunk] for s in event.hunks if s.hunk in state.hunks]
    before = tuple(Before(h.id, h.status, h.message, h.by) for h in known)
    for stood in event.hunks:
        if hunk := state.hunks.get(stood.hunk):
            hunk.status, hunk.message, hunk.by = Status(stood.status), stood.message, stood.by
            hunk.written_act = (hunk.written_act or len(state.writes)) if stood.is_written else 0
            hunk.parts = stood.parts
    for number in {state.hunks[s.hunk].turn for s in event.hunks if s.hunk in state.hunks}:
        if turn := state.turns.get(number):
            stand = [state.hunks[h].status for h in state.standing(turn.hunks)]
            turn.undone = Status.UNDONE in stand and Status.ACCEPTED not in stand
    if event.by == "undo" and state.acts:
        state.taken_back.append(state.acts.pop())
        return
    state.acts.append(Act(0, before, Decision.OPEN, restored=event))
    if event.by == "redo" and state.taken_back:
        state.taken_back.pop()
    else:
        state.taken_back.clear()
