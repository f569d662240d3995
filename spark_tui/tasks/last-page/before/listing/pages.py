"""A long list, page by page. Pages are counted from 1."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def page_count(total: int, size: int) -> int:
    """How many pages `total` items need."""
    if size < 1:
        raise ValueError("a page holds at least one item")
    return total // size


def page(items: Sequence[T], number: int, size: int) -> Sequence[T]:
    """The items of one page; a page that does not exist is empty."""
    if number < 1:
        return items[:0]
    start = (number - 1) * size
    return items[start : start + size]


def label(total: int, number: int, size: int) -> str:
    """What stands below a page, "11-20 of 47"."""
    first = (number - 1) * size + 1
    last = first + size - 1
    return f"{first}-{last} of {total}"
