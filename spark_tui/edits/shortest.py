"""The fewest items that must go and come between two sequences, as long as that is affordable.

The rule kept here: no more steps are taken than were given; when they are used up, the pairs found
so far stand, and what lies behind them counts as different. Which ranges are worth it is the
callers' choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Pairs = list[tuple[int, int]]
Reach = Mapping[int, int]
"""By diagonal (i - j): how far into the old side a path leads."""


def shortest(old: Sequence[object], new: Sequence[object], steps: int) -> tuple[Pairs, int]:
    """Pairs (i, j) of equal items in order, and how many steps it took.

    >>> shortest([1, 2, 3], [1, 3, 4], 100)[0]
    [(0, 0), (2, 1)]
    """
    size_old, size_new = len(old), len(new)
    used = 0
    before: Reach = {1: 0}
    trace: list[Reach] = []
    best = (0, 0, 0)
    for depth in range(size_old + size_new + 1):
        trace.append(before)
        here: dict[int, int] = {}
        for k in range(-depth, depth + 1, 2):
            i = start = _moved(before, k, size_old, size_new)
            if i < 0:
                continue
            while i < size_old and i - k < size_new and old[i] == new[i - k]:
                i += 1
            used += 4 + i - start
            here[k] = i
            if 2 * i - k > best[0] + best[1]:
                best = (i, i - k, depth)
        if best[0] == size_old and best[1] == size_new:
            break
        used += depth + 1
        if used > steps:
            break
        before = here
    return _pairs(trace, best, size_old, size_new), used


def _moved(before: Reach, k: int, size_old: int, size_new: int) -> int:
    """Where a path stands on diagonal `k` after one more item has gone or come; -1: nowhere."""
    gone = before.get(k - 1, -2) + 1
    come = before.get(k + 1, -1)
    i = gone if gone <= size_old else -1
    return come if come >= i and come - k <= size_new else i


def _pairs(
    trace: Sequence[Reach], end: tuple[int, int, int], size_old: int, size_new: int
) -> Pairs:
    """The equal items on the path that ends there."""
    i, j, depth = end
    found: Pairs = []
    for before in reversed(trace[: depth + 1]):
        k = i - j
        start = _moved(before, k, size_old, size_new)
        found += [(at, at - k) for at in range(i - 1, start - 1, -1)]
        is_come = start == before.get(k + 1, -1) and start - k <= size_new
        i, j = (start, start - k - 1) if is_come else (start - 1, start - k)
    found.reverse()
    return found
