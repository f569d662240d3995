"""Going on: with a cut answer, with a request of which nothing came, with the queue; also after a
restart. Nothing goes out by itself, and nothing is asked for twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from spark_tui.errors import ConnectFault, StreamFault, UsageFault
from spark_tui.model.provider import AssistantText, Delta, Failed, Item, Usage, UserText
from spark_tui.model.scripted import done, patch, say
from spark_tui.session.events import HunkId, Outcome
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench

Run = Callable[[Awaitable[None]], None]

FIRST = """*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
"""
REST = """*** Begin Patch
*** Update File: calc.py
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** End Patch
"""
TWO = FIRST + REST.split("calc.py\n")[1]
LINE_DEAD = Failed(StreamFault("The line went dead."))


def texts(items: tuple[Item, ...]) -> str:
    return "\n".join(i.text for i in items if isinstance(i, UserText | AssistantText))


def test_a_drop_keeps_the_finished_hunk_and_the_rest_is_asked_for(bench: Bench, run: Run) -> None:
    async def story() -> None:
        cut: tuple[Delta, ...] = (*say("I swap."), *patch(TWO)[:-12], LINE_DEAD)
        session, provider = await bench.open([cut, (*patch(REST), *done())])
        assert await session.run("swap both") is Outcome.FAILED
        assert session.state.hunks[HunkId("t1h1")].status is Status.PLACED
        left = session.unfinished
        assert left is not None and (left.how, left.turn) == ("continue", 1)
        assert len(provider.requests) == 1, "nothing goes out by itself"
        assert await session.go_on() is Outcome.COMPLETE
        asked = provider.requests[1]
        assert "return b + a" in texts(asked.items), "what was seen goes along"
        last = asked.items[-1]
        assert isinstance(last, UserText) and last.text.endswith(left.prompt)
        assert "do not send them again" in last.text and "The line went dead" in last.text
        assert session.state.turns[2].continues == 1
        assert session.state.hunks[HunkId("t1h1")].status is Status.PLACED
        assert session.state.hunks[HunkId("t2h1")].status is Status.PLACED
        assert bench.read("calc.py") == CALC
        assert session.unfinished is None

    run(story())


def test_a_request_of_which_nothing_came_is_asked_again_once(bench: Bench, run: Run) -> None:
    async def story() -> None:
        nothing = (Failed(ConnectFault("Nobody answers.")),)
        session, provider = await bench.open([nothing, (*say("ok"), *done())])
        await session.run("swap both")
        left = session.unfinished
        assert left is not None and (left.how, left.prompt) == ("again", "swap both")
        await session.go_on()
        sent = texts(provider.requests[1].items)
        assert sent.count("swap both") == 1, "not once as a prompt and once as a reminder"

    run(story())


def test_an_output_cap_is_said_and_gone_on_with(bench: Bench, run: Run) -> None:
    async def story() -> None:
        cut = (*patch(TWO), *done(cut="max_output_tokens"))
        rest = [(*patch(REST), *done()), (*say("Swapped."), *done())]
        session, provider = await bench.open([cut, *rest], accept="all")
        assert await session.run("swap both") is Outcome.INCOMPLETE
        turn = session.state.turns[1]
        assert turn.code == "cut" and "max output tokens" in turn.message
        assert bench.read("calc.py") == CALC, "a cut answer is not taken by itself"
        assert await session.go_on(accept="all") is Outcome.COMPLETE
        assert "-b + a" in bench.read("calc.py")
        calls = [i for i in provider.requests[1].items if type(i).__name__ == "ToolCall"]
        outs = [i for i in provider.requests[1].items if type(i).__name__ == "ToolOutput"]
        assert len(calls) == len(outs)

    run(story())


@pytest.mark.parametrize(("used", "outcome"), [(8, Outcome.INCOMPLETE), (7, Outcome.COMPLETE)])
def test_an_answer_that_ends_at_its_cap_is_cut_whatever_it_calls_itself(
    bench: Bench, run: Run, used: int, outcome: Outcome
) -> None:
    async def story() -> None:
        bench.environ["SPARK_TUI_MAX_OUTPUT_TOKENS"] = "8"
        session, _ = await bench.open([(*say("Half an ans"), *done(Usage(10, 0, used)))])
        assert await session.run("explain") is outcome
        assert (session.unfinished is not None) is (outcome is Outcome.INCOMPLETE)

    run(story())


def test_the_queue_survives_a_drop_and_a_restart(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([(LINE_DEAD,)])
        await session.queue("then add tests")
        await session.run("swap both")
        assert session.state.queue == ["then add tests"]
        await session.close()

        session, provider = await bench.open(
            [(*say("swapped"), *done()), (*say("added"), *done())], fresh=False
        )
        assert session.state.queue == ["then add tests"], "still there after a restart"
        assert provider.requests == []
        first = session.unfinished
        assert first is not None and first.how == "again"
        await session.go_on()
        second = session.unfinished
        assert second is not None and (second.how, second.prompt) == ("queued", "then add tests")
        await session.go_on()
        assert session.state.queue == []
        assert [t.prompt for t in session.state.turns.values()] == [
            "swap both", "swap both", "then add tests",
        ]  # fmt: skip
        with pytest.raises(UsageFault):
            await session.go_on()
        await session.close()

    run(story())


def test_a_process_that_died_in_an_answer_offers_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([(*say("Half an answer"), *done())], gate=True)
        import asyncio

        task = asyncio.ensure_future(session.run("explain"))
        await provider.step(2)
        journal = next(bench.root.parent.rglob("journal.jsonl"))
        session._spine._flush()
        kept = journal.read_bytes()
        session.stop()
        await task
        await session.close()
        journal.write_bytes(kept)

        session, _ = await bench.open([], fresh=False)
        left = session.unfinished
        assert left is not None and left.how == "continue"
        assert "ended in the middle" in left.preface
        await session.close()

    run(story())
