"""The chat-completions dialect, both ways: what almost every other server speaks.

The rule kept here: sans-I/O, and total: `Decoder.decode` takes any mapping and never raises.
Custom tools do not exist in this dialect: their declarations are dropped, and calls that an
earlier wire made become plain text. `Decoder.close` must be called at [DONE] or the body's end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from spark_tui.model.faults import Place, Refusal, broken_off, fault_of, read_refusal
from spark_tui.model.loose import count, index, listed, mapping, string
from spark_tui.model.provider import (
    Accepted,
    AssistantText,
    CallDelta,
    CallDone,
    CallOpened,
    Completed,
    Delta,
    Failed,
    FunctionTool,
    Item,
    Opaque,
    ReasoningDelta,
    Request,
    TextDelta,
    TextDone,
    ToolCall,
    ToolOutput,
    Usage,
    UserText,
)
from spark_tui.model.thinking import ThinkTags


def encode(request: Request, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The body of a streaming request. `without` names fields that were refused before."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": _messages(request),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    tools = [_tool(tool) for tool in request.tools if isinstance(tool, FunctionTool)]
    if tools:
        body["tools"] = tools
    if request.max_output_tokens is not None:
        # The old name is known everywhere but at OpenAI's newer models, which name the new one.
        name = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
        body[name] = request.max_output_tokens
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.effort:
        body["reasoning_effort"] = request.effort
    if request.service_tier:
        body["service_tier"] = request.service_tier
    for name in without:
        body.pop(name, None)
    return body


def _tool(tool: FunctionTool) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
    return {"type": "function", "function": function}


def _messages(request: Request) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.instructions:
        messages.append({"role": "system", "content": request.instructions})
    for item in request.items:
        _append(messages, item)
    return messages


def _append(messages: list[dict[str, Any]], item: Item) -> None:
    match item:
        case UserText(text):
            _say(messages, "user", text)
        case AssistantText(text) | ToolCall(input=text, custom=True):
            _say(messages, "assistant", text)
        case ToolCall(call_id, name, text):
            function = {"name": name, "arguments": _arguments(text)}
            call = {"id": call_id, "type": "function", "function": function}
            last = messages[-1] if messages else {}
            if last.get("role") != "assistant":
                last = {"role": "assistant", "content": None}
                messages.append(last)
            last.setdefault("tool_calls", []).append(call)
        case ToolOutput(_, output, custom=True):
            _say(messages, "user", output)
        case ToolOutput(call_id, output):
            messages.append({"role": "tool", "tool_call_id": call_id, "content": output})
        case Opaque():
            pass
        case _:
            assert_never(item)


def _say(messages: list[dict[str, Any]], role: str, text: str) -> None:
    """One message for what one side says in a row: some chat templates insist on turns."""
    last = messages[-1] if messages else {}
    if last.get("role") == role and isinstance(last.get("content"), str) and len(last) == 2:
        last["content"] += "\n\n" + text
    else:
        messages.append({"role": role, "content": text})


def _arguments(text: str) -> str:
    """Templates parse them: a call that was cut in the middle would fail every later request."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return json.dumps({"input": text}) if text else "{}"
    return text


@dataclass(slots=True)
class _Call:
    call_id: str
    name: str = ""
    parts: list[str] = field(default_factory=list)
    told: bool = False


class Decoder:
    """Chunks of one completion in, deltas out. `finished` after Completed or Failed."""

    def __init__(self, place: Place | None = None) -> None:
        self.finished = False
        self.refusal: Refusal | None = None
        self._place = place or Place()
        self._response_id: str | None = None
        self._text: list[str] = []
        self._think = ThinkTags()
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._tier = ""

    def decode(self, event: Mapping[str, Any]) -> list[Delta]:
        if self.finished:
            return []
        if event.get("error") or "error" in (event.get("type"), event.get("object")):
            self.finished = True
            self.refusal = read_refusal(event)
            return [Failed(fault_of(self.refusal, self._place))]
        deltas: list[Delta] = []
        if self._response_id is None:
            self._response_id = string(event.get("id"))
            model = string(event.get("model")) or self._place.model
            deltas.append(Accepted(self._response_id, model))
        if isinstance(usage := event.get("usage"), Mapping):
            self._usage = _usage(usage)  # some say it in every chunk: the last one counts
        self._tier = string(event.get("service_tier")) or self._tier
        for choice in map(mapping, listed(event.get("choices"))):
            if choice.get("index") in (0, None):
                self._choice(choice, deltas)
        return deltas

    def close(self) -> list[Delta]:
        """[DONE], or the end of the body: whole if the service gave a reason to stop."""
        if self.finished:
            return []
        self.finished = True
        if self._reason is None:
            return [Failed(broken_off(self._place, "it ended without a reason to stop"))]
        deltas: list[Delta] = []
        self._say(self._think.end(), deltas)
        items: list[Item] = []
        if text := "".join(self._text):
            deltas.append(TextDone(text))
            items.append(AssistantText(text))
        for call in self._calls:
            if not call.told:  # never named: nobody can answer it
                continue
            arguments = "".join(call.parts) or "{}"
            deltas.append(CallDone(call.call_id, call.name, arguments, custom=False))
            items.append(ToolCall(call.call_id, call.name, arguments))
        cut = _CUTS.get(self._reason, self._reason)
        response_id = self._response_id or ""
        return [*deltas, Completed(response_id, self._usage, tuple(items), cut, self._tier)]

    def done(self) -> list[Delta]:
        """[DONE] is the service's own end, even if it never gave a reason."""
        if self._reason is None:
            self._reason = "stop"
        return self.close()

    def whole(self, answer: Mapping[str, Any]) -> list[Delta]:
        """A completion in one piece: `message` stands where a chunk has `delta`."""
        return self.decode(answer) + self.close()

    def _choice(self, choice: Mapping[str, Any], deltas: list[Delta]) -> None:
        delta = mapping(choice.get("delta")) or mapping(choice.get("message"))
        thought = string(delta.get("reasoning_content")) or string(delta.get("reasoning"))
        if thought:
            deltas.append(ReasoningDelta(thought))
        if text := string(delta.get("content")):
            self._say(self._think.feed(text), deltas)
        if text := string(delta.get("refusal")):
            self._say(("", text), deltas)
        for fragment in map(mapping, listed(delta.get("tool_calls"))):
            self._fragment(fragment, deltas)
        if isinstance(reason := choice.get("finish_reason"), str) and reason:
            self._reason = reason

    def _say(self, split: tuple[str, str], deltas: list[Delta]) -> None:
        thought, text = split
        if thought:
            deltas.append(ReasoningDelta(thought))
        if text:
            self._text.append(text)
            deltas.append(TextDelta(text))

    def _fragment(self, fragment: Mapping[str, Any], deltas: list[Delta]) -> None:
        call = self._call(fragment)
        function = mapping(fragment.get("function"))
        arguments = function.get("arguments")
        if isinstance(arguments, Mapping):
            arguments = json.dumps(arguments, default=str)
        text = string(arguments)
        if text:
            call.parts.append(text)
        if call.told:
            if text:
                deltas.append(CallDelta(call.call_id, text))
            return
        call.name = string(function.get("name"))
        if call.name:
            call.told = True
            deltas.append(CallOpened(call.call_id, call.name, custom=False))
            if waiting := "".join(call.parts):
                deltas.append(CallDelta(call.call_id, waiting))

    def _call(self, fragment: Mapping[str, Any]) -> _Call:
        """By index; by a new id where there is no index, or where it is always the same."""
        at, call_id = index(fragment.get("index")), string(fragment.get("id"))
        if at is not None:
            call = self._by_index.get(at)
        else:
            call = self._calls[-1] if self._calls else None
        if call is None or self._is_another(call, call_id, fragment):
            call = _Call(call_id or f"call_{len(self._calls) + 1}")
            self._calls.append(call)
            if at is not None:
                self._by_index[at] = call
        return call

    def _is_another(self, call: _Call, call_id: str, fragment: Mapping[str, Any]) -> bool:
        """A new id is a new call. Where calls have none, another name is one, and so is the same
        name again with arguments, behind a call that is whole."""
        if call_id:
            return call_id != call.call_id
        function = mapping(fragment.get("function"))
        name = string(function.get("name"))
        if not name or not call.told:
            return False
        return name != call.name or (
            bool(function.get("arguments")) and _is_whole("".join(call.parts))
        )


def _is_whole(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False


_CUTS = {
    "stop": "",
    "tool_calls": "",
    "function_call": "",
    "eos": "",
    "length": "max_output_tokens",
}
"""finish_reason in the words of the Responses dialect; others keep their own."""


def _usage(raw: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=count(raw.get("prompt_tokens")),
        cached_tokens=count(mapping(raw.get("prompt_tokens_details")).get("cached_tokens")),
        output_tokens=count(raw.get("completion_tokens")),
        reasoning_tokens=count(
            mapping(raw.get("completion_tokens_details")).get("reasoning_tokens")
        ),
    )
