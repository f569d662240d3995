"""Which runs of two line sequences differ.

The rule kept here: the runs, applied to the old lines, give the new ones exactly; where several
answers are right, lines that occur once on both sides are matched first (patience), so the answer
reads like what happened. The work is counted: what could be compared for ever is compared up to a
bound, and then a run is longer than it need be, never wrong. What the lines mean is left to the
callers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher

from spark_tui.edits.shortest import shortest

_PER_LINE = 12
_AT_LEAST = 100_000
"""Steps (about 0.1 us each) that a comparison may take: so many per line, and these besides."""
_THOROUGH = 50_000
"""Steps that one range without anchors may take to be matched by its longest equal runs."""


@dataclass(frozen=True, slots=True)
class Change:
    """old[start:end] became new[new_start:new_end]."""

    start: int
    end: int
    new_start: int
    new_end: int


def changes(old: Sequence[str], new: Sequence[str]) -> tuple[Change, ...]:
    """The differing runs in order; between two of them at least one line is equal."""
    ids: dict[str, int] = {}
    matching = _Matching(
        [ids.setdefault(line, len(ids)) for line in old],
        [ids.setdefault(line, len(ids)) for line in new],
    )
    runs: list[Change] = []
    at, new_at = 0, 0
    for start, new_start, size in matching.runs():
        if at < start or new_at < new_start:
            runs.append(Change(at, start, new_at, new_start))
        at, new_at = start + size, new_start + size
    if at < len(old) or new_at < len(new):
        runs.append(Change(at, len(old), new_at, len(new)))
    return tuple(runs)


class _Matching:
    """The equal runs of two sequences, and how many steps may still be taken for them."""

    def __init__(self, old: list[int], new: list[int]) -> None:
        self._old = old
        self._new = new
        self._left = _AT_LEAST + _PER_LINE * (len(old) + len(new))
        self._found: list[tuple[int, int, int]] = []
        self._work = [(0, len(old), 0, len(new))]

    def runs(self) -> list[tuple[int, int, int]]:
        """(old start, new start, size) in order, joined where they touch."""
        while self._work:
            self._match(*self._trimmed(*self._work.pop()))
        self._found.sort()
        joined: list[tuple[int, int, int]] = []
        for i, j, n in self._found:
            if joined and sum(joined[-1][::2]) == i and joined[-1][1] + joined[-1][2] == j:
                p, q, m = joined[-1]
                joined[-1] = (p, q, m + n)
            else:
                joined.append((i, j, n))
        return joined

    def _trimmed(self, a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
        """The ranges without what is equal at both ends."""
        old, new = self._old, self._new
        head, most = 0, min(b - a, d - c)
        while head < most and old[a + head] == new[c + head]:
            head += 1
        tail, most = 0, most - head
        while tail < most and old[b - tail - 1] == new[d - tail - 1]:
            tail += 1
        if head:
            self._found.append((a, c, head))
        if tail:
            self._found.append((b - tail, d - tail, tail))
        return a + head, b - tail, c + head, d - tail

    def _match(self, a: int, b: int, c: int, d: int) -> None:
        """By the lines that occur once; where there are none, by the others."""
        if a == b or c == d or self._left <= 0:
            return
        old, new = self._old[a:b], self._new[c:d]
        self._left -= len(old) + len(new)
        here, there = Counter(old), Counter(new)
        if single := {line for line, n in here.items() if n == 1 and there.get(line) == 1}:
            at, new_at = a, c
            for i, j in _chain(old, new, single):
                if at < a + i and new_at < c + j:
                    self._work.append((at, a + i, new_at, c + j))
                self._found.append((a + i, c + j, 1))
                at, new_at = a + i + 1, c + j + 1
            self._work.append((at, b, new_at, d))
        elif common := here.keys() & there.keys():
            pairs = sum(here[line] * there[line] for line in common)
            depth = min(sum(here[line] for line in common), sum(there[line] for line in common))
            if pairs * depth <= min(_THOROUGH, self._left):
                self._left -= pairs * depth // 4
                blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
                self._found += [(a + i, c + j, n) for i, j, n in blocks if n]
            else:
                self._match_shortest(a, c, old, new, common)

    def _match_shortest(
        self, a: int, c: int, old: list[int], new: list[int], common: Set[int]
    ) -> None:
        here = [i for i, line in enumerate(old) if line in common]
        there = [j for j, line in enumerate(new) if line in common]
        pairs, used = shortest([old[i] for i in here], [new[j] for j in there], self._left)
        self._left -= used
        self._found += [(a + here[i], c + there[j], 1) for i, j in pairs]


def _chain(old: list[int], new: list[int], single: Set[int]) -> list[tuple[int, int]]:
    """Where these lines stand on both sides: the longest run of them that keeps the order."""
    there = {line: j for j, line in enumerate(new) if line in single}
    pairs = [(i, there[line]) for i, line in enumerate(old) if line in single]
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for k, (_, j) in enumerate(pairs):
        at = len(tails) if not tails or tails[-1] < j else bisect_left(tails, j)
        if at == len(tails):
            tails.append(j)
            ends.append(k)
        else:
            tails[at] = j
            ends[at] = k
        before.append(ends[at - 1] if at else -1)
    chain: list[tuple[int, int]] = []
    k = ends[-1]
    while k >= 0:
        chain.append(pairs[k])
        k = before[k]
    chain.reverse()
    return chain
