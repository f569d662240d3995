"""Follows one growing hunk through a file: which exact places still fit, which lines stay.

The rule kept here: the cost of a line is the number of places still open, never the size of the
file; what is said is true so far and unproven. The verdict is place.py's.
"""

from __future__ import annotations

from spark_tui.edits.index import FileIndex, exact_key

_CAP = 64
"""Lines that stand in more places than this do not start a search."""


class LiveSearch:
    """Exact candidates of an old side whose lines arrive one by one."""

    def __init__(self, index: FileIndex) -> None:
        self._index = index
        self._seen: list[str] = []
        self._open: list[int] | None = None
        self._told = False

    def add(self, line: str) -> int | None:
        """The one place left, the first time there is just one; else None."""
        k = len(self._seen)
        self._seen.append(line)
        lines = self._index.lines
        if self._told:
            return None
        if self._open is None:
            if not line.strip():
                return None
            positions = self._index.positions(exact_key, line)
            if len(positions) > _CAP:
                return None
            self._open = [p - k for p in positions if p >= k and self._fits(p - k, k)]
        else:
            self._open = [s for s in self._open if s + k < len(lines) and lines[s + k] == line]
        if len(self._open) != 1:
            return None
        self._told = True
        return self._open[0]

    def _fits(self, start: int, size: int) -> bool:
        lines = self._index.lines
        return all(lines[start + i] == self._seen[i] for i in range(size))


class LiveRewrite:
    """Which lines of a whole file, as it comes, are the ones that are there.

    After a line that is not, it takes two in a row, or one that stands once, to be at a known
    place again: until then lines count as new.
    """

    def __init__(self, index: FileIndex) -> None:
        self._index = index
        self._at = 0
        """The line of the file that comes next."""
        self._maybe = -1
        """The one that comes next if the last line was where it may have been."""

    def stays(self, line: str) -> bool:
        """Whether this line, the next of the reply, is known to be one of the file."""
        lines = self._index.lines
        if self._at < len(lines) and lines[self._at] == line:
            self._at += 1
            self._maybe = -1
            return True
        positions = self._index.positions(exact_key, line)
        if len(positions) == 1 and positions[0] >= self._at:
            self._at, self._maybe = positions[0] + 1, -1
            return True
        if 0 <= self._maybe < len(lines) and lines[self._maybe] == line:
            self._at, self._maybe = self._maybe + 1, -1
            return True
        if not line.strip() or len(positions) > _CAP:
            self._maybe = -1
        else:
            self._maybe = next((p + 1 for p in positions if p >= self._at), -1)
        return False
