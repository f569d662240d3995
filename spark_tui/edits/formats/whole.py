"""A fenced file: its path, then all of its text.

    src/app.py
    ```python
    print("hello")
    ```

The rule kept here: fences inside are counted as pairs, and a file that may hold fences of its own
is only over when nothing later contradicts it. Finding the path is the demux's part; what differs
from the file on disk is desk.py's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from spark_tui.edits.formats.blocks import opens_block
from spark_tui.edits.formats.signals import Ended, Line, Opened, Section, Signal, Trouble, Typing

_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*([^`]*)")
_QUOTES = re.compile(r"\"{3}|'{3}")
_PROSE = re.compile(r".*\.(?:md|markdown|mdx|rst|adoc|txt)|[^.]*", re.IGNORECASE)


class FileMachine:
    """One fence, from the line below it to the line that closes it."""

    def __init__(
        self,
        path: str,
        fence: str,
        *,
        is_path: bool = True,
        path_of: Callable[[str], str] | None = None,
    ) -> None:
        self.done = False
        self.sure = True
        self.rest: list[str] = []
        self.path = path
        self._is_path = is_path
        """What stands above the fence can be nothing else."""
        self._path_of = path_of
        """Tells the path that a line is; only where the first line of the fence was one."""
        self._other = ""
        """The path that a line further down was."""
        self._is_below_blank = False
        found = _FENCE.fullmatch(fence.rstrip())
        self._indent, self._signs = (found[1], found[2]) if found else ("", "```")
        self._nested: list[int] = []
        """Lengths of the fences that are open inside."""
        self._had_nested = False
        self._in_quotes = False
        """Inside a string of several lines, as far as three quotes in a row tell."""

    @property
    def is_doubtful(self) -> bool:
        """Whether the fence that closed it might have opened another one."""
        name = self.path.rpartition("/")[2]
        return self._had_nested or self._in_quotes or bool(_PROSE.fullmatch(name))

    def begin(self) -> list[Signal]:
        """The signals of the fence."""
        return [Section("file", self.path), Opened()]

    def line(self, text: str) -> list[Signal]:
        if opens_block(text):
            self.done, self.rest = True, [text]
            return [Ended(code="malformed", message="a block starts in the middle of a whole file")]
        found = _FENCE.fullmatch(text.rstrip())
        if found and found[1] == self._indent and found[2][0] == self._signs[0]:
            size, info = len(found[2]), found[3]
            if info:
                self._nested.append(size)
                self._had_nested = True
            elif self._nested:
                if size >= self._nested[-1]:
                    self._nested.pop()
            elif size >= len(self._signs):
                self.done = True
                return []
        if self._path_of is not None and self._is_below_blank and not self._nested:
            self._other = self._other or self._path_of(text)
        self._is_below_blank = not text.strip()
        if len(_QUOTES.findall(text)) % 2:
            self._in_quotes = not self._in_quotes
        return [Line("+", text)]

    def typing(self, start: str) -> list[Signal]:
        if start.lstrip(" ")[:1] == self._signs[0]:
            return []
        return [Typing("+", start)]

    def end(self, *, mid_line: bool = False) -> list[Signal]:
        del mid_line
        code, message = "truncated", "the file breaks off before its closing fence"
        if self._had_nested:
            code, message = "malformed", "the fences inside the file do not come in pairs"
        return [Ended(code=code, message=message), Trouble(code, message)]

    def closed(self, *, sound: bool) -> Signal:
        """The end of the file, once it is known whether its fence really closed it."""
        if not self._is_path:
            why = f"it cannot be told whether {self.path!r} names a file"
            return Ended(code="malformed", message=f"{why}; if it does, write ./{self.path}")
        if self._other:
            why = f"{self._other!r} stands alone on a line: a second file may begin there"
            return Ended(code="malformed", message=f"{why}; write each file in a fence of its own")
        if sound:
            return Ended()
        why = "the file holds fences of its own: it cannot be told where it ends"
        return Ended(code="malformed", message=f"{why}; use a longer fence around it")
