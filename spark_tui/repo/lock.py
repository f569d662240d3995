"""One writer at a time in one work tree: the app for its life, a verb for one operation.

The rule kept here: the lock is the system's (flock), so it ends with the process that held it,
however that ended. The file only says who holds it.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from spark_tui.errors import LockHeld
from spark_tui.repo.durable import private_folder
from spark_tui.repo.places import as_fault

_STEP_S = 0.02


class WorktreeLock:
    """Held between `acquire` and `release`, or inside `with`."""

    def __init__(self, path: Path, *, wait_s: float = 3.0) -> None:
        self._path = path
        self._wait_s = wait_s
        self._file: int | None = None

    def acquire(self) -> None:
        """Wait for the lock. Raises LockHeld, which names the holder, when it is not given up."""
        if self._file is not None:
            return
        try:
            private_folder(self._path.parent)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(self._path, flags, 0o600)
        except OSError as cause:
            raise as_fault(cause, str(self._path)) from cause
        deadline = time.monotonic() + self._wait_s
        while not _try(file):
            if time.monotonic() >= deadline:
                holder = os.pread(file, 32, 0).decode("ascii", "replace").strip()
                os.close(file)
                raise LockHeld(
                    f"Another spark-tui (process {holder or 'unknown'}) is writing in this folder.",
                    hint="End it, or wait until it has finished.",
                )
            time.sleep(_STEP_S)
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, b"%d\n" % os.getpid(), 0)
        except OSError as cause:
            os.close(file)
            raise as_fault(cause, str(self._path)) from cause
        self._file = file

    def release(self) -> None:
        """Give the lock up; the file stays."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    @property
    def held(self) -> bool:
        """Whether we hold it."""
        return self._file is not None

    def __enter__(self) -> WorktreeLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def _try(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
