"""Every verb that changes something, killed: at instants, and at system calls where they can be
traced. The next start finds all old or all new, and undo and redo work after it.

What is looked at stands in tests/support/aftermath.py. Here are a few deaths of each; the hundreds
are in benchmarks/crash.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import traced
from tests.support.scenes import VERBS

ROOT = Path(__file__).parents[2]


class Cells:
    """The process that makes children and has them killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, **job: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def started(module: str, folder: Path) -> Iterator[Cells]:
    with subprocess.Popen(
        [sys.executable, "-m", module, str(folder)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield Cells(process)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    with started("tests.support.cells", tmp_path_factory.mktemp("cells")) as found:
        yield found


slow = pytest.mark.slow
SOON = {"apply": "five", "accept": "moved", "undo": "moved", "commit": "five"}


@pytest.mark.parametrize(
    ("verb", "case"),
    [
        *SOON.items(),
        *(
            pytest.param(verb, case, marks=slow)
            for verb in VERBS
            for case in ("five", "moved")
            if SOON.get(verb) != case
        ),
    ],
)
def test_at_an_instant(cells: Cells, verb: str, case: str) -> None:
    for at in (0.5, 0.8):
        found = cells.ask(verb=verb, case=case, at=at, kids=at > 0.6)
        assert found["wrong"] == [], (verb, case, at)
        assert found["outcome"] in ("old", "new")


@pytest.mark.parametrize(
    "verb", ["accept", *(pytest.param(verb, marks=slow) for verb in VERBS if verb != "accept")]
)
@pytest.mark.skipif(bool(traced.possible()), reason=traced.possible())
def test_at_system_calls(tmp_path: Path, verb: str) -> None:
    """Of the app, and of a git that it runs; and such a call may fail."""
    with started("tests.support.traced", tmp_path) as found:
        points = found.ask(do="points", verb=verb, case="five")["points"]
        assert len(points) > 20, "the calls are not found any more"
        for n, point in enumerate(_some(points)):
            how = ("kill", "ENOSPC", "kill", "EIO")[n % 4]
            row = found.ask(do=how, verb=verb, case="five", point=point)
            assert row["wrong"] == [], (how, point)


def _some(points: Sequence[Any]) -> list[Any]:
    """Few of many, evenly, of the app's and of git's own."""
    mine = [p for p in points if p[0].startswith("t")]
    gits = [p for p in points if p[0].startswith("g")]
    return [*mine[:: max(1, len(mine) // 6)], *gits[:: max(1, len(gits) // 2)]]
