"""Our provider against LiteLLM, a proxy that speaks the Responses WebSocket before llama.cpp."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spark_tui.errors import ConnectFault, KeyRefused, LimitFault, ModelFault, ModelMissing
from spark_tui.model.provider import (
    AssistantText,
    Delta,
    Provider,
    ReasoningDelta,
    TextDelta,
    ToolOutput,
    UserText,
)
from tests.conformance import automaton
from tests.conformance.asking import (
    APPLY_PATCH,
    READ,
    ask,
    calls,
    completed,
    opened,
    streamed,
    wires,
)
from tests.conformance.conftest import WINDOW, LiteLLM
from tests.conformance.tap import tapped
from tests.support.deltas import collect, fault_of, texts

pytestmark = pytest.mark.conformance
SOCKET = "responses-ws"


async def turn(provider: Provider, *items: Any, **fields: Any) -> list[Delta]:
    return await collect(provider.stream(ask(*items, **{"model": "tiny", **fields})))


def input_tokens(deltas: list[Delta]) -> int:
    usage = completed(deltas).usage
    assert usage
    return usage.input_tokens


def test_a_turn_and_one_that_is_chained_to_it(litellm: LiteLLM) -> None:
    """The second body holds one item and the id; the model has seen the whole conversation."""

    async def run() -> None:
        async with (
            tapped(litellm.base_url) as tap,
            opened(litellm.endpoint(base_url=tap.base_url)) as provider,
        ):
            first = await turn(provider, "talk")
            assert wires(first) == [SOCKET]
            assert texts(first) == automaton.TALK
            assert completed(first).items == (AssistantText(automaton.TALK),)
            second = await turn(provider, "talk", *completed(first).items, "talk again")
            assert texts(second) == automaton.TALK
            assert input_tokens(second) > input_tokens(first) + len(automaton.TALK.encode())
            whole, chained = tap.connections[0].bodies()
            assert tap.bodies == [whole, chained], "a socket that stands by says nothing"
            assert "previous_response_id" not in whole
            assert chained["previous_response_id"] == completed(first).response_id
            assert [item["content"][0]["text"] for item in chained["input"]] == ["talk again"]

    asyncio.run(run())


def test_tool_calls_and_their_outputs_in_a_chain(litellm: LiteLLM) -> None:
    async def run() -> None:
        async with (
            tapped(litellm.base_url) as tap,
            opened(litellm.endpoint(base_url=tap.base_url)) as provider,
        ):
            found = await turn(provider, "pair", tools=(READ,))
            pair = calls(found)
            assert [call.input for call in pair] == [automaton.READ, automaton.SECOND]
            for call in pair:
                assert len(streamed(found, call.call_id)) > 3
            outputs = [ToolOutput(call.call_id, "id,name\n") for call in pair]
            seen = await turn(provider, "pair", *completed(found).items, *outputs, tools=(READ,))
            assert texts(seen) == automaton.SEEN
            kinds = [item["type"] for item in tap.bodies[-1]["input"]]
            assert kinds == ["function_call_output"] * 2

    asyncio.run(run())


def test_a_patch_tool_is_called_once_though_it_streams_as_a_function(litellm: LiteLLM) -> None:
    """It announces and finishes a custom call, and between sends function arguments in JSON."""

    async def run() -> None:
        async with opened(litellm.endpoint(SOCKET)) as provider:
            found = await turn(provider, "patch", tools=(APPLY_PATCH,))
            (call,) = calls(found)
            assert (call.name, call.input, call.custom) == ("apply_patch", automaton.PATCH, True)
            assert "".join(streamed(found, call.call_id)) == automaton.PATCH
            assert len(completed(found).items) == 1
            output = ToolOutput(call.call_id, "Success.", custom=True)
            items = ("patch", *completed(found).items, output)
            assert texts(await turn(provider, *items, tools=(APPLY_PATCH,))) == automaton.SEEN

    asyncio.run(run())


def test_thinking_is_told_apart_from_the_answer(litellm: LiteLLM) -> None:
    async def run() -> None:
        async with opened(litellm.endpoint(SOCKET)) as provider:
            found = await turn(provider, "think")
            thought = "".join(delta.text for delta in found if isinstance(delta, ReasoningDelta))
            assert thought.strip() == automaton.THOUGHT
            assert texts(found).strip() == automaton.ANSWER

    asyncio.run(run())


def test_after_an_interrupt_the_next_turn_is_whole_and_on_another_socket(
    litellm: LiteLLM,
) -> None:
    """Silence at once. What the proxy does upstream is its own: it lets the answer run on, on every
    wire, so the limit of this one is what frees the slot for the next."""

    async def run() -> None:
        async with (
            tapped(litellm.base_url) as tap,
            opened(litellm.endpoint(SOCKET, base_url=tap.base_url)) as provider,
        ):
            first = await turn(provider, "talk", max_output_tokens=500)
            history = ("talk", *completed(first).items, "long")
            shown = 0
            long = ask(*history, model="tiny", max_output_tokens=500)
            async for delta in provider.stream(long):
                shown += isinstance(delta, TextDelta)
                if shown == 50:
                    provider.stop()
            assert shown == 50, "nothing comes after the stop"
            cut = (*history, AssistantText(automaton.ROUND), UserText("talk"))
            after = await turn(provider, *cut, max_output_tokens=500)
            assert texts(after) == automaton.TALK
            assert input_tokens(after) > input_tokens(first) + len(automaton.TALK.encode())
            first_socket, second_socket = tap.connections[:2]
            assert "previous_response_id" in first_socket.bodies()[-1]
            assert "previous_response_id" not in second_socket.bodies()[0]

    asyncio.run(run())


def test_the_output_limit_is_told(litellm: LiteLLM) -> None:
    async def run() -> None:
        async with opened(litellm.endpoint(SOCKET)) as provider:
            done = completed(await turn(provider, "long", max_output_tokens=12))
            assert done.cut == "max_output_tokens"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("wire", "asked"),
    [
        ("auto", ["GET /v1/responses", "POST /v1/responses"]),
        ("responses", ["POST /v1/responses"]),
        ("chat", ["POST /v1/chat/completions"]),
    ],
)
def test_a_bad_key_is_tried_once_on_a_wire(litellm: LiteLLM, wire: str, asked: list[str]) -> None:
    """A bare 403 to the upgrade, which may also mean that there is no such route; over HTTP it is
    400, as it has no database to look the key up in. Then nothing more is sent."""

    async def run() -> None:
        async with tapped(litellm.base_url) as tap:
            endpoint = litellm.endpoint(wire, base_url=tap.base_url, key="sk-not-the-key")
            async with opened(endpoint) as provider:
                fault = fault_of(await turn(provider, "talk"))
                assert isinstance(fault, KeyRefused)
                assert "sk-not-the-key" not in f"{fault.message}{fault.hint}"
                assert tap.lines == asked

    asyncio.run(run())


def test_a_bad_key_on_the_socket_alone_is_one_handshake(litellm: LiteLLM) -> None:
    async def run() -> None:
        async with tapped(litellm.base_url) as tap:
            endpoint = litellm.endpoint(SOCKET, base_url=tap.base_url, key="sk-not-the-key")
            async with opened(endpoint) as provider:
                fault = fault_of(await turn(provider, "talk"))
                assert isinstance(fault, ConnectFault | KeyRefused)
                assert "(403)" in fault.message
                assert tap.lines == ["GET /v1/responses"]

    asyncio.run(run())


@pytest.mark.parametrize("wire", [SOCKET, "responses", "chat"])
def test_an_unknown_model_is_named(litellm: LiteLLM, wire: str) -> None:
    """Over the socket it then closes it; the next turn opens another."""

    async def run() -> None:
        async with opened(litellm.endpoint(wire)) as provider:
            fault = fault_of(await turn(provider, "talk", model="gpt-9"))
            assert isinstance(fault, ModelMissing)
            assert "gpt-9" in fault.message
            assert texts(await turn(provider, "talk")) == automaton.TALK

    asyncio.run(run())


def test_another_model_may_follow_on_the_same_provider(litellm: LiteLLM) -> None:
    """A socket of this proxy serves the model of its first message only."""

    async def run() -> None:
        async with opened(litellm.endpoint(SOCKET)) as provider:
            for model in ("tiny", "other", "tiny"):
                assert texts(await turn(provider, "talk", model=model)) == automaton.TALK
            fault = fault_of(await turn(provider, "talk", model="gpt-9"))
            assert isinstance(fault, ModelMissing)

    asyncio.run(run())


@pytest.mark.parametrize("wire", [SOCKET, "responses", "chat"])
def test_a_request_larger_than_the_window_says_both_sizes(litellm: LiteLLM, wire: str) -> None:
    async def run() -> None:
        async with opened(litellm.endpoint(wire)) as provider:
            fault = fault_of(await turn(provider, "word " * (WINDOW // 4)))
            assert isinstance(fault, LimitFault)
            assert f"({WINDOW} tokens)" in fault.message
            assert texts(await turn(provider, "talk")) == automaton.TALK, "the line still serves"

    asyncio.run(run())


def test_a_key_that_fails_behind_the_proxy_is_not_ours(litellm: LiteLLM) -> None:
    """The person's key is good; asking for another one would be wrong."""

    async def run() -> None:
        async with opened(litellm.endpoint(SOCKET)) as provider:
            fault = fault_of(await turn(provider, "talk", model="deaf"))
            assert type(fault) is ModelFault
            assert "Invalid API Key" in fault.message

    asyncio.run(run())


def test_a_field_that_it_names_by_another_name_is_left_out(litellm: LiteLLM) -> None:
    """`reasoning` travels, `reasoning_effort` is what it complains of."""

    async def run() -> None:
        for wire in (SOCKET, "responses", "chat"):
            async with opened(litellm.endpoint(wire)) as provider:
                assert texts(await turn(provider, "talk", effort="low")) == automaton.TALK

    asyncio.run(run())


def test_its_models_are_listed(litellm: LiteLLM) -> None:
    async def run() -> None:
        async with opened(litellm.endpoint()) as provider:
            listed = await provider.models()
            assert {model.id for model in listed} == {"tiny", "other", "deaf"}

    asyncio.run(run())


def test_a_warm_up_that_is_only_nodded_to_costs_no_context(litellm: LiteLLM) -> None:
    """It answers `generate: false` by itself and forgets what was in it: no chain from there."""

    async def run() -> None:
        async with (
            tapped(litellm.base_url) as tap,
            opened(litellm.endpoint(SOCKET, base_url=tap.base_url)) as provider,
        ):
            context = UserText("The harbour has four stations. " * 20)
            assert not await provider.warm(ask(context, model="tiny"))
            found = await turn(provider, context, "talk")
            assert texts(found) == automaton.TALK
            assert input_tokens(found) > len(context.text)
            warm, asked = tap.connections[0].bodies()
            assert (warm["generate"], warm["input"]) == (False, asked["input"][:1])
            assert "previous_response_id" not in asked
            chained = await turn(provider, context, "talk", *completed(found).items, "more")
            assert input_tokens(chained) > input_tokens(found)
            assert "previous_response_id" in tap.connections[0].bodies()[-1]

    asyncio.run(run())


def test_a_chain_is_not_built_on_a_call_that_it_would_lose(litellm: LiteLLM) -> None:
    """It puts a chain together without custom calls, so after one the request is whole."""

    async def run() -> None:
        async with (
            tapped(litellm.base_url) as tap,
            opened(litellm.endpoint(SOCKET, base_url=tap.base_url)) as provider,
        ):
            found = await turn(provider, "patch", tools=(APPLY_PATCH,))
            (call,) = calls(found)
            output = ToolOutput(call.call_id, "Success.", custom=True)
            items = ("patch", *completed(found).items, output)
            assert texts(await turn(provider, *items, tools=(APPLY_PATCH,))) == automaton.SEEN
            kinds = [item["type"] for item in tap.bodies[-1]["input"]]
            assert kinds == ["message", "custom_tool_call", "custom_tool_call_output"]

    asyncio.run(run())
