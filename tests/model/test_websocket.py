"""The WebSocket provider against a service that does what it is told, on loopback."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from spark_tui.errors import (
    StreamFault,
)
from spark_tui.model.faults import WireRefused
from spark_tui.model.provider import (
    Accepted,
    AssistantText,
    Completed,
    Connected,
    Delta,
    Endpoint,
    Failed,
    Item,
    Request,
    TextDelta,
    TextDone,
    UserText,
)
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.websocket import Timing
from tests.support.deltas import collect, fault_of, texts
from tests.support.wire_server import (
    Close,
    Drop,
    Flood,
    Mute,
    Reply,
    Step,
    Wait,
    WireServer,
    answer,
    created,
    error,
    play,
    text_events,
)

HELLO = UserText("hello")
KEY = "a-long-secret-key"


def ask(*items: Item, temperature: float | None = None) -> Request:
    return Request("m", "", items or (HELLO,), temperature=temperature)


def socket_of(server: WireServer, key: str = KEY, timing: Timing | None = None) -> ResponsesSocket:
    """Without a second socket, and without time."""
    return ResponsesSocket(
        Endpoint(server.base_url, key), timing=timing, standby=False, sleep=no_time
    )


async def no_time(_: float) -> None:
    """A wait that is over at once."""


def test_one_turn() -> None:
    async def main() -> None:
        async with WireServer([answer("hey")]) as server:
            provider = socket_of(server)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            connected = deltas[0]
            assert isinstance(connected, Connected)
            assert connected.wire == "responses-ws"
            assert not connected.reused
            assert deltas[1] == Accepted("resp_1", "m")
            assert texts(deltas) == "hey"
            assert deltas[-1] == Completed("resp_1", None, (AssistantText("hey"),))
            (upgrade,) = server.upgrades
            assert upgrade["authorization"] == f"Bearer {KEY}"
            assert "sec-websocket-extensions" not in upgrade
            (body,) = server.bodies
            assert body["type"] == "response.create"
            assert body["store"] is False

    play(main())


def test_connecting_ahead_makes_the_turn_ready_at_once() -> None:
    async def main() -> None:
        async with WireServer([answer("a")]) as server:
            provider = socket_of(server, key="")
            await provider.connect()
            await provider.connect()
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            connected = deltas[0]
            assert isinstance(connected, Connected)
            assert connected.reused
            assert server.connections == 1
            assert "authorization" not in server.upgrades[0]

    play(main())


def test_the_next_turn_sends_only_what_is_new() -> None:
    async def main() -> None:
        async with WireServer([answer("a"), answer("b", "resp_2"), answer("c")]) as server:
            provider = socket_of(server)
            await collect(provider.stream(ask()))
            more = ask(HELLO, AssistantText("a"), UserText("on"))
            await collect(provider.stream(more))
            await collect(provider.stream(ask(UserText("something else"))))
            await provider.close()
            assert server.connections == 1
            assert "previous_response_id" not in server.bodies[0]
            assert server.bodies[1]["previous_response_id"] == "resp_1"
            assert [item["content"][0]["text"] for item in server.bodies[1]["input"]] == ["on"]
            assert "previous_response_id" not in server.bodies[2]

    play(main())


def test_another_field_breaks_the_chain() -> None:
    async def main() -> None:
        async with WireServer([answer("a"), answer("b")]) as server:
            provider = socket_of(server)
            await collect(provider.stream(ask()))
            await collect(
                provider.stream(ask(HELLO, AssistantText("a"), UserText("on"), temperature=0.1))
            )
            await provider.close()
            assert "previous_response_id" not in server.bodies[1]
            assert len(server.bodies[1]["input"]) == 3

    play(main())


def test_a_lost_parent_is_answered_by_the_whole_conversation_in_silence() -> None:
    async def main() -> None:
        lost = [error("previous_response_not_found")]
        async with WireServer([answer("a"), lost, answer("b")]) as server:
            provider = socket_of(server)
            await collect(provider.stream(ask()))
            deltas = await collect(provider.stream(ask(HELLO, AssistantText("a"), UserText("on"))))
            await provider.close()
            assert texts(deltas) == "b"
            assert [type(delta) for delta in deltas].count(Connected) == 1
            assert server.connections == 1
            assert len(server.bodies[2]["input"]) == 3

    play(main())


def test_a_service_that_never_finds_the_parent_is_not_asked_for_ever() -> None:
    async def main() -> None:
        lost = [error("previous_response_not_found")]
        async with WireServer([lost, lost]) as server:
            provider = socket_of(server)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert isinstance(fault_of(deltas), StreamFault)

    play(main())


def test_a_socket_that_is_too_old_for_the_service_is_renewed_in_silence() -> None:
    async def main() -> None:
        old = [error("websocket_connection_limit_reached")]
        async with WireServer([old, answer("b")]) as server:
            provider = socket_of(server)
            assert texts(await collect(provider.stream(ask()))) == "b"
            await provider.close()
            assert server.connections == 2

    play(main())


def test_we_leave_an_old_socket_between_two_turns() -> None:
    async def main() -> None:
        clock = [0.0]
        async with WireServer([answer("a"), answer("b")]) as server:
            provider = ResponsesSocket(Endpoint(server.base_url), now=lambda: clock[0])
            await collect(provider.stream(ask()))
            clock[0] = 56 * 60.0
            assert texts(await collect(provider.stream(ask()))) == "b"
            await server.gone.wait()
            await provider.close()
            assert server.connections == 2

    play(main())


def test_a_drop_before_the_first_delta_is_repeated_once() -> None:
    async def main() -> None:
        async with WireServer([[created("lost"), Drop()], answer("ok")]) as server:
            provider = socket_of(server)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas) == "ok"
            assert isinstance(deltas[-1], Completed)
            assert server.connections == 2

    play(main())


def test_a_socket_that_drops_twice_leads_to_another_wire() -> None:
    async def main() -> None:
        async with WireServer([[Drop()], [Drop()], answer("never")]) as server:
            provider = socket_of(server)
            with pytest.raises(WireRefused) as caught:
                await collect(provider.stream(ask()))
            await provider.close()
            assert isinstance(caught.value.fault, StreamFault)
            assert len(server.asked) == 2

    play(main())


@pytest.mark.parametrize("seen", range(1, 4))
def test_a_drop_after_a_delta_is_never_replayed(seen: int) -> None:
    async def main() -> None:
        script: list[Step] = [created(), *text_events("abc")[: seen + 1], Drop()]
        async with WireServer([script, answer("abc"), answer("again")]) as server:
            provider = socket_of(server)
            deltas = await collect(provider.stream(ask()))
            assert texts(deltas) == "abc"[:seen]
            assert isinstance(fault_of(deltas), StreamFault)
            assert len(server.asked) == 1
            deltas = await collect(provider.stream(ask()))
            assert isinstance(deltas[-1], Completed)
            await provider.close()

    play(main())


def test_a_polite_close_is_no_end_of_an_answer() -> None:
    async def main() -> None:
        script: list[Step] = [created(), *text_events("all of it"), Close()]
        async with WireServer([script]) as server:
            provider = socket_of(server)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert deltas[-2] == TextDone("all of it")
            assert isinstance(fault_of(deltas), StreamFault)

    play(main())


def test_stop_under_a_flood_ends_at_once_and_a_socket_stands_by() -> None:
    async def main() -> None:
        flood = Flood({"type": "response.output_text.delta", "item_id": "m", "delta": "x" * 200})
        async with WireServer([[created(), flood], answer("next")]) as server:
            provider = socket_of(server)
            after = 0
            async with aclosing(provider.stream(ask())) as deltas:
                stopped = False
                async for delta in deltas:
                    after += stopped
                    if isinstance(delta, TextDelta) and not stopped:
                        stopped = True
                        provider.stop()
            assert after == 0
            await server.gone.wait()
            await provider.connect()
            deltas_next = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas_next) == "next"
            connected = deltas_next[0]
            assert isinstance(connected, Connected)
            assert connected.reused
            assert "previous_response_id" not in server.bodies[1]

    play(main())


@pytest.mark.parametrize("text", ["", "a"], ids=["before", "after the first delta"])
def test_stop_from_outside_ends_a_silent_wait(text: str) -> None:
    async def main() -> None:
        script: list[Step] = [created(), *text_events(text)[:-1], Wait()]
        async with WireServer([script]) as server:
            provider = socket_of(server)
            got: list[Delta] = []
            silent = asyncio.Event()

            async def consume() -> None:
                async for delta in provider.stream(ask()):
                    got.append(delta)
                    if texts(got) == text and len(got) > 1:
                        silent.set()

            task = asyncio.create_task(consume())
            await silent.wait()
            provider.stop()
            provider.stop()
            await task
            await provider.close()
            assert [type(delta) for delta in got[:2]] == [Connected, Accepted]
            assert not [delta for delta in got if isinstance(delta, Completed | Failed)]

    play(main())


def test_stop_while_the_connection_is_being_made() -> None:
    async def main() -> None:
        async with WireServer(handshakes=[Reply([Mute()])]) as server:
            provider = socket_of(server)
            task = asyncio.create_task(collect(provider.stream(ask())))
            await server.came.wait()
            provider.stop()
            assert await task == []
            await provider.close()

    play(main())


def test_a_cancelled_consumer_leaves_no_half_read_socket() -> None:
    async def main() -> None:
        async with WireServer([[created(), Wait()], answer("b")]) as server:
            provider = socket_of(server)
            task = asyncio.create_task(collect(provider.stream(ask())))
            await server.was_asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.gone.wait()
            assert texts(await collect(provider.stream(ask()))) == "b"
            await provider.close()

    play(main())


def test_a_dense_stream_loses_nothing_while_it_is_gathered() -> None:
    async def main() -> None:
        text = "abcdefghij" * 200
        async with WireServer([answer(text)]) as server:
            provider = socket_of(server)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas) == text

    play(main())
