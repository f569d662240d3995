"""The user's files: read one as a snapshot, write several all or nothing.

The rule kept here: only regular files whose real place is below the root are touched, and
`write_all` leaves every file with its old or its new bytes, all of them the same way. Saving the
old bytes first is the caller's duty (checkpoints.py); the order of steps is in writing.py.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import RefusedFault, SparkFault
from spark_tui.repo.change import Change, NotPutBack, Stale, in_place
from spark_tui.repo.endings import new_file_eol
from spark_tui.repo.files import look, look_at_link
from spark_tui.repo.ops import Ops
from spark_tui.repo.others import Keep
from spark_tui.repo.places import (
    as_fault,
    components,
    folders_above,
    holds_repository,
    opened_parent,
    status,
)
from spark_tui.repo.writing import Writing

__all__ = ["Change", "NotPutBack", "PathKind", "Stale", "Worktree"]

PathKind = Literal["file", "missing", "directory", "link", "special", "nested", "outside"]

_LEFTOVER = re.compile(r"\.spark-tui-[0-9a-f]{12}\.tmp")


class Worktree:
    """One folder of the user's. `kind` and `read` are safe to use from several threads."""

    def __init__(self, root: Path, *, ops: Ops | None = None) -> None:
        self.root = root.resolve()
        self._ops = ops if ops is not None else Ops()

    def kind(self, path: str) -> PathKind:
        """What is at `path`; a link anywhere on the way is a link."""
        try:
            parts = components(path)
        except RefusedFault:
            return "outside"
        walked = Path(self.root)
        for part in parts:
            walked /= part
            try:
                mode = walked.lstat().st_mode
            except FileNotFoundError:
                return "missing"
            except NotADirectoryError:
                return "special"
            except OSError as cause:
                if cause.errno == errno.ENAMETOOLONG:
                    return "missing"
                raise as_fault(cause, path) from cause
            if stat.S_ISLNK(mode):
                return "link"
            if stat.S_ISDIR(mode) and _is_repository(walked):
                return "nested"
        if stat.S_ISDIR(mode):
            return "directory"
        return "file" if stat.S_ISREG(mode) else "special"

    def new_eol(self, path: str) -> str:
        """With which lines of a new file end, as the project's own rules say."""
        return new_file_eol(self.root, path)

    def read(self, path: str) -> Snapshot | None:
        """The file's bytes and executable bit; None where there is no file."""
        parts = components(path)
        try:
            with opened_parent(self.root, parts) as folder:
                seen = None if folder is None else look(path, parts[-1], folder)
        except FileNotFoundError:
            return None
        except OSError as cause:
            if cause.errno == errno.ELOOP:
                raise RefusedFault(f"{path} is a link: it is not followed.") from cause
            raise as_fault(cause, path) from cause
        if seen is None:
            return None
        found, data = seen
        return Snapshot.of(path, data, 0o755 if found.st_mode & 0o100 else 0o644)

    def read_kept(self, path: str) -> tuple[bytes, int] | None:
        """What a checkpoint keeps of a path: bytes and permission bits of a file; of a symbolic
        link, which is not followed, its target and S_IFLNK; None where there is nothing."""
        parts = components(path)
        try:
            with self._parent(parts) as folder:
                seen = None if folder is None else look_at_link(path, parts[-1], folder)
        except FileNotFoundError:
            return None
        except OSError as cause:
            raise as_fault(cause, path) from cause
        if seen is None:
            return None
        mode = seen[0].st_mode
        return seen[1], stat.S_IFLNK if stat.S_ISLNK(mode) else stat.S_IMODE(mode) & 0o777

    def write_all(
        self,
        changes: Sequence[Change],
        *,
        expected: Mapping[str, str | None],
        removable: Collection[str] | None = None,
        keep: Keep | None = None,
    ) -> None:
        """Make all `changes`, or none.

        `expected` holds, for each path, the sha256 of the bytes it must still have (None: it must
        not exist; of a link: its `files.digest_of`). A folder whose last file goes goes too, if it
        is `removable` (None: any is).
        Raises Stale when a file differs, RefusedFault or DiskFault when it cannot be done; then
        nothing was changed. Only after NotPutBack some files may be new: keep the intent, and
        `recover`.

        What other programs saved meanwhile stays at its path. Where two did, one after the other,
        `keep` gets the earlier bytes; without it they stay beside the path.
        """
        Writing(self.root, changes, expected, self._ops, removable=removable, keep=keep).run()

    def bits(self, path: str) -> int | None:
        """The permission bits of a file; None where there is none."""
        found = self._status(path)
        return None if found is None else stat.S_IMODE(found.st_mode) & 0o777

    def in_place(self, path: str) -> bool:
        """Whether the file would be overwritten in place, and so may be found torn."""
        found = self._status(path)
        return found is not None and in_place(found)

    def missing_folders(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The folders that writing these paths would make, outermost first."""
        above = dict.fromkeys(folder for path in paths for folder in folders_above(path))
        return tuple(folder for folder in above if self.kind(folder) == "missing")

    def remove_empty(self, folders: Iterable[str]) -> None:
        """Those that are there and empty; given outermost first."""
        for folder in reversed(tuple(folders)):
            parts = components(folder)
            with contextlib.suppress(OSError, SparkFault), self._parent(parts) as above:
                if above is not None:
                    self._ops.rmdir(parts[-1], above)

    def sync(self, paths: Iterable[str]) -> None:
        """The files, and their names or their absence, are on the disk: a process that was
        killed may not have come to it."""
        for path in paths:
            parts = components(path)
            try:
                self._sync(parts)
            except OSError as cause:
                raise as_fault(cause, path) from cause

    def sweep(self, paths: Iterable[str], *, keep: Callable[[bytes], object]) -> None:
        """Remove what an interrupted write of `paths` left beside them. `keep` is given all bytes
        first: a program may have saved into a file that was just being replaced."""
        for parts in {components(path) for path in paths}:
            with contextlib.suppress(RefusedFault), self._parent(parts) as folder:
                if folder is not None:
                    _sweep(folder, keep)

    def _sync(self, parts: tuple[str, ...]) -> None:
        """The file, and the nearest folder above it that is there."""
        with contextlib.suppress(RefusedFault), self._parent(parts) as folder:
            if folder is None:
                if parts[1:]:
                    self._sync(parts[:-1])
                return
            found = status(parts[-1], folder)
            if found is not None and stat.S_ISREG(found.st_mode):
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                file = os.open(parts[-1], flags, dir_fd=folder)
                try:
                    self._ops.fsync(file)
                finally:
                    os.close(file)
            self._ops.fsync(folder)

    def _status(self, path: str) -> os.stat_result | None:
        parts = components(path)
        try:
            with self._parent(parts) as folder:
                found = None if folder is None else status(parts[-1], folder)
        except OSError as cause:
            raise as_fault(cause, path) from cause
        return found if found is not None and stat.S_ISREG(found.st_mode) else None

    def _parent(self, parts: tuple[str, ...]) -> contextlib.AbstractContextManager[int | None]:
        return opened_parent(self.root, parts)


def _sweep(folder: int, keep: Callable[[bytes], object]) -> None:
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if _LEFTOVER.fullmatch(e.name)]
    for name in names:
        with contextlib.suppress(OSError, SparkFault):
            seen = look_at_link(name, name, folder)
            if seen is not None and seen[0].st_nlink == 1 and stat.S_ISREG(seen[0].st_mode):
                keep(seen[1])
            os.unlink(name, dir_fd=folder)


def _is_repository(folder: Path) -> bool:
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return os.path.lexists(folder / ".git")
    try:
        return holds_repository(opened)
    finally:
        os.close(opened)
