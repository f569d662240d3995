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
from collections.abc import Callable, Iterable, Mapping
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
    readers = _readers(kind)
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name in readers:
            reader = readers[name]
            values[name] = value if reader is None else reader(value)
    return kind(**values)


@functools.cache
def _readers(kind: type) -> Mapping[str, Callable[[Any], Any] | None]:
    """What makes the value of each field; None: it is what JSON gave."""
    hints = _hints(kind)
    return {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind)}


@functools.cache
def _reader(hint: Any) -> Callable[[Any], Any] | None:
    origin = typing.get_origin(hint)
    args = typing.get_args(hint)
    if origin in (Union, types.UnionType):
        inner = _reader(next(a for a in args if a is not type(None)))
        return None if inner is None else lambda v: None if v is None else inner(v)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return _all_by(tuple, _reader(args[0]))
    if origin is tuple:
        readers = [_reader(arg) or _same for arg in args]
        return lambda v: tuple(r(each) for r, each in zip(readers, v, strict=True))
    if origin is frozenset:
        return _all_by(frozenset, _reader(args[0]))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return functools.partial(_build, hint)
    return None


def _all_by(
    collect: Callable[[Iterable[Any]], Any], reader: Callable[[Any], Any] | None
) -> Callable[[Any], Any]:
    return collect if reader is None else lambda v: collect(map(reader, v))


def _same(value: Any) -> Any:
    return value
