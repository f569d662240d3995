"""The person's own changes as files with hunks, and what of a file an act on some of them makes.

The rule kept here: pure; what is shown is what is acted on: each hunk carries the edits behind its
rows. Bytes come from repo/scopes.py, acts are staging.py's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from spark_tui.edits.changeset import Edit
from spark_tui.edits.diff import Row
from spark_tui.edits.exact import (
    BARE,
    Group,
    applied,
    exact,
    groups,
    only,
    split_group,
    without,
)
from spark_tui.repo.scopes import LINK, Looked, Pair, Version
from spark_tui.repo.scopes import Scope as Scope

Act = Literal["stage", "unstage", "discard"]
Kind = Literal["lines", "mode", "whole"]

_SNIFFED = 8000
"""Bytes in which git looks for a NUL."""
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class ChangeHunk:
    """What one key acts on."""

    number: int
    """From 1 within its file."""
    kind: Kind
    title: str
    rows: tuple[Row, ...] = ()
    added: int = 0
    removed: int = 0
    group: Group | None = None
    """The edits of lines; None for a mode or the whole file."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One changed file of a scope."""

    scope: Scope
    path: str
    change: str
    """add, update, delete, mode, type, and for what is not compared: conflict, submodule, ..."""
    hunks: tuple[ChangeHunk, ...] = ()
    note: str = ""
    pair: Pair | None = None

    @property
    def held(self) -> str:
        """Why no act on it is possible, "" when some is."""
        return self.pair.held if self.pair is not None else "there is nothing to act on"


@dataclass(frozen=True, slots=True)
class ChangePage:
    """All changes of a scope."""

    scope: Scope
    base: str = ""
    """Of a branch: what it is compared with."""
    files: tuple[FileChange, ...] = ()
    more: int = 0
    """Files beyond those that are listed."""

    @property
    def counts(self) -> tuple[int, int]:
        """Lines that come, and lines that go."""
        hunks = [hunk for file in self.files for hunk in file.hunks]
        return sum(h.added for h in hunks), sum(h.removed for h in hunks)


@dataclass(frozen=True, slots=True)
class Pick:
    """Hunks of one file, or some lines of one hunk, counted from 0 as the diff shows them."""

    file: FileChange
    numbers: frozenset[int]
    lines: tuple[int, ...] | None = None

    @property
    def hunks(self) -> tuple[ChangeHunk, ...]:
        return tuple(hunk for hunk in self.file.hunks if hunk.number in self.numbers)

    @property
    def is_whole(self) -> bool:
        """The file as one piece, or all there is of it."""
        hunks = self.file.hunks
        every = len(self.hunks) == len(hunks) and self.lines is None
        return every or any(hunk.kind == "whole" for hunk in self.hunks)


def page_of(looked: Looked) -> ChangePage:
    """Pairs as files with hunks."""
    files = tuple(file_of(looked.scope, pair) for pair in looked.pairs)
    return ChangePage(looked.scope, looked.base, files, looked.more)


def file_of(scope: Scope, pair: Pair) -> FileChange:
    """One pair as a file with hunks."""
    old, new = pair.old, pair.new
    change = "add" if old is None else ("delete" if new is None else "update")
    if pair.note and pair.held:
        return FileChange(scope, pair.path, pair.note, (), pair.note, pair)
    file = FileChange(scope, pair.path, change, (), _note(pair), pair)
    if old is None or new is None:
        return replace(file, hunks=(_whole(pair, _only_side(old, new)),))
    if (old.mode == LINK) != (new.mode == LINK):
        rows = (*_only_side(old, None), *_only_side(None, new))
        return replace(file, change="type", hunks=(_whole(pair, rows),))
    if pair.rule.filter or pair.note or old.mode == LINK or _is_binary(old, new):
        return replace(file, hunks=(_whole(pair, _both_sides(pair)),))
    hunks: list[ChangeHunk] = []
    if old.mode != new.mode:
        hunks.append(ChangeHunk(1, "mode", f"mode {old.mode} → {new.mode}"))
    found = groups(exact(pair.path, old.data or b""), exact(pair.path, new.data or b""))
    hunks += [_lines(group, len(hunks) + at) for at, group in enumerate(found, 1)]
    change = "mode" if old.mode != new.mode and not found else "update"
    return replace(file, change=change, hunks=tuple(hunks))


def split(file: FileChange, number: int) -> FileChange:
    """The file with this hunk in its next finer parts; the same file: it is as fine as it gets."""
    lined = [hunk for hunk in file.hunks if hunk.kind == "lines"]
    at = next((k for k, hunk in enumerate(lined) if hunk.number == number), None)
    pair = file.pair
    if at is None or pair is None or pair.old is None or pair.new is None:
        return file
    old, new = exact(pair.path, pair.old.data or b""), exact(pair.path, pair.new.data or b"")
    known = [hunk.group for hunk in lined if hunk.group is not None]
    parts = split_group(old, new, known, at)
    others = [hunk for hunk in file.hunks if hunk.kind != "lines"]
    made = [_lines(group, len(others) + k) for k, group in enumerate(parts, 1)]
    return replace(file, hunks=(*others, *made)) if len(parts) > len(known) else file


# -- what an act makes -------------------------------------------------------------
def data_of(pick: Pick, act: Act) -> tuple[str, bytes] | None:
    """Mode and bytes (as the index has them) of a file after an act on some of its hunks. None:
    nothing is left of it, or it is not made of hunks: then the version itself is wanted."""
    pair = pick.file.pair
    if pair is None or pair.old is None or pair.new is None or pair.old.data is None:
        return None
    edits = _picked(pick) if act == "stage" else _rest(pick)
    takes_mode = any(hunk.kind == "mode" for hunk in pick.hunks)
    mode = pair.new.mode if takes_mode == (act == "stage") else pair.old.mode
    return mode, applied(exact(pair.path, pair.old.data), edits)


def picked_edits(pick: Pick) -> tuple[Edit, ...]:
    """In lines of the old version."""
    return tuple(_picked(pick))


def _picked(pick: Pick) -> list[Edit]:
    edits: list[Edit] = []
    for hunk in pick.hunks:
        if hunk.group is not None:
            chosen = pick.lines
            edits += hunk.group.place.edits if chosen is None else only(hunk.group, chosen)
    return edits


def _rest(pick: Pick) -> list[Edit]:
    edits: list[Edit] = []
    for hunk in pick.file.hunks:
        if hunk.group is None:
            continue
        if hunk.number not in pick.numbers:
            edits += hunk.group.place.edits
        elif pick.lines is not None:
            edits += without(hunk.group, pick.lines)
    return edits


# -- rows --------------------------------------------------------------------------
def _lines(group: Group, number: int) -> ChangeHunk:
    return ChangeHunk(number, "lines", group.title, group.rows, group.added, group.removed, group)


def _whole(pair: Pair, rows: Sequence[Row]) -> ChangeHunk:
    added = sum(row.sign == "+" for row in rows)
    removed = sum(row.sign == "-" for row in rows)
    old, new = pair.old, pair.new
    modes = [v.mode for v in (old, new) if v is not None and v.mode != "100644"]
    title = "the whole file"
    if old is not None and new is not None and old.mode != new.mode:
        title += f", mode {old.mode} → {new.mode}"
    elif modes:
        title += f", {'link' if modes[0] == LINK else 'mode ' + modes[0]}"
    return ChangeHunk(1, "whole", title, tuple(rows[:_MOST_ROWS]), added, removed)


def _note(pair: Pair) -> str:
    notes = [pair.note]
    if pair.rule.filter and pair.note == "":
        notes.append(f"filter {pair.rule.filter}: whole file only, as it is on the disk")
    sides = [v for v in (pair.old, pair.new) if v is not None and v.data is not None]
    if sides and not pair.note and any(_holds_nul(v) for v in sides):
        notes.append(" → ".join(f"{len(v.data or b'')} bytes" for v in sides) + ", binary")
    elif len(sides) == 1 and not sides[0].data and not pair.note:
        notes.append("empty")
    return ", ".join(note for note in notes if note)


def _only_side(old: Version | None, new: Version | None) -> tuple[Row, ...]:
    side = old or new
    if side is None or side.data is None or _holds_nul(side):
        return ()
    sign = "-" if old is not None else "+"
    lines = exact("", side.data).lines
    rows: list[Row] = []
    for at, line in enumerate(lines, 1):
        text = line.removesuffix("\n")
        text = text if text == line else text.removesuffix("\r")
        rows.append(Row(sign, at if old else None, None if old else at, text))
    if lines and not lines[-1].endswith("\n") and side.mode != LINK:
        rows.append(Row(BARE, None, None, "No newline at end of file"))
    return tuple(rows)


def _both_sides(pair: Pair) -> tuple[Row, ...]:
    """Of a link where it led and leads; of a filtered text what can be seen of it."""
    old, new = pair.old, pair.new
    if old is None or new is None or pair.note or _is_binary(old, new):
        return ()
    if old.mode == LINK:
        return (*_only_side(old, None), *_only_side(None, new))
    found = groups(exact(pair.path, old.data or b""), exact(pair.path, new.data or b""))
    return tuple(row for group in found for row in group.rows)


def _is_binary(old: Version, new: Version) -> bool:
    return _holds_nul(old) or _holds_nul(new)


def _holds_nul(version: Version) -> bool:
    return version.data is not None and b"\0" in version.data[:_SNIFFED]
