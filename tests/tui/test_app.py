"""The application: keys before the start, the way out, a fault of ours, the theme."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from textual import events
from textual.pilot import Pilot

from spark_tui.options import AppOptions
from spark_tui.session import events as ev
from spark_tui.settings.config import load
from spark_tui.tui.application import SparkApp
from spark_tui.tui.skeleton import frame
from tests.support.fake_session import FakeSession
from tests.support.story import Story, review_scene

Check = Callable[[SparkApp, Pilot[Any], FakeSession], Awaitable[None]]


def play(environ: dict[str, str], check: Check, *, story: Story | None = None) -> SparkApp:
    """The app on a fake session, until the check is done."""
    told = story or Story()
    told.tell(ev.EndpointChanged("https://api.example.org/v1", True, "api.example.org"))
    settings = load(environ=environ)
    session = FakeSession(told, settings)
    app = SparkApp(
        AppOptions(Path("/work"), environ=environ), settings, session=cast("Any", session)
    )

    async def run() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            while app.desk.session is None and app.is_running:
                await pilot.pause()
            await check(app, pilot, session)

    asyncio.run(run())
    return app


def test_keys_before_the_first_frame_are_in_the_prompt(environ: dict[str, str]) -> None:
    app_keys = [events.Key(letter, letter) for letter in "fix"]

    class Early(SparkApp):
        async def on_load(self) -> None:
            for key in app_keys:
                self.post_message(key)

    async def run() -> None:
        settings = load(environ=environ)
        session = FakeSession(Story(), settings)
        options = AppOptions(Path("/work"), environ=environ)
        app = Early(options, settings, session=cast("Any", session))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            assert app.desk.chat.prompt.text == "fix"
            assert app.desk.chat.prompt.has_focus

    asyncio.run(run())


@pytest.mark.parametrize("before", [(), ("tab",), ("ctrl+p",), ("tab", "question_mark"), ("x",)])
def test_ctrl_q_quits_from_everywhere(environ: dict[str, str], before: tuple[str, ...]) -> None:
    async def check(app: SparkApp, pilot: Pilot[Any], _session: FakeSession) -> None:
        await pilot.press(*before)
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert not app.is_running or app._exit

    assert play(environ, check, story=review_scene()).return_code == 0


def test_a_fault_of_ours_ends_it_without_values(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def check(app: SparkApp, pilot: Pilot[Any], session: FakeSession) -> None:
        secret = "sk-very-secret"

        def broken(*_args: object) -> None:
            local = secret
            raise RuntimeError(len(local))

        monkeypatch.setattr(app.desk.chat, "apply", broken)
        session.tell(ev.Said(1, "boom"))
        assert app.desk.bridge is not None
        app.desk.bridge.flush()
        await pilot.pause()

    with pytest.raises(RuntimeError) as caught:
        play(environ, check)
    assert "sk-very-secret" not in str(caught.value)
    shown = capfd.readouterr()
    assert "sk-very-secret" not in shown.out + shown.err


def test_a_fault_reaches_the_caller(environ: dict[str, str]) -> None:
    settings = load(environ=environ)
    missing = AppOptions(Path("/nowhere/at/all"), environ=environ)
    app = SparkApp(missing, settings)

    async def run() -> None:
        async with app.run_test() as pilot:
            while app.crash is None:
                await pilot.pause()

    asyncio.run(run())
    assert "no folder" in str(app.crash)
    assert app.return_code == 2


@pytest.mark.parametrize(
    ("environ_more", "theme", "chosen"),
    [
        ({"COLORTERM": "truecolor"}, "", "spark-dark"),
        ({"COLORTERM": "truecolor", "COLORFGBG": "0;15"}, "", "spark-light"),
        ({"COLORTERM": ""}, "", "spark-ansi"),
        ({}, "high-contrast", "high-contrast"),
    ],
)
def test_the_theme_fits_the_terminal(
    environ: dict[str, str], environ_more: dict[str, str], theme: str, chosen: str
) -> None:
    environ |= environ_more
    settings = replace(load(environ=environ), theme=theme)
    assert SparkApp(AppOptions(Path("/work"), environ=environ), settings).theme == chosen


def test_the_desk_hears_a_frame_once(environ: dict[str, str]) -> None:
    async def check(app: SparkApp, pilot: Pilot[Any], session: FakeSession) -> None:
        session.story.turn(1, "hello")
        session.tell(ev.Said(1, "one "), ev.Said(1, "two"))
        assert app.desk.bridge is not None
        app.desk.bridge.flush()
        await pilot.pause()
        assert app.desk.chat.transcript.plain_text().endswith("one two")

    play(environ, check)


def test_the_palette_does_what_the_key_does(environ: dict[str, str]) -> None:
    async def check(app: SparkApp, pilot: Pilot[Any], session: FakeSession) -> None:
        session.state.has_git = True
        await pilot.press("ctrl+p")
        await pilot.press(*"commit the acc")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert app.desk.hint.shown == "nothing is accepted yet: y accepts a hunk"
        assert app.desk.chat.prompt.has_focus
        await pilot.press("ctrl+p")
        await pilot.press(*"welcome", "enter")
        await pilot.pause()
        assert type(app.screen).__name__ == "WelcomeScreen"

    play(environ, check)


@pytest.mark.parametrize(("columns", "lines"), [(120, 36), (80, 24), (40, 10)])
def test_the_skeleton_fits_its_terminal(columns: int, lines: int) -> None:
    import pyte

    screen = pyte.Screen(columns, lines)
    pyte.Stream(screen).feed(frame(columns, lines, unicode=True) + "typed")
    rows = [row.rstrip() for row in screen.display]
    assert any("╭" in row and row.endswith("╮") for row in rows)
    assert any("│ typed" in row for row in rows)
    assert frame(39, 9, unicode=True) == ""
