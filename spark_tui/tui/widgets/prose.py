"""Lines of the conversation as rows of looks: light Markdown, and wrapping.

The rule kept here: one source line in, its rows out; nothing depends on the line before but the
kind that its reader gave it. What a look is coloured like is the style sheet's affair; when rows
are made and forgotten is transcript.py's.
"""

from __future__ import annotations

import re
from typing import Literal

from rich.cells import cell_len

Kind = Literal[
    "prompt",
    "meta",
    "said",
    "code",
    "fence",
    "tool",
    "note",
    "warning",
    "error",
    "summary",
    "blank",
]
"""What a source line is; `code` lines are kept verbatim."""

Span = tuple[str, str]
"""Text and the name of its look."""

_INLINE = re.compile(r"(\*\*(?=\S)[^*]+(?<=\S)\*\*|`[^`]+`)")
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_BULLET = re.compile(r"(\s*)([-*+]|\d{1,3}[.)])(\s+)(.*)")
_WORD = re.compile(r"\s+|\S+")
_WHOLE = re.compile(r".+", re.DOTALL)
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")

MARKS: dict[str, str] = {
    "prompt": "▌ ",
    "tool": "· ",
    "note": "• ",
    "warning": "! ",
    "error": "✗ ",
    "summary": "└ ",
    "code": "  ",
    "fence": "  ",
    "meta": "  ",
}
"""What stands before a line of this kind, and its rows' indent."""


def is_fence(line: str) -> str:
    """The fence that this line opens or closes, or ""."""
    found = _FENCE.match(line)
    return found[1] if found else ""


def spans(kind: Kind, text: str) -> tuple[list[Span], int]:
    """The pieces of a line with their looks, and the indent of its further rows."""
    mark = MARKS.get(kind, "")
    if kind != "said":
        return [(mark, f"{kind}-mark"), (text, kind)] if mark else [(text, kind)], len(mark)
    if heading := _HEADING.match(text):
        return _inline(heading[2], "heading"), 0
    if text.startswith(">"):
        return [(text, "quote")], 2
    if bullet := _BULLET.match(text):
        lead = bullet[1] + ("•" if bullet[2] in "-*+" else bullet[2]) + " "
        return [(lead, "bullet"), *_inline(bullet[4], "said")], len(lead)
    return _inline(text, "said"), 0


def _inline(text: str, look: str) -> list[Span]:
    out: list[Span] = []
    for part in _INLINE.split(text):
        if not part:
            continue
        if part[0] == "`" and part[-1] == "`" and len(part) > 2:
            out.append((part[1:-1], "inline"))
        elif part.startswith("**") and part.endswith("**") and len(part) > 4:
            out.append((part[2:-2], "strong"))
        else:
            out.append((part, look))
    return out


def wrap(line: list[Span], width: int, *, indent: int, verbatim: bool) -> list[list[Span]]:
    """The rows of a line, none wider than `width` cells; further rows begin with `indent`."""
    plain = "".join(text for text, _ in line)
    cuts = breaks(plain, width, indent=indent, verbatim=verbatim)
    if cuts == [(0, len(plain))]:
        return [line]
    rows: list[list[Span]] = []
    for number, (start, end) in enumerate(cuts):
        row: list[Span] = [(" " * indent, "said")] if number and indent else []
        at = 0
        for text, look in line:
            piece = text[max(0, start - at) : max(0, end - at)]
            if piece:
                row.append((piece, look))
            at += len(text)
        rows.append(row)
    return rows


def breaks(
    text: str, width: int, *, indent: int = 0, verbatim: bool = False
) -> list[tuple[int, int]]:
    """Where rows begin and end in `text`; spaces at a break belong to no row.

    >>> breaks("one two three", 8)
    [(0, 8), (8, 13)]
    >>> breaks("abcdefgh", 3)
    [(0, 3), (3, 6), (6, 8)]
    """
    ascii_only = text.isascii()
    if ascii_only and len(text) <= width:
        return [(0, len(text))]
    indent = min(indent, width // 2)
    rows: list[tuple[int, int]] = []
    start = used = 0
    room = width
    for found in (_WHOLE if verbatim else _WORD).finditer(text):
        word_start, word_end = found.span()
        size = word_end - word_start if ascii_only else cell_len(found[0])
        if used + size <= room:
            used += size
            continue
        if found[0].isspace() and not verbatim:
            rows.append((start, word_start))
            start, used, room = word_end, 0, width - indent
            continue
        if used:
            rows.append((start, word_start))
            start, used, room = word_start, 0, width - indent
        while size > room:
            cut = start + (room if ascii_only else _fitting(text[start:word_end], room))
            rows.append((start, cut))
            size -= cut - start if ascii_only else cell_len(text[start:cut])
            start, room = cut, width - indent
        used = size
    if start < len(text) or not rows:
        rows.append((start, len(text)))
    return rows


def _fitting(text: str, room: int) -> int:
    """How many code points of `text` fit into `room` cells; at least one sign."""
    used = 0
    for at, sign in enumerate(text):
        used += cell_len(sign)
        if used > room and at:
            return at
    return len(text)
