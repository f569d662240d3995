"""Which part of a file an @@ header names.

The rule kept here: a header narrows, it never decides alone; a header that is not in the file
says nothing. A block reaches from its header to the next line that is not indented deeper,
closing brackets aside; in Markdown to the next heading of the same rank.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from spark_tui.edits.indent import indent_of
from spark_tui.edits.index import FileIndex, exact_key, soft_key, trailing_key, trimmed_key

Range = tuple[int, int]

_STAYS = re.compile(r"[)\]}{]|#\s*(if|ifdef|ifndef|else|elif|endif|define|undef)\b|end\b")
"""What may stand at the header's own depth without ending its block."""
_RANK = re.compile(r"(#{1,6})\s")
_SHORTEST_PREFIX = 3


def header_lines(header: str, index: FileIndex, within: Sequence[Range]) -> list[int]:
    """Where the header's text stands: as a whole line, or else as the beginning of one."""
    for key in (exact_key, trailing_key, trimmed_key, soft_key):
        found = [i for i in index.positions(key, header) if _inside(i, within)]
        if found:
            return found
    text = soft_key(header)
    if len(text) < _SHORTEST_PREFIX:
        return []
    lines = index.keyed(soft_key)
    return [i for i, line in enumerate(lines) if line.startswith(text) and _inside(i, within)]


def scopes(headers: Sequence[str], index: FileIndex) -> list[Range]:
    """The blocks the stacked headers leave; empty if one of them is not in the file."""
    within: list[Range] = [(0, len(index.lines))]
    for header in headers:
        within = [block(i, index) for i in header_lines(header, index, within)]
    return within if headers else []


def block(start: int, index: FileIndex) -> Range:
    """The lines of the block that opens at `start`."""
    lines = index.lines
    heading = _RANK.match(lines[start])
    if heading and index.snapshot.path.endswith((".md", ".markdown", ".mdx")):
        rank = len(heading[1])
        for i in range(start + 1, len(lines)):
            other = _RANK.match(lines[i])
            if other and len(other[1]) <= rank:
                return start, i
        return start, len(lines)
    depth = _width(lines[start])
    for i in range(start + 1, len(lines)):
        line = lines[i]
        if not line.strip() or _width(line) > depth:
            continue
        if not _STAYS.match(line.lstrip()):
            return start, i
    return start, len(lines)


def _inside(i: int, within: Sequence[Range]) -> bool:
    return any(start <= i < end for start, end in within)


def _width(line: str) -> int:
    return len(indent_of(line).expandtabs(4))
