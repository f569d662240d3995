"""What one connection has read already: prompts by their beginning, responses to go on from.

The rule kept here: a connection's memory is its own. Another connection, other tools, another
effort start from nothing, as with the real service; only then does a warm-up show what it saves.
What reading costs in time is model.py's business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .request import Ask, Item, Said, length

CACHE_FROM = 1024
"""Tokens below which a real service caches nothing of a prompt."""
CACHE_STEP = 128
KEPT_PROMPTS = 16
TOKEN = 4


@dataclass(frozen=True, slots=True)
class Kept:
    """A prompt and its answer: the whole conversation, in the order in which it is read."""

    settings: str
    instructions: str
    items: tuple[Item, ...]

    @property
    def tokens(self) -> int:
        return (len(self.instructions) + sum(map(length, self.items))) // TOKEN


class Cache:
    """The prompts that this connection has read, newest last."""

    def __init__(self) -> None:
        self._prompts: deque[Kept] = deque(maxlen=KEPT_PROMPTS)

    def remember(self, ask: Ask, items: Sequence[Item]) -> Kept:
        """The conversation up to here can be continued, or begun the same way again."""
        kept = Kept(ask.settings, ask.instructions, tuple(items))
        self._prompts.append(kept)
        return kept

    def covered(self, ask: Ask, parent: Kept | None) -> int:
        """Tokens of this request that need not be read again.

        All of a parent that was answered on this connection; else what a cache gives: the
        common beginning, from 1,024 tokens on, in steps of 128.
        """
        if parent and any(parent is known for known in self._prompts):
            same = (parent.settings, parent.instructions) == (ask.settings, ask.instructions)
            if same:
                return min(parent.tokens, ask.tokens)
        longest = max((_common(known, ask) for known in self._prompts), default=0) // TOKEN
        longest = min(longest, ask.tokens)
        return longest - longest % CACHE_STEP if longest >= CACHE_FROM else 0


def _common(known: Kept, ask: Ask) -> int:
    """Characters of the common beginning."""
    if known.settings != ask.settings:
        return 0
    if known.instructions != ask.instructions:
        return _common_text(known.instructions, ask.instructions)
    size = len(ask.instructions)
    for one, other in zip(known.items, ask.items, strict=False):
        match one, other:
            case _ if one == other:
                size += length(one)
            case Said(role, text), Said(same, new) if role == same:
                return size + _common_text(text, new)
            case _:
                break
    return size


def _common_text(one: str, other: str) -> int:
    """By halves: comparing character by character would take longer than the answer."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
