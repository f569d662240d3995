"""A process that dies at any step of a restore, or of its undo: the next start ends the story."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spark_tui.session.since import Moment
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.killed import STEPS

Run = Callable[[Awaitable[None]], None]

OLD = (CALC, "# Calc\n")
NEW = (CALC.replace("a - b", "-b + a"), "# Sums\n")
ROOT = Path(__file__).parents[2]
THROUGH = ("written", "torn", "recorded", "done")


def die(bench: Bench, step: str, verb: str) -> None:
    died = subprocess.run(
        [sys.executable, "-m", "tests.support.killed", str(bench.root), step, verb],
        cwd=ROOT, env={**bench.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert died.returncode == 9, died.stderr.decode()


@pytest.mark.parametrize(
    ("step", "verb"),
    [*((step, "restore") for step in STEPS), ("middle", "unrestore"), ("written", "unrestore")],
)
def test_killed_at(bench: Bench, run: Run, step: str, verb: str) -> None:
    async def story() -> None:
        die(bench, step, verb)
        session, _ = await bench.open(fresh=False)
        is_out = (verb == "restore") == (step in THROUGH)

        def stands() -> tuple[tuple[str, str], set[Status], set[bool]]:
            hunks = session.state.hunks.values()
            texts = bench.read("calc.py"), bench.read("README.md")
            return texts, {h.status for h in hunks}, {h.written for h in hunks}

        inside = (NEW, {Status.ACCEPTED}, {True})
        outside = (OLD, {Status.PLACED}, {False})
        assert stands() == (outside if is_out else inside)
        kinds = [o.kind for o in session.state.operations]
        told = [("restore",), ("restore", "undo")][verb == "unrestore"]
        assert kinds == ["accept", *(told if step in THROUGH else told[:-1])]
        assert [o.op for o in session.state.operations] == list(range(1, len(kinds) + 1))
        # and all of it can be walked from here
        if is_out and step in THROUGH:
            assert (await session.undo()).done and stands() == inside
        await session.restoring.restore(Moment(after=0))
        assert stands() == outside
        assert (await session.undo()).done and stands() == inside
        assert (await session.undo()).done and stands() == outside
        assert not list(bench.root.rglob(".spark-tui-*"))
        await session.close()

    run(story())
