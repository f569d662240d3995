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
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on, work
from textual.app import App
from textual.binding import BindingType
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.worker import WorkerFailed

from spark_tui.errors import SparkFault
from spark_tui.options import AppOptions
from spark_tui.settings.config import Settings
from spark_tui.settings.theme import find_themes, load_theme
from spark_tui.tui.gate import KeyGate
from spark_tui.tui.guard import Guard
from spark_tui.tui.palette import KeyCommands
from spark_tui.tui.panes.chat import counted
from spark_tui.tui.screens.asked import (
    CommitAsked,
    ConnectAsked,
    ContextAsked,
    FiguresAsked,
    UndoTurnAsked,
)
from spark_tui.tui.screens.main import MainScreen
from spark_tui.tui.themes import as_textual

if TYPE_CHECKING:
    from spark_tui.session.session import CommitDone, Session
    from spark_tui.tui.screens.welcome import Answer

_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_LAST_RESORT_S = 2.0
"""A terminal that is gone may hold a writer up: after this the process ends anyway."""
LOCK_WAIT_S = 0.2
"""A screen that cannot be used must not look as if it could."""
_CLOSE_LIMIT_S = 1.5
_ALTERNATE = "\x1b[?1049h"


class KeptScreenDriver(LinuxDriver):
    """Goes on with the alternate screen that the skeleton opened: no blank moment between."""

    _entered = False

    def write(self, data: str) -> None:
        if data == _ALTERNATE and not self._entered:
            self._entered = True
            return
        super().write(data)


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
        super().__init__(driver_class=KeptScreenDriver if on_terminal else None)
        self._terminal = terminal
        """The terminal's attributes before the skeleton: what editors and shells get back."""
        self.options = options
        self.settings = settings
        self.session = session
        self.desk = MainScreen()
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

    async def on_ready(self) -> None:
        """The first frame stands: what is typed has somewhere to go; now the engine."""
        self.desk.set_focus(self.desk.chat.prompt)
        early, self._early = self._early or [], None
        for event in early:
            await self.on_event(event)
        self._listen_to_signals()
        self.app_resume_signal.subscribe(self, lambda _app: self.refresh(layout=True))
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """What was typed so far is painted: now there is time."""
        if isinstance(self._driver, KeptScreenDriver) and self._terminal is not None:
            self._driver.attrs_before = self._terminal
        _settle_memory()
        self._open()

    @work(group="open")
    async def _open(self) -> None:
        try:
            session = self.session or await self._open_session()
        except SparkFault as fault:
            self.crash = fault
            self.exit(return_code=fault.exit_code)
            return
        self.session = session
        self.desk.attach(session)
        gc.collect()
        _settle_memory()
        try:
            await self.desk.look()
        except SparkFault as fault:
            self.desk.hint.say(f"{fault.message} {fault.hint}", level="error")
        if not session.state.ready and not self.desk.chat.prompt.text:
            self._welcome(ConnectAsked())

    async def _open_session(self) -> Session:
        await asyncio.to_thread(_import_engine)
        from spark_tui.session.opening import open_session

        options = self.options
        return await open_session(
            options.path,
            self.settings,
            environ=options.environ,
            resume=options.resume or None,
            fresh=options.fresh and options.resume is None,
            lock_wait_s=LOCK_WAIT_S,
        )

    # -- other screens ---------------------------------------------------------------
    @on(ConnectAsked)
    def _welcome(self, message: ConnectAsked) -> None:
        from spark_tui.tui.screens.welcome import WelcomeScreen

        session, text = self.session, message.text
        if session is None or self.screen is not self.desk:
            return

        def answered(answer: Answer | None) -> None:
            if answer is not None:
                self._answered(answer, text)

        self.push_screen(WelcomeScreen(session, offer=message.offer), answered)

    def _answered(self, answer: Answer, text: str) -> None:
        desk = self.desk
        if answer.what != "ready":
            desk.give_back(text)
        match answer.what:
            case "demo":
                self.exit("demo")
            case "review":
                desk.review_changes()
            case "typed":
                desk.chat.prompt.put(answer.typed)
            case "ready":
                desk.hint.say(answer.said)
                desk.send(text)
            case "left":
                pass

    @on(CommitAsked)
    def action_commit(self) -> None:
        from spark_tui.tui.screens.commit import CommitScreen

        session = self.session
        if session is None or not session.commit_preview():
            self.desk.hint.say("nothing is accepted yet: y accepts a hunk")
            return

        def committed(done: CommitDone | None) -> None:
            if done is not None:
                self.desk.hint.say(f"committed {done.commit[:9]} {done.subject} {done.note}")

        self.push_screen(CommitScreen(session), committed)

    @on(UndoTurnAsked)
    def _show_undo(self, message: UndoTurnAsked) -> None:
        from spark_tui.tui.screens.undo import UndoScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.desk.undo_turn()

        self.push_screen(UndoScreen(message.paths), answered)

    @on(ContextAsked)
    def _show_context(self, message: ContextAsked) -> None:
        from spark_tui.tui.screens.context import ContextScreen

        if self.session is not None and self.screen is self.desk:
            screen = ContextScreen(self.session, replan=message.replan, left_out=message.left_out)
            self.push_screen(screen, message.answered)

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

    # -- the way out ------------------------------------------------------------------
    async def action_quit(self) -> None:
        """Ctrl+Q: now, from everywhere."""
        self.exit()

    def _listen_to_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread() or self.is_headless:
            return
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._leave_by, number)

    def _leave_by(self, number: int) -> None:
        """A signal: seal the journal, restore the terminal, exit with its code."""
        threading.Thread(target=_end_late, args=(128 + number,), daemon=True).start()
        self.exit(return_code=128 + number)

    async def on_unmount(self) -> None:
        """The screen is gone: seal what is open."""
        session = self.session
        if session is None:
            return
        self.farewell = _farewell(session)
        session.keep_draft(self.desk.draft)
        # What is not sealed in time: the journal up to the last promise is on the disk already.
        with contextlib.suppress(TimeoutError, SparkFault):
            await asyncio.wait_for(session.close(), _CLOSE_LIMIT_S)

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


def _import_engine() -> None:
    """The engine's modules, off the loop: keys are answered between two of them."""
    import spark_tui.session.opening  # noqa: F401


def _settle_memory() -> None:
    """What is there now stays: the collector need not look at it again.

    Frozen without a collection before: a pass over all that Textual brings takes 24-118 ms, and
    what it would find are a few cycles left by imports. Generation 2 never runs by itself.
    """
    gc.freeze()
    gc.set_threshold(700, 10, 100_000)
    gc.enable()


def _end_late(code: int) -> None:
    threading.Event().wait(_LAST_RESORT_S)
    os._exit(code)


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
