"""What a hunk says on screen, as values: its head line and the rows below it.

The rule kept here: signs carry the meaning. Every status has one sign and one word, every row its
"-", "+" or blank; colours are unknown here (diff_paint.py), and so is where a row stands on the
page (diff_page.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import overload

from spark_tui.edits.changeset import Flag, Kind, Placed
from spark_tui.edits.diff import Row, hunk_rows
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.state import HunkState, SessionState, Status
from spark_tui.text import one_line

CONTEXTS = (3, 10, 25)
"""Lines around a change; one key walks through them."""

OWN_YES = frozenset((Flag.SECRET, Flag.IGNORED, Flag.RUNS_LATER, Flag.UNDO))
"""Hunks with one of these are never accepted together with others."""


@dataclass(frozen=True, slots=True)
class Sign:
    """How a status looks in one cell, in one word, and in which theme word."""

    sign: str
    words: str
    look: str


SIGNS: dict[Status, Sign] = {
    Status.GROWING: Sign("…", "growing", "pending"),
    Status.WAITING: Sign("?", "waits for its neighbours", "pending"),
    Status.PLACED: Sign("●", "", "open"),
    Status.UNPLACED: Sign("⊘", "no place", "conflict"),
    Status.ACCEPTED: Sign("✓", "accepted", "accepted"),
    Status.REJECTED: Sign("✗", "rejected", "rejected"),
    Status.CONFLICT: Sign("!", "conflict", "conflict"),
    Status.SUPERSEDED: Sign("↺", "superseded", "muted"),
    Status.ALREADY_THERE: Sign("=", "already there", "muted"),
    Status.UNDONE: Sign("↺", "taken back", "muted"),
}

_KINDS = {
    Kind.EDIT: "",
    Kind.ADD: "new file",
    Kind.DELETE: "delete the file",
    Kind.MOVE: "move",
    Kind.MODE: "executable or not",
}
_IN_THE_WAY = 6
"""So many lines of the file are shown that are in the way of a hunk."""
_SHAPES = {"edited": "edited", "chosen": "some lines"}
"""What a person made of it; a part of a split is known by its number."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a card or of a file section, in parts that may be left out from the end."""

    sign: str
    look: str
    """Theme word of the sign."""
    title: str
    added: int = 0
    removed: int = 0
    words: str = ""
    is_risky: bool = False
    """The reason stands in a row of its own, where it is never cut."""
    counts: tuple[tuple[str, str], ...] = ()
    """Of a file: ("2●", theme word), ..."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line that is not code: why a hunk has no place, where it might go."""

    text: str
    look: str = "note"
    line: int | None = None
    """The 0-based snapshot line that this candidate stands for."""


class FileLines(Sequence[Row]):
    """The lines of a whole file as rows, made when asked for."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        return Row(" ", at + 1, at + 1, self._lines[at])


def head_of(hunk: HunkState, *, added: int, removed: int) -> Head:
    """The head line of a card; the counts are those of the lines so far, or of the place."""
    sign = SIGNS[_looks_like(hunk)]
    kind = _KINDS[hunk.kind]
    if hunk.move_to:
        kind = f"move to {hunk.move_to}"
    parts = [hunk.id, kind, " › ".join(hunk.headers)]
    words = [sign.words]
    if hunk.status is Status.SUPERSEDED and hunk.message:
        words[0] = f"superseded by {hunk.message}"
    if hunk.place is not None and hunk.kind is Kind.EDIT:
        place = (hunk.met and hunk.met.place) or hunk.place
        edits = place.edits
        words.append(f"line {(edits[0].start if edits else place.start) + 1}")
        if hunk.met is not None and hunk.met.moved_by:
            words.append(f"moved by {hunk.met.moved_by:+}")
    elif hunk.pending is not None and hunk.status in (Status.GROWING, Status.WAITING):
        words.append(f"perhaps line {hunk.pending + 1}")
    words.append(_SHAPES.get(hunk.how, ""))
    words += sorted(flag.value for flag in hunk.flags)
    if hunk.committed:
        words.append(f"in {hunk.committed[:8]}")
    return Head(
        sign=sign.sign,
        look=sign.look,
        title="  ".join(part for part in parts if part),
        added=added,
        removed=removed,
        words=", ".join(word for word in words if word),
        is_risky=bool(hunk.risk),
    )


def _looks_like(hunk: HunkState) -> Status:
    """Its status, or for an undecided one what a yes would make of it."""
    if hunk.met is None:
        return hunk.status
    if hunk.met.message:
        return Status.CONFLICT
    return Status.ALREADY_THERE if hunk.met.already else hunk.status


def file_head(path: str, hunks: Iterable[HunkState]) -> Head:
    """The head line of a file section, from the hunks below it."""
    added = removed = 0
    counts: dict[Status, int] = {}
    for hunk in hunks:
        counts[hunk.status] = counts.get(hunk.status, 0) + 1
        if hunk.status in (Status.PLACED, Status.ACCEPTED, Status.CONFLICT):
            added += hunk.added
            removed += hunk.removed
    return Head(
        sign="",
        look="file",
        title=path,
        added=added,
        removed=removed,
        counts=tuple(
            (f"{counts[status]}{sign.sign}", sign.look)
            for status, sign in SIGNS.items()
            if counts.get(status)
        ),
    )


def is_settled(hunk: HunkState) -> bool:
    """Nothing is left to decide about it."""
    return hunk.status in (
        Status.ACCEPTED,
        Status.REJECTED,
        Status.SUPERSEDED,
        Status.ALREADY_THERE,
        Status.UNDONE,
    )


def written_rows(hunk: HunkState, start: int = 0) -> list[Row | Note]:
    """The lines from `start` on as the model wrote them."""
    return [Row(sign, None, None, text) for sign, text in hunk.lines[start:]]


def rows_of(
    hunk: HunkState, state: SessionState, *, context: int = 3, chosen: int = 0
) -> list[Row | Note]:
    """All rows below the head of a card. `chosen` is the candidate under the cursor."""
    notes: list[Row | Note] = []
    if hunk.risk:
        notes.append(Note(f"⚠ {hunk.risk}", "risk"))
    if hunk.status is Status.CONFLICT and hunk.message:
        notes.append(Note(hunk.message, "conflict"))
    notes += _met_rows(hunk, state)
    base = state.snapshots.get(hunk.base) if hunk.base else None
    if hunk.place is not None:
        met = state.snapshots.get(hunk.met.now) if hunk.met else None
        if met is not None and hunk.met is not None and hunk.met.place is not None:
            return [*notes, *_placed_rows(hunk, hunk.met.place, met, context)]
        if hunk.base is not None and base is None:
            return [*notes, *written_rows(hunk)]
        return [*notes, *_placed_rows(hunk, hunk.place, base, context)]
    if hunk.status is Status.UNPLACED and hunk.why is not None:
        notes.append(Note(hunk.why.message, "conflict"))
        notes += _candidates(hunk.why.candidates, base, chosen)
    return [*notes, *written_rows(hunk)]


def _placed_rows(
    hunk: HunkState, place: Placed, base: Snapshot | None, context: int
) -> list[Row | Note]:
    rows: list[Row | Note] = list(hunk_rows(base, place, context=context))
    if not rows and hunk.kind is Kind.ADD:
        rows.append(Note("an empty file"))
    elif not place.edits and hunk.kind is Kind.MOVE:
        rows = [Note(f"{hunk.path} → {hunk.move_to or '?'}, its text stays as it is")]
    newline = next((edit.newline for edit in place.edits if edit.newline is not None), None)
    if newline is not None and (base is not None or not newline):
        rows.append(Note(f"then the last line ends {'with' if newline else 'without'} a newline"))
    return rows


def _met_rows(hunk: HunkState, state: SessionState) -> list[Row | Note]:
    """Why an undecided hunk could not be written now, and what stands in its way."""
    met = hunk.met
    if met is None or not met.message:
        return []
    rows: list[Row | Note] = [
        Note(f"{met.message}; there now:" if met.end else met.message, "conflict")
    ]
    now = state.snapshots.get(met.now)
    if now is None:
        return rows
    last = min(met.end, met.start + _IN_THE_WAY)
    rows += [Row(" ", None, at + 1, now.lines[at]) for at in range(met.start, last)]
    if met.end > last:
        rows.append(Note(f"and {met.end - last} more lines"))
    return rows


def _candidates(lines: Sequence[int], base: Snapshot | None, chosen: int) -> list[Note]:
    notes: list[Note] = []
    for at, line in enumerate(lines):
        text = base.lines[line] if base and line < len(base.lines) else ""
        mark = "▸" if at == chosen % len(lines) else " "
        notes.append(Note(f"{mark} perhaps line {line + 1}: {text.strip()}", "note", line))
    return notes


def broken(rows: Sequence[Row | Note], width: int) -> list[Row | Note]:
    """The rows, with notes that are too long for the width in several rows; candidates in one."""
    room = width - 3
    done: list[Row | Note] = []
    for row in rows:
        if isinstance(row, Note) and row.line is None and len(row.text) > room >= 8:
            done += [Note(part, row.look) for part in wrap(one_line(row.text), room)]
        else:
            done.append(row)
    return done


def plain_text(rows: Iterable[Row | Note]) -> str:
    """Rows as text for the clipboard: sign and line, raw."""
    return "".join(
        f"{'' if row.sign == '@' else row.sign}{row.text}\n" for row in rows if isinstance(row, Row)
    )
