"""Choosing single lines of a hunk: which rows can be chosen, and which are.

The rule kept here: a choice belongs to one hunk as it stands; when another hunk becomes current, or
the hunk gets another place or is decided, the choice is over. What is done with the lines is
decided in the pane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_tui.edits.changeset import Placed
from spark_tui.edits.diff import Row
from spark_tui.session.events import Event, HunkId
from spark_tui.session.state import SessionState
from spark_tui.tui.widgets.diff_browse import ChangeBlock
from spark_tui.tui.widgets.diff_changes import ChangesView
from spark_tui.tui.widgets.diff_page import Block
from spark_tui.tui.widgets.diff_paint import Cursor
from spark_tui.tui.widgets.diff_view import Mode

if TYPE_CHECKING:
    from spark_tui.session.changing import ChangePage


@dataclass(slots=True)
class Choice:
    """A run of removed and added lines of one hunk."""

    block: Block
    hunk: HunkId
    """"" for a hunk of the person's own changes."""
    place: Placed | None
    rows: tuple[int, ...]
    """Rows of the block that go or come: what can be chosen."""
    anchor: int = 0
    at: int = 0
    """Both count in `rows`: where the run began, and where it is now."""

    @property
    def lines(self) -> range:
        """The chosen lines, counted from 0 among those of the hunk."""
        return range(min(self.anchor, self.at), max(self.anchor, self.at) + 1)

    @property
    def rest(self) -> tuple[int, ...]:
        """The other ones."""
        return tuple(k for k in range(len(self.rows)) if k not in self.lines)

    @property
    def chosen_rows(self) -> frozenset[int]:
        """Rows of the block."""
        return frozenset(self.rows[k] for k in self.lines)


class ChoosingView(ChangesView):
    """A DiffView in which lines of the current hunk can be chosen."""

    choice: Choice | None = None

    def begin_choice(self) -> bool:
        """Choose the first line in view; begun already: from the line of the cursor on. False:
        there is nothing here to choose."""
        if self.choice is not None:
            self.choice.anchor = self.choice.at
            self._show_choice()
            return True
        card = self._card
        hunk = card.hunk if card and self.mode == "proposals" else None
        is_open = hunk is not None and hunk.place is not None and hunk.is_undecided
        if card is None or not (is_open or self._has_lines(card)):
            return False
        rows = _choosable(card)
        if not rows:
            return False
        start = self.page.start(card)
        seen = (k for k, row in enumerate(rows) if start + row >= self.top)
        first = next(seen, 0)
        known = (hunk.id, hunk.place) if hunk is not None else (HunkId(""), None)
        self.choice = Choice(card, *known, rows, first, first)
        self._show_choice()
        return True

    def move_choice(self, delta: int) -> None:
        """One line further, which is chosen as well."""
        if self.choice is not None:
            last = len(self.choice.rows) - 1
            self.choice.at = max(0, min(self.choice.at + delta, last))
            self._show_choice()

    def end_choice(self) -> bool:
        """False: there was none."""
        choice, self.choice = self.choice, None
        if choice is None:
            return False
        self.page.touch_all(choice.block)
        self._draw(*self._held())
        return True

    def apply(self, happened: Sequence[Event], state: SessionState) -> None:
        super().apply(happened, state)
        if self.choice is not None and not self._still_holds(self.choice):
            self.end_choice()

    def load(self, state: SessionState) -> None:
        self.choice = None
        super().load(state)

    def switch(self, mode: Mode) -> None:
        self.end_choice()
        super().switch(mode)

    def more_context(self) -> None:
        self.end_choice()
        super().more_context()

    def show_changes(self, page: ChangePage) -> None:
        before = self._changes
        super().show_changes(page)
        if self._changes is not before:
            self.end_choice()

    # -- private ---------------------------------------------------------------
    def _has_lines(self, card: Block) -> bool:
        """Whether this is a hunk of lines on a page of changes."""
        change = card.change if isinstance(card, ChangeBlock) else None
        return self.mode == "changes" and change is not None and change.kind == "lines"

    def _still_holds(self, choice: Choice) -> bool:
        if isinstance(choice.block, ChangeBlock):
            return choice.block is self._card
        hunk = choice.block.hunk
        is_same = hunk is not None and hunk.place is choice.place and hunk.is_undecided
        return is_same and choice.block is self._card and _choosable(choice.block) == choice.rows

    def _put(self, block: Block, *, show: bool = True) -> None:
        if self.choice is not None and block is not self.choice.block:
            self.end_choice()
        super()._put(block, show=show)

    def _cursor_on(self, block: Block) -> Cursor:
        if self.choice is not None and block is self.choice.block:
            return Cursor(True, self._has_focus, self.choice.chosen_rows)
        return super()._cursor_on(block)

    def _show_choice(self) -> None:
        """Paint the block anew, the line of the cursor in view."""
        choice = self.choice
        if choice is not None:
            self._hands_on()
            self.page.touch_all(choice.block)
            self._draw(*self._held())
            self.show_row(self.page.start(choice.block) + choice.rows[choice.at], context=1)


def _choosable(block: Block) -> tuple[int, ...]:
    rows = block.rows
    return tuple(
        block.above + k
        for k, row in enumerate(rows)
        if isinstance(row, Row) and row.sign in ("-", "+")
    )
