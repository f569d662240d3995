"""An answer that is stopped or breaks off at any point: nothing is written by itself, what was
finished can be taken, and the next request is one that a service accepts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import cast

import pytest

from spark_tui.errors import StreamFault
from spark_tui.model.provider import AssistantText, Delta, Failed, Request, UserText
from spark_tui.model.scripted import Reply, call, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId, Outcome
from spark_tui.session.session import Session
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench

Run = Callable[[Awaitable[None]], None]

TWO = """*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** End Patch
"""
SWAPPED = CALC.replace("a + b", "b + a").replace("a - b", "-b + a")
H1, H2 = HunkId("t1h1"), HunkId("t1h2")
WHOLE: tuple[Delta, ...] = (
    *say("I swap the operands.", chunk=12),
    *call("search", {"pattern": "def"}, "s1", chunk=40),
    *patch(TWO, "p1", chunk=24),
    *call("read", {"paths": ["README.md"]}, "r1", chunk=40),
)
FINISHED = {Status.PLACED, Status.UNPLACED, Status.SUPERSEDED, Status.ALREADY_THERE}


def stopping_at(session: Callable[[], Session], k: int) -> Reply:
    """WHOLE and its end, with a stop in front of the k-th delta."""

    def play(_: Request) -> Iterator[Delta]:
        for number, delta in enumerate((*WHOLE, *done())):
            if number == k:
                session().stop()
            yield delta

    return cast(Reply, play)


@pytest.mark.parametrize("accept", ["ask", "all"])
@pytest.mark.parametrize("how", ["stop", "fail", "end"])
def test_cut_anywhere(bench: Bench, run: Run, how: str, accept: str) -> None:
    async def story() -> None:
        opened: list[Session] = []
        replies: list[Reply] = []
        for k in range(len(WHOLE) + 1):
            match how:
                case "stop":
                    replies.append(stopping_at(lambda: opened[0], k))
                case "fail":
                    replies.append((*WHOLE[:k], Failed(StreamFault("The line went dead."))))
                case _:
                    replies.append(WHOLE[:k])
            replies.append((*say("ok"), *done()))
        session, provider = await bench.open(replies, accept=accept)
        opened.append(session)
        for k in range(len(WHOLE) + 1):
            turn = max(session.state.turns, default=0) + 1
            outcome = await session.run(f"swap calc.py, {k}")
            assert outcome is (Outcome.INTERRUPTED if how == "stop" else Outcome.FAILED), k
            assert bench.read("calc.py") == CALC, "nothing is written by itself"
            mine = [h for h in session.state.hunks.values() if h.turn == turn]
            assert {h.status for h in mine} <= FINISHED
            placed = [h.id for h in mine if h.status is Status.PLACED]
            if len(placed) == 2:
                assert (await session.decide(placed, Decision.ACCEPTED)).written == tuple(placed)
                assert bench.read("calc.py") == SWAPPED
                assert (await session.undo()).done
            assert await session.run(f"go on after {k}") is Outcome.COMPLETE
            assert f"swap calc.py, {k}" in repr(provider.requests[-1].items), "it is not forgotten"
            assert bench.read("calc.py") == CALC
        assert session.state.streaming is None
        assert len(provider.requests) == 2 * (len(WHOLE) + 1)
        await session.close()

    run(story())


def test_what_was_written_before_a_stop_is_told_once(bench: Bench, run: Run) -> None:
    async def story() -> None:
        opened: list[Session] = []
        replies: list[Reply] = [
            ((*say("First I look."), *call("search", {"pattern": "add"}), *done())),
            stopping_at(lambda: opened[0], len(WHOLE) - 3),
            (*say("ok"), *done()),
        ]
        session, provider = await bench.open(replies)
        opened.append(session)
        assert await session.run("swap") is Outcome.INTERRUPTED
        await session.run("and?")
        items = provider.requests[-1].items
        assert repr(items).count("First I look.") == 1
        note = next(i for i in items if isinstance(i, AssistantText) and "[interrupted" in i.text)
        assert "+    return b + a" in note.text and "I swap the operands." in note.text
        await session.close()

    run(story())


def test_a_broken_line_is_not_the_persons_doing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [[*WHOLE[:4], Failed(StreamFault("gone"))], [*say("ok"), *done()]]
        session, provider = await bench.open(replies)
        await session.run("swap")
        await session.run("and?")
        assert "[the connection broke here]" in repr(provider.requests[-1].items)
        assert "interrupted by the user" not in repr(provider.requests[-1].items)
        await session.close()

    run(story())


def test_a_stop_between_two_rounds_asks_nothing_more(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [
            [*call("search", {"pattern": "a"}, "s1"), *call("search", {"pattern": "b"}, "s2"),
             *done()],
            [*say("ok"), *done()],
        ]  # fmt: skip
        session, provider = await bench.open(replies)
        session.listen(lambda e: session.stop() if isinstance(e, ev.ToolUsed) else None)
        assert await session.run("look") is Outcome.INTERRUPTED
        assert len(provider.requests) == 1 and len(bench.of(ev.ToolUsed)) == 1
        await session.run("go on")
        assert "stopped by the user" in repr(provider.requests[-1].items)
        await session.close()

    run(story())


def test_a_stop_before_the_request_leaves_sends_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*say("ok"), *done()]])
        session.listen(lambda e: session.stop() if isinstance(e, ev.TurnStarted) else None)
        assert await session.run("look at calc.py") is Outcome.INTERRUPTED
        assert not provider.requests
        await session.close()

    run(story())


def test_steering_keeps_both_prompts(bench: Bench, run: Run) -> None:
    async def story() -> None:
        import asyncio

        session, provider = await bench.open([WHOLE, [*say("ok"), *done()]], gate=True)
        first = asyncio.ensure_future(session.run("swap calc.py"))
        await provider.paused()
        await provider.step(3)
        second = asyncio.ensure_future(session.steer("only add, please"))
        assert await first is Outcome.INTERRUPTED
        provider.step(100)
        assert await second is Outcome.COMPLETE
        prompts = [i.text for i in provider.requests[-1].items if isinstance(i, UserText)]
        assert "swap calc.py" in prompts[0] and prompts[-1].endswith("only add, please")
        assert session.state.turns[2].steered
        await session.close()

    run(story())


def test_refine_and_escalate_after_anything(bench: Bench, run: Run) -> None:
    async def story() -> None:
        better = TWO.replace("return b + a", "return sum((a, b))")
        replies: Sequence[Reply] = [
            [*patch(TWO), *done()],
            [*patch(better, chunk=400)[:2], Failed(StreamFault("gone"))],
            [*patch(better, "c3"), *done()],
            [*say("fine"), *done()],
            [*say("ok"), *done()],
        ]
        session, provider = await bench.open(replies)
        await session.run("swap calc.py")
        assert await session.refine(H1, "use sum") is Outcome.FAILED
        assert await session.refine(H1, "use sum") is Outcome.COMPLETE
        assert session.state.hunks[H1].status is Status.SUPERSEDED
        assert await session.escalate(HunkId("t3h1")) is Outcome.COMPLETE
        assert provider.requests[-1].model == session.settings.models.smart
        await session.decide([HunkId("t3h1")], Decision.ACCEPTED)
        await session.run("thanks")
        assert "applied: calc.py" in repr(provider.requests[-1].items) or (
            "Updated the following" in repr(provider.requests[-1].items)
        )
        await session.close()

    run(story())


@pytest.mark.parametrize("accept", ["ask", "safe"])
def test_a_model_that_never_stops_calling(bench: Bench, run: Run, accept: str) -> None:
    async def story() -> None:
        looks = [
            [*call("search", {"pattern": "a"}, f"s{n}"), *patch(TWO, f"p{n}"), *done()]
            for n in range(7)
        ]
        session, provider = await bench.open([*looks, [*say("ok"), *done()]], accept=accept)
        assert await session.run("look for ever") is Outcome.COMPLETE
        assert len(provider.requests) == 7 and len(bench.of(ev.ToolUsed)) == 6
        await session.run("enough")
        assert "no more calls in this turn" in repr(provider.requests[-1].items)
        await session.close()

    run(story())


def test_open_hunks_are_told_until_they_are_decided(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [
            [*patch(TWO, "p"), *call("search", {"pattern": "a"}, "s"), *done()],
            *[[*say("ok"), *done()]] * 3,
        ]
        session, provider = await bench.open(replies)
        await session.run("swap calc.py")
        await session.decide([H1], Decision.REJECTED)
        await session.run("and?")
        note = provider.requests[-1].items[-1]
        assert isinstance(note, UserText)
        assert "rejected by the user" in note.text and "not decided yet" in note.text
        await session.run("and now?")
        note = provider.requests[-1].items[-1]
        assert isinstance(note, UserText)
        assert "rejected by the user" not in note.text and "not decided yet" in note.text
        await session.close()

    run(story())


def test_two_messages_in_one_answer(bench: Bench, run: Run) -> None:
    async def story() -> None:
        reply = [*say("I look."), *patch(TWO), *say("Done."), *done()]
        session, _ = await bench.open([reply])
        await session.run("swap calc.py")
        said = [p.text for p in session.state.turns[1].parts if p.kind == "said"]
        assert "".join(said) == "I look.\n\nDone."
        await session.close()

    run(story())


def test_a_final_item_that_differs_ends_the_turn_and_takes_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        other = [*patch(TWO)[:-1], *patch(TWO.replace("-b + a", "a - b - 0"))[-1:]]
        session, provider = await bench.open(
            [[*other, *done()], [*say("ok"), *done()]], accept="all"
        )
        assert await session.run("swap calc.py") is Outcome.INCOMPLETE
        assert bench.read("calc.py") == CALC and len(provider.requests) == 1
        await session.run("go on")
        await session.close()

    run(story())


def test_events_that_come_twice_have_one_effect(bench: Bench, run: Run) -> None:
    async def story() -> None:
        parts = patch(TWO)
        reply = [parts[0], *parts, parts[-1], *done()]
        session, _ = await bench.open([reply, [*say("ok"), *done()]], accept="safe")
        assert await session.run("swap calc.py") is Outcome.COMPLETE
        assert len(session.state.hunks) == 2 and bench.read("calc.py") == SWAPPED
        assert len(bench.of(ev.FilesWritten)) == 1
        await session.close()

    run(story())
