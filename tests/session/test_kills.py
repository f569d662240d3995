"""A process that dies at any step of a write: the next start ends the story, files and journal
agree, and no hunk is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spark_tui.session.events import Decision, HunkId
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.killed import STEPS

Run = Callable[[Awaitable[None]], None]

OLD = (CALC, "# Calc\n")
NEW = (CALC.replace("a - b", "-b + a"), "# Sums\n")
BOTH = (HunkId("t1h1"), HunkId("t1h2"))
ROOT = Path(__file__).parents[2]


def die(bench: Bench, step: str, verb: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed", str(bench.root), step, verb],
        cwd=ROOT, env={**bench.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 9, done.stderr.decode()


def files(bench: Bench) -> tuple[str, str]:
    return bench.read("calc.py"), bench.read("README.md")


TOLD = ("middle", "written", "torn")
"""Steps at which accept and undo could differ; the others are walked before a release."""
slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("step", "verb"),
    [
        *((step, "accept") for step in STEPS),
        *(
            pytest.param(step, verb, marks=[] if verb == "undo" and step in TOLD else slow)
            for step in STEPS
            for verb in ("undo", "undo-turn")
        ),
    ],
)
def test_killed_at(bench: Bench, run: Run, step: str, verb: str) -> None:
    async def story() -> None:
        die(bench, step, verb)
        came_through = step in ("written", "torn", "recorded", "done")
        session, _ = await bench.open(fresh=False)
        notices = [n.message for n in session.state.notices]
        assert files(bench) == (NEW if (verb == "accept") == came_through else OLD)
        begin = "Interrupted apply:"
        match step:
            case "middle":
                assert notices == [
                    "Interrupted apply: 1 of 2 files written. Restored. Nothing lost."
                ]
            case "begun":
                assert notices == [f"{begin} 0 of 2 files written. Nothing was changed."]
            case "written":
                assert notices == [f"{begin} 2 of 2 files written. It is complete."]
            case _:
                assert notices == []
        is_in = (verb == "accept") == came_through
        out = Status.UNDONE if verb == "undo-turn" else Status.PLACED
        statuses = {h.status for h in session.state.hunks.values()}
        assert statuses == {Status.ACCEPTED if is_in else out}
        result = await session.decide(BOTH, Decision.ACCEPTED)
        assert (result.already if is_in else result.written) == BOTH
        assert files(bench) == NEW
        while session.state.acts:
            acted = await session.undo()
            assert acted.done, acted.message
        assert files(bench) == OLD
        assert {h.status for h in session.state.hunks.values()} == {Status.PLACED}
        assert not list(bench.root.rglob(".spark-tui-*"))
        await session.close()

    run(story())


def test_another_session_ends_the_story_of_the_killed_one(bench: Bench, run: Run) -> None:
    async def story() -> None:
        die(bench, "written", "accept")
        (killed,) = (Path(bench.environ["SPARK_TUI_STATE_DIR"]) / "worktrees").glob("*/current")
        name = killed.read_text().strip()
        session, _ = await bench.open()
        assert [n.message for n in session.state.notices]
        await session.close()
        session, _ = await bench.open(resume=name)
        assert {h.status for h in session.state.hunks.values()} == {Status.ACCEPTED}
        assert (await session.undo()).done and files(bench) == OLD
        await session.close()

    run(story())


def test_what_the_person_did_after_a_recorded_write_is_theirs(bench: Bench, run: Run) -> None:
    async def story() -> None:
        die(bench, "recorded", "accept")
        bench.git("checkout", "-q", "calc.py")
        session, _ = await bench.open(fresh=False)
        assert files(bench) == (OLD[0], NEW[1]), "nothing is taken back behind their back"
        assert session.state.notices == []
        await session.close()

    run(story())
