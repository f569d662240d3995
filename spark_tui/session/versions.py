"""What becomes of a file when writes of ours are taken out of it again; pure.

The rule kept here: a file that is exactly what we left becomes exactly what it was before; in any
other somebody has worked since, and it is merged three-way or left alone. What is read and written
is restoring.py's business.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spark_tui.edits.compose import EncodeRefused, compose
from spark_tui.edits.rebase import Already, Conflict, Meanwhile, line_edits
from spark_tui.edits.snapshot import Snapshot
from spark_tui.repo.files import digest_of

Kept = tuple[bytes, int] | None
"""A file's bytes and permission bits, a link's target and S_IFLNK, or nothing at all: what a
checkpoint keeps of a path."""


@dataclass(frozen=True, slots=True)
class Clash:
    """It cannot be taken out without touching what somebody did since."""

    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """A write of ours to a path, or several with nobody else's between them."""

    before: Kept
    after: str | None
    """Digest; None where it left no file."""
    mode: int
    """Of the file after it."""


def digest(kept: Kept) -> str | None:
    return None if kept is None else digest_of(*kept)


def runs(mode: int) -> bool:
    return bool(mode & 0o100)


def is_link(kept: Kept) -> bool:
    return kept is not None and stat.S_ISLNK(kept[1])


def same(one: Kept, other: Kept) -> bool:
    """Bytes, kind and permissions."""
    if one is None or other is None:
        return one is other
    return one[0] == other[0] and (
        is_link(one) == is_link(other) and (is_link(one) or one[1] & 0o777 == other[1] & 0o777)
    )


def in_a_row(steps: Sequence[Step]) -> list[Step]:
    """Steps in their order, joined wherever one found exactly what the one before it had left."""
    found: list[Step] = []
    for step in steps:
        last = found[-1] if found else None
        is_next = last is not None and last.after == digest(step.before)
        if is_next and step.before is not None and last is not None:
            is_next = is_link(step.before) or runs(step.before[1]) == runs(last.mode)
        if last is not None and is_next:
            found[-1] = Step(last.before, step.after, step.mode)
        else:
            found.append(Step(step.before, step.after, step.mode))
    return found


def taken_out(
    path: str, now: Kept, step: Step, bytes_of: Callable[[str], bytes | None]
) -> Kept | Clash:
    """The file without these writes. `bytes_of` finds what we left, by its digest."""
    to = step.before
    is_now, was, left = digest(now), digest(to), step.after
    if is_now == left:
        return _as_it_was(now, step)
    if is_now == was:
        return now
    if was == left:
        return _with_mode(now, step)
    if now is None:
        return Clash(f"{path} was removed since")
    if left is None:
        return Clash(f"another {path} is there now")
    if to is None:
        return Clash(f"{path} was changed since it was made")
    if is_link(now) or is_link(to):
        return Clash(f"{path} was changed since, from a link or to one")
    data = bytes_of(left)
    if data is None:
        return Clash(f"{path} was changed since, and what it was before that is not kept")
    merged = _merged(path, data, now[0], to[0])
    return merged if isinstance(merged, Clash) else _with_mode((merged, now[1]), step)


def _merged(path: str, base: bytes, now: bytes, to: bytes) -> bytes | Clash:
    """`now` with what makes `to` of `base`."""
    old, disk, new = (Snapshot.of(path, data) for data in (base, now, to))
    if old.binary or disk.binary or new.binary:
        return Clash(f"{path} was changed since, and is no text")
    found = Meanwhile(old, disk).rebased(line_edits(old, new))
    match found:
        case Conflict(message=message):
            return Clash(f"{path}: {message}")
        case Already():
            return now
        case _:
            try:
                return compose(disk, found.edits)
            except EncodeRefused as refused:
                return Clash(f"{path}: {refused}")


def _as_it_was(now: Kept, step: Step) -> Kept:
    """Nobody changed its bytes; whether somebody changed its mode is another matter."""
    to = step.before
    if now is None or to is None or is_link(now) or is_link(to):
        return to
    return to[0], _mode(now[1], to[1], step)


def _with_mode(kept: Kept, step: Step) -> Kept:
    to = step.before
    if kept is None or to is None or is_link(kept) or is_link(to):
        return kept
    return kept[0], _mode(kept[1], to[1], step)


def _mode(now: int, was: int, step: Step) -> int:
    """Permissions go back only where we changed them and nobody else did since."""
    changed_by_us = runs(was) != runs(step.mode)
    return was if changed_by_us and runs(now) == runs(step.mode) else now
