"""One regular file in an open folder: its bytes and what else belongs to it.

The rule kept here: no link is followed and no pipe or device is waited on; who asks for links too
gets their targets as bytes. Which folder is for places.py, what is written is for writing.py.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import sys

from spark_tui.errors import RefusedFault
from spark_tui.repo.places import status

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LARGEST = 256 << 20


def look(path: str, name: str, folder: int) -> tuple[os.stat_result, bytes] | None:
    """The file as it is now; None where there is nothing. `path` is for the message only."""
    found = status(name, folder)
    if found is None:
        return None
    _require_regular(path, found)
    file = os.open(name, _READ, dir_fd=folder)
    with os.fdopen(file, "rb") as stream:
        found = os.fstat(file)
        _require_regular(path, found)
        if found.st_size > _LARGEST:
            raise RefusedFault(
                f"{path} is too large to work on: {found.st_size >> 20} MiB of {_LARGEST >> 20}."
            )
        return found, stream.read()


def look_at_link(path: str, name: str, folder: int) -> tuple[os.stat_result, bytes] | None:
    """As `look`; where a symbolic link is, its target."""
    found = status(name, folder)
    if found is None or not stat.S_ISLNK(found.st_mode):
        return look(path, name, folder)
    try:
        return found, os.readlink(os.fsencode(name), dir_fd=folder)
    except OSError as cause:
        if cause.errno == errno.EINVAL:
            raise RefusedFault(f"{path} changed while it was read.") from cause
        raise


def digest_of(data: bytes, mode: int) -> str:
    """sha256 of a file's bytes; a link is never taken for a file that holds its target."""
    return hashlib.sha256(b"link\0" + data if stat.S_ISLNK(mode) else data).hexdigest()


def new_mode(found: os.stat_result, mode: int | None, bits: int | None = None) -> int:
    """The file's own mode; of `mode` only the executable bit counts, `bits` are all."""
    kept = stat.S_IMODE(found.st_mode)
    if bits is not None:
        return (kept & ~0o777) | (bits & 0o777)
    if mode is None or bool(mode & 0o100) == bool(kept & 0o100):
        return kept
    return kept | ((kept & 0o444) >> 2) if mode & 0o100 else kept & ~0o111


def set_mode(file: int, mode: int) -> None:
    """Another's file may be writable for us, its mode never is: it has to fit as it is."""
    differs = stat.S_IMODE(os.fstat(file).st_mode) ^ mode
    try:
        os.fchmod(file, mode)
    except PermissionError:
        if differs & 0o777:
            raise  # Else the system took the set-id bits away, as from everybody who writes.


def dress(file: int, mode: int, *, like: str, found: os.stat_result, folder: int) -> None:
    """Give a new file this mode, and owner and extended attributes of the file that it follows."""
    own = os.fstat(file)
    if (own.st_uid, own.st_gid) != (found.st_uid, found.st_gid):
        try:
            os.fchown(file, found.st_uid, found.st_gid)
        except PermissionError:
            mode &= 0o1777  # Set-id bits speak of an owner that the new file has not got.
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            _copy_attributes(like, folder, file)
    os.fchmod(file, mode)


def _copy_attributes(name: str, folder: int, file: int) -> None:
    source = os.open(name, _READ, dir_fd=folder)
    try:
        for attribute in os.listxattr(source):
            with contextlib.suppress(OSError):
                os.setxattr(file, attribute, os.getxattr(source, attribute))
    finally:
        os.close(source)


def _require_regular(path: str, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    if stat.S_ISLNK(found.st_mode):
        raise RefusedFault(f"{path} is a link: it is not followed.")
    what = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
    raise RefusedFault(f"{path} is {what}.")
