"""Which runs of two line sequences differ.

The rule kept here: the runs, applied to the old lines, give the new ones exactly; where several
answers are right, lines that occur once on both sides are matched first (patience), so the answer
reads like what happened. What the lines mean is left to the callers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_SMALL = 40_000
"""Old times new lines up to which the thorough comparison is affordable (about 5 ms)."""


@dataclass(frozen=True, slots=True)
class Change:
    """old[start:end] became new[new_start:new_end]."""

    start: int
    end: int
    new_start: int
    new_end: int


def changes(old: Sequence[str], new: Sequence[str]) -> tuple[Change, ...]:
    """The differing runs in order; between two of them at least one line is equal."""
    pairs = _matches(old, new)
    runs: list[Change] = []
    at, new_at = 0, 0
    for start, new_start, size in pairs:
        if at < start or new_at < new_start:
            runs.append(Change(at, start, new_at, new_start))
        at, new_at = start + size, new_start + size
    if at < len(old) or new_at < len(new):
        runs.append(Change(at, len(old), new_at, len(new)))
    return tuple(runs)


def _matches(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int]]:
    """Equal runs (old start, new start, size), in order, joined where they touch."""
    found: list[tuple[int, int, int]] = []
    work = [(0, len(old), 0, len(new))]
    while work:
        a, b, c, d = work.pop()
        head = 0
        while a + head < b and c + head < d and old[a + head] == new[c + head]:
            head += 1
        if head:
            found.append((a, c, head))
            a, c = a + head, c + head
        tail = 0
        while a < b - tail and c < d - tail and old[b - tail - 1] == new[d - tail - 1]:
            tail += 1
        if tail:
            found.append((b - tail, d - tail, tail))
            b, d = b - tail, d - tail
        if a == b or c == d:
            continue
        anchors = _anchors(old, new, a, b, c, d)
        if anchors:
            for i, j in anchors:
                work.append((a, i, c, j))
                found.append((i, j, 1))
                a, c = i + 1, j + 1
            work.append((a, b, c, d))
        elif (b - a) * (d - c) <= _SMALL:
            matcher = SequenceMatcher(None, old[a:b], new[c:d], autojunk=False)
            found += [(a + i, c + j, n) for i, j, n in matcher.get_matching_blocks() if n]
    found.sort()
    joined: list[tuple[int, int, int]] = []
    for i, j, n in found:
        if joined and sum(joined[-1][::2]) == i and joined[-1][1] + joined[-1][2] == j:
            p, q, m = joined[-1]
            joined[-1] = (p, q, m + n)
        else:
            joined.append((i, j, n))
    return joined


def _anchors(
    old: Sequence[str], new: Sequence[str], a: int, b: int, c: int, d: int
) -> list[tuple[int, int]]:
    """Lines that occur once in both ranges, the longest run of them that keeps the order."""
    here = _single(old, a, b)
    there = _single(new, c, d)
    pairs = [(i, there[text]) for text, i in here.items() if text in there]
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for k, (_, j) in enumerate(pairs):
        at = bisect_left(tails, j)
        if at == len(tails):
            tails.append(j)
            ends.append(k)
        else:
            tails[at] = j
            ends[at] = k
        before.append(ends[at - 1] if at else -1)
    chain: list[tuple[int, int]] = []
    k = ends[-1] if ends else -1
    while k >= 0:
        chain.append(pairs[k])
        k = before[k]
    chain.reverse()
    return chain


def _single(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    """Text to position for the lines that occur once in the range, in order of position."""
    seen: dict[str, int] = {}
    for i in range(start, end):
        text = lines[i]
        seen[text] = -1 if text in seen else i
    return {text: i for text, i in seen.items() if i >= 0}
