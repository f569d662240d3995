"""Two versions of a file as git compares them: by lines to which their ending belongs.

The rule kept here: bytes in, bytes out. A line with another ending is another line, a last line
without one as well; so what is made of some of the hunks is what git would make of them. Which
version is in the index and which on the disk is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from spark_tui.edits.changeset import Edit, Placed
from spark_tui.edits.compose import in_order
from spark_tui.edits.diff import Row, hunk_rows
from spark_tui.edits.linediff import changes
from spark_tui.edits.rebase import Already, Meanwhile, Rebased
from spark_tui.edits.reshape import keep, regrouped, row_count, split
from spark_tui.edits.snapshot import Snapshot

CONTEXT = 3
BARE = "\\"
"""Sign of the row which says that the line above has no newline."""


@dataclass(frozen=True, slots=True)
class Group:
    """One hunk: edits of the old version, and the rows that show them."""

    place: Placed
    title: str
    rows: tuple[Row, ...]
    added: int
    removed: int


def exact(path: str, data: bytes) -> Snapshot:
    """The bytes as lines that hold their own ending; undecodable bytes are lone surrogates."""
    pieces = data.decode("utf-8", "surrogateescape").split("\n")
    lines = [f"{piece}\n" for piece in pieces[:-1]]
    if pieces[-1]:
        lines.append(pieces[-1])
    eols = ("\n",) * len(lines)
    made = Snapshot.of(path, data)
    return replace(made, lines=tuple(lines), eols=eols, bom=b"", encoding="utf-8", binary=False)


def exact_edits(old: Snapshot, new: Snapshot) -> tuple[Edit, ...]:
    """What differs."""
    runs = changes(old.lines, new.lines)
    return tuple(Edit(c.start, c.end, new.lines[c.new_start : c.new_end]) for c in runs)


def applied(base: Snapshot, edits: Sequence[Edit]) -> bytes:
    """The bytes with these edits. A line that is no longer the last one gets a newline."""
    return "".join(_ended(_applied(base.lines, edits))).encode("utf-8", "surrogateescape")


def carried(base: Snapshot, wanted: Snapshot, now: Snapshot) -> bytes | None:
    """What makes `wanted` of `base`, made of `now`; None: that has changed these lines itself."""
    if base.data == now.data:
        return wanted.data
    found = Meanwhile(base, now).rebased(exact_edits(base, wanted))
    if isinstance(found, Already):
        return now.data
    return applied(now, found.edits) if isinstance(found, Rebased) else None


def with_endings(base: Snapshot, edits: Sequence[Edit], *, crlf: bool) -> bytes:
    """The same for edits whose lines end with a plain newline, while those of `base` may not."""
    if crlf:
        edits = [replace(e, lines=tuple(_crlf(line) for line in e.lines)) for e in edits]
    return applied(base, edits)


# -- hunks -------------------------------------------------------------------------
def groups(old: Snapshot, new: Snapshot) -> tuple[Group, ...]:
    """The hunks as `git diff` cuts them."""
    runs = regrouped(exact_edits(old, new), kept=2 * CONTEXT + 1)
    return tuple(_groups(old, [_placed(run) for run in runs], _shows_cr(old, new)))


def split_group(
    old: Snapshot, new: Snapshot, all_of: Sequence[Group], at: int
) -> tuple[Group, ...]:
    """All groups, the one at `at` in its next finer parts."""
    places = [group.place for group in all_of]
    places[at : at + 1] = split(places[at], old)
    return tuple(_groups(old, places, _shows_cr(old, new)))


def without(group: Group, lines: Sequence[int]) -> tuple[Edit, ...]:
    """The edits but for these lines, counted from 0 among those that go or come."""
    return keep(group.place, set(range(row_count(group.place))) - set(lines)).edits


def only(group: Group, lines: Sequence[int]) -> tuple[Edit, ...]:
    """The edits of these lines alone."""
    return keep(group.place, lines).edits


def _groups(old: Snapshot, places: Sequence[Placed], shows_cr: bool) -> Iterator[Group]:
    delta = 0
    for place in places:
        rows = hunk_rows(old, place, context=CONTEXT)
        added = sum(len(edit.lines) for edit in place.edits)
        removed = sum(edit.end - edit.start for edit in place.edits)
        start = max(0, place.edits[0].start - CONTEXT)
        size = min(len(old.lines), place.edits[-1].end + CONTEXT) - start
        title = (
            f"@@ -{start + (size > 0)},{size} "
            f"+{start + delta + (size + added > removed)},{size + added - removed} @@"
        )
        yield Group(place, title, tuple(_shown(rows, delta, shows_cr)), added, removed)
        delta += added - removed


def _placed(edits: Sequence[Edit]) -> Placed:
    return Placed(edits[0].start, edits[-1].end, tuple(edits))


def _shown(rows: Sequence[Row], delta: int, shows_cr: bool) -> Iterator[Row]:
    for row in rows:
        new = row.new + delta if row.new is not None else None
        other = None if row.other is None else _bare(row.other, shows_cr)
        yield Row(row.sign, row.old, new, _bare(row.text, shows_cr), other)
        if not row.text.endswith("\n"):
            yield Row(BARE, None, None, "No newline at end of file")


def _bare(line: str, shows_cr: bool) -> str:
    text = line.removesuffix("\n")
    return text if shows_cr or text == line else text.removesuffix("\r")


def _shows_cr(old: Snapshot, new: Snapshot) -> bool:
    """Whether lines end in both ways, so that the way has to be seen."""
    ends = {line[-2:] == "\r\n" for line in (*old.lines, *new.lines) if line.endswith("\n")}
    return len(ends) > 1


def _applied(lines: Sequence[str], edits: Sequence[Edit]) -> list[str]:
    out: list[str] = []
    at = 0
    for edit in in_order(edits):
        out += lines[at : edit.start]
        out += edit.lines
        at = edit.end
    return [*out, *lines[at:]]


def _ended(lines: list[str]) -> list[str]:
    return [
        line if line.endswith("\n") or at == len(lines) - 1 else f"{line}\n"
        for at, line in enumerate(lines)
    ]


def _crlf(line: str) -> str:
    if not line.endswith("\n") or line.endswith("\r\n"):
        return line
    return f"{line[:-1]}\r\n"
