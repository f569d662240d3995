"""The few system calls by which a write changes the work tree, as one replaceable object.

The rule kept here: each method is one step that may fail or be the last one ever made, so a test
can stand at every step. The order of the steps is writing.py's business. All names are single
components inside an open folder.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

_UNSUPPORTED = frozenset((errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM))
_SWAP = 2
"""RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS have the same value."""


class Ops:
    """The real thing."""

    def create(self, name: str, mode: int, folder: int) -> int:
        """A new file, never an existing one; the caller closes it."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, mode, dir_fd=folder)

    def write(self, file: int, data: bytes) -> None:
        """All of `data`."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]

    def truncate(self, file: int, size: int) -> None:
        os.ftruncate(file, size)

    def fsync(self, file: int) -> None:
        """For a file and for a folder."""
        os.fsync(file)

    def mkdir(self, name: str, folder: int) -> None:
        os.mkdir(name, dir_fd=folder)

    def rmdir(self, name: str, folder: int) -> None:
        os.rmdir(name, dir_fd=folder)

    def link(self, name: str, new: str, folder: int) -> bool:
        """A second name, never over an existing one. False: not possible here."""
        try:
            os.link(name, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as cause:
            if cause.errno in _UNSUPPORTED or cause.errno == errno.EMLINK:
                return False
            raise
        return True

    def symlink(self, target: bytes, name: str, folder: int) -> None:
        """A new symbolic link, never over an existing name."""
        os.symlink(target, os.fsencode(name), dir_fd=folder)

    def rename(self, name: str, new: str, folder: int) -> None:
        os.rename(name, new, src_dir_fd=folder, dst_dir_fd=folder)

    def exchange(self, name: str, other: str, folder: int) -> bool:
        """Two files change names in one step. False: not possible here."""
        symbol = {"linux": "renameat2", "darwin": "renameatx_np"}.get(sys.platform)
        call = getattr(ctypes.CDLL(None, use_errno=True), symbol, None) if symbol else None
        if call is None:
            return False
        if call(folder, os.fsencode(name), folder, os.fsencode(other), _SWAP) == 0:
            return True
        number = ctypes.get_errno()
        if number in _UNSUPPORTED:
            return False
        raise OSError(number, os.strerror(number), name)

    def unlink(self, name: str, folder: int) -> None:
        os.unlink(name, dir_fd=folder)
