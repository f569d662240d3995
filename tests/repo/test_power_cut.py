"""A power cut at any step of a verb: what was not synced may be lost, and nothing else is.

The order of the steps is looked at, and trees are laid out as a cut leaves them, in which the next
start looks (tests/support/cut.py). Here at every sixth step; benchmarks/crash.py --power does all
of them, more mixtures, and the way back and forth after each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


class Cutting:
    """The process that does it: it forks, and so must have no threads."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, **job: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def cutting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cutting]:
    folder = tmp_path_factory.mktemp("cuts")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.cut", str(folder)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield Cutting(process)


@pytest.mark.parametrize(("verb", "case"), [("accept", "five"), ("undo", "moved")])
def test_what_is_on_the_disk_when(cutting: Cutting, verb: str, case: str) -> None:
    """Bytes before the name that counts, the note before the work tree, folders before the note
    goes."""
    said = cutting.ask(do="steps", verb=verb, case=case)
    assert said["order"] == []
    assert len(said["steps"]) > 50, "the steps are no longer written down"


@pytest.mark.parametrize(("verb", "case"), [("accept", "moved"), ("undo", "five")])
def test_the_start_after_a_power_cut(cutting: Cutting, verb: str, case: str) -> None:
    outcomes: set[str] = set()
    steps = cutting.ask(do="steps", verb=verb, case=case)["steps"]
    for at in (*steps[::6], steps[-1]):
        for how in ("none", "any"):
            found = cutting.ask(do=how, verb=verb, case=case, at=at, seed=at, back=at % 4 == 0)
            assert not found["wrong"], (verb, at, how, found["wrong"])
            outcomes.add(found["outcome"])
    assert outcomes == {"old", "new"}
