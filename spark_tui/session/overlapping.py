"""Which older proposals a newly placed hunk stands in for.

The rule kept here: two hunks overlap when they claim the same lines, wherever those lines are in
the versions of the file that each of them was made for; a doubt counts as an overlap. What becomes
of the older one is decided by whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping

from spark_tui.edits.changeset import Kind
from spark_tui.edits.claims import Claims
from spark_tui.edits.rebase import Meanwhile, Rebased
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.merging import edits_of
from spark_tui.session.standing import HunkState, Status

_BESIDE = frozenset({Kind.MOVE, Kind.MODE})
"""What leaves the text of its file alone."""


class Overlaps:
    """Answers for one turn: two versions of a file are compared once, however many hunks ask."""

    def __init__(self, bases: Mapping[str, Snapshot]) -> None:
        self._bases = bases
        self._since: dict[tuple[str, str], Meanwhile] = {}

    def found(self, new: HunkState, old: HunkState) -> bool:
        """Does the newly placed hunk claim the same lines as the older undecided one?"""
        if new.path != old.path or old.status is not Status.PLACED:
            return False
        if new.place is None or old.place is None:
            return False
        if new.kind is not Kind.EDIT or old.kind is not Kind.EDIT:
            return new.kind is old.kind or not {new.kind, old.kind} & _BESIDE
        mine, theirs = edits_of([new]), edits_of([old])
        if new.base != old.base:
            since = self._between(old.base, new.base)
            if since is None:
                return False
            match since.rebased(theirs):
                case Rebased(edits=moved):
                    theirs = moved
                case _:
                    return True
        claims = Claims()
        claims.add(0, theirs)
        return claims.holder(mine) is not None

    def _between(self, old: str | None, new: str | None) -> Meanwhile | None:
        """What happened from one base to the other; None where one of them is not known."""
        key = (old or "", new or "")
        base, newer = self._bases.get(key[0]), self._bases.get(key[1])
        if base is None or newer is None:
            return None
        if key not in self._since:
            self._since[key] = Meanwhile(base, newer)
        return self._since[key]
