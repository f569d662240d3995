"""What a turn says of itself when it ends: once, just before its end, and in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from spark_tui.errors import NetworkFault
from spark_tui.model.provider import Completed, Connected, Failed, TextDone, Usage
from spark_tui.model.scripted import Scripted, call, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import HunkId, Outcome, TurnFigures
from spark_tui.session.journal import replay
from spark_tui.session.opening import open_session, worktree_state_dir
from spark_tui.session.session import Session
from spark_tui.settings.config import Prices, load
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

SWAP = """*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
*** End Patch
"""
USAGE = Usage(input_tokens=1000, cached_tokens=600, output_tokens=50)


def figures_of(session: Session, turn: int = 1) -> TurnFigures:
    found = session.state.turns[turn].figures
    assert found is not None
    return found


def test_a_turn_is_measured_once_and_just_before_its_end(bench: Bench, run: Run) -> None:
    async def story() -> None:
        reply = (*say("Swapped."), *patch(SWAP), Completed("", USAGE, (), service_tier="priority"))
        session, _ = await bench.open([reply])
        await session.run("swap")
        names = [type(event).__name__ for event in bench.events]
        assert names.count("TurnMeasured") == 1
        assert names.index("TurnEnded") == names.index("TurnMeasured") + 1
        figures = figures_of(session)
        assert figures.reused and figures.connect_ms == 0.0
        assert (figures.rounds, figures.service_tier) == (1, "priority")
        assert (figures.wire, figures.edit_format) == ("scripted", "v4a")
        assert figures.cost is None, "no price is known"
        sent, trip = figures.sent_ms, figures.round_trip_ms
        first, hunk = figures.ttft_ms, figures.first_hunk_ms
        assert sent is not None and trip is not None and first is not None and hunk is not None
        assert 0 < sent <= sent + trip <= first <= hunk <= figures.total_ms
        session_id = session.state.session
        await session.close()
        home = worktree_state_dir(bench.environ, bench.root)
        written = list(replay(home / "sessions" / session_id / "journal.jsonl"))
        assert [e.figures for e in written if isinstance(e, ev.TurnMeasured)] == [figures]

    run(story())


def test_rounds_are_counted_and_the_first_one_says_how_long_the_way_was(
    bench: Bench, run: Run
) -> None:
    async def story() -> None:
        read = (*call("read", {"paths": ["README.md"]}), *done(USAGE))
        session, _ = await bench.open([read, (*say("Read."), *done(USAGE))])
        await session.run("look")
        figures = figures_of(session)
        assert figures.rounds == 2
        assert figures.first_hunk_ms is None
        assert session.state.turns[1].usage.input == 2000

    run(story())


def test_a_cost_needs_a_price(bench: Bench, run: Run) -> None:
    async def story() -> None:
        provider = Scripted([(*say("Yes."), *done(USAGE)), (*patch(SWAP), *done(USAGE))] * 2)
        settings = replace(
            load(environ=bench.environ),
            prices=Prices(fast_input=2.0, fast_cached=0.5, fast_output=10.0, smart_output=100.0),
        )
        session = await open_session(bench.root, settings, environ=bench.environ, provider=provider)
        await session.run("one")
        cost = (400 * 2.0 + 600 * 0.5 + 50 * 10.0) / 1_000_000
        assert figures_of(session).cost == cost
        await session.run("two")
        await session.escalate(HunkId("t2h1"))
        assert figures_of(session, 3).cost == 50 * 100.0 / 1_000_000, "the smart model's price"
        await session.close()

    run(story())


def test_a_stopped_turn_has_the_figures_of_what_was(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([(*say("word " * 50), *done(USAGE))], gate=True)
        turn = asyncio.ensure_future(session.run("go"))
        await provider.paused()
        await provider.step(20)
        session.stop()
        assert await turn is Outcome.INTERRUPTED
        figures, use = figures_of(session), session.state.turns[1].usage
        assert figures.ttft_ms is not None and figures.round_trip_ms is not None
        assert use.estimated and use.input > 0 and 0 < use.output < 60
        assert 0 < session.state.turns[1].duration_ms <= figures.total_ms + 0.001

    run(story())


def test_a_turn_stopped_before_its_first_word_was_paid_for_all_the_same(
    bench: Bench, run: Run
) -> None:
    """The service had taken the request: it has read it, whatever it says later."""

    async def story() -> None:
        silent = (TextDone(""), *say("never"), *done(USAGE))
        session, provider = await bench.open([silent], gate=True)
        turn = asyncio.ensure_future(session.run("go"))
        await provider.paused()
        session.stop()
        assert await turn is Outcome.INTERRUPTED
        use = session.state.turns[1].usage
        assert use.estimated and use.input > 0 and use.output == 0
        assert figures_of(session).ttft_ms is None

    run(story())


def test_a_request_that_was_never_taken_costs_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([(Failed(NetworkFault("down")),)])
        assert await session.run("go") is Outcome.FAILED
        use = session.state.turns[1].usage
        assert (use.input, use.output, use.estimated) == (0, 0, False)
        assert figures_of(session).rounds == 1

    run(story())


def test_a_turn_that_was_cancelled_is_measured_too(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([(*say("word " * 50), *done(USAGE))], gate=True)
        turn = asyncio.ensure_future(session.run("go"))
        await provider.paused()
        await provider.step(5)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        state = session.state.turns[1]
        assert state.outcome is Outcome.INTERRUPTED
        assert state.figures is not None and state.figures.ttft_ms is not None
        assert state.usage.estimated and state.usage.input > 0

    run(story())


def test_why_it_is_not_the_best_wire_is_told(bench: Bench, run: Run) -> None:
    async def story() -> None:
        other = Connected("responses", 20.0, False, "no WebSocket (404)")
        session, _ = await bench.open([(other, *say("Yes."), *done())])
        await session.run("go")
        turn = session.state.turns[1]
        assert (turn.wire, turn.wire_why) == ("responses", "no WebSocket (404)")
        assert figures_of(session).wire == "responses"

    run(story())


def test_a_reply_that_was_there_already_asked_nobody(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        context = session.meter.context
        await session.apply_reply(SWAP)
        assert session.state.turns[1].figures is None
        assert not bench.of(ev.TurnMeasured)
        assert session.meter.context == context

    run(story())
