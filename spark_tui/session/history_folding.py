"""What the acts of the past make of the state: the operation log, commits, restores, the view.

The rule kept here: called by `SessionState.apply` alone. What an act did to hunks and files is said
by its own events; an entry of the log adds only when it was, and its number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Event
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
        case ev.IndexChanged():
            state.index_changes.append(event)
        case ev.CommitBegun():
            state.commit_begun = event
        case ev.CommitEnded():
            state.commit_begun = None
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


_ACTS = frozenset({"accept", "reject", "reopen", "undo-turn", "redo", "reshape", "restore"})
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
    state.message, state.message_done = "", False


def _uncommit(state: SessionState, event: ev.CommitUndone) -> None:
    if event.how == "redo":
        state.uncommitted = [u for u in state.uncommitted if u.commit != event.commit]
    else:
        state.uncommitted.append(event)
        state.commits = [c for c in state.commits if c.commit != event.commit]
    for hid in event.hunks:
        if hunk := state.hunks.get(hid):
            hunk.committed = event.commit if event.how == "redo" else ""


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
