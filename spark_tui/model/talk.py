"""What was said on one socket, and what was found out about the service behind it.

The rule kept here: values and their bookkeeping; nothing waits. What a socket knows dies with it;
what a service takes and what it does not is remembered as long as its provider lives.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spark_tui.model.chain import Chain
from spark_tui.model.loose import mapping, string
from spark_tui.model.provider import Completed
from spark_tui.model.responses import Decoder
from spark_tui.model.websocket import Line


@dataclass(slots=True)
class Habits:
    """Of one service, by trying."""

    ignores_generate: bool = False
    """It answers a warm-up as if it were a question."""
    cold: set[str] = field(default_factory=set)
    """Models that refused a warm-up."""
    steers: dict[str, bool] = field(default_factory=dict)
    """Whether a model took a steer, or did not."""


@dataclass(slots=True, eq=False)
class Talk:
    """Everything that one socket knows."""

    line: Line
    chain: Chain = field(default_factory=Chain)
    past: str = ""
    """The response that ended last on it."""
    past_items: frozenset[str] = frozenset()
    """Ids of the items of that one."""
    model: str = ""
    """Of its first message: some proxies serve no other one on the same socket."""
    owed: Owed | None = None
    steered: Steered | None = None

    def is_past(self, event: Mapping[str, Any]) -> bool:
        """It still tells of the response before: that is no news, and no part of the next answer.
        To be asked until that has begun."""
        kind = string(event.get("type"))
        if kind in _CLOSING:
            named = string(mapping(event.get("response")).get("id"))
            return bool(self.past) and named == self.past
        if kind == "response.output_item.added":
            self.past_items = frozenset()  # it has begun, though some never say so before
        item = event.get("item_id") or mapping(event.get("item")).get("id")
        return isinstance(item, str) and item in self.past_items


@dataclass(slots=True, eq=False)
class Owed:
    """A warm-up that was sent, until its closing event is read.

    Answers come in the order of the requests, so it stands in front of whatever is asked next.
    """

    model: str
    body: Mapping[str, Any]
    decoder: Decoder
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Its own reader reads no more: the next one may."""
    done: Completed | None = None
    has_output: bool = False
    """Something was generated for it."""
    overtaken: bool = False

    @property
    def ended(self) -> bool:
        return self.decoder.finished or self.has_output or self.overtaken

    def hear(self, event: Mapping[str, Any]) -> bool:
        """Takes its own events; False for the first one of the next response."""
        kind = string(event.get("type"))
        if kind == "response.created" and self.decoder.response_id:
            response_id = string(mapping(event.get("response")).get("id"))
            if response_id != self.decoder.response_id:
                self.overtaken = True
                return False
        self.has_output |= kind.startswith(_OUTPUT)
        for delta in self.decoder.decode(event):
            if isinstance(delta, Completed):
                self.done = delta
                self.has_output |= bool(delta.items)
        return True


_CLOSING = frozenset(f"response.{word}" for word in ("completed", "incomplete", "failed", "done"))
_OUTPUT = (
    "response.output_",
    "response.content_part",
    "response.reasoning_",
    "response.refusal",
    "response.function_call",
    "response.custom_tool_call",
)


@dataclass(slots=True, eq=False)
class Steered:
    """A text that was sent into a running response, until its successor is taken up."""

    text: str
    answer: asyncio.Future[bool | None]
    """Whether the service took it; None when the response ended before it said so."""
    parent: str
    """The response it was sent into."""
    model: str
    needs_outputs: bool = False
    """The service waits for the outputs of tools before it goes on."""
    has_outputs: bool = False
    """They were sent."""
    failed: bool = False
    """It took the text, and then could not go on with it."""

    @property
    def is_taken(self) -> bool:
        return self.answer.done() and not self.answer.cancelled() and self.answer.result() is True

    def settle(self, taken: bool | None) -> None:
        if not self.answer.done():
            self.answer.set_result(taken)


def message(kind: str, body: Mapping[str, Any]) -> str:
    """One message to the service."""
    return json.dumps({"type": kind, **body}, ensure_ascii=False, separators=(",", ":"))


def event_of(data: bytes) -> dict[str, Any]:
    """One message of the service; {} for what is no event: it is skipped like an unknown one."""
    try:
        event = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}
