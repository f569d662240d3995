"""A placed hunk in another shape: in parts, with some of its lines, or with the person's own.

The rule kept here: what comes out is again edits of the same snapshot, within the lines that the
hunk has claimed, so it stands beside the other hunks as the hunk did; all parts together make the
same bytes as the whole. Who asked, and what becomes of the whole, is the session's business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from spark_tui.edits.changeset import Edit, Placed
from spark_tui.edits.compose import cannot_encode, compose, in_order
from spark_tui.edits.linediff import changes
from spark_tui.edits.rebase import ended, escaped
from spark_tui.edits.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a hunk cannot get this shape."""

    reason: str


def regrouped(edits: Sequence[Edit], *, kept: int = 1) -> tuple[tuple[Edit, ...], ...]:
    """Edits in runs: at least `kept` untouched lines lie between two runs.

    >>> [len(run) for run in regrouped([Edit(0, 1, ()), Edit(2, 3, ())])]
    [1, 1]
    >>> [len(run) for run in regrouped([Edit(0, 1, ()), Edit(2, 3, ())], kept=2)]
    [2]
    """
    runs: list[list[Edit]] = []
    for edit in in_order(edits):
        if runs and edit.start - runs[-1][-1].end < kept:
            runs[-1].append(edit)
        else:
            runs.append([edit])
    return tuple(tuple(run) for run in runs)


# -- in parts ----------------------------------------------------------------------
def split(place: Placed, base: Snapshot | None) -> tuple[Placed, ...]:
    """The next finer parts; one: it cannot be cut any further.

    First at the untouched lines, as `git add -p` does. A single run is cut into its edits, an edit
    into paragraphs, then into single lines where each removed line has its new one; else what goes
    is one part and what comes the other. Lines that only come stay together: put in at one point
    one by one, they would have no order.
    """
    runs = regrouped(place.edits)
    if len(runs) == 1:
        runs = tuple((edit,) for edit in runs[0])
    if len(runs) == 1 and base is not None:
        (edit,) = runs[0]
        finer = _finer(edit, base)
        if compose(base, finer) == compose(base, [edit]):  # not where line endings are mixed
            runs = tuple((part,) for part in finer)
    if len(runs) <= 1:
        return (place,)
    parts: list[Placed] = []
    for k, run in enumerate(runs):
        start = runs[k - 1][-1].end if k else min(place.start, run[0].start)
        end = runs[k + 1][0].start if k + 1 < len(runs) else max(place.end, run[-1].end)
        parts.append(replace(place, start=start, end=end, edits=run, already=False))
    return tuple(parts)


def _finer(edit: Edit, base: Snapshot) -> list[Edit]:
    """One edit as several that touch."""
    size = edit.end - edit.start
    if not size or (size == 1 and len(edit.lines) <= 1):
        return [edit]
    if edit.lines and len(edit.lines) != size:
        return [Edit(edit.start, edit.end, ()), replace(edit, start=edit.end)]
    cuts = [
        k
        for k in range(1, size)
        if not base.lines[edit.start + k - 1].strip()
        and not any(line.strip() for line in edit.lines[k - 1 : k])
    ]
    return _cut(edit, cuts or list(range(1, size)))


def _cut(edit: Edit, cuts: Sequence[int]) -> list[Edit]:
    """Between these lines; only the last piece says how the file ends."""
    size = edit.end - edit.start
    return [
        Edit(edit.start + a, edit.start + b, edit.lines[a:b], edit.newline if b == size else None)
        for a, b in zip([0, *cuts], [*cuts, size], strict=True)
    ]


# -- some of its lines -------------------------------------------------------------
def row_count(place: Placed) -> int:
    """How many lines go and come."""
    return sum(edit.end - edit.start + len(edit.lines) for edit in place.edits)


def keep(place: Placed, chosen: Collection[int]) -> Placed:
    """Only the chosen lines: a removed one that is not chosen stays, an added one does not come.

    Lines are counted from 0 as the rows of a diff show them, context left out: in each edit those
    that go, then those that come. Where as many come as go, each stands in the place of its own;
    else what comes stands behind what goes. With nothing chosen no edit is left.
    """
    wanted = frozenset(chosen)
    total = row_count(place)
    if not wanted <= frozenset(range(total)):
        raise ValueError(f"lines {sorted(wanted)} of {total}")
    if len(wanted) == total:
        return place
    kept: list[Edit] = []
    row = 0
    for edit in in_order(place.edits):
        size = edit.end - edit.start
        gone = [row + k in wanted for k in range(size)]
        come = [row + size + k in wanted for k in range(len(edit.lines))]
        row += size + len(edit.lines)
        for piece in _some(edit, gone, come):
            if kept and kept[-1].end == piece.start:
                last = kept.pop()
                piece = replace(piece, start=last.start, lines=last.lines + piece.lines)
            kept.append(piece)
    return replace(place, edits=tuple(kept), already=False)


def _some(edit: Edit, gone: Sequence[bool], come: Sequence[bool]) -> Iterator[Edit]:
    """An edit with some of its lines, as edits that may touch."""
    if all(gone) and all(come):
        yield edit
        return
    is_last_kept = (come or gone)[-1]
    newline = edit.newline if is_last_kept else None
    if len(gone) == len(come):
        last = len(gone) - 1
        for k, line in enumerate(edit.lines):
            at = edit.start + k
            new = (line,) if come[k] else ()
            if gone[k] or come[k]:
                start = at if gone[k] else at + 1
                yield Edit(start, at + 1, new, newline if k == last else None)
        return
    for k, goes in enumerate(gone):
        if goes:
            yield Edit(edit.start + k, edit.start + k + 1, ())
    lines = tuple(line for line, comes in zip(edit.lines, come, strict=True) if comes)
    if lines or (newline is not None and not come):
        yield Edit(edit.end, edit.end, lines, newline)


# -- other lines -------------------------------------------------------------------
def room(place: Placed, others: Sequence[Edit]) -> tuple[int, int]:
    """The snapshot lines [start, end) that are the hunk's to rewrite: its range, as far as no
    edit of another hunk lies in it."""
    edits = in_order(place.edits)
    if not edits:
        return place.start, place.end
    first, last = edits[0].start, edits[-1].end
    start, end = min(place.start, first), max(place.end, last)
    for other in others:
        if other.end <= first:
            start = max(start, other.end)
        elif other.start >= last:
            end = min(end, other.start)
    return start, end


def result_text(place: Placed, base: Snapshot | None, within: tuple[int, int]) -> str:
    """What the hunk makes of these lines, to be edited; each line ends with a newline."""
    lines: list[str] = []
    at, end = within
    for edit in in_order(place.edits):
        lines += base.lines[at : edit.start] if base else ()
        lines += edit.lines
        at = edit.end
    lines += base.lines[at:end] if base else ()
    return "".join(f"{line}\n" for line in lines)


def rewritten(
    place: Placed, base: Snapshot | None, text: str, within: tuple[int, int]
) -> Placed | Refused:
    """The hunk with this text as the result of its lines."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if lines and all(line.endswith("\r") for line in lines):
        lines = [line[:-1] for line in lines]
    if "".join(f"{line}\n" for line in lines) == result_text(place, base, within):
        return place
    newline = next((e.newline for e in place.edits if e.newline is not None), None)
    if base is None:
        edits: tuple[Edit, ...] = (Edit(0, 0, tuple(lines), newline),)
        reason = cannot_encode(Snapshot.of("", b""), lines)
    else:
        start, end = within
        runs = changes(base.lines[start:end], lines)
        if base.encoding == "utf-8-escaped":
            known = frozenset(base.lines)
            lines = [escaped(line) if line in known else line for line in lines]
        edits = tuple(
            Edit(start + c.start, start + c.end, tuple(lines[c.new_start : c.new_end]))
            for c in runs
        )
        reason = cannot_encode(base, (line for edit in edits for line in edit.lines))
        edits = ended(edits, base, newline)
    return Refused(reason) if reason else replace(place, edits=edits, already=False)
