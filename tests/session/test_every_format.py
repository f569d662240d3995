"""A turn in each way of writing edits, through the same engine: as text, and as a tool's input."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest

from spark_tui.edits.changeset import Flag, Kind
from spark_tui.model.provider import Delta
from spark_tui.model.scripted import call, done, patch, say
from spark_tui.session.events import Decision, Outcome
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench

Run = Callable[[Awaitable[None]], None]

SWAPPED = CALC.replace("return a + b", "return b + a")
CHANGE = "-    return a + b\n+    return b + a\n"
PATCH = f"*** Begin Patch\n*** Update File: calc.py\n@@\n{CHANGE}*** End Patch"
DIFF = f"```diff\n--- a/calc.py\n+++ b/calc.py\n@@ ... @@\n{CHANGE}```\n"
BLOCK = "calc.py\n<<<<<<< SEARCH\n    return a + b\n=======\n    return b + a\n>>>>>>> REPLACE\n"
WHOLE = f"calc.py\n```python\n{SWAPPED}```\n"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(say(DIFF), id="diff"),
        pytest.param(say(BLOCK), id="block"),
        pytest.param(say(WHOLE), id="whole"),
        pytest.param(say(PATCH), id="patch as text"),
        pytest.param(patch(PATCH, chunk=1), id="custom tool"),
        pytest.param(patch(DIFF), id="diff in the custom tool"),
        pytest.param(call("apply_patch", {"input": PATCH}, chunk=1), id="function"),
        pytest.param(call("apply_patch", {"patch": BLOCK}), id="block in a function"),
    ],
)
def test_one_hunk_each(bench: Bench, run: Run, reply: Sequence[Delta]) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*reply, *done()]])
        assert await session.run("swap the operands in calc.py") is Outcome.COMPLETE
        (hunk,) = session.state.hunks.values()
        assert (hunk.status, hunk.kind, hunk.path) == (Status.PLACED, Kind.EDIT, "calc.py")
        assert hunk.flags == ({Flag.REWRITE} if WHOLE in "".join(_texts(reply)) else frozenset())
        await session.decide([hunk.id], Decision.ACCEPTED)
        assert bench.read("calc.py") == SWAPPED
        assert (await session.undo()).done
        assert bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_arguments_that_break_off_write_nothing_by_themselves(bench: Bench, run: Run) -> None:
    async def story() -> None:
        opened, *parts, closed = call("apply_patch", {"input": PATCH})
        session, _ = await bench.open([[opened, *parts[:-2], closed, *done()]])
        await session.run("swap the operands in calc.py", accept="all")
        assert bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_a_file_first_named_at_the_very_end_is_still_read(bench: Bench, run: Run) -> None:
    """A section that only sets a mode has no line below it: the reply's end shows it is over."""

    async def story() -> None:
        bench.write("tool.sh", "echo\n")
        diff = "diff --git a/tool.sh b/tool.sh\nold mode 100644\nnew mode 100755\n"
        session, _ = await bench.open([[*say(diff), *done()]])
        assert await session.run("swap the operands in calc.py") is Outcome.COMPLETE
        (hunk,) = session.state.hunks.values()
        assert (hunk.kind, hunk.status) == (Kind.MODE, Status.PLACED)
        await session.decide([hunk.id], Decision.ACCEPTED)
        assert (bench.root / "tool.sh").stat().st_mode & 0o111
        await session.close()

    run(story())


def _texts(reply: Sequence[Delta]) -> list[str]:
    return [getattr(delta, "text", "") for delta in reply]
