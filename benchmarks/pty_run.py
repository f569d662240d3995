"""Runs a program in a pseudo-terminal, records what it writes and when, answers its queries.

The rule kept here: recording costs the program nothing; looking at the screen is done afterwards
by replay on an emulated terminal. Times are seconds of the monotonic clock.
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
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyte

_QUERY = re.compile(rb"\x1b\[(?P<mark>[?>=]?)(?P<number>\d*)(?P<dollar>\$?)(?P<final>[ncp])")
_KNOWN_MODES = {b"1000", b"1003", b"1004", b"1006", b"1049", b"2004", b"2026"}


class PtyRun:
    """One process and its terminal."""

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], cwd: Path, columns: int, rows: int
    ) -> None:
        self.columns, self.rows = columns, rows
        self.chunks: list[tuple[float, bytes]] = []
        self.started = time.monotonic()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(argv[0], list(argv), dict(environ))  # noqa: S606 - an argument list
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        modes = termios.tcgetattr(self._master)
        modes[3] &= ~(termios.ECHO | termios.ECHONL)  # only the program may echo
        termios.tcsetattr(self._master, termios.TCSANOW, modes)
        self.alive = True
        self.listening = threading.Event()
        """Cleared, nothing is read any more: a terminal that hangs."""
        self.listening.set()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> float:
        """Type; returns when."""
        now = time.monotonic()
        os.write(self._master, data)
        return now

    def cpu_s(self) -> float:
        """CPU time of the process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """Largest resident size so far."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return 0.0

    def resident_mb(self) -> float:
        """Resident size now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def seen_after(self, needle: bytes, when: float) -> float | None:
        """When these bytes were first written after `when`."""
        for moment, data in self.chunks:
            if moment >= when and needle in data:
                return moment
        return None

    def written_between(self, begin: float, end: float) -> int:
        """Bytes written to the terminal in this span."""
        return sum(len(d) for t, d in self.chunks if begin <= t <= end)

    def first_shown(self, text: str, after: float) -> float | None:
        """Replay: when `text` first stood on a row of the screen after that moment."""
        return self.first_match(re.compile(re.escape(text)), after)

    def first_match(
        self, pattern: re.Pattern[str], after: float, *, anew: bool = False
    ) -> float | None:
        """Replay: when a row first matched after that moment.

        `anew`: it counts only once no row matched any more.
        """
        screen = pyte.Screen(self.columns, self.rows)
        stream = pyte.ByteStream(screen)
        is_open = not anew
        for moment, data in self.chunks:
            stream.feed(data.replace(b"\x1b[>4;2m", b"").replace(b"\x1b[>1u", b""))
            if moment < after:
                continue
            found = any(pattern.search(row) for row in screen.display)
            if found and is_open:
                return moment
            is_open = is_open or not found
        return None

    def close(self) -> None:
        """End the process we started, if it does not end by Ctrl+Q."""
        if self.alive:
            self.send(b"\x11")
            self._thread.join(3)
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _read(self) -> None:
        tail = b""
        while True:
            try:
                self.listening.wait()
                select.select([self._master], [], [])
                data = os.read(self._master, 65536)
            except OSError:
                break
            if not data:
                break
            self.chunks.append((time.monotonic(), data))
            tail = self._answer(tail + data)
        self.alive = False

    def _answer(self, data: bytes) -> bytes:
        end = 0
        for match in _QUERY.finditer(data):
            end = match.end()
            number = match["number"]
            if match["final"] == b"n" and number == b"6":
                os.write(self._master, b"\x1b[1;1R")
            elif match["final"] == b"c":
                os.write(self._master, b"\x1b[?62;22c")
            elif match["final"] == b"p" and match["dollar"]:
                known = b"2" if number in _KNOWN_MODES else b"0"
                os.write(self._master, b"\x1b[?" + number + b";" + known + b"$y")
        rest = data[end:]
        at = rest.rfind(b"\x1b")
        return rest[at:] if at >= 0 and len(rest) - at < 16 else b""
