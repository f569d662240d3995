"""Stories: the log on the screen, and back to an entry of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, patch
from spark_tui.session import events as ev
from spark_tui.tui.screens.history import HistoryScreen
from tests.support.bench import CALC, Bench
from tests.support.desk import Desk, at_desk

Run = Callable[[Awaitable[None]], None]

SWAP = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** Add File: new.py
+NEW = 1
*** End Patch
"""
REPLY = (*patch(SWAP), *done())


async def accepted(desk: Desk) -> None:
    """o1 accepts the first hunk, o2 the others; the focus is on the diff."""
    await desk.prompt.say("swap [both]")
    await desk.until(ev.TurnEnded)
    await desk.press("enter", "y")
    await desk.until(ev.Operated)
    await desk.press("A")
    await desk.until(ev.Operated, 2)


def test_back_to_an_entry_and_back_again(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY], size=(80, 24)) as desk:
            await accepted(desk)
            full = bench.read("calc.py")
            await desk.press("L")
            await desk.until_true(lambda: "o1" in desk.text())
            text = desk.text()
            assert "Log of this session · 2 entries" in text and '"swap [both]"' in text
            assert "o0  the beginning" in text
            await desk.press("j", "enter")  # o1
            await desk.until_true(lambda: "right after o1?" in desk.text())
            text = desk.text()
            assert text.index("update  calc.py  +1 -1") < text.index("2 hunks stand as then")
            assert "delete  new.py  +0 -1" in text and "y go back there" in text
            assert bench.read("calc.py") == full
            await desk.press("y")
            await desk.until(ev.HunksRestored)
            await desk.until_true(lambda: not isinstance(desk.app.screen, HistoryScreen))
            assert bench.read("calc.py") == CALC.replace("a + b", "b + a")
            assert not (bench.root / "new.py").exists()
            await desk.until_true(lambda: "Back to o1: calc.py, new.py, 2" in desk.hint.text())
            assert desk.diff.has_focus
            desk.transcript.shows("restored calc.py, new.py")
            assert [h.status.value for h in desk.session.state.hunks.values()] == [
                "accepted", "placed", "placed"
            ]  # fmt: skip
            await desk.press("u")
            await desk.until(ev.HunksRestored, 2)
            assert bench.read("calc.py") == full and bench.read("new.py") == "NEW = 1\n"

    run(story())


def test_looking_changes_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY]) as desk:
            await accepted(desk)
            full, entries = bench.read("calc.py"), len(desk.session.state.operations)
            await desk.press("L")
            await desk.until_true(lambda: "o2" in desk.text())
            await desk.press("enter")
            await desk.until_true(lambda: "Nothing differs" in desk.text())
            await desk.press("y")
            await desk.press("escape", "G", "enter")
            await desk.until_true(lambda: "in the beginning?" in desk.text())
            await desk.press("escape", "escape")
            assert not isinstance(desk.app.screen, HistoryScreen) and desk.diff.has_focus
            assert bench.read("calc.py") == full
            assert len(desk.session.state.operations) == entries

    run(story())


def test_what_is_in_the_way_is_said_before(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY], size=(80, 24)) as desk:
            await accepted(desk)
            mine = bench.read("calc.py").replace("b + a", "b + a + 0")
            bench.write("calc.py", mine)
            await desk.press("L")
            await desk.until_true(lambda: "o0" in desk.text())
            await desk.press("G", "enter")
            await desk.until_true(lambda: "Left alone:" in desk.text())
            assert "calc.py: " in desk.text() and "delete  new.py" in desk.text()
            await desk.press("y")
            await desk.until_true(lambda: not isinstance(desk.app.screen, HistoryScreen))
            assert bench.read("calc.py") == mine and not (bench.root / "new.py").exists()
            await desk.until_true(lambda: "Left alone: calc.py" in desk.hint.text())

    run(story())


def test_entries_of_other_sessions_are_shown(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY]) as desk:
            await accepted(desk)
            first = desk.session.state.session
        async with at_desk(bench, [REPLY]) as desk:
            await desk.press("tab", "L")
            await desk.until_true(lambda: "Log of this session · 0 entries" in desk.text())
            await desk.press("w")
            await desk.until_true(lambda: f"{first}/o2" in desk.text())
            await desk.press("enter")
            await desk.until_true(lambda: f"spark-tui restore {first}/o2" in desk.text())
            assert bench.read("new.py") == "NEW = 1\n"

    run(story())


def test_the_palette_has_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench) as desk:
            await desk.press("ctrl+p")
            await desk.type("the log")
            await desk.until_true(lambda: "back to any entry" in desk.text())
            await desk.press("down", "enter")
            await desk.until_true(lambda: isinstance(desk.app.screen, HistoryScreen))

    run(story())
