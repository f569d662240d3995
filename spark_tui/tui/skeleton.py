"""The first frame, drawn before Textual is there.

The rule kept here: standard library only and no import that takes time. The frame of the panes
and the outline of the prompt stand on the screen a few milliseconds after the start, the cursor in
the prompt. The terminal itself echoes what is typed meanwhile, and the keys stay in its queue,
where Textual finds them.
"""

from __future__ import annotations

import contextlib
import os
import sys
import termios
from collections.abc import Mapping
from typing import Any

NARROW = 100
_ROUND = "╭─╮│╰╯"
_PLAIN = "+-+|++"


class Skeleton:
    """Between `open` and `close` the terminal is ours; `close` gives it back as it was."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.before: list[Any] | None = None
        """The terminal's attributes as we found them; None while it is not ours."""
        self._round = _is_unicode(environ)

    def open(self) -> None:
        """Alternate screen, frame, keys one by one."""
        try:
            self.before = termios.tcgetattr(sys.stdin.fileno())
            size = os.get_terminal_size(sys.stdout.fileno())
        except (OSError, termios.error):
            return
        self._listen(termios.tcgetattr(sys.stdin.fileno()))
        # Mouse modes of a program that died here before us are switched off.
        start = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1049h\x1b[H\x1b[2J"
        _write(start + frame(size.columns, size.lines, unicode=self._round))

    def close(self) -> None:
        """Leave the alternate screen if we are still on it; line mode as before."""
        if self.before is None:
            return
        before, self.before = self.before, None
        # A terminal that is gone has nothing to give back.
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, before)
            _write("\x1b[?1049l\x1b[?25h")

    def _listen(self, attributes: list[Any]) -> None:
        """Keys as they come, none of them a signal; the terminal echoes printable ones."""
        attributes[0] &= ~(termios.ICRNL | termios.INLCR | termios.IXON)
        attributes[3] &= ~(termios.ICANON | termios.ISIG | termios.IEXTEN)
        attributes[3] |= termios.ECHO
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, attributes)


def frame(columns: int, lines: int, *, unicode: bool) -> str:
    """The panes' edges and the prompt's outline; ends with the cursor inside the prompt."""
    if columns < 40 or lines < 10:
        return ""
    corners = _ROUND if unicode else _PLAIN
    bar = "▏" if unicode else "|"
    bottom = lines - 2
    out: list[str] = []
    if columns >= NARROW:
        chat = max(36, min(72, columns * 34 // 100))
        left = columns - chat + 1
        for row in range(1, bottom + 1):
            out.append(f"\x1b[{row};23H{bar}\x1b[{row};{left}H{bar}")
        left += 1
    else:
        left = 1
    width = columns - left + 1
    edge = corners[1] * (width - 2)
    out.append(f"\x1b[{bottom - 2};{left}H{corners[0]}{edge}{corners[2]}")
    out.append(f"\x1b[{bottom - 1};{left}H{corners[3]}\x1b[{bottom - 1};{columns}H{corners[3]}")
    out.append(f"\x1b[{bottom};{left}H{corners[4]}{edge}{corners[5]}")
    out.append(f"\x1b[{lines - 1};2Hspark-tui")
    out.append(f"\x1b[{bottom - 1};{left + 2}H")
    return "".join(out)


def _write(text: str) -> None:
    os.write(sys.stdout.fileno(), text.encode("utf-8", "replace"))


def _is_unicode(environ: Mapping[str, str]) -> bool:
    name = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return "utf" in name.lower()
