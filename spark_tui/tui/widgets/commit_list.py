"""What a commit will hold: its files and the lines of their accepted hunks.

The rule kept here: it shows exactly the hunks that were accepted and nothing that merely lies in
the work tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.strip import Strip

from spark_tui.edits.diff import hunk_rows
from spark_tui.session.state import SessionState
from spark_tui.text import one_line, visible
from spark_tui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from spark_tui.session.session import CommitFile

_SIGNS = {"+": "added", "-": "removed", "@": "muted", " ": "context"}


class CommitList(LineView):
    """Rows are (look, text); a person scrolls, nothing is chosen here."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"commit--{look}" for look in ("file", "muted", "added", "removed", "context")
    }

    def __init__(self, *, id: str = "commit-list") -> None:
        super().__init__(id=id)
        self._entries: list[tuple[str, str]] = []
        self._strips: dict[int, Strip] = {}

    def show(self, files: Sequence[CommitFile], state: SessionState) -> None:
        """These files, with their hunks."""
        self._entries = list(_rows(files, state))
        self._strips.clear()
        self.reflowed(0)

    def line_count(self) -> int:
        return len(self._entries)

    def line(self, y: int, width: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None:
            look, text = self._entries[y]
            style = self.style_of(f"commit--{look}")
            strip = Strip([Segment(text, style)]).adjust_cell_length(width, style)
            self._strips[y] = strip
        return strip

    def forget(self) -> None:
        self._strips.clear()


def _rows(files: Sequence[CommitFile], state: SessionState) -> Iterable[tuple[str, str]]:
    for file in files:
        counts = f"+{file.added} -{file.removed}"
        yield "file", f" {one_line(file.path)}  {file.change}  {counts}  {' '.join(file.hunks)}"
        for hid in file.hunks:
            hunk = state.hunks[hid]
            if hunk.place is None:
                continue
            for row in hunk_rows(state.snapshots.get(hunk.base or ""), hunk.place, context=1):
                yield _SIGNS[row.sign], f" {row.sign} {visible(row.text)}"
            yield "context", ""
