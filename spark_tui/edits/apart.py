"""What tells one of several equal places in a file apart from the others.

The rule kept here: only what place.py would accept is proposed: a header whose block holds this
place alone, or neighbouring lines that no other place has. How it is said is repair.py's part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spark_tui.edits.index import FileIndex, soft_key
from spark_tui.edits.scope import scopes

_DEEPEST = 4
"""Definitions around a place that are named at most."""
_MOST_LINES = 6
"""Neighbouring lines that are asked for at most."""


@dataclass(frozen=True, slots=True)
class Apart:
    """How one place may be meant and no other; nothing set: no short way was found."""

    headers: tuple[str, ...] = ()
    """To name on @@ lines, the outermost first."""
    above: int = 0
    """Lines above the old text that belong to it, too."""
    below: int = 0


def apart(
    index: FileIndex, start: int, size: int, starts: Sequence[int], *, change: int | None
) -> Apart:
    """What tells the place at `start` apart from the others in `starts`.

    `change` is the first line of the old text that changes: its definition is what an @@ line
    names. None: the format knows no @@ lines.
    """
    if change is not None:
        chain = enclosing(index.lines, start + change)[:_DEEPEST]
        for n in range(1, len(chain) + 1):
            headers = tuple(reversed(chain[:n]))
            inside = scopes(headers, index)
            if [s for s in starts if any(a <= s + change <= b for a, b in inside)] == [start]:
                return Apart(headers)
    others = [s for s in starts if s != start]
    keyed = index.keyed(soft_key)
    for n in range(1, _MOST_LINES + 1):
        ways = ((n, 0), (0, n), (n, n))
        for above, below in ways:
            if _is_alone(keyed, start, size, others, above, below):
                return Apart(above=above, below=below)
    return Apart()


def enclosing(lines: Sequence[str], line: int) -> tuple[str, ...]:
    """The lines above that are indented less and less: what @@ lines would name, innermost first.

    >>> enclosing(["class A:", "    def f(self):", "        return 1"], 2)
    ('def f(self):', 'class A:')
    """
    while line < len(lines) and not lines[line].strip():
        line += 1
    if not 0 <= line < len(lines):
        return ()
    found: list[str] = []
    depth = _depth(lines[line])
    for i in range(line - 1, -1, -1):
        text = lines[i].strip()
        if text and _depth(lines[i]) < depth and text[0] not in ")]}{":
            found.append(text)
            depth = _depth(lines[i])
    return tuple(found)


def _is_alone(
    keyed: Sequence[str], start: int, size: int, others: Sequence[int], above: int, below: int
) -> bool:
    """No other place has the same lines around it; blank edges do not count."""
    first, last = start - above, start + size + below
    if first < 0 or last > len(keyed):
        return False
    if (above and not keyed[first]) or (below and not keyed[last - 1]):
        return False
    mine = keyed[first:last]
    return all(keyed[max(0, s - above) : s + size + below] != mine for s in others)


def _depth(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
