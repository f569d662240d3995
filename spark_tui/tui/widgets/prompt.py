"""Where a person writes: several lines, history, `@` for files.

The rule kept here: a key typed here is text or one of the chat's keys; it never decides a hunk.
The prompt says what the person did (`Sent`, `Queued`, `Walked`, ...); what follows from it is the
screen's business, drawing the list of files is completion.py's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.document._document import EditResult
from textual.document._edit import Edit
from textual.message import Message
from textual.widgets import TextArea

from spark_tui.tui import keys
from spark_tui.tui.widgets.field import Field, clean

if TYPE_CHECKING:
    from spark_tui.session.session import FileHit

Finder = Callable[[str], "Sequence[FileHit]"]

_MENTION = re.compile(r"(?:^|(?<=\s))@(\S*)$")
_NAMED = re.compile(r"(?:^|(?<=\s))@(\S+)")
_ACTIONS = {key: row.action for row in keys.rows("chat") for key in row.keys}
_STEPS = {"up": -1, "down": 1}


class Prompt(Field):
    """The chat's text field. `find` (session.find) is given by the screen."""

    class Sent(Message):
        """Enter on a text."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Queued(Sent):
        """Tab on a text: after this answer."""

    class Edited(Message):
        """The text changed."""

    class Walked(Message):
        """Tab in an empty prompt: next pane."""

    class ReviewAsked(Message):
        """Enter in an empty prompt: to the first undecided hunk."""

    class ChipDropped(Message):
        """Backspace at the very start."""

    class ChipConfirmed(Message):
        """The person said yes to the file that waits for it."""

    class EditorAsked(Message):
        """The draft in an editor of its own."""

    class Scrolled(Message):
        """The conversation up (-1) or down (1) by a page."""

        def __init__(self, pages: int) -> None:
            super().__init__()
            self.pages = pages

    class Offered(Message):
        """The files that the word after @ may mean; empty closes the list."""

        def __init__(self, hits: tuple[FileHit, ...], chosen: int) -> None:
            super().__init__()
            self.hits = hits
            self.chosen = chosen

    def __init__(self, *, id: str = "prompt") -> None:
        super().__init__(id=id, placeholder="Ask for a change · @ names a file")
        self.find: Finder | None = None
        self._hits: tuple[FileHit, ...] = ()
        self._chosen = 0
        self._closed_at: tuple[int, int] | None = None
        """Where the @ word began whose list the person closed with Esc."""
        self._taken: list[str] = []
        """Paths taken from the list: they may hold spaces."""
        self._past: list[str] = []
        self._at = 0
        """Which of the past prompts is shown; len(past) is the draft."""
        self._draft = ""

    # -- what the screen may ask -----------------------------------------------
    def named(self) -> tuple[str, ...]:
        """Paths written with an @."""
        text = self.text
        taken = [path for path in self._taken if f"@{path}" in text]
        words = [found.rstrip(".,;:!?)") for found in _NAMED.findall(text)]
        return tuple(dict.fromkeys([*taken, *words]))

    def remember(self, text: str) -> None:
        """A prompt for the history."""
        if text and (not self._past or self._past[-1] != text):
            self._past.append(text)
        self._at = len(self._past)

    def take(self) -> str:
        """The text, leaving the prompt empty."""
        text = self.text.strip()
        self.write("")
        self._taken.clear()
        return text

    def write(self, text: str) -> None:
        """Replace the whole text; the cursor goes to its end."""
        self._close_list()
        self._closed_at = None
        self.text = clean(text)
        self.move_cursor(self.document.end)
        self._at = len(self._past)

    def mention(self, path: str) -> None:
        """Name a file at the cursor."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        self._taken.append(path)
        self.put(("" if not before or before[-1].isspace() else " ") + f"@{path} ")

    # -- keys --------------------------------------------------------------------
    async def _on_key(self, event: events.Key) -> None:
        if self.settle_paste(event.key) or self._act(event.key):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)

    def _act(self, key: str) -> bool:
        """Do what this key means here. False: it is text, or somebody else's key."""
        if self._hits and self._act_on_list(key):
            return True
        said: Message
        match _ACTIONS.get(key):
            case "send":
                said = self.Sent(self.text) if self.text.strip() else self.ReviewAsked()
            case "tab":
                said = self.Queued(self.text) if self.text.strip() else self.Walked()
            case "newline":
                self.put("\n")
                return True
            case "clear":
                if not self.selection.is_empty:
                    return False
                self.remember(self.text)
                self.write("")
                self.post_message(self.Hinted("draft put aside: Up brings it back"))
                return True
            case "history_back":
                return self.cursor_at_first_line and self._go(-1)
            case "history_on":
                return self.cursor_at_last_line and self._go(1)
            case "drop_chip":
                if self.cursor_location != (0, 0) or not self.selection.is_empty:
                    return False
                said = self.ChipDropped()
            case "confirm_chip":
                said = self.ChipConfirmed()
            case "editor":
                said = self.EditorAsked()
            case "scroll_up":
                said = self.Scrolled(-1)
            case "scroll_down":
                said = self.Scrolled(1)
            case _:
                return False
        self.post_message(said)
        return True

    def _act_on_list(self, key: str) -> bool:
        """Keys of the open list of files."""
        match key:
            case "enter" | "tab":
                self._accept_hit(self._hits[self._chosen])
            case "up" | "down":
                self._chosen = (self._chosen + _STEPS[key]) % len(self._hits)
                self.post_message(self.Offered(self._hits, self._chosen))
            case "escape":
                self._closed_at = self._mention_start()
                self._close_list()
            case _:
                return False
        return True

    def _go(self, step: int) -> bool:
        """Along the history; the draft stands at its end. Always eats the key."""
        at = self._at + step
        if not 0 <= at <= len(self._past):
            return step < 0
        if self._at == len(self._past):
            self._draft = self.text
        text = self._draft if at == len(self._past) else self._past[at]
        self.write(text)
        self._at = at
        return True

    # -- the list of files -------------------------------------------------------
    def edit(self, edit: Edit) -> EditResult:
        result = super().edit(edit)
        self._look_for_mention()
        return result

    def _on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Edited())

    def _on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """The cursor left the @ word: the list closes."""
        event.stop()
        if self._hits and self._mention_start() is None:
            self._close_list()

    def _word(self) -> str | None:
        """What stands between @ and the cursor; None outside of such a word."""
        row, column = self.cursor_location
        found = _MENTION.search(self.document.get_line(row)[:column])
        return found[1] if found else None

    def _mention_start(self) -> tuple[int, int] | None:
        row, column = self.cursor_location
        word = self._word()
        return None if word is None else (row, column - len(word) - 1)

    def _look_for_mention(self) -> None:
        start = self._mention_start()
        if start is None:
            self._closed_at = None
        if start is None or start == self._closed_at or self.find is None:
            self._close_list()
            return
        hits = tuple(self.find(self._word() or ""))
        if hits != self._hits:
            self._hits, self._chosen = hits, 0
            self.post_message(self.Offered(hits, 0))

    def _accept_hit(self, hit: FileHit) -> None:
        start = self._mention_start()
        row, column = self.cursor_location
        if start is None:
            return
        rest = re.match(r"\S*", self.document.get_line(row)[column:])
        end = (row, column + (len(rest[0]) if rest else 0))
        self._taken.append(hit.path)
        self._replace_via_keyboard(f"@{clean(hit.path)} ", start, end)
        self._close_list()

    def _close_list(self) -> None:
        if self._hits:
            self._hits, self._chosen = (), 0
            self.post_message(self.Offered((), 0))
