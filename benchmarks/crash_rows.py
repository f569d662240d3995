"""Deaths as rows and rows as a table: what the parts of crash.py share.

The rule kept here: what must be zero is named here, once.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

COLUMNS = ("deaths", "reached", "old", "new", "recovered", "lost", "torn", "undo", "wrong", "lock")
MUST_BE_ZERO = ("lost", "torn", "undo", "wrong")
_SHOWN = 12
_WIDE = 22


@dataclass
class Tally:
    """One row of the table."""

    name: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))
    wrong: list[str] = field(default_factory=list)
    said: dict[str, int] = field(default_factory=dict)
    """What verbs that lived said, without numbers and paths of their own."""
    seconds: float = 0.0

    def add(self, row: Mapping[str, Any]) -> None:
        more = {
            "deaths": 1,
            "reached": row["reached"],
            row["outcome"] or "old": 1,
            "recovered": row["recovered"],
            "lost": row["lost"],
            "torn": row["torn"],
            "undo": row["stuck"],
            "wrong": bool(row["wrong"]),
            "lock": bool(row["left"]),
        }
        for name, count in more.items():
            self.counts[name] += int(count)
        if row["said"]:
            said = _NUMBER.sub("N", _PATH.sub("…", row["said"]))
            self.said[said] = self.said.get(said, 0) + 1
        if row["wrong"]:
            self.wrong.append(f"{json.dumps(row['job'])}: {'; '.join(row['wrong'])}")

    @property
    def is_good(self) -> bool:
        return not any(self.counts[name] for name in MUST_BE_ZERO)


_PATH = re.compile(r"/[^ :]+")
_NUMBER = re.compile(r"\d[\d,]*")


class Cell:
    """A process that has others killed (tests/support/cells.py)."""

    def __init__(self, folder: Path, module: str = "tests.support.cells", *words: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [*words, sys.executable, "-m", module, str(folder)],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def rows(self, jobs: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        assert self.process.stdin
        assert self.process.stdout
        for job in jobs:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"a cell ended at {job}")
            yield json.loads(line)
        self.process.stdin.close()
        self.process.wait()


def played(
    name: str,
    jobs: Sequence[Mapping[str, Any]],
    folder: Path,
    workers: int,
    module: str,
    *words: str,
) -> Tally:
    """The jobs, shared out to so many cells, and a line of the table; `words` come before the
    program."""
    tally = Tally(name)
    began = time.monotonic()

    def share(number: int) -> list[dict[str, Any]]:
        return list(Cell(folder / f"w{number}", module, *words).rows(jobs[number::workers]))

    with ThreadPoolExecutor(workers) as threads:
        for rows in threads.map(share, range(workers)):
            for row in rows:
                tally.add(row)
    tally.seconds = time.monotonic() - began
    counts = "".join(f"{tally.counts[c]:>10,}" for c in COLUMNS)
    print(f"{tally.name:{_WIDE}}{counts}{tally.seconds:>7.0f}", flush=True)
    return tally


def head() -> None:
    print(f"{'':{_WIDE}}" + "".join(f"{c:>10}" for c in COLUMNS) + f"{'s':>7}", flush=True)


def shown(tallies: Sequence[Tally], *, words: bool) -> None:
    """What stands below the table."""
    if words:
        said: dict[str, int] = {}
        for tally in tallies:
            for text, count in tally.said.items():
                said[text] = said.get(text, 0) + count
        for text, count in sorted(said.items()):
            print(f"{count:>6} x {text}")
    for tally in tallies:
        for wrong in tally.wrong[:_SHOWN]:
            print(f"{tally.name}: {wrong}")
        if len(tally.wrong) > _SHOWN:
            print(f"{tally.name}: and {len(tally.wrong) - _SHOWN} more")
