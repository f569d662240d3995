"""Chosen edits and a snapshot as new bytes.

The rule kept here: every line that no edit names keeps its exact bytes, ending included, and the
file keeps its own way to end (with a newline or without). The order in which edits are given does
not matter. Which hunks are chosen is the review's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from spark_tui.edits.changeset import Edit, Hunk, Kind, Placed, Unplaced
from spark_tui.edits.snapshot import Snapshot

_ESCAPES = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FOREIGN = re.compile("[^\x00-\x7f\udc80-\udcff]")
"""Neither ASCII nor an escaped byte: has no certain bytes in a file of unknown encoding."""


class EncodeRefused(ValueError):
    """The inserted text cannot be written in the file's encoding."""


def compose(base: Snapshot | None, edits: Sequence[Edit], *, eol: str = "\n") -> bytes:
    """The exact bytes of the file with `edits` applied; None as base means a new file, whose
    lines end with `eol`.

    Escaped bytes are written as they are: they come from a file (an edit taken back), never from
    a reply, whose lines are looked at before they get a place.
    """
    ordered = in_order(edits)
    if base is None:
        lines = [line for edit in ordered for line in edit.lines]
        text = "".join(f"{line}{eol}" for line in lines)
        if lines and lines[-1] and any(edit.newline is False for edit in ordered):
            text = text[: -len(eol)]
        try:
            return text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise EncodeRefused(_says(error)) from error
    for edit in ordered:
        refused = cannot_encode(base, map(_without_escapes, edit.lines))
        if refused:
            raise EncodeRefused(refused)
    parts: list[str] = []
    at = 0
    for edit in ordered:
        if edit.end > len(base.lines):
            raise ValueError(f"edit ends at line {edit.end} of {len(base.lines)}")
        parts += _kept(base, at, edit.start)
        parts += [
            line + ending for line, ending in zip(edit.lines, _endings(base, edit), strict=True)
        ]
        at = edit.end
    parts += _kept(base, at, len(base.lines))
    text = _settled(base, parts, next((e.newline for e in ordered if e.newline is not None), None))
    if base.encoding == "utf-8":
        return base.bom + text.encode("utf-8", "surrogateescape")
    return base.bom + base.encode(text)


def result_of(base: Snapshot | None, hunks: Sequence[Hunk]) -> bytes | None:
    """The bytes of one file with these placed hunks; None: the file is removed."""
    if any(hunk.kind is Kind.DELETE for hunk in hunks):
        return None
    edits: list[Edit] = []
    eol = "\n"
    for hunk in hunks:
        if not isinstance(hunk.place, Placed):
            raise ValueError(f"hunk {hunk.number} has no place")
        edits += hunk.place.edits
        eol = hunk.place.eol if hunk.kind is Kind.ADD else eol
    return compose(base, edits, eol=eol)


def no_text(lines: Iterable[str]) -> Unplaced | None:
    """Why these lines of a reply cannot be put into a text file; None if they can.

    Half a surrogate pair stands for a byte of a file, and a reply has none of those; a file with
    a NUL is binary from then on.
    """
    for line in lines:
        if "\0" in line:
            return Unplaced("binary", f"{line[:60]!r} holds a NUL byte")
        if not line.isascii() and _SURROGATE.search(line):
            return Unplaced("encoding", f"{line[:60]!r} holds half a surrogate pair")
    return None


def cannot_encode(base: Snapshot, lines: Iterable[str]) -> str:
    """Why these lines cannot be written into this file, or "" if they can."""
    escaped = base.encoding == "utf-8-escaped"
    for line in lines:
        if line.isascii():
            continue
        if escaped and _FOREIGN.search(line):
            return f"{base.path} is not valid UTF-8, so only ASCII text can be inserted safely"
        try:
            base.encode(line)
        except UnicodeEncodeError as error:
            return _says(error)
    return ""


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Sorted by place. Raises ValueError where two of them claim the same lines."""
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    for one, two in pairwise(ordered):
        if clash(one, two):
            raise ValueError(f"edits overlap at line {two.start + 1}")
    return ordered


def clash(one: Edit, two: Edit) -> bool:
    """Whether both claim a line, or both insert at the same point.

    >>> clash(Edit(1, 3, ()), Edit(3, 3, ("x",)))
    False
    >>> clash(Edit(3, 3, ("y",)), Edit(3, 3, ("x",)))
    True
    """
    if one.start == one.end == two.start == two.end:
        return True
    return one.start < two.end and two.start < one.end


def _without_escapes(line: str) -> str:
    return line if line.isascii() else _ESCAPES.sub("", line)


def _kept(base: Snapshot, start: int, end: int) -> list[str]:
    return [
        line + eol for line, eol in zip(base.lines[start:end], base.eols[start:end], strict=True)
    ]


def _endings(base: Snapshot, edit: Edit) -> Sequence[str]:
    """Lines that take the place of as many others end as these did; else as `_ending` says."""
    replaced = base.eols[edit.start : edit.end]
    ending = _ending(base, edit)
    if len(replaced) != len(edit.lines):
        return [ending] * len(edit.lines)
    return [eol or ending for eol in replaced]


def _ending(base: Snapshot, edit: Edit) -> str:
    """The ending of the line above; else below; else of most lines."""
    if edit.start and base.eols[edit.start - 1]:
        return base.eols[edit.start - 1]
    if not edit.start and edit.end < len(base.eols) and base.eols[edit.end]:
        return base.eols[edit.end]
    return base.majority_eol


def _settled(base: Snapshot, parts: list[str], newline: bool | None) -> str:
    """One text whose last line ends as the file did, or as `newline` says; a former last line
    gets an ending.

    An empty last line keeps its ending: without one it would be no line.
    """
    if not parts:
        return ""
    bare_end = bool(base.eols) and not base.eols[-1]
    if bare_end:
        for i, part in enumerate(parts[:-1]):
            if not part.endswith("\n"):
                parts[i] = part + base.majority_eol
    last = parts[-1]
    bare = last[:-2] if last.endswith("\r\n") else last.removesuffix("\n")
    if bare_end if newline is None else not newline:
        parts[-1] = bare or last
    elif bare == last:
        parts[-1] = last + base.majority_eol
    return "".join(parts)


def _says(error: UnicodeEncodeError) -> str:
    text = error.object[error.start : error.end]
    return f"{text!r} cannot be written in {error.encoding}"
