"""What the chosen hunks make of the bytes that are there now; pure, no disk.

The rule kept here: a file that is exactly "snapshot plus what we accepted" gets exactly "snapshot
plus the new choice"; any other file is somebody else's work and is merged three-way, where a
touched line or neighbour is a conflict and nothing is written. Reading and writing is review.py's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spark_tui.edits.changeset import Edit, Kind
from spark_tui.edits.compose import EncodeRefused, compose
from spark_tui.edits.rebase import Already, Conflict, Rebased, line_edits, rebase
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.events import HunkId
from spark_tui.session.state import HunkState, Status


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome for one path."""

    now: Snapshot | None
    """The file as it shall be, None: it goes away. Unchanged when nothing is `done`."""
    done: tuple[HunkId, ...] = ()
    already: tuple[HunkId, ...] = ()
    conflicts: Mapping[HunkId, str] = field(default_factory=dict)


def edits_of(hunks: Sequence[HunkState]) -> tuple[Edit, ...]:
    """All edits of placed hunks of one base, in file order."""
    found = [e for h in hunks if h.place for e in h.place.edits]
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
    done: list[HunkId] = []
    already: list[HunkId] = []
    conflicts: dict[HunkId, str] = {}
    now = disk
    for base_digest in dict.fromkeys(h.base for h in wanted):
        group = [h for h in wanted if h.base == base_digest]
        base = bases.get(base_digest) if base_digest else None
        settled = [h for h in others if h.base == base_digest and h.kind is not Kind.DELETE]
        try:
            now = _merge_group(path, now, base, group, settled, done, already, conflicts)
        except EncodeRefused as error:
            conflicts.update({h.id: str(error) for h in group})
    return Merged(now, tuple(done), tuple(already), conflicts)


def _merge_group(
    path: str,
    now: Snapshot | None,
    base: Snapshot | None,
    group: list[HunkState],
    settled: list[HunkState],
    done: list[HunkId],
    already: list[HunkId],
    conflicts: dict[HunkId, str],
) -> Snapshot | None:
    for hunk in [h for h in group if h.kind is Kind.ADD]:
        data = compose(None, edits_of([hunk]))
        if now is None:
            now = Snapshot.of(path, data)
            done.append(hunk.id)
        elif now.data == data:
            already.append(hunk.id)
        else:
            conflicts[hunk.id] = f"{path} exists now and is not the model's version"
    edits = [h for h in group if h.kind is Kind.EDIT]
    if edits:
        now = _merge_edits(path, now, base, edits, settled, done, already, conflicts)
    for hunk in [h for h in group if h.kind is Kind.DELETE]:
        if now is None:
            already.append(hunk.id)
        elif base is not None and now.data in (base.data, compose(base, edits_of(settled))):
            now = None
            done.append(hunk.id)
        else:
            conflicts[hunk.id] = f"{path} changed since the model saw it; it stays"
    return now


def _merge_edits(
    path: str,
    now: Snapshot | None,
    base: Snapshot | None,
    group: list[HunkState],
    settled: list[HunkState],
    done: list[HunkId],
    already: list[HunkId],
    conflicts: dict[HunkId, str],
) -> Snapshot | None:
    if now is None or base is None:
        what = "is gone" if now is None else "has no known base"
        conflicts.update({h.id: f"{path} {what}" for h in group})
        return now
    if now.data == compose(base, edits_of(settled)):
        done.extend(h.id for h in group)
        return Snapshot.of(path, compose(base, edits_of([*settled, *group])), now.mode)
    fitting: list[Edit] = []
    for hunk in group:
        match rebase(edits_of([hunk]), base, now):
            case Rebased(edits=moved):
                if _touch(fitting, moved):
                    conflicts[hunk.id] = f"{path} changed here since the model saw it"
                else:
                    fitting.extend(moved)
                    done.append(hunk.id)
            case Already():
                already.append(hunk.id)
            case Conflict(message=message):
                conflicts[hunk.id] = message
    if not fitting:
        return now
    fitting.sort(key=lambda e: (e.start, e.end))
    return Snapshot.of(path, compose(now, fitting), now.mode)


def _touch(taken: Sequence[Edit], new: Sequence[Edit]) -> bool:
    return any(
        (a.start < b.end and b.start < a.end) or (a.start == b.start and a.end == b.end)
        for a in taken
        for b in new
    )


def merge_out(
    path: str,
    disk: Snapshot | None,
    unwanted: Sequence[HunkState],
    others: Sequence[HunkState],
    bases: Mapping[str, Snapshot],
) -> Merged:
    """Take `unwanted`, accepted earlier, out of the file again; later edits stay.

    `others` are the hunks of this path which remain in the file.
    """
    done: list[HunkId] = []
    conflicts: dict[HunkId, str] = {}
    now = disk
    groups = list(dict.fromkeys(h.base for h in reversed(unwanted)))
    for base_digest in groups:
        group = [h for h in unwanted if h.base == base_digest]
        base = bases.get(base_digest) if base_digest else None
        settled = [h for h in others if h.base == base_digest]
        with_them, without = _versions(path, base, group, settled)
        if _same(now, with_them):
            now = without
            done.extend(h.id for h in group)
        elif now is None or with_them is None or without is None:
            conflicts.update({h.id: f"{path} changed since; it stays as it is" for h in group})
        else:
            match rebase(line_edits(with_them, without), with_them, now):
                case Rebased(edits=back):
                    now = Snapshot.of(path, compose(now, back), now.mode)
                    done.extend(h.id for h in group)
                case Already():
                    done.extend(h.id for h in group)
                case Conflict(message=message):
                    conflicts.update({h.id: message for h in group})
    return Merged(now, tuple(done), (), conflicts)


def _versions(
    path: str, base: Snapshot | None, group: Sequence[HunkState], settled: Sequence[HunkState]
) -> tuple[Snapshot | None, Snapshot | None]:
    """The file with and without the group."""

    def version(hunks: Sequence[HunkState]) -> Snapshot | None:
        if any(h.kind is Kind.DELETE for h in hunks):
            return None
        if base is None and not any(h.kind is Kind.ADD for h in hunks):
            return None
        data = compose(base, edits_of([h for h in hunks if h.kind in (Kind.ADD, Kind.EDIT)]))
        return Snapshot.of(path, data, base.mode if base else 0o644)

    return version([*settled, *group]), version(settled)


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
    return _touch(mine, theirs)
