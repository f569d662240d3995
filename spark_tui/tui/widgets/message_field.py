"""The field of a commit message, and the two lines that ask who commits.

The rule kept here: what is typed or pasted is text; Enter finishes. What is committed is
screens/commit.py's business.
"""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from spark_tui.tui import keys
from spark_tui.tui.widgets.field import Field, clean

_ACTIONS = {key: row.action for row in keys.rows("commit") for key in row.keys}


class MessageField(Field):
    """The commit message."""

    class Finished(Message):
        """Enter."""

    class Scrolled(Message):
        def __init__(self, pages: int) -> None:
            super().__init__()
            self.pages = pages

    async def _on_key(self, event: events.Key) -> None:
        if self.settle_paste(event.key):
            event.stop()
            event.prevent_default()
            return
        match _ACTIONS.get(event.key):
            case "commit":
                self.post_message(self.Finished())
            case "newline":
                self.put("\n")
            case "scroll_up":
                self.post_message(self.Scrolled(-1))
            case "scroll_down":
                self.post_message(self.Scrolled(1))
            case _:
                await super()._on_key(event)
                return
        event.stop()
        event.prevent_default()


class WhoCommits(Vertical):
    """Name and address, for this commit only."""

    def compose(self) -> ComposeResult:
        yield Static(
            "git does not know who you are. For this commit only:", id="who-title", markup=False
        )
        yield Input(id="who-name", placeholder="Your name", compact=True, select_on_focus=False)
        yield Input(
            id="who-email", placeholder="you@example.com", compact=True, select_on_focus=False
        )

    @property
    def answer(self) -> tuple[str, str] | None:
        """(name, address) when both are there."""
        name, email = (
            " ".join(clean(self.query_one(at, Input).value).split())
            for at in ("#who-name", "#who-email")
        )
        return (name, email) if name and email else None
