"""The parts of the next request as rows with a cursor: cost, mark, what it is, its age.

The rule kept here: a mark is a word (pin, out), so it is read without colour; names and prompts are
data and pass `one_line`. What a key does to a part is screens/context.py's business.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip

from spark_tui.session.context_items import Part, age, described
from spark_tui.text import one_line
from spark_tui.tui.themes import Looks
from spark_tui.tui.widgets.chips import tokens
from spark_tui.tui.widgets.line_view import LineView

_COST, _MARK, _KIND, _AGE = 7, 4, 13, 13
_WIDE = 72
"""Columns from which the age has room."""
_KINDS = {"project": "instructions", "output": "tool output"}


class PartList(LineView):
    """Rows in the order they are given; the cursor stays on its part."""

    def __init__(self, *, id: str = "parts") -> None:
        super().__init__(id=id)
        self._parts: tuple[Part, ...] = ()
        self._turn = 0
        self._cursor = 0
        self._strips: dict[tuple[Part, bool], Strip] = {}
        self._looks: Looks | None = None

    @property
    def current(self) -> Part | None:
        """The part under the cursor."""
        return self._parts[self._cursor] if self._parts else None

    def show(self, parts: Sequence[Part], turn: int) -> None:
        """These rows; `turn` is the next one."""
        before = self.current
        self._parts, self._turn = tuple(parts), turn
        keys = [part.key for part in self._parts]
        last = max(0, len(keys) - 1)
        known = before is not None and before.key in keys
        self._cursor = keys.index(before.key) if before and known else min(self._cursor, last)
        self._strips.clear()
        self.reflowed(self.top)
        self.show_row(self._cursor, context=1)

    def move(self, delta: int) -> None:
        """So many rows down; negative is up."""
        last = max(0, len(self._parts) - 1)
        before, self._cursor = self._cursor, max(0, min(self._cursor + delta, last))
        self.changed(before)
        self.changed(self._cursor)
        self.show_row(self._cursor, context=1)

    # -- drawing -------------------------------------------------------------------
    def line_count(self) -> int:
        return len(self._parts)

    def line(self, y: int, width: int) -> Strip:
        part = self._parts[y]
        key = (part, y == self._cursor)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._paint(part, width, at_cursor=y == self._cursor)
        return strip

    def forget(self) -> None:
        self._looks = None
        self._strips.clear()

    def on_click(self, event: events.Click) -> None:
        self.move(event.y + self.top - self._cursor)

    def _paint(self, part: Part, width: int, *, at_cursor: bool) -> Strip:
        """▌   ~12k out  file         src/big.py  named in the prompt      2 turns ago"""
        if self._looks is None:
            self._looks = Looks.of(self.app.theme_variables, self.background_colors[1])
        diff = self._looks.diff
        ground = diff["current"] if at_cursor else Style()

        def styled(look: str) -> Style:
            """On a reversed ground nothing has a colour of its own."""
            style = Style() if look == "plain" else diff[look]
            return ground if ground.reverse else ground + style

        look = "muted" if part.dropped or part.fixed else "plain"
        mark, mark_look = ("out", "rejected") if part.dropped else ("pin", "open")
        mark = mark if part.dropped or part.pinned else ""
        kind = _KINDS.get(part.kind, part.kind)
        when = age(part, self._turn) if width >= _WIDE else ""
        room = max(0, width - 1 - _COST - 1 - _MARK - _KIND - (_AGE if width >= _WIDE else 0))
        cost = f"{tokens(part.tokens):>{_COST}} "
        return Strip(
            [
                Segment("▌" if at_cursor else " ", styled("bar")),
                Segment(cost, styled(look)),
                Segment(f"{mark:<{_MARK}}", styled(mark_look)),
                Segment(f"{kind:<{_KIND}}", styled("folder" if look == "plain" else look)),
                Segment(_fitting(_name(part), _words(part), room), styled(look)),
                Segment(f"{when:>{_AGE}}" if width >= _WIDE else "", styled("muted")),
            ]
        ).adjust_cell_length(width, ground)


def _name(part: Part) -> str:
    """What a person calls it: a path, the number of a turn."""
    if part.path:
        return one_line(part.path)
    return one_line(part.key) if part.kind in ("turn", "output") else ""


def _words(part: Part) -> str:
    words = one_line(described(part))
    return f"“{words}”" if part.kind == "turn" and words else words


def _fitting(name: str, words: str, room: int) -> str:
    """Both, as far as there is room; of a long path its end is kept.

    >>> _fitting("src/app.py", "named in the prompt", 24)
    'src/app.py  named in th…'
    >>> _fitting("src/a/very/long/path.py", "named", 12)
    '…ong/path.py'
    """
    if cell_len(name) > room:
        while name and cell_len(name) >= room:
            name = name[1:]
        return set_cell_size(f"…{name}", room)
    text = f"{name}  {words}".strip() if words else name
    if cell_len(text) > room > 0:
        text = set_cell_size(text, room - 1) + "…"
    return set_cell_size(text, room)
