"""A place where only a context line or two is written a little wrong.

The rule kept here: lines that go, and lines right beside an insertion, are never matched by
likeness, and there must be one such place only. It is asked last, and what it finds is flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from spark_tui.edits.asked import Asked, Written
from spark_tui.edits.changeset import Flag, Placed, Quality
from spark_tui.edits.indent import indent_of
from spark_tui.edits.index import FileIndex
from spark_tui.edits.nearest import telling, votes
from spark_tui.edits.passes import edits_of

_LONGEST = 1000
"""Signs of a line up to which likeness is asked: the cost grows with the square of them."""
_ALIKE = 0.8
"""How similar a context line must be to pass for a slip of the pen."""


def drift(asked: Asked, index: FileIndex) -> Placed | None:
    """The one place that fits but for a slip of the pen in the context; None if there is none."""
    old = asked.old
    kept = sum(1 for w in old if w.sign == " ")
    allowed = max(1, kept // 4)
    needed = max(1, telling(old, index) - allowed)
    found: list[tuple[int, float]] = []
    for start, n in votes(old, index).items():
        if n >= needed and 0 <= start <= len(index.lines) - len(old):
            score = _likeness(asked.body, old, index, start, allowed)
            if score is not None:
                found.append((start, score))
    if len(found) != 1:
        return None
    start, score = found[0]
    edits = edits_of(asked.body, [w.text for w in asked.body], index, start, None)
    flags = frozenset({Flag.ABOUT})
    return Placed(start, start + len(old), edits, Quality.DRIFT, score, flags, already=not edits)


def _likeness(
    body: Sequence[Written], old: Sequence[Written], index: FileIndex, start: int, allowed: int
) -> float | None:
    """The lowest similarity of a context line; None if the place does not count."""
    off: set[int] = set()
    worst = 1.0
    equal = 0
    for i, line in enumerate(old):
        there = index.lines[start + i]
        if line.text.rstrip() == there.rstrip():
            equal += bool(line.text.strip())
            continue
        if line.sign == "-" or not line.text.strip() or len(off) == allowed:
            return None
        if len(line.text) > _LONGEST or len(there) > _LONGEST:
            return None
        score = SequenceMatcher(None, line.text, there, autojunk=False).ratio()
        if score < _ALIKE or indent_of(line.text) != indent_of(there):
            return None
        off.add(i)
        worst = min(worst, score)
    if equal < 2 or off & _touching(body):
        return None
    return worst


def _touching(body: Sequence[Written]) -> set[int]:
    """Positions on the old side of kept lines right beside a pure insertion."""
    beside: set[int] = set()
    n = 0
    at = 0
    while at < len(body):
        if body[at].sign == " ":
            n += 1
            at += 1
            continue
        run_end = at
        while run_end < len(body) and body[run_end].sign != " ":
            run_end += 1
        removed = sum(1 for line in body[at:run_end] if line.sign == "-")
        if not removed:
            beside |= {n - 1, n}
        n += removed
        at = run_end
    return beside
