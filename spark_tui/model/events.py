"""Bytes of a body become the data of server-sent events, however they were cut.

The rule kept here: total, and lenient about what servers really send: any line ends, comments,
other fields, a byte order mark, no blank line at the end. What an event means is a codec's.
"""

from __future__ import annotations

import json

_BOM = b"\xef\xbb\xbf"


class Splitter:
    """Bytes in, the data of whole events out.

    >>> splitter = Splitter()
    >>> splitter.feed(b'data: {"a":'), splitter.feed(b'1}\\r\\n\\r\\nda')
    ([], ['{"a":1}'])
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        """The line that has not ended yet."""
        self._data: list[str] = []
        self._first = True
        self.held = 0
        """Bytes, or characters, of what is not an event yet."""

    def feed(self, chunk: bytes) -> list[str]:
        if b"\n" not in chunk and b"\r" not in chunk:
            self._parts.append(chunk)
            self.held += len(chunk)
            return []
        lines = b"".join([*self._parts, chunk]).splitlines(keepends=True)
        # A CR at the very end may be the first half of CR LF.
        self._parts = [lines.pop()] if not lines[-1].endswith(b"\n") else []
        events: list[str] = []
        for line in lines:
            self._line(line.rstrip(b"\r\n"), events)
        self.held = sum(map(len, self._parts)) + sum(map(len, self._data))
        return events

    def end(self) -> list[str]:
        """The body is over: a last event may lack its blank line."""
        events: list[str] = []
        for line in b"".join(self._parts).splitlines():
            self._line(line, events)
        self._parts = []
        self._line(b"", events)
        return events

    def _line(self, line: bytes, events: list[str]) -> None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            if self._data:
                events.append("\n".join(self._data))
                self._data = []
        elif line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" ").decode("utf-8", "replace"))


def values_of(data: str) -> list[object]:
    """The JSON values of one event: one, none where it is no JSON, several where a server forgot
    the blank lines between its events."""
    try:
        return [json.loads(data)]
    except (ValueError, RecursionError):
        pass
    if "\n" not in data:
        return []
    return [value for line in data.split("\n") for value in values_of(line)]
