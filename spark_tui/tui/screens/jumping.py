"""From a hook's complaint to its place: the hunk that holds the line, else the file at that line.

The rule kept here: only what is shown changes; the focus goes along because the person pressed a
key for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_tui.session.events import HunkId
from spark_tui.session.state import SessionState
from spark_tui.text import one_line
from spark_tui.tui.screens.commit import Jump

if TYPE_CHECKING:
    from spark_tui.session.session import Session
    from spark_tui.tui.screens.main import MainScreen


def go_to(desk: MainScreen, session: Session, jump: Jump) -> None:
    """Show the place; what the hook said about it stays in the commit view."""
    desk.set_focus(desk.diff)
    where = f"{one_line(jump.path)}:{jump.line}" if jump.line else one_line(jump.path)
    hunk = hunk_at(session.state, jump)
    if hunk is not None:
        desk.diff.show_proposals()
        if desk.diff.select(hunk):
            desk.hint.say(f"{where} is in {hunk} · C goes back to the commit")
            return

    async def job() -> None:
        snapshot = await session.text_of(jump.path)
        if snapshot is None:
            desk.hint.say(f"{where} is not there", level="warning")
        else:
            desk.diff.show_file(jump.path, snapshot, line=max(0, jump.line - 1))
            desk.hint.say(f"{where} · C goes back to the commit")

    desk.start_job(job, group="show", exclusive=True)


def hunk_at(state: SessionState, jump: Jump) -> HunkId | None:
    """The accepted hunk whose new lines hold this line of the file, as far as ours tell."""
    mine = sorted(
        (h for h in state.accepted_hunks() if h.path == jump.path and h.place is not None),
        key=lambda h: h.place.start if h.place else 0,
    )
    grown = 0
    for hunk in mine:
        place = hunk.place
        if place is None:
            continue
        size = place.end - place.start + hunk.added - hunk.removed
        first = place.start + grown + 1
        if jump.line == 0 or first <= jump.line < first + max(1, size):
            return hunk.id
        grown += hunk.added - hunk.removed
    return None
