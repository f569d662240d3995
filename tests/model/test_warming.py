"""Reading ahead: the next request goes on from it; a request in a hurry does not wait for it; a
service that cannot is not asked twice, and nobody hears of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spark_tui.model.provider import AssistantText, Endpoint, Request, UserText
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.deltas import collect, fault_of, texts
from tests.support.wire_server import (
    Drop,
    Step,
    Wait,
    WireServer,
    answer,
    completed,
    created,
    error,
    play,
    text_events,
)

HELLO = UserText("hello")
READ: list[Step] = [created("warm_1"), completed("warm_1")]


def ask(*items: Any, instructions: str = "be brief") -> Request:
    return Request("m", instructions, items)


def socket_of(server: WireServer) -> ResponsesSocket:
    return ResponsesSocket(Endpoint(server.base_url, "a-long-secret-key"), standby=False)


def test_the_next_request_goes_on_from_what_was_read() -> None:
    async def main() -> None:
        async with WireServer([READ, answer("a")]) as server:
            provider = socket_of(server)
            assert await provider.warm(ask())
            assert texts(await collect(provider.stream(ask(HELLO)))) == "a"
            await provider.close()
            first, second = server.bodies
            assert first["generate"] is False and first["input"] == []
            assert first["instructions"] == "be brief"
            assert second["previous_response_id"] == "warm_1" and "generate" not in second
            assert len(second["input"]) == 1

    play(main())


def test_what_was_read_already_is_not_read_again() -> None:
    async def main() -> None:
        async with WireServer([READ, answer("a"), answer("b", "resp_2")]) as server:
            provider = socket_of(server)
            assert await provider.warm(ask()) and await provider.warm(ask())
            await collect(provider.stream(ask(HELLO)))
            known = (HELLO, AssistantText("a"))
            assert await provider.warm(ask(*known)), "the chain knows it"
            await collect(provider.stream(ask(*known, UserText("on"))))
            await provider.close()
            assert len(server.asked) == 3
            assert server.bodies[2]["previous_response_id"] == "resp_1"

    play(main())


def test_another_field_is_read_anew() -> None:
    async def main() -> None:
        async with WireServer([READ, [created("w2"), completed("w2")], answer("a")]) as server:
            provider = socket_of(server)
            assert await provider.warm(ask())
            assert await provider.warm(ask(instructions="be long"))
            await collect(provider.stream(ask(HELLO, instructions="be long")))
            await provider.close()
            assert server.bodies[2]["previous_response_id"] == "w2"

    play(main())


@pytest.mark.parametrize("read", [0, 1])
def test_a_request_in_a_hurry_goes_out_whole_behind_it(read: int) -> None:
    """Before and after the service took the warm-up: the answers come in the order asked."""

    async def main() -> None:
        slow: list[Step] = [*READ[:read], Wait(), *READ[read:], *answer("a")]
        async with WireServer([slow]) as server:
            provider = socket_of(server)
            warming = asyncio.ensure_future(provider.warm(ask()))
            await server.was_asked.wait()
            server.was_asked.clear()
            asking = asyncio.ensure_future(collect(provider.stream(ask(HELLO))))
            await server.was_asked.wait()
            assert not await warming
            server.go.set()
            deltas = await asking
            assert texts(deltas) == "a" and fault_of(deltas) is None
            await provider.close()
            assert [asked.connection for asked in server.asked] == [1, 1]
            assert "previous_response_id" not in server.bodies[1]
            assert len(server.bodies[1]["input"]) == 1

    play(main())


def test_a_service_that_answers_it_is_never_asked_again() -> None:
    async def main() -> None:
        chatty: list[Step] = [created("w"), *text_events("blah"), completed("w")]
        async with WireServer([chatty, answer("a")]) as server:
            provider = socket_of(server)
            assert not await provider.warm(ask())
            assert not await provider.warm(ask())
            assert texts(await collect(provider.stream(ask(HELLO)))) == "a"
            await provider.close()
            assert [asked.connection for asked in server.asked] == [1, 2]
            assert "previous_response_id" not in server.bodies[1]

    play(main())


def test_a_service_that_refuses_it_is_not_asked_again_for_this_model() -> None:
    async def main() -> None:
        async with WireServer([[error("invalid_value")], answer("a")]) as server:
            provider = socket_of(server)
            assert not await provider.warm(ask())
            assert not await provider.warm(ask())
            assert texts(await collect(provider.stream(ask(HELLO)))) == "a"
            await provider.close()
            assert len(server.asked) == 2
            assert "previous_response_id" not in server.bodies[1]

    play(main())


@pytest.mark.parametrize("steps", [[Drop()], [created("w"), Drop()]])
def test_a_drop_meanwhile_is_silent(steps: list[Step]) -> None:
    async def main() -> None:
        async with WireServer([steps, answer("a")]) as server:
            provider = socket_of(server)
            assert not await provider.warm(ask())
            assert texts(await collect(provider.stream(ask(HELLO)))) == "a"
            await provider.close()

    play(main())


def test_where_there_is_no_socket_nothing_is_read() -> None:
    async def main() -> None:
        async with WireServer(handshakes=[404]) as server:
            provider = socket_of(server)
            assert not await provider.warm(ask())
            await provider.close()

    play(main())


def test_not_while_an_answer_streams() -> None:
    async def main() -> None:
        async with WireServer([[created(), Wait(), *text_events("a"), completed()]]) as server:
            provider = socket_of(server)
            asking = asyncio.ensure_future(collect(provider.stream(ask(HELLO))))
            await server.was_asked.wait()
            assert not await provider.warm(ask())
            server.go.set()
            assert texts(await asking) == "a"
            await provider.close()
            assert len(server.asked) == 1

    play(main())
