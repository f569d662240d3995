"""Strips of diff rows: one function per kind of row, all looks from the theme.

The rule kept here: a sign, then one blank, then the text, whatever the width; colour only repeats
what the sign says. Untrusted text passes `visible` here and nowhere else. Which rows exist and
which strip is still good is not known here.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from spark_tui.edits.diff import Row
from spark_tui.text import one_line, visible
from spark_tui.tui.highlight import START, Highlighter, Span, State
from spark_tui.tui.themes import Looks
from spark_tui.tui.widgets.diff_page import Block
from spark_tui.tui.widgets.diff_rows import Head, Note

_PLAIN = Style()
_LOOK_BACK = 200
"""Rows that are lexed at most to know the state in which a row starts."""

_BESIDE = 4
"""Cells beside number and code: bar, blank, sign, blank."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How a block stands to the cursor."""

    is_current: bool = False
    has_focus: bool = False
    rows: Container[int] = ()
    """Rows of the block under a row cursor, or chosen."""


NO_CURSOR = Cursor()


@dataclass(slots=True)
class Painter:
    """Everything that the look of a row depends on besides the row."""

    looks: Looks
    highlighter: Highlighter
    gutter: int = 3
    column: int = 0
    """Cells of code scrolled out at the left."""

    def strip(self, block: Block, at: int, width: int, cursor: Cursor) -> Strip:
        """Row `at` of a block."""
        row = block.row(at)
        match row:
            case Head():
                if block.is_file:
                    return self._file_head(row, width)
                return self._hunk_head(row, width, cursor)
            case Note():
                return self._note(row, width, cursor)
            case Row():
                if row.sign == "@":
                    return self._note(Note(f"⋯ {row.text}", "muted"), width, cursor)
                return self._code(block, at, row, width, cursor)

    # -- heads -----------------------------------------------------------------
    def _file_head(self, head: Head, width: int) -> Strip:
        diff = self.looks.diff
        ground = diff["file"]
        pieces = [(" " + one_line(head.title), ground)]
        pieces += self._numbers(head, ground)
        if head.words:
            pieces += _apart(one_line(head.words), ground, _not_bold(diff["muted"]))
        for at, (text, look) in enumerate(head.counts):
            pieces += _apart(text, ground, diff[look], gap="  " if at == 0 else " ")
        return _fitted(pieces, width, ground)

    def _hunk_head(self, head: Head, width: int, cursor: Cursor) -> Strip:
        diff = self.looks.diff
        ground = diff["hunk"]
        if cursor.is_current:
            ground = diff["current" if cursor.has_focus else "current-blurred"]
        pieces = [
            self._bar(cursor, ground),
            *_apart(head.sign, ground, diff[head.look], gap=""),
            (f" {one_line(head.title)}", ground),
        ]
        pieces += self._numbers(head, ground)
        if head.is_risky:
            pieces += _apart("⚠", ground, diff["risk"])
        if head.words:
            pieces += _apart(one_line(head.words), ground, _not_bold(diff["muted"]))
        return _fitted(pieces, width, ground)

    def _numbers(self, head: Head, ground: Style) -> list[tuple[str, Style]]:
        diff = self.looks.diff
        pieces: list[tuple[str, Style]] = []
        if head.added:
            pieces += _apart(f"+{head.added}", ground, diff["added-sign"])
        if head.removed:
            gap = " " if head.added else "  "
            pieces += _apart(f"−{head.removed}", ground, diff["removed-sign"], gap=gap)
        return pieces

    def _bar(self, cursor: Cursor, ground: Style) -> tuple[str, Style]:
        return ("▌", ground + self.looks.diff["bar"]) if cursor.is_current else (" ", ground)

    # -- rows ------------------------------------------------------------------
    def _note(self, note: Note, width: int, cursor: Cursor) -> Strip:
        style = self.looks.diff[note.look]
        pieces = [self._bar(cursor, _PLAIN), ("  ", _PLAIN), (one_line(note.text), style)]
        return _fitted(pieces, width, _PLAIN)

    def _code(self, block: Block, at: int, row: Row, width: int, cursor: Cursor) -> Strip:
        diff = self.looks.diff
        tone = diff[block.tone] if block.tone else None
        ground = sign_style = _PLAIN
        word = ""
        if tone is not None:
            sign_style = tone
        elif row.sign == "+":
            ground, sign_style, word = diff["added"], diff["added-sign"], "added-word"
        elif row.sign == "-":
            ground, sign_style, word = diff["removed"], diff["removed-sign"], "removed-word"
        bar = self._bar(cursor, ground)
        if at in cursor.rows:
            ground = ground + diff["current" if cursor.has_focus else "current-blurred"]
            bar = ("█" if cursor.is_current else "▌", ground + diff["bar"])
        number = row.old if row.sign == "-" else row.new
        shown = str(number) if number else ""
        prefix = [
            bar,
            (f"{shown:>{self.gutter}} ", ground + _not_bold(diff["number"])),
            (f"{row.sign} ", ground + sign_style),
        ]
        room = max(0, width - self.gutter - _BESIDE)
        raw = row.text if len(row.text) < 10_000 else row.text[: 10 * (self.column + room + 1)]
        text = visible(raw)
        is_tinted = ground.bgcolor is not None or not word
        if tone is not None or not is_tinted:
            # Where a theme cannot tint, the text colour is all that shows a change.
            spans: tuple[Span, ...] = ((len(text), ""),)
        else:
            spans = self._spans(block, at, row, text)
        marks = _shown_spans(raw, text, row.emphasis) if word else ()
        code = self._styled(text, spans, marks, ground if tone is None else tone, word)
        return Strip(
            [
                *(Segment(piece, style) for piece, style in prefix),
                *_cropped(code, text, self.column, room, ground, diff["muted"]),
            ],
            width,
        )

    def _styled(
        self,
        text: str,
        spans: tuple[Span, ...],
        marks: tuple[tuple[int, int], ...],
        ground: Style,
        word: str,
    ) -> list[Segment]:
        """Syntax and changed words laid over the ground of the row."""
        syntax = self.looks.syntax
        emphasis = self.looks.diff[word] if marks else _PLAIN
        segments: list[Segment] = []
        at = 0
        for end, name in spans:
            style = ground if name in ("", "text") else ground + syntax[name]
            while at < end:
                stop, inside = end, False
                for left, right in marks:
                    if left <= at < right:
                        stop, inside = min(end, right), True
                        break
                    if at < left:
                        stop = min(end, left)
                        break
                segments.append(Segment(text[at:stop], style + emphasis if inside else style))
                at = stop
        return segments

    # -- syntax ----------------------------------------------------------------
    def _spans(self, block: Block, at: int, row: Row, text: str) -> tuple[Span, ...]:
        if not self.highlighter.is_loaded(block.path):
            return ((len(text), "text"),)
        old, new = self._states(block, at)
        return self.highlighter.spans(block.path, text, old if row.sign == "-" else new)[0]

    def _states(self, block: Block, at: int) -> tuple[State, State]:
        """The lexer's states before row `at`, on the old and the new side."""
        states = block.states
        known = at
        while known > max(block.above, at - _LOOK_BACK) and known not in states:
            known -= 1
        old, new = states.get(known, (START, START))
        for here in range(known, at):
            states[here] = old, new
            row = block.row(here)
            if not isinstance(row, Row) or row.sign == "@":
                continue
            text = visible(row.text)
            if row.sign == "-":
                old = self.highlighter.spans(block.path, text, old)[1]
                continue
            after = self.highlighter.spans(block.path, text, new)[1]
            if row.sign == " ":
                old = after if old == new else self.highlighter.spans(block.path, text, old)[1]
            new = after
        states[at] = old, new
        return old, new


def _apart(text: str, ground: Style, style: Style, *, gap: str = "  ") -> list[tuple[str, Style]]:
    """A piece of a head behind a gap; on a reversed ground it has no colour of its own."""
    return [(gap, ground), (text, ground if ground.reverse else ground + style)]


def _not_bold(style: Style) -> Style:
    return style + Style(bold=False)


def _shown_spans(
    raw: str, shown: str, spans: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    """Spans of the raw text as spans of what is shown for it."""
    if raw == shown:
        return spans
    return tuple((len(visible(raw[:a])), len(visible(raw[:b]))) for a, b in spans)


def _cropped(
    code: list[Segment], text: str, column: int, room: int, ground: Style, mark: Style
) -> list[Segment]:
    """Exactly `room` cells of the code from `column` on; a cut end shows …, on either side."""
    length = len(text) if text.isascii() else cell_len(text)
    if column == 0 and length <= room:
        return [*code, Segment(" " * (room - length), ground)]
    strip = Strip(code, length)
    cut = Segment("…"[:room], ground + mark)
    left = [cut] if column and length else []
    if length - column <= room:
        rest = max(0, room - len(left))
        kept = strip.crop(min(column + len(left), length), length)
        return [*left, *kept.adjust_cell_length(rest, ground)]
    rest = max(0, room - 1 - len(left))
    kept = strip.crop(column + len(left), column + len(left) + rest).adjust_cell_length(rest)
    return [*left[: room - 1], *kept, cut]


def _fitted(pieces: list[tuple[str, Style]], width: int, ground: Style) -> Strip:
    """Pieces in one line of exactly `width` cells, cut with … where they do not fit."""
    strip = Strip([Segment(text, style) for text, style in pieces if text])
    if strip.cell_length > width > 0:
        cut = strip.crop(0, width - 1)
        return Strip([*cut, Segment("…", ground)]).adjust_cell_length(width, ground)
    return strip.adjust_cell_length(width, ground)
