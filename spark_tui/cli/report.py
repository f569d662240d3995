"""What a verb says while it works and when it is done.

The rule kept here: the document and the exit code come from the same look at the state, so they
cannot contradict each other.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from spark_tui.cli import document
from spark_tui.cli.exits import Exit, of_code
from spark_tui.cli.face import Face
from spark_tui.session import events as ev
from spark_tui.session.figures import dollars, written
from spark_tui.session.linking import sentence
from spark_tui.session.session import Session
from spark_tui.session.state import HunkState, Status, TurnState


class Progress:
    """Narrates a streaming turn: prose to stdout, what happens to stderr."""

    def __init__(self, face: Face, session: Session) -> None:
        self._out = face.out
        self._session = session

    def hear(self, event: ev.Event) -> None:
        match event:
            case ev.TurnStarted():
                sent = ", ".join(f.path for f in event.files) or "no file"
                self._out.say(f"asking {event.model} (~{event.tokens} tokens: {sent})")
            case ev.FirstToken():
                self._out.say(f"first token after {event.ttft_ms:.0f} ms")
            case ev.Said():
                self._out.prose(event.text)
            case ev.LinkNews(kind="waiting" | "quiet"):
                self._out.say(sentence(event, time.time()))
            case ev.ToolUsed():
                self._out.say(f"{event.name} {event.detail}: {event.result}")
            case ev.HunkPlaced() | ev.HunkUnplaced():
                self._out.say(row(self._session.state.hunks[event.hunk]))
            case _:
                pass


def finish(face: Face, session: Session, *, wants_written: bool, wants_hunks: bool = False) -> int:
    """Report the last turn and say what the exit code is."""
    state = session.state
    turn = state.turns[max(state.turns)]
    hunks = [state.hunks[h] for h in turn.hunks]
    if turn.message and all(e["code"] == "notice" for e in face.errors):
        left = session.unfinished
        more = "spark-tui edit -c --go-on " + left.words + "." if left and turn.model else ""
        face.trouble(turn.code or "incomplete", turn.message, f"{turn.hint} {more}".strip())
    code = _code(turn, hunks, face, wants_written=wants_written)
    if wants_hunks and not hunks and code is Exit.DONE:
        face.trouble("no_edit", "The reply holds no edit.", "Nothing was written.")
        code = Exit.REFUSED
    if code is Exit.REFUSED and all(e["code"] == "notice" for e in face.errors):
        face.trouble("incomplete", _why_incomplete(hunks), "See spark-tui hunks, or ask again.")
    status = "refused" if code is Exit.REFUSED and not hunks else ""
    face.out.document(document.of_hunks(state, hunks, turn=turn, errors=face.errors, status=status))
    face.out.end_prose()
    rows(face, hunks)
    face.out.say(_summary(turn, hunks))
    return code


def rows(face: Face, hunks: Iterable[HunkState]) -> None:
    """One line of data per hunk."""
    for hunk in hunks:
        face.out.line(row(hunk))


def row(hunk: HunkState) -> str:
    """t1h2 placed app.py:14 +3 -1 about: why."""
    line = f":{hunk.place.start + 1}" if hunk.place and hunk.kind == "edit" else ""
    if line and hunk.met is not None and hunk.met.moved_by:
        line += f" (moved by {hunk.met.moved_by:+})"
    what = "" if hunk.kind == "edit" else f" ({hunk.kind})"
    moved = f" -> {hunk.move_to}" if hunk.move_to else ""
    flags = f" [{', '.join(sorted(hunk.flags))}]" if hunk.flags else ""
    reason = document.reason_of(hunk)
    counts = f" +{hunk.added} -{hunk.removed}" if hunk.place else ""
    return (
        f"{hunk.id} {hunk.status} {hunk.path}{line}{moved}{what}{counts}{flags}"
        f"{': ' + reason if reason else ''}"
    )


def _code(turn: TurnState, hunks: Sequence[HunkState], face: Face, *, wants_written: bool) -> Exit:
    if face.errors and face.errors[-1]["code"] == "timeout":
        return Exit.LIMIT
    match document.status_of(hunks, turn):
        case "error":
            return of_code(turn.code)
        case "interrupted":
            return Exit.INTERRUPTED
        case "refused" if turn.code:
            return of_code(turn.code)
        case "refused" | "conflict":
            return Exit.REFUSED
        case "pending" if wants_written:
            return Exit.REFUSED
        case _:
            return Exit.DONE


def _why_incomplete(hunks: Sequence[HunkState]) -> str:
    lost = sum(1 for h in hunks if h.status is Status.UNPLACED)
    if lost:
        return f"{lost} of {len(hunks)} hunks have no place; nothing was written."
    clashes = sum(1 for h in hunks if h.status is Status.CONFLICT)
    if clashes:
        return f"{clashes} of {len(hunks)} hunks conflict with the file on disk."
    left = sum(1 for h in hunks if h.status is Status.PLACED)
    return f"{left} of {len(hunks)} hunks need your own yes."


def _summary(turn: TurnState, hunks: Sequence[HunkState]) -> str:
    counts: dict[str, int] = {}
    for hunk in hunks:
        counts[hunk.status.value] = counts.get(hunk.status.value, 0) + 1
    told = ", ".join(f"{n} {word}" for word, n in counts.items()) or "no hunks"
    use, figures = turn.usage, turn.figures
    parts = [
        told,
        f"{'~' * use.estimated}{use.output} tokens",
        written(turn.duration_ms, "ms"),
    ]
    if figures is not None and figures.tokens_per_s:
        parts.append(written(figures.tokens_per_s, "tok/s"))
    if figures is not None and figures.cost is not None:
        parts.append(dollars(figures.cost, estimated=use.estimated))
    return " · ".join(parts)
