"""One line under the panes: what the keys do here, or what just happened.

The rule kept here: a notice stays until the person does something else; nothing moves by time.
What does not fit of the keys is left out whole, a long piece of news is cut at its end; warnings
and errors take the rows they need, since the next step stands at their end.
"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widget import Widget

from spark_tui.text import one_line

_MARKS = {"info": "", "warning": "! ", "error": "✗ "}
GAP = " · "


class Hint(Widget, can_focus=False):
    """`rest` is shown when there is no notice."""

    def __init__(self, *, id: str = "hint") -> None:
        super().__init__(id=id)
        self._rest = ""
        self._notice = ""
        self._level = "info"
        self.news = 0
        """How often something was said."""

    @property
    def shown(self) -> str:
        """The text on screen."""
        return self._notice or self._rest

    def rest(self, text: str) -> None:
        """The keys of the pane that has the focus, as "key what · key what"."""
        if text != self._rest:
            self._rest = text
            self.refresh()

    def say(self, text: str, *, level: str = "info") -> None:
        """A notice; "" takes it away."""
        self.news += bool(text)
        if (text, level) == (self._notice, self._level):
            return
        self._notice, self._level = text, level
        for name in _MARKS:
            self.set_class(bool(text) and name == level, f"-{name}")
        self.refresh(layout=True)

    def render(self) -> Content:
        width = self.content_size.width
        if not self._notice:
            return Content(fitting(self._rest, width))
        text = _MARKS.get(self._level, "") + one_line(self._notice)
        if self._level == "info" and cell_len(text) > width > 1:
            text = set_cell_size(text, width - 1) + "…"
        return Content(text)


def fitting(keys: str, width: int) -> str:
    """As many of the keys as fit, whole ones.

    >>> fitting("y accept · n reject · ? keys", 22)
    'y accept · n reject'
    """
    parts = keys.split(GAP)
    while len(parts) > 1 and cell_len(GAP.join(parts)) > width:
        parts.pop()
    return GAP.join(parts)
