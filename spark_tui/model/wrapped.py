"""Raw text that travels as the one string of a JSON object, and is wanted while it streams.

The rule kept here: total, and any cutting of the same JSON gives the same text. Some proxies turn
a custom tool into a function for the model behind them and stream its arguments as they are.
"""

from __future__ import annotations

import json
import re

_HEAD = re.compile(r'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*"')
_WHOLE = re.compile(r'(?:[^"\\]|\\[^u]|\\u[0-9a-fA-F]{4})*')
"""What can be read now: a cut escape waits for its rest."""
_HALF = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}$")
"""The first half of a character that is written as two escapes."""


class Unwrap:
    """
    >>> unwrap = Unwrap()
    >>> [unwrap.feed(part) for part in ('{"con', 'tent": "a', '\\\\', 'nb"', '}')]
    ['', 'a', '', '\\nb', '']
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._over = False

    def feed(self, part: str) -> str:
        if self._over:
            return ""
        self._held += part
        if not self._inside:
            head = _HEAD.match(self._held)
            if head is None:
                return ""
            self._inside, self._held = True, self._held[head.end() :]
        found = _WHOLE.match(self._held)
        whole = _HALF.sub("", found[0]) if found else ""
        self._held = self._held[len(whole) :]
        self._over = self._held.startswith('"')
        return _text(f'"{whole}"')


def unwrap(arguments: str) -> str:
    """The text of a whole object; "" where it has none.

    >>> unwrap('{"input": "a\\\\nb"}'), unwrap('{"paths": []}'), unwrap("{")
    ('a\\nb', '', '')
    """
    return Unwrap().feed(arguments)


def _text(quoted: str) -> str:
    try:
        text = json.loads(quoted, strict=False)
    except ValueError:  # an escape that JSON does not have
        return quoted[1:-1]
    return text if isinstance(text, str) else ""
