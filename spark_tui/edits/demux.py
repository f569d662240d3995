"""Tells prose from edits in what a model says, line by line, never looking back.

The rule kept here: what was given out as prose stays prose. A line that may belong to an edit (a
path, a fence, the beginning of a marker) is held until the next one settles it; inside an edit
only the format's own markers count.

                 opener                         end marker
    prose ─────────────────▶ machine ─────────────────────▶ prose
      │ path, fence, blank: held              closing fence, EOF: dropped
"""

from __future__ import annotations

import re
from collections.abc import Callable

from spark_tui.edits.formats.blocks import BlockMachine, may_open_block, opens_block
from spark_tui.edits.formats.signals import Machine, Said, Signal, Trouble
from spark_tui.edits.formats.v4a import PatchMachine, may_open_patch, opens_patch

_SHOWN = 1024
"""Characters of an unfinished line that are shown: the last ones."""
_LONGEST_PATH = 300
_LONGEST_WRAPPER = 80
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*([^`]*)")
_WRAPPER = re.compile(r"\s*(?:\$ )?(?:apply_patch\b.*<<.*|cat\s*<<.*|<<-?\s*['\"]?EOF['\"]?)\s*")
_WRAPPED = re.compile(r"\s*(?:\$|apply_|cat|<<)\S*\s?.{0,80}")
_WORD = re.compile(r"\s*(?:#{1,6}\s+)?[*`'\"]*[^\s]*\s*")
_NAME = re.compile(r"[\w.@+-]+")


class Demux:
    """One lane of a reply."""

    def __init__(self, is_file: Callable[[str], bool]) -> None:
        self._is_file = is_file
        self._parts: list[str] = []
        self._start = ""
        """The unfinished line; once it is long its first sign and its last part."""
        self._machine: Machine | None = None
        self._held: list[str] = []
        """Complete lines of prose or of an edit's wrapping."""
        self._loose = False
        """The unfinished line is prose beyond doubt and its beginning was given out."""
        self._above = ""
        """The last line with text that was no fence."""
        self._path = ""
        """The file of the last block."""
        self._fenced = False
        """Inside a fence."""
        self._wrapped = False
        """That fence wraps an edit and was not given out."""
        self.found = False
        """Some edit was met."""

    def feed(self, text: str) -> list[Signal]:
        """More text, cut anywhere."""
        out: list[Signal] = []
        at = 0
        while (stop := text.find("\n", at)) >= 0:
            line = last = text[at:stop]
            if self._parts:
                self._parts.append(last)
                line = "".join(self._parts)
                self._parts.clear()
            if self._loose:
                out.append(Said(last + "\n"))
                self._above = line.removesuffix("\r")[:_LONGEST_PATH]
            else:
                self._line(line, "\n", out)
            self._start, self._loose = "", False
            at = stop + 1
        if at < len(text):
            self._unfinished(text[at:] if at else text, out)
        return out

    def end(self) -> list[Signal]:
        """The text is over."""
        out: list[Signal] = []
        line = "".join(self._parts)
        self._parts.clear()
        if line and not self._loose:
            if self._machine is None and self._breaks_off(line):
                out.append(Trouble("truncated", "the reply breaks off where an edit begins"))
            self._line(line, "", out)
        if self._machine is not None:
            out += self._machine.end()
            self._machine = None
        elif self._held and _is_fence(self._held[-1]) and self._names_path(self._above):
            out.append(Trouble("truncated", "the reply breaks off where an edit begins"))
        self._release(out)
        return out

    def _unfinished(self, more: str, out: list[Signal]) -> None:
        self._parts.append(more)
        if self._loose:
            out.append(Said(more))
            return
        start = self._start + more
        if len(start) > _SHOWN:
            start = start[0] + start[1 - _SHOWN :]
        self._start = start
        if self._machine is not None:
            out += self._machine.typing(start)
        elif not self._may_matter(start):
            self._release(out)
            out.append(Said(start))
            self._loose = True

    def _line(self, line: str, ending: str, out: list[Signal]) -> None:
        text = line.removesuffix("\r")
        if self._machine is not None:
            out += self._machine.line(text)
            if self._machine.done:
                self._machine = None
                self._above = ""
            return
        signs = opens_block(text)
        if signs:
            self._open_block(signs, out)
        elif opens_patch(text):
            self._open_patch(text, out)
        else:
            self._prose(text, line + ending, out)

    def _open_block(self, signs: int, out: list[Signal]) -> None:
        path = self._names_path(self._above)
        if path:
            self._path = path
        else:
            out += [Said(held) for held in self._held if not _is_fence(held)]
        self._wrap()
        machine = BlockMachine(self._path, signs)
        out += machine.begin()
        self._machine = machine

    def _open_patch(self, text: str, out: list[Signal]) -> None:
        out += [Said(held) for held in self._held if not _is_fence(held) and not _is_wrapper(held)]
        self._wrap()
        self._machine = PatchMachine()
        out += self._machine.line(text)

    def _wrap(self) -> None:
        """What is held is the wrapping of an edit."""
        if any(_is_fence(held) for held in self._held):
            self._wrapped = True
        self._held.clear()
        self.found = True
        self._above = ""

    def _prose(self, text: str, whole: str, out: list[Signal]) -> None:
        bare = text.strip()
        if not bare:
            if self._held:
                self._held.append(whole)
            elif not self._wrapped:
                out.append(Said(whole))
            return
        fence = _FENCE.fullmatch(text.rstrip())
        if fence:
            if self._wrapped and not fence[2]:
                self._wrapped = self._fenced = False
            elif self._fenced:
                self._release(out)
                out.append(Said(whole))
                self._fenced = False
            else:
                self._fenced = True
                self._held.append(whole)
            return
        if self.found and bare == "EOF":
            return
        if _is_wrapper(text) or (len(text) <= _LONGEST_PATH and _WORD.fullmatch(text)):
            if not (self._held and _is_fence(self._held[-1])):
                self._release(out)
            self._held.append(whole)
        else:
            self._release(out)
            out.append(Said(whole))
        self._above = text[:_LONGEST_PATH]

    def _release(self, out: list[Signal]) -> None:
        """What was held is prose."""
        if self._held:
            out.append(Said("".join(self._held)))
            self._held.clear()

    def _may_matter(self, start: str) -> bool:
        """Whether the unfinished line may still be something else than prose."""
        return (
            (len(start) <= _LONGEST_PATH and bool(_WORD.fullmatch(start)))
            or start.lstrip(" ")[:3] in ("`", "``", "```", "~", "~~", "~~~")
            or may_open_patch(start)
            or may_open_block(start)
            or bool(_WRAPPED.fullmatch(start))
        )

    def _breaks_off(self, line: str) -> bool:
        return (
            line.startswith(("*** ", "<<<<<"))
            and (may_open_patch(line) or may_open_block(line))
            and not opens_patch(line)
            and not opens_block(line)
        )

    def _names_path(self, line: str) -> str:
        """The path the line consists of; "" if it is something else."""
        name = line.strip().lstrip("#").strip().strip("*`'\"").rstrip(":").strip("*`'\" ")
        if not name:
            return ""
        if self._is_file(name):
            return name
        if any(c.isspace() for c in name) or line.rstrip().endswith((".", "!", "?")):
            return ""
        if "/" in name or "." in name or "\\" in name or "~" in name:
            return name
        return name if _NAME.fullmatch(name) and not line.rstrip().endswith(":") else ""


def _is_fence(line: str) -> bool:
    return bool(_FENCE.fullmatch(line.rstrip()))


def _is_wrapper(line: str) -> bool:
    """Whether the line hands a patch to a shell, as older prompts taught models to."""
    return len(line) <= _LONGEST_WRAPPER and bool(_WRAPPER.fullmatch(line.rstrip()))
