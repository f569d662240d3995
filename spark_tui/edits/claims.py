"""Which lines of a file the placed hunks of a reply change.

The rule kept here: claims never overlap, so a question looks at the neighbours of a place only,
however many hunks there are. Who wins is decided in desk.py.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from spark_tui.edits.changeset import Edit


class Claims:
    """The claimed spans of one file, in order."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int, int]] = []
        self._sets: set[tuple[Edit, ...]] = set()

    def same(self, edits: tuple[Edit, ...]) -> bool:
        """Whether some hunk makes exactly these edits already."""
        return bool(edits) and edits in self._sets

    def holder(self, edits: Iterable[Edit]) -> int | None:
        """The number of a hunk that claims some of these lines."""
        return next((n for edit in edits if (n := self._holder(edit)) is not None), None)

    def add(self, number: int, edits: tuple[Edit, ...]) -> None:
        """The lines belong to this hunk now. They must be free."""
        if edits:
            self._sets.add(edits)
        for edit in edits:
            insort(self._spans, (edit.start, edit.end, number))

    def _holder(self, edit: Edit) -> int | None:
        first = bisect_left(self._spans, (edit.start, edit.start, -1))
        point = edit.start == edit.end
        for i in range(max(0, first - 1), len(self._spans)):
            start, end, number = self._spans[i]
            if start > edit.end or (start == edit.end and not point):
                return None
            if start == end == edit.start == edit.end:
                return number
            if start < edit.end and edit.start < end:
                return number
        return None
