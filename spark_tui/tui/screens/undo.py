"""Before a whole turn is taken back: which files that touches.

The rule kept here: it opens by the person's own key, Enter confirms, everything else leaves the
files alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from spark_tui.text import one_line

MOST = 12


class UndoScreen(ModalScreen[bool]):
    """Dismissed with True when the turn is to be taken back."""

    CSS_PATH = "sheet.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "confirm", "take the turn back", show=False),
        Binding("escape,q,n", "leave", "leave", show=False),
    ]

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__()
        self._paths = tuple(paths)

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static(self._words(), markup=False)

    def _words(self) -> Content:
        count = len(self._paths)
        lines = [
            Content.assemble(("Take the whole turn back?", "bold")),
            Content(f"These {count} files change; your own later edits in them are kept:"),
            *(Content(f"  {one_line(path)}") for path in self._paths[:MOST]),
        ]
        if count > MOST:
            lines.append(Content(f"  and {count - MOST} more"))
        lines.append(Content.assemble(("Enter takes back · Esc leaves", "dim")))
        return Content("\n").join(lines)

    def action_confirm(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)
