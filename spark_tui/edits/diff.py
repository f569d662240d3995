"""Rows of a diff from a snapshot and edits, and the same as unified text.

The rule kept here: rows are computed from the file's own lines, never from a reply's idea of
them; in each edit the removed lines come before the added ones. Which words of a line changed is
worked out when somebody looks at the row. Colours and width are the screen's business.
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
_TRIES = 500
"""Pairs of lines that are compared in one diff to find out which belong together."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a diff."""

    sign: str
    """" ", "-", "+", or "@" for the line that opens a group."""
    old: int | None
    """1-based line in the old file; None where it has none."""
    new: int | None
    text: str
    other: str | None = None
    """The removed line that this one took the place of, or the added one that took its place."""

    @property
    def emphasis(self) -> Spans:
        """Spans of changed characters inside `text`."""
        if self.other is None:
            return ()
        if self.sign == "-":
            return changed_spans(self.text, self.other)[0]
        return changed_spans(self.other, self.text)[1]


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
    is_bare = bool(base and base.eols and not base.eols[-1])
    newline = next((e.newline for e in ordered if e.newline is not None), None)
    will_be_bare = is_bare if newline is None else not newline
    total = len(lines) + sum(len(e.lines) - (e.end - e.start) for e in ordered)
    for group in _groups(lines, ordered, context):
        for row in group:
            out.append(f"{'' if row.sign == '@' else row.sign}{row.text}\n")
            if row.sign == "+":
                ends_bare = will_be_bare and row.new == total
            else:
                ends_bare = is_bare and row.sign != "@" and row.old == len(lines)
            if ends_bare:
                out.append("\\ No newline at end of file\n")
    return "".join(out)


def count(base: Snapshot | None, place: Placed) -> tuple[int, int]:
    """Added and removed lines."""
    del base
    added = sum(len(edit.lines) for edit in place.edits)
    return added, sum(edit.end - edit.start for edit in place.edits)


def _groups(lines: Sequence[str], edits: Sequence[Edit], context: int) -> Iterator[tuple[Row, ...]]:
    """Rows of edits whose contexts touch, an "@" row first."""
    pairing = _Pairing()
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
            rows += _changed(lines, edit, shift, pairing)
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


def _changed(lines: Sequence[str], edit: Edit, shift: int, pairing: _Pairing) -> list[Row]:
    removed = lines[edit.start : edit.end]
    pairs = pairing.of(removed, edit.lines)
    added_of = dict(pairs)
    removed_of = {j: i for i, j in pairs}
    rows = [
        Row("-", edit.start + k + 1, None, text, _at(edit.lines, added_of.get(k)))
        for k, text in enumerate(removed)
    ]
    rows += [
        Row("+", None, edit.start + shift + k + 1, text, _at(removed, removed_of.get(k)))
        for k, text in enumerate(edit.lines)
    ]
    return rows


def _at(lines: Sequence[str], k: int | None) -> str | None:
    return None if k is None else lines[k]


class _Pairing:
    """Which removed and which added line of an edit are one line that changed.

    Runs of equal length are paired line by line; else each removed line takes the next added one
    that is like it, as long as there are tries left.
    """

    def __init__(self) -> None:
        self._left = _TRIES

    def of(self, removed: Sequence[str], added: Sequence[str]) -> list[tuple[int, int]]:
        """(removed, added), in order."""
        if not removed or not added or max(len(removed), len(added)) > _PAIRED:
            return []
        if len(removed) == len(added):
            return [(k, k) for k in range(len(added))]
        pairs: list[tuple[int, int]] = []
        nxt = 0
        for k, text in enumerate(removed):
            if self._left <= 0:
                break
            for j in range(nxt, min(nxt + 4, len(added))):
                self._left -= 1
                if changed_spans(text, added[j]) != ((), ()):
                    pairs.append((k, j))
                    nxt = j + 1
                    break
        return pairs
