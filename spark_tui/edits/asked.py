"""A complete hunk as the reply wrote it, before it has a place.

The rule kept here: nothing in it comes from the file. How formats spell it is theirs; where it
goes is place.py's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal, NamedTuple

from spark_tui.edits.linediff import Change, changes

_COMMENT = r"^\s*(?:#|//|--|/\*|<!--|\{/\*|;|%)\s*"
_LEFT_OUT = r"(?:existing|rest|unchanged|remaining|remains|same|previous|other|omitted)\b"
_ABBREVIATED = re.compile(
    rf"{_COMMENT}(?:(?:\.\.\.|…).{{0,60}}\b{_LEFT_OUT}|(?:the )?{_LEFT_OUT}.{{0,60}}(?:\.\.\.|…))",
    re.IGNORECASE,
)
_SHORT = 40_000
"""Old times new lines up to which two sides are short."""
_BARE_DOTS = re.compile(r"^\s*(?:\.\.\.|…)\s*$")


class Written(NamedTuple):
    """One line of a hunk."""

    sign: Literal[" ", "-", "+"]
    text: str
    other: str | None = None
    """Another reading of the same line: the prefix was left out and its blank is the file's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The whole hunk."""

    body: tuple[Written, ...]
    headers: tuple[str, ...] = ()
    hint: int | None = None
    """1-based line given by a numeric header."""
    at_end: bool = False
    """Marked as the end of the file."""
    newline: bool | None = None
    """Whether the file ends with a newline afterwards; None: as it did."""

    @property
    def old(self) -> tuple[Written, ...]:
        """Kept and removed lines."""
        return tuple(line for line in self.body if line.sign != "+")

    @property
    def new(self) -> tuple[Written, ...]:
        """Kept and added lines."""
        return tuple(line for line in self.body if line.sign != "-")

    def without_blank_edges(self) -> Asked | None:
        """The same without kept blank lines at its ends; None if there are none, or if beside
        them a blank line comes or goes: which one it is could not be told then."""
        start, end = 0, len(self.body)
        while start < end and _is_blank(self.body[start]):
            start += 1
        while end > start and _is_blank(self.body[end - 1]):
            end -= 1
        if end - start == len(self.body) or start == end:
            return None
        edges = [self.body[start]] if start else []
        if end < len(self.body):
            edges.append(self.body[end - 1])
        if any(line.sign != " " and not line.text.strip() for line in edges):
            return None
        return replace(self, body=self.body[start:end])


def from_sides(search: Sequence[str], replace: Sequence[str]) -> tuple[Written, ...]:
    """Two sides as one body: lines both have are kept, the rest is removed or added.

    >>> [line.sign for line in from_sides(["a", "b"], ["a", "c"])]
    [' ', '-', '+']
    """
    body: list[Written] = []
    at = 0
    for run in _runs(search, replace):
        body += [Written(" ", text) for text in search[at : run.start]]
        body += [Written("-", text) for text in search[run.start : run.end]]
        body += [Written("+", text) for text in replace[run.new_start : run.new_end]]
        at = run.end
    body += [Written(" ", text) for text in search[at:]]
    return tuple(body)


def _runs(search: Sequence[str], replace: Sequence[str]) -> Sequence[Change]:
    """Short sides are compared by their longest equal runs, as a reader does it."""
    if len(search) * len(replace) > _SHORT:
        return changes(search, replace)
    matcher = SequenceMatcher(None, search, replace, autojunk=False)
    return [Change(a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def splits(
    search: Sequence[str], rest: Sequence[str], dividers: Sequence[str]
) -> list[tuple[list[str], list[str]]]:
    """The two sides for each divider taken as the real one, the longest old side first.

    `rest` is everything below the first divider, the other dividers included.

    >>> splits(["Title"], ["===", "Name", "==="], ["===", "===", "==="])[1]
    (['Title', '==='], ['Name', '==='])
    """
    sides = [(list(search), list(rest))]
    for divider, following in pairwise(dividers):
        old, new = sides[-1]
        at = new.index(following)
        sides.append(([*old, divider, *new[:at]], new[at + 1 :]))
    return sides[::-1]


def is_abbreviation(line: str) -> bool:
    """Whether the line says that code was left out.

    >>> is_abbreviation("    # ... rest of the function unchanged")
    True
    >>> is_abbreviation("    ...")
    False
    """
    return bool(_ABBREVIATED.match(line))


def is_elision(line: str) -> bool:
    """Whether the line may stand for others: also three bare dots, which can be code."""
    return bool(_BARE_DOTS.match(line)) or is_abbreviation(line)


def _is_blank(line: Written) -> bool:
    return line.sign == " " and not line.text.strip()
