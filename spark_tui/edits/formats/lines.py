"""Lines that patches of every kind share: the @@ line and the body line with its sign.

The rule kept here: a line whose sign was left out is a line that stays, in each reading that its
blanks allow. Where a hunk begins and ends is the machines' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from spark_tui.edits.formats.signals import Line

_NUMBERS = re.compile(r"@@+\s*-(\d+)(?:,(\d+))?\s+\+(\d+)(?:,(\d+))?\s*@@+\s?(.*)")
_NOTHING = ("", "...", "…", "@@")


@dataclass(frozen=True, slots=True)
class Header:
    """One @@ line."""

    text: str = ""
    """What it names, "" for nothing."""
    start: int | None = None
    """1-based first line in the old file; None without numbers."""
    old: int | None = None
    """Lines on the old side."""
    new: int | None = None


def header_of(line: str) -> Header:
    """What an @@ line says.

    >>> header_of("@@ -3,2 +3 @@ def f():")
    Header(text='def f():', start=3, old=2, new=1)
    >>> header_of("@@ class A: @@").text
    'class A:'
    """
    start = old = new = None
    numbers = _NUMBERS.match(line)
    if numbers:
        start = int(numbers[1])
        old, new = int(numbers[2] or 1), int(numbers[4] or 1)
        text = numbers[5]
    else:
        text = line.lstrip("@").removeprefix(" ")
    text = text.rstrip()
    if text.endswith(" @@"):
        text = text[:-3].rstrip()
    return Header("" if text.strip() in _NOTHING else text, start, old, new)


def body_line(text: str) -> Line:
    """One line of a hunk by its sign."""
    match text[:1]:
        case " ":
            return Line(" ", text[1:], text)
        case "+":
            return Line("+", text[1:])
        case "-":
            return Line("-", text[1:])
        case _:
            return Line(" ", text)
