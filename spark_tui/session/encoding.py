"""Events as JSON values and back.

The rule kept here: `decode(encode(event)) == event` for every event, lone surrogates included
(json escapes them). The shape follows the dataclasses, so a new event needs no code here.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, Union

from spark_tui.session import events as ev
from spark_tui.session.events import Event

VERSION = 1


def encode(event: Event) -> dict[str, Any]:
    """The event as a JSON object; "e" names its class, defaults are left out."""
    return {"e": type(event).__name__, **_fields(event)}


def decode(raw: Mapping[str, Any]) -> Event | None:
    """The event again; None for a kind this version does not know.

    Raises ValueError or KeyError when a known kind lacks a field.
    """
    kind = _kinds().get(str(raw.get("e")))
    if kind is None:
        return None
    return typing.cast(Event, _build(kind, raw))


@functools.cache
def _kinds() -> Mapping[str, type]:
    return types.MappingProxyType({kind.__name__: kind for kind in typing.get_args(Event)})


@functools.cache
def _hints(kind: type) -> Mapping[str, Any]:
    import spark_tui.edits.changeset as changeset

    home = vars(sys.modules[kind.__module__])
    return typing.get_type_hints(kind, {**vars(changeset), **vars(ev), **home})


def _fields(value: Any) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if item != field.default:
            out[field.name] = _plain(item)
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, frozenset):
        return sorted(_plain(v) for v in value)
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


def _build(kind: type, raw: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    known = {f.name for f in dataclasses.fields(kind)}
    return kind(**{k: _typed(hints[k], v) for k, v in raw.items() if k in known})


def _typed(hint: Any, value: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        inner = [a for a in typing.get_args(hint) if a is not type(None)]
        return _typed(inner[0], value)
    if origin is tuple:
        args = typing.get_args(hint)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_typed(args[0], v) for v in value)
        return tuple(_typed(a, v) for a, v in zip(args, value, strict=True))
    if origin is frozenset:
        return frozenset(_typed(typing.get_args(hint)[0], v) for v in value)
    if isinstance(hint, type):
        if issubclass(hint, Enum):
            return hint(value)
        if dataclasses.is_dataclass(hint):
            return _build(hint, value)
    return value
