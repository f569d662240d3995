"""What the chosen hunks make of the bytes that are there now; pure, no disk.

The rule kept here: a file that is exactly "snapshot plus what we accepted" gets exactly "snapshot
plus the new choice"; any other file holds somebody else's work and is merged three-way, where a
touched line or neighbour is a conflict and nothing is written. Reading and writing is writes.py's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from spark_tui.edits.changeset import Edit, Kind
from spark_tui.edits.claims import Claims
from spark_tui.edits.compose import EncodeRefused, compose
from spark_tui.edits.rebase import Already, Conflict, Rebased, line_edits, rebase
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.events import HunkId
from spark_tui.session.state import HunkState, Status

Found = Rebased | Conflict | Already


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome for one path."""

    now: Snapshot | None
    """The file as it shall be, None: it goes away. Unchanged when nothing is `done`."""
    done: tuple[HunkId, ...] = ()
    already: tuple[HunkId, ...] = ()
    conflicts: Mapping[HunkId, str] = field(default_factory=dict)


def edits_of(hunks: Sequence[HunkState]) -> tuple[Edit, ...]:
    """All edits of placed hunks of one base, in file order. One that claims what an earlier hunk
    has changed already is left out: both say the same, or the later one is not in the file."""
    claims, found = Claims(), list[Edit]()
    for hunk in hunks:
        mine = hunk.place.edits if hunk.place else ()
        if claims.holder(mine) is None:
            claims.add(0, mine)
            found.extend(mine)
    return tuple(sorted(found, key=lambda e: (e.start, e.end)))


def merge_in(
    path: str,
    disk: Snapshot | None,
    wanted: Sequence[HunkState],
    others: Sequence[HunkState],
    bases: Mapping[str, Snapshot],
) -> Merged:
    """Put `wanted` into the file as it is on `disk`.

    `others` are the hunks of this path which are in the file already. Every hunk is placed; kinds
    add, delete and edit (a move is two paths and handled by the caller).
    """
    merge = _In(path, disk)
    for base_digest in dict.fromkeys(h.base for h in wanted):
        group = [h for h in wanted if h.base == base_digest]
        base = bases.get(base_digest) if base_digest else None
        settled = [h for h in others if h.base == base_digest and h.kind is not Kind.DELETE]
        for hunk in group:
            if hunk.kind is Kind.ADD:
                merge.add(hunk)
        edits = [h for h in group if h.kind is Kind.EDIT]
        if edits:
            merge.edit(base, edits, settled)
        for hunk in group:
            if hunk.kind is Kind.DELETE:
                merge.delete(hunk, base, [*settled, *(h for h in edits if h.id in merge.done)])
    return Merged(merge.now, tuple(merge.done), tuple(merge.already), merge.conflicts)


@dataclass(slots=True)
class _In:
    """The file while hunks go in."""

    path: str
    now: Snapshot | None
    done: list[HunkId] = field(default_factory=list)
    already: list[HunkId] = field(default_factory=list)
    conflicts: dict[HunkId, str] = field(default_factory=dict)

    def add(self, hunk: HunkState) -> None:
        try:
            data = compose(None, edits_of([hunk]))
        except EncodeRefused as error:
            self.conflicts[hunk.id] = str(error)
            return
        if self.now is None:
            self.now = Snapshot.of(self.path, data)
            self.done.append(hunk.id)
        elif self.now.data == data:
            self.already.append(hunk.id)
        else:
            self.conflicts[hunk.id] = f"{self.path} exists now and is not the model's version"

    def delete(self, hunk: HunkState, base: Snapshot | None, settled: list[HunkState]) -> None:
        if self.now is None:
            self.already.append(hunk.id)
        elif base is not None and self.now.data in (base.data, compose(base, edits_of(settled))):
            self.now = None
            self.done.append(hunk.id)
        else:
            self.conflicts[hunk.id] = f"{self.path} changed since the model saw it; it stays"

    def edit(self, base: Snapshot | None, group: list[HunkState], settled: list[HunkState]) -> None:
        """Into the snapshot with what is settled, or three-way into what is there instead."""
        if self.now is None or base is None:
            what = "is gone" if self.now is None else "has no known base"
            self.conflicts.update({h.id: f"{self.path} {what}" for h in group})
            return
        there = edits_of(settled)
        ours = Snapshot.of(self.path, compose(base, there))
        free, results = self._free_of(group, there, base)
        places = _rebased([_shifted(edits_of([h]), there) for h in free], ours, self.now)
        results.update((h.id, place) for h, place in zip(free, places, strict=True))
        taken: list[Edit] = []
        plain: list[Edit] = []
        mine: list[HunkId] = []
        for hunk in group:
            match results[hunk.id]:
                case Already():
                    self.already.append(hunk.id)
                case Conflict(message=message):
                    self.conflicts[hunk.id] = message
                case Rebased(edits=moved):
                    taken.extend(moved)
                    plain.extend(edits_of([hunk]))
                    mine.append(hunk.id)
        try:
            # In one go from the snapshot where that is possible: the same bytes, endings
            # included, in whatever order hunks are accepted.
            is_ours = self.now.data == ours.data
            data = compose(base, [*there, *plain]) if is_ours else compose(self.now, taken)
        except EncodeRefused as error:
            self.conflicts.update(dict.fromkeys(mine, str(error)))
            return
        self.now = Snapshot.of(self.path, data, self.now.mode)
        self.done.extend(mine)

    def _free_of(
        self, group: Sequence[HunkState], there: Sequence[Edit], base: Snapshot
    ) -> tuple[list[HunkState], dict[HunkId, Found]]:
        """Hunks that claim no line of another one, and what is to be said of the rest."""
        held, own = Claims(), Claims()
        held.add(0, tuple(there))
        free: list[HunkState] = []
        rest: dict[HunkId, Found] = {}
        for hunk in group:
            edits = edits_of([hunk])
            if held.holder(edits) is not None:
                found = rebase(edits, base, self.now or base)
                what = "an accepted hunk changes these lines"
                is_there = isinstance(found, Already)
                rest[hunk.id] = found if is_there else Conflict(what, 0, 0)
            elif own.holder(edits) is not None:
                rest[hunk.id] = Conflict("another hunk of this decision changes these lines", 0, 0)
            else:
                own.add(0, edits)
                free.append(hunk)
        return free, rest


def _rebased(wanted: Sequence[tuple[Edit, ...]], ours: Snapshot, now: Snapshot) -> list[Found]:
    """A place for each; all are looked up together where no conflict makes them be told apart."""
    edits = sorted(
        ((e, owner) for owner, mine in enumerate(wanted) for e in mine),
        key=lambda pair: (pair[0].start, pair[0].end),
    )
    found = rebase([e for e, _ in edits], ours, now)
    if isinstance(found, Rebased) and len(found.edits) == len(edits):
        places: list[list[Edit]] = [[] for _ in wanted]
        for (_, owner), moved in zip(edits, found.edits, strict=True):
            places[owner].append(moved)
        return [Rebased(tuple(mine), 0) for mine in places]
    if len(wanted) <= 1:
        return [found] * len(wanted)
    half = len(wanted) // 2
    return _rebased(wanted[:half], ours, now) + _rebased(wanted[half:], ours, now)


def _shifted(edits: Sequence[Edit], there: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits of a snapshot in lines of that snapshot with `there` (in order) applied."""
    ends = [t.end for t in there]
    grown = [0, *accumulate(len(t.lines) - (t.end - t.start) for t in there)]
    moved: list[Edit] = []
    for edit in edits:
        by = grown[bisect_right(ends, edit.start)]
        moved.append(Edit(edit.start + by, edit.end + by, edit.lines))
    return tuple(moved)


def merge_out(
    path: str,
    disk: Snapshot | None,
    unwanted: Sequence[HunkState],
    others: Sequence[HunkState],
    bases: Mapping[str, Snapshot],
) -> Merged:
    """Take `unwanted`, put in earlier, out of the file again; later edits stay.

    `others` are the hunks of this path which remain in the file.
    """
    out = _Out(path, disk)
    for base_digest in dict.fromkeys(h.base for h in reversed(unwanted)):
        group = [h for h in unwanted if h.base == base_digest]
        base = bases.get(base_digest) if base_digest else None
        settled = [h for h in others if h.base == base_digest]
        out.take(base, group, settled)
    return Merged(out.now, tuple(out.done), (), out.conflicts)


@dataclass(slots=True)
class _Out:
    """The file while hunks leave it."""

    path: str
    now: Snapshot | None
    done: list[HunkId] = field(default_factory=list)
    conflicts: dict[HunkId, str] = field(default_factory=dict)

    def take(self, base: Snapshot | None, group: list[HunkState], settled: list[HunkState]) -> None:
        def version(hunks: Sequence[HunkState]) -> Snapshot | None:
            return _version(self.path, base, [*settled, *hunks])

        left = list(group)

        def go(some: list[HunkState]) -> None:
            nonlocal left
            out = {h.id for h in some}
            rest = [h for h in left if h.id not in out]
            problem = self._take_one(version(left), version(rest))
            if not problem:
                self.done.extend(h.id for h in some)
                left = rest
            elif len(some) == 1:
                self.conflicts[some[0].id] = problem
            else:
                half = len(some) // 2
                go(some[half:])
                go(some[:half])

        go(left)

    def _take_one(self, with_it: Snapshot | None, without: Snapshot | None) -> str:
        """Three-way, or why not."""
        if _same(self.now, with_it):
            self.now = without
            return ""
        if self.now is None or with_it is None or without is None:
            return f"{self.path} changed since; it stays as it is"
        plain = line_edits(with_it, without)
        found = rebase(plain, with_it, self.now)
        exact = rebase(_with_endings(plain, without), with_it, self.now)
        match found:
            case Rebased(edits=back):
                try:
                    if isinstance(exact, Rebased):
                        data = compose(_ending_in_text(self.now), exact.edits)
                    else:
                        data = compose(self.now, back)
                except (EncodeRefused, UnicodeEncodeError) as error:
                    return f"{self.path} has another encoding now: {error}"
                self.now = Snapshot.of(self.path, data, self.now.mode)
                return ""
            case Already():
                return ""
            case Conflict(message=message):
                return message


def _with_endings(edits: Sequence[Edit], new: Snapshot) -> tuple[Edit, ...]:
    """The same edits, each line with what belongs to its own ending: a line that comes back
    looks as it did, whatever its neighbours have become."""
    exact: list[Edit] = []
    by = 0
    for edit in edits:
        eols = new.eols[edit.start + by : edit.start + by + len(edit.lines)]
        lines = tuple(
            f"{line}\r" if eol == "\r\n" else line
            for line, eol in zip(edit.lines, eols, strict=True)
        )
        exact.append(Edit(edit.start, edit.end, lines))
        by += len(lines) - (edit.end - edit.start)
    return tuple(exact)


def _ending_in_text(now: Snapshot) -> Snapshot:
    """The same file with the \\r of an ending as part of its line."""
    pairs = zip(now.lines, now.eols, strict=True)
    lines = tuple(f"{line}\r" if eol == "\r\n" else line for line, eol in pairs)
    return replace(now, lines=lines, eols=tuple(eol[-1:] for eol in now.eols))


def _version(path: str, base: Snapshot | None, hunks: Sequence[HunkState]) -> Snapshot | None:
    """The snapshot with these hunks; None: there is no file then."""
    if any(h.kind is Kind.DELETE for h in hunks):
        return None
    if base is None and not any(h.kind is Kind.ADD for h in hunks):
        return None
    data = compose(base, edits_of([h for h in hunks if h.kind in (Kind.ADD, Kind.EDIT)]))
    return Snapshot.of(path, data, base.mode if base else 0o644)


def _same(a: Snapshot | None, b: Snapshot | None) -> bool:
    return (a.data if a else None) == (b.data if b else None)


def overlaps(new: HunkState, old: HunkState, bases: Mapping[str, Snapshot]) -> bool:
    """Does a newly placed hunk claim the same lines as an older undecided one?"""
    if new.path != old.path or old.status is not Status.PLACED or not (new.place and old.place):
        return False
    if new.kind is not Kind.EDIT or old.kind is not Kind.EDIT:
        return new.kind is not Kind.MOVE and old.kind is not Kind.MOVE
    mine, theirs = edits_of([new]), edits_of([old])
    if new.base != old.base:
        base, newer = bases.get(old.base or ""), bases.get(new.base or "")
        if base is None or newer is None:
            return False
        match rebase(theirs, base, newer):
            case Rebased(edits=moved):
                theirs = moved
            case _:
                return True
    claims = Claims()
    claims.add(0, theirs)
    return claims.holder(mine) is not None
