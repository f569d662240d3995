"""A whole file in which comments stand for code that was left out, with that code filled in.

    def a():
        return 2
    # ... existing code ...
    def z():

The rule kept here: code is filled in only between seams that are proven, lines of the file which
stand right above and right below the comment and in one place each; what is given out in between
must be the file's own with small changes. In any other case nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from spark_tui.edits.asked import is_abbreviation
from spark_tui.edits.linediff import changes

_MOST = 8
"""Comments in one file that are looked at."""
_SEAM = 3
"""Lines that make a seam: a change closer to the comment than that cannot be told from code that
was left out."""
_WORDY = 4
"""Letters and digits that some line of a seam has at least."""
_LOST = 5
"""Lines that may go in one place without others coming."""


def filled(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...] | None:
    """The lines with the code filled in; None where a seam is not proven.

    >>> old = ["one()", "two()", "three()", "four()", "five()", "six()"]
    >>> filled(old, ["1()", "two()", "three()", "four()", "# ... existing code ..."])
    ('1()', 'two()', 'three()', 'four()', 'five()', 'six()')
    """
    here = set(old)
    marks = [i for i, line in enumerate(new) if line not in here and is_abbreviation(line)]
    if not marks or len(marks) > _MOST:
        return None
    given = [
        tuple(new[start + 1 : end])
        for start, end in zip((-1, *marks), (*marks, len(new)), strict=True)
    ]
    lines = list(given[0])
    start = 0
    for i, (above, below) in enumerate(pairwise(given)):
        end = _after(old, above[-_SEAM:]) if i or above else 0
        following = _before(old, below[:_SEAM]) if below or i + 2 < len(given) else len(old)
        if end is None or following is None or not start <= end < following:
            return None
        if not _is_like(old[start:end], above):
            return None
        lines += [*old[end:following], *below]
        start = following
    return tuple(lines) if _is_like(old[start:], given[-1]) else None


def _after(old: Sequence[str], seam: Sequence[str]) -> int | None:
    """The line below the one place where the seam stands."""
    at = _before(old, seam)
    return None if at is None else at + len(seam)


def _before(old: Sequence[str], seam: Sequence[str]) -> int | None:
    """The first line of the one place where the seam stands."""
    wordy = any(sum(map(str.isalnum, line)) >= _WORDY for line in seam)
    if len(seam) < _SEAM or not wordy:
        return None
    size, first = len(seam), seam[0]
    found = [
        i for i, line in enumerate(old) if line == first and tuple(old[i : i + size]) == tuple(seam)
    ]
    return found[0] if len(found) == 1 else None


def _is_like(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether the lines are those of the file with small changes, nothing large gone."""
    runs = changes(old, new)
    gone = sum(run.end - run.start for run in runs)
    net = max(((r.end - r.start) - (r.new_end - r.new_start) for r in runs), default=0)
    return net <= _LOST and gone <= max(_LOST, len(old) // 4)
