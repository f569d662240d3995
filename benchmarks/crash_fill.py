"""Verbs on a disk that is full, or says no in another way: for crash.py.

    fill       64 fill levels of a small tmpfs, each for the work tree (with .git), the state folder
               and the folder for temporary files
    fsize      64 limits of the length of a file (ulimit -f)
    memory     64 limits of the memory (prlimit --as)
    readonly   the file system is remounted read-only while the session is open
    folder     a folder of the work tree is 0555, to somebody who is not root
    file       a file of it is 0444

The rule kept here: the process that met it lives, has all files old or all new, and says why; when
the disk is good again, the same act works. The work is done in tests/support/full.py.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.crash_rows import Tally, played  # noqa: E402 - found beside this file
from tests.support.full import PARTS, possible  # noqa: E402

MODULE = "tests.support.full"
LEVELS = 64
STEP_KIB = {"fill": 4, "fsize": 2, "memory": 64}
FOUR_VERBS = ("apply", "accept", "undo", "commit")


def every_level(verbs: Sequence[str], folder: Path, workers: int, *, step: int) -> list[Tally]:
    if why := possible():
        print(f"full disks are left out: {why}")
        return []
    tallies: list[Tally] = []
    for verb in (v for v in verbs if v in FOUR_VERBS):
        kinds = [("fill", part) for part in PARTS] + [("fsize", "work"), ("memory", "work")]
        for how, part in kinds:
            levels = range(0, LEVELS * STEP_KIB[how], STEP_KIB[how])[::step]
            jobs = [_job(verb, how, part, level) for level in levels]
            name = f"{verb}: {how} {part}" if how == "fill" else f"{verb}: {how}"
            tallies.append(played(name, jobs, folder, workers, MODULE, "unshare", "-rm"))
        others = (("readonly", "work"), ("readonly", "tmp"), ("folder", "work"), ("file", "work"))
        jobs = [_job(verb, how, part, 0) for how, part in others]
        name = f"{verb}: no right"
        tallies.append(played(name, jobs, folder, workers, MODULE, "unshare", "-rm"))
    return tallies


def _job(verb: str, how: str, part: str, level: int) -> Mapping[str, Any]:
    return {"verb": verb, "case": "large", "bad": [how, part, level]}
