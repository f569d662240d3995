"""What counts as the answer to a repair: every failed edit its own, held ones once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from spark_tui.model.provider import Delta
from spark_tui.model.scripted import done, patch, say
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.hunks import ADD, BOTH, H1, H3, SUB, WIRES, WRONG, Hunk, asked, ending, reply

Run = Callable[[Awaitable[None]], None]


@pytest.mark.parametrize("wire", WIRES)
def test_held_edits_that_are_sent_again_count_once(bench: Bench, run: Run, wire: str) -> None:
    async def story() -> None:
        replies = [reply(wire, ADD, WRONG), reply(wire, ADD, SUB, call_id="c2"), *ending(wire)]
        session, _ = await bench.open(replies, accept="safe", wire=wire)
        await session.run("swap calc.py")
        assert bench.read("calc.py") == BOTH
        assert [h.status for h in session.state.hunks.values()] == [
            Status.ACCEPTED, Status.SUPERSEDED, Status.ALREADY_THERE, Status.ACCEPTED,
        ]  # fmt: skip
        assert (await session.undo_turn()).done and bench.read("calc.py") == CALC
        await session.close()

    run(story())


@pytest.mark.parametrize("new", ["    return sum((a, b))", "    return b + a\n    log(a, b)"])
def test_another_edit_of_held_lines_is_not_taken(bench: Bench, run: Run, new: str) -> None:
    async def story() -> None:
        other = (ADD[0], new)
        replies = [reply("ws", ADD, WRONG), reply("ws", other, SUB, call_id="c2")]
        session, provider = await bench.open(replies, accept="all")
        await session.run("swap calc.py")
        assert bench.read("calc.py") == CALC and len(provider.requests) == 2
        hunk = session.state.hunks[H3]
        assert hunk.status is Status.UNPLACED and hunk.why and hunk.why.code == "overlap"
        assert session.state.hunks[H1].status is Status.PLACED, "a place is never withdrawn"
        await session.close()

    run(story())


UNITED = ("    return a + b", "    check(a)\n    return b + a")
TWICE = [ADD, ("    return a + b", "    check(a)\n    return a + b + 0")]


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        (UNITED, CALC.replace("    return a + b", UNITED[1])),
        (("    return a + b", "    check(a)\n    return a + b + 0"), CALC),
        (
            ("def add(a, b):", "def add(a, b):\n    check(a)"),
            CALC.replace("    return a + b", UNITED[1]),
        ),
    ],
)
def test_edits_of_the_same_lines_are_united_or_refused(
    bench: Bench, run: Run, answer: Hunk, written: str
) -> None:
    async def story() -> None:
        replies = [reply("ws", *TWICE), reply("ws", answer, call_id="c2"), *ending("ws")]
        session, provider = await bench.open(replies, accept="all")
        await session.run("swap calc.py")
        assert "[code: overlap]" in asked(provider)
        assert bench.read("calc.py") == written
        if answer == UNITED:
            assert session.state.hunks[H1].status is Status.SUPERSEDED
        await session.close()

    run(story())


@pytest.mark.parametrize(
    ("answers", "is_written"),
    [
        ([SUB, ("def add(a, b):", "def plus(a, b):")], True),
        ([SUB], False),
        ([("def add(a, b):", "def plus(a, b):")], False),
        ([("def sub(a, b):", "def sub(a, b):\n    x = 1"), SUB], False),
    ],
)
def test_every_failed_edit_wants_an_answer_of_its_own(
    bench: Bench, run: Run, answers: list[Hunk], is_written: bool
) -> None:
    async def story() -> None:
        lost = [WRONG, ("def plus_(a, b)", "def plus(a, b):")]
        replies = [reply("ws", *lost), reply("ws", *answers, call_id="c2"), *ending("ws")]
        session, provider = await bench.open(replies, accept="all")
        await session.run("swap calc.py")
        said = asked(provider)
        assert said.startswith("Nothing is written yet: 2 of 2 edits were not applied. Send these")
        assert "edit 1 of 2, " in said and "edit 2 of 2, " in said and "held" not in said
        assert (bench.read("calc.py") != CALC) is is_written
        await session.close()

    run(story())


def test_one_answer_in_two_parts_does_not_stand_for_two_edits(bench: Bench, run: Run) -> None:
    """Both edits failed with the same text; two hunks that mean the first leave the second."""

    async def story() -> None:
        bench.write("two.py", "x = 1\ny = 2\nz = 3\n")
        lost: list[Hunk] = [("x = 7\ny = 8", "x = 10\ny = 20"), ("z = 9", "z = 30")]
        answer: list[Hunk] = [("x = 1", "x = 10"), ("y = 2", "y = 20")]
        replies = [
            reply("ws", *lost, path="two.py"),
            reply("ws", *answer, call_id="c2", path="two.py"),
            *ending("ws"),
        ]
        session, _ = await bench.open(replies, accept="all")
        await session.run("change two.py")
        assert bench.read("two.py") == "x = 1\ny = 2\nz = 3\n"
        await session.close()

    run(story())


def test_the_same_answer_twice_stands_for_one_edit(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = "a\nx = 1\nb\nx = 1\n"
        bench.write("two.py", text)
        same = ("x = 1", "x = 2")
        first = ("a\nx = 1", "a\nx = 2")
        replies = [
            reply("ws", same, same, path="two.py"),
            reply("ws", first, first, call_id="c2", path="two.py"),
            *ending("ws"),
        ]
        session, provider = await bench.open(replies, accept="all")
        await session.run("change two.py")
        assert asked(provider).count("[code: ambiguous]") == 2
        assert bench.read("two.py") == text
        await session.close()

    run(story())


def test_a_wrong_path_is_repaired_by_the_right_one(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [
            reply("ws", SUB, path="src/calculator.py"), reply("ws", SUB, call_id="c2"),
            *ending("ws"),
        ]  # fmt: skip
        session, provider = await bench.open(replies, accept="all")
        await session.run("swap calc.py")
        assert "[code: no_file]" in asked(provider)
        assert bench.read("calc.py") == CALC.replace("a - b", "-b + a")
        await session.close()

    run(story())


def test_an_edit_that_proves_to_be_there_needs_no_repair(bench: Bench, run: Run) -> None:
    async def story() -> None:
        done_already = ("def sub(a, b)\n    return a plus b", "def sub(a, b):\n    return a - b")
        answer = ("def sub(a, b):\n    return a + b", "def sub(a, b):\n    return a - b")
        replies = [reply("ws", ADD, done_already), reply("ws", answer, call_id="c2"), *ending("ws")]
        session, _ = await bench.open(replies, accept="all")
        await session.run("swap calc.py")
        assert bench.read("calc.py") == CALC.replace("a + b", "b + a")
        assert session.state.hunks[H3].status is Status.ALREADY_THERE
        await session.close()

    run(story())


@pytest.mark.parametrize("form", ["udiff", "whole"])
def test_the_answer_may_come_in_another_form(bench: Bench, run: Run, form: str) -> None:
    async def story() -> None:
        if form == "udiff":
            text = (
                "--- a/calc.py\n+++ b/calc.py\n@@ -5,2 +5,2 @@\n def sub(a, b):\n"
                "-    return a - b\n+    return -b + a\n"
            )
        else:
            text = f"calc.py\n```python\n{BOTH}```\n"
        replies = [reply("chat", ADD, WRONG), [*say(f"Again:\n\n{text}"), *done()]]
        session, provider = await bench.open(replies, accept="all", wire="chat")
        await session.run("swap calc.py")
        assert len(provider.requests) == 2 and bench.read("calc.py") == BOTH
        await session.close()

    run(story())


@pytest.mark.parametrize(("gone", "is_written"), [("    return a - b", True), ("", False)])
def test_a_removal_is_answered_by_one_of_a_line_like_it(
    bench: Bench, run: Run, gone: str, is_written: bool
) -> None:
    async def story() -> None:
        def removal(line: str, call_id: str) -> list[Delta]:
            text = f"*** Begin Patch\n*** Update File: calc.py\n@@ def sub(a, b):\n-{line}\n"
            return [*patch(f"{text}*** End Patch\n", call_id), *done()]

        bench.write("calc.py", CALC + "\n\nend = 1\n")
        first, second = removal("    return a minus b", "c1"), removal(gone or "end = 1", "c2")
        session, _ = await bench.open([first, second, *ending("ws")], accept="all")
        await session.run("change calc.py")
        assert ("return a - b" not in bench.read("calc.py")) is is_written
        assert "end = 1" in bench.read("calc.py")
        await session.close()

    run(story())
