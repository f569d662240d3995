"""Ids without their repetitions."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)


def unique(ids: Iterable[Id]) -> list[Id]:
    """Each id once, in the order in which they came first."""
    found: list[Id] = []
    for one in ids:
        if one not in found:
            found.append(one)
    return found


def repeated(ids: Iterable[Id]) -> list[Id]:
    """Those that came more than once, each once."""
    seen: set[Id] = set()
    again: dict[Id, None] = {}
    for one in ids:
        if one in seen:
            again[one] = None
        seen.add(one)
    return list(again)
