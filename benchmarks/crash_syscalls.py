"""A death, and a fault, at every system call of a verb that changes the disk: for crash.py.

The rule kept here: which calls there are is asked once per verb and case, then each is a job of
its own: "kill" at each, of the app and of a git it runs; "git" where only that git dies; ENOSPC
and EIO as the answer of each call. After deaths in the middle of a set the start that follows is
killed at each of its calls too. The work is done in tests/support/traced.py.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.crash_rows import Cell, Tally, played  # noqa: E402 - found beside this file
from tests.support.deaths import CASES  # noqa: E402
from tests.support.traced import possible  # noqa: E402

MODULE = "tests.support.traced"
ERRORS = ("ENOSPC", "EIO")
MIDDLES = {"exchange": ("renameat2", 0.5), "last": ("unlinkat", 0.0)}
"""Where a set is half done, and where all of it is there but not told."""


def every_call(verbs: Sequence[str], folder: Path, workers: int, *, step: int) -> list[Tally]:
    """Rows per verb: deaths, faults, and deaths of the start."""
    if why := possible():
        print(f"system calls are left out: {why}")
        return []
    tallies: list[Tally] = []
    for verb in verbs:
        deaths: list[Mapping[str, Any]] = []
        faults: list[Mapping[str, Any]] = []
        starts: list[Mapping[str, Any]] = []
        for case in sorted(CASES):
            points = _asked(folder, {"do": "points", "verb": verb, "case": case})
            for point in points[::step]:
                one = {"verb": verb, "case": case, "point": point}
                deaths.append({**one, "do": "kill"})
                if point[0].startswith("g"):
                    faults.append({**one, "do": "git"})
                if point[0] != "t0":  # where the victim itself talks to us
                    faults += [{**one, "do": error} for error in ERRORS]
            starts += _starts(folder, verb, case, points)[::step]
        tallies.append(played(f"{verb}: death", deaths, folder, workers, MODULE))
        tallies.append(played(f"{verb}: fault", faults, folder, workers, MODULE))
        if starts:
            tallies.append(played(f"{verb}: start", starts, folder, workers, MODULE))
    return tallies


def _starts(
    folder: Path, verb: str, case: str, points: Sequence[Sequence[Any]]
) -> list[Mapping[str, Any]]:
    jobs: list[Mapping[str, Any]] = []
    for call, part in MIDDLES.values():
        mine = [p for p in points if p[1] == call and p[0].startswith("t")]
        if not mine:
            continue
        one = {"verb": verb, "case": case, "point": mine[int(len(mine) * part)]}
        found = _asked(folder, {"do": "starts", **one})
        jobs += [{"do": "start", **one, "second": second} for second in found]
    return jobs


def _asked(folder: Path, job: Mapping[str, Any]) -> list[list[Any]]:
    (row,) = Cell(folder / "w0", MODULE).rows([job])
    if "points" not in row:
        raise SystemExit(f"{job}: {row['wrong']}")
    found: list[list[Any]] = row["points"]
    return found
