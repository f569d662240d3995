"""Chunks of the chat completions API, as JSON texts, for one answer.

The rule kept here: sans-I/O, with the same four steps as wire_responses.py: opening, begin,
deltas, end. The role comes once, a call's name and id come once, usage comes in a chunk without
choices, and only when it was asked for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .plan import Call, Part, payload
from .script import Pause, Text, Think
from .wire_responses import Event, Spent


@dataclass(slots=True)
class ChatChunks:
    """Writes one chat completion, chunk by chunk."""

    response_id: str
    model: str
    body: Mapping[str, Any]
    created: int = field(default_factory=lambda: int(time.time()))
    _text: list[str] = field(default_factory=list)
    _calls: list[dict[str, Any]] = field(default_factory=list)
    _frame: tuple[str, str] = ("", "")

    def opening(self) -> list[Event]:
        return [self._chunk({"role": "assistant", "content": ""})]

    def begin(self, part: Part) -> list[Event]:
        match part:
            case Text():
                self._frame = self._around('{"content":', "}")
            case Think():
                self._frame = self._around('{"reasoning":', "}")
            case Call(name, _, _):
                index = len(self._calls)
                call = {
                    "id": f"call_{self.response_id.removeprefix('chatcmpl-')}_{index}",
                    "type": "function",
                    "function": {"name": name, "arguments": ""},
                }
                self._calls.append(call)
                start = f'{{"tool_calls":[{{"index":{index},"function":{{"arguments":'
                self._frame = self._around(start, "}}]}")
                return [self._chunk({"tool_calls": [{"index": index, **call}]})]
            case Pause():
                pass
        return []

    def deltas(self, texts: Sequence[str]) -> list[Event]:
        before, after = self._frame
        return [("", f"{before}{json.dumps(text)}{after}") for text in texts]

    def end(self, part: Part, *, cut: bool = False) -> list[Event]:
        match part:
            case Text(text):
                self._text.append(text)
            case Call():
                self._calls[-1]["function"]["arguments"] = payload(part)
        return []

    def finish(self, spent: Spent, *, cut: str = "") -> list[Event]:
        events = [self._chunk({}, finish=self._reason(cut))]
        if (self.body.get("stream_options") or {}).get("include_usage"):
            usage = {**self._head("chat.completion.chunk"), "choices": [], "usage": spent.chat()}
            events.append(("", json.dumps(usage)))
        return [*events, ("", "[DONE]")]

    def final(self, spent: Spent, *, cut: str = "") -> dict[str, Any]:
        """The whole completion object: the answer without a stream."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._text) or None}
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {"index": 0, "message": message, "finish_reason": self._reason(cut)}
        return {**self._head("chat.completion"), "choices": [choice], "usage": spent.chat()}

    def _reason(self, cut: str) -> str:
        if cut:
            return "length"
        return "tool_calls" if self._calls else "stop"

    def _chunk(self, delta: Mapping[str, Any], *, finish: str | None = None) -> Event:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return "", json.dumps({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _around(self, start: str, end: str) -> tuple[str, str]:
        """The JSON of a chunk before and after the text of its delta."""
        head = json.dumps(self._head("chat.completion.chunk"))[:-1]
        before = f'{head},"choices":[{{"index":0,"delta":{start}'
        return before, f'{end},"finish_reason":null}}]}}'

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.response_id,
            "object": kind,
            "created": self.created,
            "model": self.model,
        }
