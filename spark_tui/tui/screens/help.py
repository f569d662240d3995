"""All keys on one page, from the table in keys.py.

The rule kept here: it opens and closes by a key and changes nothing.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from spark_tui.tui import keys


class HelpScreen(ModalScreen[None]):
    """Esc, q, ? or Enter leave it."""

    CSS_PATH = "sheet.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", "close", show=False)
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="sheet tall"):
            yield Static(page(), markup=False)


def page() -> Content:
    """The table, area by area."""
    lines: list[Content] = []
    for area, title in keys.TITLES.items():
        lines.append(Content.assemble((title, "bold $primary")))
        lines.extend(
            Content.assemble("  ", (f"{row.label:<16}", "$accent"), " ", row.words)
            for row in keys.rows(area)
        )
        lines.append(Content(""))
    lines.append(Content("Esc closes this page").stylize("dim"))
    return Content("\n").join(lines)
