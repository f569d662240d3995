"""The hard stop at 90 % of the window: what it says, and that nothing was sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, patch, say
from spark_tui.session.context_items import Choice
from spark_tui.session.events import HunkId, Outcome
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

OK = (*say("ok"), *done())
SUB = "*** Begin Patch\n*** Update File: calc.py\n@@\n-    return a - b\n+    return -b + a\n" \
      "*** End Patch\n"  # fmt: skip


def test_the_hard_stop_names_what_may_go_and_then_it_fits(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("big.txt", "word " * 8_000)
        session, provider = await bench.open([OK, OK])
        await session.run("read big.txt")
        session.meter.window = 8_000
        assert await session.run("and now?") is Outcome.FAILED
        turn = session.state.turns[2]
        asked = session.context.budget(await session.plan("and now?"))
        assert turn.code == "limit" and len(provider.requests) == 1
        assert f"~{asked.tokens:,} tokens" in turn.message
        assert "(8,000) are 7,200" in turn.message
        assert "2 parts can be dropped, the largest: file:big.txt ~10,0" in turn.hint
        assert "spark-tui context -c --drop KEY" in turn.hint
        await session.context.choose(Choice(dropped=frozenset({"file:big.txt"})))
        assert await session.run("and now?") is Outcome.COMPLETE
        assert repr(provider.requests[-1].items).count("and now?") == 1
        await session.close()

    run(story())


def test_with_nothing_to_drop_another_way_is_named(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open()
        session.meter.window = 500
        assert await session.run("x") is Outcome.FAILED
        assert "larger window" in session.state.turns[1].hint and not provider.requests
        await session.close()

    run(story())


def test_a_smaller_window_is_said_before_sending(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("big.txt", "word " * 8_000)
        session, _ = await bench.open([OK])
        await session.run("read big.txt")
        assert session.context.budget().fits
        session.meter.window = 8_000
        assert not session.context.budget().fits
        assert session.context.budget(None, Choice(dropped=frozenset({"file:big.txt"}))).fits
        await session.close()

    run(story())


def test_the_window_is_that_of_the_model_that_is_asked(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([(*patch(SUB), *done()), OK])
        await session.run("swap sub in calc.py")
        session.meter.window = 500
        assert await session.run("go on") is Outcome.FAILED
        assert await session.escalate(HunkId("t1h1")) is Outcome.COMPLETE
        assert provider.requests[-1].model == "gpt-5.3-codex"
        await session.close()

    run(story())
