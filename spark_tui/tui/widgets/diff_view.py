"""The diff, drawn line by line: proposals that grow, changes of the work tree, or one file.

The rule kept here: what the person looks at stays where it is on the screen, whatever grows above
or below; only a key moves the cursor. The view knows which hunk is current; what is done with it
is decided in panes/diff.py, pages of changes are filled in diff_changes.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Literal

from textual import events
from textual.strip import Strip

from spark_tui.edits.snapshot import Snapshot
from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId
from spark_tui.session.state import HunkState, SessionState
from spark_tui.tui.highlight import Highlighter
from spark_tui.tui.themes import Looks
from spark_tui.tui.widgets.diff_browse import file_page, words_page
from spark_tui.tui.widgets.diff_page import Anchor, Block, Page
from spark_tui.tui.widgets.diff_paint import NO_CURSOR, Cursor, Painter
from spark_tui.tui.widgets.diff_proposals import Proposals
from spark_tui.tui.widgets.diff_rows import plain_text
from spark_tui.tui.widgets.line_view import LineView

Mode = Literal["proposals", "changes", "file"]

_KEPT_STRIPS = 2_000
"""Strips kept of one block; more are forgotten together and made again when looked at."""


class DiffView(LineView):
    """Three pages of which one is shown, and a cursor on each."""

    DEFAULT_CSS = """
    DiffView {
        background: $background;
        color: $foreground;
    }
    """

    def __init__(self, highlighter: Highlighter, *, empty: Sequence[str] = ()) -> None:
        super().__init__()
        self._highlighter = highlighter
        self._proposals = Proposals()
        self._empty = words_page(empty)
        self._changes = Page()
        self._file = Page()
        self.mode: Mode = "proposals"
        """Which page is shown; `switch` changes it."""
        self._drawn: Page | None = None
        """The page that was drawn last."""
        self._cards: dict[Mode, Block | None] = {"proposals": None, "changes": None, "file": None}
        self._tops: dict[Mode, int] = {"proposals": 0, "changes": 0, "file": 0}
        self.row = 0
        """0-based line of the shown file under the cursor."""
        self._has_focus = False
        self._follows_growth = True
        self._growing: Block | None = None
        self._column = 0
        self._painter: Painter | None = None
        self._wanted: set[str] = set()

    # -- what is shown -----------------------------------------------------------
    @property
    def current(self) -> HunkId | None:
        """The hunk under the cursor."""
        hunk = self.current_hunk
        return hunk.id if hunk else None

    @property
    def current_hunk(self) -> HunkState | None:
        card = self._card
        return card.hunk if card else None

    @property
    def path(self) -> str | None:
        """The file of what is under the cursor."""
        card = self._card
        return card.path if card else None

    @property
    def candidate(self) -> int | None:
        """The 0-based line of an unplaced hunk's marked candidate."""
        card = self._card
        lines = card.candidates if card and self.mode == "proposals" else []
        return lines[card.chosen % len(lines)] if card and lines else None

    @property
    def is_current_in_view(self) -> bool:
        """Whether a row of what is under the cursor can be seen."""
        card = self._card
        return card is not None and self.page.seen_card(card, self.top, self.height) is card

    def hunks(self) -> list[HunkState]:
        """All hunks of the page of proposals, as they stand below each other."""
        return self._proposals.hunks()

    def rows_text(self) -> str:
        """What is under the cursor as plain text: signs and lines, raw."""
        rows = self._card.rows if self._card else ()
        return plain_text(rows[self.row : self.row + 1] if self.mode == "file" else rows)

    # -- following the session -----------------------------------------------------
    def load(self, state: SessionState) -> None:
        """Show the proposals of this state from scratch."""
        self._proposals.load(state)
        self._cards["proposals"], self.mode = None, "proposals"
        self._want(card.path for card in self._proposals.cards)
        self._redraw()
        self.first_undecided()

    def apply(self, happened: Sequence[Event], state: SessionState) -> None:
        """Follow the events of one frame; `state` has folded them."""
        held = self._held()
        if any(isinstance(event, ev.TurnStarted) for event in happened):
            self._follows_growth = not self._has_focus
        self._proposals.apply(happened, state)
        for event in happened:
            if isinstance(event, ev.HunkOpened | ev.HunkGrew | ev.HunkTyping | ev.HunkPlaced):
                self._growing = self._proposals.block_of(event.hunk) or self._growing
            if isinstance(event, ev.HunkOpened):
                self._want([event.path])
        self._mend_cursor()
        if self.mode == "proposals":
            self._draw(*held)
        else:
            self._proposals.take_changes()
        if any(isinstance(event, ev.TurnEnded) for event in happened):
            self._growing = None

    def show_file(self, path: str, snapshot: Snapshot, *, line: int = 0) -> None:
        """Show a file; the cursor stands on this 0-based line."""
        self._file = file_page(path, snapshot)
        self._cards["file"] = self._file.card_from(None, 0)
        self.row = max(0, min(line, len(snapshot.lines) - 1))
        self._want([path])
        self.switch("file")
        self.scroll_code(-self._column)
        self._redraw(max(0, self.row - self.height // 3))

    def switch(self, mode: Mode) -> None:
        """Show another page, where it was left."""
        if mode != self.mode:
            self._tops[self.mode], self.mode = self.top, mode
            self.scroll_code(-self._column)
            self._redraw(self._tops[mode])

    # -- the cursor ----------------------------------------------------------------
    def select(self, hunk: HunkId) -> bool:
        """Put the cursor on a hunk. False if it is not shown."""
        return self._select(self._proposals.block_of(hunk)) is not None

    def move(self, delta: int) -> None:
        """To another hunk or group, as many as `delta` further."""
        if block := self.page.card_from(self._card, delta):
            self._put(block)

    def move_file(self, delta: int) -> None:
        """To the first hunk of another file."""
        if block := self.page.file_from(self._card, delta):
            self._put(block)

    def first_undecided(self) -> HunkId | None:
        """Put the cursor on the first hunk that awaits a decision."""
        return self._select(self._proposals.undecided())

    def next_undecided(self, decided: frozenset[HunkId] = frozenset()) -> HunkId | None:
        """The same, behind the cursor first and then from the top; `decided` count as decided."""
        return self._select(self._proposals.undecided(self._cards["proposals"], decided))

    def next_candidate(self) -> int | None:
        """Mark the next place where an unplaced hunk might go."""
        card = self._card
        if card is None or self.candidate is None:
            return None
        held = self._held()
        self._proposals.choose(card, card.chosen + 1)
        self._draw(*held)
        return self.candidate

    def more_context(self) -> None:
        """Show more lines around the current hunk."""
        card = self._card
        if card is not None and card.hunk is not None:
            self._hands_on()
            held = self._held()
            self._proposals.more_context(card)
            self._draw(*held)

    def scroll_rows(self, delta: int) -> None:
        """Lines up or down; in a file the cursor moves along."""
        self._hands_on()
        card = self._card
        if self.mode == "file" and card is not None:
            before, self.row = self.row, max(0, min(self.row + delta, len(card.rows) - 1))
            self.page.touch(card, before)
            self.page.touch(card, self.row)
            self._draw(*self._held())
            self.show_row(self.page.start(card) + self.row)
            return
        self.move_to(self.top + delta)
        self._catch_cursor()

    def scroll_code(self, delta: int) -> None:
        """Cells to the right or left, as long as a line in view has text there."""
        column = max(0, self._column + delta)
        if delta < 0 or column < self.page.widest(self.top, self.height):
            self._column = column
            self.page.forget()
            self.refresh()

    def set_focus_look(self, has_focus: bool) -> None:
        """The pane around has the focus, or lost it. Who comes finds the cursor in view."""
        self._has_focus = has_focus
        self.page.touch_all(self._card)
        self._draw(*self._held())
        if has_focus:
            self._hands_on()
            self._catch_cursor()

    # -- drawing ---------------------------------------------------------------------
    @property
    def page(self) -> Page:
        """The page that is shown."""
        if self.mode == "changes":
            return self._changes
        if self.mode == "file":
            return self._file
        return self._proposals if self._proposals.total else self._empty

    def line_count(self) -> int:
        return self.page.total

    def line(self, y: int, width: int) -> Strip:
        page = self.page
        found = page.at(y)
        if found is None:
            return Strip.blank(width)
        block, at = found
        strip = block.strips.get(at)
        if strip is None:
            if len(block.strips) > _KEPT_STRIPS:
                block.forget()
            painter = self._paint()
            painter.gutter, painter.column = page.gutter, self._column
            strip = block.strips[at] = painter.strip(block, at, width, self._cursor_on(block))
        return strip

    def forget(self) -> None:
        self._painter = None
        self._proposals.fit(self.width)
        for page in (self._proposals, self._changes, self._file, self._empty):
            page.forget()

    def on_mount(self) -> None:
        self._want(())

    def on_click(self, event: events.Click) -> None:
        block, at = self.page.at(event.y + self.top) or (None, 0)
        if block is None or block not in self.page.cards:
            return
        if self.mode == "file":
            self.scroll_rows(at - self.row)
            return
        self._proposals.choose_at(block, at)
        self._put(block, show=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._hands_on()
        self._catch_cursor()

    # -- private -----------------------------------------------------------------------
    @property
    def _card(self) -> Block | None:
        return self._cards[self.mode]

    def _paint(self) -> Painter:
        if self._painter is None:
            looks = Looks.of(self.app.theme_variables, self.background_colors[1])
            self._painter = Painter(looks, self._highlighter)
        return self._painter

    def _cursor_on(self, block: Block) -> Cursor:
        if block is not self._card:
            return NO_CURSOR
        if self.mode == "file":
            return Cursor(False, self._has_focus, (self.row,))
        return Cursor(True, self._has_focus)

    def _hands_on(self) -> None:
        """The person moves by hand: nothing scrolls by itself until the next turn."""
        self._follows_growth = False

    def _held(self) -> tuple[Anchor | None, int]:
        """What is to stay where it is on the screen, and on which of its rows."""
        card = self._card if self.mode == "proposals" else None
        return self.page.hold(card, self.top, self.height)

    def _draw(self, kept: Anchor | None, offset: int) -> None:
        """Paint what changed, with `kept` in its old place on the screen."""
        page = self.page
        if page is not self._drawn:
            self._redraw()
            return
        old_total = self.virtual_size.height
        changes = page.take_changes()
        row = page.find(kept) if kept is not None else None
        top = self.top if row is None else row - offset
        top = max(0, min(self._followed(top), self.last_top))
        if top != self.top:
            self.reflowed(top)
            return
        if changes.below is not None:
            self.grew(changes.below, old_total)
        for first, count in changes.runs:
            if changes.below is None or first < changes.below:
                self.changed(first, count)

    def _redraw(self, top: int = 0) -> None:
        """Paint the whole page."""
        self._drawn = self.page
        self._drawn.take_changes()
        self.reflowed(self._followed(top))

    def _followed(self, top: int) -> int:
        """The top from which a growing hunk is in view, while that is followed."""
        block = self._growing
        if block is None or not self._follows_growth or self.mode != "proposals":
            return top
        return self.page.top_to_see(block, top, self.height)

    def _put(self, block: Block, *, show: bool = True) -> None:
        """Put the cursor on a block and have as much of it in view as fits."""
        self._hands_on()
        page = self.page
        page.touch_all(self._card, block)
        self._cards[self.mode] = block
        self._draw(page.anchor(self.top), 0)
        if show:
            start = page.start(block)
            self.show_row(start + block.height - 1, context=0)
            self.show_row(start, context=1)

    def _select(self, block: Block | None) -> HunkId | None:
        if block is None or block.hunk is None:
            return None
        if self.mode != "proposals":
            self.switch("proposals")
        self._put(block)
        return block.hunk.id

    def _mend_cursor(self) -> None:
        """Keep the cursor on a hunk that exists; while nobody is here, on one of the last turn."""
        card = self._cards["proposals"]
        new = self._proposals.cursor_for(card, newest=self._follows_growth)
        if new is not card:
            self._proposals.touch_all(card, new)
            self._cards["proposals"] = new

    def _catch_cursor(self) -> None:
        """A hunk that was scrolled out of view is never the current one."""
        card = self._card
        if card is None or self.mode == "file" or not self.height:
            return
        seen = self.page.seen_card(card, self.top, self.height)
        if seen is not None and seen is not card:
            self._put(seen, show=False)

    def _want(self, paths: Iterable[str]) -> None:
        """Have these kinds of files coloured as soon as a thread has loaded what it takes."""
        self._wanted.update(path for path in paths if not self._highlighter.is_loaded(path))
        if self._wanted and self.is_mounted:
            self.run_worker(self._load_lexers(), group="lexers")

    async def _load_lexers(self) -> None:
        while self._wanted:
            await asyncio.to_thread(self._highlighter.load, self._wanted.pop())
        for page in (self._proposals, self._changes, self._file):
            page.forget()
        self.refresh()
