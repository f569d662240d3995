"""One file of a reply: which of its hunks have a place, and which wait for their neighbours.

The rule kept here: a place that was given is never moved or withdrawn, so of two hunks that claim
the same lines the later one has none. Reading text is the reader's part, finding places place.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from spark_tui.edits.asked import Asked, is_abbreviation
from spark_tui.edits.changeset import Edit, Flag, Kind, Placed, Quality, Unplaced
from spark_tui.edits.claims import Claims
from spark_tui.edits.compose import cannot_encode, no_text
from spark_tui.edits.elision import filled
from spark_tui.edits.index import FileIndex
from spark_tui.edits.linediff import changes
from spark_tui.edits.place import Several, exact_starts, place, settle
from spark_tui.edits.snapshot import Snapshot

_CLOSE = 6
"""Kept lines between two edits of a rewrite up to which they are one hunk, as in git's diffs."""
_CONTENT = frozenset((Kind.EDIT, Kind.ADD))
_WRITTEN_WHOLE = "another part of the reply writes this file as a whole, or edits it"
_PROVEN = (Quality.EXACT, Quality.TRAILING)
"""What shows that a file is the one that was meant."""
_LARGE = 10
"""Lines with text from which on a file can be said to shrink."""
_MOST_GONE = 40
"""Percent of the lines with text that may vanish before it looks as if code was left out."""


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
    _whole: tuple[str, ...] | None = None
    """All lines of the file, where a part of the reply gave them."""
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

    def change(self, number: int, asked: Asked, *, given: str = "") -> list[Waiting | Settled]:
        """A finished hunk; returns everything that has a verdict (or waits) because of it.

        `given` is the path of the reply where folders were added to it: then only lines that are
        exactly those of the file, in one place, show that it is the file that was meant.
        """
        if self._whole is not None:
            return self.settle(number, Kind.EDIT, Unplaced("overlap", _WRITTEN_WHOLE))
        found = place(asked, self.index)
        if isinstance(found, Several) and not given:
            waiting = Waiting(number, asked, found)
            self.hunks.append(waiting)
            return [waiting]
        verdict = found.why if isinstance(found, Several) else found
        if given:
            if isinstance(verdict, Placed) and verdict.quality in _PROVEN and not verdict.already:
                verdict = replace(verdict, flags=verdict.flags | {Flag.PATH})
            else:
                verdict = self._not_meant(given)
        return self.settle(number, Kind.EDIT, verdict)

    def _not_meant(self, given: str) -> Unplaced:
        return Unplaced("no_file", f"{given} does not exist; did you mean {self.path}?")

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

    def add(
        self,
        number: int,
        lines: Sequence[str],
        newline: bool | None = None,
        mode: int | None = None,
        eol: str = "\n",
    ) -> list[Waiting | Settled]:
        """The file is new."""
        left_out = next((line for line in lines if is_abbreviation(line)), None)
        if left_out is not None:
            why = f"{self.path} is a new file, and code was left out: {left_out.strip()!r}"
            return self.settle(number, Kind.ADD, Unplaced("abbreviated", why))
        if refused := no_text(lines):
            return self.settle(number, Kind.ADD, refused)
        edit = Edit(0, 0, tuple(lines), newline)
        return self.settle(number, Kind.ADD, Placed(0, 0, (edit,), eol=eol, mode=mode))

    def rewrite(self, lines: Sequence[str], *, given: str = "") -> tuple[Placed, ...] | Unplaced:
        """The file as a whole in place of what is there: one place for each run of changes.

        `given` as for `change`: most of the file's lines must show that it is the one.
        """
        if self.snapshot is None:
            raise ValueError(f"{self.path} does not exist")
        new = tuple(lines)
        if Kind.MOVE in self._kinds:
            return Unplaced("malformed", "the reply both moves this file and writes it anew")
        if self._whole not in (None, new) or (self._whole is None and self._kinds & _CONTENT):
            return Unplaced("overlap", _WRITTEN_WHOLE)
        self._whole = new
        places = _rewrite(self.snapshot, new)
        if not given or isinstance(places, Unplaced):
            return places
        if _gone(self.snapshot.lines, new) > _MOST_GONE:
            return self._not_meant(given)
        return tuple(replace(p, flags=p.flags | {Flag.PATH}) for p in places)

    def remove(self, number: int, quoted: Sequence[str] = ()) -> list[Waiting | Settled]:
        """The file is to go. The lines that the reply quotes, if any, must be those of the file."""
        lines = self.snapshot.lines if self.snapshot else ()
        if quoted and [x.rstrip() for x in quoted] != [x.rstrip() for x in lines]:
            why = f"the lines to remove are not those of {self.path}"
            return self.settle(number, Kind.DELETE, Unplaced("diverges", why))
        gone = Placed(0, len(lines), (Edit(0, len(lines), ()),))
        return self.settle(number, Kind.DELETE, gone)

    def _allowed(self, kind: Kind, found: Placed | Unplaced) -> Placed | Unplaced:
        if isinstance(found, Unplaced):
            return found
        if self.unseen and kind is not Kind.ADD:
            found = replace(found, flags=found.flags | {Flag.UNSEEN})
        if Kind.DELETE in self._kinds and kind is Kind.DELETE:
            return replace(found, edits=(), already=True)
        if self._kinds and (kind is Kind.DELETE or Kind.DELETE in self._kinds):
            return Unplaced("malformed", "the reply both changes and deletes this file")
        if kind is Kind.MOVE and self._whole is not None:
            return Unplaced("malformed", "the reply both moves this file and writes it anew")
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


def _rewrite(base: Snapshot, new: tuple[str, ...]) -> tuple[Placed, ...] | Unplaced:
    """The edits that make it so, those close to each other together."""
    here = set(base.lines)
    left_out = next((line for line in new if line not in here and is_abbreviation(line)), None)
    if left_out is not None:
        whole = filled(base.lines, new)
        if whole is None:
            return Unplaced("abbreviated", f"code was left out: {left_out.strip()!r}")
        new = whole
    edits = [Edit(c.start, c.end, new[c.new_start : c.new_end]) for c in changes(base.lines, new)]
    added = [line for edit in edits for line in edit.lines]
    if refused := no_text(added):
        return refused
    if why := cannot_encode(base, added):
        return Unplaced("encoding", why)
    if not edits:
        return (Placed(0, len(base.lines), (), already=True),)
    flags = {Flag.REWRITE, Flag.SHRINKS} if _shrinks(base.lines, new) else {Flag.REWRITE}
    groups: list[list[Edit]] = []
    for edit in edits:
        if groups and edit.start - groups[-1][-1].end <= _CLOSE:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return tuple(
        Placed(group[0].start, group[-1].end, tuple(group), flags=frozenset(flags))
        for group in groups
    )


def _shrinks(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether a large part of the file vanishes, as it does where code was left out."""
    before = sum(1 for line in old if line.strip())
    after = sum(1 for line in new if line.strip())
    return before >= _LARGE and after < before and _gone(old, new) > _MOST_GONE


def _gone(old: Sequence[str], new: Sequence[str]) -> float:
    """Percent of the lines with text that are no longer there."""
    kept = set(new)
    texts = [line for line in old if line.strip()]
    return 100 * sum(1 for line in texts if line not in kept) / max(1, len(texts))
