"""What reading edits out of a stream costs: microseconds a token, by format and by quarter.

    python benchmarks/stream.py                 # all formats, 100 and 400 hunks
    python benchmarks/stream.py --hunks 1000

The rule kept here: replies come in chunks of one token (four characters), as a fast model sends
them; nothing is asserted. "last/first" is the cost of the last quarter of the stream against the
first: 1.0 is flat. "core" is the share of one core at 1,000 tokens a second. "late" is how many
characters behind the end of its own closing line the slowest hunk got its place; "late" of a whole
file and of the last diff hunk counts from the fence. Drawing and writing are not measured here.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from spark_tui.edits.changeset import Placed
from spark_tui.edits.pieces import HunkPlaced, NeedFile, Piece
from spark_tui.edits.reader import EditStream, PathKind
from spark_tui.edits.snapshot import Snapshot

_CHUNK = 4
_EVERY = 50
"""Lines of the file for each hunk."""


class OneFile:
    """A tree with one file."""

    root = ""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def kind(self, path: str) -> PathKind:
        return "file" if path == self._snapshot.path else "missing"

    def snapshot(self, path: str) -> Snapshot | None:
        return self._snapshot

    def was_seen(self, path: str) -> bool:
        return True

    def similar(self, path: str) -> tuple[str, ...]:
        return ()

    def new_eol(self, path: str) -> str:
        return "\n"

    def ending(self, path: str) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Hunk:
    """Old lines [at, at + 4) become `new`, with three lines around."""

    at: int
    new: tuple[str, ...]


def _file(hunks: int) -> tuple[list[str], list[Hunk]]:
    chance = random.Random(3)
    lines = [
        f"    value_{i} = compute({chance.randrange(10**9)})  # line {i}"
        for i in range(hunks * _EVERY)
    ]
    edits = [
        Hunk(
            h * _EVERY + 20,
            tuple(f"    changed_{h}_{j} = {chance.randrange(10**6)}" for j in range(6)),
        )
        for h in range(hunks)
    ]
    return lines, edits


def _body(lines: Sequence[str], hunk: Hunk) -> list[str]:
    return [
        *(f" {x}" for x in lines[hunk.at - 3 : hunk.at]),
        *(f"-{x}" for x in lines[hunk.at : hunk.at + 4]),
        *(f"+{x}" for x in hunk.new),
        *(f" {x}" for x in lines[hunk.at + 4 : hunk.at + 7]),
    ]


def _v4a(lines: Sequence[str], hunks: Sequence[Hunk]) -> list[str]:
    body = [line for hunk in hunks for line in ("@@", *_body(lines, hunk))]
    return ["*** Begin Patch", "*** Update File: big.py", *body, "*** End Patch"]


def _udiff(lines: Sequence[str], hunks: Sequence[Hunk]) -> list[str]:
    out = ["```diff", "--- a/big.py", "+++ b/big.py"]
    for i, hunk in enumerate(hunks):
        start = hunk.at - 2
        out += [f"@@ -{start},10 +{start + 2 * i},12 @@", *_body(lines, hunk)]
    return [*out, "```"]


def _blocks(lines: Sequence[str], hunks: Sequence[Hunk]) -> list[str]:
    out: list[str] = []
    for hunk in hunks:
        above, below = lines[hunk.at - 3 : hunk.at], lines[hunk.at + 4 : hunk.at + 7]
        out += ["big.py", "```python", "<<<<<<< SEARCH", *above, *lines[hunk.at : hunk.at + 4]]
        out += [*below, "=======", *above, *hunk.new, *below, ">>>>>>> REPLACE", "```"]
    return out


def _whole(lines: Sequence[str], hunks: Sequence[Hunk]) -> list[str]:
    new = list(lines)
    for hunk in reversed(hunks):
        new[hunk.at : hunk.at + 4] = hunk.new
    return ["big.py", "```python", *new, "```"]


RENDERERS: dict[str, Callable[[Sequence[str], Sequence[Hunk]], list[str]]] = {
    "v4a": _v4a,
    "blocks": _blocks,
    "udiff": _udiff,
    "whole": _whole,
}


@dataclass(frozen=True, slots=True)
class Run:
    tokens: int
    quarters: tuple[float, ...]
    """Seconds of each quarter of the stream."""
    end: float
    """Seconds of the end of the reply."""
    placed: int
    late: int


def play(name: str, hunks: int) -> Run:
    """One reply through an EditStream of its own."""
    lines, edits = _file(hunks)
    snapshot = Snapshot.of("big.py", "".join(f"{line}\n" for line in lines).encode())
    text = "\n".join(RENDERERS[name](lines, edits)) + "\n"
    chunks = [text[i : i + _CHUNK] for i in range(0, len(text), _CHUNK)]
    stream = EditStream(OneFile(snapshot))
    placed: list[int] = []
    stamps = [time.perf_counter()]

    def take(pieces: Sequence[Piece], at: int) -> None:
        for piece in pieces:
            if isinstance(piece, NeedFile):
                take(stream.provide(piece.path, snapshot), at)
            elif isinstance(piece, HunkPlaced) and isinstance(piece.place, Placed):
                placed.append(at)

    for n, chunk in enumerate(chunks, 1):
        pieces = stream.feed(chunk)
        if pieces:
            take(pieces, n * _CHUNK)
        if n % (len(chunks) // 4) == 0 and len(stamps) < 4:
            stamps.append(time.perf_counter())
    stamps.append(time.perf_counter())
    take(stream.close(complete=True), len(text))
    end = time.perf_counter() - stamps[-1]
    quarters = tuple(b - a for a, b in pairwise(stamps))
    return Run(len(text) // _CHUNK, quarters, end, len(placed), _late(name, text, placed))


def _late(name: str, text: str, placed: Sequence[int]) -> int:
    """How far behind the end of its closing line the slowest place was, in characters."""
    closing = {"v4a": "@@\n", "blocks": ">>>>>>> REPLACE\n", "udiff": " @@\n", "whole": "```\n"}
    ends: list[int] = []
    at = text.find(closing[name])
    while at >= 0:
        ends.append(at + len(closing[name]))
        at = text.find(closing[name], at + 1)
    if name in ("v4a", "udiff"):
        ends = [*ends[1:], len(text)]
    if name == "whole":
        ends = [ends[-1]] * len(placed)
    return max((p - e for p, e in zip(placed, ends, strict=False)), default=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hunks", type=int, action="append", help="default: 100 and 400")
    parser.add_argument("--runs", type=int, default=5, help="the median of so many is shown")
    args = parser.parse_args()
    print(f"{'format':8}{'hunks':>6}{'tokens':>9}{'us/token':>10}{'last/first':>12}", end="")
    print(f"{'core':>8}{'end ms':>9}{'placed':>8}{'late':>6}")
    for hunks in args.hunks or [100, 400]:
        for name in RENDERERS:
            runs = [play(name, hunks) for _ in range(args.runs)]
            each = median(1e6 * (sum(r.quarters) + r.end) / r.tokens for r in runs)
            flat = median(r.quarters[-1] / r.quarters[0] for r in runs)
            end = 1000 * median(r.end for r in runs)
            last = runs[-1]
            print(f"{name:8}{hunks:>6}{last.tokens:>9}{each:>10.1f}{flat:>12.2f}", end="")
            print(f"{each / 10:>7.2f}%{end:>9.1f}{last.placed:>8}{max(r.late for r in runs):>6}")


if __name__ == "__main__":
    main()
