"""The conversation: prompts, prose, tool lines and summaries, drawn line by line.

The rule kept here: a closed line is final. Only the open line is wrapped again when text arrives;
of all others the source is kept and strips are made for the rows that are looked at. Turning facts
of the session into calls of this widget is panes/chat.py's work.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from spark_tui.text import visible
from spark_tui.tui.widgets.line_view import LineView
from spark_tui.tui.widgets.prose import Kind, breaks, is_fence, spans, wrap

KEPT_STRIPS = 600
"""Lines whose strips are kept; more are forgotten together and made again when looked at."""


class Transcript(LineView):
    """Feed it text; it follows the end until somebody scrolls up."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"transcript--{look}"
        for look in (
            *("prompt", "prompt-mark", "meta", "said", "heading", "strong", "inline", "bullet"),
            *("quote", "code", "fence", "tool", "note", "warning", "error", "summary", "blank"),
        )
    }

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, follow=True)
        self._kinds: list[Kind] = []
        self._texts: list[str] = []
        self._starts: list[int] = []
        """Row at which each line begins."""
        self._total = 0
        self._open = False
        """The last line may still grow."""
        self._fence = ""
        self._strips: dict[int, list[Strip]] = {}
        self._wrapped_at = 0

    # -- writing ---------------------------------------------------------------
    def add(self, kind: Kind, text: str) -> None:
        """Append whole lines of one kind; ends an open line."""
        first = self._total
        self._close()
        for line in text.split("\n"):
            self._append(kind, line)
        self.grew(first, first)

    def gap(self) -> None:
        """An empty line, unless there is one already."""
        self._close()
        if self._kinds and self._kinds[-1] != "blank":
            first = self._total
            self._append("blank", "")
            self.grew(first, first)

    def say(self, text: str) -> None:
        """Prose of the model, cut anywhere."""
        old_total = self._total
        first = self._starts[-1] if self._open else self._total
        parts = text.split("\n")
        if self._open:
            parts[0] = self._texts[-1] + parts[0]
            self._drop_last()
        for line in parts[:-1]:
            self._append(self._kind_of(line, closed=True), line)
        self._open = bool(parts[-1])
        if self._open:
            self._append(self._kind_of(parts[-1], closed=False), parts[-1])
        self.grew(first, old_total)

    def end_fence(self) -> None:
        """The answer is over: whatever fence it left open ends with it."""
        self._close()
        self._fence = ""

    def clear(self) -> None:
        old_total = self._total
        self._kinds, self._texts, self._starts = [], [], []
        self._strips = {}
        self._total, self._open, self._fence = 0, False, ""
        self.grew(0, old_total)

    def plain_text(self) -> str:
        """Everything said so far, as it came."""
        return "\n".join(self._texts)

    def last_code(self) -> str:
        """The text of the last fenced block, "" when there is none."""
        end = len(self._kinds)
        while end and self._kinds[end - 1] != "code":
            end -= 1
        start = end
        while start and self._kinds[start - 1] == "code":
            start -= 1
        return "\n".join(self._texts[start:end])

    # -- LineView --------------------------------------------------------------
    def line_count(self) -> int:
        return self._total

    def line(self, y: int, width: int) -> Strip:
        number = bisect_right(self._starts, y) - 1
        strips = self._strips.get(number)
        if strips is None:
            if len(self._strips) >= KEPT_STRIPS:
                self._strips.clear()
            strips = self._strips[number] = self._make(number, width)
        return strips[min(y - self._starts[number], len(strips) - 1)]

    def forget(self) -> None:
        self._strips.clear()
        if self.width and self.width != self._wrapped_at:
            self._rewrap()

    # -- private ---------------------------------------------------------------
    def _kind_of(self, line: str, *, closed: bool) -> Kind:
        """What this line of an answer is; a closed fence line switches what follows."""
        mark = is_fence(line)
        if mark and (not self._fence or mark.startswith(self._fence)):
            if closed:
                self._fence = "" if self._fence else mark
            return "fence"
        if self._fence:
            return "code"
        return "said" if line.strip() else "blank"

    def _close(self) -> None:
        """Make the open line final."""
        if self._open:
            self._open = False
            text = self._texts[-1]
            self._drop_last()
            self._append(self._kind_of(text, closed=True), text)

    def _append(self, kind: Kind, text: str) -> None:
        self._kinds.append(kind)
        self._texts.append(text)
        self._starts.append(self._total)
        self._total += self._rows_of(kind, text)

    def _drop_last(self) -> None:
        self._kinds.pop()
        self._texts.pop()
        self._total = self._starts.pop()
        self._strips.pop(len(self._starts), None)

    def _rows_of(self, kind: Kind, text: str) -> int:
        width = self._wrapped_at
        if not width or (text.isascii() and len(text) + 2 <= width and "\t" not in text):
            return 1
        line, indent = spans(kind, visible(text))
        plain = "".join(part for part, _ in line)
        return len(breaks(plain, width, indent=indent, verbatim=kind == "code"))

    def _make(self, number: int, width: int) -> list[Strip]:
        kind, text = self._kinds[number], self._texts[number]
        line, indent = spans(kind, visible(text))
        rows = wrap(line, self._wrapped_at or width, indent=indent, verbatim=kind == "code")
        ground = self._look(kind)
        return [
            Strip([Segment(text, self._look(look)) for text, look in row]).extend_cell_length(
                width, ground
            )
            for row in rows
        ]

    def _look(self, name: str) -> Style:
        known = f"transcript--{name}"
        if known not in self.COMPONENT_CLASSES:
            known = f"transcript--{name.removesuffix('-mark')}"
        return self.style_of(known)

    def _rewrap(self) -> None:
        """Count the rows anew for another width; the line at the upper edge stays there."""
        anchor = bisect_right(self._starts, self.top) - 1
        self._wrapped_at = self.width
        starts: list[int] = []
        total = 0
        for kind, text in zip(self._kinds, self._texts, strict=True):
            starts.append(total)
            total += self._rows_of(kind, text)
        self._starts, self._total = starts, total
        if not self.follow and 0 <= anchor < len(starts):
            self.reflowed(starts[anchor])
