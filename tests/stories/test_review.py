"""Stories: ask, watch hunks come, decide them, take them back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import Outcome
from tests.support.bench import CALC, Bench
from tests.support.desk import at_desk

Run = Callable[[Awaitable[None]], None]

TWO_HUNKS = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return int(a) + int(b)
@@ def sub(a, b):
-    return a - b
+    return int(a) - int(b)
*** End Patch
"""


def test_first_accepted_hunk(bench: Bench, run: Run) -> None:
    async def story() -> None:
        reply = (*say("I make **both** functions strict.\n"), *patch(TWO_HUNKS), *done())
        async with at_desk(bench, [reply]) as desk:
            await desk.prompt.say("make add strict")
            await desk.until(ev.TurnEnded)
            desk.transcript.shows("make add strict", "I make both functions strict.", "2 hunks")
            desk.diff.shows("return int(a) + int(b)")
            await desk.prompt.press("enter")
            await desk.diff.press("y")
            await desk.until(ev.FilesWritten)
            assert "int(a) + int(b)" in bench.read("calc.py")
            assert "return a - b" in bench.read("calc.py")
            await desk.until_true(lambda: "wrote t1h1 to calc.py" in desk.hint.text())
            desk.status.shows("1 open", "1 to commit")

    run(story())


def test_decide_while_it_streams(bench: Bench, run: Run) -> None:
    async def story() -> None:
        reply = (*patch(TWO_HUNKS, chunk=8), *done())
        async with at_desk(bench, [reply], gate=True) as desk:
            await desk.prompt.say("strict")
            await desk.until(ev.TurnStarted)
            while not desk.of(ev.HunkPlaced):
                await desk.provider.step()
            await desk.settle()
            assert desk.session.state.streaming is not None
            desk.status.shows("streaming")
            await desk.prompt.press("tab")
            await desk.diff.press("[", "y")
            await desk.until(ev.FilesWritten)
            assert "int(a) + int(b)" in bench.read("calc.py")
            assert desk.session.state.streaming is not None
            desk.provider.step(1000)
            ended = await desk.until(ev.TurnEnded)
            assert ended.outcome is Outcome.COMPLETE
            await desk.diff.press("]", "y")
            await desk.until(ev.FilesWritten, 2)
            assert "int(a) - int(b)" in bench.read("calc.py")

    run(story())


def test_stop_keeps_finished_hunks(bench: Bench, run: Run) -> None:
    async def story() -> None:
        reply = (*patch(TWO_HUNKS, chunk=8), *done())
        async with at_desk(bench, [reply], gate=True) as desk:
            await desk.prompt.say("strict")
            while not desk.of(ev.HunkPlaced):
                await desk.until(ev.TurnStarted)
                await desk.provider.step()
            await desk.press("escape")
            ended = await desk.until(ev.TurnEnded)
            assert ended.outcome is Outcome.INTERRUPTED
            desk.transcript.shows("stopped")
            await desk.prompt.press("enter")
            await desk.diff.press("y")
            await desk.until(ev.FilesWritten)
            assert "int(a) + int(b)" in bench.read("calc.py")
            await desk.diff.press("u")
            await desk.until(ev.FilesWritten, 2)
            assert bench.read("calc.py") == CALC

    run(story())


def test_undo_turn_shows_the_files_first(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [(*patch(TWO_HUNKS), *done())]) as desk:
            await desk.prompt.say("strict")
            await desk.until(ev.TurnEnded)
            await desk.prompt.press("enter")
            await desk.diff.press("A")
            await desk.until(ev.HunksDecided)
            await desk.diff.press("U")
            await desk.until_true(lambda: "Take the whole turn back?" in desk.text())
            assert "calc.py" in desk.text()
            assert bench.read("calc.py") != CALC
            await desk.press("enter")
            await desk.until(ev.TurnUndone)
            assert bench.read("calc.py") == CALC
            await desk.diff.press("ctrl+y")
            await desk.until(ev.FilesWritten, 3)
            assert bench.read("calc.py") != CALC

    run(story())
