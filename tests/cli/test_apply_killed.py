"""`spark-tui apply` on five files, killed at every system call: after the next start the tree is
the old one or the new one, never a mixture, the journal says the same, and undo and redo work.

Each death is real: a child that runs the verb is ended by SIGKILL before its n-th write, fsync,
rename and so on, or with half of a write on the disk (tests/support/deaths.py). Counted is all of
the apply: kept bytes, checkpoint, journal, intent, work tree. By default every step of both cases
is walked and every write torn, and the next start is killed at every step of its own. Marked slow:
deaths behind each step, a file system without exchange and hard links, more starts that are killed,
and for the case with moves the way forth and back after every single death.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from spark_tui.session.events import Decision
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.session.state import Status
from spark_tui.settings.config import load
from tests.support.deaths import CASES, Case, Tree, look

ROOT = Path(__file__).parents[2]
KILLED = -9
Step = tuple[str, int]
"""The n-th of this name."""
NEVER = ("", 0)


@dataclass
class Deaths:
    """The process that makes children and has them killed."""

    process: subprocess.Popen[str]
    folder: Path
    environ: dict[str, str]

    def ask(self, root: str, case: str, at: Step = NEVER, how: str = "before", **more: Any) -> Path:
        """Order a death; it happens while others are looked at. `answer` waits for it."""
        name, nth = at
        where = self.folder / root / "work"
        job = {"case": case, "name": name, "nth": nth, "how": how, "root": str(where)}
        job |= {"plain": False, "verb": "apply"} | more
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return where

    def answer(self) -> Mapping[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))


@pytest.fixture
def deaths(tmp_path: Path, environ: dict[str, str]) -> Iterator[Deaths]:
    command = [sys.executable, "-m", "tests.support.deaths"]
    env = {**environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Deaths(process, tmp_path, environ)


slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("case", "how", "plain", "and_back"),
    [
        ("five", "before", False, True),
        ("five", "torn", False, True),
        ("moved", "before", False, False),
        ("moved", "torn", False, True),
        pytest.param("moved", "before", False, True, marks=slow),
        *(
            pytest.param(case, how, plain, True, marks=slow)
            for case in CASES
            for how, plain in (("after", False), ("before", True), ("torn", True))
        ),
    ],
)
def test_killed_at_every_step(
    deaths: Deaths, case: str, how: str, plain: bool, and_back: bool
) -> None:
    whole = deaths.ask("whole", case, plain=plain)
    lived = deaths.answer()
    assert lived["ended"] == 0 and look(whole) == CASES[case].new
    steps = [s for s in in_turn(lived["names"]) if how != "torn" or s[0].startswith("write")]
    assert len(steps) >= (11 if how == "torn" else 60), "the steps are no longer counted"
    roots = [deaths.ask(f"{n}", case, at, how, plain=plain) for n, at in enumerate(steps)]
    became: set[bool] = set()
    for at, root in zip(steps, roots, strict=True):
        died = deaths.answer()
        # Told events are flushed now and then: there may be a write less of them.
        assert died["ended"] == KILLED or at[0] == "write journal.jsonl", (at, died)
        job = settle(CASES[case], root, deaths.environ, f"{how} {at}", and_back=and_back)
        became.add(asyncio.run(job))
    assert became == {False, True}


@pytest.mark.parametrize(
    ("case", "middle", "is_new"),
    [
        ("moved", "exchange calc.txt", False),
        ("five", "unlink staged", True),
        pytest.param("five", "exchange sums.txt", False, marks=slow),
        pytest.param("moved", "ftruncate twin.txt", False, marks=slow),
    ],
)
def test_the_next_start_is_killed_as_well(
    deaths: Deaths, case: str, middle: str, is_new: bool
) -> None:
    """At each of its own steps; the start after that ends the story of both."""
    deaths.ask("first", case, (middle, 1))
    deaths.ask("first", case, verb="start")
    assert deaths.answer()["ended"] == KILLED
    starts = in_turn(deaths.answer()["names"])
    assert len(starts) > 20, "the recovery is not counted"
    roots = []
    for n, at in enumerate(starts):
        roots.append(deaths.ask(f"{n}", case, (middle, 1)))
        deaths.ask(f"{n}", case, at, "torn", verb="start")
    for at, root in zip(starts, roots, strict=True):
        assert deaths.answer()["ended"] == KILLED
        assert deaths.answer()["ended"] == KILLED, at
        job = settle(CASES[case], root, deaths.environ, f"start {at}", and_back=False)
        assert asyncio.run(job) is is_new, at


@pytest.mark.skipif(sys.platform != "linux", reason="the names of open files are known there")
def test_the_order_of_the_steps(deaths: Deaths) -> None:
    """Checkpoint, journal, intent, each on the disk before the next; only then the work tree."""
    deaths.ask("whole", "five")
    names = deaths.answer()["names"]
    before = names[: names.index("create staged")]
    checkpoint = max(n for n, name in enumerate(before) if name in ("fsync pack", "fsync refs"))
    announced = before.index("fsync journal.jsonl", checkpoint)
    intent = [n for n, name in enumerate(before) if name.endswith(" intent")]
    assert "write pipe" in before[:checkpoint] and checkpoint < announced < intent[0]
    assert before[intent[-1]] == "fsync intent" and before[intent[-1] + 1].startswith("fsync ")
    swaps = [n for n, name in enumerate(names) if name.split()[0] in ("exchange", "link", "rename")]
    assert intent[-1] + 1 < swaps[0]
    told = names.index("fsync journal.jsonl", swaps[-1])
    let_go = max(n for n, name in enumerate(names) if name == "unlink staged")
    assert let_go < told < names.index("truncate intent")


def in_turn(names: list[str]) -> list[Step]:
    return [(name, names[: n + 1].count(name)) for n, name in enumerate(names)]


async def settle(
    case: Case, root: Path, environ: dict[str, str], step: str, *, and_back: bool
) -> bool:
    """The next start, and the way forth and back; whether the apply came through."""
    session = await open_session(root, load(environ=environ), environ=environ, fresh=False)
    tree = look(root)
    assert tree in (case.old, case.new), (step, _differs(tree, case))
    is_new = tree == case.new
    statuses = {h.status for h in session.state.hunks.values()}
    if is_new:
        assert statuses == {Status.ACCEPTED}, step
    else:
        # What was not told before the death has no place: it is sent again below.
        assert statuses <= {Status.PLACED, Status.UNPLACED}, (step, statuses)
    if and_back:
        await forth_and_back(session, case, root, step)
    await session.close()
    return is_new


async def forth_and_back(session: Session, case: Case, root: Path, step: str) -> None:
    if look(root) != case.new:
        await again(session, case)
        assert look(root) == case.new, step
    while session.state.acts:
        acted = await session.undo()
        assert acted.done, (step, acted.message)
    back = look(root)
    assert _files(back) == _files(case.old), (step, _differs(back, case))
    assert (await session.redo()).done, step
    assert look(root) == case.new, (step, _differs(look(root), case))


async def again(session: Session, case: Case) -> None:
    """Accept what is there, or where not all of it was told yet, send the reply anew."""
    hunks = list(session.state.hunks)
    placed = [h for h in session.state.hunks.values() if h.status is Status.PLACED]
    if len(placed) == case.hunks:
        decided = await session.decide(hunks, Decision.ACCEPTED)
        assert set(decided.written) == set(hunks), decided
    else:
        await session.apply_reply(case.reply, accept="all")


def _files(tree: Tree) -> Tree:
    return {path: kept for path, kept in tree.items() if kept is not None}


def _differs(tree: Tree, case: Case) -> dict[str, Any]:
    """In what the tree is neither: path → what is there, and what should be."""
    return {
        name: {
            path: (_short(tree, path), _short(other, path))
            for path in {*tree, *other}
            if _short(tree, path) != _short(other, path)
        }
        for name, other in (("old", case.old), ("new", case.new))
    }


def _short(tree: Tree, path: str) -> str:
    kept = tree.get(path)
    return f"{kept[0][:9]!r} {kept[1]:o}" if kept else "folder" if path in tree else "nothing"
