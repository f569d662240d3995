"""A process that dies at any step of taking a commit back, or of bringing it back: the next start
ends the story. Branch, index, files and journal tell the same, and the way forth and back works."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spark_tui.session.session import Session
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.killed_commits import STEPS

Run = Callable[[Awaitable[None]], None]
OLD = (CALC, "# Calc\n")
NEW = (CALC.replace("a - b", "-b + a"), "# Sums\n")
ROOT = Path(__file__).parents[2]
TOLD = {
    "drop": ("begun", "moved", "planned", "middle", "torn"),
    "revert": ("begun", "made", "unsettled"),
    "redo": ("written", "back", "unsettled"),
    "keep": ("moved",),
    "unrevert": ("moved",),
}
"""Steps at which something new could go wrong; the others are walked before a release."""
slow = pytest.mark.slow


def die(bench: Bench, step: str, verb: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_commits", str(bench.root), step, verb],
        cwd=ROOT, env={**bench.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 9, done.stderr.decode()


def files(bench: Bench) -> tuple[str, str]:
    return bench.read("calc.py"), bench.read("README.md")


def subjects(bench: Bench) -> list[str]:
    return bench.git("log", "--format=%s").splitlines()


def tells_the_same(bench: Bench, session: Session) -> None:
    """What the journal says of the commit is what git says, and the index is HEAD's."""
    log = subjects(bench)
    stands = {h.committed != "" for h in session.state.hunks.values()}
    is_in = log[0] == "Swap"
    assert stands == {is_in}, (stands, log)
    assert bool(session.state.commits) is is_in
    assert session.state.uncommit_begun is None
    assert bench.git("diff", "--cached", "--name-status") == ""
    found = {h.status for h in session.state.hunks.values()}
    assert (found == {Status.ACCEPTED}) is (files(bench) == NEW), (found, files(bench))
    assert files(bench) in (OLD, NEW)
    assert not list(bench.root.rglob(".spark-tui-*"))
    ops = [o.op for o in session.state.operations]
    assert ops == list(range(1, len(ops) + 1))


@pytest.mark.parametrize(
    ("step", "verb"),
    [
        pytest.param(step, verb, marks=[] if step in TOLD[verb] else slow)
        for verb, steps in STEPS.items()
        for step in steps
    ],
)
def test_killed_at(bench: Bench, run: Run, step: str, verb: str) -> None:
    async def story() -> None:
        bench.write("own.txt", "mine\n")
        bench.git("add", "own.txt")
        bench.git("commit", "-qm", "mine")
        first = bench.git("rev-parse", "HEAD")
        die(bench, step, verb)
        session, _ = await bench.open(fresh=False)
        tells_the_same(bench, session)
        if not session.state.commits:
            assert (await session.redo()).done, "the commit comes back"
            tells_the_same(bench, session)
        assert files(bench) == NEW and subjects(bench) == ["Swap", "mine", "Start"]
        acted = await session.undoing.undo_commit()
        assert acted.done and not acted.proposals, acted
        assert (files(bench), bench.git("rev-parse", "HEAD")) == (OLD, first)
        tells_the_same(bench, session)
        await session.close()
        session, _ = await bench.open(fresh=False)
        tells_the_same(bench, session)
        await session.close()

    run(story())


def test_it_is_said(bench: Bench, run: Run) -> None:
    async def story() -> None:
        die(bench, "moved", "drop")
        session, _ = await bench.open()
        (notice,) = (n.message for n in session.state.notices)
        assert notice.startswith("Interrupted undo: Commit ")
        assert "is off the branch; what is left of it in your files is accepted." in notice
        await session.close()

    run(story())


def test_a_hook_that_outlives_us_is_waited_for(bench: Bench, run: Run) -> None:
    """The revert's own git goes on after our death: its commit is recorded when it is there."""

    async def story() -> None:
        hook = bench.root / ".git/hooks/commit-msg"
        hook.parent.mkdir(exist_ok=True)
        gate, started = bench.root / ".git/gate", bench.root / ".git/started"
        os.mkfifo(gate)
        os.mkfifo(started)
        hook.write_text('#!/bin/sh\ngrep -q "This reverts" "$1" || exit 0\n'
                        "echo on > .git/started\nread word < .git/gate\n")  # fmt: skip
        hook.chmod(0o755)
        await asyncio.to_thread(die, bench, "hook", "revert")
        session, _ = await bench.open(fresh=False)
        assert "git still makes the commit against" in session.state.notices[-1].message
        await session.close()
        await asyncio.to_thread(gate.write_text, "go\n")
        await asyncio.to_thread(outlived, bench)
        session, _ = await bench.open(fresh=False)
        assert subjects(bench)[0] == 'Revert "Swap"' and not session.state.commits
        assert bench.git("diff", "--cached", "--name-status") == ""
        assert (await session.redo()).done and subjects(bench)[0] == "Swap"
        await session.close()

    run(story())


def outlived(bench: Bench) -> None:
    """Until the git that makes the commit has ended."""
    (folder,) = Path(bench.environ["SPARK_TUI_STATE_DIR"]).glob("worktrees/*/uncommit")
    with (folder / "running").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
