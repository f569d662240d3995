"""A hunk that cannot be taken out again, because somebody edited the same lines since: what would
take it out all the same, as a hunk of its own.

The rule kept here: the new hunk is a proposal about the file as it is now, undecided, never taken
automatically, and it says whose edit would go. A person's yes takes the old hunk out; a no leaves
the file as they made it. What is merged without a question is merging.py's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from spark_tui.edits.changeset import Edit, Flag, Kind, Placed
from spark_tui.edits.compose import EncodeRefused, cannot_encode, clash
from spark_tui.edits.linediff import Change, changes
from spark_tui.edits.rebase import escaped, line_edits
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.events import Event, HunkId
from spark_tui.session.merging import version_with
from spark_tui.session.placing import next_hunk_id
from spark_tui.session.shelf import Shelf
from spark_tui.session.standing import HunkState, Status, path_now
from spark_tui.session.state import SessionState


class Stuck:
    """Makes the hunks of one session that would undo others."""

    def __init__(self, state: SessionState, shelf: Shelf, emit: Callable[[Event], None]) -> None:
        self._state = state
        self._shelf = shelf
        self._emit = emit

    async def propose(self, conflicts: Mapping[HunkId, str]) -> tuple[HunkId, ...]:
        """For each hunk that could not be taken out, one that would; or a sentence."""
        made: list[HunkId] = []
        for hid, message in conflicts.items():
            found = await self._propose(self._state.hunks[hid])
            if found is not None:
                made.append(found)
            else:
                self._emit(ev.Noticed("warning", f"{hid} could not be taken back: {message}.",
                                      "Your file is unchanged; edit it by hand."))  # fmt: skip
        return tuple(made)

    async def _propose(self, hunk: HunkState) -> HunkId | None:
        path = path_now(hunk, self._state.moves())
        now = await self._shelf.read(path)
        if now is None or now.binary or hunk.kind in (Kind.MODE, Kind.MOVE):
            return None
        older = [h for h in self._state.open_hunks() if h.undoes == hunk.id]
        for one in older:
            if one.base == now.digest:
                return one.id
        kind, place = self._place(hunk, path, now)
        if place is None:
            return None
        place = replace(place, flags=place.flags | policy.path_flags(path, ignored=False))
        hid = next_hunk_id(self._state, hunk.turn)
        self._emit(ev.HunkOpened(hid, hunk.turn, path, kind))
        old = [line for e in place.edits for line in now.lines[e.start : e.end]]
        new = [line for e in place.edits for line in e.lines]
        for line in old:
            self._emit(ev.HunkGrew(hid, "-", line))
        for line in new:
            self._emit(ev.HunkGrew(hid, "+", line))
        why = f"undo of {hunk.id}: your later edit of these lines would go"
        self._emit(ev.HunkPlaced(hid, now.digest, place, len(new), len(old), why, undoes=hunk.id))
        for one in older:
            self._emit(ev.HunkSuperseded(one.id, hid))
        return hid

    def _place(self, hunk: HunkState, path: str, now: Snapshot) -> tuple[Kind, Placed | None]:
        base = self._state.snapshots.get(hunk.base or "")
        settled = [
            h
            for h in self._state.hunks.values()
            if h.path == hunk.path and h.base == hunk.base and h.id != hunk.id
            and h.status is Status.ACCEPTED and h.kind is not Kind.MOVE
        ]  # fmt: skip
        try:
            with_it = version_with(path, base, [*settled, hunk])
            without = version_with(path, base, settled)
        except EncodeRefused:
            return Kind.EDIT, None
        whole = Edit(0, len(now.lines), ())
        if without is None:  # we made the file
            flags = frozenset({Flag.UNDO})
            return Kind.DELETE, Placed(0, len(now.lines), (whole,), flags=flags)
        return Kind.EDIT, over(now, with_it, without)


def over(now: Snapshot, with_it: Snapshot | None, without: Snapshot) -> Placed | None:
    """What takes the difference of two versions out of a third, later edits of the same lines
    included; those beside them stay. None: it changes nothing, or cannot be written."""
    if with_it is None:
        edits = [Edit(0, len(now.lines), without.lines)]
    else:
        runs = changes(with_it.lines, now.lines)
        groups = _groups(line_edits(with_it, without), runs)
        edits = _joined(_edit(group, low, high, runs, with_it, now) for group, low, high in groups)
    if now.encoding == "utf-8-escaped":
        edits = [replace(e, lines=tuple(map(escaped, e.lines))) for e in edits]
    edits = [e for e in edits if e.lines != now.lines[e.start : e.end] or e.newline is not None]
    if not edits or any(a.end > b.start for a, b in pairwise(edits)):
        return None
    if cannot_encode(now, [line for e in edits for line in e.lines if not _is_escaped(line)]):
        return None
    flags = frozenset({Flag.UNDO})
    return Placed(edits[0].start, edits[-1].end, tuple(edits), flags=flags)


_Group = tuple[list[Edit], int, int]


def _groups(edits: Sequence[Edit], runs: Sequence[Change]) -> list[_Group]:
    """Edits with the later changes that touch their lines, as stretches that are apart."""
    groups: list[_Group] = []
    for edit in edits:
        low, high = _widened(edit.start, edit.end, runs)
        if groups and low < groups[-1][2]:
            group, first, last = groups.pop()
            groups.append(([*group, edit], min(first, low), max(last, high)))
        else:
            groups.append(([edit], low, high))
    return groups


def _widened(low: int, high: int, runs: Sequence[Change]) -> tuple[int, int]:
    """With the whole of each change that has a line in common with it."""
    touching = [run for run in runs if run.start < high and low < run.end]
    return (
        min([low, *(run.start for run in touching)]),
        max([high, *(run.end for run in touching)]),
    )


def _edit(
    group: Sequence[Edit],
    low: int,
    high: int,
    runs: Sequence[Change],
    with_it: Snapshot,
    now: Snapshot,
) -> Edit:
    lines: list[str] = []
    at = low
    for edit in group:
        lines += [*with_it.lines[at : edit.start], *edit.lines]
        at = edit.end
    lines += with_it.lines[at:high]
    above = [run for run in runs if run.end <= low]
    start = low + (above[-1].new_end - above[-1].end if above else 0)
    inside = [run for run in runs if run.start < high]
    end = high + (inside[-1].new_end - inside[-1].end if inside else 0) if low < high else start
    newline = group[-1].newline if end == len(now.lines) else None
    return Edit(start, max(start, end), tuple(lines), newline)


def _joined(edits: Iterable[Edit]) -> list[Edit]:
    """Where the lines between two of them are gone, both go in at one point."""
    joined: list[Edit] = []
    for edit in edits:
        if joined and clash(joined[-1], edit):
            last = joined.pop()
            edit = replace(edit, start=last.start, lines=last.lines + edit.lines)
        joined.append(edit)
    return joined


def _is_escaped(line: str) -> bool:
    """It comes from the file itself, byte by byte."""
    return any("\udc80" <= sign <= "\udcff" for sign in line)
