"""One file of a reply: which of its hunks have a place, and which wait for their neighbours.

The rule kept here: a place that was given is never moved or withdrawn, so of two hunks that claim
the same lines the later one has none. Reading text is the reader's part, finding places place.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from spark_tui.edits.asked import Asked, is_abbreviation
from spark_tui.edits.changeset import Edit, Flag, Kind, Placed, Unplaced
from spark_tui.edits.claims import Claims
from spark_tui.edits.compose import cannot_encode
from spark_tui.edits.index import FileIndex
from spark_tui.edits.linediff import changes
from spark_tui.edits.place import Several, exact_starts, place, settle
from spark_tui.edits.snapshot import Snapshot


@dataclass(slots=True)
class Waiting:
    """A finished hunk that stands in several places."""

    number: int
    asked: Asked
    several: Several


@dataclass(slots=True)
class Settled:
    """A hunk that has its verdict."""

    number: int
    kind: Kind
    place: Placed | Unplaced


@dataclass(slots=True)
class Desk:
    """The hunks of one path, in order of appearance."""

    path: str
    snapshot: Snapshot | None
    unseen: bool = False
    hunks: list[Waiting | Settled] = field(default_factory=list)
    _index: FileIndex | None = None
    _claims: Claims = field(default_factory=Claims)
    _kinds: set[Kind] = field(default_factory=set)
    """What the placed hunks do."""

    @property
    def index(self) -> FileIndex:
        """The lines of the file, by key. Only for a file that exists."""
        if self._index is None:
            if self.snapshot is None:
                raise ValueError(f"{self.path} has no lines")
            self._index = FileIndex(self.snapshot)
        return self._index

    @property
    def base(self) -> str | None:
        return self.snapshot.digest if self.snapshot else None

    def split(
        self, sides: Sequence[tuple[list[str], list[str]]]
    ) -> tuple[list[str], list[str]] | None:
        """The longest old side that stands in the file exactly, and only once."""
        for old, new in sides:
            starts = exact_starts(old, self.index)
            if starts:
                return (old, new) if len(starts) == 1 else None
        return None

    def change(self, number: int, asked: Asked) -> list[Waiting | Settled]:
        """A finished hunk; returns everything that has a verdict (or waits) because of it."""
        found = place(asked, self.index)
        if isinstance(found, Several):
            waiting = Waiting(number, asked, found)
            self.hunks.append(waiting)
            return [waiting]
        return self.settle(number, Kind.EDIT, found)

    def settle(self, number: int, kind: Kind, found: Placed | Unplaced) -> list[Waiting | Settled]:
        """A verdict, unless an earlier hunk stands in its way; waiting neighbours follow."""
        mine = self._claim(number, kind, found)
        self.hunks.append(mine)
        news: list[Waiting | Settled] = [mine]
        if isinstance(mine.place, Placed):
            news += self._settle_before(len(self.hunks) - 1)
        return news

    def close(self) -> list[Settled]:
        """The reply is over: what still waits gets its verdict."""
        return self._settle_before(len(self.hunks))

    def create(self, number: int, lines: Sequence[str]) -> list[Waiting | Settled]:
        """The file as a whole: new, or in place of what is there."""
        new = tuple(lines)
        if self.snapshot is None:
            return self.settle(number, Kind.ADD, Placed(0, 0, (Edit(0, 0, new),)))
        return self.settle(number, Kind.EDIT, _rewrite(self.snapshot, new))

    def remove(self, number: int) -> list[Waiting | Settled]:
        """The file is to go."""
        size = len(self.snapshot.lines) if self.snapshot else 0
        return self.settle(number, Kind.DELETE, Placed(0, size, (Edit(0, size, ()),)))

    def _allowed(self, kind: Kind, found: Placed | Unplaced) -> Placed | Unplaced:
        if isinstance(found, Unplaced):
            return found
        if self.unseen and kind is not Kind.ADD:
            found = replace(found, flags=found.flags | {Flag.UNSEEN})
        if Kind.DELETE in self._kinds and kind is Kind.DELETE:
            return replace(found, edits=(), already=True)
        if self._kinds and (kind is Kind.DELETE or Kind.DELETE in self._kinds):
            return Unplaced("malformed", "the reply both changes and deletes this file")
        if kind is Kind.MOVE and Kind.MOVE in self._kinds:
            return Unplaced("overlap", "an earlier hunk moves this file already")
        if self._claims.same(found.edits):
            return replace(found, edits=(), already=True)
        holder = self._claims.holder(found.edits)
        if holder is None and kind is Kind.ADD and Kind.ADD in self._kinds:
            return Unplaced("overlap", "an earlier hunk makes this file already")
        if holder is not None:
            return Unplaced("overlap", f"hunk {holder} changes the same lines", (found.start,))
        return found

    def _claim(self, number: int, kind: Kind, found: Placed | Unplaced) -> Settled:
        """The verdict, final from here on."""
        verdict = self._allowed(kind, found)
        if isinstance(verdict, Placed):
            self._kinds.add(kind)
            self._claims.add(number, verdict.edits)
        return Settled(number, kind, verdict)

    def _settle_before(self, end: int) -> list[Settled]:
        """Waiting hunks whose next placed neighbour is the one at `end` (or the file's end)."""
        ties: list[tuple[int, Waiting]] = []
        for i in range(end - 1, -1, -1):
            entry = self.hunks[i]
            if isinstance(entry, Waiting):
                ties.insert(0, (i, entry))
            elif _neighbour(entry):
                break
        verdicts = [(i, tie.number, self._by_order(i, tie, end)) for i, tie in ties]
        news: list[Settled] = []
        for i, number, verdict in verdicts:
            settled = self._claim(number, Kind.EDIT, verdict)
            self.hunks[i] = settled
            news.append(settled)
        return news

    def _by_order(self, i: int, tie: Waiting, end: int) -> Placed | Unplaced:
        """The one place between the neighbours above and below; at least one must be there."""
        above = next((p for e in reversed(self.hunks[:i]) if (p := _neighbour(e))), None)
        below = next((p for e in self.hunks[end : end + 1] if (p := _neighbour(e))), None)
        if above is None and below is None:
            return tie.several.why
        top, bottom = 0, len(self.index.lines)
        if above:
            top = above.edits[-1].end if above.edits else above.end
        if below:
            bottom = below.edits[0].start if below.edits else below.start
        places = [p for s in tie.several.starts if (p := settle(tie.asked, self.index, s))]
        fitting = [
            p for p in places if p.edits and p.edits[0].start >= top and p.edits[-1].end <= bottom
        ]
        return fitting[0] if len(fitting) == 1 else tie.several.why


def _neighbour(entry: Waiting | Settled) -> Placed | None:
    if isinstance(entry, Settled) and entry.kind is Kind.EDIT and isinstance(entry.place, Placed):
        return entry.place
    return None


def _rewrite(base: Snapshot, new: tuple[str, ...]) -> Placed | Unplaced:
    """The whole file anew, as the edits that make it so."""
    here = set(base.lines)
    left_out = next((line for line in new if line not in here and is_abbreviation(line)), None)
    if left_out is not None:
        return Unplaced("abbreviated", f"code was left out: {left_out.strip()!r}")
    edits = tuple(
        Edit(c.start, c.end, new[c.new_start : c.new_end]) for c in changes(base.lines, new)
    )
    refused = cannot_encode(base, (line for edit in edits for line in edit.lines))
    if refused:
        return Unplaced("encoding", refused)
    flags = frozenset({Flag.REWRITE})
    return Placed(0, len(base.lines), edits, flags=flags, already=not edits)
