"""The model knows its own edits: it is told them, and its next ones are placed beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.provider import ToolOutput
from spark_tui.model.scripted import done, patch, say
from spark_tui.session.events import Decision
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.hunks import ADD, BOTH, H1, H2, SUB, asked, ending, reply

Run = Callable[[Awaitable[None]], None]


def test_the_next_edit_of_a_turn_is_placed_in_the_new_text(bench: Bench, run: Run) -> None:
    async def story() -> None:
        more = ("    return b + a", "    return b + a + 0")
        replies = [reply("ws", ADD), reply("ws", more, call_id="c2"), *ending("ws")]
        session, provider = await bench.open(replies, accept="safe")
        await session.run("swap calc.py")
        assert "      2 |     return b + a" in asked(provider)
        assert "      2 |     return b + a + 0" in asked(provider, 2)
        assert bench.read("calc.py") == CALC.replace("a + b", "b + a + 0")
        assert [h.status for h in session.state.hunks.values()] == [Status.ACCEPTED] * 2
        assert (await session.undo_turn()).done and bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_an_applied_edit_that_is_sent_again_is_recognised(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [reply("ws", ADD), reply("ws", ADD, SUB, call_id="c2"), *ending("ws")]
        session, provider = await bench.open(replies, accept="safe")
        await session.run("swap calc.py")
        assert len(provider.requests) == 3 and bench.read("calc.py") == BOTH
        assert session.state.hunks[H2].status is Status.ALREADY_THERE
        await session.close()

    run(story())


def test_a_new_file_can_be_edited_in_the_same_turn(bench: Bench, run: Run) -> None:
    async def story() -> None:
        add = "*** Begin Patch\n*** Add File: new.py\n+x = 1\n*** End Patch\n"
        replies = [
            [*patch(add), *done()], reply("ws", ("x = 1", "x = 2"), call_id="c2", path="new.py"),
            *ending("ws"),
        ]  # fmt: skip
        session, _ = await bench.open(replies, accept="safe")
        await session.run("make it")
        assert bench.read("new.py") == "x = 2\n", "not unseen: it wrote the file itself"
        await session.close()

    run(story())


def test_what_is_not_shown_anew_is_told_around_its_edits(bench: Bench, run: Run) -> None:
    async def story() -> None:
        rows = "".join(f"line {n}\n" for n in range(1, 40))
        bench.write("far.txt", rows)
        edit = reply("ws", ("line 20", "line twenty"), path="far.txt")
        session, provider = await bench.open([edit, *[[*say("ok"), *done()]] * 3])
        await session.run("hello there")
        await session.decide([H1], Decision.ACCEPTED)
        await session.run("and now")
        output = next(i for i in provider.requests[1].items if isinstance(i, ToolOutput)).output
        assert output.startswith("Success. Updated the following files:\nM far.txt\n\n")
        assert "new text of far.txt, lines 18-22:" in output and "     20 | line twenty" in output
        assert "line 30" not in output
        await session.run("once more")
        assert repr(provider.requests[2].items[-1]).count("far.txt") == 0, "it is told once"
        await session.close()

    run(story())


def test_a_file_that_is_shown_anew_is_not_told_twice(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([reply("ws", ADD), [*say("ok"), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        await session.run("and now")
        assert "new text of" not in repr(provider.requests[1].items)
        assert "return b + a" in repr(provider.requests[1].items[-1])
        await session.close()

    run(story())


def test_of_a_file_that_others_changed_nothing_is_told_that_may_be_wrong(
    bench: Bench, run: Run
) -> None:
    async def story() -> None:
        rows = "".join(f"line {n}\n" for n in range(1, 40))
        bench.write("far.txt", rows)
        edit = reply("ws", ("line 20", "line twenty"), path="far.txt")
        session, provider = await bench.open([edit, [*say("ok"), *done()]])
        await session.run("hello there")
        bench.write("far.txt", "mine\n" + rows)
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        await session.run("and now")
        output = next(i for i in provider.requests[1].items if isinstance(i, ToolOutput)).output
        assert output == "Success. Updated the following files:\nM far.txt"
        await session.close()

    run(story())
