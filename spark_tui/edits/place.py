"""The one place of a complete hunk in a file, or why it has none.

The rule kept here: the first comparison that finds any place decides, and if it finds several
which nothing in the reply tells apart, the hunk is refused; a looser comparison is never asked to
break a tie. Removed lines are never matched by likeness. Watching a hunk grow is live.py's part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spark_tui.edits.asked import Asked, Written, is_abbreviation, is_elision
from spark_tui.edits.changeset import Edit, Flag, Placed, Quality, Unplaced
from spark_tui.edits.compose import cannot_encode, no_text
from spark_tui.edits.drift import drift
from spark_tui.edits.index import FileIndex, exact_key
from spark_tui.edits.nearest import explain
from spark_tui.edits.passes import PASSES, Pass, placed_at, starts_of
from spark_tui.edits.scope import header_lines, scopes

_MOST_ORDERED = 512
"""Candidates above which neither order nor indentation is asked: there are too many."""
_WORDY = 3
"""Letters and digits that make a line one of its own, unlike a bracket."""
_CLOSERS = frozenset(("end", "endif", "done", "esac", "else", "then", "pass", "break", "return"))
"""Words that often stand twice in a row."""
_MOST_NAMED = 12
"""Candidates that are told; more help nobody."""


@dataclass(frozen=True, slots=True)
class Several:
    """Exact places that only the order of the hunks may tell apart."""

    starts: tuple[int, ...]
    why: Unplaced


def place(asked: Asked, index: FileIndex) -> Placed | Unplaced | Several:
    """Where the hunk goes."""
    found = _place(asked, index)
    return _with_newline(found, asked, index) if isinstance(found, Placed) else found


def _place(asked: Asked, index: FileIndex) -> Placed | Unplaced | Several:
    added = [w.text for w in asked.body if w.sign == "+"]
    if refused := no_text(added):
        return refused
    if why := cannot_encode(index.snapshot, added):
        return Unplaced("encoding", why)
    left_out = next((w.text for w in asked.body if w.sign == "+" and is_abbreviation(w.text)), None)
    if left_out is not None and left_out not in index.table(exact_key):
        return Unplaced("abbreviated", f"code was left out: {left_out.strip()!r}")
    if not asked.old:
        return _inserted(asked, index)
    found = _search(asked, index)
    if found is not None:
        return found
    bare = asked.without_blank_edges()
    if bare is not None and bare.old:
        found = _search(bare, index)
        if found is not None:
            return _unless_around(asked, index, found)
    for form in (asked, bare):
        if form is not None:
            at = _already(form, index)
            if at is not None:
                return Placed(at, at + len(form.new), (), already=True)
    found = drift(asked, index)
    if found is not None:
        return found
    if any(is_elision(w.text) for w in asked.old):
        return Unplaced("abbreviated", "the old text leaves code out")
    return explain(asked, index)


def exact_starts(lines: Sequence[str], index: FileIndex) -> list[int]:
    """Every place where these lines stand exactly."""
    return starts_of([Written(" ", line) for line in lines], index, PASSES[0])


def settle(asked: Asked, index: FileIndex, start: int) -> Placed | None:
    """The exact place at `start`, chosen by the order of the hunks."""
    for step in PASSES[:2]:
        placed = placed_at(asked, index, step, start)
        if placed is not None:
            placed = _with_newline(placed, asked, index)
            return replace(placed, flags=placed.flags | {Flag.BY_ORDER})
    return None


def _with_newline(placed: Placed, asked: Asked, index: FileIndex) -> Placed:
    """The last edit says how the file ends, where the reply does and the hunk reaches the end."""
    size = len(index.lines)
    eols = index.snapshot.eols
    if asked.newline is None or placed.end != size or not (size or placed.edits):
        return placed
    if size and asked.newline is bool(eols[-1]):
        return placed
    edits = placed.edits
    if not edits or edits[-1].end < size:
        edits = (*edits, Edit(size - 1, size, (index.lines[-1],)))
    last = replace(edits[-1], newline=asked.newline)
    return replace(placed, edits=(*edits[:-1], last), already=False)


def _told_by(body: Sequence[Written]) -> int:
    """The last old line by which a hunk can lie in the block that a header names: the first one
    that goes, or the one above the first that comes. Context below may belong to the next block."""
    n = 0
    for line in body:
        if line.sign == "+":
            return max(0, n - 1)
        if line.sign == "-":
            return n
        n += 1
    return max(0, n - 1)


def _search(asked: Asked, index: FileIndex) -> Placed | Unplaced | Several | None:
    old = asked.old
    others = any(w.other is not None for w in old)
    for step in PASSES:
        if step.other and not others:
            continue
        if step.mapped and (at := _already(asked, index)) is not None:
            return Placed(at, at + len(asked.new), (), already=True)
        starts = starts_of(old, index, step)
        if step.mapped and len(starts) <= _MOST_ORDERED:
            starts = [s for s in starts if placed_at(asked, index, step, s)]
        if starts:
            return _decide(asked, index, step, starts)
    return None


def _decide(
    asked: Asked, index: FileIndex, step: Pass, starts: list[int]
) -> Placed | Unplaced | Several:
    """One place is taken; of several, header, end mark, number and order may leave one."""
    if len(starts) > 1 and asked.headers:
        change = _told_by(asked.body)
        inside = scopes(asked.headers, index)
        named = [s for s in starts if any(r[0] <= s + change and s < r[1] for r in inside)]
        if inside and not named:
            return _ambiguous(starts)
        starts = named or starts
    if len(starts) > 1 and asked.at_end:
        size = len(index.lines) - len(asked.old)
        starts = [s for s in starts if s == size] or starts
    if len(starts) > 1 and step.quality is Quality.EXACT and asked.hint is not None:
        starts = [s for s in starts if s + 1 == asked.hint] or starts
    if len(starts) == 1:
        placed = placed_at(asked, index, step, starts[0])
        return _unless_done(asked, index, placed) if placed else explain(asked, index)
    why = _ambiguous(starts)
    if step.quality is Quality.EXACT and len(starts) <= _MOST_ORDERED:
        return Several(tuple(starts), why)
    return why


def _ambiguous(starts: Sequence[int], what: str = "the old text") -> Unplaced:
    numbers = ", ".join(str(start + 1) for start in starts[:_MOST_NAMED])
    more = f" and {len(starts) - _MOST_NAMED} more" if len(starts) > _MOST_NAMED else ""
    return Unplaced(
        "ambiguous",
        f"{what} stands in {len(starts)} places: lines {numbers}{more}",
        tuple(starts[:_MOST_NAMED]),
    )


def _unless_done(asked: Asked, index: FileIndex, placed: Placed) -> Placed | Unplaced:
    """An insertion whose result stands there already, at its beginning or its end.

    One line with words may well be wanted twice, and lines without any often are.
    """
    if len(placed.edits) != 1:
        return placed
    edit = placed.edits[0]
    words = sum(1 for line in edit.lines if _is_wordy(line))
    if edit.start != edit.end or not words:
        return placed
    old = index.lines
    new = (*old[placed.start : edit.start], *edit.lines, *old[edit.end : placed.end])
    size = len(new)
    if new not in (
        old[placed.start : placed.start + size],
        old[max(0, placed.end - size) : placed.end],
    ):
        return placed
    if words > 1:
        return replace(placed, edits=(), already=True)
    why = f"the line to insert stands there already: {edit.lines[0].strip() or edit.lines[-1]!r}"
    return Unplaced("already_there", why, (edit.start,))


def _is_wordy(line: str) -> bool:
    return sum(map(str.isalnum, line)) >= _WORDY and line.strip(" \t;:,()") not in _CLOSERS


def _unless_around(
    asked: Asked, index: FileIndex, found: Placed | Unplaced | Several
) -> Placed | Unplaced | Several:
    """The place of a hunk without the blank lines at its ends, unless with them its result stands
    around that very place."""
    at = _already(asked, index) if isinstance(found, Placed) else None
    if at is None or not isinstance(found, Placed):
        return found
    end = at + len(asked.new)
    if at <= found.start and found.end <= end:
        return Placed(at, end, (), already=True)
    return found


def _inserted(asked: Asked, index: FileIndex) -> Placed | Unplaced:
    """A hunk without old lines: below its one header, or at the end of the file."""
    new = tuple(w.text for w in asked.body)
    size = len(index.lines)
    flags: frozenset[Flag] = frozenset()
    if asked.hint is not None and asked.hint < size:
        return Unplaced("not_found", "only lines to add, and no line of the file to find the place")
    if asked.headers and asked.hint is None and not asked.at_end:
        within = scopes(asked.headers[:-1], index) or [(0, size)]
        below = header_lines(asked.headers[-1], index, within)
        if not below:
            return Unplaced("not_found", f"{asked.headers[-1]!r} is not in the file")
        if len(below) > 1:
            return _ambiguous(below, repr(asked.headers[-1]))
        at = below[0] + 1
    else:
        at = size
        flags = frozenset({Flag.END_OF_FILE}) if size else flags
        if new and index.lines[size - len(new) :] == new and size >= len(new):
            return Placed(size - len(new), size, (), already=True)
    if index.lines[at : at + len(new)] == new:
        return Placed(at, at + len(new), (), already=True)
    return Placed(at, at, (Edit(at, at, new),), flags=flags)


def _already(asked: Asked, index: FileIndex) -> int | None:
    """Where the result of the hunk stands in the file, if it does."""
    new = asked.new
    if sum(1 for w in new if w.text.strip()) < 2:
        return None
    added = any(w.sign == "+" and w.text.strip() for w in new)
    if not added and not _closes_a_gap(asked.body):
        return None
    for step in (PASSES[0], PASSES[2]):
        found = starts_of(new, index, step)
        if found:
            return found[0]
    return None


def _closes_a_gap(body: Sequence[Written]) -> bool:
    """Whether lines are removed between kept lines with text: then a missing gap proves it done."""
    signs = [(w.sign, bool(w.text.strip())) for w in body]
    first = next((i for i, (sign, _) in enumerate(signs) if sign == "-"), len(signs))
    return (" ", True) in signs[:first] and (" ", True) in signs[first:]
