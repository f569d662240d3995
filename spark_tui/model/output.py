"""The output items of one response while they grow: which item an event speaks of, how it ends.

The rule kept here: an item is closed once, by the finished item of the service; what its deltas
built only stands in when that never came. Events are responses.py's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from spark_tui.model.loose import index, listed, mapping, string
from spark_tui.model.provider import (
    AssistantText,
    CallDelta,
    CallDone,
    CallOpened,
    Delta,
    Item,
    Opaque,
    TextDelta,
    TextDone,
    ToolCall,
)
from spark_tui.model.wrapped import Unwrap

Kind = Literal["message", "function", "custom", "other"]
_KINDS: Mapping[str, Kind] = {
    "message": "message",
    "function_call": "function",
    "custom_tool_call": "custom",
}
_INPUT = {"function": "arguments", "custom": "input"}


@dataclass(slots=True)
class Growing:
    """One output item until it is closed."""

    kind: Kind
    key: str
    index: int | None = None
    call_id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)
    told: bool = False
    """CallOpened went out, and the parts with it; a message needs no opening."""
    final: str = ""
    """The whole text from a .done event, should the finished item never come."""
    wrapped: Unwrap | None = None
    """A custom call whose deltas are those of a function: its text comes inside JSON."""
    closed: bool = False
    item: Item | None = None
    """For the next request; None when there is nothing to replay."""


class Output:
    """The items of one response in the order in which they appeared."""

    def __init__(self) -> None:
        self._all: list[Growing] = []
        self._by_key: dict[str, Growing] = {}
        self._by_index: dict[int, Growing] = {}

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(growing.item for growing in self._all if growing.item is not None)

    @property
    def ids(self) -> frozenset[str]:
        """Of those that have one."""
        return frozenset(self._by_key)

    def find(self, event: Mapping[str, Any], kind: Kind) -> Growing:
        """The item that an event speaks of: by id, else by index, else the newest of its kind."""
        key, at = event.get("item_id"), index(event.get("output_index"))
        if isinstance(key, str) and (found := self._by_key.get(key)) and _fits(found, kind):
            return found
        if at is not None:
            if (found := self._by_index.get(at)) and _fits(found, kind):
                return found
        elif not isinstance(key, str):
            for found in reversed(self._all):
                if found.kind == kind and not found.closed:
                    return found
        return self._open(kind, string(key), at)

    def announce(self, item: Mapping[str, Any], at: int | None) -> list[Delta]:
        return self._announce(self._of_item(item, at), item)

    def finish(self, item: Mapping[str, Any], at: int | None) -> list[Delta]:
        return self._close(self._of_item(item, at), item)

    def settle(self, final: object) -> list[Delta]:
        """Closes what was left open, by the final list of items where it has them."""
        items = [mapping(item) for item in listed(final)]
        deltas: list[Delta] = []
        if not self._all:
            for at, item in enumerate(items):
                deltas += self.finish(item, at)
        by_key = {key: item for item in items if (key := string(item.get("id")))}
        for arrival, growing in enumerate(self._all):
            if growing.closed:
                continue
            at = arrival if growing.index is None else growing.index
            item = by_key.get(growing.key) or (items[at] if at < len(items) else {})
            fits = _KINDS.get(string(item.get("type")), "other") == growing.kind
            deltas += self._close(growing, item if fits else {})
        return deltas

    def _open(self, kind: Kind, key: str, at: int | None) -> Growing:
        growing = Growing(kind, key, at)
        self._all.append(growing)
        if key:
            self._by_key[key] = growing
        if at is not None:
            self._by_index[at] = growing
        return growing

    def _of_item(self, item: Mapping[str, Any], at: int | None) -> Growing:
        kind = _KINDS.get(string(item.get("type")), "other")
        key = string(item.get("id"))
        if key and (found := self._by_key.get(key)) and found.kind == kind:
            return found
        if at is not None and (found := self._by_index.get(at)) and found.kind == kind:
            return found
        return self._open(kind, key, at)

    def _announce(self, growing: Growing, item: Mapping[str, Any]) -> list[Delta]:
        """CallOpened once the name is known, with the text that came before it."""
        name = string(item.get("name"))
        if growing.told or growing.closed or growing.kind not in _INPUT or not name:
            return []
        growing.name = name
        growing.call_id = string(item.get("call_id")) or growing.key or f"call_{len(self._all)}"
        growing.told = True
        opened = CallOpened(growing.call_id, name, growing.kind == "custom")
        waiting = "".join(growing.parts)
        return [opened, CallDelta(growing.call_id, waiting)] if waiting else [opened]

    def _close(self, growing: Growing, item: Mapping[str, Any]) -> list[Delta]:
        if growing.closed:
            return []
        match growing.kind:
            case "message":
                return self._close_message(growing, item)
            case "function" | "custom":
                return self._close_call(growing, item)
            case "other":
                growing.closed = True
                if string(item.get("encrypted_content")):
                    growing.item = Opaque(dict(item))
                return []

    def _close_message(self, growing: Growing, item: Mapping[str, Any]) -> list[Delta]:
        growing.closed = True
        text = _message_text(item) or "".join(growing.parts)
        if not text:
            return []
        growing.item = AssistantText(text, string(item.get("phase")))
        rest = _rest(text, growing.parts)
        return [TextDelta(rest), TextDone(text)] if rest else [TextDone(text)]

    def _close_call(self, growing: Growing, item: Mapping[str, Any]) -> list[Delta]:
        deltas = self._announce(growing, item)
        growing.closed = True
        if not growing.told:  # it never had a name: nobody can answer it
            return []
        text = string(item.get(_INPUT[growing.kind])) or growing.final or "".join(growing.parts)
        if rest := _rest(text, growing.parts):
            deltas.append(CallDelta(growing.call_id, rest))
        custom = growing.kind == "custom"
        text = text if custom else text or "{}"
        growing.item = ToolCall(growing.call_id, growing.name, text, custom)
        return [*deltas, CallDone(growing.call_id, growing.name, text, custom)]


def _fits(growing: Growing, kind: Kind) -> bool:
    """A custom call may grow by the events of a function call; what it is, its item said."""
    return growing.kind == kind or (growing.kind == "custom" and kind == "function")


def _message_text(item: Mapping[str, Any]) -> str:
    """A refusal is text too: the person must see it."""
    content = item.get("content")
    if isinstance(content, str):
        return content
    parts = [mapping(part) for part in listed(content)]
    return "".join(string(part.get("text")) or string(part.get("refusal")) for part in parts)


def _rest(text: str, parts: list[str]) -> str:
    """What the deltas still owe of the final text; nothing when they said something else."""
    built = "".join(parts)
    return text[len(built) :] if text.startswith(built) else ""
