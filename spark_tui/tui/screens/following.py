"""What the session says, brought to the panes; what the disk says, brought to the session.

The rule kept here: panes hear everything once and in order, and nothing here moves the focus. How
often a frame comes is the bridge's affair, what it looks like the panes'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widget import Widget

from spark_tui.session import events as ev
from spark_tui.tui.bridge import Bridge, SessionChanged
from spark_tui.tui.paint import paint_now
from spark_tui.tui.panes.chat import ChatPane
from spark_tui.tui.panes.diff import DiffPane
from spark_tui.tui.panes.files import FilesPane
from spark_tui.tui.screens import words
from spark_tui.tui.screens.asking import Start
from spark_tui.tui.screens.staging import Changes
from spark_tui.tui.widgets.hint import Hint
from spark_tui.tui.widgets.status import Status

if TYPE_CHECKING:
    from spark_tui.session.session import Session

FIGURES_S = 0.25
"""Rate and tokens are shown anew this often while an answer streams."""


class Following:
    """The panes of one desk, following one session."""

    def __init__(
        self,
        session: Session,
        *,
        changes: Changes,
        chat: ChatPane,
        diff: DiffPane,
        files: FilesPane,
        hint: Hint,
        status: Status,
        start: Start,
        post: Callable[[SessionChanged], object],
    ) -> None:
        self._session = session
        self._changes = changes
        self._panes = (chat, diff, files)
        self._chat = chat
        self._diff = diff
        self._hint = hint
        self._status = status
        self._start = start
        self._figures_at = 0.0
        self._forget: Callable[[], None] = lambda: None
        self.bridge = Bridge(
            lambda happened: post(SessionChanged(happened)),
            low_bandwidth=session.settings.low_bandwidth,
        )

    def begin(self) -> None:
        """Show what is there, and listen."""
        session = self._session
        self._forget = session.listen(self.bridge)
        for pane in self._panes:
            pane.load(session.state)
        if not session.state.turns:
            self._chat.transcript.add("meta", words.INTRO)
        self._status.show(session.state, session.meter)
        if (left := session.unfinished) and not session.access.is_reader:
            self._hint.say(f"Ctrl+S {left.words}")
        self._start(self._watch, group="watch")

    def end(self) -> None:
        """Another session is shown instead: hear no more of this one."""
        self._forget()
        self.bridge.close()

    def apply(self, message: SessionChanged) -> None:
        """One frame of events."""
        state = self._session.state
        for pane in self._panes:
            pane.apply(message.events, state)
        for event in message.events:
            match event:
                case ev.Noticed():
                    self._hint.say(f"{event.message} {event.hint}".strip(), level=event.level)
                case ev.HunkOpened() if self._is_by_hand(event, message):
                    self._diff.show_proposals()
                    self._diff.select(event.hunk)
                case ev.HunkOpened() if not self._diff.has_focus_within:
                    self._diff.show_proposals()
                case _:
                    pass
        if any(isinstance(event, ev.TurnEnded | ev.FilesWritten) for event in message.events):
            self._start(self._session.keeping.tend, group="keeping")
        # The status line: while only text streams in, as often as a person can read it.
        if message.is_told or message.time - self._figures_at > FIGURES_S:
            self._figures_at = message.time
            self._status.show(state, self._session.meter)
        drawn = (self._chat.transcript, self._status, self._hint, *self._diff.query(Widget))
        paint_now(drawn)

    def _is_by_hand(self, opened: ev.HunkOpened, message: SessionChanged) -> bool:
        """The person made this hunk (from a code block): its turn had ended before."""
        ended = [event.turn for event in message.events if isinstance(event, ev.TurnEnded)]
        return self._session.state.streaming is None and opened.turn not in ended

    async def look(self) -> None:
        """Git status, then what is changed, when there is nothing else to show."""
        session = self._session
        await session.look()
        if not session.state.hunks and session.state.has_git:
            await self._changes.first()
        self._start(session.keeping.tend, group="keeping")

    async def _watch(self) -> None:
        async for _ in self._session.watch():
            self._start(self._look_again, group="look", exclusive=True)

    async def _look_again(self) -> None:
        await self._session.look()
        await self._changes.again()
