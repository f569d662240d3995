"""Power cuts behind every step of a verb, with every mixture of what was not synced: for crash.py.

The rule kept here: a commit is left out: what git syncs of the person's repository is the person's
setting (core.fsync). The work is done in tests/support/cut.py.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.crash_rows import Cell, Tally, played  # noqa: E402 - found beside this file
from tests.support.cut import HOWS  # noqa: E402
from tests.support.deaths import CASES  # noqa: E402

MODULE = "tests.support.cut"
SEEDS = 3
"""So many mixtures of chance at each step."""


def every_cut(
    verbs: Sequence[str], folder: Path, workers: int, *, step: int, seed: int
) -> list[Tally]:
    tallies: list[Tally] = []
    for verb in verbs:
        if verb == "commit":
            continue
        jobs: list[Mapping[str, Any]] = []
        order: list[str] = []
        for case in sorted(CASES):
            one = {"verb": verb, "case": case, "seed": seed}
            (said,) = Cell(folder / "w0", MODULE).rows([{"do": "steps", **one}])
            if "steps" not in said:
                raise SystemExit(f"{one}: {said['wrong']}")
            order += [f"{case}: {wrong}" for wrong in said["order"]]
            for at in said["steps"][::step]:
                jobs += [{"do": how, **one, "at": at, "back": how == "all"} for how in HOWS]
                jobs += [
                    {"do": "any", **one, "at": at, "seed": seed + at * SEEDS + n, "back": False}
                    for n in range(SEEDS)
                ]
        if order:
            print(f"{verb}: {order}")
        tally = played(f"{verb}: power cut", jobs, folder, workers, MODULE)
        tally.wrong += order
        tally.counts["wrong"] += len(order)
        tallies.append(tally)
    return tallies
