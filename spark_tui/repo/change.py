"""What a write is asked to do, and each path on its way through it.

The rule kept here: whether a path is as it should be is told by its bytes, never by its times.
The steps are in writing.py.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field

from spark_tui.errors import DiskFault, RefusedFault
from spark_tui.repo.files import look, look_at_link, new_mode
from spark_tui.repo.places import status


@dataclass(frozen=True, slots=True)
class Change:
    """What one path shall be."""

    path: str
    data: bytes | None
    """None: no file."""
    mode: int | None = None
    """Only its executable bit counts; None keeps the file's own. With `links`, S_IFLNK makes a
    symbolic link whose target is `data`."""
    bits: int | None = None
    """All permission bits of a file that comes back; None: as `mode` says."""
    source: str | None = None
    """The file that moves here: a new file gets its permissions, owner and attributes."""
    links: bool = False
    """A link may be at this path, and may come there: for what a person restores or discards,
    never for a reply. It is not followed: it is replaced, and `expected` is its `digest_of`."""

    def __post_init__(self) -> None:
        if stat.S_ISLNK(self.mode or 0) and not self.links:
            raise ValueError(f"no link may come to {self.path!r}")

    @property
    def makes_link(self) -> bool:
        return self.data is not None and stat.S_ISLNK(self.mode or 0)

    def look(self, name: str, folder: int) -> tuple[os.stat_result, bytes] | None:
        """What is at the path now."""
        return (look_at_link if self.links else look)(self.path, name, folder)


class Stale(RefusedFault):
    """Files changed since they were read; nothing was written."""

    code = "stale"

    def __init__(self, paths: Sequence[str]) -> None:
        names = ", ".join(paths)
        super().__init__(
            f"Changed on disk meanwhile: {names}. Nothing was written.",
            hint="Look at the file again; the proposal is kept.",
        )
        self.paths = tuple(paths)


class Busy(Stale):
    """Another program is in the middle of writing these files; nothing was written."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(paths)
        self.args = (
            f"Another program has {', '.join(paths)} open for writing. Nothing was written.",
        )
        self.message = self.args[0]
        self.hint = "Save and close it there, then do it again; the proposal is kept."


class NotPutBack(DiskFault):
    """A write failed half way and so did the way back: the intent must stay for `recover`."""

    code = "not_put_back"


@dataclass(slots=True)
class Target:
    """One path on its way."""

    change: Change
    parts: tuple[str, ...]
    found: os.stat_result | None
    old: bytes | None
    folder: int = -1
    staged: str = field(default_factory=lambda: f".spark-tui-{secrets.token_hex(6)}.tmp")
    was_swapped: bool = False
    """Other programs could open what we wrote, and what lies under the staged name was theirs."""

    @property
    def path(self) -> str:
        return self.change.path

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def in_place(self) -> bool:
        if self.found is None or self.change.data is None or self.has_link:
            return False
        return not self.change.makes_link and in_place(self.found)

    @property
    def has_link(self) -> bool:
        """A link is there."""
        return self.found is not None and stat.S_ISLNK(self.found.st_mode)

    @property
    def is_done(self) -> bool:
        """The path is already what it shall be."""
        change, found = self.change, self.found
        if change.data != self.old:
            return False
        if found is None:
            return True
        if self.has_link or change.makes_link:
            return self.has_link and change.makes_link
        return stat.S_IMODE(found.st_mode) == new_mode(found, change.mode, change.bits)

    def is_at(self, name: str) -> bool:
        """Whether the file that now has this name is the one that was checked."""
        now = status(name, self.folder)
        if now is None or not (stat.S_ISLNK if self.has_link else stat.S_ISREG)(now.st_mode):
            return False
        seen = self.change.look(name, self.folder)
        return seen is not None and seen[1] == self.old


def in_place(found: os.stat_result) -> bool:
    """Replacing would cut a hard link, or take a file away from its owner."""
    return found.st_nlink > 1 or os.geteuid() not in (0, found.st_uid)
