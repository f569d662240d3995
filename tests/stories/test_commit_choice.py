"""Stories of the commit view: a part of the hunks, a hook's findings, amend, a restart."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from spark_tui.model.scripted import done, patch, say
from spark_tui.session import events as ev
from spark_tui.tui.screens.asked import CommitAsked
from tests.support.bench import Bench
from tests.support.desk import Desk, at_desk, at_session

Run = Callable[[Awaitable[None]], None]

TWO = """\
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
REPLIES = [(*patch(TWO), *done()), (*say("Make both strict"), *done())]


def hook(bench: Bench, script: str) -> Path:
    path = bench.root / ".git" / "hooks" / "pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


async def accept_all(desk: Desk) -> None:
    await desk.prompt.say("strict")
    await desk.until(ev.TurnEnded)
    await desk.prompt.press("enter")
    await desk.diff.press("A")
    await desk.until(ev.HunksDecided)


async def open_view(desk: Desk, message: str) -> None:
    await desk.diff.press("C")
    await desk.until_true(lambda: message in desk.text())


def test_one_hunk_of_two(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [*REPLIES, (*say("Make sub strict"), *done())]
        async with at_desk(bench, replies) as desk:
            await accept_all(desk)
            await open_view(desk, "Make both strict")
            assert desk.text().count("[x]") == 3
            await desk.press("tab", "j", "space")
            assert "exactly 1 of the 2 accepted hunks" in desk.text()
            assert "[-] calc.py" in desk.text() and "[ ] t1h1" in desk.text()
            await desk.press("enter")
            await desk.until_true(lambda: "Make sub strict" in desk.text())
            await desk.press("enter")
            await desk.until(ev.Committed)
            assert desk.of(ev.Committed)[-1].hunks == ("t1h2",)
            await desk.until_true(lambda: "committed" in desk.hint.text())
            await desk.diff.press("C")
            await desk.until_true(lambda: "t1h1" in desk.text() and "[x]" in desk.text())
            assert "t1h2" not in desk.text()
        shown = bench.git("show", "--format=%s", "HEAD")
        assert "+    return int(a) - int(b)" in shown and "int(a) + int(b)" not in shown
        assert bench.git("status", "--porcelain") == " M calc.py\n"

    run(story())


def test_none_is_nothing_to_commit(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, REPLIES) as desk:
            await accept_all(desk)
            await open_view(desk, "Make both strict")
            await desk.press("tab", "a")
            assert desk.text().count("[ ]") == 3
            await desk.press("tab", "enter")
            assert "no hunk is chosen" in desk.text()
            await desk.press("shift+tab", "a")
            assert desk.text().count("[x]") == 3 and not desk.of(ev.Committed)

    run(story())


def test_from_a_finding_to_its_hunk_and_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        said = "calc.py:6:5: E2 \\033[31mno\\033[0m [/x]\\nthe whole \\033]0;t\\007\\n"
        path = hook(bench, f"printf '{said}'; echo >> README.md; exit 1")
        async with at_desk(bench, REPLIES) as desk:
            await accept_all(desk)
            await open_view(desk, "Make both strict")
            await desk.type(": really")
            await desk.press("enter")
            await desk.until_true(lambda: "calc.py:6:5" in desk.text())
            assert "E2 no [/x]" in desk.text() and "README.md  changed by a hook" in desk.text()
            assert "not committed" in desk.text() and "the whole" not in desk.text()
            await desk.press("tab", "tab", "o")
            assert "the whole ␛]0;t␇" in desk.text()
            await desk.press("o", "enter")
            await desk.until_true(lambda: desk.diff.has_focus)
            assert "calc.py:6 is in t1h2" in desk.hint.text()
            assert desk.app.desk.diff.current == "t1h2"
            path.unlink()
            await desk.diff.press("C")
            await desk.until_true(lambda: "Make both strict: really" in desk.text())
            await desk.press("enter")
            await desk.until(ev.Committed)
        assert bench.git("log", "-1", "--format=%s") == "Make both strict: really\n"

    run(story())


def test_amend_by_a_key_and_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [*REPLIES, (*say("Another"), *done())]
        async with at_desk(bench, replies) as desk:
            await accept_all(desk)
            bench.git("update-ref", "refs/remotes/origin/main", "HEAD")
            await open_view(desk, "Make both strict")
            await desk.press("tab", "m")
            await desk.until_true(lambda: "m once more" in desk.text())
            assert "origin/main" in desk.text() and "Amend" not in desk.text()
            await desk.press("m")
            await desk.until_true(lambda: "Amend " in desk.text())
            assert "“Start”" in desk.text()
            await desk.press("enter", "!", "enter")
            await desk.until(ev.Committed)
        assert bench.git("log", "--format=%s") == "Start!\n"
        assert bench.git("status", "--porcelain") == ""

    run(story())


def test_message_and_choice_survive_a_restart(bench: Bench, run: Run) -> None:
    async def story() -> None:
        hook(bench, "exit 1")
        async with at_desk(bench, REPLIES) as desk:
            await accept_all(desk)
            await open_view(desk, "Make both strict")
            await desk.press("tab", "j", "space", "enter")
            await desk.type(", mine")
            await desk.press("enter")
            await desk.until_true(lambda: "not committed" in desk.text())
        session, provider = await bench.open(fresh=False)
        async with at_session(bench, session, provider) as desk:
            while not desk.diff.has_focus:
                await desk.press("ctrl+n")
            await desk.diff.press("C")
            await desk.until_true(lambda: ", mine" in desk.text())
            assert "1 of the 2" in desk.text() and "you had begun" in desk.text()

    run(story())


def test_who_commits_is_asked_for(bench: Bench, run: Run) -> None:
    known = Path(bench.environ["GIT_CONFIG_GLOBAL"])
    known.write_text("[user]\n\tuseConfigOnly = true\n")

    async def story() -> None:
        async with at_desk(bench, REPLIES) as desk:
            await accept_all(desk)
            await open_view(desk, "Make both strict")
            await desk.press("enter")
            await desk.until_true(lambda: "does not know who you are" in desk.text())
            await desk.press("tab", *"Eve", "enter")
            assert "name and address are both needed" in desk.text()
            await desk.press("tab", *"eve@e.org", "enter")
            await desk.until(ev.Committed)
        assert bench.git("log", "-1", "--format=%an <%ae>") == "Eve <eve@e.org>\n"

    run(story())
    assert "Eve" not in bench.git("config", "--list") + known.read_text()


def test_a_hook_that_hangs_is_stopped_by_esc(bench: Bench, run: Run) -> None:
    started = bench.root / ".git/started"
    os.mkfifo(started)
    hook(bench, "echo > .git/started; exec sleep 600")

    async def story() -> None:
        async with at_desk(bench, REPLIES) as desk:
            await accept_all(desk)
            await open_view(desk, "Make both strict")
            await desk.press("enter")
            await asyncio.to_thread(started.read_bytes)
            await desk.press("escape")
            await desk.until_true(lambda: "git was stopped; nothing was committed" in desk.text())
            assert "Make both strict" in desk.text() and desk.of(ev.CommitEnded)
            await desk.press("escape")
            assert desk.diff.has_focus

    run(story())
    assert bench.git("log", "--format=%s") == "Start\n"


def test_what_the_person_staged(bench: Bench, run: Run) -> None:
    bench.write("README.md", "# Mine\n")
    bench.git("add", "README.md")
    bench.write("README.md", "# Mine, and more\n")

    async def story() -> None:
        async with at_desk(bench, [(*say("Rename the title"), *done())]) as desk:
            desk.app.action_commit(CommitAsked(staged=True))
            await desk.until_true(lambda: "Rename the title" in desk.text())
            assert "what you have staged, and nothing else" in desk.text()
            assert "README.md  update" in desk.text()
            await desk.press("enter")
            await desk.until(ev.Committed)
            asked = str(desk.provider.requests[-1].items)
            assert "+# Mine" in asked and "and more" not in asked

    run(story())
    assert bench.git("show", "HEAD:README.md") == "# Mine\n"
    assert bench.git("log", "-1", "--format=%B").strip() == "Rename the title"
    assert bench.git("status", "--porcelain") == " M README.md\n"
