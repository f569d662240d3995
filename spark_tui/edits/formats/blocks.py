"""Search/replace blocks: the lines to find, a divider, the lines to put there.

    src/app.py
    ```python
    <<<<<<< SEARCH
        return amount
    =======
        return amount * self.rate
    >>>>>>> REPLACE
    ```

The rule kept here: divider and end have as many signs as the opening marker. Where a divider of
that length stands twice (a heading underlined with it, say) all of them are reported: only the
file can tell which one divides. Finding the path above a block is the demux's part.
"""

from __future__ import annotations

import re

from spark_tui.edits.formats.signals import (
    Ended,
    Line,
    Opened,
    Section,
    Signal,
    Trouble,
    Typing,
)

_SEARCH = re.compile(r" {0,3}(<{5,9}) ?SEARCH[ \t]*>?[ \t]*")
_REPLACE = re.compile(r">{5,9} ?REPLACE[ \t]*")
_PARTLY_REPLACE = re.compile(r">{1,9} ?(?:R(?:E(?:P(?:L(?:A(?:C(?:E[ \t]*)?)?)?)?)?)?)?")
_MOST_DIVIDERS = 32
_PARTLY = re.compile(r" {0,3}<{1,9} ?(?:S(?:E(?:A(?:R(?:C(?:H[ \t]*>?[ \t]*)?)?)?)?)?)?")


def opens_block(line: str) -> int:
    """The number of signs of a SEARCH marker; 0 if the line is none."""
    found = _SEARCH.fullmatch(line)
    return len(found[1]) if found else 0


def closes_block(line: str) -> bool:
    """Whether the line is an end marker: outside of a block, one that ended too early."""
    return bool(_REPLACE.fullmatch(line))


def may_close_block(start: str) -> bool:
    """Whether an unfinished line may still become an end marker."""
    return bool(_PARTLY_REPLACE.fullmatch(start))


def may_open_block(start: str) -> bool:
    """Whether an unfinished line may still become a SEARCH marker."""
    return bool(_PARTLY.fullmatch(start)) or not start.strip(" ")


class BlockMachine:
    """One block, from its SEARCH line to its REPLACE line."""

    def __init__(self, path: str, signs: int, *, is_path: bool = True) -> None:
        self.done = False
        self.sure = True
        self.rest: list[str] = []
        self._path = path
        self._is_path = is_path
        """What stands above the block can be nothing else, also where it makes a file."""
        self._is_empty = True
        """There is nothing to search for so far."""
        self._divider = "=" * signs
        self._end = re.compile(f">{{{signs}}}(?: ?REPLACE)?[ \\t]*")
        self._signs = signs
        self._dividers: list[str] = []
        self._broken = ""

    def begin(self) -> list[Signal]:
        """The signals of the SEARCH line."""
        return [Section("block", self._path), Opened()]

    def line(self, text: str) -> list[Signal]:
        if text.startswith("=") and text.rstrip() == self._divider:
            self._dividers.append(text)
            return [Line("+", text)] if len(self._dividers) > 1 else []
        if text.startswith(">") and self._end.fullmatch(text):
            self.done = True
            if not self._dividers:
                self._broken = "the block has no divider"
            elif len(self._dividers) > _MOST_DIVIDERS:
                self._broken = f"{len(self._dividers)} dividers: the block cannot be split safely"
            return [self._ended()]
        if text.startswith("<") and opens_block(text) == self._signs:
            self._broken = "a new block starts before this one has ended"
            ended = self._ended()
            self._dividers, self._broken, self._is_empty = [], "", True
            return [ended, *self.begin()]
        self._is_empty = self._is_empty and (bool(self._dividers) or not text.strip())
        return [Line("+" if self._dividers else "?", text)]

    def typing(self, start: str) -> list[Signal]:
        if start[0] in "=<>" and not start.strip("=<>")[:1].strip():
            return []
        return [Typing("+" if self._dividers else "?", start)]

    def end(self, *, mid_line: bool = False) -> list[Signal]:
        del mid_line
        message = "the block breaks off before its REPLACE line"
        return [Ended(code="truncated", message=message), Trouble("truncated", message)]

    def _ended(self) -> Ended:
        if self._broken:
            return Ended(code="malformed", message=self._broken)
        if self._is_empty and not self._is_path:
            why = f"it cannot be told whether {self._path!r} names a file"
            return Ended(code="malformed", message=f"{why}; if it does, write ./{self._path}")
        return Ended(dividers=tuple(self._dividers) if len(self._dividers) > 1 else ())
