"""Where a hunk that was not found would fit best, and the first line that differs.

The rule kept here: this only explains; nothing found here is ever edited. The words go to the
person and, through repair.py, to the model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from spark_tui.edits.asked import Asked, Written
from spark_tui.edits.changeset import Unplaced
from spark_tui.edits.index import FileIndex, soft_key

_COMMON = 64
"""Lines that stand in more places than this tell nothing about the place."""
_SHOWN = 120
"""Characters of a line that are quoted."""
_WORD = re.compile(r"\w+|[^\w\s]")
_COMPARED = 20
"""Old lines that are compared word by word."""
_ALIKE = 0.5
"""Share of words that two lines must have in common to be alike."""


def votes(old: Sequence[Written], index: FileIndex) -> Counter[int]:
    """For each possible start, how many old lines with text fit there (blanks and quotes aside)."""
    counted: Counter[int] = Counter()
    for k, line in enumerate(old):
        if not line.text.strip():
            continue
        positions = index.positions(soft_key, line.text)
        if len(positions) <= _COMMON:
            counted.update(pos - k for pos in positions)
    return counted


def telling(old: Sequence[Written], index: FileIndex) -> int:
    """How many old lines could vote: they have text and are not all over the file."""
    return sum(
        1
        for line in old
        if line.text.strip() and len(index.positions(soft_key, line.text)) <= _COMMON
    )


def explain(asked: Asked, index: FileIndex) -> Unplaced:
    """Why the old side has no place: the first diverging line, or the most similar places."""
    old = asked.old
    counted = votes(old, index)
    best = sorted(((n, -start) for start, n in counted.items() if start > -len(old)), reverse=True)[
        :3
    ]
    starts = tuple(max(0, -start) for _, start in best)
    if best and best[0][0] * 2 >= telling(old, index) and -best[0][1] >= 0:
        said = _divergence([line.text for line in old], index.lines, -best[0][1])
        if said:
            return Unplaced("diverges", said, starts[:1])
    places = "place is at line" if len(starts) == 1 else "places are at lines"
    where = f"; the most similar {places} {_numbers(starts)}" if starts else ""
    return Unplaced("not_found", f"the old text is not in the file{where}", starts)


def diverging(old: Sequence[str], lines: Sequence[str], start: int) -> tuple[int, int] | None:
    """The first old line that is not what stands at its place, and that place (0-based both).

    Words count before indentation. A place past the end of the file is len(lines).

    >>> diverging(["a", "b = 2"], ["x", "a", "b = 1"], 1)
    (1, 2)
    """
    for k, text in enumerate(old):
        at = start + k
        if at >= len(lines):
            return k, len(lines)
        if soft_key(text) != soft_key(lines[at]):
            return k, at
    return next(
        ((k, start + k) for k, text in enumerate(old) if text != lines[start + k]),
        None,
    )


def similar(old: Sequence[str], lines: Sequence[str]) -> tuple[int, ...]:
    """Up to three places (0-based) whose lines share most words with the old ones.

    >>> similar(["return a minus b"], ["def sub(a, b):", "    return a - b"])
    (1,)
    """
    wanted = [(k, frozenset(_WORD.findall(text))) for k, text in enumerate(old) if text.strip()]
    wanted = wanted[:_COMPARED]
    known = frozenset[str]().union(*(words for _, words in wanted))
    scores: dict[int, float] = {}
    for at, line in enumerate(lines):
        words = frozenset(_WORD.findall(line))
        if known.isdisjoint(words):
            continue
        for k, mine in wanted:
            share = 2 * len(mine & words) / (len(mine) + len(words))
            if share >= _ALIKE:
                start = max(0, at - k)
                scores[start] = scores.get(start, 0.0) + share
    best: list[int] = []
    for start in sorted(scores, key=lambda s: (-scores[s], s)):
        if all(abs(start - other) >= len(old) for other in best):
            best.append(start)
        if len(best) == 3:
            break
    return tuple(best)


def alike(one: Sequence[str], other: Sequence[str]) -> float:
    """The share of words that two texts have in common, 0 to 1.

    >>> alike(["a + b"], ["a - b"]), alike([], ["a"])
    (0.6666666666666666, 0.0)
    """
    mine = Counter(word for line in one for word in _WORD.findall(line))
    theirs = Counter(word for line in other for word in _WORD.findall(line))
    size = mine.total() + theirs.total()
    return 2 * (mine & theirs).total() / size if size else 0.0


def _divergence(old: Sequence[str], lines: Sequence[str], start: int) -> str:
    found = diverging(old, lines, start)
    if found is None:
        return ""
    k, at = found
    if at == len(lines):
        return f"line {k + 1} of the old text is past the end of the file"
    if soft_key(old[k]) == soft_key(lines[at]):
        return (
            f"line {k + 1} of the old text is indented otherwise than line {at + 1} "
            "of the file, and no single shift explains all lines"
        )
    return (
        f"line {k + 1} of the old text differs from line {at + 1} of the file: "
        f"{_cut(old[k])!r} is {_cut(lines[at])!r} there"
    )


def _numbers(starts: Sequence[int]) -> str:
    return ", ".join(str(start + 1) for start in starts)


def _cut(line: str) -> str:
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
