"""What the terminal says of itself, asked directly: its name, what it can do, how fast it answers.

The rule kept here: only where both ends are a terminal, in raw mode for a moment, and always given
back as it was. The last question is one that every terminal answers, so nobody waits for the ones
that know none of the others; what comes later than the limit is read away.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import termios
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LIMIT_S = 0.5
"""Also far away: a terminal behind a satellite answers in less."""
QUESTIONS = b"\x1b[>0q\x1b[?2026$p\x1b[?u\x1b[?2004$p\x1b[c"
"""Name and version; synchronised updates; its keyboard protocol; bracketed paste; and last the
primary attributes, which all answer."""

_NAME = re.compile(rb"\x1bP>\|([^\x1b]{0,80})\x1b\\")
_MODE = re.compile(rb"\x1b\[\?(\d+);(\d)\$y")
_KEYBOARD = re.compile(rb"\x1b\[\?\d+u")
_END = re.compile(rb"\x1b\[\?[\d;]*c")


@dataclass(frozen=True, slots=True)
class Abilities:
    """None: it did not say."""

    name: str = ""
    synchronised: bool | None = None
    """Frames are shown whole (mode 2026): no tearing over slow links."""
    keyboard: bool = False
    """Keys such as Shift+Enter can be told apart."""
    paste: bool | None = None
    """A paste is told from typing (mode 2004)."""
    answer_ms: float | None = None
    """How long its answers took: the way to the terminal and back."""


def read_answers(said: bytes, took_ms: float | None) -> Abilities:
    """
    >>> read_answers(b"\\x1bP>|tmux 3.3a\\x1b\\\\\\x1b[?2026;2$y\\x1b[?1;2c", 4.0)
    Abilities(name='tmux 3.3a', synchronised=True, keyboard=False, paste=None, answer_ms=4.0)
    """
    modes = {number: state for number, state in _MODE.findall(said)}
    name = _NAME.search(said)
    return Abilities(
        name="".join(c for c in name[1].decode("ascii", "replace") if c.isprintable())
        if name
        else "",
        synchronised=_knows(modes.get(b"2026")),
        keyboard=bool(_KEYBOARD.search(said)),
        paste=_knows(modes.get(b"2004")),
        answer_ms=took_ms if _END.search(said) else None,
    )


def ask_terminal(
    source: int, target: int, *, limit_s: float = LIMIT_S, now: Callable[[], float] = time.monotonic
) -> Abilities | None:
    """Ask through these two descriptors; None where one of them is no terminal."""
    if not (os.isatty(source) and os.isatty(target)):
        return None
    with _raw(source):
        began = now()
        os.write(target, QUESTIONS)
        said = bytearray()
        while not _END.search(said):
            rest = began + limit_s - now()
            if rest <= 0 or not select.select([source], [], [], rest)[0]:
                break
            piece = os.read(source, 1024)
            if not piece:
                break
            said += piece
        took_ms = (now() - began) * 1000
    return read_answers(bytes(said), took_ms)


@contextlib.contextmanager
def _raw(source: int) -> Iterator[None]:
    before = termios.tcgetattr(source)
    try:
        tty.setcbreak(source, termios.TCSANOW)
        yield
    finally:
        # What comes too late must not become the next command line of the shell.
        termios.tcflush(source, termios.TCIFLUSH)
        termios.tcsetattr(source, termios.TCSANOW, before)


def _knows(state: bytes | None) -> bool | None:
    """DECRPM: 0 is not known, 4 is off for ever."""
    return None if state is None else state in (b"1", b"2", b"3")
