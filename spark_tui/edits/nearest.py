"""Where a hunk that was not found would fit best, and the first line that differs.

The rule kept here: this only explains; nothing found here is ever edited. The words go to the
person and, through repair.py, to the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from spark_tui.edits.asked import Asked, Written
from spark_tui.edits.changeset import Unplaced
from spark_tui.edits.index import FileIndex, soft_key

_COMMON = 64
"""Lines that stand in more places than this tell nothing about the place."""
_SHOWN = 120
"""Characters of a line that are quoted."""


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
        said = _divergence(old, index, -best[0][1])
        if said:
            return Unplaced("diverges", said, starts[:1])
    where = f"; the most similar places are at lines {_numbers(starts)}" if starts else ""
    return Unplaced("not_found", f"the old text is not in the file{where}", starts)


def _divergence(old: Sequence[Written], index: FileIndex, start: int) -> str:
    for k, line in enumerate(old):
        at = start + k
        if at >= len(index.lines):
            return f"line {k + 1} of the old text is past the end of the file"
        if soft_key(line.text) != soft_key(index.lines[at]):
            return (
                f"line {k + 1} of the old text differs from line {at + 1} of the file: "
                f"{_cut(line.text)!r} is {_cut(index.lines[at])!r} there"
            )
    for k, line in enumerate(old):
        if line.text != index.lines[start + k]:
            return (
                f"line {k + 1} of the old text is indented otherwise than line {start + k + 1} "
                "of the file, and no single shift explains all lines"
            )
    return ""


def _numbers(starts: Sequence[int]) -> str:
    return ", ".join(str(start + 1) for start in starts)


def _cut(line: str) -> str:
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
