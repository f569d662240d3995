"""A multi-line text field whose letters appear in the turn that typed them.

The rule kept here: what is typed or pasted is text and nothing else. A paste enters as one text,
control characters left out, and a large one waits for a yes. What Enter means is the subclass's
affair.
"""

from __future__ import annotations

from textual import events
from textual.document._document import EditResult
from textual.document._edit import Edit
from textual.message import Message
from textual.widgets import TextArea

from spark_tui.text import HIDDEN
from spark_tui.tui.paint import paint_now

ASK_ABOVE = 100_000
"""Characters of a paste that are inserted without asking."""


class Field(TextArea):
    """Base of the prompt and of the commit message."""

    class Hinted(Message):
        """A sentence for the hint line."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str, placeholder: str = "") -> None:
        super().__init__(
            id=id,
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            highlight_cursor_line=False,
            compact=True,
            placeholder=placeholder,
        )
        self.cursor_blink = False
        self._held = ""

    @property
    def held(self) -> str:
        """A large paste that waits for Enter (insert) or Esc (drop)."""
        return self._held

    def edit(self, edit: Edit) -> EditResult:
        result = super().edit(edit)
        paint_now([self])
        return result

    def put(self, text: str) -> None:
        """Insert at the cursor, over the selection."""
        self._replace_via_keyboard(clean(text), *self.selection)

    def put_pasted(self, text: str) -> None:
        """The same for text that somebody pasted: a large one is held until Enter."""
        if len(text) > ASK_ABOVE:
            self._held = text
            size = f"{len(text) / 1e6:.1f} MB" if len(text) >= 1e6 else f"{len(text) // 1000} kB"
            self.post_message(self.Hinted(f"{size} pasted: Enter inserts it, Esc drops it"))
        else:
            self.put(text)

    def settle_paste(self, key: str) -> bool:
        """Enter and Esc on a held paste. Says whether the key was meant for it."""
        if not self._held or key not in ("enter", "escape"):
            return False
        held, self._held = self._held, ""
        if key == "enter":
            self.put(held)
        self.post_message(self.Hinted(""))
        return True

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.put_pasted(event.text)


def clean(text: str) -> str:
    """Pasted or restored text without what a terminal obeys; line breaks as \\n.

    >>> clean("a\\r\\nb\\x1b[2J\\tc")
    'a\\nb[2J\\tc'
    """
    return HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
