"""Pictures of the whole screen: few, and each says what to look at."""

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
from spark_tui.session.context import Chip, Plan
from spark_tui.session.events import Decision, Outcome, TokenUse
from spark_tui.settings.config import load
from spark_tui.tui.application import SparkApp
from spark_tui.tui.screens.welcome import WelcomeScreen
from tests.support.fake_session import FakeSession
from tests.support.measured import told
from tests.support.story import FILES, Story, review_scene

SMALL, USUAL, LARGE = (80, 24), (120, 36), (200, 50)
Doing = Callable[[Pilot[str], FakeSession], Awaitable[None]]


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
    """Compare the app on this story with the picture that was agreed on."""

    def __init__(self, compare: Compare, environ: dict[str, str]) -> None:
        self._compare = compare
        self._environ = environ

    def of(
        self,
        story: Story,
        size: tuple[int, int],
        doing: Doing | None = None,
        *,
        theme: str = "spark-dark",
        ready: bool = True,
        **more: Any,
    ) -> bool:
        settings = load(environ=self._environ, flags={"theme": theme})
        session = FakeSession(story, settings, **more)
        label = "api.example.org" if ready else "no key"
        story.tell(ev.EndpointChanged("https://api.example.org/v1", ready, label))
        story.tell(ev.RoleSwitched("fast", "spark"))
        options = AppOptions(Path("/work"), environ=self._environ)
        app = SparkApp(options, settings, session=cast("Any", session))

        async def before(pilot: Pilot[Any]) -> None:
            while app.desk.session is None:
                await pilot.pause()
            if doing is not None:
                await doing(pilot, session)
            if app.desk.bridge is not None:
                app.desk.bridge.flush()
            await pilot.pause()
            await asyncio.gather(*(w.wait() for w in app.workers if w.group == "colours"))
            await pilot.pause()

        return self._compare(app, terminal_size=size, run_before=before)


@pytest.fixture
def photo(snap_compare: Compare, environ: dict[str, str]) -> Photo:
    return Photo(snap_compare, environ)


def looked() -> Story:
    story = Story()
    story.tell(ev.RepositoryLooked("main", True, FILES, (("README.md", " M"),)))
    return story


def streaming() -> Story:
    """A review scene in mid-answer, with words in the chat."""
    story = review_scene()
    story.tell(
        ev.Connected(1, "responses-ws", 40.0, False),
        ev.Said(
            1, "## The retry\nA failed attempt was **swallowed**. I let the last one `raise`:\n"
        ),
        ev.ToolUsed(1, "read", "src/fetcher.py", "25 lines"),
        ev.Said(
            1, "- wait between attempts\n- raise the last error\n\n```py\ntime.sleep(0.1)\n```\nand"
        ),
    )
    return story


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["small", "usual"])
def test_nothing_asked_yet(photo: Photo, size: tuple[int, int]) -> None:
    """Panes, prompt with the focus, its keys; at 80 columns the diff stands above the chat."""
    assert photo.of(looked(), size)


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["small", "usual"])
def test_an_answer_streams(photo: Photo, size: tuple[int, int]) -> None:
    """Hunks of each kind, prose with its Markdown, "streaming" in the status line."""
    assert photo.of(streaming(), size)


def test_the_light_theme(photo: Photo) -> None:
    """Everything as readable as in the dark one."""
    assert photo.of(streaming(), USUAL, theme="spark-light")


def test_the_ansi_theme(photo: Photo) -> None:
    """The terminal's own sixteen colours: signs still carry the meaning."""
    assert photo.of(streaming(), USUAL, theme="spark-ansi")


def test_in_review(photo: Photo) -> None:
    """The focus is in the diff; one hunk is accepted; the turn has its summary."""

    async def doing(pilot: Pilot[str], session: FakeSession) -> None:
        session.story.decide(Decision.ACCEPTED, "t1h1")
        usage = TokenUse(input=900, output=421)
        session.tell(ev.TurnEnded(1, Outcome.COMPLETE, usage, 900.0))
        await pilot.press("enter")

    assert photo.of(streaming(), USUAL, doing)


def test_chips_and_a_file_that_needs_a_yes(photo: Photo) -> None:
    """What Enter would send, with its cost; .env waits for its own yes."""
    prompt = "fix the retry in the fetcher"
    plan = Plan(
        prompt,
        (Chip("src/fetcher.py", 231, "found"), Chip("AGENTS.md", 98, "instructions")),
        1_400,
        128_000,
        (Chip(".env", 12, "named", "looks secret"),),
    )

    async def doing(pilot: Pilot[str], _session: FakeSession) -> None:
        desk = pilot.app.screen
        desk.chat.prompt.write(prompt)  # type: ignore[attr-defined]
        desk.chat.chips.show(plan)  # type: ignore[attr-defined]

    assert photo.of(looked(), USUAL, doing, answer=plan)


def test_the_list_of_files(photo: Photo) -> None:
    """Above the prompt, the second of the files chosen."""

    async def doing(pilot: Pilot[str], _session: FakeSession) -> None:
        await pilot.press(*"see @src", "down")

    assert photo.of(looked(), SMALL, doing)


def test_the_reason_for_a_refine(photo: Photo) -> None:
    """The prompt has another frame and the hint says what it is for."""

    async def doing(pilot: Pilot[str], _session: FakeSession) -> None:
        await pilot.press("enter", "c", *"use a backoff")

    assert photo.of(streaming(), USUAL, doing)


def test_the_commit_view(photo: Photo) -> None:
    """Exactly the accepted hunk, and the drafted message."""

    async def doing(pilot: Pilot[str], session: FakeSession) -> None:
        session.story.decide(Decision.ACCEPTED, "t1h1")
        await pilot.press("enter", "C")
        await pilot.pause()

    drafted = "Raise the last error of a fetch\n\nA failed fetch returned None."
    assert photo.of(streaming(), SMALL, doing, drafted=drafted)


def test_the_first_start(photo: Photo) -> None:
    """One key for each answer, and Esc to look around."""

    async def doing(pilot: Pilot[str], _session: FakeSession) -> None:
        while not isinstance(pilot.app.screen, WelcomeScreen):
            await pilot.pause()

    assert photo.of(looked(), SMALL, doing, ready=False)


def test_the_help(photo: Photo) -> None:
    """All keys, area by area."""

    async def doing(pilot: Pilot[str], _session: FakeSession) -> None:
        await pilot.press("tab", "question_mark")

    assert photo.of(looked(), USUAL, doing)


async def open_figures(pilot: Pilot[str], _session: FakeSession) -> None:
    await pilot.press("f2")
    await pilot.pause()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_the_figures(photo: Photo, size: tuple[int, int]) -> None:
    """A row for each figure, a small histogram where there is room, the chosen one large."""
    story = looked()
    story.tell(*told())
    assert photo.of(story, size, open_figures)


def test_the_figures_in_sixteen_colours(photo: Photo) -> None:
    """The sign and the bars say everything; the cost is chosen."""

    async def doing(pilot: Pilot[str], session: FakeSession) -> None:
        await open_figures(pilot, session)
        await pilot.press("k", "k", "k", "k", "right_square_bracket")

    story = looked()
    story.tell(*told())
    assert photo.of(story, USUAL, doing, theme="spark-ansi")


def test_no_figures_yet(photo: Photo) -> None:
    """What will be here, and how to come by it."""
    assert photo.of(looked(), SMALL, open_figures)


def test_too_small(photo: Photo) -> None:
    """One sentence and nothing broken."""
    assert photo.of(looked(), (39, 9))
