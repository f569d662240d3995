"""Tells <think>…</think> at the head of an answer from the answer itself, chunk by chunk.

The rule kept here: only an answer that begins with the tag is searched; later tags are text.
"""

from __future__ import annotations

_OPEN = "<think>"
_CLOSE = "</think>"


class ThinkTags:
    """`feed` and `end` give (thought, text); any cutting of the same text gives the same sums."""

    def __init__(self) -> None:
        self._state = "start"
        """start, inside, after (blank lines behind the tag are dropped), text."""
        self._held = ""

    def feed(self, chunk: str) -> tuple[str, str]:
        if self._state == "text":
            return "", chunk
        self._held += chunk
        thought = ""
        if self._state == "start":
            head = self._held.lstrip()
            if head.startswith(_OPEN):
                self._held = head[len(_OPEN) :]
                self._state = "inside"
            elif not _OPEN.startswith(head):
                self._state = "text"
        if self._state == "inside":
            thought, found, rest = self._held.partition(_CLOSE)
            if found:
                self._state, self._held = "after", rest
            else:
                cut = len(self._held) - _tail(self._held)
                thought, self._held = self._held[:cut], self._held[cut:]
        if self._state == "after":
            self._held = self._held.lstrip()
            if self._held:
                self._state = "text"
        return thought, self._take() if self._state == "text" else ""

    def end(self) -> tuple[str, str]:
        """What was held back: a tag that never got whole is what it looks like."""
        held, state = self._take(), self._state
        self._state = "text"
        return (held, "") if state == "inside" else ("", held)

    def _take(self) -> str:
        held, self._held = self._held, ""
        return held


def _tail(text: str) -> int:
    """How many characters at the end may be the beginning of the closing tag."""
    for size in range(min(len(_CLOSE) - 1, len(text)), 0, -1):
        if text.endswith(_CLOSE[:size]):
            return size
    return 0
