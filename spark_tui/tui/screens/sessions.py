"""The sessions of this work tree, to choose one to go on with.

The rule kept here: looking changes nothing; Enter opens the session under the cursor, Esc leaves.
Prompts are data and pass `one_line`. Every sign is a word, so it is read without colour.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip

from spark_tui.text import one_line
from spark_tui.tui.compositor import TightCompositor
from spark_tui.tui.panes.chat import counted
from spark_tui.tui.themes import Looks
from spark_tui.tui.widgets.hint import Hint
from spark_tui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from spark_tui.session.sessions import SessionRow

_KEYS = "Enter opens · j k move · Esc a new session · Ctrl+Q quit"
_ROWS = 2
"""Of each session."""


class SessionList(LineView):
    """Two rows each: when and what it holds; what was asked first."""

    class Chosen(Message):
        """A click on the row under the cursor."""

    def __init__(self, rows: Sequence[SessionRow], *, now: float) -> None:
        super().__init__(id="sessions")
        self._rows_of = tuple(rows)
        self._now = now
        self._cursor = 0
        self._looks: Looks | None = None
        self._strips: dict[tuple[int, bool], Strip] = {}

    @property
    def current(self) -> SessionRow | None:
        return self._rows_of[self._cursor] if self._rows_of else None

    def move(self, delta: int) -> None:
        """So many sessions down; negative is up."""
        before = self._cursor
        self._cursor = max(0, min(before + delta, len(self._rows_of) - 1))
        for at in (before, self._cursor):
            self.changed(at * _ROWS, _ROWS)
        self.show_row(self._cursor * _ROWS + 1, context=0)
        self.show_row(self._cursor * _ROWS, context=0)

    def line_count(self) -> int:
        return max(1, len(self._rows_of) * _ROWS)

    def line(self, y: int, width: int) -> Strip:
        if not self._rows_of:
            return Strip([Segment(" No session of this folder has anything to go on with.")])
        key = (y, y // _ROWS == self._cursor)
        if key not in self._strips:
            self._strips[key] = self._paint(y, width, at_cursor=key[1])
        return self._strips[key]

    def forget(self) -> None:
        self._looks = None
        self._strips.clear()

    def on_click(self, event: events.Click) -> None:
        at = (event.y + self.top) // _ROWS
        if at == self._cursor:
            self.post_message(self.Chosen())
        else:
            self.move(at - self._cursor)

    def _paint(self, y: int, width: int, *, at_cursor: bool) -> Strip:
        if self._looks is None:
            self._looks = Looks.of(self.app.theme_variables, self.background_colors[1])
        diff = self._looks.diff
        row = self._rows_of[y // _ROWS]
        ground = diff["current"] if at_cursor else Style()
        is_head = y % _ROWS == 0
        text = heading(row, self._now) if is_head else f"  {one_line(row.prompt) or '(no prompt)'}"
        look = Style() if is_head or ground.reverse else diff["muted"]
        if cell_len(text) > width - 2 > 0:
            text = set_cell_size(text, width - 3) + "…"
        bar = Segment("▌ " if at_cursor else "  ", ground + diff["bar"])
        return Strip([bar, Segment(text, ground + look)]).adjust_cell_length(width, ground)


def heading(row: SessionRow, now: float) -> str:
    """When it was used and what it holds."""
    if row.problem:
        return f"{when(row.used_at, now)} · {row.problem}"
    parts = [when(row.used_at, now)]
    parts += [
        f"{count} {word}"
        for count, word in (
            (row.open, "open"), (row.accepted, "to commit"), (row.committed, "committed"),
            (row.queued, "queued"),
        )
        if count
    ]  # fmt: skip
    parts += [counted(row.turns, "turn")]
    parts += ["draft"] * row.has_draft
    if row.is_live:
        parts.append("in use now")
    elif row.is_unsealed:
        parts.append("interrupted")
    elif row.is_cut:
        parts.append("answer cut")
    return " · ".join(parts)


def when(at: float, now: float) -> str:
    """Today's time of day, else with its date.

    >>> import time
    >>> when(time.mktime((2026, 11, 27, 10, 2, 0, 0, 0, -1)),
    ...      time.mktime((2026, 11, 27, 12, 0, 0, 0, 0, -1)))
    'today 10:02'
    """
    then, today = time.localtime(at), time.localtime(now)
    is_today = then[:3] == today[:3]
    return time.strftime("today %H:%M" if is_today else "%Y-%m-%d %H:%M", then)


class SessionsScreen(Screen[str]):
    """Dismissed with the id of the session to open, "" for a new one."""

    CSS = """
    SessionsScreen { layout: vertical; }
    SessionList { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "down", show=False),
        Binding("k,up", "move(-1)", "up", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("home,g", "move(-9999)", "first", show=False),
        Binding("end,G", "move(9999)", "last", show=False),
        Binding("enter", "open", "open", show=False),
        Binding("escape,q", "leave", "leave", show=False),
    ]

    def __init__(self, rows: Sequence[SessionRow], *, now: float | None = None) -> None:
        super().__init__()
        self._compositor = TightCompositor()
        self._list = SessionList(rows, now=time.time() if now is None else now)
        self._hint = Hint()

    def compose(self) -> ComposeResult:
        yield self._list
        yield self._hint

    def on_mount(self) -> None:
        self._hint.rest(_KEYS)

    def action_move(self, delta: int) -> None:
        self._list.move(delta)

    def action_page(self, pages: int) -> None:
        self._list.move(pages * max(1, self._list.height // _ROWS - 1))

    def action_open(self) -> None:
        row = self._list.current
        if row is not None and row.problem:
            self._hint.say(f"its journal {row.problem}", level="warning")
        else:
            self.dismiss(row.session if row is not None else "")

    def on_session_list_chosen(self) -> None:
        self.action_open()

    def action_leave(self) -> None:
        self.dismiss("")
