"""Stories: ask, watch hunks come, decide them, take them back."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.app import App

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


PAIRS = """\
*** Begin Patch
*** Update File: calc.py
@@
-def add(a, b):
-    return a + b
+def add(one, two):
+    return one + two
*** End Patch
"""


def test_split_a_hunk_and_take_one_part(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [(*patch(PAIRS), *done())]) as desk:
            await desk.prompt.say("better names")
            await desk.until(ev.TurnEnded)
            await desk.prompt.press("enter")
            await desk.diff.press("s")
            await desk.until(ev.HunkReshaped)
            desk.diff.shows("t1h1.1", "t1h1.2").lacks("t1h1  ")
            await desk.until_true(lambda: "t1h1 is now t1h1.1, t1h1.2" in desk.hint.text())
            assert desk.app.desk.diff.current == "t1h1.1"
            await desk.diff.press("]", "y")
            await desk.until(ev.FilesWritten)
            assert bench.read("calc.py").startswith("def add(a, b):\n    return one + two\n")
            await desk.diff.press("u")
            await desk.until(ev.FilesWritten, 2)
            await desk.diff.press("u")
            await desk.until(ev.HunksDecided, 3)
            desk.diff.shows("t1h1  ").lacks("t1h1.1")
            assert desk.app.desk.diff.current == "t1h1"
            assert bench.read("calc.py") == CALC

    run(story())


def test_edit_a_hunk_in_the_editor(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The editor is a program that changes the file it is given."""
    monkeypatch.setattr(App, "suspend", lambda _app: contextlib.nullcontext())

    async def story() -> None:
        async with at_desk(bench, [(*patch(TWO_HUNKS), *done())]) as desk:
            await desk.prompt.say("strict")
            await desk.until(ev.TurnEnded)
            await desk.prompt.press("enter")
            monkeypatch.setenv("EDITOR", "sed -i s/int/float/g")
            await desk.diff.press("e")
            await desk.until(ev.HunkReshaped)
            desk.diff.shows("t1h1.1", "edited", "return float(a) + float(b)")
            await desk.until_true(lambda: "t1h1 in your words" in desk.hint.text())
            await desk.diff.press("y")
            await desk.until(ev.FilesWritten)
            await desk.until(ev.RepositoryLooked, 2)
            assert "    return float(a) + float(b)\n" in bench.read("calc.py")
            monkeypatch.setenv("EDITOR", "false")
            await desk.diff.press("e")
            await desk.until_true(lambda: "the text is as it was" in desk.hint.text())
            monkeypatch.setenv("VISUAL", "truncate -s 0")
            await desk.diff.press("e")
            await desk.until_true(lambda: "nothing is left" in desk.hint.text())
            monkeypatch.setenv("VISUAL", "'")
            await desk.diff.press("e")
            await desk.until_true(lambda: "cannot be read" in desk.hint.text())
            assert len(desk.of(ev.HunkReshaped)) == 1

    run(story())


def test_choose_lines_and_write_only_these(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [(*patch(PAIRS), *done())]) as desk:
            await desk.prompt.say("better names")
            await desk.until(ev.TurnEnded)
            await desk.prompt.press("enter")
            await desk.diff.press("V")
            await desk.until_true(lambda: "1 of 4 lines" in desk.hint.text())
            await desk.diff.press("escape")
            await desk.until_true(lambda: "No lines are chosen" in desk.hint.text())
            await desk.diff.press("V", "j", "V", "j", "j")
            await desk.until_true(lambda: "3 of 4 lines" in desk.hint.text())
            desk.diff.shows("█  2 -     return a + b")
            await desk.diff.press("k", "V", "k", "n")
            await desk.until(ev.HunkReshaped)
            await desk.until_true(lambda: "t1h1.1 is t1h1 without those lines" in desk.hint.text())
            assert bench.read("calc.py") == CALC
            desk.diff.shows("t1h1.1", "some lines")
            await desk.diff.press("V", "j", "y")
            await desk.until(ev.FilesWritten)
            assert bench.read("calc.py").startswith("    return a + b\n    return one + two\n")

    run(story())


def test_a_file_that_changes_under_its_hunks(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [(*patch(TWO_HUNKS), *done())]) as desk:
            await desk.prompt.say("strict")
            await desk.until(ev.TurnEnded)
            desk.diff.shows("t1h2  def sub(a, b):  +1 −1  line 6")
            bench.write("calc.py", "import math\n\n" + CALC)
            await desk.session.look()
            await desk.until_true(lambda: "line 8, moved by +2" in desk.diff.text())
            desk.diff.shows("  8 -     return a - b")
            bench.write("calc.py", CALC.replace("a - b", "a - b  # mine"))
            await desk.session.look()
            await desk.until_true(lambda: "line 6 was changed on disk" in desk.diff.text())
            desk.diff.shows("! t1h2", "6       return a - b  # mine").lacks("moved by")
            bench.write("calc.py", CALC.replace("a - b", "int(a) - int(b)"))
            await desk.session.look()
            await desk.until_true(lambda: "= t1h2" in desk.diff.text())
            desk.diff.shows("already there").lacks("changed on disk")

    run(story())
