"""The second socket: there behind the first answer, promoted when the first goes, never a third,
none left behind; and what is said of a line that is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from spark_tui.model.provider import (
    AssistantText,
    Connected,
    Delta,
    Endpoint,
    Lively,
    News,
    Quiet,
    Request,
    TextDelta,
    UserText,
)
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.websocket import Timing
from tests.support.deltas import collect, texts
from tests.support.wire_server import (
    Drop,
    Flood,
    Mute,
    Step,
    Wait,
    WireServer,
    answer,
    completed,
    created,
    play,
    text_events,
)

HELLO = UserText("hello")


def ask(*items: Any) -> Request:
    return Request("m", "", items or (HELLO,))


async def no_time(_: float) -> None:
    """A wait that is over at once."""


def socket_of(server: WireServer, **more: Any) -> ResponsesSocket:
    return ResponsesSocket(Endpoint(server.base_url, "a-long-secret-key"), sleep=no_time, **more)


def connected(deltas: list[Delta]) -> Connected:
    return next(delta for delta in deltas if isinstance(delta, Connected))


async def stands_by(provider: ResponsesSocket) -> None:
    """Until the second socket is open."""
    await provider._lines.ahead()


def test_it_opens_behind_the_first_answer_and_stays() -> None:
    async def main() -> None:
        async with WireServer([answer("a"), answer("b", "resp_2")]) as server:
            provider = socket_of(server)
            await collect(provider.stream(ask()))
            await stands_by(provider)
            await collect(provider.stream(ask(HELLO, AssistantText("a"), UserText("on"))))
            await stands_by(provider)
            assert server.connections == 2
            assert [asked.connection for asked in server.asked] == [1, 1]
            assert server.bodies[1]["previous_response_id"] == "resp_1"
            await provider.close()

    play(main())


def test_a_stop_promotes_it_and_the_next_request_waits_for_nothing() -> None:
    async def main() -> None:
        flood: list[Step] = [created(), Flood(text_events("a")[1])]
        async with WireServer([flood, answer("b", "resp_2")]) as server:
            provider = socket_of(server)
            heard = 0
            async for delta in provider.stream(ask()):
                heard += isinstance(delta, TextDelta)
                if heard == 200:
                    await stands_by(provider)
                    provider.stop()
            deltas = await collect(provider.stream(ask()))
            told = connected(deltas)
            assert (texts(deltas), told.reused, told.connect_ms) == ("b", True, 0.0)
            assert [asked.connection for asked in server.asked] == [1, 2]
            await stands_by(provider)
            assert server.connections == 3, "and the next one is there"
            await provider.close()
            assert [t for t in asyncio.all_tasks() if "open" in repr(t.get_coro())] == []

    play(main())


def test_a_drop_before_the_first_delta_costs_no_handshake() -> None:
    async def main() -> None:
        cut: list[Step] = [created("resp_2"), Drop()]
        scripts: list[Sequence[Step]] = [answer("a"), cut, answer("c", "resp_3")]
        async with WireServer(scripts) as server:
            provider = socket_of(server)
            await collect(provider.stream(ask()))
            await stands_by(provider)
            deltas = await collect(provider.stream(ask(HELLO, AssistantText("a"), UserText("on"))))
            assert texts(deltas) == "c"
            assert [asked.connection for asked in server.asked] == [1, 1, 2]
            assert "previous_response_id" not in server.bodies[2]
            await provider.close()

    play(main())


def test_one_that_is_switched_off_is_never_opened() -> None:
    async def main() -> None:
        async with WireServer([answer("a"), answer("b")]) as server:
            provider = socket_of(server, standby=False)
            await collect(provider.stream(ask()))
            await collect(provider.stream(ask()))
            await provider.close()
            assert server.connections == 1

    play(main())


def test_an_old_socket_is_left_at_a_turn_boundary_for_the_one_that_stands_by() -> None:
    async def main() -> None:
        clock = [0.0]
        async with WireServer(
            [answer("a"), answer("b", "resp_2"), answer("c", "resp_3")]
        ) as server:
            provider = socket_of(server, now=lambda: clock[0])
            await collect(provider.stream(ask()))
            clock[0] = 54 * 60.0
            more = ask(HELLO, AssistantText("a"), UserText("on"))
            await collect(provider.stream(more))
            assert server.bodies[1]["previous_response_id"] == "resp_1"
            await stands_by(provider)
            clock[0] = 56 * 60.0
            last = ask(*more.items, AssistantText("b"), UserText("and"))
            deltas = await collect(provider.stream(last))
            assert texts(deltas) == "c" and connected(deltas).reused
            assert [asked.connection for asked in server.asked][:2] == [1, 1]
            assert server.asked[2].connection > 1
            assert "previous_response_id" not in server.bodies[2]
            await provider.close()

    play(main())


QUICK = Timing(ping_s=0.02, quiet_s=0.1, dead_s=5.0)


def test_a_silent_line_is_said_and_so_is_its_end() -> None:
    async def main() -> None:
        vanished: list[Step] = [created(), *text_events("ab")[:2], Mute()]
        async with WireServer([vanished]) as server:
            told: list[News] = []
            provider = socket_of(server, timing=QUICK, standby=False, tell=told.append)
            await collect(provider.stream(ask()))
            await provider.close()
            assert isinstance(told[0], Quiet) and told[0].silent_s >= QUICK.quiet_s * 0.9
            assert told[-1] == Lively()

    play(main())


def test_long_thinking_with_pongs_says_nothing() -> None:
    async def main() -> None:
        script: list[Step] = [created(), Wait(), *text_events("a"), completed()]
        async with WireServer([script]) as server:
            told: list[News] = []
            provider = socket_of(server, timing=QUICK, standby=False, tell=told.append)
            asyncio.get_running_loop().call_later(4 * QUICK.quiet_s, server.go.set)
            assert texts(await collect(provider.stream(ask()))) == "a"
            await provider.close()
            assert told == [] and server.connections == 1

    play(main())
