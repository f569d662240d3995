"""The same edits on a file that changed meanwhile.

The rule kept here: an edit moves only if the disk left its lines and one line on either side
alone; nothing is searched again, so a changed file can make a conflict but never a wrong place.
Who shows the conflict is left to others.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from spark_tui.edits.changeset import Edit
from spark_tui.edits.compose import in_order
from spark_tui.edits.linediff import Change, changes
from spark_tui.edits.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Rebased:
    """The edits in lines of the file on disk."""

    edits: tuple[Edit, ...]
    moved_by: int
    """Lines the first edit moved down (negative: up)."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The disk changed what the edits are about."""

    message: str
    start: int
    """0-based lines of the disk snapshot."""
    end: int


@dataclass(frozen=True, slots=True)
class Already:
    """The disk holds the result of every edit: nothing is left to do."""


ALREADY = Already()
Found = Rebased | Conflict | Already


def rebase(edits: Sequence[Edit], base: Snapshot, disk: Snapshot) -> Found:
    """Three-way: the edits were made for `base`; say what they are on `disk`."""
    return Meanwhile(base, disk).rebased(edits)


class Meanwhile:
    """What happened to a file between two versions, for any number of questions.

    Where a line that came or went has its like beside it, nobody can say which of them it was: the
    change counts as touching them all. So it costs a conflict, and never a wrong place.
    """

    def __init__(self, base: Snapshot, disk: Snapshot) -> None:
        self._base = base
        self._disk = disk
        self._runs = () if base.digest == disk.digest else changes(base.lines, disk.lines)
        reach = [_reach(run, i, self._runs, base, disk) for i, run in enumerate(self._runs)]
        self._tops = [top for top, _ in reach]
        self._bottoms = [bottom for _, bottom in reach]

    def rebased(self, edits: Sequence[Edit]) -> Found:
        """These edits of the older version on the newer one."""
        ordered = in_order(edits)
        moved: list[Edit] = []
        first: int | None = None
        at = 0
        while at < len(ordered):
            edit = ordered[at]
            run, stop = self._touching(edit)
            if run == stop:
                shift = self._shift(run)
                first = shift if first is None else first
                moved.append(replace(edit, start=edit.start + shift, end=edit.end + shift))
                at += 1
                continue
            end, stop = self._together(ordered, at, stop)
            if not self._holds(ordered[at:end], run, stop):
                return self._conflict(edit)
            at = end
        if not moved:
            return ALREADY if ordered else Rebased((), 0)
        return Rebased(tuple(moved), first or 0)

    def _touching(self, edit: Edit) -> tuple[int, int]:
        """The runs [first, stop) that change a line of the edit or a neighbour of it.

        One that ends where the edit starts changed the line above it, or put one there.
        """
        return bisect_left(self._bottoms, edit.start), bisect_right(self._tops, edit.end)

    def _shift(self, run: int) -> int:
        """How far lines before this run, and behind the one before it, have moved."""
        last = self._runs[run - 1] if run else None
        return last.new_end - last.end if last else 0

    def _together(self, ordered: Sequence[Edit], at: int, stop: int) -> tuple[int, int]:
        """Behind the last edit and the last run that can only be judged with the one at `at`."""
        end = at + 1
        while end < len(ordered):
            first, last = self._touching(ordered[end])
            if first == last or first >= stop:
                break
            end, stop = end + 1, max(stop, last)
        return end, stop

    def _holds(self, edits: Sequence[Edit], run: int, stop: int) -> bool:
        """Whether the newer version has exactly what the edits make of these lines."""
        base, disk = self._base.lines, self._disk.lines
        top = min(edits[0].start, self._tops[run])
        bottom = max(edits[-1].end, self._bottoms[stop - 1])
        wanted: list[str] = []
        at = top
        for edit in edits:
            wanted += base[at : edit.start]
            wanted += edit.lines
            at = edit.end
        wanted += base[at:bottom]
        ends_so = all(e.newline in (None, _ends(self._disk)) for e in edits)
        there = disk[top + self._shift(run) : bottom + self._shift(stop)]
        return ends_so and tuple(wanted) == there

    def _conflict(self, edit: Edit) -> Conflict:
        run, stop = self._touching(edit)
        runs = self._runs[run:stop]
        start = min(edit.start + self._shift(run), runs[0].new_start)
        end = max(edit.end + self._shift(stop), runs[-1].new_end)
        first, last = edit.start + 1, max(edit.start + 1, edit.end)
        words = f"lines {first}-{last} were" if first < last else f"line {first} was"
        return Conflict(f"{words} changed on disk", start, end)


def _reach(
    run: Change, i: int, runs: Sequence[Change], base: Snapshot, disk: Snapshot
) -> tuple[int, int]:
    """The old lines that may have been changed instead: the run, and what is like it around it."""
    like = {*base.lines[run.start : run.end], *disk.lines[run.new_start : run.new_end]}
    top, first = run.start, runs[i - 1].end if i else 0
    while top > first and base.lines[top - 1] in like:
        top -= 1
    bottom, last = run.end, runs[i + 1].start if i + 1 < len(runs) else len(base.lines)
    while bottom < last and base.lines[bottom] in like:
        bottom += 1
    return top, bottom


def line_edits(old: Snapshot, new: Snapshot) -> tuple[Edit, ...]:
    """What differs, as edits of `old`; of the endings only whether the last line has one."""
    edits = [
        Edit(c.start, c.end, _raw(new, c.new_start, c.new_end))
        for c in changes(old.lines, new.lines)
    ]
    differ = bool(old.lines and new.lines) and _ends(old) is not _ends(new)
    return ended(edits, old, _ends(new)) if differ else tuple(edits)


def ended(edits: Sequence[Edit], base: Snapshot, newline: bool | None) -> tuple[Edit, ...]:
    """The edits, the last of which says how the file ends; None: as it did."""
    size = len(base.lines)
    if newline is None or not size:
        return tuple(edits)
    reaching = list(edits)
    if not reaching or reaching[-1].end < size:
        reaching.append(Edit(size - 1, size, _raw(base, size - 1, size)))
    return (*reaching[:-1], replace(reaching[-1], newline=newline))


def inverse(edits: Sequence[Edit], base: Snapshot) -> tuple[Edit, ...]:
    """What undoes the edits, in lines of the composed result."""
    back: list[Edit] = []
    delta = 0
    for edit in _joined(in_order(edits)):
        start = edit.start + delta
        newline = None if edit.newline is None else _ends(base)
        lines = _raw(base, edit.start, edit.end)
        back.append(Edit(start, start + len(edit.lines), lines, newline))
        delta += len(edit.lines) - (edit.end - edit.start)
    return tuple(back)


def _ends(snapshot: Snapshot) -> bool:
    """Whether the last line has an ending. An empty file has no line to lack one."""
    return not snapshot.eols or bool(snapshot.eols[-1])


def _joined(ordered: list[Edit]) -> list[Edit]:
    """Touching edits as one: undone they would insert at one point, in no certain order."""
    joined: list[Edit] = []
    for edit in ordered:
        if joined and joined[-1].end == edit.start:
            last = joined.pop()
            edit = replace(edit, start=last.start, lines=last.lines + edit.lines)
        joined.append(edit)
    return joined


def escaped(line: str) -> str:
    """A line of a file that is not valid UTF-8, so that it can be written back: each byte above
    ASCII by itself, also where a few of them happen to be a valid character."""
    return line.encode("utf-8", "surrogateescape").decode("ascii", "surrogateescape")


def _raw(snapshot: Snapshot, start: int, end: int) -> tuple[str, ...]:
    """Lines that can be written back whatever the file holds."""
    lines = snapshot.lines[start:end]
    return tuple(map(escaped, lines)) if snapshot.encoding == "utf-8-escaped" else lines
