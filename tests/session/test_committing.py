"""Commits hold exactly the accepted hunks; everything else of the person stays as it was."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import CommitDone, CommitRefused
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


def test_only_accepted_hunks_are_committed(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TWO), *done()], [*say("Swap add"), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        bench.write("README.md", "# Calc\nmine, unstaged\n")
        bench.write("staged.txt", "mine, staged\n")
        bench.git("add", "staged.txt")
        await session.draft_message()
        assert session.state.message == "Swap add" and session.state.message_done
        result = await session.commit(session.state.message)
        assert isinstance(result, CommitDone)
        shown = bench.git("show", "--format=%B", "HEAD")
        assert "Assisted-by: spark-tui:" in shown
        assert "+    return b + a" in shown and "-b + a" not in shown
        assert bench.git("show", "--name-only", "--format=", "HEAD").split() == ["calc.py"]
        assert bench.git("status", "--porcelain").splitlines() == [" M README.md", "A  staged.txt"]
        assert session.state.hunks[H1].committed == result.commit
        await session.close()

    run(story())


def test_a_persons_edits_in_the_same_file_stay_out(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("calc.py", CALC + "\n\nmine = 1\n")
        session, _ = await bench.open([[*patch(TWO), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        result = await session.commit("Swap")
        assert isinstance(result, CommitDone), result
        assert bench.git("show", "HEAD:calc.py") == CALC.replace("a + b", "b + a")
        assert bench.read("calc.py") == CALC.replace("a + b", "b + a") + "\n\nmine = 1\n"
        await session.close()

    run(story())


def test_a_hook_that_refuses_loses_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        hook = bench.root / ".git/hooks/pre-commit"
        hook.write_text("#!/bin/sh\necho no way >&2\nexit 1\n")
        hook.chmod(0o755)
        session, _ = await bench.open([[*patch(TWO), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        head = bench.git("rev-parse", "HEAD")
        result = await session.commit("Swap")
        assert isinstance(result, CommitRefused) and result.code == "hook"
        assert "no way" in result.output
        assert bench.git("rev-parse", "HEAD") == head
        assert [f.hunks for f in session.commit_preview()] == [(H1,)]
        hook.unlink()
        assert isinstance(await session.commit("Swap"), CommitDone)
        assert not session.commit_preview()
        await session.close()

    run(story())


def test_a_hook_that_hangs_can_be_stopped(bench: Bench, run: Run) -> None:
    async def story() -> None:
        started = bench.root / ".git/started"
        os.mkfifo(started)
        hook = bench.root / ".git/hooks/pre-commit"
        hook.write_text("#!/bin/sh\necho on > .git/started\nexec sleep 600\n")
        hook.chmod(0o755)
        session, _ = await bench.open([[*patch(TWO), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        head = bench.git("rev-parse", "HEAD")
        commit = asyncio.ensure_future(session.commit("Swap"))
        await asyncio.to_thread(started.read_bytes)
        session.stop_commit()
        assert isinstance(await commit, CommitRefused)
        assert bench.git("rev-parse", "HEAD") == head
        assert [f.hunks for f in session.commit_preview()] == [(H1,)]
        await session.close()

    run(story())


def test_an_undo_after_the_commit_is_refused_in_words(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TWO), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        await session.commit("Swap")
        acted = await session.undo()
        assert not acted.done and "commit" in acted.message
        assert bench.of(ev.Committed)
        await session.close()

    run(story())


def test_two_turns_on_one_new_file_make_one_commit(bench: Bench, run: Run) -> None:
    async def story() -> None:
        add = "*** Begin Patch\n*** Add File: new.py\n+x = 1\n*** End Patch\n"
        edit = "*** Begin Patch\n*** Update File: new.py\n@@\n-x = 1\n+x = 2\n*** End Patch\n"
        session, _ = await bench.open([[*patch(add), *done()], [*patch(edit), *done()]])
        await session.run("add")
        await session.decide([H1], Decision.ACCEPTED)
        await session.run("edit new.py")
        await session.decide([HunkId("t2h1")], Decision.ACCEPTED)
        assert isinstance(await session.commit("Add new"), CommitDone)
        assert bench.git("show", "HEAD:new.py") == "x = 2\n"
        assert bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())


def test_nothing_accepted_is_said(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        result = await session.commit("Empty")
        assert isinstance(result, CommitRefused) and result.code == "nothing"
        await session.close()

    run(story())
