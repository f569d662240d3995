"""The conversation and the prompt below it.

The rule kept here: facts of the session become lines, each once and in order. What a key in the
prompt leads to is the screen's business; how lines are drawn is the widgets'.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from spark_tui.session import events as ev
from spark_tui.session.events import Event, Outcome
from spark_tui.session.state import SessionState, Status, TurnState
from spark_tui.tui.widgets.chips import Chips, tokens
from spark_tui.tui.widgets.completion import Completion
from spark_tui.tui.widgets.prompt import Prompt
from spark_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from spark_tui.tui.widgets.prose import Kind

_LEVELS: dict[str, Kind] = {"info": "note", "warning": "warning", "error": "error"}


class ChatPane(Vertical):
    """Right: transcript, list of files, chips, prompt."""

    def __init__(self, *, id: str = "chat") -> None:
        super().__init__(id=id)
        self.transcript = Transcript(id="transcript")
        self.completion = Completion()
        self.chips = Chips()
        self.prompt = Prompt()
        self._named_paths: set[str] = set()
        """Files of the running answer that the conversation has named."""

    def compose(self) -> ComposeResult:
        yield self.transcript
        yield self.completion
        yield self.chips
        yield self.prompt

    # -- from the session --------------------------------------------------------
    def load(self, state: SessionState) -> None:
        """A session that was there before."""
        self.transcript.clear()
        for turn in state.turns.values():
            self._begin(turn.prompt, turn.files, turn.steered, turn.refines)
            for part in turn.parts:
                if part.kind == "said":
                    self.transcript.say(part.text)
                else:
                    self.transcript.add("tool" if part.kind == "tool" else "warning", part.text)
            if turn.outcome is not None:
                self._end(turn, state)
        for text in state.queue:
            self.transcript.add("meta", f"waits in the queue: {text}")
        if state.draft and not self.prompt.text:
            self.prompt.write(state.draft)

    def apply(self, events: Iterable[Event], state: SessionState) -> None:
        """What happened since the last frame."""
        for event in events:
            self._apply(event, state)

    def _apply(self, event: Event, state: SessionState) -> None:
        lines = self.transcript
        match event:
            case ev.Said():
                lines.say(event.text)
            case ev.TurnStarted():
                self._begin(event.prompt, event.files, event.steered, event.refines)
            case ev.ToolUsed():
                lines.add("tool", f"{event.name} {event.detail}: {event.result}")
            case ev.HunkOpened():
                if event.path not in self._named_paths:
                    self._named_paths.add(event.path)
                    lines.add("tool", f"{_VERBS.get(event.kind, 'edits')} {event.path}")
            case ev.ReplyIssue():
                lines.add("warning", event.message)
            case ev.TurnEnded():
                if turn := state.turns.get(event.turn):
                    self._end(turn, state)
            case ev.FilesWritten():
                paths = ", ".join(dict.fromkeys(write.path for write in event.writes))
                lines.add("note", f"{_WROTE.get(event.why, 'wrote')} {paths}")
            case ev.HunksConflicted():
                lines.add("warning", f"{', '.join(event.hunks)}: {event.message}")
            case ev.Committed():
                lines.add("note", f"committed {event.commit[:9]} {event.subject}")
            case ev.CommitUndone():
                lines.add("note", _UNCOMMITTED[event.how].format(event.commit[:9], event.by[:9]))
            case ev.PromptQueued():
                lines.add("meta", f"after this answer: {event.text}")
            case ev.Noticed():
                text = f"{event.message} {event.hint}".strip()
                lines.add(_LEVELS.get(event.level, "note"), text)
            case _:
                pass

    # -- lines ---------------------------------------------------------------------
    def _begin(
        self, prompt: str, files: Iterable[ev.FileSent], steered: bool, refines: str
    ) -> None:
        self._named_paths.clear()
        lines = self.transcript
        lines.end_fence()
        lines.gap()
        lines.add("prompt", prompt)
        sent = [f"{file.path} {tokens(file.tokens)}" for file in files]
        marks = ["steered"] * steered + [f"refines {refines}"] * bool(refines)
        if sent or marks:
            with_files = ["with " + ", ".join(sent)] if sent else []
            lines.add("meta", " · ".join([*marks, *with_files]))
        self.prompt.remember(prompt)

    def _end(self, turn: TurnState, state: SessionState) -> None:
        lines = self.transcript
        lines.end_fence()
        if turn.message:
            kind: Kind = "error" if turn.outcome is Outcome.FAILED else "warning"
            lines.add(kind, f"{turn.message} {turn.hint} {_next(turn)}".strip())
        lines.add("summary", summary(turn, state))

    # -- inside ----------------------------------------------------------------------
    @on(Prompt.Offered)
    def _offer(self, message: Prompt.Offered) -> None:
        message.stop()
        self.completion.offer(message.hits, message.chosen)

    @on(Prompt.Scrolled)
    def _scroll(self, message: Prompt.Scrolled) -> None:
        message.stop()
        lines = self.transcript
        page = max(1, lines.height - 2)
        top = lines.top + message.pages * page
        lines.follow = False
        lines.move_to(top)
        if top >= lines.last_top:
            lines.follow = True


_NEXT = {
    "key_missing": "Ctrl+R, then k, takes a key.",
    "key_refused": "Ctrl+R, then k, takes another key.",
    "model_missing": "Ctrl+P, models, shows what there is.",
}
"""The next key after a turn that failed, by its code."""
_GOES_ON = frozenset({"connect", "stream", "network", "rate_limited", "cut", "incomplete", "limit"})
"""Codes after which the same may be tried again, or gone on with."""
_VERBS = {"add": "adds", "delete": "deletes", "move": "moves", "mode": "changes the mode of"}
_WROTE = {
    "accept": "wrote",
    "undo": "took back in",
    "reject": "took back in",
    "undo-turn": "took the turn back in",
    "redo": "wrote again",
    "restore": "restored",
    "discard": "discarded in",
}
_UNCOMMITTED = {
    "drop": "took commit {} off the branch",
    "revert": "commit {1} takes {0} out",
    "redo": "commit {} is back",
}
_OUTCOMES = {
    Outcome.COMPLETE: "",
    Outcome.INTERRUPTED: "stopped",
    Outcome.INCOMPLETE: "incomplete",
    Outcome.FAILED: "failed",
}


def _next(turn: TurnState) -> str:
    """The key that helps."""
    if turn.code in _GOES_ON:
        came = turn.hunks or any(part.kind == "said" for part in turn.parts)
        return "Ctrl+S goes on with it." if came else "Ctrl+S asks again."
    return _NEXT.get(turn.code, "")


def summary(turn: TurnState, state: SessionState) -> str:
    """One line for what a turn brought and what it took."""
    hunks = [state.hunks[hid] for hid in turn.hunks if hid in state.hunks]
    parts = [_OUTCOMES[turn.outcome]] if turn.outcome and _OUTCOMES[turn.outcome] else []
    if hunks:
        files = len({hunk.path for hunk in hunks})
        parts.append(f"{counted(len(hunks), 'hunk')} in {counted(files, 'file')}")
        unplaced = sum(1 for hunk in hunks if hunk.status is Status.UNPLACED)
        if unplaced:
            parts.append(f"{unplaced} without a place")
    if turn.usage.output:
        sign = "~" if turn.usage.estimated else ""
        parts.append(f"{sign}{turn.usage.output:,} tokens in {turn.duration_ms / 1000:.1f} s")
    if turn.ttft_ms is not None:
        spoke_ms = turn.duration_ms - turn.ttft_ms
        parts.append(f"TTFT {turn.ttft_ms:.0f} ms")
        if spoke_ms > 20 and turn.usage.output:
            parts.append(f"{turn.usage.output / spoke_ms * 1000:,.0f} tok/s")
    return " · ".join(parts) or "no answer"


def counted(number: int, noun: str) -> str:
    """
    >>> counted(1, "hunk"), counted(3, "file")
    ('1 hunk', '3 files')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
