"""Steering: words for a running answer are heard at once, and become a successor or come back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.types.responses import (
    ResponseSteerAcceptedEvent,
    ResponseSteerFailedEvent,
    ResponseSteerPendingEvent,
)
from websockets.asyncio.client import ClientConnection

from demo.model import Service
from demo.pool import Pool
from demo.script import load, read_script
from demo.service import listening
from tests.demo.talk import Clock, create, event, events, run, socket, spoken, until, user

ASTRA = "gpt-6-astra"
READ: dict[str, Any] = {
    "type": "function",
    "name": "read",
    "parameters": {"type": "object", "properties": {"paths": {"type": "array"}}},
}
PATCH: dict[str, Any] = {"type": "custom", "name": "apply_patch"}
LOOK = """
title = "Look"
match = ["look"]
[[step]]
read = ["a.txt"]
[[step]]
text = "I have seen it."
"""


def steerable(clock: Clock, scripts: Path | None = None, pool: Pool | None = None) -> Service:
    mine = (read_script(scripts),) if scripts else ()
    return Service(
        (ASTRA, "demo-fast"), (*mine, *load()), rate=1000, ttft_s=0, pool=pool,
        clock=clock, sleep=clock.sleep,
    )  # fmt: skip


@pytest.fixture
def look(tmp_path: Path) -> Path:
    path = tmp_path / "look.toml"
    path.write_text(LOOK, encoding="utf-8")
    return path


async def steer(line: ClientConnection, response_id: str, words: object, **fields: Any) -> None:
    body = {"type": "response.steer", "previous_response_id": response_id, "input": words}
    await line.send(json.dumps({**body, **fields}))


async def begun(line: ClientConnection, clock: Clock, **fields: Any) -> list[dict[str, Any]]:
    """An answer that has said something and then waits for its clock."""
    clock.hold()
    await create(line, model=ASTRA, **fields)
    found = await until(line, "response.created")
    while not found[-1]["type"].endswith(".delta"):
        found.append(await event(line))
    return found


def test_the_answer_ends_at_a_token_and_its_successor_begins_by_itself() -> None:
    async def test() -> None:
        clock = Clock()
        service = steerable(clock)
        async with socket(service) as line:
            first = await begun(line, clock, input=[user("/long 5000")], metadata={"a": "b"})
            response = first[0]["response"]
            await steer(line, response["id"], "/long 3")
            heard = await event(line)
            assert ResponseSteerAcceptedEvent.model_validate(heard).steer.id
            assert heard["steer"]["previous_response_id"] == response["id"]
            clock.release()
            first += [heard, *await until(line, "response.incomplete")]
            last = first[-1]["response"]
            assert last["incomplete_details"] == {"reason": "steered"}
            assert last["output"][0]["content"][0]["text"] == spoken(first)
            assert last["output"][0]["status"] == "incomplete"
            assert 1 <= last["usage"]["output_tokens"] < 5000
            assert [e["sequence_number"] for e in first] == list(range(len(first)))

            second = await until(line, "response.completed")
            assert second[0]["type"] == "response.created"
            made = second[0]["response"]
            assert made["previous_response_id"] == response["id"] != made["id"]
            assert made["metadata"] == {"a": "b"}, "the settings are inherited"
            assert len(spoken(second)) == 12
            usage = second[-1]["response"]["usage"]
            words = (len("/long 5000") + len(spoken(first)) + len("/long 3")) // 4
            assert usage["input_tokens"] == words

            third = await events(
                line, model=ASTRA, input=[user("/long 1")], previous_response_id=made["id"]
            )
            assert third[-1]["type"] == "response.completed"
        entries = service.record.entries
        assert [entry.ended for entry in entries] == ["incomplete", "completed", "completed"]
        assert [entry.successor for entry in entries] == [False, True, False]
        assert [entry.user for entry in entries] == ["/long 5000", "/long 3", "/long 1"]
        assert service.record.steers == 1

    run(test())


def test_an_answer_that_ends_by_itself_is_followed_as_well() -> None:
    async def test() -> None:
        clock = Clock()
        async with socket(steerable(clock)) as line:
            first = await begun(line, clock, input=[user("/long 2")])
            await steer(line, first[0]["response"]["id"], [user("/long 2")])
            await steer(line, first[0]["response"]["id"], [{**user("/long 4"), "type": "message"}])
            for _ in range(2):
                assert (await event(line))["type"] == "response.steer.accepted"
            clock.release()
            await until(line, "response.completed")
            second = await until(line, "response.completed")
            assert len(spoken(second)) == 16, "both were said, the last one is answered"

    run(test())


def test_the_outputs_of_calls_are_waited_for(look: Path) -> None:
    async def test() -> None:
        clock = Clock()
        service = steerable(clock, look)
        async with socket(service) as line:
            tools = [READ, PATCH]
            first = await begun(line, clock, input=[user("look")], tools=tools)
            parent = first[0]["response"]["id"]
            await steer(line, parent, "/long 2")
            await event(line)
            clock.release()
            done = await until(line, "response.completed")
            call = done[-1]["response"]["output"][0]
            assert json.loads(call["arguments"]) == {"paths": ["a.txt"]}, "a call is not cut"
            pending = await event(line)
            stub = {
                "type": "function_call_output",
                "call_id": call["call_id"],
                "name": "read",
            }
            assert ResponseSteerPendingEvent.model_validate(pending)
            assert pending["reason"] == "waiting_for_required_input"
            assert pending["required_input"] == [stub]
            filled = {**stub, "output": "text of a.txt"}
            second = await events(
                line, model=ASTRA, tools=tools, input=[filled], previous_response_id=parent
            )
            assert second[0]["response"]["previous_response_id"] == parent
            assert len(spoken(second)) == 8, "the queued words are answered, not the old ones"
            assert service.record.entries[-1].user == "/long 2"
            third = await events(
                line, model=ASTRA, tools=tools, input=[user("look")],
                previous_response_id=second[-1]["response"]["id"],
            )  # fmt: skip
            assert third[-1]["response"]["output"][0]["type"] == "function_call"

    run(test())


def test_a_request_without_the_outputs_gives_the_words_back(look: Path) -> None:
    async def test() -> None:
        clock = Clock()
        async with socket(steerable(clock, look)) as line:
            first = await begun(line, clock, input=[user("look")], tools=[READ])
            parent = first[0]["response"]["id"]
            await steer(line, parent, "/long 2")
            accepted = await event(line)
            clock.release()
            await until(line, "response.steer.pending")
            await create(line, model=ASTRA, input=[user("and?")], previous_response_id=parent)
            failed, error = await event(line), await event(line)
            assert refusal(failed) == "successor_creation_failed"
            assert failed["steer"] == {**accepted["steer"], "input": "/long 2"}
            assert error["error"]["message"].startswith("No tool output found")

    run(test())


def test_another_response_in_its_place_gives_the_words_back(look: Path) -> None:
    async def test() -> None:
        clock = Clock()
        async with socket(steerable(clock, look)) as line:
            first = await begun(line, clock, input=[user("look")], tools=[READ])
            await steer(line, first[0]["response"]["id"], "/long 2")
            await event(line)
            clock.release()
            await until(line, "response.steer.pending")
            await events(line, model=ASTRA, input=[user("/long 1")])
            assert refusal(await event(line)) == "successor_creation_failed"

    run(test())


def test_a_successor_that_is_refused_gives_the_words_back() -> None:
    async def test() -> None:
        clock = Clock()
        pool = Pool(1, clock=lambda: 0.0)
        async with socket(steerable(clock, pool=pool)) as line:
            first = await begun(line, clock, input=[user("/long 50")])
            await steer(line, first[0]["response"]["id"], "/long 2")
            accepted = await event(line)
            clock.release()
            await until(line, "response.incomplete")
            failed = await event(line)
            assert refusal(failed) == "successor_creation_failed"
            assert failed["steer"] == {**accepted["steer"], "input": "/long 2"}
            assert "Rate limit" in failed["error"]["message"]

    run(test())


def refusal(found: dict[str, Any]) -> str:
    assert found["type"] == "response.steer.failed"
    if isinstance(found["steer"]["input"], str):
        assert ResponseSteerFailedEvent.model_validate(found)
    return str(found["error"]["code"])


def test_why_a_steer_is_refused() -> None:
    async def test() -> None:
        clock = Clock()
        async with socket(steerable(clock)) as line:
            await steer(line, "resp_x", "stop")
            unknown = await event(line)
            assert refusal(unknown) == "response_not_found"
            assert unknown["steer"] == {"previous_response_id": "resp_x", "input": "stop"}

            old = await events(line, input=[user("/long 1")])
            await steer(line, old[0]["response"]["id"], "stop")
            assert refusal(await event(line)) == "steering_not_supported"

            done = await events(line, model=ASTRA, input=[user("/long 1")])
            await steer(line, done[0]["response"]["id"], "stop")
            assert refusal(await event(line)) == "response_already_completed"

            cut = await events(line, model=ASTRA, input=[user("/long 9")], max_output_tokens=2)
            await steer(line, cut[0]["response"]["id"], "stop")
            assert refusal(await event(line)) == "response_not_active"

            fields = {"context_management": [{"type": "compaction"}]}
            managed = await begun(line, clock, input=[user("/long 2")], **fields)
            await steer(line, managed[0]["response"]["id"], "stop")
            assert refusal(await event(line)) == "steering_not_supported"
            clock.release()
            await until(line, "response.completed")

            running = (await begun(line, clock, input=[user("/long 2")]))[0]["response"]["id"]
            for words in ("", [], [{"role": "assistant", "content": "x"}], 3, [user("x"), "y"]):
                await steer(line, running, words)
                assert refusal(await event(line)) == "invalid_input"
            await steer(line, running, "stop", stream_id="side")
            assert refusal(await event(line)) == "invalid_input"
            for _ in range(8):
                await steer(line, running, "/long 1")
                assert (await event(line))["type"] == "response.steer.accepted"
            await steer(line, running, "/long 1")
            assert refusal(await event(line)) == "too_many_pending_steers"
            clock.release()

    run(test())


def test_a_lane_is_told_in_every_event() -> None:
    async def test() -> None:
        clock = Clock()
        async with socket(steerable(clock)) as line:
            first = await begun(line, clock, input=[user("/long 50")], stream_id="side")
            await steer(line, first[0]["response"]["id"], "/long 2")
            found = [await event(line)]
            clock.release()
            found += await until(line, "response.incomplete")
            found += await until(line, "response.completed")
            assert {e["stream_id"] for e in found} == {"side"}

    run(test())


def test_the_sdk_steers() -> None:
    async def test() -> None:
        clock = Clock()
        async with (
            listening(steerable(clock)) as url,
            AsyncOpenAI(base_url=url, api_key="any") as client,
            client.responses.connect() as line,
        ):
            clock.hold()
            await line.response.create(model=ASTRA, input="/long 500")
            kinds: list[str] = []
            name = ""
            async for found in line:
                kinds.append(found.type)
                match found.type:
                    case "response.output_text.delta" if "response.steer.accepted" not in kinds:
                        await line.response.steer(input="/long 2", previous_response_id=name)
                    case "response.created":
                        name = name or found.response.id
                    case "response.steer.accepted":
                        clock.release()
                    case "response.completed":
                        break
            assert kinds.count("response.created") == 2
            assert kinds.count("response.incomplete") == 1

    run(test())
