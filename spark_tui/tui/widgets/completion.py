"""The list of files that the word after @ may mean, drawn above the prompt.

The rule kept here: it only draws what the prompt offers; which row is taken, and when, is decided
there, so the list can never take a key or the focus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from spark_tui.text import one_line

if TYPE_CHECKING:
    from spark_tui.session.session import FileHit

ROWS = 8


class Completion(Widget, can_focus=False):
    """Up to eight rows around the chosen one; hidden while there is nothing to offer."""

    def __init__(self, *, id: str = "completion") -> None:
        super().__init__(id=id)
        self._hits: tuple[FileHit, ...] = ()
        self._chosen = 0

    def on_mount(self) -> None:
        self.display = False

    @property
    def chosen(self) -> str:
        """The path that Enter would take, "" while closed."""
        return self._hits[self._chosen].path if self._hits else ""

    def offer(self, hits: tuple[FileHit, ...], chosen: int) -> None:
        """Show these; none closes the list."""
        self._hits, self._chosen = hits, chosen
        self.display = bool(hits)
        rows = min(ROWS, len(hits))
        if hits and self.styles.height is not None and self.styles.height.value != rows:
            self.styles.height = rows
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        first = max(0, min(self._chosen - ROWS // 2, len(self._hits) - ROWS))
        lines: list[Content] = []
        for number, hit in enumerate(self._hits[first : first + ROWS], first):
            mark = hit.mark.strip()[:1]
            line = Content(_fitted(one_line(hit.path), max(1, width - 4)))
            lines.append(
                Content.assemble("› " if number == self._chosen else "  ", line)
                .pad_right(max(0, width - line.cell_length - 2 - len(mark)))
                .append(mark)
                .stylize("reverse" if number == self._chosen else "")
            )
        return Content("\n").join(lines)


def _fitted(path: str, width: int) -> str:
    """A path that is too long loses its beginning: the end tells files apart."""
    return path if len(path) <= width else "…" + path[len(path) - width + 1 :]
