"""Pictures of the list of what the next request holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, cast

import pytest
from textual.app import App
from textual.pilot import Pilot

from spark_tui.options import AppOptions
from spark_tui.session import events as ev
from spark_tui.session.context import Plan
from spark_tui.session.context_items import Choice, Part
from spark_tui.settings.config import load
from spark_tui.tui.application import SparkApp
from spark_tui.tui.screens.context import ContextScreen
from tests.support.fake_session import FakeContext, FakeSession
from tests.support.story import FILES, Story

SMALL, WIDE = (80, 24), (200, 50)
PROMPT = "now the same for the disk store"
PARTS = (
    Part("instructions", "instructions", 1_040, fixed=True),
    Part("tools", "tools", 310, fixed=True),
    Part("AGENTS.md", "project", 480, "AGENTS.md", "instructions"),
    Part("t1", "turn", 2_310, reason="history", note="fix the retry in the fetcher", turn=1),
    Part("t2", "turn", 640, reason="history", note="why was it \x1b[31mswallowed?", turn=2),
    Part("t2o1", "output", 9_200, note="read src/store/memory.py, src/util.py", turn=2),
    Part("t2o2", "output", 120, note="search class .*Store", turn=2),
    Part("t3", "turn", 1_100, reason="history", note="rename it\neverywhere", turn=3),
    Part("file:src/fetcher.py", "file", 231, "src/fetcher.py", "history", turn=1),
    Part("file:docs/" + "a-very-long-name-" * 4 + ".md", "file", 18_400,
         "docs/" + "a-very-long-name-" * 4 + ".md", "history", turn=1),
    Part("file:src/store/disk.py", "file", 2_900, "src/store/disk.py", "named"),
    Part("file:日本語.txt", "file", 77, "日本語.txt", "changed"),
    Part("prompt", "prompt", 40, note=PROMPT, fixed=True),
)  # fmt: skip
Doing = Callable[[Pilot[Any]], Awaitable[None]]


class Compare(Protocol):
    """pytest-textual-snapshot's fixture."""

    def __call__(
        self,
        app: App[Any],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[Any]], Awaitable[None]],
    ) -> bool: ...


class Photo:
    def __init__(self, compare: Compare, environ: dict[str, str]) -> None:
        self._compare = compare
        self._environ = environ

    def of(
        self, size: tuple[int, int], context: FakeContext, *keys: str, theme: str = "spark-dark"
    ) -> bool:
        """The list over this context, after these keys."""
        settings = load(environ=self._environ, flags={"theme": theme})
        story = Story()
        story.tell(ev.RepositoryLooked("main", True, FILES, ()))
        story.tell(ev.EndpointChanged("https://api.example.org/v1", True, "api.example.org"))
        session = FakeSession(story, settings, context=context, answer=Plan(PROMPT))
        options = AppOptions(Path("/work"), environ=self._environ)
        app = SparkApp(options, settings, session=cast("Any", session))

        async def before(pilot: Pilot[Any]) -> None:
            while app.desk.session is None:
                await pilot.pause()
            app.desk.chat.prompt.write(PROMPT)
            await pilot.press("ctrl+f")
            while not isinstance(app.screen, ContextScreen):
                await pilot.pause()
            await asyncio.gather(*(w.wait() for w in app.workers if w.group == "plan"))
            await pilot.press(*keys)
            await asyncio.gather(*(w.wait() for w in app.workers if w.group == "choice"))
            await pilot.pause()

        return self._compare(app, terminal_size=size, run_before=before)


@pytest.fixture
def photo(snap_compare: Compare, environ: dict[str, str]) -> Photo:
    return Photo(snap_compare, environ)


def full() -> FakeContext:
    """More than the window takes; one part is pinned and one is out."""
    choice = Choice(frozenset({"t1"}), frozenset({"t2o2"}))
    return FakeContext(PARTS, 32_000, 4, choice)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
def test_it_does_not_fit(photo: Photo, size: tuple[int, int]) -> None:
    """The sum in the colour of an error, the largest part first; pin and out are words."""
    assert photo.of(size, full(), "j")


def test_it_fits_again(photo: Photo) -> None:
    """The largest part is out: it stays where it was, the sum says what is free."""
    assert photo.of(SMALL, full(), "d", "j", "p")


@pytest.mark.parametrize("theme", ["spark-light", "spark-ansi"])
def test_themes(photo: Photo, theme: str) -> None:
    """The cursor's row is readable, fixed and dropped parts are quieter than the others."""
    assert photo.of(SMALL, full(), "j", "j", theme=theme)


def test_no_color(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR: grey only; the words and the bar say it all."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert photo.of(SMALL, full(), "j")
