"""One change of a file written down as each format would: what round trips start from.

The rule kept here: nothing of the product is used to write, so that writer and reader cannot agree
on a mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

Numbers = Literal["right", "none", "less", "more"]
PLAIN = [
    "",
    "a",
    "b",
    "  a",
    "    x = 1",
    "\ty",
    "}",
    "def f():",
    "é 日本",
    "a\rb",
    "\x0cpage",
    "c\u2028d",
]
"""Lines that repeat, with blanks, signs and separators that end no line."""
ODD = [
    "-- x",
    "++ x",
    "=======",
    "<<<<<<< SEARCH",
    ">>>>>>> REPLACE",
    ">>>>>>> main",
    "<<<<<<< HEAD",
    "*** End Patch",
    "*** Update File: b.py",
    "@@ x",
    "@@ -1,2 +1,2 @@",
    "```",
    "```python",
    "~~~",
    "--- a/a.txt",
    "+++ b/a.txt",
    "diff --git a/a.txt b/a.txt",
    "\\ No newline at end of file",
    "b/other.txt",
    "# ... existing code ...",
    "...",
    "EOF",
    "- point",
]
"""Lines that mean something to one format or another."""


@dataclass(frozen=True, slots=True)
class Change:
    """Lines [start, end) become others."""

    start: int
    end: int
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk with its context."""

    start: int
    """0-based first line on the old side."""
    new_start: int
    body: tuple[tuple[str, str], ...]
    """Sign and text."""

    def side(self, leaves_out: str) -> list[str]:
        return [text for sign, text in self.body if sign != leaves_out]


@st.composite
def changed(
    draw: st.DrawFn, lines: st.SearchStrategy[str], *, most: int = 12
) -> tuple[list[str], list[Change]]:
    """Lines of a file and changes apart from each other, each of which changes something."""
    old = draw(st.lists(lines, max_size=most))
    changes: list[Change] = []
    at = 0
    while at <= len(old) and len(changes) < 3:
        start = draw(st.integers(at, len(old)))
        end = min(len(old), start + draw(st.integers(0, 3)))
        new = tuple(draw(st.lists(lines, max_size=3)))
        if tuple(old[start:end]) != new:
            changes.append(Change(start, end, new))
        at = end + 1 + draw(st.integers(0, 3))
    return old, changes


def result(old: Sequence[str], changes: Sequence[Change]) -> list[str]:
    new: list[str] = []
    at = 0
    for change in changes:
        new += [*old[at : change.start], *change.new]
        at = change.end
    return [*new, *old[at:]]


def hunks_of(old: Sequence[str], changes: Sequence[Change], context: int) -> list[Hunk]:
    """Changes with so many lines around them; those whose context meets stand in one hunk."""
    groups: list[list[Change]] = []
    for change in changes:
        if groups and change.start - groups[-1][-1].end <= 2 * context:
            groups[-1].append(change)
        else:
            groups.append([change])
    hunks: list[Hunk] = []
    shift = 0
    for group in groups:
        start = at = max(0, group[0].start - context)
        body: list[tuple[str, str]] = []
        for change in group:
            body += [(" ", text) for text in old[at : change.start]]
            body += [("-", text) for text in old[change.start : change.end]]
            body += [("+", text) for text in change.new]
            at = change.end
        body += [(" ", text) for text in old[at : at + context]]
        hunks.append(Hunk(start, start + shift, tuple(body)))
        shift += sum(len(change.new) - (change.end - change.start) for change in group)
    return hunks


def _rows(hunk: Hunk) -> str:
    return "".join(f"{sign}{text}\n" for sign, text in hunk.body)


def as_patch(path: str, hunks: Sequence[Hunk]) -> str:
    body = "".join(f"@@\n{_rows(hunk)}" for hunk in hunks)
    return f"*** Begin Patch\n*** Update File: {path}\n{body}*** End Patch\n"


def as_blocks(path: str, hunks: Sequence[Hunk], *, fence: str = "") -> str:
    text = ""
    for hunk in hunks:
        old = "".join(f"{line}\n" for line in hunk.side("+"))
        new = "".join(f"{line}\n" for line in hunk.side("-"))
        block = f"<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"
        text += f"{path}\n{fence}python\n{block}{fence}\n" if fence else f"{path}\n{block}"
    return text


def as_diff(
    path: str, hunks: Sequence[Hunk], *, numbers: Numbers, fence: str = "", git: bool = False
) -> str:
    text = f"diff --git a/{path} b/{path}\nindex 1111111..2222222 100644\n" if git else ""
    text += f"--- a/{path}\n+++ b/{path}\n"
    off = {"less": -1, "more": 1}.get(numbers, 0)
    for hunk in hunks:
        old, new = len(hunk.side("+")), len(hunk.side("-"))
        first, second = hunk.start + (old > 0), hunk.new_start + (new > 0)
        old, new = old + off, new + off
        numbered = f"@@ -{first},{max(0, old)} +{second},{max(0, new)} @@\n"
        text += ("@@\n" if numbers == "none" else numbered) + _rows(hunk)
    return f"{fence}diff\n{text}{fence}\n" if fence else text


def as_whole(path: str, new: Sequence[str], *, fence: str) -> str:
    return f"{path}\n{fence}python\n" + "".join(f"{line}\n" for line in new) + f"{fence}\n"


BASES = st.tuples(
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"]),
    st.sampled_from(["\n", "\r\n", "mixed"]),
    st.booleans(),
)
"""Encoding, line ends, and whether the last line has none."""


def encoded(lines: Sequence[str], base: tuple[str, str, bool]) -> bytes:
    """The bytes of a file with these lines."""
    encoding, ending, bare = base
    ends = [
        "\r\n" if ending == "\r\n" or (ending == "mixed" and i % 3 == 1) else "\n"
        for i in range(len(lines))
    ]
    if bare and lines and lines[-1]:
        ends[-1] = ""
    text = "".join(line + end for line, end in zip(lines, ends, strict=True))
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    return marks.get(encoding, b"") + text.encode(encoding)
