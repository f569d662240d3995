"""What the model is told when one hunk is asked for again.

The rule kept here: only that hunk is asked for; its siblings are out of play. The current file goes
along as usual, so the new edit is placed against what is really there; why the old one has no place
is told in the same words as in an automatic repair.
"""

from __future__ import annotations

from spark_tui.edits.asked import from_sides
from spark_tui.edits.diff import hunk_rows
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.repairing import HOPELESS, lost_of, may_quote
from spark_tui.session.state import HunkState, SessionState, Status


def refine_preface(
    state: SessionState, hunk: HunkState, disk: Snapshot | None = None, *, was_seen: bool = False
) -> str:
    """The hunk and the ground rules, to stand in front of the person's reason.

    `disk` is the file as it is: what the reason quotes of it must still be true. `was_seen`: the
    model knows the file.
    """
    turn = state.turns.get(hunk.turn)
    asked = f"\nThe original request was: {turn.prompt}" if turn else ""
    return (
        f"Look at one edit of {hunk.path} again. {_where(state, hunk, disk, was_seen)}{asked}\n"
        f"<edit>\n{_body(state, hunk)}\n</edit>\n"
        "Send a new version of only this edit, against the file as it is now.\n\n"
    )


def _where(state: SessionState, hunk: HunkState, disk: Snapshot | None, was_seen: bool) -> str:
    match hunk.status:
        case Status.ACCEPTED:
            return "It was accepted and is in the file now."
        case Status.UNPLACED:
            return f"It could not be placed{_reason(state, hunk, disk, was_seen)}"
        case Status.CONFLICT:
            return f"It conflicts with the file: {hunk.message}."
        case _:
            return "It is proposed, not in the file."


def _reason(state: SessionState, hunk: HunkState, disk: Snapshot | None, was_seen: bool) -> str:
    turn = state.turns.get(hunk.turn)
    is_now = disk is not None and disk.digest == hunk.base
    quotes = is_now and may_quote(hunk.path, disk, state.files, was_seen=was_seen)
    lost = lost_of(state, hunk, turn.hunks if turn else (), may_quote=quotes)
    if lost is None or hunk.why is None:
        return "."
    if hunk.why.code in HOPELESS:
        return f": {hunk.why.message}."
    return f":\n<context>\n{lost.text()}\n</context>"


def _body(state: SessionState, hunk: HunkState) -> str:
    """Its lines as a diff, also where it was written as two sides; of what a person made of a
    hunk, the diff that is shown."""
    base = state.snapshots.get(hunk.base or "")
    if hunk.whole and hunk.place and (base or hunk.base is None):
        rows = hunk_rows(base, hunk.place)
        return "\n".join(f"{'' if row.sign == '@' else row.sign}{row.text}" for row in rows)
    lines = [(str(sign), text) for sign, text in hunk.lines]
    if any(sign == "?" for sign, _ in lines):
        search = [text for sign, text in lines if sign == "?"]
        replace = [text for sign, text in lines if sign != "?"]
        lines = [(line.sign, line.text) for line in from_sides(search, replace)]
    return "\n".join(f"{sign}{text}" for sign, text in lines)
