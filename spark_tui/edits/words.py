"""Which characters differ inside a changed line.

The rule kept here: spans fall on whole words, numbers or single signs, and a pair that has little
in common gets none: marking everything marks nothing. Which lines are a pair is diff.py's choice.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher

from spark_tui.edits.shortest import shortest

Spans = tuple[tuple[int, int], ...]

_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
_LONGEST = 400
_ALIKE = 0.4
_STEPS = 30_000
"""About what finding the longest equal runs of two lines may take, or else the fewest changes."""


def changed_spans(old: str, new: str) -> tuple[Spans, Spans]:
    """Spans of characters that differ, in `old` and in `new`.

    >>> changed_spans("return a + b", "return a - b")
    (((9, 10),), ((9, 10),))
    """
    if old == new or len(old) > _LONGEST or len(new) > _LONGEST:
        return (), ()
    left, right = _WORD.findall(old), _WORD.findall(new)
    blocks = _blocks(left, right)
    kept = sum(len(word) for i, _, n in blocks for word in left[i : i + n] if not word.isspace())
    whole = max(len("".join(old.split())), len("".join(new.split())))
    if kept < whole * _ALIKE:
        return (), ()
    here = _gaps(left, [(i, n) for i, _, n in blocks])
    there = _gaps(right, [(j, n) for _, j, n in blocks])
    return here, there


def _blocks(left: list[str], right: list[str]) -> list[tuple[int, int, int]]:
    """Equal runs (left, right, size); one of size 0 at the end."""
    if _cost(left, right) <= _STEPS:
        return list(SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks())
    pairs, _ = shortest(left, right, _STEPS)
    return [*((i, j, 1) for i, j in pairs), (len(left), len(right), 0)]


def _cost(left: list[str], right: list[str]) -> int:
    """No comparison takes more steps than this."""
    most = min(len(left), len(right))
    if len(left) * len(right) * most <= _STEPS:
        return 0
    here, there = Counter(left), Counter(right)
    pairs = sum(n * there[word] for word, n in here.items())
    return pairs * min(most, sum((here & there).values()))


def _gaps(words: list[str], blocks: list[tuple[int, int]]) -> Spans:
    offsets = [0]
    for word in words:
        offsets.append(offsets[-1] + len(word))
    spans: list[tuple[int, int]] = []
    at = 0
    for start, size in blocks:
        if start > at:
            spans.append((offsets[at], offsets[start]))
        at = start + size
    return tuple(spans)
