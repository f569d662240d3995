"""Tells prose from edits in what a model says, line by line, never looking back.

The rule kept here: what was given out as prose stays prose. A line that may belong to an edit (a
path, a fence, the beginning of a marker) is held until the next one settles it; inside an edit
only the format's own markers count.

                 opener                         end marker
    prose ─────────────────▶ machine ─────────────────────▶ prose
      │ path, fence, blank: held              closing fence, EOF: dropped
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from spark_tui.edits.formats.blocks import (
    BlockMachine,
    closes_block,
    may_close_block,
    may_open_block,
    opens_block,
)
from spark_tui.edits.formats.signals import Machine, Said, Signal, Trouble
from spark_tui.edits.formats.table import NAMES, Name
from spark_tui.edits.formats.udiff import DiffMachine, may_open_diff, opens_diff
from spark_tui.edits.formats.v4a import PatchMachine, may_open_patch, opens_patch
from spark_tui.edits.formats.whole import FileMachine
from spark_tui.edits.wrapping import (
    LONGEST_PATH,
    closes_fence,
    fence_of,
    file_in,
    file_inside,
    is_sure,
    is_word,
    is_wrapper,
    may_be_fence,
    may_be_wrapper,
    path_in,
)

_SHOWN = 1024
"""Characters of an unfinished line that are looked at: its last ones in an edit, to be shown; else
its first ones, which tell what it may become."""
_MOST_BLANK = 64
"""Blank lines that are held at once: below the fence of a file more of them are its first lines."""
_BREAKS_OFF = "the reply breaks off where an edit begins"


class Demux:
    """One lane of a reply."""

    def __init__(self, is_file: Callable[[str], bool], formats: Collection[Name] = NAMES) -> None:
        self._is_file = is_file
        self._formats = frozenset(formats)
        self._parts: list[str] = []
        self._start = ""
        """The unfinished line; once it is long, as much as is looked at."""
        self._machine: Machine | None = None
        self._given: list[tuple[str, str]] = []
        """The lines that the machine may give back, as they came, and their endings."""
        self._doubted: FileMachine | None = None
        """A file whose closing fence may turn out to have opened another one."""
        self._held: list[str] = []
        """Complete lines of prose or of an edit's wrapping."""
        self._loose = False
        """The unfinished line is prose beyond doubt and its beginning was given out."""
        self._above = ""
        """The last line with text that was no fence."""
        self._path = ""
        """The file of the last block."""
        self._fence = ""
        """The fence that is open, without what stands before it; "" outside of any."""
        self._indent = ""
        """What stood before it: in a list the lines below are indented as far."""
        self._fence_at = -1
        """Where it is held; -1 once it was given out or dropped."""
        self._below = ""
        """The line with text that is held below that fence."""
        self._file = ""
        """The file named above that fence."""
        self._wrapped = False
        """That fence wraps an edit and was not given out."""
        self._has_blocks = False
        """The last edit was a block, in a fence that is open or in none."""
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
                self._above = line.removesuffix("\r")[:LONGEST_PATH]
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
        if isinstance(self._machine, BlockMachine) and not line.rstrip().endswith("REPLACE"):
            line = ""
        if line and not self._loose:
            if self._machine is None and self._breaks_off(line):
                out.append(Trouble("truncated", _BREAKS_OFF))
            self._line(line, "", out)
        if self._machine is not None:
            out += self._machine.end(mid_line=bool(line))
            if self._machine.done:
                self._leave(out)
            self._machine = None
        elif self._fence and (
            (self._wrapped and self._has_blocks)
            or (self._fence_at == len(self._held) - 1 >= 0 and self._names_path(self._above))
            or fence_of(self._fence) in (("```", "diff"), ("```", "patch"))
        ):
            out.append(Trouble("truncated", _BREAKS_OFF))
        self._release(out)
        self._settle(out, sound=True)
        return out

    def _unfinished(self, more: str, out: list[Signal]) -> None:
        self._parts.append(more)
        if self._loose:
            out.append(Said(more))
            return
        start = self._start + more
        if self._machine is not None:
            if len(start) > _SHOWN:
                start = start[0] + start[1 - _SHOWN :]
            if shown := self._dedented(start):
                out += self._machine.typing(shown)
        else:
            start = start[:_SHOWN]
            if not self._may_matter(self._dedented(start.removesuffix("\r"))):
                self._release(out)
                out.append(Said("".join(self._parts)))
                self._loose = True
        self._start = start

    # -- inside an edit ----------------------------------------------------------
    def _line(self, line: str, ending: str, out: list[Signal]) -> None:
        text = line.removesuffix("\r")
        ending = line[len(text) :] + ending
        machine = self._machine
        if machine is None:
            self._outside(self._dedented(text), text + ending, out)
            return
        was_sure = machine.sure
        self._given = [(text, ending)] if was_sure else [*self._given, (text, ending)]
        signals = machine.line(self._dedented(text))
        if machine.sure and not was_sure:
            self._wrap(out)
        out += signals
        if machine.done:
            self._leave(out)

    def _leave(self, out: list[Signal]) -> None:
        """The machine is done; what it gives back is looked at again."""
        machine, self._machine = self._machine, None
        if machine is not None and machine.sure:
            self._has_blocks = isinstance(machine, BlockMachine)
        match machine:
            case FileMachine():
                self._path = machine.path
                if not machine.rest:
                    self._fence, self._wrapped = "", False
                    self._doubted = machine
                    self._settle(out, sound=True, only_if_sure=True)
            case DiffMachine() if machine.sure and self._fence:
                self._fence, self._wrapped = "", False
            case None:
                return
            case _:
                pass
        if machine.sure:
            self._above = ""
        given, self._given = self._given, []
        missing = max(0, len(machine.rest) - len(given))
        back = [*((text, given[-1][1]) for text in machine.rest[:missing]), *given]
        for i, (text, ending) in enumerate(back[len(back) - len(machine.rest) :]):
            if not i and not machine.sure:
                bare = self._dedented(text)
                if path := self._file_below(bare):
                    self._open_file(path, bare, out)
                else:
                    self._prose(bare, text + ending, out)
            else:
                self._line(text, ending, out)

    def _dedented(self, text: str) -> str:
        """The line without the blanks that stand before its fence."""
        return text.removeprefix(self._indent) if self._fence else text

    def _settle(self, out: list[Signal], *, sound: bool, only_if_sure: bool = False) -> None:
        """Whether the last fence closed its file."""
        file = self._doubted
        if file is not None and not (only_if_sure and file.is_doubtful):
            out.append(file.closed(sound=sound))
            self._doubted = None

    # -- where edits begin ---------------------------------------------------------
    def _outside(self, text: str, whole: str, out: list[Signal]) -> None:
        known = self._formats
        signs = opens_block(text)
        if signs and "blocks" in known:
            self._open_block(signs, out)
        elif opens_patch(text) and "v4a" in known:
            self._wrap(out)
            self._start_machine(PatchMachine(), whole, out)
        elif opens_diff(text) and "udiff" in known:
            fence = fence_of(self._fence)
            self._start_machine(DiffMachine(fence[0] if fence else "", self._is_file), whole, out)
        elif path := self._file_below(text):
            self._open_file(path, whole, out)
        else:
            self._prose(text, whole, out)

    def _start_machine(self, machine: Machine, whole: str, out: list[Signal]) -> None:
        self._machine = machine
        line = whole.removesuffix("\n")
        self._line(line, whole[len(line) :], out)

    def _open_block(self, signs: int, out: list[Signal]) -> None:
        path = self._names_path(self._above)
        self._path = path or self._path
        self._wrap(out, without=self._above if path else "")
        machine = BlockMachine(self._path, signs, is_path=is_sure(self._path, self._is_file))
        out += machine.begin()
        self._machine = machine

    def _file_below(self, text: str) -> str:
        """The file whose text begins with this line; "" if none does."""
        if self._fence_at < 0 or "whole" not in self._formats:
            return ""
        path, below = self._file, self._below
        closes = closes_fence(text, self._fence)
        if path and (not below or (closes and self._names_file(below) == path)):
            if closes:
                return "" if self._is_file(path) else path
            goes_on = not text.strip() and len(self._held) < self._fence_at + _MOST_BLANK
            return "" if goes_on or self._names_file(text) else path
        if path:
            return path
        if not below or closes or not text.strip() or self._inside(text):
            return ""  # several paths below each other are a list of files
        return self._inside(below)

    def _may_be_below_file(self) -> bool:
        """Whether a file's text may begin with the next line."""
        if self._fence_at < 0 or "whole" not in self._formats:
            return False
        return bool(self._file or (self._below and self._inside(self._below)))

    def _open_file(self, path: str, whole: str, out: list[Signal]) -> None:
        below = [held.rstrip("\r\n") for held in self._held[self._fence_at + 1 :]]
        named = next((i for i, line in enumerate(below) if line.strip()), None)
        if named is not None and self._names_file(below[named]) == path:
            below = below[named + 1 :]
        fence = self._fence
        del self._held[self._fence_at + 1 :]
        self._wrap(out, without=self._above)
        is_path, path_of = is_sure(path, self._is_file), None if self._file else self._inside
        machine = self._machine = FileMachine(path, fence, is_path=is_path, path_of=path_of)
        out += machine.begin()
        for line in below:
            self._line(line, "\n", out)
        self._line(whole.removesuffix("\n"), "\n", out)

    def _wrap(self, out: list[Signal], *, without: str = "") -> None:
        """What is held is the wrapping of an edit; what else is among it is prose."""
        self._settle(out, sound=True)
        for held in self._held:
            if fence_of(held):
                self._wrapped = True
            elif not is_wrapper(held) and not (without and held.strip() in ("", without.strip())):
                out.append(Said(held))
        self._held.clear()
        self._fence_at, self._below = -1, ""
        self.found = True
        self._above = ""

    # -- prose ----------------------------------------------------------------------
    def _prose(self, text: str, whole: str, out: list[Signal]) -> None:
        bare = text.strip()
        if not bare:
            if len(self._held) > _MOST_BLANK + max(0, self._fence_at):
                self._release(out)
            if self._held:
                self._held.append(whole)
            elif not self._wrapped:
                out.append(Said(whole))
        elif fence := fence_of(text):
            self._fence_line(text, fence[1], whole, out)
        elif self.found and bare == "EOF":
            pass
        elif self._has_blocks and closes_block(text):
            self._release(out)
            out.append(Trouble("malformed", "a block ends twice: where it ends cannot be told"))
        else:
            if is_wrapper(text) or is_word(text):
                if self._fence_at < 0 or self._below:
                    self._release(out)
                self._held.append(whole)
                self._below = text if self._fence_at >= 0 else ""
            else:
                self._release(out)
                out.append(Said(whole))
            self._above = text[:LONGEST_PATH]

    def _fence_line(self, text: str, info: str, whole: str, out: list[Signal]) -> None:
        if self._fence and not info:
            if not closes_fence(text, self._fence):
                self._release(out)
                out.append(Said(whole))
            elif self._wrapped:
                self._wrapped, self._fence, self._has_blocks = False, "", False
            else:
                self._release(out)
                out.append(Said(whole))
                self._fence = ""
        elif self._fence:
            self._release(out)
            out.append(Said(whole))
            self._fence = ""
        else:
            self._file = self._names_file(self._above) if self._held else ""
            if not info:
                self._settle(out, sound=False)
            self._fence, self._fence_at, self._below = text.lstrip(" "), len(self._held), ""
            self._indent = text[: len(text) - len(self._fence)]
            self._held.append(whole)

    def _release(self, out: list[Signal]) -> None:
        """What was held is prose."""
        if self._held:
            out.append(Said("".join(self._held)))
            self._held.clear()
        self._fence_at, self._below = -1, ""

    def _may_matter(self, start: str) -> bool:
        """Whether the unfinished line may still be something else than prose."""
        return (
            is_word(start)
            or may_be_fence(start)
            or may_open_patch(start)
            or may_open_block(start)
            or may_close_block(start)
            or may_open_diff(start)
            or may_be_wrapper(start)
            or not start.strip()
            or self._may_be_below_file()
        )

    def _breaks_off(self, line: str) -> bool:
        return (
            line.startswith(("*** ", "<<<<<"))
            and (may_open_patch(line) or may_open_block(line))
            and not opens_patch(line)
            and not opens_block(line)
        )

    def _names_path(self, line: str) -> str:
        return path_in(line, self._is_file)

    def _names_file(self, line: str) -> str:
        return file_in(line, self._is_file)

    def _inside(self, line: str) -> str:
        fence = fence_of(self._fence)
        return file_inside(line, fence[1] if fence else "", self._is_file)
