"""What is left to do after a cut answer, a failed request or a restart, and how it is asked for.

The rule kept here: nothing is sent again by itself. What a person has seen of an answer is never
asked for a second time: the next request holds it, and asks for the rest only.
"""

from __future__ import annotations

from dataclasses import dataclass

from spark_tui.session.events import Outcome
from spark_tui.session.state import SessionState, TurnState

PROMPT = "Go on where your last answer ended."
PREFACE = """\
[your last answer was cut: {why}]
What you had sent has arrived: its finished edits stand as they are, do not send them again. An \
edit that had begun and not ended is lost: send it anew, whole. Then go on with the rest.

"""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """One offer: `go_on` of the session takes it."""

    how: str
    """continue: part of an answer is there; again: nothing came; queued: a prompt waits."""
    turn: int
    """The turn that is gone on with or asked again; 0 for a queued prompt."""
    prompt: str
    """What goes out, in words for the chat."""
    preface: str = ""
    """Text for the model in front of it."""

    @property
    def words(self) -> str:
        """The offer, to stand behind a key."""
        return {
            "continue": "goes on with the cut answer",
            "again": "asks again",
            "queued": "sends the prompt that waits",
        }[self.how]


def unfinished(state: SessionState) -> Unfinished | None:
    """What the person may go on with now, the last turn before the queue; None while one streams
    and when there is nothing."""
    last = state.turns[max(state.turns)] if state.turns else None
    if last is not None and last.is_streaming:
        return None
    if last is not None and last.model and last.outcome is not Outcome.COMPLETE:
        if not _has_answer(last):
            return Unfinished("again", last.turn, last.prompt)
        why = last.message or ("the user stopped it" if _is_stopped(last) else "it broke off")
        return Unfinished("continue", last.turn, PROMPT, PREFACE.format(why=why.rstrip(".")))
    if state.queue:
        return Unfinished("queued", 0, state.queue[0])
    return None


def _has_answer(turn: TurnState) -> bool:
    return bool(turn.hunks) or any(part.kind == "said" for part in turn.parts)


def _is_stopped(turn: TurnState) -> bool:
    return turn.outcome is Outcome.INTERRUPTED
