"""The same edits on a file that changed meanwhile.

The rule kept here: an edit moves only if the disk left its lines and one line on either side
alone; nothing is searched again, so a changed file can make a conflict but never a wrong place.
Who shows the conflict is left to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def rebase(edits: Sequence[Edit], base: Snapshot, disk: Snapshot) -> Rebased | Conflict | Already:
    """Three-way: the edits were made for `base`; say what they are on `disk`."""
    ordered = in_order(edits)
    if base.digest == disk.digest:
        return Rebased(tuple(ordered), 0)
    runs = changes(base.lines, disk.lines)
    moved: list[Edit] = []
    first: int | None = None
    for edit in ordered:
        shift = _shift(edit, runs)
        if shift is not None:
            first = shift if first is None else first
            moved.append(Edit(edit.start + shift, edit.end + shift, edit.lines))
            continue
        start, end = _span(edit, runs)
        if not _holds(edit, runs, disk):
            return Conflict(
                f"lines {edit.start + 1}-{max(edit.start + 1, edit.end)} were changed on disk",
                start,
                end,
            )
    if not moved:
        return ALREADY if ordered else Rebased((), 0)
    return Rebased(tuple(moved), first or 0)


def line_edits(old: Snapshot, new: Snapshot) -> tuple[Edit, ...]:
    """What differs, as edits of `old`; endings are not compared."""
    return tuple(
        Edit(c.start, c.end, _raw(new, c.new_start, c.new_end))
        for c in changes(old.lines, new.lines)
    )


def inverse(edits: Sequence[Edit], base: Snapshot) -> tuple[Edit, ...]:
    """What undoes the edits, in lines of the composed result."""
    back: list[Edit] = []
    delta = 0
    for edit in _joined(in_order(edits)):
        start = edit.start + delta
        back.append(Edit(start, start + len(edit.lines), _raw(base, edit.start, edit.end)))
        delta += len(edit.lines) - (edit.end - edit.start)
    return tuple(back)


def _joined(ordered: list[Edit]) -> list[Edit]:
    """Touching edits as one: undone they would insert at one point, in no certain order."""
    joined: list[Edit] = []
    for edit in ordered:
        if joined and joined[-1].end == edit.start:
            last = joined.pop()
            edit = Edit(last.start, edit.end, last.lines + edit.lines)
        joined.append(edit)
    return joined


def _raw(snapshot: Snapshot, start: int, end: int) -> tuple[str, ...]:
    """Lines that can be written back whatever the file holds.

    In a file that is not valid UTF-8 each byte above ASCII is escaped, also where a few of them
    happen to be a valid character.
    """
    lines = snapshot.lines[start:end]
    if snapshot.encoding != "utf-8-escaped":
        return lines
    return tuple(
        line.encode("utf-8", "surrogateescape").decode("ascii", "surrogateescape") for line in lines
    )


def _shift(edit: Edit, runs: Sequence[Change]) -> int | None:
    """How far the edit moves, or None if a change touches it or a neighbour line.

    A change that ends where the edit starts changed the line above it, or put one there.
    """
    shift = 0
    for run in runs:
        if run.end < edit.start:
            shift = run.new_end - run.end
        elif run.start > edit.end:
            break
        else:
            return None
    return shift


def _span(edit: Edit, runs: Sequence[Change]) -> tuple[int, int]:
    """Disk lines of the changes that touch the edit."""
    touching = [run for run in runs if not (run.end < edit.start or run.start > edit.end)]
    if not touching:
        return edit.start, edit.end
    before = [run for run in runs if run.end < edit.start]
    shift = before[-1].new_end - before[-1].end if before else 0
    last = touching[-1]
    start = min(edit.start + shift, touching[0].new_start)
    return start, max(last.new_end, edit.end + last.new_end - last.end)


def _holds(edit: Edit, runs: Sequence[Change], disk: Snapshot) -> bool:
    """Whether the disk has exactly the edit's result in the place of its lines."""
    shift = 0
    inside: list[Change] = []
    for run in runs:
        if run.end < edit.start:
            shift = run.new_end - run.end
        elif run.start <= edit.end:
            inside.append(run)
    if not inside:
        return False
    if inside[0].start < edit.start or inside[-1].end > edit.end:
        return False
    start = edit.start + shift
    end = edit.end + inside[-1].new_end - inside[-1].end
    return disk.lines[start:end] == edit.lines
