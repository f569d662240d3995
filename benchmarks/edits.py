"""What the pure edit layer costs on a large file: rows, comparing, rebasing, composing.

    python benchmarks/edits.py [--lines 10000] [--runs 5] [--only diff] [--json]

Each figure is the median of the runs in milliseconds, with what was counted beside it. Nothing is
asserted: figures move with the machine, compare figures of one run.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from spark_tui.edits.changeset import Edit, Kind, Placed  # noqa: E402 - found beside this file
from spark_tui.edits.compose import compose  # noqa: E402
from spark_tui.edits.diff import file_rows, hunk_rows  # noqa: E402
from spark_tui.edits.linediff import changes  # noqa: E402
from spark_tui.edits.rebase import Conflict, Meanwhile, Rebased, line_edits  # noqa: E402
from spark_tui.edits.reshape import split  # noqa: E402
from spark_tui.edits.snapshot import Snapshot  # noqa: E402
from spark_tui.session.events import HunkId  # noqa: E402
from spark_tui.session.merging import merge_in, merge_out  # noqa: E402
from spark_tui.session.state import HunkState, Status  # noqa: E402

HUNKS = (1, 100, 400)
BUDGET_MS = 100.0
"""What a 10,000-line file may take; said beside a figure that is above, and no more than said."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    group: str
    name: str
    ms: float
    counted: str


def code(count: int) -> list[str]:
    """Lines as source code has them: most occur once, some often."""
    made: list[str] = []
    while len(made) < count:
        at = len(made)
        made += [
            f"def function_{at}(first, second):",
            f'    """Returns number {at}."""',
            f"    value = first + second * {at}",
            "    if value:",
            "        return value",
            "    return None",
            "",
            "",
        ]
    return made[:count]


def snapshot(lines: list[str]) -> Snapshot:
    return Snapshot.of("a.py", "".join(f"{line}\n" for line in lines).encode())


def rewritten(lines: list[str], share: float) -> list[str]:
    chance = random.Random(2)
    return [f"{x}  # {chance.random():.3f}" if chance.random() < share else x for x in lines]


def versions(lines: list[str]) -> dict[str, list[str]]:
    """A file of which something else was made."""
    shuffled = list(lines)
    random.Random(3).shuffle(shuffled)
    size = len(lines)
    return {
        "1 % of the lines changed": rewritten(lines, 0.01),
        "10 % changed": rewritten(lines, 0.1),
        "50 % changed": rewritten(lines, 0.5),
        "reversed": lines[::-1],
        "shuffled": shuffled,
        "nothing left": [f"other {i}" for i in range(size)],
        "three lines on top": ["one", "two", "three", *lines],
    }


def hostile(size: int) -> dict[str, tuple[list[str], list[str]]]:
    """Pairs without lines that occur once: what could be compared for ever."""
    chance = random.Random(5)
    same = ["x"] * size
    two = ["a", "b"] * (size // 2)
    touched = list(two)
    touched[size // 100], touched[size - size // 10] = "c", "d"
    letters = [chance.choice("abcdefghijklmnop") for _ in range(size)]
    fewer = [x for x in letters if chance.random() > 0.1]
    some, others = ([chance.choice("ab") for _ in range(size)] for _ in range(2))
    small = [x for k in range(size // 20) for x in (f"u{k}", *["a"] * 19)]
    mixed = [x for k in range(size // 20) for x in (f"u{k}", *["a", "y"] * 10)]
    return {
        "all lines equal, one put in": (same, [*same[: size // 2], "y", *same[size // 2 :]]),
        "two lines in turn, two changed": (two, touched),
        "16 different lines, 10 % removed": (letters, fewer),
        "two lines at random, twice": (some, others),
        "500 blocks of equal lines": (small, mixed),
    }


def spread(lines: list[str], count: int) -> list[Edit]:
    """So many edits, evenly over the file."""
    step = max(1, len(lines) // count)
    return [
        Edit(at, at + 1, (lines[at].replace("value", "result"), "    added = True"))
        for at in range(min(2, step - 1), len(lines), step)
    ][:count]


class Bench:
    def __init__(self, size: int, runs: int) -> None:
        self.lines = code(size)
        self.base = snapshot(self.lines)
        self.runs = runs

    def timed(self, group: str, name: str, job: Callable[[], str]) -> Row:
        counted, took = "", []
        for _ in range(self.runs):
            start = time.perf_counter()
            counted = job()
            took.append((time.perf_counter() - start) * 1000)
        return Row(group, name, statistics.median(took), counted)

    def rows(self) -> Iterator[Row]:
        for count in HUNKS:
            places = [Placed(e.start, e.end, (e,)) for e in spread(self.lines, count)]

            def job(places: list[Placed] = places) -> str:
                return f"{sum(len(hunk_rows(self.base, place)) for place in places)} rows"

            yield self.timed("rows", f"{count} hunks", job)
        for name, lines in versions(self.lines).items():
            new = snapshot(lines)

            def whole(new: Snapshot = new) -> str:
                groups = file_rows(self.base, new)
                return f"{sum(map(len, groups))} rows, {len(groups)} groups"

            yield self.timed("rows", f"rewrite, {name}", whole)

    def diff(self) -> Iterator[Row]:
        for name, lines in versions(self.lines).items():

            def job(lines: list[str] = lines) -> str:
                return f"{len(changes(self.lines, lines))} runs"

            yield self.timed("diff", name, job)
        for name, (old, new) in hostile(len(self.lines)).items():

            def pair(old: list[str] = old, new: list[str] = new) -> str:
                return f"{len(changes(old, new))} runs"

            yield self.timed("diff", name, pair)

    def rebase(self) -> Iterator[Row]:
        mine = [(Edit(e.start, e.end, ("mine",)),) for e in spread(self.lines, 400)]
        for name, lines in versions(self.lines).items():
            disk = snapshot(lines)

            def job(disk: Snapshot = disk) -> str:
                since = Meanwhile(self.base, disk)
                found = [since.rebased(edits) for edits in mine]
                moved = sum(isinstance(f, Rebased) for f in found)
                return f"{moved} moved, {sum(isinstance(f, Conflict) for f in found)} conflicts"

            yield self.timed("rebase", f"400 hunks on: {name}", job)

    def compose(self) -> Iterator[Row]:
        for count in HUNKS:
            edits = spread(self.lines, count)

            def job(edits: list[Edit] = edits) -> str:
                return f"{len(compose(self.base, edits))} bytes"

            yield self.timed("compose", f"{count} hunks", job)
        for name, lines in versions(self.lines).items():
            rewrite = line_edits(self.base, snapshot(lines))

            def whole(edits: tuple[Edit, ...] = rewrite) -> str:
                return f"{len(compose(self.base, edits))} bytes, {len(edits)} edits"

            yield self.timed("compose", f"rewrite, {name}", whole)

    def review(self) -> Iterator[Row]:
        """A decision, but for the disk; and cutting one hunk."""
        hunks = [
            HunkState(
                HunkId(f"t1h{k}"), 1, "a.py", Kind.EDIT, status=Status.PLACED,
                base=self.base.digest, place=Placed(e.start, e.end, (e,)),
            )
            for k, e in enumerate(spread(self.lines, 400))
        ]  # fmt: skip
        bases = {self.base.digest: self.base}
        for name, lines in (
            ("the file as it was", self.lines),
            ("10 % changed on disk", rewritten(self.lines, 0.1)),
        ):
            disk = snapshot(lines)

            def accept(disk: Snapshot = disk) -> str:
                merged = merge_in("a.py", disk, hunks, (), bases)
                return f"{len(merged.done)} written, {len(merged.conflicts)} conflicts"

            yield self.timed("review", f"accept 400 hunks, {name}", accept)
            after = merge_in("a.py", disk, hunks, (), bases)
            inside = [h for h in hunks if h.id in after.done]

            def take_back(
                now: Snapshot | None = after.now, inside: list[HunkState] = inside
            ) -> str:
                out = merge_out("a.py", now, inside[-1:], inside[:-1], bases)
                return f"{len(out.done)} taken out"

            yield self.timed("review", f"undo one of them, {name}", take_back)
        edit = Edit(0, len(self.lines), tuple(f"new {x}" for x in self.lines))
        place = Placed(0, len(self.lines), (edit,))
        yield self.timed(
            "review", "split a rewrite", lambda: f"{len(split(place, self.base))} parts"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Verbatim)
    groups = ("rows", "diff", "rebase", "compose", "review")
    parser.add_argument("--lines", type=int, default=10_000, help="lines of the file")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=groups, action="append", help="this group; repeatable")
    parser.add_argument("--json", action="store_true", help="one object a line instead of a table")
    args = parser.parse_args()
    bench = Bench(args.lines, args.runs)
    for group in args.only or groups:
        rows: Iterator[Row] = getattr(bench, group)()
        for row in rows:
            if args.json:
                print(json.dumps({"group": row.group, "name": row.name, "ms": round(row.ms, 2),
                                  "counted": row.counted}), flush=True)  # fmt: skip
                continue
            mark = f"  above {BUDGET_MS:.0f} ms" if row.ms > BUDGET_MS else ""
            print(f"{row.group:8} {row.name:44} {row.ms:8.2f} ms  {row.counted}{mark}", flush=True)
    return 0


class _Verbatim(argparse.RawDescriptionHelpFormatter):
    """The text above as it stands."""


if __name__ == "__main__":
    raise SystemExit(main())
