"""Stories of the first start: no key, a key, a model that nobody lists, no repository."""

from __future__ import annotations

import contextlib
import json
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
from spark_tui.settings.config import load, user_file
from tests.support.bench import Bench
from tests.support.desk import Desk, at_session
from tests.support.services import listing, row
from tests.support.wire_server import Raw, Reply, WireServer

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
            assert desk.app.desk.draft == "make it strict", "also where this page ends the app"
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


def answer(words: str) -> Reply:
    """One message over chat completions."""
    events = [
        {"choices": [{"index": 0, "delta": {"content": words}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    return Reply([*events, Raw(b"data: [DONE]\n\n")])


def settings(bench: Bench, text: str) -> None:
    """The person's file."""
    path = user_file(bench.environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


CHAT, MODELS = "/v1/chat/completions", "/v1/models"


def test_the_next_of_a_chain_is_shown_with_its_price_and_taken_by_a_key(
    bench: Bench, run: Run
) -> None:
    async def story() -> None:
        one = WireServer(http={MODELS: [listing("x-small")]})
        other = WireServer(http={MODELS: [listing("t-1")], CHAT: [answer("Hello there.")]})
        async with one, other:
            rows = row("here", one.base_url, model="gone", wire="chat")
            rows += row("there", other.base_url, model="t-1", wire="chat", price_class="mid",
                        speed=300)  # fmt: skip
            settings(bench, f'[models]\nfast = "here, there"\n{rows}')
            async with desk_on(bench) as desk:
                await desk.prompt.say("what is this")
                await desk.until_true(lambda: "gone is not listed by" in desk.text())
                lines = [line for line in desk.text().splitlines() if "›" in line]
                assert "t-1" in lines[0] and "300 tok/s · mid price" in lines[0]
                assert f"at 127.0.0.1:{other.port}" in lines[0]
                assert "x-small" in desk.text(), "what is listed here can be chosen as well"
                assert not desk.of(ev.TurnStarted) and not other.asked
                await desk.press("enter")
                await desk.until(ev.TurnEnded)
                assert desk.of(ev.TurnStarted)[0].model == "t-1"
                desk.status.shows("t-1")

    run(story())


def test_a_model_that_is_refused_is_offered_about_and_the_prompt_is_sent_again(
    bench: Bench, run: Run
) -> None:
    async def story() -> None:
        error = {"code": "model_not_found", "message": "The model `a` does not exist"}
        body = json.dumps({"error": error}).encode()
        refused = Reply([Raw(body)], status=404, content_type="application/json")
        server = WireServer(http={MODELS: [Reply(status=404)], CHAT: [refused, answer("Yes.")]})
        async with server:
            box = row("box", server.base_url, model="a", wire="chat")
            settings(bench, f'[models]\nfast = "box, b@box"\n{box}')
            async with desk_on(bench) as desk:
                await desk.prompt.say("are you there")
                await desk.until_true(lambda: "Choose a model" in desk.text())
                assert "does not have a" in desk.text()
                await desk.press("enter")
                ended = await desk.until(ev.TurnEnded, 2)
                assert ended.outcome is Outcome.COMPLETE
                assert [turn.model for turn in desk.of(ev.TurnStarted)] == ["a", "b"]
                assert [turn.prompt for turn in desk.of(ev.TurnStarted)] == ["are you there"] * 2

    run(story())


def test_a_list_that_the_person_asked_for_is_no_complaint(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with WireServer(http={MODELS: [listing("a", "b")]}) as server:
            bench.environ |= {"SPARK_TUI_BASE_URL": server.base_url, "SPARK_TUI_MODEL": "b"}
            async with desk_on(bench) as desk:
                await desk.press("ctrl+p")
                await desk.type("models")
                await desk.press("enter")
                await desk.until_true(lambda: "Choose a model" in desk.text())
                assert "listed" not in desk.text()
                lines = [line for line in desk.text().splitlines() if "›" in line]
                assert " b" in lines[0], "the one in use is under the cursor"

    run(story())


def test_ollama_is_looked_for_at_once_where_its_variable_is_set(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with WireServer(http={MODELS: [listing("qwen3:8b")]}) as server:
            bench.environ["OLLAMA_HOST"] = f"127.0.0.1:{server.port}"
            async with desk_on(bench) as desk:
                await desk.until_true(lambda: "On this machine:" in desk.text())
                assert "Ollama: qwen3:8b" in desk.text()
                assert "authorization" not in server.asked[0].headers

    run(story())


def test_nobody_is_looked_for_unasked_and_the_page_says_who_would_be(
    bench: Bench, run: Run
) -> None:
    async def story() -> None:
        async with WireServer(http={MODELS: [listing("m-1")]}) as server:
            settings(bench, row("box", server.base_url))
            async with desk_on(bench) as desk:
                await desk.until_true(lambda: "No model is set up yet" in desk.text())
                assert "on this machine (box, Ollama, ...)" in desk.text()
                assert not server.asked
                desk.app.screen._since = -10.0  # type: ignore[attr-defined]
                await desk.press("l")
                await desk.until_true(lambda: "box: m-1" in desk.text())

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
