"""Rows of a diff from a snapshot and edits, and the same as unified text.

The rule kept here: rows are computed from the file's own lines, never from a reply's idea of
them; in each edit the removed lines come before the added ones. Colours and width are the
screen's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spark_tui.edits.changeset import Edit, Placed
from spark_tui.edits.compose import in_order
from spark_tui.edits.rebase import line_edits
from spark_tui.edits.snapshot import Snapshot
from spark_tui.edits.words import Spans, changed_spans

_PAIRED = 60
"""Longest run of removed or added lines whose words are compared."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a diff."""

    sign: str
    """" ", "-", "+", or "@" for the line that opens a group."""
    old: int | None
    """1-based line in the old file; None where it has none."""
    new: int | None
    text: str
    emphasis: tuple[tuple[int, int], ...] = ()
    """Spans of changed characters inside `text`."""


def hunk_rows(base: Snapshot | None, place: Placed, *, context: int = 3) -> tuple[Row, ...]:
    """One placed hunk with context from the file; parts that lie far apart open with an "@" row."""
    lines = base.lines if base else ()
    edits = in_order(place.edits)
    if not edits:
        return tuple(
            Row(" ", i + 1, i + 1, lines[i]) for i in range(place.start, min(place.end, len(lines)))
        )
    groups = list(_groups(lines, edits, context))
    if len(groups) == 1:
        return groups[0][1:]
    return tuple(row for group in groups for row in group)


def file_rows(
    old: Snapshot | None, new: Snapshot | None, *, context: int = 3
) -> list[tuple[Row, ...]]:
    """What differs between two versions of a file; each group opens with an "@" row."""
    if old is None:
        edits: tuple[Edit, ...] = (Edit(0, 0, new.lines),) if new and new.lines else ()
    elif new is None:
        edits = (Edit(0, len(old.lines), ()),) if old.lines else ()
    else:
        edits = line_edits(old, new)
    return list(_groups(old.lines if old else (), in_order(edits), context))


def unified(path: str, base: Snapshot | None, edits: Sequence[Edit], *, context: int = 3) -> str:
    """The edits as a unified diff with git's file names."""
    ordered = in_order(edits)
    lines = base.lines if base else ()
    gone = base is not None and len(ordered) == 1 and ordered[0] == Edit(0, len(lines), ())
    out = [
        f"--- a/{path}\n" if base is not None else "--- /dev/null\n",
        "+++ /dev/null\n" if gone and lines else f"+++ b/{path}\n",
    ]
    open_end = bool(base and base.eols and not base.eols[-1])
    total = len(lines) + sum(len(e.lines) - (e.end - e.start) for e in ordered)
    for group in _groups(lines, ordered, context):
        for row in group:
            out.append(f"{'' if row.sign == '@' else row.sign}{row.text}\n")
            is_last = row.new == total if row.sign == "+" else row.old == len(lines)
            if open_end and row.sign != "@" and is_last:
                out.append("\\ No newline at end of file\n")
    return "".join(out)


def count(base: Snapshot | None, place: Placed) -> tuple[int, int]:
    """Added and removed lines."""
    del base
    added = sum(len(edit.lines) for edit in place.edits)
    return added, sum(edit.end - edit.start for edit in place.edits)


def _groups(lines: Sequence[str], edits: Sequence[Edit], context: int) -> Iterator[tuple[Row, ...]]:
    """Rows of edits whose contexts touch, an "@" row first."""
    delta = 0
    i = 0
    while i < len(edits):
        j = i + 1
        while j < len(edits) and edits[j].start - edits[j - 1].end <= 2 * context:
            j += 1
        run = edits[i:j]
        start = max(0, run[0].start - context)
        end = min(len(lines), run[-1].end + context)
        rows: list[Row] = []
        at, shift = start, delta
        for edit in run:
            rows += _same(lines, at, edit.start, shift)
            rows += _changed(lines, edit, shift)
            shift += len(edit.lines) - (edit.end - edit.start)
            at = edit.end
        rows += _same(lines, at, end, shift)
        old_size, new_size = end - start, end - start + shift - delta
        old_from = start + 1 if old_size else start
        new_from = start + delta + (1 if new_size else 0)
        head = f"@@ -{old_from},{old_size} +{new_from},{new_size} @@"
        yield (Row("@", old_from, new_from, head), *rows)
        delta = shift
        i = j


def _same(lines: Sequence[str], start: int, end: int, shift: int) -> list[Row]:
    return [Row(" ", i + 1, i + 1 + shift, lines[i]) for i in range(start, end)]


def _changed(lines: Sequence[str], edit: Edit, shift: int) -> list[Row]:
    removed = list(lines[edit.start : edit.end])
    marks = _emphasis(removed, edit.lines)
    rows = [
        Row("-", edit.start + k + 1, None, text, marks[0].get(k, ()))
        for k, text in enumerate(removed)
    ]
    rows += [
        Row("+", None, edit.start + shift + k + 1, text, marks[1].get(k, ()))
        for k, text in enumerate(edit.lines)
    ]
    return rows


def _emphasis(
    removed: Sequence[str], added: Sequence[str]
) -> tuple[dict[int, Spans], dict[int, Spans]]:
    """Spans by line, for the removed and the added side.

    Runs of equal length are paired line by line; else each removed line takes the next added one
    that is like it.
    """
    here: dict[int, Spans] = {}
    there: dict[int, Spans] = {}
    if not removed or not added or max(len(removed), len(added)) > _PAIRED:
        return here, there
    even = len(removed) == len(added)
    nxt = 0
    for k, text in enumerate(removed):
        for j in (k,) if even else range(nxt, min(nxt + 4, len(added))):
            spans = changed_spans(text, added[j])
            if spans != ((), ()):
                here[k], there[j] = spans
                nxt = j + 1
                break
    return here, there
