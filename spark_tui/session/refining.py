"""What the model is told when one hunk is asked for again.

The rule kept here: only that hunk is asked for; its siblings are out of play. The current file goes
along as usual, so the new edit is placed against what is really there.
"""

from __future__ import annotations

from spark_tui.session.state import HunkState, SessionState, Status


def refine_preface(state: SessionState, hunk: HunkState) -> str:
    """The hunk and the ground rules, to stand in front of the person's reason."""
    body = "\n".join(f"{sign}{text}" for sign, text in hunk.lines)
    where = {
        Status.ACCEPTED: "It was accepted and is in the file now.",
        Status.UNPLACED: "It could not be placed" + (f": {hunk.why.message}." if hunk.why else "."),
        Status.CONFLICT: f"It conflicts with the file: {hunk.message}.",
    }.get(hunk.status, "It is proposed, not in the file.")
    turn = state.turns.get(hunk.turn)
    asked = f"\nThe original request was: {turn.prompt}" if turn else ""
    return (
        f"Look at one edit of {hunk.path} again. {where}{asked}\n"
        f"<edit>\n{body}\n</edit>\n"
        "Send a new version of only this edit, against the file as it is now.\n\n"
    )
