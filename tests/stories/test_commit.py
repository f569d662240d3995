"""Stories: from accepted hunks to a commit that holds them and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from spark_tui.model.scripted import done, patch, say
from spark_tui.session import events as ev
from tests.support.bench import Bench
from tests.support.desk import Desk, at_desk

Run = Callable[[Awaitable[None]], None]

STRICT = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return int(a) + int(b)
*** End Patch
"""


async def accept_one(desk: Desk) -> None:
    await desk.prompt.say("strict")
    await desk.until(ev.TurnEnded)
    await desk.prompt.press("enter")
    await desk.diff.press("y")
    await desk.until(ev.HunksDecided)


def test_commit_what_was_reviewed(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("README.md", "# Calc\n\nMine.\n")
        replies = [
            (*patch(STRICT), *done()),
            (*say("Make add strict\n\nIt took anything."), *done()),
        ]
        async with at_desk(bench, replies) as desk:
            await accept_one(desk)
            await desk.diff.press("C")
            await desk.until_true(lambda: "It took anything." in desk.text())
            assert "int(a) + int(b)" in desk.text()
            assert "Mine." not in desk.text()
            await desk.press("enter")
            await desk.until(ev.Committed)
            await desk.until_true(lambda: "committed" in desk.hint.text())
            assert desk.diff.has_focus
        assert bench.git("log", "-1", "--format=%s").strip() == "Make add strict"
        assert bench.git("show", "--stat", "--format=", "HEAD").count("|") == 1
        assert bench.git("status", "--porcelain").split() == ["M", "README.md"]

    run(story())


def test_ones_own_words_stay(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [(*patch(STRICT), *done()), (*say("A long message of the model."), *done())]
        async with at_desk(bench, replies, gate=True) as desk:
            desk.provider.step(1000)
            await accept_one(desk)
            desk.provider._allowed = 0
            await desk.diff.press("C")
            await desk.until(ev.MessageDrafted)
            await desk.type("Mine: ")
            desk.provider.step(1000)
            await desk.until_true(lambda: desk.of(ev.MessageDrafted)[-1].done)
            assert "Mine: " in desk.text()
            assert "of the model" not in desk.text()
            await desk.press("escape")
            assert desk.diff.has_focus
            assert not desk.of(ev.Committed)

    run(story())


def test_a_refusing_hook_loses_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        hook = bench.root / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'lint says no: line 2' >&2\nexit 1\n")
        hook.chmod(0o755)
        replies = [(*patch(STRICT), *done()), (*say("Make add strict"), *done())]
        async with at_desk(bench, replies) as desk:
            await accept_one(desk)
            await desk.diff.press("C")
            await desk.until_true(lambda: "Make add strict" in desk.text())
            await desk.press("enter")
            await desk.until_true(lambda: "lint says no: line 2" in desk.text())
            assert "not committed" in desk.text()
            assert "Make add strict" in desk.text()
            hook.unlink()
            await desk.press("enter")
            await desk.until(ev.Committed)

    run(story())


def test_nothing_accepted_opens_no_view(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, []) as desk:
            await desk.press("tab")
            await desk.diff.press("C")
            desk.hint.shows("nothing is accepted yet")
            assert desk.diff.has_focus

    run(story())


def test_a_folder_without_git_has_nothing_to_commit_to(
    bench: Bench, run: Run, tmp_path: Path
) -> None:
    async def story() -> None:
        bench.root = tmp_path / "plain"
        bench.root.mkdir()
        bench.write("calc.py", "def add(a, b):\n    return a + b\n")
        async with at_desk(bench, [(*patch(STRICT), *done())]) as desk:
            await accept_one(desk)
            await desk.until_true(lambda: "wrote" in desk.hint.text())
            await desk.diff.press("C")
            desk.hint.shows("no git repository")
            assert desk.diff.has_focus

    run(story())
