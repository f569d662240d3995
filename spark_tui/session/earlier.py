"""What a later answer of a turn means for the hunks of its earlier ones.

The rule kept here: a hunk that was sent again is recognised and counts once. A hunk that is held
for a repair is given up only for one that contains it; whatever else wants its lines has no place.
An edit that was asked for again is taken as answered only by one that shares lines with it, each
once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from spark_tui.edits.changeset import Edit, Flag, Kind, Placed, Unplaced
from spark_tui.edits.nearest import alike
from spark_tui.edits.pieces import Sign
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.events import HunkId
from spark_tui.session.overlapping import Overlaps
from spark_tui.session.state import HunkState, SessionState, Status

_CONTENT = frozenset({Kind.EDIT, Kind.ADD})
_FREE_PATH = frozenset({"no_file", "malformed"})
"""Causes whose remedy may be another path."""
_ALIKE = 0.6
"""Share of words that two removals of one and the same line have in common at least."""


@dataclass(slots=True)
class Earlier:
    """The hunks of one turn that came before the answer which streams now.

    `first` is the number of the first hunk of that answer.
    """

    state: SessionState
    turn: int
    overlaps: Overlaps
    holds: bool = False
    """Placed hunks wait for each other and are written together (automatic acceptance)."""
    repaired: bool = False
    """The one automatic repair of this turn was asked for."""
    asked_for: list[HunkId] = field(default_factory=list)
    """Hunks that the model was asked to send again."""
    _answered: set[HunkId] = field(default_factory=set)

    def verdict(
        self, hunk: HunkState, first: int, base: str | None, place: Placed
    ) -> Placed | Unplaced:
        """The place that a hunk gets beside the earlier ones."""
        if place.already:
            return place
        mine = replace(hunk, base=base, place=place, status=Status.PLACED)
        for old in self._before(first, Status.PLACED):
            if _is_same(mine, old):
                return replace(place, edits=(), already=True)
        if self.holds:
            for old in self._before(first, Status.PLACED):
                if self._clashes(mine, old) and not self._may_give_up(mine, old):
                    why = f"{old.id}, which is held, changes the same lines"
                    return Unplaced("overlap", why, (place.start,))
        return place

    def recognised(self, hunk: HunkState, first: int) -> HunkState | None:
        """The hunk in the file already of which this one, without a place, is a copy."""
        for old in self._before(first, Status.ACCEPTED):
            if (
                old.place is not None
                and (old.path, old.kind, old.headers) == (hunk.path, hunk.kind, hunk.headers)
                and old.lines == hunk.lines
            ):
                return old
        return None

    def gives_way(self, old: HunkState, new: HunkState, first: int) -> bool:
        """Whether an open hunk of this turn makes room for one that has its place now."""
        return number_of(old.id) < first and self._clashes(new, old)

    def answered(self, hunk: HunkState) -> HunkId | None:
        """The hunk that was asked for again and got this one as its answer."""
        if not self.asked_for or (hunk.status is Status.ALREADY_THERE and self._is_copy(hunk)):
            return None
        found = self._meant(hunk)
        if found is None or found in self._answered:
            return None
        self._answered.add(found)
        return found

    def _meant(self, hunk: HunkState) -> HunkId | None:
        asked = [o for h in self.asked_for if _may_answer(o := self.state.hunks[h], hunk)]
        base = self.state.snapshots.get(hunk.base or "")
        rated = [
            (_likeness(old, hunk, base), old.id not in self._answered, old.id) for old in asked
        ]
        best = max(rated, key=lambda row: row[:2], default=None)
        if best is not None and best[0]:
            return best[2]
        if self.holds:
            return None
        # A person looks at it: then the next one of this file will do.
        return next((i for _, is_open, i in rated if is_open and self._path(i) == hunk.path), None)

    def _is_copy(self, hunk: HunkState) -> bool:
        """It is there already only because another hunk of this turn brings it."""
        mine = hunk.place
        return mine is not None and any(
            o.place is not None
            and o.path == hunk.path
            and o.status in (Status.PLACED, Status.ACCEPTED)
            and o.place.start <= mine.end
            and mine.start <= o.place.end
            for o in (self.state.hunks[h] for h in self.state.turns[self.turn].hunks)
        )

    def _path(self, hunk: HunkId) -> str:
        return self.state.hunks[hunk].path

    def _before(self, first: int, status: Status) -> list[HunkState]:
        if first <= 1:  # the first answer, where most hunks are
            return []
        known = [self.state.hunks[h] for h in self.state.turns[self.turn].hunks]
        return [h for h in known if h.status is status and number_of(h.id) < first]

    def _clashes(self, new: HunkState, old: HunkState) -> bool:
        is_one_gone = new.path == old.path and Kind.DELETE in (new.kind, old.kind)
        return is_one_gone or self.overlaps.found(new, old)

    def _may_give_up(self, new: HunkState, old: HunkState) -> bool:
        """The new hunk makes the very edits of the old one, too; or it was asked for to unite
        both, and does."""
        if new.kind is not Kind.EDIT or old.kind is not Kind.EDIT or new.base != old.base:
            return False
        if new.place is None or old.place is None:
            return False
        if set(old.place.edits) <= set(new.place.edits):
            return True
        meant = self._meant(new)
        why = self.state.hunks[meant].why if meant else None
        is_asked = why is not None and why.code == "overlap"
        return is_asked and _contains(new.place.edits, old.place.edits)


def number_of(hunk: HunkId) -> int:
    """
    >>> number_of(HunkId("t3h12")), number_of(HunkId("t3h12.1"))
    (12, 12)
    """
    return int(hunk.rpartition("h")[2].partition(".")[0])


def _is_same(new: HunkState, old: HunkState) -> bool:
    if (new.path, new.kind, new.move_to, new.base) != (old.path, old.kind, old.move_to, old.base):
        return False
    if new.place is None or old.place is None:
        return False
    if new.kind in (Kind.EDIT, Kind.ADD, Kind.DELETE, Kind.MOVE):
        return new.place.edits == old.place.edits
    return replace(new.place, flags=frozenset()) == replace(old.place, flags=frozenset())


def _contains(new: Sequence[Edit], old: Sequence[Edit]) -> bool:
    """All lines that the old edits change are changed by the new ones, and what they bring in is
    brought in."""
    changed = {line for edit in new for line in range(edit.start, edit.end)}
    if any(line not in changed for edit in old for line in range(edit.start, edit.end)):
        return False
    added = Counter(line.strip() for edit in new for line in edit.lines if line.strip())
    return Counter(line.strip() for edit in old for line in edit.lines if line.strip()) <= added


def _may_answer(old: HunkState, new: HunkState) -> bool:
    if old.kind is not new.kind and not (old.kind in _CONTENT and new.kind in _CONTENT):
        return False
    code = old.why.code if old.why else ""
    return old.path == new.path or code in _FREE_PATH


def _likeness(old: HunkState, new: HunkState, base: Snapshot | None) -> int:
    """How many lines with text both have; 1 where only lines go and those are alike, and where
    there are no lines and the file itself is what they share."""
    was, now = old.lines, _shown(new, base)
    if not was and not now:
        return 1
    shared = (_texts(was) & _texts(now)).total()
    if not shared and not any(sign == "+" for sign, _ in (*was, *now)):
        return int(alike([text for _, text in was], [text for _, text in now]) >= _ALIKE)
    return shared


def _shown(hunk: HunkState, base: Snapshot | None) -> Sequence[tuple[Sign, str]]:
    """The lines of a hunk; of a whole file that was written anew only those that change."""
    place = hunk.place
    if place is None or base is None or (hunk.lines and Flag.REWRITE not in place.flags):
        return hunk.lines
    out: list[tuple[Sign, str]] = []
    for edit in place.edits:
        out += [("-", text) for text in base.lines[edit.start : edit.end]]
        out += [("+", text) for text in edit.lines]
    return out


def _texts(lines: Sequence[tuple[Sign, str]]) -> Counter[str]:
    return Counter(text.strip() for _, text in lines if text.strip())
