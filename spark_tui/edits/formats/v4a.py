"""The patch envelope: Begin, sections by file, hunks without line numbers, End.

    *** Begin Patch
    *** Update File: src/app.py
    @@ def total(self):
         rate = self.rate
    -    return amount
    +    return amount * rate
    *** End Patch

The rule kept here: markers count at column 0 (outside hunks also behind blanks), everything else
in a section is a line of it. A patch without its End is cut off. Where hunks go is not known here.
"""

from __future__ import annotations

from spark_tui.edits.formats.lines import body_line, header_of
from spark_tui.edits.formats.signals import (
    Ended,
    Line,
    MovedTo,
    Op,
    Opened,
    Section,
    Signal,
    Trouble,
    Typing,
)

_BEGIN = "*** Begin Patch"
_END = "*** End Patch"
_END_OF_FILE = "*** End of File"
_MOVE = "*** Move to:"
_SECTIONS: tuple[tuple[str, Op], ...] = (
    ("*** Update File:", "update"),
    ("*** Add File:", "add"),
    ("*** Delete File:", "delete"),
)
_OPENERS = (_BEGIN, *(marker for marker, _ in _SECTIONS))


def opens_patch(line: str) -> bool:
    """Whether a line outside any edit opens a patch."""
    text = line.strip()
    return text == _BEGIN or any(text.startswith(marker) for marker, _ in _SECTIONS)


def may_open_patch(start: str) -> bool:
    """Whether an unfinished line may still become one that opens a patch."""
    text = start.lstrip()
    return any(
        text.rstrip() == marker or marker.startswith(text) or _begins_section(text, marker)
        for marker in _OPENERS
    )


def _begins_section(text: str, marker: str) -> bool:
    return marker != _BEGIN and text.startswith(marker)


class PatchMachine:
    """One envelope."""

    def __init__(self) -> None:
        self.done = False
        self.sure = True
        self.rest: list[str] = []
        self._pad: str | None = None
        """Blanks before the first marker: with them others are markers too, also in a hunk."""
        self._in: Op | None = None
        self._path = ""
        self._empty = True
        """Nothing was said about the file of this section yet."""
        self._open = False
        self._headers: list[str] = []
        self._hint: int | None = None
        self._has_anchor = False
        """An @@ line stands above, and nothing of its hunk yet."""
        self._blanks: list[str] = []
        """Blank lines below it: lines of the hunk if some other one follows."""
        self._held: list[str] = []
        """Lines whose meaning the next ones settle."""
        self._broken = ""
        self._number = 0

    def line(self, text: str) -> list[Signal]:
        self._number += 1
        if self._pad is None:
            self._pad = text[: len(text) - len(text.lstrip())]
        out: list[Signal] = []
        if self._in == "update" and self._held and not self._still_held(text, out):
            return out
        padded = bool(self._pad) and text.startswith(f"{self._pad}*** ")
        bare = text.rstrip() if self._in == "update" and not padded else text.strip()
        if bare.startswith("*** ") and self._marker(bare, out):
            return out
        match self._in:
            case "update":
                self._update(text, out)
            case "add":
                self._add(text, out)
            case _:
                pass
        return out

    def typing(self, start: str) -> list[Signal]:
        sign = start[:1]
        if self._in == "add":
            if sign != "+" or not self._open:
                return []
            return [*self._flush_blank(), Typing("+", start[1:])]
        if self._in != "update" or self._held:
            return []
        out: list[Signal] = []
        if sign == "+" or sign == "-":
            self._ensure_open(out)
            out.append(Typing("+" if sign == "+" else "-", start[1:]))
        elif sign == " " and self._open and start.lstrip()[:1] not in ("", "*"):
            out.append(Typing(" ", start[1:]))
        return out

    def end(self, *, mid_line: bool = False) -> list[Signal]:
        del mid_line
        out: list[Signal] = []
        if self._in == "update" and self._held:
            self._held = []
            self._close_section(out)
            self.done = True
            return out
        self._held = []
        message = "the patch breaks off before its end marker"
        if self._open:
            self._open = False
            out.append(Ended(code="truncated", message=message))
        out.append(Trouble("truncated", message))
        return out

    def _marker(self, text: str, out: list[Signal]) -> bool:
        if text == _END:
            self._close_section(out)
            self.done = True
            return True
        for marker, op in _SECTIONS:
            if text.startswith(marker):
                self._close_section(out)
                self._in, self._path, self._empty = op, text[len(marker) :].strip(" \t"), True
                out.append(Section(op, self._path))
                if op == "add":
                    self._ensure_open(out)
                return True
        if text == _BEGIN or text.startswith("*** Environment ID:"):
            return True
        if self._in == "update":
            if text == _END_OF_FILE:
                self._close_hunk(out, at_end=True)
                return True
            if text.startswith(_MOVE):
                self._close_hunk(out)
                self._empty = False
                out.append(MovedTo(text[len(_MOVE) :].strip(" \t")))
                return True
        return self._in is None

    def _update(self, text: str, out: list[Signal]) -> None:
        if text.startswith("@@"):
            self._close_hunk(out)
            self._header(text)
            return
        if text.startswith(" ") and text.strip() == _END:
            self._held.append(text)
            return
        if not text.strip() and not self._open:
            if text or self._has_anchor:
                self._blanks.append(text)
            return
        if text.startswith("\\ No newline"):
            return
        self._ensure_open(out)
        out.append(body_line(text))

    def _still_held(self, text: str, out: list[Signal]) -> bool:
        """Whether the line goes on: the held ones, an End behind a blank first, were text."""
        bare = text.strip()
        if not bare or bare == "EOF":
            self._held.append(text)
            return False
        if text[:1] in ("`", "~") and len(bare) >= 3 and bare == bare[0] * len(bare):
            self._held = []
            self._close_section(out)
            self.done = True
            return False
        self._ensure_open(out)
        out += [body_line(held) for held in self._held]
        self._held = []
        return True

    def _add(self, text: str, out: list[Signal]) -> None:
        if text.startswith("+"):
            out += self._flush_blank()
            out.append(Line("+", text[1:]))
        elif not text.strip():
            self._held.append("")
        elif not self._broken:
            self._broken = f"line {self._number} of the patch should start with +: {text[:60]!r}"

    def _flush_blank(self) -> list[Signal]:
        """Blank lines between added lines are added lines."""
        held, self._held = self._held, []
        return [Line("+", text) for text in held]

    def _header(self, text: str) -> None:
        self._has_anchor = True
        self._blanks.clear()
        header = header_of(text)
        if header.start is not None:
            self._hint = header.start
        if header.text:
            self._headers.append(header.text)

    def _ensure_open(self, out: list[Signal]) -> None:
        if self._open:
            return
        out.append(Opened(tuple(self._headers), self._hint))
        out += [body_line(blank) for blank in self._blanks]
        self._blanks.clear()
        self._open, self._empty, self._has_anchor = True, False, False
        self._headers, self._hint = [], None

    def _close_hunk(self, out: list[Signal], *, at_end: bool = False) -> None:
        if not self._open:
            return
        self._open = False
        if self._broken:
            out.append(Ended(code="malformed", message=self._broken))
            self._broken = ""
        else:
            out.append(Ended(at_end))

    def _close_section(self, out: list[Signal]) -> None:
        self._held = []
        self._close_hunk(out)
        if self._in == "update" and self._empty:
            out.append(Trouble("malformed", f"no change is given for {self._path!r}"))
        self._in, self._headers, self._hint, self._has_anchor = None, [], None, False
        self._blanks.clear()
