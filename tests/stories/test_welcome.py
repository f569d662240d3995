"""Stories of the first start: no key, a key, a model that nobody lists, no repository."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from demo.model import Service
from demo.script import load as load_scripts
from demo.service import listening
from spark_tui.model.scripted import Scripted
from spark_tui.session import events as ev
from spark_tui.session.events import Outcome
from spark_tui.session.opening import open_session
from spark_tui.settings.config import load
from tests.support.bench import Bench
from tests.support.desk import Desk, at_session

Run = Callable[[Awaitable[None]], None]


@contextlib.asynccontextmanager
async def desk_on(bench: Bench, *, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Desk]:
    """The app as a person starts it: the real provider, whatever the environment says."""
    session = await open_session(bench.root, load(environ=bench.environ), environ=bench.environ)
    async with at_session(bench, session, Scripted([]), size=size) as desk:
        yield desk


@contextlib.asynccontextmanager
async def server(*models: str) -> AsyncIterator[str]:
    """A model service on loopback that lists these models only."""
    service = Service(models=models, scripts=load_scripts(), rate=0, ttft_s=0)
    async with listening(service) as url:
        yield url


def test_without_a_key_one_browses(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with desk_on(bench) as desk:
            await desk.until_true(lambda: "No model is set up yet" in desk.text())
            assert "git init" not in desk.text()
            await desk.press("escape")
            assert desk.prompt.has_focus
            desk.files.shows("calc.py", "README.md")
            desk.status.shows("no key")

    run(story())


def test_a_prompt_without_a_key_is_kept(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with desk_on(bench) as desk:
            await desk.until_true(lambda: "No model is set up yet" in desk.text())
            await desk.press("escape")
            await desk.prompt.say("make it strict")
            await desk.until_true(lambda: "No model is set up yet" in desk.text())
            await desk.press("escape")
            assert desk.prompt.draft == "make it strict"
            assert not desk.of(ev.TurnStarted)

    run(story())


def test_letters_typed_at_once_are_for_the_prompt(bench: Bench, run: Run) -> None:
    """d would start the demo and g a repository, had they been meant for this page."""

    async def story() -> None:
        async with desk_on(bench) as desk:
            await desk.until_true(lambda: "No model is set up yet" in desk.text())
            screen = desk.app.screen
            screen._since = screen._clock()  # type: ignore[attr-defined]
            await desk.press("d")
            await desk.type("g")
            assert desk.prompt.has_focus
            assert desk.prompt.draft == "dg"

    run(story())


def test_the_demo_is_one_key(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with desk_on(bench) as desk:
            await desk.until_true(lambda: "No model is set up yet" in desk.text())
            desk.app.screen._since = -10.0  # type: ignore[attr-defined]
            await desk.press("d")
            assert desk.app.return_value == "demo"

    run(story())


def test_an_unlisted_model_is_never_asked_for(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with server("odd-model-7") as url:
            bench.environ["SPARK_TUI_BASE_URL"] = url
            async with desk_on(bench) as desk:
                await desk.prompt.say("what is this")
                await desk.until_true(lambda: "odd-model-7" in desk.text())
                assert "is not listed" in desk.text()
                assert not desk.of(ev.TurnStarted)
                await desk.press("enter")
                ended = await desk.until(ev.TurnEnded)
                assert ended.outcome is Outcome.COMPLETE
                assert desk.of(ev.TurnStarted)[0].model == "odd-model-7"
                assert "not found" not in desk.text().lower()
                assert desk.prompt.draft == ""
                desk.status.shows("odd-model-7")

    run(story())


def test_a_key_is_tested_and_the_fastest_model_offered(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with server("odd-model-7") as url:
            bench.environ["SPARK_TUI_BASE_URL"] = url
            async with desk_on(bench) as desk:
                await desk.press("ctrl+r")
                await desk.until_true(lambda: "What shall it be?" in desk.text())
                desk.app.screen._since = -10.0  # type: ignore[attr-defined]
                await desk.press("k")
                await desk.until_true(lambda: "A key for" in desk.text())
                await desk.paste("sk-very-secret-1")
                assert "sk-very-secret-1" not in desk.text()
                await desk.press("enter")
                await desk.until_true(lambda: "The key works" in desk.text())
                assert "odd-model-7" in desk.text()
                await desk.press("enter")
                await desk.until_true(lambda: "connected: odd-model-7" in desk.text())
                assert desk.session.service.endpoint.key == "sk-very-secret-1"

    run(story())
    state = Path(bench.environ["SPARK_TUI_STATE_DIR"])
    journals = [path.read_text() for path in state.rglob("journal.jsonl")]
    assert journals
    assert not any("sk-very-secret-1" in text for text in journals)


def test_a_refused_key_says_so_and_asks_again(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        from spark_tui.errors import KeyRefused

        async with desk_on(bench) as desk:

            async def refuse(_url: str, _key: str) -> None:
                raise KeyRefused("The key was refused.", hint="Look at your account.")

            service = type(desk.session.service)
            monkeypatch.setattr(service, "try_key", lambda _s, u, k: refuse(u, k))
            await desk.until_true(lambda: "No model is set up yet" in desk.text())
            desk.app.screen._since = -10.0  # type: ignore[attr-defined]
            await desk.press("k")
            await desk.paste("wrong")
            await desk.press("enter")
            await desk.until_true(lambda: "The key was refused." in desk.text())
            assert "Paste another" in desk.text()
            await desk.press("escape", "escape")
            assert desk.prompt.has_focus

    run(story())


def test_a_folder_without_git_opens_and_git_init_is_one_key(
    bench: Bench, run: Run, tmp_path: Path
) -> None:
    async def story() -> None:
        bench.root = tmp_path / "plain"
        bench.root.mkdir()
        bench.write("notes.txt", "hello\n")
        async with desk_on(bench) as desk:
            await desk.until_true(lambda: "git init" in desk.text())
            desk.app.screen._since = -10.0  # type: ignore[attr-defined]
            await desk.press("g")
            await desk.until_true(lambda: desk.session.state.has_git)
            await desk.press("escape")
            desk.files.shows("notes.txt")
        assert (bench.root / ".git").is_dir()

    run(story())
