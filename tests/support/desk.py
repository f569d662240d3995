"""The Desk: the app in the hands of a test, in the words of the screen.

The rule kept here: it waits for events of the session and for messages to be worked off, never for
time. Nothing is asserted in here but that what was waited for came.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widget import Widget

from spark_tui.model.provider import Delta, ModelInfo, Request
from spark_tui.model.scripted import Scripted
from spark_tui.options import AppOptions
from spark_tui.session.events import Event
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.settings.config import load
from spark_tui.tui.application import SparkApp
from tests.support.bench import Bench

Reply = Sequence[Delta] | Callable[[Request], Sequence[Delta]]
E = TypeVar("E", bound=Event)
LIMIT_S = 30.0
ASK_S = 0.02
"""A test that waits longer has failed."""


class Part:
    """One widget of the desk: its text and its keys."""

    def __init__(self, desk: Desk, widget: Callable[[], Widget]) -> None:
        self._desk = desk
        self._widget = widget

    @property
    def has_focus(self) -> bool:
        return self._widget().has_focus_within

    def text(self) -> str:
        """What a person reads there."""
        return self._desk.text(self._widget())

    def shows(self, *words: str) -> Part:
        """Fails unless all of it stands there."""
        text = self.text()
        for word in words:
            assert word in text, f"{word!r} is not in:\n{text}"
        return self

    def lacks(self, word: str) -> Part:
        text = self.text()
        assert word not in text, f"{word!r} is in:\n{text}"
        return self

    async def press(self, *keys: str) -> None:
        """Keys, while this part has the focus."""
        assert self.has_focus, f"the focus is on {self._desk.app.focused}"
        await self._desk.press(*keys)


class Typed(Part):
    async def type(self, text: str) -> None:
        """Letters, one key each."""
        await self._desk.type(text)

    async def say(self, text: str) -> None:
        """Type and send."""
        await self._desk.type(text)
        await self._desk.press("enter")

    @property
    def draft(self) -> str:
        return self._desk.app.desk.chat.prompt.text


class Desk:
    """The running app, its session and what the session has said."""

    def __init__(
        self, app: SparkApp, pilot: Pilot[str], session: Session, provider: Scripted, bench: Bench
    ) -> None:
        self.app = app
        self.session = session
        self.provider = provider
        self.bench = bench
        self.events: list[Event] = []
        self._pilot = pilot
        self._heard = asyncio.Event()
        session.listen(self._hear)
        desk = app.desk
        self.prompt = Typed(self, lambda: desk.chat.prompt)
        self.chat = Part(self, lambda: desk.chat)
        self.transcript = Part(self, lambda: desk.chat.transcript)
        self.chips = Part(self, lambda: desk.chat.chips)
        self.diff = Typed(self, lambda: desk.diff)
        self.files = Part(self, lambda: desk.files)
        self.hint = Part(self, lambda: desk.hint)
        self.status = Part(self, lambda: desk.status)

    # -- waiting -------------------------------------------------------------------
    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self._heard.set()

    def of(self, kind: type[E]) -> list[E]:
        """The events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type[E], count: int = 1) -> E:
        """The n-th event of this kind, and everything drawn."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while len(self.of(kind)) < count:
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError as late:
            raise AssertionError(f"no {kind.__name__}: {self._story()}") from late
        await self.settle()
        return self.of(kind)[count - 1]

    async def until_true(self, claim: Callable[[], bool]) -> None:
        """Until a claim about the screen holds. It is asked again after each event, and now and
        then without one: asking all the time would keep the threads that work from running."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while not claim():
                    self._heard.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(ASK_S):
                            await self._heard.wait()
                    await self.settle()
        except TimeoutError as late:
            raise AssertionError(f"it never came true: {self._story()}") from late

    def _story(self) -> str:
        """What happened and what stands on the screen: for a test that failed."""
        return f"{[type(event).__name__ for event in self.events]}\n{self.text()}"

    async def settle(self) -> None:
        """Everything that was said is drawn, every message worked off."""
        for _ in range(3):
            if self.app.desk.bridge is not None:
                self.app.desk.bridge.flush()
            await self._pilot._wait_for_screen()
        if self.app.is_running and self.app._exception is None:
            self.app.screen._on_timer_update()

    @property
    def tidying(self) -> bool:
        """What was sent is about to be cleared away."""
        workers = [w for w in self.app.desk.workers if w.group == "tidy"]
        return any(not worker.is_finished for worker in workers)

    # -- doing ---------------------------------------------------------------------
    async def press(self, *keys: str) -> None:
        """Keys, as the terminal would send them."""
        for key in keys:
            character = key if len(key) == 1 else None
            name = _character_to_key(key) if character else key
            if key == "space":
                character = " "
            self.app.post_message(events.Key(name, character))
            await self._pilot._wait_for_screen()
            await self._pilot._wait_for_screen()
        await self.settle()

    async def type(self, text: str) -> None:
        """Letters without waiting between them."""
        for sign in text:
            if sign == "\n":
                self.app.post_message(events.Key("ctrl+j", None))
            else:
                self.app.post_message(events.Key(_character_to_key(sign), sign))
        await self._pilot._wait_for_screen()
        await self.settle()

    async def paste(self, text: str) -> None:
        self.app.post_message(events.Paste(text))
        await self.settle()

    # -- looking -------------------------------------------------------------------
    def text(self, widget: Widget | None = None) -> str:
        """The screen as text, or the part of it that a widget covers."""
        screen = self.app.screen
        strips = screen._compositor.render_strips()
        region = widget.region if widget is not None else screen.region
        rows = [strip.crop(region.x, region.right).text for strip in strips]
        return "\n".join(row.rstrip() for row in rows[region.y : region.bottom])

    def picture(self) -> str:
        return self.app.export_screenshot(title="spark-tui")


@contextlib.asynccontextmanager
async def at_desk(
    bench: Bench,
    replies: Sequence[Reply] = (),
    *,
    gate: bool = False,
    size: tuple[int, int] = (120, 36),
    models: Sequence[ModelInfo] = (),
    accept: str = "ask",
    theme: str = "",
) -> AsyncIterator[Desk]:
    """The app on the bench's repository, its scripted model ready."""
    provider = Scripted(replies, gate=gate, models=models)
    settings = replace(load(environ=bench.environ), accept=accept, theme=theme)
    session = await open_session(bench.root, settings, environ=bench.environ, provider=provider)
    async with at_session(bench, session, provider, size=size) as desk:
        yield desk


@contextlib.asynccontextmanager
async def at_session(
    bench: Bench, session: Session, provider: Scripted, *, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[Desk]:
    """The app on a session that is open already."""
    app = SparkApp(AppOptions(bench.root, environ=bench.environ), session.settings, session=session)
    async with app.run_test(size=size) as pilot:
        desk = Desk(app, pilot, session, provider, bench)
        await desk.until_true(lambda: bool(session.state.files) or session.state.has_git)
        yield desk
