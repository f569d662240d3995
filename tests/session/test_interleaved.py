"""Two programs in one repository: their edits take turns, none is lost, both journals are whole."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spark_tui.session import events as ev
from spark_tui.session.journal import replay
from spark_tui.session.opening import open_session, worktree_state_dir
from spark_tui.settings.config import load
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]
ROOT = Path(__file__).parents[2]
WRITER = """
import asyncio, sys
from pathlib import Path
from spark_tui.session.opening import open_session
from spark_tui.settings.config import load
import os
EDIT = '''*** Begin Patch
*** Update File: both.txt
@@
-{name} {at}
+{name} {next}
*** End Patch
'''
async def main(root, name, count):
    environ = dict(os.environ)
    settings = load(environ=environ)
    for at in range(count):
        session = await open_session(root, settings, environ=environ, lock_wait_s=60)
        await session.look()
        outcome = await session.apply_reply(EDIT.format(name=name, at=at, next=at + 1))
        assert all(h.status.value == "accepted" for h in session.state.hunks.values()), outcome
        await session.close()
asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_edits_of_two_take_turns(bench: Bench, run: Run, count: int) -> None:
    """Each of the two changes its own line of one file, again and again."""
    gap = "".join(f"line {n}\n" for n in range(20))
    bench.write("both.txt", f"left 0\n{gap}right 0\n")
    environ = {**bench.environ, "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(bench.root), name, str(count)],
            cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True,
        )
        for name in ("left", "right")
    ]  # fmt: skip
    for process in both:
        _, said = process.communicate(timeout=280)
        assert process.returncode == 0, said
    assert bench.read("both.txt") == f"left {count}\n{gap}right {count}\n"
    journals = list((worktree_state_dir(bench.environ, bench.root) / "sessions").glob("*/*.jsonl"))
    damage: list[int] = []
    written = [e for path in journals for e in replay(path, damage)
               if isinstance(e, ev.FilesWritten)]  # fmt: skip
    assert len(written) == 2 * count and damage == []


def test_a_reader_beside_writers_gets_in_nobodys_way(bench: Bench, run: Run) -> None:
    """An app that reads along while verbs write: they all get their turn, it ends up with all."""
    gap = "".join(f"line {n}\n" for n in range(20))
    bench.write("both.txt", f"left 0\n{gap}right 0\n")
    environ = {**bench.environ, "PYTHONPATH": str(ROOT)}

    async def story() -> None:
        settings = load(environ=bench.environ)
        holder, _ = await bench.open()
        await holder.queue("so that it is a session")
        reader = await open_session(
            bench.root, settings, environ=bench.environ, or_along=True, lock_wait_s=0
        )
        assert reader.access.is_reader
        await holder.close()

        async def follow() -> None:
            async for _ in reader.follow():
                pass

        following = asyncio.ensure_future(follow())
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(bench.root), "left", "8", cwd=ROOT, env=environ
        )
        assert await process.wait() == 0
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert await reader.access.ask() == ""
        await reader.close()
        assert bench.read("both.txt").startswith("left 8\n")

    run(story())
