"""Which characters differ inside a changed line.

The rule kept here: spans fall on whole words, numbers or single signs, and a pair that has little
in common gets none: marking everything marks nothing. Which lines are a pair is diff.py's choice.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

Spans = tuple[tuple[int, int], ...]

_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
_LONGEST = 400
_ALIKE = 0.4


def changed_spans(old: str, new: str) -> tuple[Spans, Spans]:
    """Spans of characters that differ, in `old` and in `new`.

    >>> changed_spans("return a + b", "return a - b")
    (((9, 10),), ((9, 10),))
    """
    if old == new or len(old) > _LONGEST or len(new) > _LONGEST:
        return (), ()
    left, right = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    blocks = matcher.get_matching_blocks()
    kept = sum(len(word) for i, _, n in blocks for word in left[i : i + n] if not word.isspace())
    whole = max(len("".join(old.split())), len("".join(new.split())))
    if kept < whole * _ALIKE:
        return (), ()
    here = _gaps(left, [(i, n) for i, _, n in blocks])
    there = _gaps(right, [(j, n) for _, j, n in blocks])
    return here, there


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
