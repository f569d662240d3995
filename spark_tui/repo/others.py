"""Another program at the same file: does it have it open to write, and what has it left there.

The rule kept here: bytes that somebody else wrote are never thrown away. A file is let go of only
when nobody can write to it any more and what it holds is known; where the system cannot tell who
has a file open (no Linux, a network file system), its bytes alone decide. In which order a write
asks is writing.py's business.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterator

from spark_tui.errors import SparkFault
from spark_tui.repo.places import status

WAIT_S = 0.25
"""A program that saves has its file open for a moment: for so long it is waited for."""
_STEP_S = 0.002
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Keep = Callable[[str, bytes, str], bool]
"""Puts these bytes of a path where a person finds them again, durably. False, or a fault: that was
not possible, and the file stays beside its path under this name."""


def is_written_to(name: str, folder: int) -> bool:
    """Whether a program has this file open for writing, and keeps it open for a while."""
    try:
        file = os.open(name, _READ, dir_fd=folder)
    except OSError:
        return False
    try:
        return not _leased(file, alone=False)
    finally:
        os.close(file)


def holds(name: str, folder: int, wanted: Collection[bytes | None]) -> bool:
    """Whether a file has one of these contents, and no program has it open to write others."""
    try:
        file = os.open(name, _READ, dir_fd=folder)
    except OSError:
        return False
    with os.fdopen(file, "rb") as stream:
        return stat.S_ISREG(os.fstat(file).st_mode) and (
            _leased(file, alone=False) and stream.read() in wanted
        )


@contextlib.contextmanager
def alone(file: int) -> Iterator[None]:
    """Meanwhile, where the system can do that and nobody has this file open already: who opens it
    has to wait. The file is open for reading and writing."""
    _leased(file, alone=True)
    try:
        yield
    finally:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def same(name: str, other: str, folder: int) -> bool:
    """Whether both names are those of one file."""
    one, two = status(name, folder), status(other, folder)
    return one is not None and two is not None and os.path.samestat(one, two)


def may_go(
    path: str, name: str, folder: int, known: Collection[bytes | None], keep: Keep | None
) -> bool:
    """Whether what lies under this name may be removed: it is no file, has another name too, holds
    nothing but what is known, or what it holds has been kept."""
    found = status(name, folder)
    if found is None or not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        return True
    if holds(name, folder, known):
        return True
    if keep is None:
        return False
    file = os.open(name, _READ, dir_fd=folder)
    with os.fdopen(file, "rb") as stream:
        data = stream.read()
    try:
        return keep(path, data, name)
    except SparkFault:
        return False


def _leased(file: int, *, alone: bool) -> bool:
    """A lease is given only where nobody has the file open for writing (`alone`: at all); with it
    comes that who opens it later waits. It ends when the file is closed."""
    if sys.platform != "linux":
        return True
    kind = fcntl.F_WRLCK if alone else fcntl.F_RDLCK
    until = time.monotonic() + WAIT_S
    with contextlib.suppress(OSError):
        # Who wants the file makes a signal here; this one is ignored where nobody asked for it.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        while True:
            try:
                fcntl.fcntl(file, fcntl.F_SETLEASE, kind)
            except OSError as cause:
                if cause.errno not in (errno.EAGAIN, errno.EACCES) or not _is_ours(file):
                    raise
                if time.monotonic() > until:
                    return False
                time.sleep(_STEP_S)
            else:
                return True
    return True


def _is_ours(file: int) -> bool:
    """Leases are for owners: anybody else is told nothing."""
    return os.geteuid() in (0, os.fstat(file).st_uid)
