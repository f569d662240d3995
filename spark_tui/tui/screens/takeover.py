"""Before the pen changes hands: who works here now, and what happens to it.

The rule kept here: it opens by the person's own key; only y takes over, everything else leaves
things as they are.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from spark_tui.text import one_line


class TakeOverScreen(ModalScreen[bool]):
    """Dismissed with True when it is to be asked for."""

    CSS_PATH = "sheet.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", "take over", show=False),
        Binding("escape,q,n,enter", "leave", "leave", show=False),
    ]

    def __init__(self, holder: str) -> None:
        super().__init__()
        self._holder = holder

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static(self._words(), markup=False)

    def _words(self) -> Content:
        lines = [
            Content.assemble(("Take over?", "bold")),
            Content(f"{one_line(self._holder)} works in this folder."),
            Content("It is asked to let go: it ends what it writes, stops its answer,"),
            Content("seals the session and turns read-only. This window goes on with it."),
            Content.assemble(("y takes over · Esc leaves it", "dim")),
        ]
        return Content("\n").join(lines)

    def action_confirm(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)
