"""Turns with a scripted model: what happens to files, in the order in which a person sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from spark_tui.errors import StreamFault
from spark_tui.model.provider import (
    CustomTool,
    Delta,
    Failed,
    ToolOutput,
    UserText,
    WireChanged,
)
from spark_tui.model.scripted import Scripted, call, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId, Outcome
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
H1, H2 = HunkId("t1h1"), HunkId("t1h2")


async def step_until(provider: Scripted, happened: asyncio.Event) -> None:
    """Let delta after delta through, each to its end, until that happened."""
    await provider.paused()
    while not happened.is_set():
        await provider.step(1)


def test_accept_one_hunk_writes_it_and_only_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*say("Swapped."), *patch(TWO), *done()]])
        assert await session.run("swap the operands in calc.py") is Outcome.COMPLETE
        assert [h.status for h in session.state.hunks.values()] == [Status.PLACED] * 2
        assert bench.read("calc.py") == CALC, "nothing is written before a decision"
        result = await session.decide([H2], Decision.ACCEPTED)
        assert result.written == (H2,) and result.checkpoint
        assert bench.read("calc.py") == CALC.replace("a - b", "-b + a")
        await session.close()

    run(story())


def test_every_order_of_acceptance_gives_the_same_file(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TWO), *done()]])
        await session.run("swap calc.py")
        await session.decide([H2], Decision.ACCEPTED)
        await session.decide([H1], Decision.ACCEPTED)
        both = CALC.replace("a + b", "b + a").replace("a - b", "-b + a")
        assert bench.read("calc.py") == both
        await session.decide([H2], Decision.OPEN)
        assert bench.read("calc.py") == CALC.replace("a + b", "b + a")
        await session.close()

    run(story())


def test_undo_and_redo_walk_the_decisions(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TWO), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1, H2], Decision.ACCEPTED)
        after = bench.read("calc.py")
        assert (await session.undo()).done
        assert bench.read("calc.py") == CALC
        assert session.state.hunks[H1].status is Status.PLACED
        assert (await session.redo()).done
        assert bench.read("calc.py") == after
        assert (await session.undo_turn()).done
        assert bench.read("calc.py") == CALC
        assert session.state.hunks[H1].status is Status.UNDONE
        assert (await session.undo()).done, "an undone turn comes back"
        assert bench.read("calc.py") == after
        assert session.state.hunks[H1].status is Status.ACCEPTED
        await session.close()

    run(story())


def test_undo_keeps_later_edits_of_the_person(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TWO), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        bench.write("calc.py", "# mine\n" + bench.read("calc.py"))
        assert (await session.undo()).done
        assert bench.read("calc.py") == "# mine\n" + CALC
        await session.close()

    run(story())


def test_a_file_edited_meanwhile_is_never_overwritten(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TWO), *done()]])
        await session.run("swap calc.py")
        mine = CALC.replace("return a + b", "return sum((a, b))")
        bench.write("calc.py", mine)
        result = await session.decide([H1, H2], Decision.ACCEPTED)
        assert result.conflicts == (H1,) and result.written == (H2,)
        assert bench.read("calc.py") == mine.replace("a - b", "-b + a")
        assert session.state.hunks[H1].status is Status.CONFLICT
        await session.close()

    run(story())


def test_decisions_while_the_answer_still_streams(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*patch(TWO), *done()]], gate=True)
        placed = asyncio.Event()
        session.listen(lambda e: placed.set() if isinstance(e, ev.HunkPlaced) else None)
        turn = asyncio.ensure_future(session.run("swap calc.py"))
        await step_until(provider, placed)
        assert not turn.done()
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        assert bench.read("calc.py") == CALC.replace("a + b", "b + a")
        provider.step(10_000)
        assert await turn is Outcome.COMPLETE
        assert session.state.hunks[H1].status is Status.ACCEPTED
        assert session.state.hunks[H2].status is Status.PLACED
        await session.close()

    run(story())


def test_stop_keeps_finished_hunks_and_never_the_cut_one(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*patch(TWO), *done()], [*say("ok"), *done()]],
                                             gate=True)  # fmt: skip
        placed = asyncio.Event()
        session.listen(lambda e: placed.set() if isinstance(e, ev.HunkPlaced) else None)
        turn = asyncio.ensure_future(session.run("swap calc.py"))
        await step_until(provider, placed)
        session.stop()
        assert await turn is Outcome.INTERRUPTED
        assert session.state.hunks[H1].status is Status.PLACED
        assert all(h.status is Status.UNPLACED for i, h in session.state.hunks.items() if i != H1)
        provider.step(10_000)
        await session.run("go on")
        assert "[interrupted by the user here]" in repr(provider.requests[-1].items)
        await session.close()

    run(story())


def test_the_model_reads_and_searches_and_then_edits(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [
            [*call("search", {"pattern": "def sub"}), *done()],
            [*call("read", {"paths": ["calc.py"]}), *done()],
            [*patch(TWO), *done()],
        ]
        session, provider = await bench.open(replies)
        assert await session.run("tidy up") is Outcome.COMPLETE
        outputs = [i for i in provider.requests[-1].items if isinstance(i, ToolOutput)]
        assert "calc.py:5" in outputs[0].output and "return a - b" in outputs[1].output
        assert len(bench.of(ev.ToolUsed)) == 2
        place = session.state.hunks[H1].place
        assert place and not place.flags, "a file the model read is not unseen"
        await session.close()

    run(story())


def test_secret_files_stay_home(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write(".env", "TOKEN=abc\n")
        session, provider = await bench.open(
            [[*call("read", {"paths": [".env", "../x", "/etc/passwd"]}), *done()],
             [*say("I see nothing."), *done()]]
        )  # fmt: skip
        await session.run("read my env")
        assert "TOKEN" not in repr(provider.requests)
        assert "root:" not in repr(provider.requests)
        plan = await session.plan("look at @.env", named=[".env"])
        assert [c.path for c in plan.blocked] == [".env"] and not plan.snapshots
        session.confirm(".env")
        plan = await session.plan("look at @.env", named=[".env"])
        assert list(plan.snapshots) == [".env"]
        await session.close()

    run(story())


@pytest.mark.parametrize("accept", ["safe", "all"])
def test_automatic_acceptance_waits_for_both_ends(bench: Bench, run: Run, accept: str) -> None:
    async def story() -> None:
        replies = [[*patch(TWO), *done()], [*say("Done."), *done()]]
        session, provider = await bench.open(replies, accept=accept)
        assert await session.run("swap calc.py") is Outcome.COMPLETE
        assert bench.read("calc.py") == CALC.replace("a + b", "b + a").replace("a - b", "-b + a")
        outputs = [i for i in provider.requests[1].items if isinstance(i, ToolOutput)]
        said, _, rows = outputs[0].output.partition("\n\n")
        assert said == "Success. Updated the following files:\nM calc.py"
        assert rows.split("\n")[0] == "new text of calc.py, lines 1-6:"
        assert "      6 |     return -b + a" in rows, "the model knows its own edits"
        await session.close()

    run(story())


def test_a_broken_stream_writes_nothing_by_itself(bench: Bench, run: Run) -> None:
    async def story() -> None:
        broken = [*patch(TWO)[:-1], Failed(StreamFault("The line went dead."))]
        session, _ = await bench.open([broken], accept="all")
        assert await session.run("swap calc.py") is Outcome.FAILED
        assert bench.read("calc.py") == CALC
        assert session.state.turns[1].message == "The line went dead."
        await session.close()

    run(story())


def test_the_next_request_tells_what_became_of_the_hunks(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*patch(TWO), *done()], [*say("ok"), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        await session.decide([H2], Decision.REJECTED)
        await session.run("and now?")
        output = next(i for i in provider.requests[1].items if isinstance(i, ToolOutput))
        assert "applied: calc.py" in output.output and "rejected by the user" in output.output
        last = provider.requests[1].items[-1]
        assert isinstance(last, UserText) and "return b + a" in last.text, "the disk as it is now"
        await session.close()

    run(story())


def test_a_newer_hunk_on_the_same_lines_supersedes_the_older(bench: Bench, run: Run) -> None:
    async def story() -> None:
        other = TWO.replace("b + a\n", "int(a + b)\n", 1)
        session, _ = await bench.open([[*patch(TWO), *done()], [*patch(other), *done()]])
        await session.run("swap calc.py")
        await session.run("rather like this")
        assert session.state.hunks[H1].status is Status.SUPERSEDED
        await session.decide([H1], Decision.OPEN)
        assert session.state.hunks[H1].status is Status.PLACED
        await session.close()

    run(story())


def test_add_and_delete_files(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = ("*** Begin Patch\n*** Add File: pkg/new.py\n+x = 1\n*** Delete File: README.md\n"
                "*** End Patch\n")  # fmt: skip
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("add and delete")
        ids = list(session.state.hunks)
        await session.decide(ids, Decision.ACCEPTED)
        assert bench.read("pkg/new.py") == "x = 1\n"
        assert not (bench.root / "README.md").exists()
        assert (await session.undo()).done
        assert not (bench.root / "pkg/new.py").exists()
        assert bench.read("README.md") == "# Calc\n"
        await session.close()

    run(story())


def test_a_file_that_runs_later_wants_its_own_yes(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = ("*** Begin Patch\n*** Add File: conftest.py\n+x = 1\n*** Add File: b.py\n+y = 1\n"
                "*** End Patch\n")  # fmt: skip
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("add")
        result = await session.decide([H1, H2], Decision.ACCEPTED)
        assert result.written == (H2,) and result.refused[0][0] == H1
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        await session.close()

    run(story())


def test_a_session_comes_back_from_its_journal(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*say("Hi"), *patch(TWO), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        before = {h.id: (h.status, h.lines, h.place) for h in session.state.hunks.values()}
        await session.close()
        again, _ = await bench.open(fresh=False)
        after = {h.id: (h.status, h.lines, h.place) for h in again.state.hunks.values()}
        assert after == before
        assert again.state.turns[1].parts == session.state.turns[1].parts
        await again.decide([H2], Decision.ACCEPTED)
        assert (await again.undo()).done and (await again.undo()).done
        assert bench.read("calc.py") == CALC
        await again.close()

    run(story())


def test_a_repaired_hunk_lets_the_whole_turn_be_written(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bad = TWO.replace("-    return a - b", "-    return a minus b")
        good = ("*** Begin Patch\n*** Update File: calc.py\n@@ def sub(a, b):\n-    return a - b\n"
                "+    return -b + a\n*** End Patch\n")  # fmt: skip
        session, provider = await bench.open(
            [[*patch(bad), *done()], [*patch(good, call_id="c2"), *done()], [*say("ok"), *done()]],
            accept="all",
        )
        assert await session.run("swap calc.py") is Outcome.COMPLETE
        assert "not applied" in repr(provider.requests[1].items)
        assert bench.read("calc.py") == CALC.replace("a + b", "b + a").replace("a - b", "-b + a")
        assert session.state.hunks[H2].status is Status.SUPERSEDED
        await session.close()

    run(story())


def test_a_wire_without_custom_tools_gets_edits_as_text(bench: Bench, run: Run) -> None:
    async def story() -> None:
        blocks = ("calc.py\n```\n<<<<<<< SEARCH\n    return a + b\n=======\n    return b + a\n"
                  ">>>>>>> REPLACE\n```\n")  # fmt: skip
        refused: list[Delta] = [Failed(WireChanged("chat only"))]
        session, provider = await bench.open([refused, [*say(blocks), *done()]], wire="chat")
        assert await session.run("swap calc.py") is Outcome.COMPLETE
        assert "SEARCH" in provider.requests[1].instructions
        assert not any(isinstance(t, CustomTool) for t in provider.requests[1].tools)
        assert provider.requests[0].items == provider.requests[1].items
        await session.decide([H1], Decision.ACCEPTED)
        assert bench.read("calc.py") == CALC.replace("a + b", "b + a")
        await session.close()

    run(story())
