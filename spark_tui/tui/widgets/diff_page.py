"""Where each row of a diff stands: blocks below each other, in sections by file.

The rule kept here: a change of height costs one pass over the blocks (hunks), never over rows;
rows are counted, not visited. What changed since the last look is noted row by row, so that the
view paints these and no others. Texts come from diff_rows.py, strips from diff_paint.py.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from textual.strip import Strip

from spark_tui.edits.diff import Row
from spark_tui.session.state import HunkState
from spark_tui.tui.highlight import State
from spark_tui.tui.widgets.diff_rows import Head, Note


@dataclass(slots=True, eq=False)
class Block:
    """A head line and the rows below it: a file's head alone, a hunk, a group, a whole file."""

    path: str
    head: Head | None = None
    rows: Sequence[Row | Note] = ()
    hunk: HunkState | None = None
    tone: str = ""
    """A theme word over all rows (pending, muted), or "" for their own looks."""
    is_file: bool = False
    typing: Row | None = None
    """The unfinished line below the rows."""
    written: tuple[int, int, int] = (0, 0, 0)
    """How many lines of the hunk are among `rows` as written: in all, added, removed."""
    made_of: tuple[object, ...] = ()
    """What `rows` were computed from, when they are not the lines as written."""
    context: int = 3
    chosen: int = 0
    """Which candidate line of an unplaced hunk is under the cursor."""
    start: int = -1
    """First row on the page; -1 while it is on none."""
    strips: dict[int, Strip] = field(default_factory=dict)
    states: dict[int, tuple[State, State]] = field(default_factory=dict)
    """Highlighting states of old and new side before a row."""

    @property
    def above(self) -> int:
        """Rows taken by the head."""
        return 0 if self.head is None else 1

    @property
    def height(self) -> int:
        return self.above + len(self.rows) + (self.typing is not None)

    def row(self, at: int) -> Row | Note | Head:
        """What stands at this row of the block; 0 is the head, if there is one."""
        if self.head is not None:
            if at == 0:
                return self.head
            at -= 1
        if at == len(self.rows) and self.typing is not None:
            return self.typing
        return self.rows[at]

    @property
    def candidates(self) -> list[int]:
        """0-based lines where an unplaced hunk might go, as its rows list them."""
        return [row.line for row in self.rows if isinstance(row, Note) and row.line is not None]

    def candidate_at(self, at: int) -> int | None:
        """Which of them this row of the block is."""
        row = self.row(at)
        if not isinstance(row, Note) or row.line is None:
            return None
        return self.candidates.index(row.line)

    def forget(self) -> None:
        """All strips are made anew when next seen."""
        self.strips.clear()


@dataclass(slots=True, eq=False)
class Section:
    """One file: its head and its cards; those without a place stand last."""

    head: Block
    cards: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the person looks at: a row of a block, and what it says."""

    block: Block
    at: int
    row: Row | Note | Head


@dataclass(frozen=True, slots=True)
class Changes:
    """What to paint: runs of rows (first, count), and everything from row `below` on."""

    runs: tuple[tuple[int, int], ...]
    below: int | None


class Page:
    """Sections in order, and the row at which each block stands."""

    def __init__(self, sections: Sequence[Section] = ()) -> None:
        self.sections: list[Section] = list(sections)
        self.gutter = 3
        self._blocks: list[Block] = []
        self._starts: list[int] = []
        self._total = 0
        self._is_laid = False
        self._touched: list[tuple[Block, int, int]] = []
        self._shifted: list[tuple[Block, int]] = []
        self._all = True
        for block in self:
            self.widen(block)

    # -- reading ---------------------------------------------------------------
    def __iter__(self) -> Iterator[Block]:
        for section in self.sections:
            yield section.head
            yield from section.cards

    @property
    def total(self) -> int:
        """Rows in all."""
        self._lay()
        return self._total

    @property
    def cards(self) -> list[Block]:
        """All blocks that the cursor can stand on, in order."""
        return [card for section in self.sections for card in section.cards]

    def at(self, y: int) -> tuple[Block, int] | None:
        """The block of row `y`, and the row's number inside it."""
        self._lay()
        if not 0 <= y < self._total:
            return None
        block = self._blocks[bisect_right(self._starts, y) - 1]
        return block, y - block.start

    def start(self, block: Block) -> int:
        """The first row of a block; -1 if it is not on the page."""
        self._lay()
        return block.start

    def card_from(self, card: Block | None, delta: int) -> Block | None:
        """The card so many further; the first one when there is none to start from."""
        cards = self.cards
        if not cards:
            return None
        at = cards.index(card) + delta if card in cards else 0
        return cards[max(0, min(at, len(cards) - 1))]

    def file_from(self, card: Block | None, delta: int) -> Block | None:
        """The first card of the file so many further."""
        sections = [section for section in self.sections if section.cards]
        if not sections:
            return None
        here = next((i for i, section in enumerate(sections) if card in section.cards), 0)
        return sections[max(0, min(here + delta, len(sections) - 1))].cards[0]

    def seen_card(self, card: Block, top: int, height: int) -> Block | None:
        """This card if a row of it is among those in view, else the nearest one in view."""
        bottom = top + height
        seen = [c for c in self.cards if self.start(c) < bottom and self.start(c) + c.height > top]
        if not seen or card in seen:
            return card if seen else None
        return seen[0] if self.start(card) < top else seen[-1]

    def widest(self, top: int, height: int) -> int:
        """Length of the longest line of code among these rows."""
        rows = (found[0].row(found[1]) for y in range(top, top + height) if (found := self.at(y)))
        return max((len(row.text) for row in rows if isinstance(row, Row)), default=0)

    def top_to_see(self, block: Block, top: int, height: int) -> int:
        """The least scrolled top with the last row of a block in view."""
        start = self.start(block)
        if start < 0 or not height:
            return top
        last = start + block.height - 1
        return top if top <= last < top + height else max(0, last - height + 1)

    def anchor(self, y: int) -> Anchor | None:
        """Remember what stands at row `y`."""
        found = self.at(y)
        return None if found is None else Anchor(*found, found[0].row(found[1]))

    def hold(self, card: Block | None, top: int, height: int) -> tuple[Anchor | None, int]:
        """What stays on its row of the screen: this card if its head is in view, else the top."""
        start = -1 if card is None else self.start(card)
        if top <= start < top + height:
            return self.anchor(start), start - top
        return self.anchor(top), 0

    def find(self, anchor: Anchor) -> int | None:
        """Where that stands now: the same text nearest to its old place in the block."""
        block = anchor.block
        start = self.start(block)
        if start < 0:
            return None
        best = min(anchor.at, max(0, block.height - 1))
        if anchor.at == 0 or not isinstance(anchor.row, Row):
            return start + best
        wanted = (anchor.row.sign, anchor.row.text)
        for distance in range(min(block.height, 200)):
            for at in (anchor.at - distance, anchor.at + distance):
                if block.above <= at < block.height:
                    row = block.row(at)
                    if isinstance(row, Row) and (row.sign, row.text) == wanted:
                        return start + at
        return start + best

    # -- changing --------------------------------------------------------------
    def touch(self, block: Block, at: int = 0) -> None:
        """This row looks different, heights are the same."""
        block.strips.pop(at, None)
        self._touched.append((block, at, 1))

    def touch_all(self, *blocks: Block | None) -> None:
        """Every row of these blocks looks different, heights are the same."""
        for block in blocks:
            if block is not None:
                block.forget()
                self._touched.append((block, 0, block.height))

    def shift(self, block: Block, at: int = 0) -> None:
        """From this row of the block on, rows are others or elsewhere."""
        self._is_laid = False
        self._shifted.append((block, at))

    def reorder(self) -> None:
        """Sections or cards were added, moved or removed: anything may be elsewhere."""
        self._is_laid = False
        self._all = True

    def widen(self, block: Block) -> None:
        """Make the gutter wide enough for the line numbers of this block."""
        last = block.rows[-1] if block.rows else None
        number = max(last.old or 0, last.new or 0) if isinstance(last, Row) else 0
        if len(str(number)) > self.gutter:
            self.gutter = len(str(number))
            self.forget()
            self._all = True

    def forget(self) -> None:
        """All strips are made anew when next seen."""
        for block in self:
            block.forget()

    def take_changes(self) -> Changes:
        """What to paint since the last call."""
        self._lay()
        below = 0 if self._all else None
        for block, at in self._shifted:
            if block.start >= 0:
                below = block.start + at if below is None else min(below, block.start + at)
        runs = tuple(
            (block.start + at, count) for block, at, count in self._touched if block.start >= 0
        )
        self._touched.clear()
        self._shifted.clear()
        self._all = False
        return Changes(runs, below)

    def _lay(self) -> None:
        if self._is_laid:
            return
        for block in self._blocks:
            block.start = -1
        self._blocks = list(self)
        self._starts = []
        at = 0
        for block in self._blocks:
            block.start = at
            self._starts.append(at)
            at += block.height
        self._total = at
        self._is_laid = True
