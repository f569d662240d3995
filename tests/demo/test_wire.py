"""The wire: shapes and order of events, chains, errors, and the official SDK as a witness."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from httpx import AsyncClient
from openai import AsyncOpenAI
from websockets.asyncio.client import ClientConnection, connect

from demo.model import Service
from demo.script import load, read_script
from demo.service import listening

PATCH: dict[str, Any] = {"type": "custom", "name": "apply_patch", "description": "A patch."}
READ: dict[str, Any] = {
    "type": "function",
    "name": "read",
    "description": "Read files.",
    "parameters": {
        "type": "object",
        "properties": {"paths": {"type": "array"}, "ranges": {"type": "array"}},
        "required": ["paths", "ranges"],
    },
    "strict": False,
}
SCRIPT = """
title = "Everything"
say = "everything"
match = ["everything"]
[[step]]
think = "A moment of thought."
[[step]]
text = "I look first."
[[step]]
read = ["a.txt"]
[[step]]
text = "Now the edit."
[[step]]
pause = "0s"
[[step]]
patch = '''
*** Begin Patch
*** Add File: b.txt
+ä "quoted" \\\\ line
*** End Patch
'''
"""


@pytest.fixture
def service(tmp_path: Path) -> Service:
    path = tmp_path / "everything.toml"
    path.write_text(SCRIPT, encoding="utf-8")
    scripts = (read_script(path), *load())
    return Service(("demo-fast", "demo-smart"), scripts, rate=0, ttft_s=0)


def with_client(service: Service, body: Callable[[AsyncOpenAI], Awaitable[None]]) -> None:
    async def run() -> None:
        async with listening(service) as url, AsyncOpenAI(base_url=url, api_key="any") as client:
            await body(client)

    asyncio.run(run())


@asynccontextmanager
async def socket(service: Service) -> AsyncIterator[ClientConnection]:
    async with listening(service) as url:
        address = url.replace("http", "ws") + "/responses"
        async with connect(address, compression=None, max_size=None) as line:
            yield line


async def events(line: ClientConnection, **fields: Any) -> list[dict[str, Any]]:
    """One create and its events to the terminal one."""
    body = {"type": "response.create", "model": "demo-fast", "store": False, **fields}
    await line.send(json.dumps(body))
    found: list[dict[str, Any]] = []
    while True:
        found.append(json.loads(await line.recv()))
        kind = found[-1]["type"]
        if kind in ("response.completed", "response.incomplete", "error"):
            return found


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "input_text", "text": text}]}]


def test_events_are_complete_and_in_order(service: Service) -> None:
    async def run() -> None:
        async with socket(service) as line:
            found = await events(line, input=user("everything"), tools=[PATCH, READ])
            assert [event["sequence_number"] for event in found] == list(range(len(found)))
            assert shapes(found) == [
                "created", "in_progress",
                "output_item.added", "reasoning_summary_part.added",
                "reasoning_summary_text.delta", "reasoning_summary_text.done",
                "reasoning_summary_part.done", "output_item.done",
                "output_item.added", "content_part.added", "output_text.delta",
                "output_text.done", "content_part.done", "output_item.done",
                "output_item.added", "function_call_arguments.delta",
                "function_call_arguments.done", "output_item.done",
                "completed",
            ]  # fmt: skip
            indices = [event["output_index"] for event in found if "output_index" in event]
            assert indices == sorted(indices)
            assert set(indices) == {0, 1, 2}
            deltas_add_up(found)
            last = found[-1]["response"]
            assert [item["type"] for item in last["output"]] == [
                "reasoning", "message", "function_call",
            ]  # fmt: skip
            assert json.loads(last["output"][2]["arguments"]) == {"paths": ["a.txt"], "ranges": []}
            deltas = [event for event in found if event["type"].endswith(".delta")]
            assert all(len(event["delta"]) <= 4 for event in deltas)
            assert last["usage"]["output_tokens"] == len(deltas)

    asyncio.run(run())


def shapes(found: list[dict[str, Any]]) -> list[str]:
    """Event types without their prefix, a run of deltas as one."""
    kinds: list[str] = []
    for event in found:
        kind = event["type"].removeprefix("response.")
        if kinds[-1:] != [kind]:
            kinds.append(kind)
    return kinds


def deltas_add_up(found: list[dict[str, Any]]) -> None:
    """The deltas of each item give the text of its done event."""
    built: dict[str, str] = {}
    for event in found:
        kind = event["type"]
        if kind.endswith(".delta"):
            built[event["item_id"]] = built.get(event["item_id"], "") + event["delta"]
        elif kind.endswith(("text.done", "arguments.done", "input.done")):
            whole = event.get("text", event.get("arguments", event.get("input")))
            assert built[event["item_id"]] == whole
    assert built


def test_a_script_goes_on_after_the_output_of_its_call(service: Service) -> None:
    """By a chain of ids with the new item only, and by the whole conversation."""

    async def run() -> None:
        async with socket(service) as line:
            tools = [PATCH, READ]
            first = await events(line, input=user("everything"), tools=tools)
            response = first[-1]["response"]
            call = response["output"][-1]
            output = {
                "type": "function_call_output",
                "call_id": call["call_id"],
                "output": "a",
            }
            chained = await events(
                line, input=[output], tools=tools, previous_response_id=response["id"]
            )
            whole = [*user("everything"), *response["output"], output]
            full = await events(line, input=whole, tools=tools)
            for found in (chained, full):
                items = found[-1]["response"]["output"]
                assert [item["type"] for item in items] == ["message", "custom_tool_call"]
                assert items[1]["input"].startswith("*** Begin Patch\n*** Add File: b.txt\n+ä")
                deltas_add_up(found)
            done = {
                "type": "custom_tool_call_output",
                "call_id": full[-1]["response"]["output"][1]["call_id"],
                "output": "b.txt: not applied",
            }
            last = await events(
                line,
                input=[done],
                tools=tools,
                previous_response_id=full[-1]["response"]["id"],
            )
            text = last[-1]["response"]["output"][0]["content"][0]["text"]
            assert "Not everything of that was applied" in text

    asyncio.run(run())


def test_only_the_newest_response_of_a_socket_can_be_continued(service: Service) -> None:
    async def run() -> None:
        async with socket(service) as line:
            first = await events(line, input=user("/long 3"))
            second = await events(line, input=user("/long 3"))
            old = await events(line, input=[], previous_response_id=first[-1]["response"]["id"])
            assert old == [
                {
                    "type": "error",
                    "status": 400,
                    "error": {
                        "type": "invalid_request_error",
                        "code": "previous_response_not_found",
                        "message": f"Previous response with id '{first[-1]['response']['id']}' "
                        "not found.",
                        "param": "previous_response_id",
                    },
                }
            ]
            newest = second[-1]["response"]["id"]
            again = await events(line, input=user("/long 3"), previous_response_id=newest)
            assert again[-1]["type"] == "response.completed"
            refused = await events(
                line, model="gpt-9", input=[], previous_response_id=again[-1]["response"]["id"]
            )
            assert refused[-1]["error"]["code"] == "model_not_found"
            gone = await events(line, input=[], previous_response_id=again[-1]["response"]["id"])
            assert gone[-1]["error"]["code"] == "previous_response_not_found"

    asyncio.run(run())


def test_a_warm_up_generates_nothing_and_can_be_chained_from(service: Service) -> None:
    async def run() -> None:
        async with socket(service) as line:
            warm = await events(line, input=user("/long 3"), generate=False)
            assert shapes(warm) == ["created", "in_progress", "completed"]
            parent = warm[-1]["response"]["id"]
            found = await events(line, input=[], previous_response_id=parent)
            assert found[-1]["response"]["usage"]["output_tokens"] == 3
            assert service.record.entries[0].warm_up

    asyncio.run(run())


def test_what_is_no_request_gets_an_error_and_the_socket_lives(service: Service) -> None:
    async def run() -> None:
        async with socket(service) as line:
            for text, code in (
                ("{", "invalid_json"),
                ("[]", "invalid_json"),
                ('{"type":"hello"}', "invalid_value"),
                ('{"type":"response.create"}', "missing_required_parameter"),
                ('{"type":"response.create","model":"demo-fast","input":3}', "invalid_type"),
                ('{"type":"response.create","model":"demo-fast","tools":[1]}', "invalid_type"),
            ):
                await line.send(text)
                error = json.loads(await line.recv())
                assert (error["type"], error["error"]["code"]) == ("error", code)
            steer = {"type": "response.steer", "previous_response_id": "resp_1", "input": "stop"}
            await line.send(json.dumps(steer))
            failed = json.loads(await line.recv())
            assert failed["type"] == "response.steer.failed"
            assert failed["error"]["code"] == "response_not_found"
            assert failed["steer"]["input"] == "stop"
            found = await events(line, input="/long 2", stream_id="side")
            assert {event.get("stream_id") for event in found} == {"side"}

    asyncio.run(run())


def test_an_output_limit_cuts_the_answer_and_says_so(service: Service) -> None:
    async def body(client: AsyncOpenAI) -> None:
        response = await client.responses.create(
            model="demo-fast", input="/long 100", max_output_tokens=7
        )
        assert response.status == "incomplete"
        assert response.incomplete_details
        assert response.incomplete_details.reason == "max_output_tokens"
        assert len(response.output_text) == 28
        chat = await client.chat.completions.create(
            model="demo-fast",
            messages=[{"role": "user", "content": "/long 100"}],
            max_completion_tokens=7,
        )
        assert chat.choices[0].finish_reason == "length"

    with_client(service, body)


def test_the_sdk_lists_models_and_streams_over_all_wires(service: Service) -> None:
    async def body(client: AsyncOpenAI) -> None:
        assert [m.id async for m in client.models.list()] == ["demo-fast", "demo-smart"]
        stream = await client.responses.create(model="demo-fast", input="/long 5", stream=True)
        kinds = [event.type async for event in stream]
        assert kinds.count("response.output_text.delta") == 5
        assert kinds[-1] == "response.completed"
        async with client.responses.connect() as line:
            await line.response.create(model="demo-fast", input="/long 5")
            text = ""
            async for event in line:
                if event.type == "response.output_text.delta":
                    text += event.delta
                if event.type == "response.completed":
                    assert event.response.output_text == text
                    break
        assert len(text) == 20
        tool: Any = {"type": "function", "function": {**READ, "type": None}}
        chunks = await client.chat.completions.create(
            model="demo-fast",
            messages=[{"role": "user", "content": "everything"}],
            tools=[tool],
            stream=True,
            stream_options={"include_usage": True},
        )
        arguments, reasons, usage = "", [], None
        async for chunk in chunks:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                reasons.append(choice.finish_reason)
                for call in choice.delta.tool_calls or ():
                    arguments += (call.function and call.function.arguments) or ""
        assert json.loads(arguments) == {"paths": ["a.txt"], "ranges": []}
        assert reasons[-1] == "tool_calls"
        assert usage
        assert usage.completion_tokens > 0

    with_client(service, body)


def test_a_function_tool_takes_the_patch_as_json(service: Service) -> None:
    async def body(client: AsyncOpenAI) -> None:
        schema = {"type": "object", "properties": {"input": {"type": "string"}}}
        tool: Any = {
            "type": "function",
            "function": {"name": "apply_patch", "parameters": schema},
        }
        found = await client.chat.completions.create(
            model="demo-fast",
            messages=[{"role": "user", "content": "Rename load_stations to read_stations"}],
            tools=[tool],
        )
        call: Any = (found.choices[0].message.tool_calls or [])[0]
        assert json.loads(call.function.arguments)["input"].startswith("*** Begin Patch\n")

    with_client(service, body)


def test_the_sdk_understands_the_errors(service: Service) -> None:
    async def body(client: AsyncOpenAI) -> None:
        with pytest.raises(openai.NotFoundError) as missing:
            await client.responses.create(model="gpt-9", input="hi")
        assert missing.value.code == "model_not_found"
        with pytest.raises(openai.BadRequestError) as unknown:
            await client.responses.create(
                model="demo-fast", input="hi", previous_response_id="resp_x"
            )
        assert unknown.value.code == "previous_response_not_found"

    with_client(service, body)


def test_a_stored_response_is_continued_over_http(service: Service) -> None:
    async def body(client: AsyncOpenAI) -> None:
        first = await client.responses.create(model="demo-fast", input="/long 6000")
        second = await client.responses.create(
            model="demo-fast", input="/long 1", previous_response_id=first.id
        )
        assert second.usage
        assert second.usage.input_tokens > 6000
        assert 5800 < second.usage.input_tokens_details.cached_tokens <= second.usage.input_tokens

    with_client(service, body)


def test_the_log_tells_what_was_asked_but_never_the_key(service: Service) -> None:
    async def run() -> None:
        async with listening(service) as url, AsyncClient() as client:
            headers = {"Authorization": "Bearer very-private"}
            body = {"model": "demo-fast", "input": "/long 3"}
            await client.post(f"{url}/responses", json=body, headers=headers)
            await client.get(f"{url}/models")
            answer = await client.get(url.removesuffix("/v1") + "/_log")
            log = answer.json()
            assert log["connections"] == 1, "the connection is kept alive"
            first, second = log["requests"]
            assert first["wire"] == "responses"
            assert (first["script"], first["deltas"], first["ended"]) == ("long", 3, "completed")
            assert first["received_s"] <= first["first_s"] <= first["last_s"]
            assert first["body"] == body
            assert (first["authorized"], second["authorized"]) == (True, False)
            assert "very-private" not in answer.text
            assert (await client.get(f"{url}/nothing")).status_code == 404

    asyncio.run(run())
