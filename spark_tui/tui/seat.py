"""The app's seat at a work tree: which session it has, how that comes back or changes hands.

The rule kept here: a session is opened, sealed and swapped here and nowhere else, and nothing goes
on by itself: an earlier session and a take-over are offered behind one key. What the person typed
stays in the prompt through every change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.worker import Worker

from spark_tui.errors import LockHeld, SparkFault
from spark_tui.options import AppOptions
from spark_tui.tui.panes.chat import counted
from spark_tui.tui.screens.asking import Job
from spark_tui.tui.screens.main import MainScreen
from spark_tui.tui.screens.viewing import Viewing

if TYPE_CHECKING:
    from textual.app import App

    from spark_tui.session.events import ViewKept
    from spark_tui.session.session import Session
    from spark_tui.session.sessions import SessionRow
    from spark_tui.session.takeover import Holder
    from spark_tui.settings.config import Settings

Choose = Callable[["list[SessionRow]"], Awaitable[str]]
"""Let the person choose one: its id, "" for a new one."""
AskFirst = Callable[[str, Callable[["bool | None"], None]], object]
"""Show who works here, then say whether the person wants to take over."""
LOCK_WAIT_S = 0.2
"""A screen that cannot be used must not look as if it could."""
SWAP_WAIT_S = 2.0
"""Who was let in waits for the lock a little longer: a verb may be quicker."""


class Seat:
    """One app, one desk, one session at a time."""

    def __init__(
        self, app: App[str], desk: MainScreen, options: AppOptions, settings: Settings
    ) -> None:
        self._app = app
        self._desk = desk
        self._options = options
        self._settings = settings
        self._offer: SessionRow | None = None
        """The earlier session that Ctrl+S would go on with."""
        self._is_busy = False
        self._server: Worker[None] | None = None
        self.session: Session | None = None
        self.viewing: Viewing | None = None

    # -- the start -----------------------------------------------------------------
    async def begin(self, choose: Choose) -> None:
        """Open the session that the command line means, and show it. Raises SparkFault."""
        options = self._options
        resume: str | None = options.resume or None
        if options.resume == "":
            from spark_tui.session.listing import sessions_of

            found = await asyncio.to_thread(sessions_of, options.path, options.environ)
            if not found:
                self._desk.hint.say("no session of this folder is on record: this is a new one")
            resume = (await choose(found) or None) if found else None
        is_fresh = resume is None and (options.fresh or options.resume is not None)
        session = await self._open(resume, fresh=is_fresh)
        await self.sit(session, None if is_fresh else session.state.view)

    async def sit(self, session: Session, view: ViewKept | None = None) -> None:
        """Show this session and serve it, with the panes as they were in `view`."""
        desk, self.session = self._desk, session
        typed = desk.chat.prompt.text
        desk.attach(session)
        self.viewing = viewing = self._viewing(session)
        if typed.strip() and session.state.draft.strip() and typed != session.state.draft:
            desk.chat.prompt.remember(session.state.draft)
        try:
            await desk.look()
        except SparkFault as fault:
            desk.hint.say(f"{fault.message} {fault.hint}", level="error")
        if self.session is not session:
            return  # swapped meanwhile
        if view is not None:
            await viewing.put_back(view)
            if desk.asking is not None:
                desk.asking.leave_out(view.left_out)
            if not typed and desk.chat.prompt.text == session.state.draft:
                part = viewing.part(view)
                desk.set_class(part is desk.files, "-files")
                desk.set_focus(part)
        await self._greet(session)
        self._server = self._app.run_worker(self._serve(session), group="seat")

    def _viewing(self, session: Session) -> Viewing:
        desk, asking = self._desk, self._desk.asking
        return Viewing(
            session, chat=desk.chat, diff=desk.diff, files=desk.files,
            draft=lambda: desk.draft,
            left_out=lambda: asking.left_out if asking is not None else frozenset(),
            later=desk.set_timer,
        )  # fmt: skip

    async def _greet(self, session: Session) -> None:
        """What is to be known first, in the hint line."""
        access, hint = session.access, self._desk.hint
        self._offer = None
        self._desk.status.say("read only" if access.is_reader else "")
        if access.is_reader:
            hint.say(f"Read only: {access.why} {access.hint}", level="warning")
            return
        if not session.state.turns and not session.state.queue:
            row = await session.sessions.left()
            if row is not None and self.session is session and not session.state.turns:
                self._offer = row
                hint.say(offer_words(row, has_died=row.session == access.died_in))
        elif access.found:
            left = session.unfinished
            hint.say(f"Ctrl+S {left.words} · {access.found}" if left else access.found)

    async def _serve(self, session: Session) -> None:
        """As long as this session is ours: hear of those who want it, or read along."""
        if not session.access.is_reader:
            async for asker in session.access.asked():
                self._run(partial(self._hand_over, session, asker))
                return
        async for news in session.follow():
            if self.session is not session:
                return
            holder = session.access.holder
            name = holder.words if holder is not None else "The other spark-tui"
            if news == "torn":
                why = LockHeld(session.access.why)
                self._run(partial(self._swap, session.state.session, kept_from=why))
                return
            if news == "free":
                self._desk.hint.say(f"{name} has ended. Ctrl+S goes on here")
            else:
                self._desk.hint.say(f"Read only: {name} works in this folder", level="warning")

    # -- Ctrl+S ----------------------------------------------------------------------
    def go_on(self, ask: AskFirst) -> bool:
        """Take what is offered: the earlier session, or the pen. False: nothing is."""
        session = self.session
        if session is None or self._is_busy:
            return False
        if session.access.is_reader:
            holder = session.access.holder
            if holder is None or session.access.is_free():
                self._run(self._take_over)
            else:
                ask(holder.words, self._answered)
            return True
        if self._offer is None or session.state.turns:
            return False
        row, self._offer = self._offer, None
        self._run(partial(self._resume, row.session))
        return True

    async def _resume(self, session: str) -> None:
        hint, resuming = self._desk.hint, "opening the session"
        hint.say(resuming)
        await self._swap(session)
        if hint.shown == resuming:
            hint.say("")

    def _answered(self, yes: bool | None) -> None:
        if yes:
            self._run(self._take_over)

    async def _take_over(self) -> None:
        session = self.session
        if session is None:
            return
        hint, asked = self._desk.hint, "asked to let go: waiting for what it writes"
        hint.say(asked)
        why = await session.access.ask()
        if why:
            hint.say(why, level="warning")
            return
        await self._swap(session.state.session if session.state.opened_at else None)
        now = self.session
        if now is not None and not now.access.is_reader and hint.shown == asked:
            hint.say("taken over: this window writes now")

    async def _hand_over(self, session: Session, asker: Holder) -> None:
        """Somebody else goes on with this session: seal it, and read along."""
        while self._app.screen is not self._desk and len(self._app.screen_stack) > 1:
            await self._app.pop_screen()  # gone when it has kept what was typed in it
        self._desk.hint.say(f"{asker.words} takes over: sealing the session", level="warning")
        session.access.leave()
        why = LockHeld(f"{asker.words} has taken over.")
        await self._swap(session.state.session, kept_from=why)

    # -- inside ------------------------------------------------------------------------
    async def _open(
        self, resume: str | None, *, fresh: bool = False, kept_from: LockHeld | None = None
    ) -> Session:
        await asyncio.to_thread(_import_engine)
        from spark_tui.session.opening import open_session

        return await open_session(
            self._options.path, self.session.settings if self.session else self._settings,
            environ=self._options.environ, resume=resume, fresh=fresh and resume is None,
            lock_wait_s=SWAP_WAIT_S if self.session else LOCK_WAIT_S, or_along=True,
            kept_from=kept_from,
        )  # fmt: skip

    async def _swap(self, resume: str | None, *, kept_from: LockHeld | None = None) -> None:
        """Another session in place of ours, or the same one in another role."""
        old = self.session
        if old is None or self._is_busy:
            return
        self._is_busy = True
        try:
            view = self.viewing.now() if self.viewing is not None else None
            self.keep()
            await self.leave()
            new = await self._open(resume, fresh=resume is None, kept_from=kept_from)
            is_same = new.state.session == old.state.session
            await self.sit(new, view if is_same else new.state.view)
        finally:
            self._is_busy = False

    def keep(self) -> None:
        """Write down what is on the screen, while it is there."""
        if self.viewing is not None:
            self.viewing.keep()

    async def leave(self) -> None:
        """Seal the session; bounded."""
        session = self.session
        if session is None:
            return
        if self._server is not None:
            self._server.cancel()
        for group in ("turn", "room", "watch", "look", "plan", "draft", "tidy", "warm", "models"):
            self._desk.workers.cancel_group(self._desk, group)
        await session.close()

    def _run(self, job: Job) -> None:
        self._desk.start_job(job, group="seat")


def offer_words(row: SessionRow, *, has_died: bool = False) -> str:
    """The key that goes on with an earlier session, and what that one left."""
    from spark_tui.session.takeover import ago

    how = "interrupted" if row.is_unsealed or has_died else "left"
    parts = [
        f"{counted(row.open, 'hunk')} open" if row.open else "",
        f"{row.lost} unfinished lost" if row.lost else "",
        "its answer was cut" if row.is_cut and not row.lost else "",
        f"{counted(row.queued, 'prompt')} queued" if row.queued else "",
        "draft kept" if row.has_draft else "",
    ]
    told = ", ".join(part for part in parts if part)
    what = f"Ctrl+S resumes what was {how} {ago(row.used_at)}"
    return f"{what}: {told}" if told else what


def _import_engine() -> None:
    """The engine's modules, off the loop: keys are answered between two of them."""
    import spark_tui.session.opening  # noqa: F401
