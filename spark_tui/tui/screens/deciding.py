"""What the diff's keys about decisions lead to: the half of the main screen that reviews.

The rule kept here: messages of the diff become verbs of the session (reviewing.py) and nothing
else; without a session they are for nobody. Focus and the prompt are main.py's part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.screen import Screen

from spark_tui.tui.panes.chat import ChatPane
from spark_tui.tui.panes.diff import DiffPane
from spark_tui.tui.screens.asked import UndoTurnAsked
from spark_tui.tui.screens.reviewing import Reviewing
from spark_tui.tui.widgets.hint import Hint

if TYPE_CHECKING:
    from spark_tui.session.undo_preview import Preview
    from spark_tui.tui.screens.undo import Choice


class DecidingScreen(Screen[None]):
    """Give it a `Reviewing` when there is a session."""

    def __init__(self) -> None:
        super().__init__()
        self.chat = ChatPane()
        self.diff = DiffPane(id="diff")
        self.hint = Hint()
        self._reviewing: Reviewing | None = None

    @on(DiffPane.Decided)
    def _decided(self, message: DiffPane.Decided) -> None:
        if self._reviewing is not None:
            self._reviewing.decide(message.hunks, message.decision)

    @on(DiffPane.SplitAsked)
    def _split(self, message: DiffPane.SplitAsked) -> None:
        if self._reviewing is not None:
            self._reviewing.split(message.hunk)

    @on(DiffPane.LinesChosen)
    def _keep_lines(self, message: DiffPane.LinesChosen) -> None:
        if self._reviewing is not None:
            self._reviewing.keep_lines(message.hunk, message.lines, accepted=message.accepted)

    @on(DiffPane.EditAsked)
    def _edit(self, message: DiffPane.EditAsked) -> None:
        from spark_tui.tui.screens.editor import edit_hunk

        if self._reviewing is not None:
            edit_hunk(self.app, self._reviewing, message.hunk, self.hint)

    @on(DiffPane.UndoAsked)
    def _undo(self, message: DiffPane.UndoAsked) -> None:
        reviewing = self._reviewing
        if reviewing is not None and message.scope == "turn":
            reviewing.preview_undo(lambda seen: self.post_message(UndoTurnAsked(seen)))
        elif reviewing is not None:
            reviewing.undo()

    def take_back(self, seen: Preview, choice: Choice) -> None:
        """Take back the turn or the commit that was shown."""
        if self._reviewing is not None:
            self._reviewing.take_back(seen, choice)

    @on(DiffPane.RedoAsked)
    def _redo(self) -> None:
        if self._reviewing is not None:
            self._reviewing.redo()

    @on(DiffPane.PlaceAsked)
    def _place(self, message: DiffPane.PlaceAsked) -> None:
        if self._reviewing is not None:
            self._reviewing.place(message.hunk, message.line)

    def action_insert_code(self) -> None:
        """The last code block of the conversation, into the file that is shown."""
        if self._reviewing is not None:
            self._reviewing.insert(self.chat.transcript.last_code(), self.diff)

    @on(DiffPane.CopyAsked)
    def _copy(self, message: DiffPane.CopyAsked) -> None:
        self.app.copy_to_clipboard(message.text)
        self.hint.say("copied to the terminal's clipboard")
