"""What the events of turns, of the link and of the prompt make of the state.

The rule kept here: called by `SessionState.apply` alone; unknown turns are ignored, since a journal
may have lost its tail. Hunks and decisions are folded in state.py, the past in history_folding.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_tui.edits.changeset import Unplaced
from spark_tui.session import events as ev
from spark_tui.session.events import Event
from spark_tui.session.standing import Part, Status, TurnState
from spark_tui.session.terms import file_key

if TYPE_CHECKING:
    from spark_tui.session.state import SessionState


def fold_turn(state: SessionState, event: Event) -> None:
    """Fold one event about a turn, or about what is around it."""
    match event:
        case ev.SessionOpened():
            state.session, state.root, state.opened_at = event.session, event.root, event.at
        case ev.RepositoryLooked():
            state.branch, state.has_git = event.branch, event.has_git
            state.files, state.marks = event.files, dict(event.marks)
            state.operation = event.operation
        case ev.RoleSwitched():
            state.role, state.model = event.role, event.model
        case ev.EndpointChanged():
            state.base_url, state.ready, state.endpoint = event.base_url, event.ready, event.label
        case ev.DraftKept():
            state.draft = state.draft[: event.kept] + event.text
        case ev.PromptQueued():
            state.queue.append(event.text)
        case ev.PromptUnqueued():
            if event.text in state.queue:
                state.queue.remove(event.text)
        case ev.TurnStarted():
            state.turns[event.turn] = TurnState(
                turn=event.turn,
                prompt=event.prompt,
                role=event.role,
                model=event.model,
                files=event.files,
                tokens=event.tokens,
                at=event.at,
                steered=event.steered,
                refines=event.refines,
                continues=event.continues,
                branch=event.branch,
                head=event.head,
            )
            back = {file_key(file.path) for file in event.files}  # sent anew, so in it again
            state.dropped = tuple(key for key in state.dropped if key not in back)
        case ev.Connected():
            if turn := state.turns.get(event.turn):
                turn.wire, turn.connect_ms = event.wire, event.connect_ms
                turn.wire_why = event.why
        case ev.TurnMeasured():
            if turn := state.turns.get(event.turn):
                turn.figures = event.figures
        case ev.LinkNews(kind="pool"):
            state.pool = event
        case ev.LinkNews():
            state.link = event if event.kind != "lively" else None
        case ev.ContextChosen():
            state.pinned, state.dropped = event.pinned, event.dropped
        case ev.FirstToken():
            if turn := state.turns.get(event.turn):
                turn.ttft_ms = event.ttft_ms
        case ev.ToolUsed():
            if turn := state.turns.get(event.turn):
                turn.parts.append(Part("tool", f"{event.name} {event.detail}: {event.result}"))
        case ev.ReplyIssue():
            if turn := state.turns.get(event.turn):
                turn.parts.append(Part("note", event.message))
        case ev.TurnEnded():
            _end(state, event)
        case ev.Noticed():
            state.notices.append(event)
        case _:
            pass


def _end(state: SessionState, event: ev.TurnEnded) -> None:
    turn = state.turns.get(event.turn)
    if turn is None:
        return
    turn.outcome, turn.usage, turn.duration_ms = event.outcome, event.usage, event.duration_ms
    turn.message, turn.hint, turn.code = event.message, event.hint, event.code
    state.link = None
    for hid in turn.hunks:
        hunk = state.hunks[hid]
        if hunk.status in (Status.GROWING, Status.WAITING):
            hunk.status = Status.UNPLACED
            hunk.typing = None
            hunk.why = hunk.why or Unplaced("truncated", "the answer ended inside this hunk")
