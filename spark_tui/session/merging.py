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
from spark_tui.edits.compose import EncodeRefused, clash, compose
from spark_tui.edits.rebase import Already, Conflict, Found, Meanwhile, Rebased, line_edits
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.events import HunkId
from spark_tui.session.state import HunkState


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

    `others` are the hunks of this path which are in the file already. Every hunk is placed; a
    move is two paths and handled by the caller.
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
            if hunk.kind is Kind.MODE:
                merge.mode(hunk)
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
            data = compose(None, edits_of([hunk]), eol=_eol_of(hunk))
        except EncodeRefused as error:
            self.conflicts[hunk.id] = str(error)
            return
        if self.now is None:
            self.now = Snapshot.of(self.path, data, _mode_of(hunk) or 0o644)
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

    def mode(self, hunk: HunkState) -> None:
        """Executable or not; its bytes do not matter."""
        wanted = _mode_of(hunk)
        if self.now is None:
            self.conflicts[hunk.id] = f"{self.path} is gone"
        elif wanted is None or self.now.mode == wanted:
            self.already.append(hunk.id)
        else:
            self.now = replace(self.now, mode=wanted)
            self.done.append(hunk.id)

    def edit(self, base: Snapshot | None, group: list[HunkState], settled: list[HunkState]) -> None:
        """Into the snapshot with what is settled, or three-way into what is there instead."""
        if self.now is None or base is None or self.now.binary:
            what = "is gone" if self.now is None else "has no known base"
            if self.now is not None and self.now.binary:
                what = "holds binary data now"
            self.conflicts.update({h.id: f"{self.path} {what}" for h in group})
            return
        there = edits_of(settled)
        standing = Standing(base, there, self.now)
        own = Claims()
        mine: list[HunkState] = []
        for hunk in group:
            edits = edits_of([hunk])
            match standing.of(edits):
                case Already():
                    self.already.append(hunk.id)
                case Conflict(message=message):
                    self.conflicts[hunk.id] = message
                case Rebased() if own.holder(edits) is not None:
                    what = "another hunk of this decision changes these lines"
                    self.conflicts[hunk.id] = what
                case Rebased():
                    own.add(0, edits)
                    mine.append(hunk)
        try:
            data = _with(base, there, edits_of(mine), self.now)
        except (EncodeRefused, _Apart) as error:
            self.conflicts.update({h.id: str(error) for h in mine})
            return
        self.now = Snapshot.of(self.path, data, self.now.mode)
        self.done.extend(h.id for h in mine)


class _Apart(ValueError):
    """Each of several hunks has a place, together they have none."""


def _with(base: Snapshot, there: Sequence[Edit], edits: Sequence[Edit], now: Snapshot) -> bytes:
    """The file as it is `now` with these edits, none of which is in conflict."""
    ours = Snapshot.of(now.path, compose(base, there))
    if now.data == ours.data:
        # In one go from the snapshot: the same bytes, endings included, in whatever order hunks
        # are accepted.
        return compose(base, [*there, *edits])
    found = Meanwhile(ours, now).rebased(_shifted(edits, there))
    if not isinstance(found, Rebased):
        raise _Apart(f"{now.path} has changed: accept these hunks one by one")
    return compose(now, found.edits)


class Standing:
    """What hunks of a snapshot meet in the file as it is `now`, with the edits `there` in it."""

    def __init__(self, base: Snapshot, there: tuple[Edit, ...], now: Snapshot) -> None:
        self._base = base
        self._there = there
        self._now = now
        self._since = Meanwhile(Snapshot.of(base.path, compose(base, there)), now)
        self._since_base: Meanwhile | None = None
        self._held = Claims()
        self._held.add(0, there)

    def of(self, edits: Sequence[Edit]) -> Found:
        """Where these edits, in order, would go."""
        if self._held.holder(edits) is None:
            return self._since.rebased(_shifted(edits, self._there))
        self._since_base = self._since_base or Meanwhile(self._base, self._now)
        is_there = isinstance(self._since_base.rebased(edits), Already)
        return Already() if is_there else Conflict("an accepted hunk changes these lines", 0, 0)


def _shifted(edits: Sequence[Edit], there: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits of a snapshot, in order, in lines of that snapshot with `there` (in order) applied.

    What was put in above and below lines that are gone now is put in at one point.
    """
    ends = [t.end for t in there]
    grown = [0, *accumulate(len(t.lines) - (t.end - t.start) for t in there)]
    moved: list[Edit] = []
    for edit in edits:
        by = grown[bisect_right(ends, edit.start)]
        shifted = replace(edit, start=edit.start + by, end=edit.end + by)
        if moved and clash(moved[-1], shifted):
            shifted = replace(shifted, lines=moved.pop().lines + shifted.lines)
        moved.append(shifted)
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
        for hunk in group:
            if hunk.kind is Kind.MODE:
                out.mode(hunk)
        if group := [h for h in group if h.kind is not Kind.MODE]:
            out.take(base, group, settled)
    return Merged(out.now, tuple(out.done), (), out.conflicts)


@dataclass(slots=True)
class _Out:
    """The file while hunks leave it."""

    path: str
    now: Snapshot | None
    done: list[HunkId] = field(default_factory=list)
    conflicts: dict[HunkId, str] = field(default_factory=dict)

    def mode(self, hunk: HunkState) -> None:
        """As it was, unless somebody has changed it since: a hunk that was put in changed it, so
        it was the other one."""
        if self.now is None:
            self.conflicts[hunk.id] = f"{self.path} is gone"
            return
        if self.now.mode == _mode_of(hunk):
            self.now = replace(self.now, mode=0o644 if self.now.mode == 0o755 else 0o755)
        self.done.append(hunk.id)

    def take(self, base: Snapshot | None, group: list[HunkState], settled: list[HunkState]) -> None:
        def version(hunks: Sequence[HunkState]) -> Snapshot | None:
            return version_with(self.path, base, [*settled, *hunks])

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
            kept = self.now.mode if self.now is not None else None
            self.now = replace(without, mode=kept) if without and kept else without
            return ""
        if self.now is None or with_it is None or without is None:
            return f"{self.path} changed since; it stays as it is"
        plain = line_edits(with_it, without)
        since = Meanwhile(with_it, self.now)
        found = since.rebased(plain)
        exact = since.rebased(_with_endings(plain, without))
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
        exact.append(replace(edit, lines=lines))
        by += len(lines) - (edit.end - edit.start)
    return tuple(exact)


def _ending_in_text(now: Snapshot) -> Snapshot:
    """The same file with the \\r of an ending as part of its line."""
    pairs = zip(now.lines, now.eols, strict=True)
    lines = tuple(f"{line}\r" if eol == "\r\n" else line for line, eol in pairs)
    return replace(now, lines=lines, eols=tuple(eol[-1:] for eol in now.eols))


def version_with(path: str, base: Snapshot | None, hunks: Sequence[HunkState]) -> Snapshot | None:
    """The snapshot with these hunks; None: there is no file then."""
    if any(h.kind is Kind.DELETE for h in hunks):
        return None
    if base is None and not any(h.kind is Kind.ADD for h in hunks):
        return None
    eol = next((_eol_of(h) for h in hunks if h.kind is Kind.ADD), "\n")
    data = compose(base, edits_of([h for h in hunks if h.kind in (Kind.ADD, Kind.EDIT)]), eol=eol)
    made = next((m for h in hunks if h.kind is Kind.ADD and (m := _mode_of(h))), 0o644)
    return Snapshot.of(path, data, base.mode if base else made)


def _same(a: Snapshot | None, b: Snapshot | None) -> bool:
    return (a.data if a else None) == (b.data if b else None)


def _eol_of(hunk: HunkState) -> str:
    return hunk.place.eol if hunk.place else "\n"


def _mode_of(hunk: HunkState) -> int | None:
    """The mode that the hunk gives its file, if it does."""
    return hunk.place.mode if hunk.place else None
