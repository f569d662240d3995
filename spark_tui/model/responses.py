"""The Responses dialect, both ways: a request becomes a body, events become deltas.

The rule kept here: sans-I/O, and total: `Decoder.decode` takes any mapping and never raises.
Items that grow are output.py's; sockets, retries and the chain of responses are others' business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from spark_tui.model.faults import Place, Refusal, broken_off, fault_of, read_refusal
from spark_tui.model.loose import count, index, mapping, string
from spark_tui.model.output import Kind, Output
from spark_tui.model.provider import (
    Accepted,
    AssistantText,
    CallDelta,
    Completed,
    CustomTool,
    Delta,
    Failed,
    FunctionTool,
    Item,
    Opaque,
    ReasoningDelta,
    Request,
    TextDelta,
    Tool,
    ToolCall,
    ToolOutput,
    Usage,
    UserText,
)
from spark_tui.model.wrapped import Unwrap, unwrap


@dataclass(frozen=True, slots=True)
class Previous:
    """The response to go on from, and how many items of the request it already covers."""

    response_id: str
    covered: int


_THINKING = re.compile(r"(?:^|/)(?:gpt-[5-9]|o[1-9]\b)|codex")


def encode(
    request: Request,
    *,
    previous: Previous | None = None,
    without: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The body of response.create. `without` names fields that this service refused before."""
    items = request.items[previous.covered :] if previous else request.items
    body: dict[str, Any] = {
        "model": request.model,
        "store": False,
        "input": [encode_item(item) for item in items],
    }
    if previous:
        body["previous_response_id"] = previous.response_id
    if request.instructions:
        body["instructions"] = request.instructions
    if request.tools:
        body["tools"] = [encode_tool(tool) for tool in request.tools]
        body["parallel_tool_calls"] = True
    if request.effort:
        body["reasoning"] = {"effort": request.effort}
    if request.effort or _THINKING.search(request.model):
        # Other models answer 400 to it.
        body["include"] = ["reasoning.encrypted_content"]
    if request.cache_key:
        body["prompt_cache_key"] = request.cache_key
    if request.max_output_tokens is not None:
        body["max_output_tokens"] = request.max_output_tokens
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.service_tier:
        body["service_tier"] = request.service_tier
    for name in without:
        body.pop(name, None)
    return body


def encode_item(item: Item) -> dict[str, Any]:
    match item:
        case UserText(text):
            content = [{"type": "input_text", "text": text}]
            return {"type": "message", "role": "user", "content": content}
        case AssistantText(text, phase):
            content = [{"type": "output_text", "text": text}]
            message = {"type": "message", "role": "assistant", "content": content}
            return {**message, "phase": phase} if phase else message
        case ToolCall(call_id, name, text, custom=True):
            return {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": text}
        case ToolCall(call_id, name, text):
            return {"type": "function_call", "call_id": call_id, "name": name, "arguments": text}
        case ToolOutput(call_id, output, custom):
            kind = "custom_tool_call_output" if custom else "function_call_output"
            return {"type": kind, "call_id": call_id, "output": output}
        case Opaque(raw):
            return dict(raw)
        case _:
            assert_never(item)


def encode_tool(tool: Tool) -> dict[str, Any]:
    match tool:
        case FunctionTool(name, description, parameters):
            # Strict is the service's default and forbids optional properties.
            return {
                "type": "function",
                "name": name,
                "description": description,
                "parameters": dict(parameters),
                "strict": False,
            }
        case CustomTool(name, description, grammar):
            return {
                "type": "custom",
                "name": name,
                "description": description,
                "format": {"type": "grammar", "syntax": "lark", "definition": grammar},
            }
        case _:
            assert_never(tool)


class Decoder:
    """Events of one response in, deltas out. `finished` after Completed or Failed."""

    def __init__(self, place: Place | None = None) -> None:
        self.finished = False
        self.refusal: Refusal | None = None
        """What the service said, when the last delta is Failed by its own word."""
        self.bridged = False
        """A custom call came as a function: whoever stands between does not know such calls."""
        self._place = place or Place()
        self._response_id: str | None = None
        self._sequence = 0
        self._output = Output()
        self._handlers: dict[str, Callable[[Mapping[str, Any]], list[Delta]]] = {
            "response.output_text.delta": self._text,
            "response.refusal.delta": self._text,
            "response.custom_tool_call_input.delta": self._custom_delta,
            "response.function_call_arguments.delta": self._function_delta,
            "response.reasoning_summary_text.delta": self._reasoning,
            "response.reasoning_text.delta": self._reasoning,
            "response.reasoning_summary_part.added": self._reasoning_part,
            "response.custom_tool_call_input.done": self._custom_text,
            "response.function_call_arguments.done": self._function_text,
            "response.output_item.added": self._item_added,
            "response.output_item.done": self._item_done,
            "response.created": self._created,
            "response.queued": self._created,
            "response.in_progress": self._created,
            "response.completed": self._ended,
            "response.incomplete": self._ended,
            "response.done": self._ended,
            "response.failed": self._failed,
            "error": self._failed,
        }

    @property
    def response_id(self) -> str:
        """Of the response that is read, "" before it has begun."""
        return self._response_id or ""

    @property
    def item_ids(self) -> frozenset[str]:
        """Of all that it has told so far."""
        return self._output.ids

    def decode(self, event: Mapping[str, Any]) -> list[Delta]:
        """What this event adds; nothing for kinds that are unknown or of no use to us."""
        kind = event.get("type")
        if self.finished:
            return []
        if not isinstance(kind, str):  # a gateway's own words have no type
            return self._failed(event) if event.get("error") else []
        sequence = event.get("sequence_number")
        if type(sequence) is int:
            if 0 < sequence == self._sequence:
                return []  # the same event twice
            self._sequence = sequence
        handler = self._handlers.get(kind)
        return handler(event) if handler else []

    def close(self) -> list[Delta]:
        """The stream has ended. Without a closing event the answer is broken, whatever came."""
        if self.finished:
            return []
        self.finished = True
        return [Failed(broken_off(self._place, "it ended without its closing event"))]

    def done(self) -> list[Delta]:
        """[DONE] is no word of this dialect: it ends nothing that is still open."""
        return self.close()

    def whole(self, answer: Mapping[str, Any]) -> list[Delta]:
        """A response in one piece."""
        if answer.get("error"):
            return self._failed(answer)
        return self.decode({"type": "response.done", "response": answer}) + self.close()

    def _text(self, event: Mapping[str, Any]) -> list[Delta]:
        text = event.get("delta")
        if not isinstance(text, str) or not text:
            return []
        growing = self._output.find(event, "message")
        if growing.closed:
            return []
        growing.parts.append(text)
        return [TextDelta(text)]

    def _custom_delta(self, event: Mapping[str, Any]) -> list[Delta]:
        return self._call_delta(event, "custom")

    def _function_delta(self, event: Mapping[str, Any]) -> list[Delta]:
        return self._call_delta(event, "function")

    def _call_delta(self, event: Mapping[str, Any], kind: Kind) -> list[Delta]:
        text = event.get("delta")
        if not isinstance(text, str) or not text:
            return []
        growing = self._output.find(event, kind)
        if growing.closed:
            return []
        if growing.kind != kind:
            self.bridged = True
            growing.wrapped = growing.wrapped or Unwrap()
            if not (text := growing.wrapped.feed(text)):
                return []
        growing.parts.append(text)
        # Before its item was announced a call has no name: its text waits for it.
        return [CallDelta(growing.call_id, text)] if growing.told else []

    def _custom_text(self, event: Mapping[str, Any]) -> list[Delta]:
        self._output.find(event, "custom").final = string(event.get("input"))
        return []

    def _function_text(self, event: Mapping[str, Any]) -> list[Delta]:
        growing = self._output.find(event, "function")
        arguments = string(event.get("arguments"))
        growing.final = unwrap(arguments) if growing.kind == "custom" else arguments
        return []

    def _reasoning(self, event: Mapping[str, Any]) -> list[Delta]:
        text = event.get("delta")
        return [ReasoningDelta(text)] if isinstance(text, str) and text else []

    def _reasoning_part(self, event: Mapping[str, Any]) -> list[Delta]:
        return [ReasoningDelta("\n\n")] if index(event.get("summary_index")) else []

    def _item_added(self, event: Mapping[str, Any]) -> list[Delta]:
        return self._output.announce(mapping(event.get("item")), index(event.get("output_index")))

    def _item_done(self, event: Mapping[str, Any]) -> list[Delta]:
        return self._output.finish(mapping(event.get("item")), index(event.get("output_index")))

    def _created(self, event: Mapping[str, Any]) -> list[Delta]:
        """Some servers say it again in mid-stream, some never before in_progress."""
        if self._response_id is not None:
            return []
        response = mapping(event.get("response"))
        self._response_id = string(response.get("id"))
        return [Accepted(self._response_id, string(response.get("model")) or self._place.model)]

    def _ended(self, event: Mapping[str, Any]) -> list[Delta]:
        response = mapping(event.get("response"))
        status = string(response.get("status"))
        if status in ("failed", "cancelled"):
            return self._failed(event)
        deltas = self._created(event) + self._output.settle(response.get("output"))
        cut = ""
        if event.get("type") == "response.incomplete" or status == "incomplete":
            reason = string(mapping(response.get("incomplete_details")).get("reason"))
            cut = reason or "incomplete"
        self.finished = True
        response_id = string(response.get("id")) or self._response_id or ""
        usage = _usage(response.get("usage"))
        tier = string(response.get("service_tier"))
        return [*deltas, Completed(response_id, usage, self._output.items, cut, tier)]

    def _failed(self, event: Mapping[str, Any]) -> list[Delta]:
        self.finished = True
        self.refusal = read_refusal(event)
        return [Failed(fault_of(self.refusal, self._place))]


def _usage(raw: object) -> Usage | None:
    if not isinstance(raw, Mapping):
        return None
    return Usage(
        input_tokens=count(raw.get("input_tokens")),
        cached_tokens=count(mapping(raw.get("input_tokens_details")).get("cached_tokens")),
        output_tokens=count(raw.get("output_tokens")),
        reasoning_tokens=count(mapping(raw.get("output_tokens_details")).get("reasoning_tokens")),
    )
