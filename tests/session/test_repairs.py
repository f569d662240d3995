"""The automatic repair: one request for what has no place, the rest is held, all or nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from spark_tui.errors import StreamFault
from spark_tui.model.provider import Completed, Delta, Failed, ToolOutput, UserText
from spark_tui.model.scripted import call, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId, Outcome
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.hunks import (
    ADD,
    BOTH,
    H1,
    H2,
    H3,
    SUB,
    WIRES,
    WRONG,
    asked,
    blocks,
    ending,
    reply,
    v4a,
)

Run = Callable[[Awaitable[None]], None]


@pytest.mark.parametrize("wire", WIRES)
def test_only_the_failed_edit_is_asked_for_and_then_all_is_written(
    bench: Bench, run: Run, wire: str
) -> None:
    async def story() -> None:
        wrong = ("def sub(a, b):\n    return a minus b", "def sub(a, b):\n    return -b + a")
        replies = [reply(wire, ADD, wrong), reply(wire, SUB, call_id="c2"), *ending(wire)]
        session, provider = await bench.open(replies, accept="safe", wire=wire)
        seen: list[str] = []
        session.listen(
            lambda e: seen.append(bench.read("calc.py")) if isinstance(e, ev.ToolUsed) else None
        )
        assert await session.run("swap calc.py") is Outcome.COMPLETE
        assert asked(provider) == (
            "Nothing is written yet: 1 of 2 edits was not applied.\n"
            "\n"
            "edit 2 of 2, calc.py: not applied (1 other is held, do not send it again)\n"
            "reason: line 2 of the old text differs from the file [code: diverges]\n"
            "  you wrote   |     return a minus b\n"
            "  file line 6 |     return a - b\n"
            "current text, lines 1-6:\n"
            "      1 | def add(a, b):\n"
            "      2 |     return a + b\n"
            "      3 | \n"
            "      4 | \n"
            "      5 | def sub(a, b):\n"
            "      6 |     return a - b\n"
            "send only this edit again, against the text above"
        )
        assert isinstance(
            provider.requests[1].items[-1], UserText if wire == "chat" else ToolOutput
        )
        assert seen == [CALC], "nothing is written while the repair is asked for"
        assert bench.read("calc.py") == BOTH
        if wire != "chat":
            said = asked(provider, 2)
            assert said.startswith("Success. Updated the following files:\nM calc.py\n\nnew text")
            assert "      2 |     return b + a" in said, "the held one is told, too"
            assert "      6 |     return -b + a" in said
        state = {h.id: h.status for h in session.state.hunks.values()}
        assert state == {H1: Status.ACCEPTED, H2: Status.SUPERSEDED, H3: Status.ACCEPTED}
        (told,) = bench.of(ev.ToolUsed)
        assert told == ev.ToolUsed(1, "asked again for", "1 edit", "t1h2")
        await session.close()

    run(story())


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("second", ["the same", "nothing", "another", "truncated", "broken"])
def test_a_repair_that_fails_ends_the_turn(bench: Bench, run: Run, wire: str, second: str) -> None:
    async def story() -> None:
        cut = "*** End Patch" if wire != "chat" else ">>>>>>> REPLACE"
        answers: dict[str, list[Delta]] = {
            "the same": reply(wire, WRONG, call_id="c2"),
            "nothing": [*say("I give up."), *done()],
            "another": reply(wire, ("def add(a, b):", "def add(a, b, c=0):"), call_id="c2"),
            "truncated": [
                *say((v4a(SUB) if wire != "chat" else blocks(SUB)).split(cut)[0]),
                *done(),
            ],
            "broken": [*reply(wire, SUB, call_id="c2")[:-1], Failed(StreamFault("Gone."))],
        }
        more = [reply(wire, SUB, call_id="c3"), [*say("ok"), *done()]]
        session, provider = await bench.open(
            [reply(wire, ADD, WRONG), answers[second], *more], accept="all", wire=wire
        )
        outcome = await session.run("swap calc.py")
        assert len(provider.requests) == 2
        assert bench.read("calc.py") == CALC
        expected = {"truncated": Outcome.INCOMPLETE, "broken": Outcome.FAILED}
        assert outcome is expected.get(second, Outcome.COMPLETE)
        assert session.state.hunks[H1].status is Status.PLACED, "what has a place stays open"
        lost = [h.id for h in session.state.hunks.values() if h.status is Status.UNPLACED]
        assert second == "broken" or lost
        if second == "the same":
            assert lost == [H3], "of two attempts at one edit the newest stands"
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        await session.run("and now?")
        await session.close()

    run(story())


@pytest.mark.parametrize("wire", WIRES)
def test_a_refused_path_refuses_all_and_asks_nothing(bench: Bench, run: Run, wire: str) -> None:
    async def story() -> None:
        if wire == "chat":
            text = blocks(ADD) + blocks(WRONG, path="../x.py") + blocks(WRONG)
            first: list[Delta] = [*say(text), *done()]
        else:
            text = v4a(ADD, end="*** Update File: ../x.py\n@@\n-a\n+b\n*** End Patch\n")
            first = [*patch(text), *call("search", {"pattern": "a"}, "s"), *done()]
        session, provider = await bench.open(
            [first, [*say("ok"), *done()]], accept="all", wire=wire
        )
        await session.run("swap calc.py")
        assert len(provider.requests) == 1 and bench.read("calc.py") == CALC
        assert session.state.hunks[H1].status is Status.PLACED
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        await session.run("and?")
        await session.close()

    run(story())


@pytest.mark.parametrize("what", ["binary", "no end", "cut"])
def test_what_a_new_attempt_cannot_mend_is_not_asked_for(bench: Bench, run: Run, what: str) -> None:
    async def story() -> None:
        bench.write("pic.png", b"\0\1\2")
        text = v4a(ADD, WRONG, end="" if what == "no end" else "*** End Patch\n")
        if what == "binary":
            text = v4a(ADD, end="*** Update File: pic.png\n@@\n-a\n+b\n*** End Patch\n")
        end = Completed("r", None, (), "max_output_tokens") if what == "cut" else done()[0]
        session, provider = await bench.open(
            [[*patch(text), end], [*say("ok"), *done()]], accept="all"
        )
        outcome = await session.run("swap calc.py")
        assert outcome is (Outcome.COMPLETE if what == "binary" else Outcome.INCOMPLETE)
        assert len(provider.requests) == 1 and bench.read("calc.py") == CALC
        await session.close()

    run(story())


@pytest.mark.parametrize("wire", WIRES)
def test_in_review_nothing_is_asked_by_itself(bench: Bench, run: Run, wire: str) -> None:
    async def story() -> None:
        replies = [reply(wire, ADD, WRONG), reply(wire, SUB, call_id="c2")]
        session, provider = await bench.open(replies, wire=wire)
        await session.run("swap calc.py")
        assert len(provider.requests) == 1 and not bench.of(ev.ToolUsed)
        assert session.state.hunks[H2].status is Status.UNPLACED
        await session.refine(H2, "try it once more")
        said = asked(provider)
        assert "It could not be placed:\n<context>\nedit 2 of 2, calc.py: not applied" in said
        assert "  you wrote |     return a minus b\n" in said
        assert "      6 |     return a - b\n" in said
        assert "<edit>\n-    return a minus b\n+    return -b + a\n</edit>" in said
        assert session.state.hunks[H2].status is Status.SUPERSEDED
        assert session.state.hunks[HunkId("t2h1")].status is Status.PLACED
        assert bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_a_reason_about_a_file_that_changed_quotes_nothing_old(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [reply("ws", WRONG), [*say("ok"), *done()]]
        session, provider = await bench.open(replies)
        await session.run("swap calc.py")
        bench.write("calc.py", CALC.replace("def sub", "def minus"))
        await session.refine(H1, "again")
        said = asked(provider)
        assert "[code: not_found]" in said and "current text" not in said
        assert "def minus" in said and "def sub" not in said, "the file as it is goes along"
        await session.close()

    run(story())


def test_looking_before_the_repair_is_no_second_attempt(bench: Bench, run: Run) -> None:
    async def story() -> None:
        look = [*call("read", {"paths": ["calc.py"]}, "r1"), *done()]
        both = [*patch(v4a(ADD, WRONG)), *call("search", {"pattern": "sub"}, "s1"), *done()]
        replies = [both, look, reply("ws", SUB, call_id="c2"), *ending("ws")]
        session, provider = await bench.open(replies, accept="all")
        await session.run("swap calc.py")
        assert len(provider.requests) == 4 and bench.read("calc.py") == BOTH
        again = [e for e in bench.of(ev.ToolUsed) if isinstance(e, ev.ToolUsed)]
        assert [e.name for e in again].count("asked again for") == 1
        await session.close()

    run(story())


def test_a_question_beside_a_second_failure_changes_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        both = [*patch(v4a(WRONG), "c2"), *call("search", {"pattern": "sub"}, "s1"), *done()]
        replies = [reply("ws", ADD, WRONG), both, [*say("ok"), *done()]]
        session, provider = await bench.open(replies, accept="all")
        await session.run("swap calc.py")
        assert len(provider.requests) == 2 and bench.read("calc.py") == CALC
        await session.run("and?")
        assert "no more calls in this turn" in repr(provider.requests[2].items)
        await session.close()

    run(story())


def test_in_review_a_question_beside_a_failure_is_answered(bench: Bench, run: Run) -> None:
    async def story() -> None:
        both = [*patch(v4a(WRONG)), *call("search", {"pattern": "sub"}, "s1"), *done()]
        session, provider = await bench.open([both, reply("ws", SUB, call_id="c2")])
        await session.run("swap calc.py")
        outputs = [i.output for i in provider.requests[1].items if isinstance(i, ToolOutput)]
        assert len(outputs) == 2 and "not applied: calc.py: the old text" in outputs[1]
        names = [e.name for e in bench.of(ev.ToolUsed) if isinstance(e, ev.ToolUsed)]
        assert names == ["search"]
        assert session.state.hunks[H1].status is Status.SUPERSEDED
        await session.close()

    run(story())


def test_a_later_failure_of_the_turn_gets_no_second_repair(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [
            reply("ws", ADD, WRONG), reply("ws", SUB, call_id="c2"),
            reply("ws", ("nothing like it", "x"), call_id="c3"), [*say("ok"), *done()],
            [*say("ok"), *done()],
        ]  # fmt: skip
        session, provider = await bench.open(replies, accept="all")
        await session.run("swap calc.py")
        assert len(provider.requests) == 3 and bench.read("calc.py") == BOTH
        await session.run("and?")
        assert "not applied" in repr(provider.requests[-1].items[-3:])
        await session.close()

    run(story())


def test_lines_of_a_secret_the_model_guesses_at_stay_home(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write(".env", "NAME=x\nTOKEN=hunter2\n")
        guess = reply("ws", ("NAME=x\nTOKEN=?", "NAME=y\nTOKEN=?"), path=".env")
        replies = [guess, [*say("ok"), *done()], guess, [*say("ok"), *done()]]
        session, provider = await bench.open(replies, accept="all")
        await session.run("change it")
        assert "[code: diverges]" in asked(provider)
        await session.run("again", accept="ask")
        await session.run("and?", accept="ask")
        assert len(provider.requests) == 4
        assert "hunter2" not in repr(provider.requests)
        await session.close()

    run(story())


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("how", ["stop", "window"])
def test_a_repair_that_is_never_sent_is_forgotten(
    bench: Bench, run: Run, wire: str, how: str
) -> None:
    async def story() -> None:
        replies = [reply(wire, ADD, WRONG), [*say("ok"), *done()]]
        session, provider = await bench.open(replies, accept="all", wire=wire)

        def hear(event: ev.Event) -> None:
            if isinstance(event, ev.ToolUsed):
                if how == "stop":
                    session.stop()
                else:
                    session.meter.window = 10

        forget = session.listen(hear)
        outcome = await session.run("swap calc.py")
        assert outcome is (Outcome.INTERRUPTED if how == "stop" else Outcome.FAILED)
        assert len(provider.requests) == 1 and bench.read("calc.py") == CALC
        forget()
        session.meter.window = 128_000
        await session.run("and now?")
        prompts = [i for i in provider.requests[1].items if isinstance(i, UserText)]
        assert len(prompts) == 2
        await session.close()

    run(story())
