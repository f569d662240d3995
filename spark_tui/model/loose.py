"""Reading JSON that a stranger wrote: every value has the type we expect, or is absent.

The rule kept here: total. Whatever comes in, a harmless value of the right type comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def string(value: object) -> str:
    return value if isinstance(value, str) else ""


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def index(value: object) -> int | None:
    """A position; a truth value is none."""
    return value if type(value) is int and value >= 0 else None


def count(value: object) -> int:
    """A number of tokens; anything else is zero."""
    return value if type(value) is int and value > 0 else 0


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by their lower-case names. One that was sent several times may be left out: the
    mappings of some libraries raise for it."""
    found: dict[str, str] = {}
    for name in headers:
        try:
            found[str(name).lower()] = str(headers[name])
        except LookupError:
            continue
    return found
