"""Unified diffs: two lines of file names, hunks with a sign before each line.

    --- a/src/app.py
    +++ b/src/app.py
    @@ -10,3 +10,3 @@ def total(self):
         rate = self.rate
    -    return amount
    +    return amount * rate

The rule kept here: numbers help to see where a hunk ends and which of several equal places is
meant, and are never trusted further. A diff in a fence ends with the fence; one in open text ends
where its counts are fulfilled. Where hunks go is not known here.

               --- +++            @@                  counts fulfilled, @@, fence
    outside ─────────▶ header ─────────▶ body ─────────────────────────────▶ header
"""

from __future__ import annotations

import re
from collections.abc import Callable

from spark_tui.edits.formats.filenames import FileHeader, Meant, meaning, read_extended, read_name
from spark_tui.edits.formats.lines import body_line, header_of
from spark_tui.edits.formats.signals import (
    Ended,
    Line,
    ModeSet,
    MovedTo,
    Opened,
    Section,
    Signal,
    Trouble,
    Typing,
)

_GIT = "diff --git "
_OLD = re.compile(r"--- \S.*")
_NEW = re.compile(r"\+\+\+ \S.*")
_NO_NEWLINE = re.compile(r"\\ ?No newline.*", re.IGNORECASE)
_GO_ON = ("@@", _GIT, "\\ No newline")
_LONGEST_NAME = 500


def opens_diff(line: str) -> bool:
    """Whether a line outside any edit may open a diff."""
    return len(line) <= _LONGEST_NAME and (
        line.startswith(_GIT) or (bool(_OLD.fullmatch(line)) and not line.endswith(" ---"))
    )


def may_open_diff(start: str) -> bool:
    """Whether an unfinished line may still become one that opens a diff."""
    return len(start) <= _LONGEST_NAME and (
        _GIT.startswith(start[: len(_GIT)]) or "--- ".startswith(start[:4])
    )


class DiffMachine:
    """One run of diffs, up to the end of its fence or of its counts."""

    def __init__(self, fence: str, is_file: Callable[[str], bool]) -> None:
        self.done = False
        self.sure = False
        self.rest: list[str] = []
        self._fence = fence
        """The signs that opened the fence around it; "" in open text."""
        self._is_file = is_file
        self._seen: list[str] = []
        """Every line, as long as it is not sure."""
        self._header = FileHeader()
        self._meant: Meant | None = None
        self._has_said = False
        """Something was said of the file of this section."""
        self._in_body = False
        self._left: tuple[int, int] | None = None
        """Old and new lines that the counts still promise; None: there are none to trust."""
        self._held: list[str] = []
        """Lines whose meaning the next ones settle."""
        self._blanks: list[str] = []
        """Empty lines after the counts were fulfilled, and those that may be half a marker."""
        self._sign = ""
        self._open_old = self._open_new = False
        """The side was marked as having no newline at its end."""

    def line(self, text: str) -> list[Signal]:
        out: list[Signal] = []
        if not self.sure:
            self._seen.append(text)
        if self._in_body:
            self._body(text, out)
        else:
            self._above(text, out)
        if self.sure:
            self._seen.clear()
        return out

    def typing(self, start: str) -> list[Signal]:
        if not self._in_body or self._held or self._blanks:
            return []
        match start[0]:
            case "+":
                return [Typing("+", start[1:])]
            case "-" if not ("--- ".startswith(start[:4]) and self._left in (None, (0, 0))):
                return [Typing("-", start[1:])]
            case " ":
                return [Typing(" ", start[1:])]
            case _:
                return []

    def end(self, *, mid_line: bool = False) -> list[Signal]:
        out: list[Signal] = []
        if not self.sure and not self._fence:
            self._give_back()
            return out
        if self._fence and self._held and self._closes(self._held[0]):
            self._finish(out)
            return out
        if self._held and self._left == (1, len(self._held) - 1):
            self._flush(out)  # the counts say that these are lines, no header
        whole = not self._fence and not self._held and (not self._in_body or self._left == (0, 0))
        if whole and not mid_line:
            self._finish(out)
            return out
        message = "the diff breaks off before its end"
        if self._in_body:
            self._in_body = False
            out.append(Ended(code="truncated", message=message))
        out.append(Trouble("truncated", message))
        return out

    # -- above the first hunk and between hunks -----------------------------------
    def _above(self, text: str, out: list[Signal]) -> None:
        if self._header.git and not self.sure:
            self.sure = text.startswith((_GIT, "--- ", "@@")) or read_extended(text, FileHeader())
            if not self.sure:
                self._give_back()
                return
        if self._held:
            self._names(text, out)
        elif text.startswith(_GIT):
            self._close_file(out)
            self._header.git = text[len(_GIT) :]
        elif _OLD.fullmatch(text):
            self._held.append(text)
        elif text.startswith("@@") and (self._meant or self._header.git or self._header.new):
            self._open(text, out)
        elif self._closes(text):
            if self.sure:
                self._finish(out)
            else:
                self._give_back()
        elif not text.strip() or (self._header.git and read_extended(text, self._header)):
            pass
        elif self._fence and self._header.new and text[0] in " +-":
            self._open("@@", out)
            self._body(text, out)
        elif not self._fence:
            self._leave([text], out)

    def _names(self, text: str, out: list[Signal]) -> None:
        """After a --- line: the +++ line, then what shows that the two are a header."""
        if len(self._held) == 1:
            if _NEW.fullmatch(text):
                self._held.append(text)
            else:
                self._no_names(text, out)
            return
        old, new = (read_name(held[4:]) for held in self._held)
        is_header = self.sure or text.startswith(("@@", _GIT)) or bool(_OLD.fullmatch(text))
        if not (is_header or (self._fence and (self._closes(text) or text[:1] in (" ", "+", "-")))):
            self._no_names(text, out)
            return
        self._held.clear()
        if self._meant is not None or self._header.new:
            self._close_file(out)
        self.sure = True
        self._header.old, self._header.new = old, new
        self._above(text, out)

    def _no_names(self, text: str, out: list[Signal]) -> None:
        """What was held is no header."""
        if not self.sure:
            self._give_back()
            return
        held, self._held = self._held, []
        if self._fence:
            self._above(text, out)
        else:
            self._leave([*held, text], out)

    def _give_back(self) -> None:
        self.done = True
        self.rest, self._seen, self._held = self._seen, [], []

    def _leave(self, lines: list[str], out: list[Signal]) -> None:
        """The diff is over; these lines are somebody else's."""
        if not self.sure:
            self._give_back()
            return
        self._finish(out)
        self.rest = lines

    def _closes(self, text: str) -> bool:
        bare = text.rstrip()
        return (
            bool(self._fence)
            and len(bare) >= len(self._fence)
            and bare == self._fence[0] * len(bare)
        )

    def _finish(self, out: list[Signal]) -> None:
        self._held.clear()
        self._close_file(out)
        self.done = True

    # -- one file ---------------------------------------------------------------------
    def _begin_file(self, out: list[Signal]) -> None:
        if self._meant is not None:
            return
        self.sure = True
        meant = self._meant = meaning(self._header, self._is_file)
        out.append(Section(meant.op, meant.path))
        if meant.move_to:
            self._has_said = True
            out.append(MovedTo(meant.move_to))

    def _close_file(self, out: list[Signal]) -> None:
        """A section may consist of its header alone."""
        self._close(out)
        header = self._header
        if header.git or header.new:
            self._begin_file(out)
        meant = self._meant
        if meant is not None and not self._has_said:
            if meant.refused or meant.op != "update":
                out += [Opened(), self._ended()]
            elif header.mode is None:
                out.append(Trouble("malformed", f"no change is given for {meant.path!r}"))
        if meant is not None and header.mode is not None and meant.op == "update":
            out.append(ModeSet(header.mode))
        self._header, self._meant, self._has_said = FileHeader(), None, False

    # -- one hunk ---------------------------------------------------------------------
    def _open(self, text: str, out: list[Signal]) -> None:
        self._begin_file(out)
        header = header_of(text)
        both = header.old is not None and header.new is not None
        self._left = (header.old or 0, header.new or 0) if both else None
        self._in_body, self._has_said, self._sign = True, True, ""
        self._open_old = self._open_new = False
        out.append(Opened((header.text,) if header.text else (), header.start))

    def _close(self, out: list[Signal]) -> None:
        if not self._in_body:
            return
        self._in_body = False
        self._blanks.clear()
        out.append(self._ended())

    def _ended(self) -> Ended:
        meant, mode = self._meant, self._header.mode
        if meant is not None and meant.refused:
            return Ended(code="malformed", message=meant.refused)
        newline = None if self._open_old == self._open_new else self._open_old
        return Ended(
            self._open_old or self._open_new,
            newline=newline,
            mode=mode if meant is not None and meant.op == "add" else None,
        )

    def _body(self, text: str, out: list[Signal]) -> None:
        if self._held and self._settles(text, out):
            return
        if _OLD.fullmatch(text):
            self._held.append(text)
        elif self._closes(text):
            if self._left == (0, 0):
                self._finish(out)
            else:
                self._held.append(text)
        elif text.startswith(("@@", _GIT)):
            self._close(out)
            self._above(text, out)
        elif _NO_NEWLINE.fullmatch(text):
            self._open_old = self._open_old or self._sign in ("-", " ")
            self._open_new = self._open_new or self._sign in ("+", " ")
        elif self._left == (0, 0):
            self._past(text, out)
        else:
            self._take(text, out)

    def _settles(self, text: str, out: list[Signal]) -> bool:
        """Whether this line shows what the held ones were, and is used up with it."""
        if self._closes(self._held[0]):
            goes_on = text[:1] in ("+", " ") or (text[:1] == "-" and text[:2] != "- ")
            if goes_on or (self._left is not None and text[:1] == "-"):
                self._flush(out)
                return False
            self._finish(out)
            self.rest = [text]
            return True
        if len(self._held) == 1 and _NEW.fullmatch(text):
            self._held.append(text)
            return True
        if len(self._held) == 2 and self._is_header(text):
            held, self._held = self._held, []
            self._close(out)
            self._held = held
            self._names(text, out)
            return True
        self._flush(out)
        return False

    def _is_header(self, text: str) -> bool:
        """Whether a --- and a +++ line, and this one below them, open the next file.

        As lines of the hunk they would be a removed and an added one: the counts may say so.
        """
        below = text.startswith(("@@", _GIT)) or bool(_OLD.fullmatch(text)) or self._closes(text)
        names = [read_name(held[4:]) for held in self._held]
        known = any(self._is_file(n) or self._is_file(n[2:]) for n in names)
        if self._left in (None, (0, 0)):
            return below or (bool(self._fence) and known)
        return below and (self._left != (1, 1) or known)

    def _flush(self, out: list[Signal]) -> None:
        lines = (*self._blanks, *self._held)
        self._held, self._blanks = [], []
        for text in lines:
            if self._left == (0, 0):
                self._left = None
            self._take(text, out)

    def _past(self, text: str, out: list[Signal]) -> None:
        """A line below a hunk whose counts are fulfilled: they may be too small."""
        if not text or (not self._fence and any(m.startswith(text) for m in _GO_ON)):
            self._blanks.append(text)
        elif self._fence and text.rstrip() == "EOF":
            self._close(out)
        elif self._fence or text[0] in " +-":
            self._left = None
            blanks, self._blanks = self._blanks, []
            for line in (*blanks, text):
                self._take(line, out)
        else:
            self._leave([*self._blanks, text], out)

    def _take(self, text: str, out: list[Signal]) -> None:
        line = body_line(text)
        if self._meant is not None and self._meant.op == "add":
            line = Line("+", "") if not text else line
            if line.sign != "+" and not self._meant.refused:
                why = f"a new file has no lines that were there before: {text[:60]!r}"
                self._meant = Meant("add", self._meant.path, refused=why)
        self._sign = line.sign
        if self._left is not None:
            old = self._left[0] - (line.sign != "+")
            new = self._left[1] - (line.sign != "-")
            self._left = None if old < 0 or new < 0 else (old, new)
        out.append(line)
