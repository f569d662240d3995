"""What a client asks for, read from either wire into one shape.

The rule kept here: plain values, no I/O. A body that cannot be understood is a `BadRequest` with
the words of the real service. What is answered is script.py's business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

FENCE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
TAGGED = re.compile(r"<(file|edit|context|document|snippet)\b[^>]*>.*?</\1>", re.DOTALL)
FILE = re.compile(r'<file path="([^"\n]+)">\n(.*?)\n?</file>', re.DOTALL)
AGAIN = re.compile(r"\b(?:edit|hunk) (?:of|in) (\S+)", re.IGNORECASE)
NOTE = re.compile(r"\A\[[^\]\n]+\]\n.*?\n\n", re.DOTALL)


class BadRequest(Exception):
    """The request is refused before anything is generated."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: int = 0,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        """0 = nothing is said of when to try again."""

    def error(self) -> dict[str, Any]:
        """The service's error object."""
        kind = {401: "authentication_error", 429: "rate_limit_error", 503: "server_error"}
        return {
            "type": kind.get(self.status, "invalid_request_error"),
            "code": self.code,
            "message": self.message,
            "param": self.param,
        }


@dataclass(frozen=True, slots=True)
class Said:
    role: str
    """user, assistant; system and developer texts are instructions."""
    text: str


@dataclass(frozen=True, slots=True)
class Called:
    call_id: str
    name: str
    input: str


@dataclass(frozen=True, slots=True)
class Answered:
    call_id: str
    output: str


Item = Said | Called | Answered


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools of a request, as far as a script can use them."""

    patch: str = ""
    """Name of the tool that takes a patch, "" when there is none."""
    custom: bool = False
    """The patch tool is a custom one: raw text, not JSON."""
    property: str = "input"
    """The property of a function tool that holds the patch."""
    lookups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Other function tools: name -> JSON schema."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, whatever the wire."""

    model: str
    instructions: str
    items: tuple[Item, ...]
    offer: Offer = field(default_factory=Offer)
    limit: int = 0
    """Most tokens of the answer, 0 = no limit."""
    parent: str = ""
    """previous_response_id, "" when the input is the whole conversation."""
    settings: str = ""
    """What stands before the instructions in a prompt, model and tools: another one of these,
    and nothing that was read before is of use."""

    @property
    def user(self) -> str:
        """The last user message, whole."""
        at = self._last_user()
        item = self.items[at] if at >= 0 else None
        return item.text if isinstance(item, Said) else ""

    @property
    def words(self) -> str:
        """What the person typed: the last user message without a leading [note] of the client,
        quoted files and fenced code."""
        return FENCE.sub("\n", TAGGED.sub("\n", NOTE.sub("", self.user))).strip()

    @property
    def reason(self) -> str:
        """The last paragraph of the words: behind a preface, this is what the person typed."""
        return self.words.rpartition("\n\n")[2]

    @property
    def refined(self) -> str:
        """The path of the one edit that is asked for again, "" in an ordinary request."""
        found = AGAIN.search(self.words) if "<edit>" in self.user else None
        return found.group(1) if found else ""

    @property
    def files(self) -> dict[str, str]:
        """The files of the conversation as they were last shown, in user texts and outputs."""
        shown: dict[str, str] = {}
        for item in self.items:
            match item:
                case Said(role="user", text=text) | Answered(output=text):
                    shown.update(FILE.findall(text))
        return shown

    @property
    def outputs(self) -> tuple[str, ...]:
        """Tool outputs since the last user message; not those of calls made before it, which are
        still to come when a person steers."""
        last = self._last_user()
        owed = {item.call_id for item in self.items[: max(last, 0)] if isinstance(item, Called)}
        after = (item for item in self.items[last + 1 :] if isinstance(item, Answered))
        return tuple(item.output for item in after if item.call_id not in owed)

    @property
    def tokens(self) -> int:
        """Size of the input by the rule of thumb: four characters a token."""
        return (len(self.instructions) + sum(length(item) for item in self.items)) // 4

    def following(self, earlier: Sequence[Item]) -> Ask:
        """The same with the conversation that it continues."""
        return replace(self, items=(*earlier, *self.items))

    def _last_user(self) -> int:
        for at in range(len(self.items) - 1, -1, -1):
            match self.items[at]:
                case Said(role="user"):
                    return at
        return -1


def length(item: Item) -> int:
    """Characters of an item."""
    match item:
        case Said(text=text):
            return len(text)
        case Called(name=name, input=text):
            return len(name) + len(text)
        case Answered(output=text):
            return len(text)


def read(wire: str, body: Mapping[str, Any]) -> Ask:
    """A body of this wire; whatever has an unexpected shape is a BadRequest."""
    try:
        return read_chat(body) if wire == "chat" else read_responses(body)
    except (AttributeError, TypeError, ValueError) as error:
        raise BadRequest(400, "invalid_type", f"A field has the wrong type: {error}") from error


def read_responses(body: Mapping[str, Any]) -> Ask:
    """A body of POST /v1/responses, or a response.create message."""
    raw = body.get("input", [])
    if isinstance(raw, str):
        raw = [{"role": "user", "content": raw}]
    if not isinstance(raw, list):
        raise BadRequest(400, "invalid_type", "'input' must be a string or a list.", param="input")
    system: list[str] = [str(body.get("instructions") or "")]
    items: list[Item] = []
    for entry in raw:
        match entry:
            case {"role": "system" | "developer", "content": content}:
                system.append(_text(content))
            case {"role": str(role), "content": content}:
                items.append(Said(role, _text(content)))
            case {"type": "function_call", "call_id": call_id, "name": name, "arguments": text}:
                items.append(Called(str(call_id), str(name), str(text)))
            case {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": text}:
                items.append(Called(str(call_id), str(name), str(text)))
            case {
                "type": "function_call_output" | "custom_tool_call_output",
                "call_id": call_id,
                "output": output,
            }:
                items.append(Answered(str(call_id), _text(output)))
    return Ask(
        model=_model(body),
        instructions="\n".join(part for part in system if part),
        items=tuple(items),
        offer=_offer(body.get("tools") or ()),
        limit=int(body.get("max_output_tokens") or 0),
        parent=str(body.get("previous_response_id") or ""),
        settings=_settings(body),
    )


def read_chat(body: Mapping[str, Any]) -> Ask:
    """A body of POST /v1/chat/completions."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise BadRequest(400, "invalid_type", "'messages' must be a list.", param="messages")
    system: list[str] = []
    items: list[Item] = []
    for message in messages:
        match message:
            case {"role": "system" | "developer", "content": content}:
                system.append(_text(content))
            case {"role": "tool", "tool_call_id": call_id, "content": content}:
                items.append(Answered(str(call_id), _text(content)))
            case {"role": str(role)}:
                if text := _text(message.get("content")):
                    items.append(Said(role, text))
                for call in message.get("tool_calls") or ():
                    function = call.get("function") or {}
                    name, text = str(function.get("name")), str(function.get("arguments"))
                    items.append(Called(str(call.get("id")), name, text))
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or 0
    tools = [entry.get("function", entry) for entry in body.get("tools") or ()]
    return Ask(
        model=_model(body),
        instructions="\n".join(system),
        items=tuple(items),
        offer=_offer([{**tool, "type": "function"} for tool in tools]),
        limit=int(limit),
        settings=_settings(body),
    )


def _settings(body: Mapping[str, Any]) -> str:
    names = ("model", "tools", "reasoning", "reasoning_effort")
    return json.dumps([body.get(name) for name in names])


def _model(body: Mapping[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest(
            400, "missing_required_parameter", "Missing required parameter: 'model'.", param="model"
        )
    return model


def _text(content: object) -> str:
    """Message content: a string, or a list of parts of which the texts count."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") or part.get("refusal") or "" for part in content]
    return "".join(str(part) for part in parts)


def _offer(tools: Sequence[Mapping[str, Any]]) -> Offer:
    lookups: dict[str, Mapping[str, Any]] = {}
    patch, custom, name_of_field = "", False, "input"
    for tool in tools:
        name = str(tool.get("name") or "")
        schema = tool.get("parameters") or {}
        properties = schema.get("properties") or {}
        if tool.get("type") == "custom":
            patch, custom = name, True
        elif tool.get("type") == "function" and ("patch" in name or list(properties) == ["input"]):
            if not custom and properties:
                patch, name_of_field = name, next(iter(properties))
        elif tool.get("type") == "function":
            lookups[name] = schema
    return Offer(patch, custom, name_of_field, lookups)


def parse(text: str | bytes) -> dict[str, Any]:
    """The JSON object of a body or frame."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadRequest(400, "invalid_json", f"The body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadRequest(400, "invalid_json", "The body is not a JSON object.")
    return value
