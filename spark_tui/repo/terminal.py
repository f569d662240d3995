"""The person's terminal, lent to one git for as long as it runs: for pinentry, or a hook that asks.

The rule kept here: git gets the terminal as a shell would give it (its own process group in the
foreground, Ctrl+C is its own), and whatever git leaves behind, we have it back as it was. Only who
is in the foreground may lend. What git says on its pipes is told to whoever shows it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import termios
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Tell = Callable[[bytes], None]


class Terminal:
    """The controlling terminal of this process. `open` it, and close it again."""

    def __init__(self, fd: int, name: str, tell: Tell) -> None:
        self.tell = tell
        self._fd = fd
        self._name = name
        self._kept: list[Any] = []

    @classmethod
    def open(cls, tell: Tell) -> Terminal | None:
        """None where there is no terminal, or where it is not ours to lend."""
        try:
            fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            is_ours = os.tcgetpgrp(fd) == os.getpgrp()
        except OSError:
            is_ours = False
        if not is_ours:
            os.close(fd)
            return None
        return cls(fd, _name(), tell)

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What gpg and git have to know about it."""
        name = environ.get("GPG_TTY") or self._name
        return {"GIT_TERMINAL_PROMPT": "1", **({"GPG_TTY": name} if name else {})}

    @property
    def fd(self) -> int:
        """For the standard input of who borrows it."""
        return self._fd

    def lend(self, group: int) -> None:
        """Put this process group into the foreground, and wake it if it came too early."""
        with contextlib.suppress(termios.error):
            self._kept = termios.tcgetattr(self._fd)
        self._give(group)

    def keep_awake(self, group: int) -> None:
        """Ctrl+Z has nobody who could wake it again: it goes on."""
        if not hasattr(os, "waitid"):  # macOS
            return
        with contextlib.suppress(ChildProcessError):
            found = os.waitid(os.P_PID, group, os.WSTOPPED | os.WNOHANG)
            if found is not None:
                self._give(group)

    def take_back(self) -> None:
        """In the foreground again, with the settings as they were."""
        with _unstopped():
            with contextlib.suppress(OSError):
                os.tcsetpgrp(self._fd, os.getpgrp())
            if self._kept:
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(self._fd, termios.TCSADRAIN, self._kept)

    def close(self) -> None:
        os.close(self._fd)

    def _give(self, group: int) -> None:
        with _unstopped(), contextlib.suppress(OSError):
            os.tcsetpgrp(self._fd, group)
            os.killpg(group, signal.SIGCONT)


@contextlib.contextmanager
def _unstopped() -> Iterator[None]:
    """Who changes a terminal from the background is stopped, unless it will not hear of it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _name() -> str:
    """A name that another process can open: an agent does not have our /dev/tty."""
    for fd in (0, 1, 2):
        with contextlib.suppress(OSError):
            if os.isatty(fd):
                return os.ttyname(fd)
    return ""
