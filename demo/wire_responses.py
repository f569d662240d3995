"""Events of the Responses API, as JSON texts, for one response.

The rule kept here: sans-I/O, and every event is complete and in order: sequence numbers, output
and content indices, item ids, `.done` events and the authoritative item after its deltas. One
delta costs one string; nothing of the answer is copied per delta.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .plan import Call, Part, payload
from .script import Pause, Text, Think

Event = tuple[str, str]
"""Event type and JSON."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens of one response, estimated as all servers of this kind do: four characters each."""

    input: int
    cached: int
    output: int
    reasoning: int = 0

    def responses(self) -> dict[str, Any]:
        return {
            "input_tokens": self.input,
            "input_tokens_details": {"cached_tokens": self.cached, "cache_write_tokens": 0},
            "output_tokens": self.output,
            "output_tokens_details": {"reasoning_tokens": self.reasoning},
            "total_tokens": self.input + self.output,
        }

    def chat(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.input,
            "prompt_tokens_details": {"cached_tokens": self.cached},
            "completion_tokens": self.output,
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
            "total_tokens": self.input + self.output,
        }


@dataclass(slots=True)
class ResponsesEvents:
    """Writes one response, event by event."""

    response_id: str
    model: str
    body: Mapping[str, Any]
    """The request, for the fields a response repeats."""
    output: list[dict[str, Any]] = field(default_factory=list)
    """Finished items, as the last event repeats them."""
    _sequence: int = 0
    _item: dict[str, Any] = field(default_factory=dict)
    _frame: tuple[str, str, str] = ("", "", "")
    """Event type of the open item's deltas, JSON before and after the delta."""

    def opening(self) -> list[Event]:
        response = self._response("in_progress")
        return [
            self.event("response.created", response=response),
            self.event("response.in_progress", response=response),
        ]

    def begin(self, part: Part) -> list[Event]:
        """An item starts."""
        index = len(self.output)
        suffix = f"{self.response_id.removeprefix('resp_')}_{index}"
        match part:
            case Text():
                self._item = {
                    "id": f"msg_{suffix}",
                    "type": "message",
                    "role": "assistant",
                    "status": "in_progress",
                    "content": [],
                }
                empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
                events = [
                    self._added(index),
                    self.event("response.content_part.added", **self._at(0), part=empty),
                ]
                self._open("response.output_text.delta", content_index=0, logprobs=[])
            case Think():
                self._item = {"id": f"rs_{suffix}", "type": "reasoning", "summary": []}
                events = [
                    self._added(index),
                    self.event(
                        "response.reasoning_summary_part.added",
                        **self._at(),
                        summary_index=0,
                        part={"type": "summary_text", "text": ""},
                    ),
                ]
                self._open("response.reasoning_summary_text.delta", summary_index=0)
            case Call(name, _, custom):
                self._item = {
                    "id": f"{'ctc' if custom else 'fc'}_{suffix}",
                    "type": "custom_tool_call" if custom else "function_call",
                    "call_id": f"call_{suffix}",
                    "name": name,
                    "input" if custom else "arguments": "",
                    "status": "in_progress",
                }
                events = [self._added(index)]
                kind = "custom_tool_call_input" if custom else "function_call_arguments"
                self._open(f"response.{kind}.delta")
            case Pause():
                events = []
        return events

    def deltas(self, texts: Sequence[str]) -> list[Event]:
        """One event a token."""
        kind, before, after = self._frame
        events: list[Event] = []
        for text in texts:
            events.append((kind, f"{before}{self._sequence}{after}{json.dumps(text)}}}"))
            self._sequence += 1
        return events

    def end(self, part: Part, *, cut: bool = False) -> list[Event]:
        """The item is complete, or ends where the limit is."""
        text = payload(part)
        item = dict(self._item)
        events: list[Event] = []
        match part:
            case Text():
                content = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
                item["content"] = [content]
                events += [
                    self.event("response.output_text.done", **self._at(0), text=text, logprobs=[]),
                    self.event("response.content_part.done", **self._at(0), part=content),
                ]
            case Think():
                summary = {"type": "summary_text", "text": text}
                item["summary"] = [summary]
                if "reasoning.encrypted_content" in (self.body.get("include") or ()):
                    item["encrypted_content"] = f"demo:{item['id']}"
                at = {**self._at(), "summary_index": 0}
                events += [
                    self.event("response.reasoning_summary_text.done", **at, text=text),
                    self.event("response.reasoning_summary_part.done", **at, part=summary),
                ]
            case Call(custom=True):
                item["input"] = text
                kind = "response.custom_tool_call_input.done"
                events.append(self.event(kind, **self._at(), input=text))
            case Call(name=name):
                item["arguments"] = text
                kind = "response.function_call_arguments.done"
                events.append(self.event(kind, **self._at(), name=name, arguments=text))
            case Pause():
                return []
        if "status" in item:
            item["status"] = "incomplete" if cut else "completed"
        events.append(
            self.event("response.output_item.done", output_index=len(self.output), item=item)
        )
        self.output.append(item)
        return events

    def finish(self, spent: Spent, *, cut: str = "") -> list[Event]:
        response = self.final(spent, cut=cut)
        return [self.event(f"response.{response['status']}", response=response)]

    def final(self, spent: Spent, *, cut: str = "") -> dict[str, Any]:
        """The whole response object: the last event's, and the answer without a stream."""
        response = self._response("incomplete" if cut else "completed")
        response["output"] = list(self.output)
        response["usage"] = spent.responses()
        if cut:
            response["incomplete_details"] = {"reason": cut}
        return response

    def _added(self, index: int) -> Event:
        return self.event("response.output_item.added", output_index=index, item=self._item)

    def _at(self, content_index: int | None = None) -> dict[str, Any]:
        at: dict[str, Any] = {"item_id": self._item["id"], "output_index": len(self.output)}
        return at if content_index is None else {**at, "content_index": content_index}

    def _open(self, kind: str, **fields: Any) -> None:
        lane = self._lane()
        before = f'{{"type":"{kind}",{lane}"sequence_number":'
        rest = json.dumps({**self._at(), **fields})[1:-1]
        self._frame = (kind, before, f',{rest},"delta":')

    def event(self, kind: str, **fields: Any) -> Event:
        """Any event, with the next number of this response."""
        rest = json.dumps(fields)[1:-1]
        text = f'{{"type":"{kind}",{self._lane()}"sequence_number":{self._sequence},{rest}}}'
        self._sequence += 1
        return kind, text

    def _lane(self) -> str:
        lane = self.body.get("stream_id")
        return f'"stream_id":{json.dumps(lane)},' if lane else ""

    def _response(self, status: str) -> dict[str, Any]:
        body = self.body
        return {
            "id": self.response_id,
            "object": "response",
            "created_at": int(time.time()),
            "status": status,
            "model": self.model,
            "output": [],
            "usage": None,
            "error": None,
            "incomplete_details": None,
            "instructions": body.get("instructions"),
            "previous_response_id": body.get("previous_response_id"),
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools") or [],
            "max_output_tokens": body.get("max_output_tokens"),
            "metadata": body.get("metadata") or {},
            "reasoning": body.get("reasoning") or {"effort": None, "summary": None},
            "service_tier": "default",
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "top_p": body.get("top_p", 1.0),
            "text": body.get("text") or {"format": {"type": "text"}},
            "truncation": body.get("truncation", "disabled"),
        }
