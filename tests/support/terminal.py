"""A program in a pseudo-terminal with an emulated screen: type keys, wait for what a person sees.

The rule kept here: waiting is for something to appear, up to a limit, never for a time to pass.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

LIMIT_S = 20.0
_QUERY = re.compile(rb"\x1b\[(?P<mark>[?>=]?)(?P<number>\d*)(?P<dollar>\$?)(?P<final>[ncp])")
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[>=<][0-9;]*[a-zA-Z]")


class Terminal:
    """One process; `screen` is what stands on its terminal now."""

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], cwd: Path, columns: int, rows: int
    ) -> None:
        self.output = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.status: int | None = None
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execvpe(argv[0], list(argv), dict(environ))  # noqa: S606 - an argument list
        self.resize(columns, rows)

    @property
    def screen(self) -> list[str]:
        """The rows as text."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        """The whole screen as one text."""
        return "\n".join(self.screen)

    def type(self, text: str) -> Terminal:
        """Press these keys."""
        os.write(self._master, text.encode())
        return self

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal; the program gets SIGWINCH."""
        self._screen.resize(rows, columns)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def sees(self, pattern: str, *, limit_s: float = LIMIT_S) -> Terminal:
        """Until the pattern stands on the screen; shows the screen when it never does."""
        self.until(lambda: bool(re.search(pattern, self.text)), f"no {pattern!r}", limit_s)
        return self

    def no_longer_sees(self, pattern: str) -> Terminal:
        """Until the pattern is gone."""
        self.until(lambda: not re.search(pattern, self.text), f"still {pattern!r}", LIMIT_S)
        return self

    def until(self, is_so: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
        """Read output until something is so."""
        deadline = time.monotonic() + limit_s
        while not is_so():
            if time.monotonic() > deadline or not self._read(0.05):
                if is_so():
                    return
                raise AssertionError(f"{what} on this screen:\n{self.text}")

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def sleeps(self) -> Terminal:
        """Until it is stopped: a shell wakes nobody before."""

        def is_stopped() -> bool:
            done, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            return bool(done) and os.WIFSTOPPED(status)

        self.until(is_stopped, "it does not sleep")
        return self

    def ends(self, *, limit_s: float = LIMIT_S) -> int:
        """The exit status (128 + signal when a signal ended it)."""
        deadline = time.monotonic() + limit_s
        while self.status is None and time.monotonic() < deadline:
            self._read(0.05)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.status = os.waitstatus_to_exitcode(status)
        while self.status is not None and self._read(0.01):
            pass
        assert self.status is not None, f"it did not end; on this screen:\n{self.text}"
        return self.status if self.status >= 0 else 128 - self.status

    def hang_up(self) -> None:
        """The line is gone: what holds the terminal at our end is closed."""
        os.close(self._master)
        self._master = -1

    def is_gone(self, *, limit_s: float) -> int | None:
        """The exit status within this time, None when it lives on; without a line to read."""
        deadline = time.monotonic() + limit_s
        while self.status is None and time.monotonic() < deadline:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.status = os.waitstatus_to_exitcode(status)
            else:
                select.select([], [], [], 0.005)
        return self.status

    def kill(self) -> None:
        """End the process that we started."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = -signal.SIGKILL
        if self._master >= 0:
            os.close(self._master)

    def _read(self, wait_s: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], wait_s)
        if not ready:
            return self.status is None
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        if not data:
            return False
        self.output += data
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))
        self._answer(data)
        return True

    def _answer(self, data: bytes) -> None:
        for match in _QUERY.finditer(data):
            number = match["number"]
            if match["final"] == b"n" and number == b"6":
                os.write(self._master, b"\x1b[1;1R")
            elif match["final"] == b"c":
                os.write(self._master, b"\x1b[?62;22c")
            elif match["final"] == b"p" and match["dollar"]:
                known = b"2" if number == b"2026" else b"0"
                os.write(self._master, b"\x1b[?" + number + b";" + known + b"$y")
