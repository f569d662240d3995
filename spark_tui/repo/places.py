"""From a relative path to an open folder, one component at a time, following no link.

The rule kept here: nothing outside the root is ever opened, nothing under any .git, nothing in
a repository inside this one, whatever is swapped on the disk meanwhile. What is done in the
folder is for worktree.py and writing.py.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from spark_tui.errors import DiskFault, RefusedFault

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def components(path: str) -> tuple[str, ...]:
    """The parts of a path that may be touched. Raises RefusedFault for any other."""
    parts = tuple(path.split("/"))
    if not path or "\0" in path or path.startswith("/"):
        raise RefusedFault(f"{path!r} is not a path inside this folder.")
    for part in parts:
        if part in ("", ".", ".."):
            raise RefusedFault(f"{path!r} is not a plain path inside this folder.")
        if names_git(part):
            raise RefusedFault(f"{path!r} leads into git's own files.")
    return parts


def folders_above(path: str) -> tuple[str, ...]:
    """The folders of a path, outermost first."""
    parts = components(path)[:-1]
    return tuple("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))


def names_git(part: str) -> bool:
    """Whether some file system takes this name for .git (case, ignorable signs, short names)."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKC", part) if unicodedata.category(c) != "Cf"
    )
    pieces = plain.casefold().replace("\\", "/").split("/")
    return any(p.split(":")[0].rstrip(". ") in (".git", "git~1") for p in pieces)


@contextlib.contextmanager
def opened_parent(
    root: Path,
    parts: tuple[str, ...],
    *,
    make: Callable[[str, int], None] | None = None,
) -> Iterator[int | None]:
    """The folder of the last part, open; None where it is missing and `make` is not given."""
    folder = open_parent(root, parts, make=make)
    try:
        yield folder
    finally:
        if folder is not None:
            os.close(folder)


def open_parent(
    root: Path,
    parts: tuple[str, ...],
    *,
    make: Callable[[str, int], None] | None = None,
) -> int | None:
    """As `opened_parent`; the caller closes. `make(name, folder)` makes a missing folder."""
    try:
        folder = os.open(root, _FOLDER)
    except OSError as cause:
        raise DiskFault(f"The folder {root} is gone.", hint="Open it again.") from cause
    try:
        for depth, part in enumerate(parts[:-1], 1):
            below = "/".join(parts[:depth])
            deeper = _enter(folder, part, below)
            if deeper is None:
                if make is None:
                    os.close(folder)
                    return None
                make(part, folder)
                deeper = _enter(folder, part, below)
                if deeper is None:
                    raise DiskFault(f"The folder {below} vanished while it was made.")
            os.close(folder)
            folder = deeper
            if holds_repository(folder):
                raise RefusedFault(
                    f"{below} is a repository of its own.",
                    hint=f"Open it by itself: spark-tui {below}",
                )
    except BaseException:
        os.close(folder)
        raise
    return folder


def holds_repository(folder: int) -> bool:
    """Whether this folder is another repository's work tree, or a bare repository."""
    names = (".git",), ("HEAD", "objects", "refs")
    return any(all(status(name, folder) is not None for name in group) for group in names)


def status(name: str, folder: int) -> os.stat_result | None:
    """lstat in an open folder; None where there is nothing."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _enter(folder: int, part: str, below: str) -> int | None:
    try:
        return os.open(part, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as cause:
        if cause.errno in (errno.ENOTDIR, errno.ELOOP):
            found = status(part, folder)
            if found is not None and stat.S_ISLNK(found.st_mode):
                raise RefusedFault(f"{below} is a link: it is not followed.") from cause
            raise RefusedFault(f"{below} is a file, not a folder.") from cause
        raise as_fault(cause, below) from cause


def as_fault(cause: OSError, path: str, *, needed: int | None = None) -> DiskFault:
    """The sentence for what the system said."""
    match cause.errno:
        case errno.ENOSPC | errno.EDQUOT:
            size = f" ({path} needs {needed:,} bytes)" if needed is not None else f" at {path}"
            return DiskFault(f"Disk full{size}.", hint="Free some space, then do it again.")
        case errno.EROFS:
            return DiskFault(f"{path} is on a read-only file system.", hint="Remount it writable.")
        case errno.EACCES | errno.EPERM:
            return DiskFault(
                f"No permission for {path}.",
                hint="Look at owner and mode of the file and of its folder.",
            )
        case errno.ENAMETOOLONG:
            return DiskFault(f"The name {path} is too long for this file system.")
        case _:
            return DiskFault(f"{path}: {cause.strerror}.", hint="Look at the disk.")
