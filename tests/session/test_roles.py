"""Fast and smart at two services: each request goes to its own, with its own key and sampling."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import Scripted, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import HunkId, Outcome
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.settings.config import load, user_file
from tests.support.bench import Bench
from tests.support.services import row
from tests.support.wire_server import Raw, Reply, WireServer

Run = Callable[[Awaitable[None]], None]
PATCH = """\
*** Begin Patch
*** Update File: calc.py
@@
-    return a + b
+    return b + a
*** End Patch
"""
CHAT = "/v1/chat/completions"


def answer(words: str) -> Reply:
    events = [
        {"choices": [{"index": 0, "delta": {"content": words}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    return Reply([*events, Raw(b"data: [DONE]\n\n")])


async def opened(bench: Bench, text: str) -> Session:
    """A session with real providers and this file of a person."""
    path = user_file(bench.environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    settings = load(environ=bench.environ)
    session = await open_session(bench.root, settings, environ=bench.environ)
    session.listen(bench.events.append)
    await session.look()
    return session


def test_each_role_is_asked_at_its_own_service(bench: Bench, run: Run) -> None:
    async def story() -> None:
        fast = WireServer(http={CHAT: [answer(PATCH), answer("again")]})
        smart = WireServer(http={CHAT: [answer("It is fine."), answer("Hello.")]})
        async with fast, smart:
            bench.environ |= {"FAST_KEY": "key-fast", "SMART_KEY": "key-smart"}
            rows = row("quick", fast.base_url, model="f-1", env_key="FAST_KEY", wire="chat",
                       temperature=0.3)  # fmt: skip
            rows += row("clever", smart.base_url, model="s-1", env_key="SMART_KEY", wire="chat",
                        effort="high", service_tier="flex", window=9_000)  # fmt: skip
            models = '[models]\nfast = "quick"\nsmart = "clever"\n'
            session = await opened(bench, models + rows)
            assert await session.run("swap") is Outcome.COMPLETE
            assert await session.escalate(HunkId("t1h1")) is Outcome.COMPLETE
            assert session.switch_role() == "smart"
            assert session.meter.window == 9_000
            assert session.state.endpoint == f"127.0.0.1:{smart.port}"
            assert await session.run("and you?") is Outcome.COMPLETE
            session.switch_role()
            assert await session.run("once more") is Outcome.COMPLETE
            await session.close()

            assert [asked.body["model"] for asked in fast.asked] == ["f-1", "f-1"]
            assert [asked.body["model"] for asked in smart.asked] == ["s-1", "s-1"]
            for server, key in ((fast, "key-fast"), (smart, "key-smart")):
                assert {a.headers["authorization"] for a in server.asked} == {f"Bearer {key}"}
            assert fast.asked[0].body["temperature"] == 0.3
            assert "service_tier" not in fast.asked[0].body
            for asked in smart.asked:
                assert "temperature" not in asked.body
                assert asked.body["reasoning_effort"] == "high"
                assert asked.body["service_tier"] == "flex"
        started = [e for e in bench.events if isinstance(e, ev.TurnStarted)]
        assert [(e.role, e.model) for e in started] == [
            ("fast", "f-1"), ("smart", "s-1"), ("smart", "s-1"), ("fast", "f-1"),
        ]  # fmt: skip

    run(story())


def test_two_tiers_of_one_model_are_not_mixed_up(bench: Bench, run: Run) -> None:
    """The dear tier goes along only with the role that names it."""

    async def story() -> None:
        bench.environ["SPARK_TUI_MODELS__FAST"] = "sol-ultrafast"
        bench.environ["SPARK_TUI_MODELS__SMART"] = "sol"
        session, provider = await bench.open([(*say("a"), *done()), (*say("b"), *done())])
        await session.run("one")
        session.switch_role()
        await session.run("two")
        await session.close()
        assert [request.model for request in provider.requests] == ["gpt-6.1-sol"] * 2
        assert [request.service_tier for request in provider.requests] == ["ultrafast", None]

    run(story())


def test_effort_and_tier_change_while_it_runs(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [(*say("a"), *done()) for _ in range(3)]
        session, provider = await bench.open(replies)
        await session.run("one")
        session.service.set_effort("low")
        session.service.set_tier("flex")
        assert (session.service.effort, session.service.tier) == ("low", "flex")
        await session.run("two")
        session.service.set_effort("")
        session.service.set_effort("")
        await session.run("three")
        await session.close()
        sent = [(request.effort, request.service_tier) for request in provider.requests]
        assert sent == [(None, None), ("low", "flex"), (None, "flex")]
        notices = [e for e in bench.events if isinstance(e, ev.Noticed)]
        assert [n.level for n in notices] == ["info"] * 4
        assert "Reasoning effort: low" in notices[0].message
        assert "read anew" in notices[0].hint, "it costs the cache, and that is said"
        assert "price" in notices[1].hint
        assert notices[2].hint and not notices[3].hint, "nothing changed the second time"

    run(story())


def test_a_refused_model_is_offered_about_at_the_next_prompt(bench: Bench, run: Run) -> None:
    async def story() -> None:
        from spark_tui.errors import ModelMissing
        from spark_tui.model.provider import Failed

        bench.environ["SPARK_TUI_MODEL"] = "a, b"
        session, _ = await bench.open([(Failed(ModelMissing("The service has no a.")),)])
        assert await session.service.check_model() is None
        assert await session.run("one") is Outcome.FAILED
        offer = await session.service.check_model()
        assert offer is not None and offer.why == "The service has no a."
        assert [instead.word for instead in offer.chain] == ["b"]
        session.service.take("b")
        assert session.state.model == "b"
        assert await session.service.check_model() is None
        await session.close()

    run(story())


def test_a_server_without_a_chosen_model_ends_the_turn_in_words(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await opened(bench, '[models]\nfast = "ollama"\n')
        assert await session.run("hello") is Outcome.FAILED
        ended = session.state.turns[1]
        assert (ended.code, ended.model) == ("model_missing", "ollama")
        assert "--model ID@ollama" in ended.hint
        await session.draft_message()
        await session.close()

    run(story())


def test_a_commit_message_is_drafted_at_the_fast_service(bench: Bench, run: Run) -> None:
    async def story() -> None:
        fast = WireServer(http={CHAT: [answer(PATCH), answer("Swap the terms")]})
        async with fast, WireServer() as smart:
            rows = row("quick", fast.base_url, model="f-1", wire="chat")
            rows += row("clever", smart.base_url, model="s-1", wire="chat")
            models = '[models]\nfast = "quick"\nsmart = "clever"\n'
            session = await opened(bench, models + rows)
            await session.run("swap")
            await session.decide([HunkId("t1h1")], ev.Decision.ACCEPTED)
            session.switch_role()
            await session.draft_message()
            drafts = [e for e in bench.events if isinstance(e, ev.MessageDrafted)]
            assert drafts[-1].text == "Swap the terms"
            assert [asked.body["model"] for asked in fast.asked] == ["f-1", "f-1"]
            assert not smart.asked
            await session.close()

    run(story())


def test_what_is_known_of_the_end_of_a_model_is_said_once(bench: Bench, run: Run) -> None:
    async def story() -> None:
        from datetime import date, timedelta

        day = (date.today() + timedelta(days=3)).isoformat()
        body = json.dumps({"data": [{"id": "f-1", "shutdown_date": day}]}).encode()
        async with WireServer(http={"/v1/models": [Reply([Raw(body)])]}) as server:
            session = await opened(bench, f'base_url = "{server.base_url}"\nmodel = "f-1"\n')
            assert await session.service.check_model() is None
            assert await session.service.check_model() is None
            notices = [e for e in bench.events if isinstance(e, ev.Noticed)]
            (notice,) = notices
            assert notice.level == "warning" and day in notice.message
            await session.close()

    run(story())


def test_scripted_providers_serve_all_roles(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [(*patch(PATCH), *done()), (*say("fine"), *done())]
        session, provider = await bench.open(replies)
        assert isinstance(provider, Scripted)
        await session.run("swap")
        await session.escalate(HunkId("t1h1"))
        assert [request.model for request in provider.requests] == [
            "gpt-5.3-codex-spark", "gpt-5.3-codex",
        ]  # fmt: skip
        await session.close()

    run(story())
