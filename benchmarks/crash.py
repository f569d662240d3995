"""Nothing is lost: processes killed at any instant, power cuts, full disks.

    python benchmarks/crash.py [--kills 500] [--verbs apply,accept,...] [--syscalls] [--power]
                               [--fill] [--words] [--seed 1] [--quick] [--folder DIR] [--workers 2]

Without a switch the random instants are done; with --syscalls, --power or --fill these instead.
Each death is a real process under SIGKILL, at an instant drawn evenly over what the verb takes (and
a tenth more); every second time its git dies with it, else the start comes while that git may
still run, or when it has ended; after every fifth death the next start is killed as well. Then a
start looks: all files of the verb old or new, as a set, with modes, links and folders; the journal
says the same; index, HEAD and refs untouched (after a commit: whole, the old one or the new one);
nothing of ours left; the start after that is silent; undo and redo work.

`lost` counts bytes that are in no file any more, `torn` files that are neither old nor new, `undo`
ways back or forth that failed, `wrong` all deaths after which anything was not as it should be:
these must be 0, else the exit status is 1. `lock` counts deaths after which a git that was killed
left a lock of its own, as git does by itself.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.crash_fill import every_level  # noqa: E402 - found beside this file
from benchmarks.crash_power import every_cut  # noqa: E402
from benchmarks.crash_rows import Tally, head, played, shown  # noqa: E402
from benchmarks.crash_syscalls import every_call  # noqa: E402
from tests.support.deaths import CASES  # noqa: E402
from tests.support.scenes import VERBS  # noqa: E402

START_S = 0.06
"""A start takes about so long."""


def random_jobs(verb: str, kills: int, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(f"{verb} {seed}")
    jobs: list[dict[str, Any]] = []
    for n in range(kills):
        job = {"verb": verb, "case": chance.choice(sorted(CASES)), "at": chance.uniform(0, 1.1)}
        job |= {"kids": n % 2 == 0, "soon": n % 4 == 1}
        if n % 5 == 4:
            job["start"] = chance.uniform(0, START_S)
        jobs.append(job)
    return jobs


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--verbs", default=",".join(VERBS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--syscalls", action="store_true", help="at every system call, by strace")
    parser.add_argument("--power", action="store_true", help="power cuts, by a model of the disk")
    parser.add_argument("--fill", action="store_true", help="full disks, by a small tmpfs")
    parser.add_argument("--folder", type=Path, default=None, help="on which disk to play")
    parser.add_argument("--words", action="store_true", help="what the verbs that lived said")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    verbs = args.verbs.split(",")
    kills = args.kills // 10 if args.quick else args.kills
    tallies: list[Tally] = []
    head()
    with tempfile.TemporaryDirectory(prefix="spark-tui-crash-", dir=args.folder) as made:
        folder = Path(made)
        if not (args.syscalls or args.power or args.fill):
            for verb in verbs:
                jobs = random_jobs(verb, kills, args.seed)
                tallies.append(played(verb, jobs, folder, args.workers, "tests.support.cells"))
        step = 10 if args.quick else 1
        if args.syscalls:
            tallies += every_call(verbs, folder, args.workers, step=step)
        if args.power:
            tallies += every_cut(verbs, folder, args.workers, step=step, seed=args.seed)
        if args.fill:
            tallies += every_level(verbs, folder, args.workers, step=step)
    shown(tallies, words=args.words)
    return 0 if all(t.is_good for t in tallies) else 1


if __name__ == "__main__":
    sys.exit(main())
