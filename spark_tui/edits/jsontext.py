"""The text of an edit out of the JSON arguments of a function call, while they arrive.

The rule kept here: what was given out is never taken back: a backslash, a part of \\uXXXX and half
of a surrogate pair wait for what follows. Which text it is, edits tell by themselves.
"""

from __future__ import annotations

import re

_KEYS = frozenset(("input", "patch", "diff", "edits", "edit", "content", "text", "code", "blocks"))
_STOP = re.compile(r'["\\]')
_DIGITS = re.compile(r"[0-9A-Fa-f]{4}")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class JsonText:
    """The strings in one JSON document that stand under a name which may hold edits, alone or in
    a list; each ends its last line.

    >>> reader = JsonText()
    >>> reader.feed('{"input": "*** Beg') + reader.feed('in Patch\\\\n"}'), reader.is_whole
    ('*** Begin Patch\\n', True)
    """

    def __init__(self) -> None:
        self._lists: list[str | None] = []
        """What is open: the name above a list, None for an object."""
        self._in_string = False
        self._escape = ""
        """An escape that is not complete, backslash included."""
        self._high = ""
        """Half of a surrogate pair."""
        self._string: list[str] = []
        """Of a string that is not given out: it may be a name."""
        self._name = ""
        self._wants_value = False
        self._is_text = False
        self._ends_line = True
        """The text so far is empty or its last line has its end."""
        self.is_whole = False
        """The document was closed."""

    def feed(self, more: str) -> str:
        """More of the document; the text that it brought."""
        out: list[str] = []
        at = 0
        while at < len(more):
            at = self._inside(more, at, out) if self._in_string else self._between(more, at, out)
        return "".join(out)

    def _between(self, more: str, at: int, out: list[str]) -> int:
        sign = more[at]
        match sign:
            case '"':
                self._in_string = True
                self._is_text = self._wants_value and self._name in _KEYS
                self._string.clear()
            case "{" | "[":
                self._lists.append(self._name if sign == "[" and self._wants_value else None)
                self._wants_value = self._lists[-1] is not None
            case "}" | "]":
                self._lists[-1:] = []
                self.is_whole = not self._lists
                self._wants_value = False
            case ":":
                self._name, self._wants_value = "".join(self._string), True
                self._string.clear()
            case ",":
                name = self._lists[-1] if self._lists else None
                self._name, self._wants_value = name or "", name is not None
            case _:
                pass
        return at + 1

    def _inside(self, more: str, at: int, out: list[str]) -> int:
        if self._escape:
            return self._escaped(more, at, out)
        found = _STOP.search(more, at)
        stop = found.start() if found else len(more)
        if stop > at:
            self._give(more[at:stop], out)
        if found is None:
            return stop
        if found[0] == "\\":
            self._escape = "\\"
        else:
            self._give("", out)
            if self._is_text and not self._ends_line:
                out.append("\n")
                self._ends_line = True
            self._in_string = self._is_text = False
        return stop + 1

    def _escaped(self, more: str, at: int, out: list[str]) -> int:
        self._escape += more[at]
        if self._escape[1] != "u":
            sign, self._escape = self._escape[1], ""
            self._give(_PLAIN.get(sign, sign), out)
        elif len(self._escape) == 6:
            digits, self._escape = self._escape[2:], ""
            if not _DIGITS.fullmatch(digits):
                self._give(f"\\u{digits}", out)
                return at + 1
            sign = chr(int(digits, 16))
            if self._high and "\udc00" <= sign <= "\udfff":
                pair, self._high = self._high + sign, ""
                sign = pair.encode("utf-16", "surrogatepass").decode("utf-16")
            if "\ud800" <= sign <= "\udbff":
                self._give("", out)
                self._high = sign
            else:
                self._give(sign, out)
        return at + 1

    def _give(self, text: str, out: list[str]) -> None:
        """Half a pair that found no other half goes out as it is; it is refused as text later."""
        text, self._high = self._high + text, ""
        if self._is_text:
            out.append(text)
            self._ends_line = text.endswith("\n") if text else self._ends_line
        else:
            self._string.append(text)
