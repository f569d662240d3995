"""Our provider against llama.cpp's own server: both event streams, and the way to them."""

from __future__ import annotations

import asyncio

import pytest

from spark_tui.errors import KeyRefused, LimitFault
from spark_tui.model.catalog import find_local, open_provider
from spark_tui.model.presets import Server
from spark_tui.model.provider import (
    AssistantText,
    ReasoningDelta,
    TextDelta,
    TextDone,
    ToolOutput,
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
from tests.conformance.conftest import WINDOW, Llama
from tests.conformance.tap import tapped
from tests.support.deltas import collect, fault_of, texts

pytestmark = pytest.mark.conformance
BOTH = pytest.mark.parametrize("wire", ["responses", "chat"])


@BOTH
def test_a_text_turn_and_the_one_after_it(llama: Llama, wire: str) -> None:
    async def run() -> None:
        async with opened(llama.endpoint(wire)) as provider:
            first = await collect(provider.stream(ask("talk")))
            assert wires(first) == [wire]
            assert texts(first) == automaton.TALK
            assert len([delta for delta in first if isinstance(delta, TextDelta)]) > 5
            assert TextDone(automaton.TALK) in first
            done = completed(first)
            assert done.items == (AssistantText(automaton.TALK),)
            assert done.cut == ""
            assert done.usage
            second = await collect(provider.stream(ask("talk", *done.items, "and again")))
            usage = completed(second).usage
            assert usage
            assert usage.input_tokens > done.usage.input_tokens + len(automaton.TALK.encode())
            assert usage.cached_tokens > 0

    asyncio.run(run())


@BOTH
def test_tool_calls_and_their_outputs(llama: Llama, wire: str) -> None:
    async def run() -> None:
        async with opened(llama.endpoint(wire)) as provider:
            found = await collect(provider.stream(ask("pair", tools=(READ,))))
            pair = calls(found)
            assert [call.input for call in pair] == [automaton.READ, automaton.SECOND]
            assert all(call.name == "read" and not call.custom for call in pair)
            for call in pair:
                parts = streamed(found, call.call_id)
                assert len(parts) > 3
                assert "".join(parts) == call.input
            outputs = [ToolOutput(call.call_id, "id,name\n") for call in pair]
            history = ask("pair", *completed(found).items, *outputs, tools=(READ,))
            assert texts(await collect(provider.stream(history))) == automaton.SEEN

    asyncio.run(run())


@BOTH
def test_thinking_is_told_apart_from_the_answer(llama: Llama, wire: str) -> None:
    async def run() -> None:
        async with opened(llama.endpoint(wire)) as provider:
            found = await collect(provider.stream(ask("think")))
            thought = [delta.text for delta in found if isinstance(delta, ReasoningDelta)]
            assert "".join(thought).strip() == automaton.THOUGHT
            assert texts(found).strip() == automaton.ANSWER
            # Not asked for again: the next request is refused if what came back does not fit.
            again = ask("think", *completed(found).items, "talk")
            assert texts(await collect(provider.stream(again))) == automaton.TALK

    asyncio.run(run())


@BOTH
def test_an_interrupt_frees_the_only_slot(llama: Llama, wire: str) -> None:
    """The next answer comes while the model would still have said half a window of words."""

    async def run() -> None:
        before = llama.generated()
        async with opened(llama.endpoint(wire)) as provider:
            shown = 0
            async for delta in provider.stream(ask("long")):
                shown += isinstance(delta, TextDelta)
                if shown == 50:
                    provider.stop()
            assert shown == 50, "nothing comes after the stop"
            assert texts(await collect(provider.stream(ask("talk")))) == automaton.TALK
        assert llama.generated() - before < WINDOW // 2

    asyncio.run(run())


def test_a_server_without_a_socket_is_spoken_to_over_events(llama: Llama) -> None:
    """404 to the upgrade; the request is sent once, and the socket is not tried again."""

    async def run() -> None:
        async with (
            tapped(llama.base_url) as tap,
            opened(llama.endpoint("auto", base_url=tap.base_url)) as provider,
        ):
            for _ in range(2):
                assert texts(await collect(provider.stream(ask("talk")))) == automaton.TALK
            asked = tap.lines
            assert asked[0] == "GET /v1/responses"
            assert len(asked) == 3
            assert len(set(asked[1:])) == 1
            assert asked[1].startswith("POST /v1/")

    asyncio.run(run())


@pytest.mark.parametrize("wire", ["auto", "responses", "chat"])
def test_a_bad_key_is_tried_once(llama: Llama, wire: str) -> None:
    async def run() -> None:
        async with tapped(llama.base_url) as tap:
            endpoint = llama.endpoint(wire, base_url=tap.base_url, key="not-the-key")
            async with opened(endpoint) as provider:
                fault = fault_of(await collect(provider.stream(ask("talk"))))
                assert isinstance(fault, KeyRefused)
                assert "not-the-key" not in f"{fault.message}{fault.hint}"
                assert len(tap.lines) == 1

    asyncio.run(run())


@BOTH
def test_a_request_larger_than_the_window_says_both_sizes(llama: Llama, wire: str) -> None:
    async def run() -> None:
        async with tapped(llama.base_url) as tap:
            async with opened(llama.endpoint(wire, base_url=tap.base_url)) as provider:
                large = ask("word " * (WINDOW // 4))
                fault = fault_of(await collect(provider.stream(large)))
            assert isinstance(fault, LimitFault)
            assert f"({WINDOW} tokens)" in fault.message
            assert len(tap.lines) == 1

    asyncio.run(run())


def test_the_output_limit_is_told_on_the_chat_wire(llama: Llama) -> None:
    """Its Responses stream says `completed` all the same: only the count of tokens tells."""

    async def run() -> None:
        for wire, cut in (("chat", "max_output_tokens"), ("responses", "")):
            async with opened(llama.endpoint(wire)) as provider:
                found = await collect(provider.stream(ask("long", max_output_tokens=12)))
                done = completed(found)
                assert done.usage
                assert done.usage.output_tokens == 12
                assert done.cut == cut

    asyncio.run(run())


def test_a_patch_tool_does_not_exist_for_it(llama: Llama) -> None:
    """Dropped without a word, so the model never learns of it: from then on edits are text."""

    async def run() -> None:
        async with opened(llama.endpoint("auto")) as provider:
            found = await collect(provider.stream(ask("patch", tools=(APPLY_PATCH,))))
            assert wires(found) == ["responses"]
            assert calls(found) == []
            assert texts(found) == automaton.TALK
            assert provider.wire_hint() == "chat"

    asyncio.run(run())


def test_its_models_are_listed_with_their_window(llama: Llama) -> None:
    """Any name is answered by the one model there is; an unknown one is no error."""

    async def run() -> None:
        async with opened(llama.endpoint("auto")) as provider:
            (model,) = await provider.models()
            assert (model.owned_by, model.window) == ("llamacpp", WINDOW)
            found = await collect(provider.stream(ask("talk", model="gpt-9")))
            assert texts(found) == automaton.TALK

    asyncio.run(run())


def test_discovery_learns_nothing_from_a_server_that_wants_a_key(llama: Llama) -> None:
    """No key is sent to find out who is there, and its list of models needs one."""
    server = Server("llama.cpp", llama.base_url, "llamacpp")
    found = asyncio.run(find_local(5.0, servers=[server]))
    assert [model for one in found for model in one.models] == []


def test_nothing_is_sent_before_it_is_asked_for(llama: Llama) -> None:
    async def run() -> None:
        async with tapped(llama.base_url) as tap:
            provider = open_provider(llama.endpoint("chat", base_url=tap.base_url))
            await provider.connect()
            await provider.close()
            assert tap.lines == []

    asyncio.run(run())
