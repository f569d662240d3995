"""The operation log: which entry stands for what is about to be promised.

The rule kept here: each act that changes files, the index, a branch or a decision gets exactly one
entry, in the same write as the events that it stands for, so that no journal holds one without the
other. Who acts need not know of it: entries are derived from the events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Event, HunkId, HunksDecided
from spark_tui.session.state import SessionState


class Operations:
    """Adds entries to the promises of one session."""

    def __init__(self, state: SessionState, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._clock = clock

    def with_entry(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """The same events, and their entry where they are an act without one."""
        state = self._state
        entry = entry_of(state, events, op=len(state.operations) + 1, at=self._clock())
        return (*events, entry) if entry is not None else tuple(events)


def entry_of(
    state: SessionState, events: Sequence[Event], *, op: int, at: float
) -> ev.Operated | None:
    """The entry for events which `state` does not know yet; None when they are no act, or bring
    their own."""
    kind, commit, takes_back, note = "", "", 0, ""
    hunks: dict[HunkId, None] = {}
    paths: dict[str, None] = {}
    checkpoint = ""
    for event in events:
        match event:
            case ev.Operated():
                return None
            case ev.FilesWritten():
                kind = kind or event.why
                checkpoint = event.checkpoint
                hunks |= dict.fromkeys(event.hunks)
                paths |= dict.fromkeys(w.path for w in event.writes)
            case HunksDecided():
                kind = _decided(event)
                takes_back = _taken_back(state, event.by)
                hunks |= dict.fromkeys(event.hunks)
            case ev.TurnUndone():
                kind = "redo" if event.by == "redo" else "undo-turn"
                takes_back = _taken_back(state, event.by)
                hunks |= dict.fromkeys(event.hunks)
            case ev.HunkReshaped():
                kind = "redo" if event.by == "redo" else "reshape"
                takes_back = _taken_back(state, event.by)
                hunks |= dict.fromkeys((event.hunk, *(p.hunk for p in event.parts)))
            case ev.Committed():
                kind, commit = "amend" if event.amends else "commit", event.commit
                hunks |= dict.fromkeys(event.hunks)
                paths |= dict.fromkeys(event.paths)
            case ev.CommitUndone():
                kind = "redo" if event.how == "redo" else f"{event.how}-commit"
                commit, note = event.commit, event.note
                hunks |= dict.fromkeys(event.hunks)
            case ev.HunksRestored():
                kind = "restore" if event.by == "person" else event.by
                takes_back = _taken_back(state, event.by)
                hunks |= dict.fromkeys(s.hunk for s in event.hunks)
            case _:
                pass
    if not kind:
        return None
    if not paths:
        paths = {state.hunks[h].path: None for h in hunks if h in state.hunks}
    return ev.Operated(
        op, at, kind, tuple(hunks), tuple(paths), checkpoint, commit, takes_back, note
    )


def _decided(event: HunksDecided) -> str:
    match event.by, event.decision:
        case ("undo" | "redo") as by, _:
            return by
        case _, Decision.ACCEPTED:
            return "accept"
        case _, Decision.REJECTED:
            return "reject"
        case _:
            return "reopen"


def _taken_back(state: SessionState, by: str) -> int:
    """The entry of the act that undo takes back, or redo does again."""
    match by:
        case "undo" if state.acts:
            return state.acts[-1].op
        case "redo" if state.taken_back:
            return state.taken_back[-1].op
        case _:
            return 0
