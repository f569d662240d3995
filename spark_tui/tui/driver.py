"""The terminal's two directions, for a terminal that may stall or go away.

The rule kept here: whatever the terminal does, the loop goes on and can leave. What cannot be
written any more is dropped; that the terminal is gone is told once. Modes and keys are Textual's.
"""

from __future__ import annotations

import contextlib
import os
import sys
import termios
import threading
from collections.abc import Callable
from queue import Empty
from typing import IO, TYPE_CHECKING, Any, cast

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App

_ALTERNATE = "\x1b[?1049h"
_JOIN_S = 0.2
"""The writing thread gets so long to bring out the last bytes to a terminal that takes none."""


class Outlet:
    """Stands for the terminal's file; an error of it is the end of writing, not of the thread."""

    def __init__(self, file: IO[str], gone: Callable[[], None]) -> None:
        self._file = file
        self._gone = gone
        self.is_shut = False

    def write(self, text: str) -> None:
        self._do(lambda: self._file.write(text))

    def flush(self) -> None:
        self._do(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def _do(self, job: Callable[[], object]) -> None:
        if self.is_shut:
            return
        try:
            job()
        except (OSError, ValueError):
            self.is_shut = True
            self._gone()


class SparkDriver(LinuxDriver):
    """Goes on with the alternate screen that the skeleton opened: no blank moment between."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._entered = False
        self._outlet = Outlet(cast("IO[str]", sys.__stderr__), self._lost)
        self._file = cast("Any", self._outlet)
        self.on_lost: Callable[[], object] | None = None
        """Called once, from any thread, when nothing can be written any more."""

    def write(self, data: str) -> None:
        if data == _ALTERNATE and not self._entered:
            self._entered = True
            return
        if not self._outlet.is_shut:
            super().write(data)

    def _sigtstp_application(self, *_: Any) -> None:
        """Sleep: between two jobs of the loop, for one that writes just now holds the lock of what
        waits to be written. While another program has the terminal, at once."""
        if not self._auto_restart:
            super()._sigtstp_application()
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended, and so do we
            self._loop.call_soon_threadsafe(super()._sigtstp_application)

    def _sigcont_application(self, *_: Any) -> None:
        """Go on, in the same way."""
        if self._auto_restart:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._go_on)

    def _go_on(self) -> None:
        """A SIGSTOP from outside took nothing down: the threads that run are ended first, or a
        second pair would outlive the screen. Where nothing runs and nothing was put to sleep, the
        screen has not begun or is over."""
        runs = self._key_thread is not None and self._key_thread.is_alive()
        if self._must_signal_resume:
            self.resume_application_mode()
        elif runs:
            attributes = self.attrs_before
            self.disable_input()
            self.close()
            self._must_signal_resume = True
            self.resume_application_mode()
            self.attrs_before = attributes

    def close(self) -> None:
        thread = self._writer_thread
        if thread is not None and self._outlet.is_shut:
            self.unblock()
            thread._queue.put(None)
            thread.join(_JOIN_S)
            return
        super().close()

    @property
    def is_hung_up(self) -> bool:
        """The terminal behind our input does not exist any more."""
        if not self.input_tty:
            return False
        try:
            termios.tcgetattr(self.fileno)
        except (OSError, termios.error):
            return True
        return False

    def unblock(self, *, if_full: bool = False) -> None:
        """Drop what waits for a terminal that takes nothing: who waits to write goes on. With
        `if_full` only where somebody may be waiting. Safe in a signal handler."""
        thread = self._writer_thread
        if thread is None or (if_full and not thread._queue.full()):
            return
        self._outlet.is_shut = True
        with contextlib.suppress(Empty):
            while True:
                thread._queue.get_nowait()

    def _lost(self) -> None:
        if self.on_lost is not None:
            self.on_lost()


class LastResort:
    """Ends the process by force when leaving takes too long; armed once, from anywhere."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._armed = False
        self.attributes: list[Any] | None = None
        """Of the terminal, as we found it."""

    def arm(self, code: int) -> None:
        """From now on there is so much time left."""
        if not self._armed:
            self._armed = True
            threading.Thread(target=self._end, args=(code,), daemon=True).start()

    def _end(self, code: int) -> None:
        threading.Event().wait(self._limit_s)
        # A thread of its own: a terminal that takes nothing holds it up, not us.
        writer = threading.Thread(target=_give_back, args=(self.attributes,), daemon=True)
        writer.start()
        writer.join(_JOIN_S)
        os._exit(code)


def _give_back(attributes: list[Any] | None) -> None:
    """Line mode and the normal screen."""
    with contextlib.suppress(OSError, termios.error):
        if attributes is not None:
            termios.tcsetattr(0, termios.TCSANOW, attributes)
    modes = "\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[<u\x1b[?1049l\x1b[?25h"
    with contextlib.suppress(OSError):
        os.write(2, modes.encode("ascii"))
