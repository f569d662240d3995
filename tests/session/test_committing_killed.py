"""A process that dies at any step of a commit, or while git and its hooks go on without it: the
next start knows whether the commit was made, and the index tells no lies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spark_tui.model.scripted import done, patch
from spark_tui.repo import settling
from spark_tui.session import events as ev
from spark_tui.session.events import HunkId
from spark_tui.session.session import CommitDone
from tests.support.bench import CALC, Bench
from tests.support.killed import TEXT
from tests.support.killed_commit import STEPS

Run = Callable[[Awaitable[None]], None]
ROOT = Path(__file__).parents[2]
BOTH = (HunkId("t1h1"), HunkId("t1h2"))
NEW = (CALC.replace("a - b", "-b + a"), "# Sums\n")
MADE = ("made", "settled", "recorded", "closed")


def die(bench: Bench, step: str, how: str = "commit") -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_commit", str(bench.root), step, how],
        cwd=ROOT, env={**bench.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 9, done.stderr.decode()


def staged_by_the_person(bench: Bench) -> None:
    bench.write("mine.txt", "staged\n")
    bench.git("add", "mine.txt")


TOLD = ("begun", "made")
"""Steps at which an amend could differ; the others are walked before a release."""


@pytest.mark.parametrize(
    ("step", "how"),
    [
        *((step, "commit") for step in STEPS),
        *(
            pytest.param(step, "amend", marks=[] if step in TOLD else pytest.mark.slow)
            for step in STEPS
        ),
    ],
)
def test_killed_at(bench: Bench, run: Run, step: str, how: str) -> None:
    async def story() -> None:
        staged_by_the_person(bench)
        die(bench, step, how)
        before = bench.git("rev-list", "HEAD").split()
        session, _ = await bench.open(fresh=False)
        state = session.state
        assert bench.git("rev-list", "HEAD").split() == before, "starting commits nothing"
        is_made = step in MADE
        assert [c.subject for c in state.commits] == (
            ["Change both"] if is_made else ["Change one"] if how == "amend" else []
        )
        assert state.commit_begun is None
        left = [h.id for h in state.accepted_hunks()]
        assert left == ([] if is_made else [BOTH[1]] if how == "amend" else list(BOTH))
        marks = bench.git("status", "--porcelain").splitlines()
        dirty = {"README.md": " M README.md", "calc.py": " M calc.py"}
        kept = [] if is_made else [dirty["README.md"]]
        assert sorted(marks) == sorted(
            [*kept, *([] if is_made or how == "amend" else [dirty["calc.py"]]), "A  mine.txt"]
        )
        said = " ".join(n.message for n in state.notices)
        match step:
            case "begun":
                assert "nothing was committed" in said
                assert state.commit_draft is not None and state.commit_draft.text == "Change both"
            case "made" | "settled":
                assert "the commit is made" in said
            case _:
                assert said == ""
        if is_made:
            last = state.operations[-1]
            assert last.kind == how and sorted(last.hunks) == sorted(BOTH)
            assert all(state.hunks[h].committed == before[0] for h in BOTH)
        else:
            done = await session.commit("Again")
            assert isinstance(done, CommitDone), done
        assert (bench.read("calc.py"), bench.read("README.md")) == NEW
        assert bench.git("status", "--porcelain") == "A  mine.txt\n"
        await session.close()

    run(story())


@pytest.mark.parametrize("refuses", [False, True])
def test_git_goes_on_without_us(bench: Bench, run: Run, refuses: bool) -> None:
    async def story() -> None:
        staged_by_the_person(bench)
        git = bench.root / ".git"
        for name in ("started", "go", "ended"):
            os.mkfifo(git / name)
        end = "echo > .git/ended; exit 1" if refuses else "exit 0"
        hook(bench, "pre-commit", f"echo > .git/started; cat .git/go; {end}")
        if not refuses:
            hook(bench, "post-commit", "echo > .git/ended")
        die(bench, "hook")
        session, _ = await bench.open(fresh=False)
        assert "still commits" in session.state.notices[-1].message
        assert session.state.commit_begun is not None
        refused = await session.commit("Meanwhile")
        assert getattr(refused, "code", "") == "running"
        (git / "go").write_bytes(b"\n")
        (git / "ended").read_bytes()
        while session.state.commit_begun is not None:
            await session.look()
        commits = bench.git("log", "--format=%s").split("\n")
        assert (commits[0] == "Change both") is not refuses
        assert bool(session.state.commits) is not refuses
        status = bench.git("status", "--porcelain")
        assert status == (" M README.md\n M calc.py\nA  mine.txt\n" if refuses else "A  mine.txt\n")
        await session.close()

    run(story())


def test_a_fresh_session_ends_the_story_of_the_killed_one(bench: Bench, run: Run) -> None:
    async def story() -> None:
        die(bench, "made")
        (current,) = (Path(bench.environ["SPARK_TUI_STATE_DIR"]) / "worktrees").glob("*/current")
        name = current.read_text().strip()
        session, _ = await bench.open()
        assert "the commit is made" in session.state.notices[-1].message
        assert bench.git("status", "--porcelain") == ""
        await session.close()
        session, _ = await bench.open(resume=name)
        assert [c.subject for c in session.state.commits] == ["Change both"]
        await session.close()

    run(story())


def test_hooks_that_change_content_and_message_do_not_hide_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        hook(bench, "pre-commit", "echo x > extra; git add extra")
        hook(bench, "commit-msg", 'sed -i "1s/^.*$/PROJ-1/" "$1"')
        die(bench, "made")
        session, _ = await bench.open(fresh=False)
        assert [c.subject for c in session.state.commits] == ["PROJ-1"]
        assert "the commit is made" in session.state.notices[-1].message
        assert "A hook also changed: extra" in session.state.notices[-1].message
        assert bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())


def test_a_commit_of_the_persons_own_is_not_taken_for_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        die(bench, "begun")
        bench.git("commit", "-q", "--allow-empty", "-m", "Mine")
        session, _ = await bench.open(fresh=False)
        assert session.state.commits == []
        assert "nothing was committed" in session.state.notices[-1].message
        await session.close()

    run(story())


def test_further_commits_on_top_do_not_hide_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        die(bench, "made")
        ours = bench.git("rev-parse", "HEAD").strip()
        bench.git("commit", "-q", "--allow-empty", "-m", "Mine", "--only")
        session, _ = await bench.open(fresh=False)
        assert [c.commit for c in session.state.commits] == [ours]
        assert bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())


def test_an_index_that_was_locked_follows_later(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "LOCK_WAIT_S", 0.0)

    async def story() -> None:
        lock = bench.root / ".git/index.lock"
        hook(bench, "post-commit", "touch .git/index.lock")
        session, _ = await bench.open([[*patch(TEXT), *done()]])
        await session.run("change both")
        await session.decide(list(session.state.hunks), ev.Decision.ACCEPTED)
        made = await session.commit("Change both")
        assert isinstance(made, CommitDone) and made.is_late
        assert str(lock) in made.note and "follows" in made.note
        assert lock.exists(), "it is never taken away"
        assert "MM calc.py" in bench.git("status", "--porcelain")
        await session.close()
        lock.unlink()
        session, _ = await bench.open(fresh=False)
        assert bench.git("status", "--porcelain") == ""
        assert session.state.index_late == []
        await session.close()

    run(story())


def hook(bench: Bench, name: str, script: str) -> None:
    path = bench.root / ".git/hooks" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
