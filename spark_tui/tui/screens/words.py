"""What came of a decision, as one sentence for the hint line.

The rule kept here: say what happened to the files first, then what to do about what did not work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_tui.session.state import SessionState
from spark_tui.session.terms import limit_of
from spark_tui.tui.widgets.chips import tokens

if TYPE_CHECKING:
    from spark_tui.session.session import Decided


def decided(outcome: Decided, state: SessionState) -> tuple[str, str]:
    """(sentence, level)."""
    parts: list[str] = []
    level = "info"
    if outcome.written:
        paths = dict.fromkeys(state.hunks[hid].path for hid in outcome.written)
        parts.append(f"wrote {', '.join(outcome.written)} to {', '.join(paths)} (u takes it back)")
    if outcome.rejected:
        parts.append(f"rejected {', '.join(outcome.rejected)}")
    if outcome.reopened:
        parts.append(f"open again: {', '.join(outcome.reopened)}")
    if outcome.already and not parts:
        parts.append("that was decided already")
    if outcome.proposals:
        level = "warning"
        new = ", ".join(outcome.proposals)
        parts.append(f"you edited the same lines later: {new} would take it out over your edit")
    elif outcome.conflicts:
        level = "warning"
        parts.append(
            f"{', '.join(outcome.conflicts)}: the file has changed there; nothing was written "
            "for it. c asks again"
        )
    for hid, why in outcome.refused:
        level = "warning"
        parts.append(f"{hid}: {why}")
    return " · ".join(parts), level


def too_large(count: int, window: int) -> str:
    """A request over the hard stop, before it is sent."""
    limit = tokens(limit_of(window)).lstrip("~")
    return (
        f"{tokens(count)} tokens are more than fit ({limit}): nothing was sent. "
        "Ctrl+F lists what can be left out"
    )


HINTS = {
    "prompt": "Enter send · @ file · Tab panes · Ctrl+T fast/smart · Ctrl+P commands · Ctrl+Q quit",
    "streaming": "Esc stop · Enter steer · Tab send after this answer",
    "diff": "y accept · n reject · a/d file · A all · [ ] hunk · u undo · c refine · C commit · ?",
    "worktree": "y stage · n next · a file · A all · V lines · D discard · u undo · w staged · ?",
    "staged": "y unstage · n next · a file · A all · C commit · u undo · w branch · ?",
    "branch": "Enter file · [ ] hunk · { } file · w proposals · ?",
    "files": "Enter show · @ into the prompt · / filter · i prompt · ? keys",
    "refine": "what is wrong with this hunk? · Enter asks again · Esc leaves it",
}
"""What the keys do where the focus is."""

INTRO = (
    "Say what you want changed and press Enter. Hunks appear beside this while they are written; "
    "nothing reaches a file before your y."
)
"""What an empty conversation says."""
