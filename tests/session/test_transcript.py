"""Requests that could not be made, or that failed: the transcript is as if they had not been."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from spark_tui.errors import ConnectFault, KeyRefused, ModelFault, SparkFault, UsageFault
from spark_tui.model.provider import AssistantText, Completed, Failed, ToolCall, Usage, UserText
from spark_tui.model.scripted import call, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId, Outcome
from spark_tui.session.opening import open_session
from spark_tui.session.state import Status
from spark_tui.settings.config import load
from tests.support.bench import Bench
from tests.support.items import problems

Run = Callable[[Awaitable[None]], None]

ONE = "*** Begin Patch\n*** Update File: calc.py\n@@\n-    return a - b\n+    return -b + a\n" \
      "*** End Patch\n"  # fmt: skip
H1 = HunkId("t1h1")


def test_the_checker_sees_what_a_service_refuses() -> None:
    ask, answer, edit = UserText("do"), AssistantText("so"), ToolCall("c", "read", "{}")
    assert not problems([ask, answer, ask])
    assert problems([ask, edit, ask]) and problems([ask, ask]) and problems([ask, answer])
    assert problems([ask, edit, edit, ask])


@pytest.mark.parametrize("fault", [ConnectFault("no route"), KeyRefused("no"), ModelFault("400")])
def test_a_failed_first_request_leaves_no_trace_but_the_prompt(
    bench: Bench, run: Run, fault: SparkFault
) -> None:
    async def story() -> None:
        session, provider = await bench.open([[Failed(fault)], [*say("ok"), *done()]])
        assert await session.run("look at calc.py") is Outcome.FAILED
        assert session.state.turns[1].code == fault.code
        await session.run("try calc.py again")
        (item,) = provider.requests[1].items
        assert isinstance(item, UserText)
        assert item.text.count("<file ") == 1, "the file goes along once"
        assert item.text.count("look at calc.py") == 1
        await session.close()

    run(story())


def test_the_same_prompt_again_is_said_once(bench: Bench, run: Run) -> None:
    async def story() -> None:
        broken = [Failed(ConnectFault("no route"))]
        session, provider = await bench.open([broken, broken, [*say("ok"), *done()]])
        for _ in range(3):
            await session.run("look at calc.py")
        assert repr(provider.requests[-1].items).count("look at calc.py") == 1
        await session.close()

    run(story())


def test_over_the_window_the_conversation_is_as_it_was(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("big.txt", "word " * 40_000)
        session, provider = await bench.open([[*patch(ONE), *done()], [*say("ok"), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.REJECTED)
        session.meter.window = 10_000
        assert await session.run("read big.txt") is Outcome.FAILED
        assert session.state.turns[2].code == "limit" and len(provider.requests) == 1
        session.meter.window = 128_000
        await session.run("go on")
        text = repr(provider.requests[1].items)
        assert "rejected by the user" in text, "the output that was owed is still given"
        assert "big.txt" not in text
        await session.close()

    run(story())


def test_answers_that_fill_the_window_end_the_turn(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("big.txt", "word " * 20_000)
        replies = [[*call("read", {"paths": ["big.txt"]}), *done()], [*say("ok"), *done()]]
        session, provider = await bench.open(replies)
        session.meter.window = 12_000
        assert await session.run("hello") is Outcome.FAILED
        assert session.state.turns[1].code == "limit" and len(provider.requests) == 1
        await session.close()

    run(story())


def test_without_a_key_everything_but_asking_works(bench: Bench, run: Run) -> None:
    async def story() -> None:
        settings = load(environ=bench.environ)
        session = await open_session(bench.root, settings, environ=bench.environ)
        await session.look()
        assert not session.state.ready
        assert await session.run("look at calc.py") is Outcome.FAILED
        assert session.state.turns[1].code == "key_missing"
        assert session.state.streaming is None
        assert not session._context.conversation.items
        assert (await session.plan("look at calc.py")).files[0].path == "calc.py"
        await session.warm()
        await session.close()

    run(story())


def test_two_turns_never_run_at_once(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*say("ok"), *done()]] * 2)
        first = asyncio.ensure_future(session.run("look at calc.py"))
        await asyncio.sleep(0)
        with pytest.raises(UsageFault):
            await session.run("and this")
        assert await first is Outcome.COMPLETE
        await session.close()

    run(story())


def test_a_cancelled_turn_ends(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*say("ok, so be it"), *done()]] * 2, gate=True)
        turn = asyncio.ensure_future(session.run("look at calc.py"))
        await provider.paused()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        assert session.state.turns[1].outcome is Outcome.INTERRUPTED
        provider.step(100)
        assert await session.run("again") is Outcome.COMPLETE
        assert "look at calc.py" in repr(provider.requests[-1].items)
        await session.close()

    run(story())


def test_an_answer_whose_items_are_missing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        """Some services close without repeating what they said."""
        end = Completed("r", None, (AssistantText("only this"),))
        session, provider = await bench.open([[*patch(ONE), end], [*say("ok"), *done()]])
        await session.run("swap calc.py")
        await session.run("and?")
        assert any(isinstance(i, ToolCall) for i in provider.requests[1].items)
        await session.close()

    run(story())


def test_an_empty_answer(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*done()], [*say("ok"), *done()]])
        assert await session.run("swap calc.py") is Outcome.COMPLETE
        assert await session.run("and?") is Outcome.COMPLETE
        await session.close()

    run(story())


def test_a_session_that_comes_back_knows_what_was_said(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*say("Swapped it."), *patch(ONE), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        await session.close()
        session, provider = await bench.open([[*say("ok"), *done()]], fresh=False)
        await session.run("and now calc.py")
        text = repr(provider.requests[0].items)
        assert "swap calc.py" in text and "Swapped it." in text and "Updated" in text
        assert "return -b + a" in text, "the file as it is"
        await session.close()

    run(story())


def test_a_turn_that_was_killed_does_not_stream_for_ever(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*patch(ONE), *done()]], gate=True)
        turn = asyncio.ensure_future(session.run("swap calc.py"))
        await provider.paused()
        await provider.step(16)
        session._spine._flush()
        session._release()  # as the death of the process does
        again, _ = await bench.open(fresh=False)
        assert again.state.streaming is None
        assert again.state.turns[1].outcome is Outcome.INTERRUPTED
        assert again.state.hunks[H1].status is Status.UNPLACED
        await again.close()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn

    run(story())


def test_reading_beside_a_running_app_changes_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(ONE), *done()]])
        await session.run("swap calc.py")
        state = bench.environ["SPARK_TUI_STATE_DIR"]
        session.restoring._store.begin(b'{"checkpoint": "0", "new": []}')
        before = _bytes(state)
        settings = load(environ=bench.environ)
        other = await open_session(
            bench.root, settings, environ=bench.environ, lock=False, fresh=False
        )
        assert other.state.hunks[H1].status is Status.PLACED
        with pytest.raises(SparkFault):
            await other.decide([H1], Decision.ACCEPTED)
        await other.close()
        assert "return a - b" in bench.read("calc.py")
        assert {k: v for k, v in _bytes(state).items() if "store.git" not in k} == {
            k: v for k, v in before.items() if "store.git" not in k
        }
        session.restoring._store.done()
        await session.close()

    run(story())


def test_the_meter_counts_the_answer_and_learns_within_bounds(bench: Bench, run: Run) -> None:
    async def story() -> None:
        absurd = Usage(900_000, 0, 50, 0)
        replies = [[*say("a word or two"), *done(absurd)]] * 30
        session, _ = await bench.open([*replies, [*say("x" * 400), *done()]])
        bench.write("long.txt", "word " * 2_000)
        plain = session.meter.estimate(4000)
        for n in range(30):
            await session.run(f"long.txt, {n}")
            assert session.meter.context == 900_050
            assert session.state.turns[n + 1].usage.input == 900_000
        assert session.meter.estimate(4000) == plain, "an absurd count teaches nothing"
        await session.run("long.txt, last")
        said = session.state.turns[31].usage.output
        asked = session.meter.context - said
        assert said >= 100 and asked > 500, "request and answer, where no usage was said"
        assert session.meter.tokens == 0, "they are counted once"
        await session.close()

    run(story())


def test_the_meter_counts_each_round_once(bench: Bench, run: Run) -> None:
    async def story() -> None:
        look = [*say("y" * 4000), *call("search", {"pattern": "add"})]
        replies = [[*look, *done(Usage(1000, 0, 100))], [*say("z" * 40), *done(Usage(2200, 0, 7))]]
        session, _ = await bench.open(replies)
        await session.run("look")
        assert session.meter.context == 2207
        use = session.state.turns[1].usage
        assert (use.input, use.output, use.estimated) == (3200, 107, False)
        await session.close()

    run(story())


def test_a_draft_that_a_turn_interrupts_ends(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [[*patch(ONE), *done()], [*say("Swap the operands"), *done()],
                   [*say("ok"), *done()]]  # fmt: skip
        session, provider = await bench.open(replies)
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        provider._gate = True
        begun = asyncio.Event()
        session.listen(lambda e: begun.set() if isinstance(e, ev.MessageDrafted) else None)
        draft = asyncio.ensure_future(session.draft_message())
        await begun.wait()
        provider._gate = False
        await session.run("and?")
        provider.step(100)
        await draft
        assert session.state.message_done and session.state.message == "Swap calc.py"
        await session.close()

    run(story())


def _bytes(folder: str) -> dict[str, bytes]:
    from pathlib import Path

    return {str(p): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def test_decisions_in_mid_stream_and_the_journal_tell_one_story(bench: Bench, run: Run) -> None:
    async def story() -> None:
        both = ONE.replace("*** End", "@@\n-    return a + b\n+    return b + a\n*** End")
        again = both.replace("-b + a", "a - b + 0").replace("b + a\n", "a + b + 0\n")
        session, provider = await bench.open(
            [[*patch(both), *done()], [*patch(again, "c2"), *done()]], gate=True
        )
        provider.step(10_000)
        await session.run("swap calc.py")
        provider._allowed = 0
        turn = asyncio.ensure_future(session.run("otherwise"))
        await provider.paused()
        deciding: list[asyncio.Future[object]] = []
        turns = (Decision.ACCEPTED, Decision.OPEN, Decision.REJECTED)
        for at in range(len(patch(again)) + 1):
            provider.step(1)
            hunk = (H1, HunkId("t1h2"))[at % 2]
            deciding.append(asyncio.ensure_future(session.decide([hunk], turns[at % 3])))
            await asyncio.sleep(0)
        await turn
        await asyncio.gather(*deciding)
        session._spine._flush()
        now = {h.id: h.status for h in session.state.hunks.values()}
        await session.close()
        again_open, _ = await bench.open(fresh=False)
        assert {h.id: h.status for h in again_open.state.hunks.values()} == now
        await again_open.close()

    run(story())
