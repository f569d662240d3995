"""The commit: exactly the accepted hunks, and a message that the model drafts.

The rule kept here: what the person wrote is never overwritten, and a refusal loses nothing; the
message stays and the words of git and its hooks are shown. Committing itself is the session's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static, TextArea

from spark_tui.errors import SparkFault
from spark_tui.session import events as ev
from spark_tui.text import one_line, visible
from spark_tui.tui import keys
from spark_tui.tui.bridge import Bridge, SessionChanged
from spark_tui.tui.compositor import TightCompositor
from spark_tui.tui.widgets.commit_list import CommitList
from spark_tui.tui.widgets.field import Field
from spark_tui.tui.widgets.hint import Hint

if TYPE_CHECKING:
    from spark_tui.session.session import CommitDone, CommitRefused, Session

_KEYS = "Enter commit · Ctrl+J new line · PgUp PgDn scroll the hunks · Esc back"
_ACTIONS = {key: row.action for row in keys.rows("commit") for key in row.keys}
_OUTPUT_LINES = 12


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


class CommitScreen(Screen["CommitDone | None"]):
    """Dismissed with the commit, or with None when the person left."""

    CSS_PATH = "commit.tcss"
    AUTO_FOCUS = "#message"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._compositor = TightCompositor()
        self._session = session
        self._list = CommitList()
        self._field = MessageField(id="message", placeholder="The first line says what changes")
        self._said = Static("", id="said", markup=False)
        self._hint = Hint()
        self._streamed = ""
        """What the model has written into the field."""
        self._is_mine = False
        """The person has changed the message: the model's words stay out."""
        self._busy = False
        self._bridge = Bridge(lambda happened: self.post_message(SessionChanged(happened)))

    def compose(self) -> ComposeResult:
        yield Static("Commit: exactly the accepted hunks", id="title", markup=False)
        yield self._list
        yield self._said
        yield self._field
        yield self._hint

    def on_mount(self) -> None:
        self._list.show(self._session.commit_preview(), self._session.state)
        self._said.display = False
        self._hint.rest(_KEYS)
        self._stop_listening = self._session.listen(self._bridge)
        self._draft()

    def on_unmount(self) -> None:
        self._bridge.close()
        self._stop_listening()

    @work(group="draft")
    async def _draft(self) -> None:
        try:
            await self._session.draft_message()
        except SparkFault as fault:
            self._hint.say(f"no draft: {fault.message}", level="warning")

    @on(SessionChanged)
    def _changed(self, message: SessionChanged) -> None:
        message.stop()
        for event in message.events:
            if isinstance(event, ev.MessageDrafted) and not self._is_mine:
                self._streamed = event.text
                self._field.text = event.text
                self._field.move_cursor(self._field.document.end)
                if event.error:
                    self._hint.say(f"no draft by the model: {event.error}", level="warning")

    @on(TextArea.Changed)
    def _edited(self, message: TextArea.Changed) -> None:
        message.stop()
        if self._field.text != self._streamed:
            self._is_mine = True

    @on(MessageField.Scrolled)
    def _scroll(self, message: MessageField.Scrolled) -> None:
        page = max(1, self._list.height - 2)
        self._list.move_to(self._list.top + message.pages * page)

    @on(Field.Hinted)
    def _hinted(self, message: Field.Hinted) -> None:
        self._hint.say(message.text)

    @on(MessageField.Finished)
    def _finish(self) -> None:
        if self._busy:
            return
        text = self._field.text.strip()
        if not text:
            self._hint.say("write one line first")
            return
        self._is_mine = self._busy = True
        self._hint.say("committing: your hooks run · Esc stops them")
        self._commit(text)

    @work(group="commit")
    async def _commit(self, text: str) -> None:
        try:
            done = await self._session.commit(text)
        except SparkFault as fault:
            self._refuse(fault.message, "", fault.hint)
            return
        finally:
            self._busy = False
        self._settle(done)

    def _settle(self, done: CommitDone | CommitRefused) -> None:
        commit = getattr(done, "commit", None)
        if commit is not None:
            self.dismiss(done)  # type: ignore[arg-type]  # a CommitDone: it has a commit
        else:
            self._refuse(done.message, done.output, done.hint)  # type: ignore[union-attr]

    def _refuse(self, message: str, output: str, hint: str) -> None:
        """Nothing was committed and nothing is lost: say why."""
        lines = [visible(line) for line in output.rstrip().split("\n")[-_OUTPUT_LINES:] if line]
        self._said.update("\n".join(lines))
        self._said.display = bool(lines)
        self._hint.say(
            f"not committed: {one_line(message)} {one_line(hint)}".strip(), level="error"
        )

    def action_leave(self) -> None:
        """Back; while git runs, stop it first: a commit never goes on unseen."""
        if self._busy:
            self._session.stop_commit()
            self._hint.say("stopping git and its hooks")
        else:
            self.dismiss(None)
