"""Which wire is taken, when another is tried, and what the session is told beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from spark_tui.errors import ConnectFault, KeyRefused, ModelMissing, SparkFault, UsageFault
from spark_tui.model.catalog import name_of, open_provider
from spark_tui.model.dialects import CHAT, RESPONSES
from spark_tui.model.fallback import Fallback, Wire
from spark_tui.model.faults import WireRefused
from spark_tui.model.provider import (
    Completed,
    Connected,
    CustomTool,
    Delta,
    Endpoint,
    Provider,
    Request,
    UserText,
    WireChanged,
)
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.sse import HttpStream
from tests.support.deltas import fault_of, texts
from tests.support.wire_server import Drop, Raw, Reply, WireServer, answer, error, play
from tests.support.wires import Told

CHAT_PATH = "/v1/chat/completions"
PATCH = CustomTool("apply_patch", "", "start:")
CHAT_REPLY = Reply(
    [
        {"id": "c", "choices": [{"delta": {"content": "chat"}, "finish_reason": "stop"}]},
        Raw(b"data: [DONE]\n\n"),
    ]
)


def all_wires(server: WireServer, clock: list[float] | None = None) -> Fallback:
    endpoint = Endpoint(server.base_url, "a-secret-key")
    wires: list[Wire] = [
        ResponsesSocket(endpoint),
        HttpStream(endpoint, RESPONSES),
        HttpStream(endpoint, CHAT),
    ]
    return Fallback(wires, now=lambda: clock[0] if clock else 0.0)


async def ask(provider: Provider, *tools: CustomTool) -> list[Delta]:
    request = Request("m", "", (UserText("hi"),), tools)
    return [delta async for delta in provider.stream(request)]


def test_the_socket_is_taken_where_there_is_one() -> None:
    async def main() -> None:
        async with WireServer([answer("ws")]) as server:
            provider = all_wires(server)
            assert provider.wire_hint() == "responses-ws"
            assert texts(await ask(provider, PATCH)) == "ws"
            assert provider.wire == "responses-ws"
            await provider.close()

    play(main())


def test_events_over_http_where_the_socket_is_refused() -> None:
    async def main() -> None:
        replies = {"/v1/responses": [Reply(answer("sse")), Reply(answer("again"))]}
        async with WireServer(http=replies, handshakes=[426] * 9) as server:
            provider = all_wires(server)
            assert texts(await ask(provider, PATCH)) == "sse"
            assert provider.wire_hint() == provider.wire == "responses"
            assert texts(await ask(provider, PATCH)) == "again"
            await provider.close()
            assert len(server.upgrades) == 1

    play(main())


def test_connecting_ahead_finds_the_wire_before_the_request_is_built() -> None:
    async def main() -> None:
        async with WireServer(handshakes=[404] * 9) as server:
            provider = all_wires(server)
            await provider.connect()
            assert provider.wire_hint() == "responses"
            await provider.close()

    play(main())


def test_chat_where_nothing_else_is_served() -> None:
    async def main() -> None:
        replies = {"/v1/chat/completions": [CHAT_REPLY]}
        async with WireServer(http=replies, handshakes=[404] * 9) as server:
            provider = all_wires(server)
            deltas = await ask(provider)
            assert texts(deltas) == "chat"
            assert isinstance(deltas[-1], Completed)
            assert provider.wire_hint() == "chat"
            await provider.close()

    play(main())


def test_a_request_with_a_custom_tool_is_given_back_when_only_chat_is_left() -> None:
    async def main() -> None:
        replies = {"/v1/chat/completions": [CHAT_REPLY]}
        async with WireServer(http=replies, handshakes=[404] * 9) as server:
            provider = all_wires(server)
            deltas = await ask(provider, PATCH)
            assert len(deltas) == 1
            assert isinstance(fault_of(deltas), WireChanged)
            assert provider.wire_hint() == "chat"
            assert [asked.path for asked in server.asked] == ["/v1/responses"]
            assert texts(await ask(provider)) == "chat"
            await provider.close()

    play(main())


def test_the_better_wire_is_tried_again_after_a_pause() -> None:
    async def main() -> None:
        clock = [0.0]
        replies = {"/v1/responses": [Reply(answer(text)) for text in ("one", "two")]}
        async with WireServer([answer("ws")], http=replies, handshakes=[404, 404]) as server:
            provider = all_wires(server, clock)
            assert texts(await ask(provider)) == "one"
            clock[0] = 61.0
            assert texts(await ask(provider)) == "two"
            assert provider._looking is not None
            await provider._looking
            assert provider.wire_hint() == "responses"
            clock[0] = 100.0
            await provider.connect()
            assert (provider.wire_hint(), len(server.upgrades)) == ("responses", 2)
            clock[0] = 362.0
            await provider.connect()
            assert provider.wire_hint() == "responses-ws"
            assert texts(await ask(provider)) == "ws"
            await provider.close()
            assert len(server.upgrades) == 3

    play(main())


def test_a_lesser_wire_of_an_earlier_process_costs_no_second_look() -> None:
    async def main() -> None:
        memory = Told()
        for wanted in (["upgrade", "/v1/responses", CHAT_PATH], [CHAT_PATH]):
            replies = {CHAT_PATH: [CHAT_REPLY]}
            async with WireServer(http=replies, handshakes=[404] * 9) as server:
                endpoint = Endpoint(server.base_url, "a-secret-key")
                provider = open_provider(endpoint, memory=memory)
                assert texts(await ask(provider)) == "chat"
                await provider.close()
                seen = ["upgrade"] * len(server.upgrades) + [asked.path for asked in server.asked]
                assert seen == wanted
        (known,) = memory.notes
        assert (known.wire, known.why) == ("chat", "no WebSocket (404), no Responses (404)")

    play(main())


def test_an_empty_request_asks_for_a_route_again() -> None:
    async def main() -> None:
        missing = Reply([Raw(b"{}")], 404, {}, "application/json")
        wrong = Reply([Raw(b'{"error": {"message": "input is required"}}')], 400)
        unknown = Reply([Raw(b"{}")], 401, {}, "application/json")
        busy = Reply(status=503)
        replies = {"/v1/responses": [missing, wrong, unknown, busy]}
        async with WireServer(http=replies) as server:
            stream = HttpStream(Endpoint(server.base_url, "a-secret-key"), RESPONSES)
            with pytest.raises(WireRefused):
                await stream.probe()
            assert [await stream.probe() for _ in range(3)] == [True, None, None]
            await stream.close()
            assert server.bodies == [{}] * 4
        stream = HttpStream(Endpoint(server.base_url), RESPONSES)
        assert await stream.probe() is None
        await stream.close()

    play(main())


def test_fields_that_one_wire_refused_are_not_sent_on_the_other() -> None:
    async def main() -> None:
        refusal = b'{"error": {"message": "no", "param": "temperature"}}'
        replies = {
            "/v1/responses": [
                Reply([Raw(refusal)], 400, {}, "application/json"),
                Reply(status=404),
            ],
            CHAT_PATH: [CHAT_REPLY],
        }
        async with WireServer(http=replies, handshakes=[404]) as server:
            provider = open_provider(Endpoint(server.base_url))
            request = Request("m", "", (UserText("hi"),), temperature=0.1)
            deltas = [delta async for delta in provider.stream(request)]
            await provider.close()
            assert texts(deltas) == "chat"
            assert ["temperature" in body for body in server.bodies] == [True, False, False]

    play(main())


def test_a_socket_that_always_drops_is_left_within_the_turn() -> None:
    async def main() -> None:
        replies = {"/v1/responses": [Reply(answer("sse"))]}
        async with WireServer([[Drop()], [Drop()]], http=replies) as server:
            provider = all_wires(server)
            deltas = await ask(provider, PATCH)
            assert texts(deltas) == "sse"
            wires = [delta.wire for delta in deltas if isinstance(delta, Connected)]
            assert wires == ["responses-ws", "responses"]
            await provider.close()

    play(main())


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"handshakes": [401] * 9}, KeyRefused),
        ({"socket": [[error("model_not_found", status=404)]]}, ModelMissing),
    ],
)
def test_a_plain_fault_is_no_reason_to_switch(
    arguments: dict[str, Any], kind: type[SparkFault]
) -> None:
    async def main() -> None:
        async with WireServer(**arguments) as server:
            provider = all_wires(server)
            assert isinstance(fault_of(await ask(provider)), kind)
            assert provider.wire_hint() == "responses-ws"
            await provider.close()
            assert server.connections == 1

    play(main())


def test_a_service_that_speaks_nothing_is_a_fault_and_all_is_open_again() -> None:
    async def main() -> None:
        async with WireServer([answer("ws")], handshakes=[404]) as server:
            provider = all_wires(server)
            assert isinstance(fault_of(await ask(provider)), ConnectFault)
            assert texts(await ask(provider)) == "ws"
            await provider.close()

    play(main())


@pytest.mark.parametrize(
    ("endpoint", "hint"),
    [
        (Endpoint("https://api.openai.com/v1"), "responses-ws"),
        (Endpoint("https://api.openai.com/v1", wire="responses"), "responses"),
        (Endpoint("https://api.cerebras.ai/v1/"), "chat"),
        (Endpoint("http://localhost:11434/v1"), "chat"),
        (Endpoint("http://127.0.0.1:4000/v1"), "responses-ws"),
        (Endpoint("http://127.0.0.1:43210/v1"), "responses-ws"),
        (Endpoint("http://127.0.0.1:8080/v1", wire="responses-ws"), "responses-ws"),
        (Endpoint("https://example.org:11434/v1"), "responses-ws"),
    ],
)
def test_the_wire_of_an_endpoint(endpoint: Endpoint, hint: str) -> None:
    assert open_provider(endpoint).wire_hint() == hint


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint("https://h/v1", wire="carrier pigeon"),
        Endpoint("ftp://me:hunter2@h"),
        Endpoint("http://me:hunter2@h:99999/v1"),
        Endpoint(""),
    ],
)
def test_an_endpoint_that_cannot_be(endpoint: Endpoint) -> None:
    with pytest.raises(UsageFault) as caught:
        open_provider(endpoint)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://API.example.org/v1/", "https://api.example.org:443/v1"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
        ("http://[::1]:1234/v1", "http://[::1]:1234/v1"),
        ("https://me:hunter2@h/v1?key=k#x", "https://h:443/v1"),
    ],
)
def test_an_endpoint_is_remembered_without_what_is_private(url: str, name: str) -> None:
    assert name_of(url) == name
