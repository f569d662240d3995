"""Which format is asked for follows from how it went."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from spark_tui.edits.formats.tally import Outcome as Reply
from spark_tui.model.provider import Completed, CustomTool, Delta
from spark_tui.model.scripted import done, patch, say
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.hunks import ADD, H1, SUB, WRONG, ending, reply, v4a

Run = Callable[[Awaitable[None]], None]


def tally(bench: Bench) -> dict[str, dict[str, object]]:
    path = Path(bench.environ["SPARK_TUI_STATE_DIR"]) / "formats.json"
    models = json.loads(path.read_text())["models"]
    assert isinstance(models, dict) and len(models) == 1
    (rows,) = models.values()
    assert isinstance(rows, dict)
    return rows


def test_what_came_of_each_reply_is_counted(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies: list[list[Delta]] = [
            reply("ws", ADD, WRONG), reply("ws", SUB, call_id="c2"), [*say("Done."), *done()],
            [*say("Just words."), *done()],
            [*patch(v4a(ADD, end="")), *done()],
            [*patch(v4a(ADD)), Completed("r", None, (), "max_output_tokens")],
            [*patch(v4a(("a", "b"), path="../x")), *done()],
        ]  # fmt: skip
        session, _ = await bench.open(replies, accept="all")
        for prompt in ("one", "two", "three", "four", "five"):
            await session.run(prompt)
        row = tally(bench)["v4a"]
        assert row["replies"] == 2 and row["well_formed"] == 1, "cuts and paths do not count"
        assert (row["hunks"], row["located"], row["repaired"]) == (3, 1, 1)
        assert row["unplaced"] == 1 and row["recent"] == "+-"
        await session.close()

    run(story())


def test_a_format_that_keeps_failing_is_not_asked_for_any_more(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bad = reply("ws", WRONG)
        session, provider = await bench.open([bad, bad, bad, reply("chat", SUB)])
        for prompt in ("one", "two", "three"):
            await session.run(f"{prompt} calc.py")
            assert any(isinstance(t, CustomTool) for t in provider.requests[-1].tools)
        await session.run("four calc.py")
        assert not any(isinstance(t, CustomTool) for t in provider.requests[-1].tools)
        assert "SEARCH" in provider.requests[-1].instructions
        assert tally(bench)["blocks"]["located"] == 1
        await session.close()
        again, provider = await bench.open([[*say("ok"), *done()]])
        await again.run("five")
        assert "SEARCH" in provider.requests[-1].instructions, "another process knows it, too"
        await again.close()

    run(story())


def test_a_turn_keeps_its_format(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bad = reply("ws", WRONG)
        session, provider = await bench.open([bad, bad, bad, reply("ws", SUB, call_id="c2"),
                                              *ending("ws")])  # fmt: skip
        await session.run("one calc.py")
        await session.run("two calc.py")
        await session.run("three calc.py", accept="all")
        assert len(provider.requests) == 5
        assert all(
            any(isinstance(t, CustomTool) for t in request.tools) for request in provider.requests
        )
        assert bench.read("calc.py") == CALC.replace("a - b", "-b + a")
        await session.close()

    run(story())


def test_patches_as_text_are_asked_for_as_text(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*say(v4a(SUB)), *done()]], wire="chat")
        formats = session._context.formats
        for name in ("blocks", "udiff"):
            for _ in range(3):
                formats.note(session.settings.models.fast, name, Reply(False))
        await session.run("swap calc.py")
        told = provider.requests[0].instructions
        assert "*** Begin Patch" in told and "SEARCH" not in told
        assert not any(isinstance(t, CustomTool) for t in provider.requests[0].tools)
        assert session.state.hunks[H1].status is Status.PLACED
        await session.close()

    run(story())
