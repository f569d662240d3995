"""The official SDK as a client of the demo's server: every event in its own strict types.

The rule kept here: the SDK builds its values without a check, so each event is checked here
against the type that the SDK declares for it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import Response, ResponsesServerEvent
from pydantic import TypeAdapter

from tests.conformance.conftest import ROOT
from tests.conformance.processes import running

pytestmark = pytest.mark.conformance
PATCH: Any = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Change files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /(.|\\n)+/"},
}
FUNCTION: Any = {
    "type": "function",
    "name": "apply_patch",
    "description": "Change files.",
    "parameters": {"type": "object", "properties": {"input": {"type": "string"}}},
    "strict": False,
}
ASKED = "Write factorial, tests first"
"""A prompt of the demo: two texts and two patches."""


@pytest.fixture(scope="module")
def demo(outside: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    command = [sys.executable, str(ROOT / "demo" / "server.py"), "--rate", "0", "--ttft", "0"]
    folder = tmp_path_factory.mktemp("demo")
    with running(command, environ=outside, folder=folder, says=r'"url": "([^"]+)"') as found:
        yield found[1]


@pytest.fixture(scope="module")
def typed() -> TypeAdapter[Any]:
    return TypeAdapter(ResponsesServerEvent)


def with_client(url: str, body: Callable[[AsyncOpenAI], Awaitable[None]]) -> None:
    async def run() -> None:
        async with AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
            await body(client)

    asyncio.run(run())


async def socket_turn(line: Any, typed: TypeAdapter[Any], **fields: Any) -> list[Any]:
    """One create over the SDK's socket, its events checked one by one."""
    await line.response.create(model="demo-fast", store=False, **fields)
    found: list[Any] = []
    while True:
        data = await line.recv_bytes()
        found.append(typed.validate_python(json.loads(data)))
        if found[-1].type in ("response.completed", "response.incomplete", "error"):
            return found


def test_every_event_of_the_socket_has_its_type(demo: str, typed: TypeAdapter[Any]) -> None:
    async def body(client: AsyncOpenAI) -> None:
        async with client.responses.connect() as line:
            warm = await socket_turn(line, typed, input=[], generate=False, tools=[PATCH])
            assert [event.type for event in warm] == [
                "response.created", "response.in_progress", "response.completed",
            ]  # fmt: skip
            first = await socket_turn(
                line, typed, input=ASKED, previous_response_id=warm[-1].response.id, tools=[PATCH]
            )
            response = first[-1].response
            kinds = [item.type for item in response.output]
            assert kinds == ["message", "custom_tool_call"] * 2
            outputs = [
                {"type": "custom_tool_call_output", "call_id": item.call_id, "output": "Success."}
                for item in response.output
                if item.type == "custom_tool_call"
            ]
            last = await socket_turn(
                line, typed, input=outputs, previous_response_id=response.id, tools=[PATCH]
            )
            assert last[-1].response.output_text == "Done.\n"
            cut = await socket_turn(line, typed, input="/long 50", max_output_tokens=5)
            assert cut[-1].response.incomplete_details.reason == "max_output_tokens"

    with_client(demo, body)


def test_its_own_accumulator_builds_what_the_last_event_says(demo: str) -> None:
    """`responses.stream` keeps a snapshot by indices: a gap in them would break it."""

    async def body(client: AsyncOpenAI) -> None:
        for tools in ([PATCH], [FUNCTION]):
            async with client.responses.stream(
                model="demo-fast", input=ASKED, tools=tools
            ) as stream:
                kinds = {event.type async for event in stream}
                final = await stream.get_final_response()
            assert "response.completed" in kinds
            assert final.output_text
            patches = [getattr(item, "input", None) or getattr(item, "arguments", None)
                       for item in final.output if item.type != "message"]  # fmt: skip
            assert len(patches) == 2
            assert all("*** Begin Patch" in str(patch) for patch in patches)

    with_client(demo, body)


async def read(client: httpx.AsyncClient, path: str, **body: Any) -> list[dict[str, Any]]:
    """The data of each server-sent event, and [DONE] as {}."""
    answer = await client.post(path, json={"model": "demo-fast", "stream": True, **body})
    lines = answer.text.splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [json.loads(text) if text != "[DONE]" else {} for text in data]


def test_every_event_over_http_has_its_type(demo: str, typed: TypeAdapter[Any]) -> None:
    async def run() -> None:
        async with httpx.AsyncClient(base_url=demo, trust_env=False) as client:
            for tools in ([PATCH], [FUNCTION]):
                for event in await read(client, "/responses", input=ASKED, tools=tools):
                    typed.validate_python(event)
            *chunks, done = await read(
                client,
                "/chat/completions",
                messages=[{"role": "user", "content": ASKED}],
                tools=[{"type": "function", "function": FUNCTION}],
                stream_options={"include_usage": True},
            )
            assert done == {}
            for chunk in chunks:
                ChatCompletionChunk.model_validate(chunk)
            assert chunks[-1]["usage"]["completion_tokens"] > 0
            whole = {"model": "demo-fast", "input": ASKED, "tools": [PATCH]}
            answer = await client.post("/responses", json=whole)
            Response.model_validate(answer.json())

    asyncio.run(run())


def test_its_accumulator_of_chunks_builds_the_calls(demo: str) -> None:
    async def body(client: AsyncOpenAI) -> None:
        tool: Any = {"type": "function", "function": {**FUNCTION, "type": None}}
        async with client.chat.completions.stream(
            model="demo-fast", messages=[{"role": "user", "content": ASKED}], tools=[tool]
        ) as stream:
            final = await stream.get_final_completion()
        made = final.choices[0].message.tool_calls or []
        assert len(made) == 2
        assert all("*** Begin Patch" in str(call.function.arguments) for call in made)

    with_client(demo, body)


def test_it_raises_its_own_errors(demo: str, typed: TypeAdapter[Any]) -> None:
    async def body(client: AsyncOpenAI) -> None:
        with pytest.raises(openai.NotFoundError):
            await client.responses.create(model="gpt-9", input="hi")
        with pytest.raises(openai.BadRequestError):
            await client.chat.completions.create(model="demo-fast", messages=7)  # type: ignore[call-overload]
        async with client.responses.connect() as line:
            found = await socket_turn(line, typed, input=[], previous_response_id="resp_gone")
            assert found[-1].type == "error"
            again = await socket_turn(line, typed, input="/long 3")
            assert again[-1].type == "response.completed"

    with_client(demo, body)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("badkey", openai.AuthenticationError),
        ("ratelimit:2", openai.RateLimitError),
        ("drop:3", openai.APIError),
    ],
)
def test_bad_weather_is_told_in_its_words(
    outside: Mapping[str, str], tmp_path: Path, fault: str, raised: type[Exception]
) -> None:
    command = [sys.executable, str(ROOT / "demo" / "server.py"), "--ttft", "0", "--fault", fault]

    async def body(client: AsyncOpenAI) -> None:
        with pytest.raises(raised):
            stream = await client.responses.create(model="demo-fast", input="/long 20", stream=True)
            async for _ in stream:
                pass

    with running(command, environ=outside, folder=tmp_path, says=r'"url": "([^"]+)"') as found:
        with_client(found[1], body)
