"""What those servers say, word for word, as the small files of tests/model/recorded.

The rule kept here: raw clients, none of our codec; and nothing in a file that names a machine, a
moment or a random number, so that two recordings of the same version are the same text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

from tests.conformance.conftest import KEY, MASTER, WINDOW, LiteLLM, Llama

FOLDER = Path(__file__).resolve().parents[1] / "model" / "recorded"
READ: dict[str, Any] = {
    "name": "read",
    "description": "Read files.",
    "parameters": {
        "type": "object",
        "properties": {"paths": {"type": "array", "items": {"type": "string"}}},
        "required": ["paths"],
    },
}
FUNCTION = {"type": "function", "strict": False, **READ}
PATCH = {"type": "custom", "name": "apply_patch", "description": "Change files."}
LARGE = "word " * (WINDOW // 4)
ENDS = ("response.completed", "response.incomplete", "response.failed", "error")


def recordings(llama: Llama, litellm: LiteLLM) -> dict[str, str]:
    """File name -> text, from fresh answers of both."""
    found: dict[str, str] = {}
    for server, url, key, model in (
        ("llama", llama.base_url, KEY, "automaton"),
        ("litellm", litellm.base_url, MASTER, "tiny"),
    ):
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
            for name, text in _streams(client, model):
                found[f"{server}-{name}.sse"] = text
            found[f"{server}-errors.jsonl"] = _errors(client, model)
    return {name: redacted(text) for name, text in found.items()}


def _streams(client: httpx.Client, model: str) -> Iterator[tuple[str, str]]:
    for said in ("talk", "think", "pair", "long"):
        body = {"model": model, "stream": True}
        limit = 6 if said == "long" else 200
        responses = {**body, "input": said, "max_output_tokens": limit}
        chat = {
            **body,
            "messages": [{"role": "user", "content": said}],
            "max_tokens": limit,
            "stream_options": {"include_usage": True},
        }
        if said == "pair":
            responses["tools"] = [FUNCTION]
            chat["tools"] = [{"type": "function", "function": READ}]
        yield f"responses-{said}", client.post("/responses", json=responses).text
        yield f"chat-{said}", client.post("/chat/completions", json=chat).text


def _errors(client: httpx.Client, model: str) -> str:
    asked: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {}
    for path, field in (("/responses", "input"), ("/chat/completions", "messages")):
        large: Any = LARGE if field == "input" else [{"role": "user", "content": LARGE}]
        small: Any = "talk" if field == "input" else [{"role": "user", "content": "talk"}]
        body = {"model": model, "stream": True}
        asked |= {
            f"{path} window": (path, {**body, field: large}, {}),
            f"{path} key": (path, {**body, field: small}, {"Authorization": "Bearer sk-no"}),
            f"{path} model": (path, {**body, field: small, "model": "gpt-9"}, {}),
        }
    parent = {"model": model, "input": "talk", "previous_response_id": "resp_x", "stream": True}
    call = {"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": "x"}
    asked["/responses previous"] = ("/responses", parent, {})
    asked["/responses custom"] = ("/responses", {"model": model, "input": [call]}, {})
    lines = []
    for case, (path, body, headers) in asked.items():
        # On a line of its own: one that was refused may be closed before it says so.
        headers = {**headers, "Connection": "close"}
        answer = client.post(path, json=body, headers=headers)
        if answer.status_code != 200:
            told = {"case": case, "status": answer.status_code, "body": answer.json()}
            lines.append(json.dumps(told, ensure_ascii=False))
    return "".join(f"{line}\n" for line in lines)


async def socket_recordings(litellm: LiteLLM) -> dict[str, str]:
    """The frames of a socket, one a line."""
    found: dict[str, str] = {}
    url = litellm.base_url.replace("http", "ws", 1) + "/responses"
    headers = {"Authorization": f"Bearer {MASTER}"}
    custom: dict[str, Any] = {"input": "patch", "tools": [PATCH]}
    turns: dict[str, list[dict[str, Any]]] = {
        "talk": [{"input": "talk"}],
        "warm-up": [{"generate": False, "input": "talk"}],
        "think": [{"input": "think"}],
        "pair": [{"input": "pair", "tools": [FUNCTION]}],
        "patch": [custom],
        "long": [{"input": "long", "max_output_tokens": 6}],
        "error-window": [{"input": LARGE}],
        "error-model": [{"input": "talk", "model": "gpt-9"}],
        "error-second-model": [{"input": "talk"}, {"input": "talk", "model": "other"}],
        "error-effort": [{"input": "talk", "reasoning": {"effort": "low"}}],
        "error-key-behind": [{"input": "talk", "model": "deaf"}],
    }
    for name, frames in turns.items():
        async with connect(url, additional_headers=headers, max_size=None, proxy=None) as line:
            said: list[str] = []
            for frame in frames:
                said = []
                body = {"type": "response.create", "model": "tiny", "store": False, **frame}
                await line.send(json.dumps(body))
                while not said or json.loads(said[-1])["type"] not in ENDS:
                    said.append(str(await line.recv()))
            found[f"litellm-socket-{name}.jsonl"] = redacted("".join(f"{one}\n" for one in said))
    return found


_ID = re.compile(
    r"\b(resp|msg|rs|fc|ctc|call|chatcmpl)([_-])([A-Za-z0-9+/_-]{16,}={0,2})|\b([A-Za-z0-9]{32})\b"
)
_MOMENT = re.compile(r'("(?:created|created_at|completed_at)": ?)\d+(?:\.\d+)?')
_TIMING = re.compile(r'("\w+_(?:ms|per_second)": ?)[0-9.e+-]+')
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")


def redacted(text: str) -> str:
    """The same with small numbers for ids, and without moments, durations and addresses."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        random = found[3] or found[4]
        known = numbers.setdefault(random, f"id{len(numbers) + 1}")
        return f"{found[1] or ''}{found[2] or ''}{known}"

    text = _MOMENT.sub(r"\g<1>1700000000", _ADDRESS.sub("127.0.0.1:8080", text))
    return _ID.sub(number, _TIMING.sub(r"\g<1>0", text))


def shape(name: str, text: str) -> list[str]:
    """The kinds of events in order, a run of one kind as one."""
    kinds: list[str] = []
    for line in text.splitlines():
        data = line.removeprefix("data: ")
        if name.endswith(".sse") and data == line:
            continue
        kind = "[DONE]" if data == "[DONE]" else _kind(json.loads(data))
        if kinds[-1:] != [kind]:
            kinds.append(kind)
    return kinds


def _kind(event: dict[str, Any]) -> str:
    if isinstance(event.get("type"), str):
        item = event.get("item") or {}
        return " ".join(filter(None, (event["type"], item.get("type"))))
    if "case" in event:
        error = event["body"].get("error", {})
        return f"{event['case']} {event['status']} {error.get('type')}"
    choice = (event.get("choices") or [{}])[0]
    keys = sorted(key for key, value in choice.get("delta", {}).items() if value is not None)
    usage = "usage" if event.get("usage") else ""
    return " ".join(filter(None, ("chunk", *keys, choice.get("finish_reason"), usage)))
