"""The Textual application: one session, its screens, theme, signals, and the way out.

The rule kept here: quitting is never delayed and loses nothing; a fault of ours ends with the
terminal restored and no value of a variable on it. What happens on the desk is screens/main.py's.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on, work
from textual.app import App
from textual.binding import BindingType
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.worker import WorkerFailed

from spark_tui.errors import SparkFault
from spark_tui.options import AppOptions
from spark_tui.settings.config import Settings
from spark_tui.settings.theme import find_themes, load_theme
from spark_tui.tui.driver import LastResort, SparkDriver
from spark_tui.tui.gate import KeyGate
from spark_tui.tui.guard import Guard
from spark_tui.tui.palette import KeyCommands
from spark_tui.tui.panes.chat import counted
from spark_tui.tui.panes.diff import DiffPane
from spark_tui.tui.screens.asked import (
    CommitAsked,
    ConnectAsked,
    ContextAsked,
    FiguresAsked,
    GoOnAsked,
    UndoTurnAsked,
)
from spark_tui.tui.screens.main import MainScreen
from spark_tui.tui.seat import Seat
from spark_tui.tui.themes import as_textual

if TYPE_CHECKING:
    from spark_tui.session.restore_plan import Restored
    from spark_tui.session.session import CommitDone, Session
    from spark_tui.session.sessions import SessionRow
    from spark_tui.tui.screens.welcome import Answer

_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_LAST_RESORT_S = 2.0
"""A terminal that is gone may hold a writer up: after this the process ends anyway."""
_CLOSE_LIMIT_S = 1.5
_LOOK_S = 2.0
"""A terminal that went away without a signal is noticed this late."""


class SparkApp(App[str]):
    """Give it what the command line said; `run` it."""

    TITLE = "spark-tui"
    CSS_PATH = Path(__file__).parent / "screens" / "main.tcss"
    COMMANDS = {KeyCommands}  # noqa: RUF012 - Textual declares it so
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        options: AppOptions,
        settings: Settings,
        *,
        session: Session | None = None,
        terminal: list[Any] | None = None,
    ) -> None:
        on_terminal = os.isatty(1) and session is None
        super().__init__(driver_class=SparkDriver if on_terminal else None)
        self._on_terminal = on_terminal
        self._terminal = terminal
        """The terminal's attributes before the skeleton: what editors and shells get back."""
        self._last_resort = LastResort(_LAST_RESORT_S)
        self._last_resort.attributes = terminal
        self.options = options
        self.settings = settings
        self._given = session
        self.desk = MainScreen()
        self._seat = Seat(self, self.desk, options, settings)
        self.animation_level = "none"
        self.crash: BaseException | None = None
        self.farewell = ""
        self._gate = KeyGate(self)
        self._early: list[events.Key | events.Paste] | None = []
        """Keys that came before the prompt was there."""
        # Textual's grey is made of colours, and of a terminal's own sixteen it makes black.
        self._filters = [NoColor() if isinstance(f, Monochrome) else f for f in self._filters]
        self._filters.append(Guard())
        self._choose_theme()

    @property
    def session(self) -> Session | None:
        """The session that the desk shows."""
        return self._seat.session

    def get_default_screen(self) -> Screen[object]:
        return self.desk  # type: ignore[return-value]  # a Screen[None] is one

    def _choose_theme(self) -> None:
        found = find_themes(self.options.environ)
        name = self.settings.theme or _fitting(self.options.environ)
        if name in found:
            self.register_theme(as_textual(load_theme(found[name])))
            self.theme = name
        elif name in self.available_themes:
            self.theme = name

    # -- the start -----------------------------------------------------------------
    async def on_event(self, event: events.Event) -> None:
        """Keys typed before there was a prompt wait for it; later ones for each other."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._early is not None:
            self._early.append(event)
        else:
            await self._gate.pass_on(event, super().on_event)
            if self._seat.viewing is not None:
                self._seat.viewing.touched()

    async def on_load(self) -> None:
        """Before the terminal is ours: from here on a signal leaves in order."""
        self._listen_to_signals()

    async def on_ready(self) -> None:
        """The first frame stands: what is typed has somewhere to go; now the engine."""
        self.desk.set_focus(self.desk.chat.prompt)
        early, self._early = self._early or [], None
        for event in early:
            await self.on_event(event)
        self.app_resume_signal.subscribe(self, lambda _app: self.refresh(layout=True))
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """What was typed so far is painted: now there is time."""
        if isinstance(driver := self._driver, SparkDriver):
            driver.on_lost = lambda: self._call_from_anywhere(self._leave_by, signal.SIGHUP)
            self.set_interval(_LOOK_S, self._look_at_terminal)
            if self._terminal is not None:
                driver.attrs_before = self._terminal
        _settle_memory()
        self._open()

    @work(group="open")
    async def _open(self) -> None:
        seat = self._seat
        try:
            if self._given is not None:
                await seat.sit(self._given, self._given.state.view)
            else:
                await seat.begin(self._choose_session)
        except SparkFault as fault:
            self.crash = fault
            self.exit(return_code=fault.exit_code)
            return
        gc.collect()
        _settle_memory()
        session = seat.session
        if session is None or session.access.is_reader or session.state.ready:
            return
        if not self.desk.chat.prompt.text:
            self._welcome(ConnectAsked())

    async def _choose_session(self, rows: list[SessionRow]) -> str:
        from spark_tui.tui.screens.sessions import SessionsScreen

        return await self.push_screen_wait(SessionsScreen(rows)) or ""

    @on(GoOnAsked)
    def _go_on(self) -> None:
        from spark_tui.tui.screens.takeover import TakeOverScreen

        if not self._seat.go_on(lambda who, then: self.push_screen(TakeOverScreen(who), then)):
            self.desk.hint.say("there is nothing to go on with")

    # -- other screens ---------------------------------------------------------------
    @on(ConnectAsked)
    def _welcome(self, message: ConnectAsked) -> None:
        from spark_tui.tui.screens.welcome import WelcomeScreen

        session, text = self.session, message.text
        self.desk.give_back(text)  # it waits as a draft: whatever ends the sheet, it is there
        if session is None or self.screen is not self.desk:
            return

        def answered(answer: Answer | None) -> None:
            if answer is not None:
                self._answered(answer, text)

        self.push_screen(WelcomeScreen(session, offer=message.offer), answered)

    def _answered(self, answer: Answer, text: str) -> None:
        desk = self.desk
        match answer.what:
            case "demo":
                self.exit("demo")
            case "review":
                desk.review_changes()
            case "typed":
                desk.chat.prompt.put(answer.typed)
            case "ready":
                desk.hint.say(answer.said)
                if text and desk.chat.prompt.text.strip() == text.strip():
                    desk.chat.prompt.take()
                desk.send(text)
            case "left":
                pass

    @on(CommitAsked)
    def action_commit(self, message: CommitAsked | None = None) -> None:
        from spark_tui.tui.screens.commit import CommitScreen, Jump
        from spark_tui.tui.screens.jumping import go_to

        session, staged = self.session, message is not None and message.staged
        if session is None or not (staged or session.commit_preview()):
            self.desk.hint.say("nothing is accepted yet: y accepts a hunk")
            return

        def ended(result: CommitDone | Jump | None) -> None:
            match result:
                case None:
                    pass
                case Jump():
                    go_to(self.desk, session, result)
                case done:
                    self.desk.hint.say(f"committed {done.commit[:9]} {done.subject} {done.note}")

        self.push_screen(CommitScreen(session, staged=staged), ended)

    @on(UndoTurnAsked)
    def _show_undo(self, message: UndoTurnAsked) -> None:
        from spark_tui.tui.screens.undo import Choice, UndoScreen

        def answered(choice: Choice | None) -> None:
            if choice:
                self.desk.take_back(message.preview, choice)

        self.push_screen(UndoScreen(message.preview), answered)

    @on(ContextAsked)
    def _show_context(self, message: ContextAsked) -> None:
        from spark_tui.tui.screens.context import ContextScreen

        if self.session is not None and self.screen is self.desk:
            screen = ContextScreen(self.session, replan=message.replan, left_out=message.left_out)
            self.push_screen(screen, message.answered)

    @on(DiffPane.HistoryAsked)
    def _show_history(self) -> None:
        from spark_tui.tui.screens.history import HistoryScreen

        def restored(done: Restored | None) -> None:
            if done is not None:
                self.desk.hint.say(done.told, level="warning" if done.has_left else "info")
                self.desk.start_job(self.desk.look, group="look")

        if self.session is not None:
            self.push_screen(HistoryScreen(self.session, now=time.time()), restored)

    @on(FiguresAsked)
    def _show_figures(self) -> None:
        from spark_tui.tui.screens.figures import FiguresScreen

        if self.session is not None:
            self.push_screen(FiguresScreen(self.session, self.options.environ))

    def action_connect(self) -> None:
        """The choices of the first start."""
        self._welcome(ConnectAsked())

    def action_git_init(self) -> None:
        """Make this folder a git repository."""
        session = self.session
        if session is not None and not session.state.has_git:
            self.desk.start_job(session.init_repository, group="init")

    def exit(
        self, result: str | None = None, return_code: int = 0, message: Any | None = None
    ) -> None:
        """Whatever leads here: what is on the screen is kept while it is there."""
        self._seat.keep()
        super().exit(result, return_code, message)

    # -- the way out ------------------------------------------------------------------
    async def action_quit(self) -> None:
        """Ctrl+Q: now, from everywhere."""
        self.exit()

    def _listen_to_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread() or not self._on_terminal:
            return
        for number in _SIGNALS:
            signal.signal(number, self._signalled)

    def _signalled(self, number: int, _frame: object) -> None:
        """Also while the loop waits for a terminal that takes nothing: then it waits no longer."""
        self._last_resort.arm(128 + number)
        if isinstance(self._driver, SparkDriver):
            self._driver.unblock(if_full=True)
        self._call_from_anywhere(self._leave_by, number)

    def _call_from_anywhere(self, job: Callable[[int], object], number: int) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(job, number)

    def _leave_by(self, number: int) -> None:
        """A signal, or no terminal any more: seal the journal, restore the terminal, exit."""
        self._last_resort.arm(128 + number)
        self.exit(return_code=128 + number)

    def _look_at_terminal(self) -> None:
        if isinstance(driver := self._driver, SparkDriver) and driver.is_hung_up:
            driver.unblock()
            self._leave_by(signal.SIGHUP)

    async def on_unmount(self) -> None:
        """The screen is gone: seal what is open."""
        session = self.session
        if session is None:
            return
        self.farewell = _farewell(session)
        # What is not sealed in time: the journal up to the last promise is on the disk already.
        with contextlib.suppress(TimeoutError, SparkFault):
            await asyncio.wait_for(self._seat.leave(), _CLOSE_LIMIT_S)

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours: end, and let the caller say it without anybody's values."""
        if self.crash is None:
            self.crash = error.error if isinstance(error, WorkerFailed) else error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()


def _fitting(environ: Mapping[str, str]) -> str:
    """The shipped theme for this terminal: its own sixteen colours unless it says it has more."""
    if environ.get("COLORTERM", "").lower() not in ("truecolor", "24bit"):
        return "spark-ansi"
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return "spark-light" if ground in ("7", "15") else "spark-dark"


def _settle_memory() -> None:
    """What is there now stays: the collector need not look at it again.

    Frozen without a collection before: a pass over all that Textual brings takes 24-118 ms, and
    what it would find are a few cycles left by imports. Generation 2 never runs by itself.
    """
    gc.freeze()
    gc.set_threshold(700, 10, 100_000)
    gc.enable()


def _farewell(session: Session) -> str:
    """One line for the normal screen."""
    state = session.state
    waiting = sum(1 for _ in state.open_hunks())
    to_commit = sum(1 for _ in state.accepted_hunks())
    parts = [f"spark-tui session {state.session}"]
    if state.commits:
        parts.append(counted(len(state.commits), "commit"))
    if to_commit:
        parts.append(f"{counted(to_commit, 'hunk')} written, not committed")
    if waiting:
        parts.append(f"{counted(waiting, 'hunk')} open")
    return " · ".join(parts) + "\n"
