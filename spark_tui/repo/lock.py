"""One writer at a time in one work tree: the app for its life, a verb for one operation.

The rule kept here: the lock is the system's (flock), so it ends with the process that held it,
however that ended. The file only says who holds it; words that stand in it while nobody holds the
lock are those of a process that did not end in order. Who may take the lock over, and how that is
asked for, is session/takeover.py's business.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType

from spark_tui.errors import LockHeld, RepositoryFault
from spark_tui.repo.durable import private_folder
from spark_tui.repo.places import as_fault

_STEP_S = 0.02
_MOST_BYTES = 4096
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
HINT = "End it, or wait until it has finished; spark-tui itself can take over, after asking there."


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as it says itself."""

    pid: int
    host: str = ""
    since: float = 0.0
    """Seconds since the epoch."""
    session: str = ""
    tty: str = ""
    is_leaving: bool = False
    """It has seen that somebody wants to take over, and finishes what it writes."""

    @property
    def is_here(self) -> bool:
        """On this machine: its number means something."""
        return self.host == os.uname().nodename

    @property
    def words(self) -> str:
        """spark-tui 4711 on pts/3 since 10:02"""
        where = f" on {self.tty}" if self.tty else ""
        host = f" of {self.host}" if self.host and not self.is_here else ""
        since = f" since {_clock(self.since)}" if self.since else ""
        return f"spark-tui {self.pid}{where}{host}{since}"


def myself(session: str = "") -> Holder:
    """This process."""
    return Holder(os.getpid(), os.uname().nodename, time.time(), session, _tty())


def read_holder(path: Path) -> Holder | None:
    """What a lock file says; None when it says nothing that can be read."""
    try:
        with path.open("rb") as file:
            raw = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return _holder(raw)


class WorktreeLock:
    """Held between `acquire` and `release`, or inside `with`."""

    def __init__(self, path: Path, *, wait_s: float = 3.0) -> None:
        self._path = path
        self._wait_s = wait_s
        self._file: int | None = None
        self._me: Holder | None = None
        self.left: Holder | None = None
        """Who held it before us and did not end in order."""

    def acquire(self) -> None:
        """Wait for the lock. Raises LockHeld, which names the holder, when it is not given up."""
        if self._file is not None:
            return
        file = self._open()
        try:
            deadline = time.monotonic() + self._wait_s
            while not self._try(file):
                if time.monotonic() >= deadline:
                    raise LockHeld(f"{_named(self.holder)} works in this folder.", hint=HINT)
                time.sleep(_STEP_S)
            self.left = self.holder
            self._write(file, myself())
        except BaseException:
            os.close(file)
            raise
        self._file = file

    def tell(self, *, session: str = "", is_leaving: bool = False) -> None:
        """Say in the file what we work on, or that we are about to let go."""
        if self._file is None or self._me is None:
            return
        me = replace(self._me, session=session or self._me.session, is_leaving=is_leaving)
        with contextlib.suppress(RepositoryFault):  # words only: the lock is held without them
            self._write(self._file, me)

    def release(self) -> None:
        """Give the lock up; the file stays."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = self._me = None

    @property
    def held(self) -> bool:
        """Whether we hold it."""
        return self._file is not None

    @property
    def holder(self) -> Holder | None:
        """Who the file says it is; while nobody holds the lock: who did not end in order."""
        return read_holder(self._path)

    def is_free(self) -> bool:
        """Whether nobody holds it just now."""
        file = self._open()
        try:
            return self._try(file, fcntl.LOCK_SH)  # who asks meanwhile as well is not in the way
        finally:
            os.close(file)

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

    # -- inside ----------------------------------------------------------------
    def _open(self) -> int:
        try:
            private_folder(self._path.parent)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            return os.open(self._path, flags, 0o600)
        except OSError as cause:
            raise as_fault(cause, str(self._path)) from cause

    def _try(self, file: int, kind: int = fcntl.LOCK_EX) -> bool:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as cause:
            if cause.errno not in _NO_LOCKS:
                raise as_fault(cause, str(self._path)) from cause
            raise RepositoryFault(
                f"{self._path} lies on a file system without locks ({cause.strerror}).",
                hint="Name a folder on a local disk with SPARK_TUI_STATE_DIR.",
            ) from cause
        return True

    def _write(self, file: int, me: Holder) -> None:
        words = {name: value for name, value in asdict(me).items() if value}
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, json.dumps(words).encode("ascii") + b"\n", 0)
        except OSError as cause:
            raise as_fault(cause, str(self._path)) from cause
        self._me = me


def _holder(raw: object) -> Holder | None:
    """Not trusted to be ours: an older version wrote a bare number."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return Holder(raw)
    if not isinstance(raw, dict) or not isinstance(raw.get("pid"), int):
        return None
    since = raw.get("since")
    return Holder(
        pid=raw["pid"],
        host=str(raw.get("host", "")),
        since=float(since) if isinstance(since, int | float) else 0.0,
        session=str(raw.get("session", "")),
        tty=str(raw.get("tty", "")),
        is_leaving=raw.get("is_leaving") is True,
    )


def _named(holder: Holder | None) -> str:
    return holder.words if holder is not None else "Another spark-tui"


def _clock(at: float) -> str:
    """10:02 of today, else with its day."""
    try:
        then = time.localtime(at)
    except (OverflowError, ValueError, OSError):
        return "?"
    is_today = then[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", then)


def _tty() -> str:
    """The terminal we stand on, without /dev/; "" for none."""
    for number in (0, 1, 2):
        with contextlib.suppress(OSError):
            return os.ttyname(number).removeprefix("/dev/")
    return ""
