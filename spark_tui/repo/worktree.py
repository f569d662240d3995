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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import RefusedFault
from spark_tui.repo.files import look
from spark_tui.repo.ops import Ops
from spark_tui.repo.places import (
    as_fault,
    components,
    holds_repository,
    opened_parent,
    status,
)
from spark_tui.repo.writing import Change, NotPutBack, Stale, Writing

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

    def write_all(self, changes: Sequence[Change], *, expected: Mapping[str, str | None]) -> None:
        """Make all `changes`, or none.

        `expected` holds, for each path, the sha256 of the bytes it must still have (None: it must
        not exist). Raises Stale when one differs, RefusedFault or DiskFault when it cannot be
        done; then nothing was changed. Only after NotPutBack some files may be new: keep the
        intent, and `recover`.
        """
        Writing(self.root, changes, expected, self._ops).run()

    def shared(self, path: str) -> bool:
        """Whether the file has a second name: it is then overwritten in place."""
        parts = components(path)
        with opened_parent(self.root, parts) as folder:
            found = None if folder is None else status(parts[-1], folder)
        return found is not None and found.st_nlink > 1

    def sweep(self, paths: Iterable[str]) -> None:
        """Remove what an interrupted write of `paths` left beside them."""
        for parts in {components(path) for path in paths}:
            with contextlib.suppress(RefusedFault), opened_parent(self.root, parts) as folder:
                if folder is not None:
                    _sweep(folder)


def _sweep(folder: int) -> None:
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if _LEFTOVER.fullmatch(e.name)]
    for name in names:
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
