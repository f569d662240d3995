"""What a commit will hold: its files and the lines of their hunks, each with a tick.

The rule kept here: it shows exactly the hunks that can be committed and nothing that merely lies in
the work tree; a tick is a sign, so it is read without colour. What is done with the choice is
screens/commit.py's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from spark_tui.edits.diff import hunk_rows
from spark_tui.session.events import HunkId
from spark_tui.session.state import SessionState
from spark_tui.text import one_line, visible
from spark_tui.tui import keys
from spark_tui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from spark_tui.session.session import CommitFile

_SIGNS = {"+": "added", "-": "removed", "@": "muted", " ": "context"}


class PickView(LineView, can_focus=True):
    """Rows of which some can be stood on; the keys of the lists in the commit view."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"commit--{look}" for look in ("file", "muted", "added", "removed", "context", "cursor")
    }
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("commit_list")]

    class Asked(Message):
        """A key that is about the commit as a whole."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what
            """amend, terminal, output, redraft, message."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._cursor = -1
        self._strips: dict[tuple[int, bool], Strip] = {}

    # -- for subclasses ------------------------------------------------------------
    def entry(self, y: int) -> tuple[str, str]:
        """(look, text) of a row, made visible."""
        raise NotImplementedError

    def stops(self) -> Sequence[int]:
        """Rows that the cursor can stand on, in order."""
        raise NotImplementedError

    # -- moving ------------------------------------------------------------------------
    @property
    def cursor(self) -> int:
        """The row it stands on; -1 for none."""
        return self._cursor

    def renew(self, top: int = 0) -> None:
        """The rows are others now."""
        stops = self.stops()
        if self._cursor not in stops:
            self._cursor = stops[0] if stops else -1
        self._strips.clear()
        self.reflowed(top)

    def _go(self, row: int) -> None:
        before, self._cursor = self._cursor, row
        self.changed(before)
        self.changed(row)
        self.show_row(row, context=1)

    def _step(self, by: int) -> None:
        """To the next stop, through what stands below one screen at a time."""
        stops = self.stops()
        there = [r for r in stops if (r > self._cursor if by > 0 else r < self._cursor)]
        near = (there[0] if by > 0 else there[-1]) if there else -1
        far = self.top + self.height - 1 if by > 0 else self.top
        if near < 0 or abs(near - self._cursor) > max(1, self.height - 2):
            past = self.line_count() - 1 > far if by > 0 else far > 0
            if past:
                self.move_to(self.top + by * max(1, self.height // 2))
                return
        if near >= 0:
            self._go(near)

    def action_line_down(self) -> None:
        self._step(1)

    def action_line_up(self) -> None:
        self._step(-1)

    def action_page_down(self) -> None:
        self.move_to(self.top + max(1, self.height - 2))

    def action_page_up(self) -> None:
        self.move_to(self.top - max(1, self.height - 2))

    def action_take(self) -> None:
        """Nothing can be chosen here."""

    def action_take_all(self) -> None:
        """Nothing can be chosen here."""

    def action_choose(self) -> None:
        self.post_message(self.Asked("message"))

    def action_amend(self) -> None:
        self.post_message(self.Asked("amend"))

    def action_terminal(self) -> None:
        self.post_message(self.Asked("terminal"))

    def action_output(self) -> None:
        self.post_message(self.Asked("output"))

    def action_redraft(self) -> None:
        self.post_message(self.Asked("redraft"))

    def on_click(self, event: events.Click) -> None:
        row = event.y + self.top
        if row in self.stops():
            self._go(row)

    def on_focus(self) -> None:
        self.changed(self._cursor)

    def on_blur(self) -> None:
        self.changed(self._cursor)

    # -- drawing -----------------------------------------------------------------------
    def line(self, y: int, width: int) -> Strip:
        at_cursor = y == self._cursor and self.has_focus
        strip = self._strips.get((y, at_cursor))
        if strip is None:
            look, text = self.entry(y)
            names = (f"commit--{look}", *(("commit--cursor",) if at_cursor else ()))
            style = self.style_of(*names)
            mark = "▌" if at_cursor else " "
            strip = Strip([Segment(mark + text, style)]).adjust_cell_length(width, style)
            self._strips[y, at_cursor] = strip
        return strip

    def forget(self) -> None:
        self._strips.clear()


@dataclass(frozen=True, slots=True)
class _Row:
    look: str
    text: str
    hunks: tuple[HunkId, ...] = ()
    """Those that its tick stands for."""


class CommitList(PickView):
    """Files and hunks; Space takes one in or out."""

    class Chosen(Message):
        """The choice has changed."""

    def __init__(self, *, id: str = "commit-list") -> None:
        super().__init__(id=id)
        self._files: Sequence[CommitFile] = ()
        self._state: SessionState | None = None
        self._lines: list[_Row] = []
        self._out: set[HunkId] = set()

    def show(
        self, files: Sequence[CommitFile], state: SessionState, chosen: Iterable[HunkId] | None
    ) -> None:
        """These files, with their hunks; `chosen` have a tick, None: all."""
        every = {h for f in files for h in f.hunks}
        self._out = set() if chosen is None else every - set(chosen)
        self._files, self._state = files, state
        self._lay(0)

    def show_lines(self, lines: Iterable[tuple[str, str]]) -> None:
        """Plain rows of (look, text): nothing can be chosen."""
        self._files, self._lines = (), [_Row(look, text) for look, text in lines]
        self.renew()

    @property
    def chosen(self) -> tuple[HunkId, ...] | None:
        """The hunks with a tick; None: all of them."""
        if not self._out:
            return None
        return tuple(h for f in self._files for h in f.hunks if h not in self._out)

    @property
    def count(self) -> tuple[int, int]:
        """(with a tick, all)."""
        every = sum(len(f.hunks) for f in self._files)
        return every - len(self._out), every

    def action_take(self) -> None:
        row = self._lines[self._cursor] if 0 <= self._cursor < len(self._lines) else None
        if row is not None and row.hunks:
            self._set(row.hunks, out=not self._out.issuperset(row.hunks))

    def action_take_all(self) -> None:
        every = tuple(h for f in self._files for h in f.hunks)
        self._set(every, out=not self._out)

    def _set(self, hunks: Iterable[HunkId], *, out: bool) -> None:
        if out:
            self._out |= set(hunks)
        else:
            self._out -= set(hunks)
        self._lay(self.top)
        self.post_message(self.Chosen())

    # -- drawing -----------------------------------------------------------------------
    def line_count(self) -> int:
        return len(self._lines)

    def entry(self, y: int) -> tuple[str, str]:
        return self._lines[y].look, self._lines[y].text

    def stops(self) -> Sequence[int]:
        return [y for y, row in enumerate(self._lines) if row.hunks]

    def _lay(self, top: int) -> None:
        state = self._state
        if state is not None:
            self._lines = [row for file in self._files for row in self._rows_of(file, state)]
        self.renew(top)

    def _rows_of(self, file: CommitFile, state: SessionState) -> Iterable[_Row]:
        counts = f"+{file.added} -{file.removed}"
        only = f"  {file.hunks[0]}" if len(file.hunks) == 1 else ""
        head = f"{self._tick(file.hunks)} {one_line(file.path)}  {file.change}  {counts}{only}"
        yield _Row("file", head, file.hunks)
        for hid in file.hunks:
            hunk = state.hunks[hid]
            if not only:
                counts = f"+{hunk.added} -{hunk.removed}"
                yield _Row("file", f"  {self._tick((hid,))} {hid}  {counts}", (hid,))
            if hunk.place is None:
                continue
            is_out = hid in self._out
            for row in hunk_rows(state.snapshots.get(hunk.base or ""), hunk.place, context=1):
                look = "muted" if is_out else _SIGNS[row.sign]
                yield _Row(look, f"{row.sign} {visible(row.text)}")
            yield _Row("context", "")

    def _tick(self, hunks: Sequence[HunkId]) -> str:
        """[x] all of it, [ ] nothing, [-] some."""
        out = sum(1 for h in hunks if h in self._out)
        return "[x]" if not out else "[ ]" if out == len(hunks) else "[-]"
