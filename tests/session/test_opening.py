"""Opening again: which session is meant, what an earlier one left, what is no longer there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spark_tui.model.scripted import done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.listing import sessions_of
from spark_tui.session.opening import worktree_state_dir
from spark_tui.session.sessions import left, rows
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]
EDIT = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
*** End Patch
"""


def home(bench: Bench) -> Path:
    return worktree_state_dir(bench.environ, bench.root)


def folders(bench: Bench) -> set[str]:
    return {path.name for path in (home(bench) / "sessions").iterdir()}


def test_a_start_in_which_nothing_was_asked_leaves_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        asked, _ = await bench.open()
        await asked.queue("later")
        await asked.close()
        for _ in range(3):
            bare, _ = await bench.open()
            bare.keep_view(ev.ViewKept("chat"))
            await bare.close()
        assert folders(bench) == {asked.state.session, bare.state.session}
        again, _ = await bench.open(fresh=False)
        assert again.state.session == asked.state.session, "that is the last one"
        await again.close()

    run(story())


def test_what_an_earlier_session_left(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open([[*patch(EDIT), *done()]])
        await first.run("swap")
        first.keep_draft("half a thought")
        await first.queue("later")
        await first.close()
        fresh, _ = await bench.open()
        row = await fresh.sessions.left()
        assert row is not None and row.session == first.state.session
        assert (row.open, row.queued, row.has_draft, row.lost) == (1, 1, True, 0)
        assert not row.is_cut and not row.is_unsealed and row.prompt == "swap"
        assert [r.session for r in await fresh.sessions.others()] == [first.state.session]
        (live,) = [r for r in sessions_of(bench.root, bench.environ) if not r.is_live]
        assert live.session == first.state.session
        await fresh.close()

    run(story())


def test_a_session_that_is_done_with_is_not_offered(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open([[*say("Nothing to do."), *done()]])
        await first.run("look")
        await first.close()
        assert left(home(bench)) is None
        assert [row.turns for row in rows(home(bench))] == [1]

    run(story())


def test_an_answer_in_the_middle_of_a_death(bench: Bench, run: Run) -> None:
    """Its journal ends while a hunk grows."""

    async def story() -> None:
        first, _ = await bench.open([[*patch(EDIT), *done()]])
        await first.run("swap")
        await first.close()
        path = home(bench) / "sessions" / first.state.session / "journal.jsonl"
        data = path.read_bytes()
        path.write_bytes(data[: data.index(b'{"e":"HunkPlaced"')])
        row = left(home(bench))
        assert row is not None and row.is_unsealed and row.lost == 1 and row.open == 0
        again, _ = await bench.open(fresh=False)
        row = left(home(bench))
        assert row is not None and not row.is_unsealed and row.is_cut and row.lost == 1
        assert again.unfinished is not None and again.unfinished.how == "continue"
        await again.close()

    run(story())


def test_a_hunk_whose_text_is_gone_is_said(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open([[*patch(EDIT), *done()]])
        await first.run("swap")
        await first.close()
        bench.write("calc.py", "something else\n")
        for folder in home(bench).iterdir():
            if folder.name not in ("sessions", "current", "lock"):
                shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
        again, _ = await bench.open(fresh=False)
        said = [notice.message for notice in again.state.notices]
        assert said == ["The text that t1h1 was made for is gone."]
        await again.close()

    run(story())


def test_bytes_that_could_not_be_kept_are_in_the_checkpoint(bench: Bench, run: Run) -> None:
    """A full disk may cost the copy of what the model saw; the write had its checkpoint."""

    async def story() -> None:
        session, _ = await bench.open([[*patch(EDIT), *done()]])
        before = bench.read("calc.py")
        await session.run("swap")
        await session.decide(list(session.state.hunks), ev.Decision.ACCEPTED)
        assert bench.read("calc.py") != before
        await session.close()
        shutil.rmtree(home(bench) / "blobs")
        again, _ = await bench.open(fresh=False)
        assert (await again.undo()).done
        assert bench.read("calc.py") == before
        await again.close()

    run(story())


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_everything_of_ours_is_private(bench: Bench, run: Run, mask: int) -> None:
    before = os.umask(mask)

    async def story() -> None:
        session, _ = await bench.open([[*patch(EDIT), *done()]])
        await session.run("swap")
        await session.close()

    try:
        run(story())
    finally:
        os.umask(before)
    ours = home(bench)
    for path in (ours, *(p for p in ours.rglob("*") if "store.git/" not in str(p))):
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.stat().st_mode & 0o777 == wanted, path


def test_a_clock_that_jumped_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open()
        await first.queue("later")
        await first.close()
        path = home(bench) / "sessions" / first.state.session / "journal.jsonl"
        os.utime(path, (4_000_000_000, 4_000_000_000))
        row = left(home(bench))
        assert row is not None and row.queued == 1
        os.utime(path, (-10, -10))
        assert left(home(bench)) is not None

    run(story())
