"""The WebSocket provider against refusals, nonsense, floods and silence."""

from __future__ import annotations

import asyncio

import pytest

from spark_tui.errors import (
    ConnectFault,
    KeyRefused,
    LimitFault,
    ModelMissing,
    RateLimited,
    StreamFault,
)
from spark_tui.model import responses_ws
from spark_tui.model.faults import Place, WireRefused
from spark_tui.model.provider import (
    Completed,
    Endpoint,
    Failed,
    Item,
    Lively,
    News,
    Request,
    UserText,
    Waiting,
)
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.websocket import Timing, refused_handshake
from tests.support.deltas import collect, fault_of, texts
from tests.support.wire_server import (
    Flood,
    Mute,
    Raw,
    Reply,
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


@pytest.mark.parametrize("status", [400, 404, 405, 426])
def test_a_service_without_a_socket_is_told_by_its_handshake(status: int) -> None:
    async def main() -> None:
        async with WireServer(handshakes=[status] * 3) as server:
            provider = socket_of(server)
            with pytest.raises(WireRefused) as refused:
                await collect(provider.stream(ask()))
            assert refused.value.status == status
            assert server.connections == 1
            with pytest.raises(WireRefused):
                await provider.probe()
            await provider.close()

    play(main())


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_handshake_in_trouble_is_tried_once_more_and_then_another_wire(status: int) -> None:
    async def main() -> None:
        async with WireServer(handshakes=[status] * 4) as server:
            provider = socket_of(server)
            assert await provider.probe() is None
            with pytest.raises(WireRefused):
                await collect(provider.stream(ask()))
            await provider.close()
            assert server.connections == 3

    play(main())


def test_a_mute_403_may_mean_the_route_and_not_the_key() -> None:
    place = Place("api.example.org")
    assert isinstance(refused_handshake(403, {}, b"", place), WireRefused)
    body = b'{"error": {"message": "Invalid key.", "type": "auth_error"}}'
    assert isinstance(refused_handshake(403, {}, body, place), KeyRefused)
    assert isinstance(refused_handshake(401, {}, b"", place), KeyRefused)


def test_a_refused_key_is_not_tried_again() -> None:
    async def main() -> None:
        async with WireServer(handshakes=[401] * 3) as server:
            provider = socket_of(server)
            await provider.connect()
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert isinstance(fault_of(deltas), KeyRefused)
            assert KEY not in str(fault_of(deltas))
            assert server.connections == 1

    play(main())


def test_a_handshake_that_asks_to_wait() -> None:
    async def main() -> None:
        reply = Reply(status=429, headers={"Retry-After": "4"})
        async with WireServer([answer("a")], handshakes=[reply, reply]) as server:
            news: list[News] = []
            provider = ResponsesSocket(
                Endpoint(server.base_url, KEY), standby=False, sleep=no_time, tell=news.append
            )
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas) == "a"
            waits = [told.seconds for told in news if isinstance(told, Waiting)]
            assert waits == [4.0, 4.0]
            assert news[-1] == Lively()

    play(main())


def test_a_handshake_that_asks_for_a_long_wait_is_not_waited_for() -> None:
    async def main() -> None:
        reply = Reply(status=429, headers={"Retry-After": "400"})
        async with WireServer(handshakes=[reply, reply]) as server:
            provider = socket_of(server)
            fault = fault_of(await collect(provider.stream(ask())))
            await provider.close()
            assert isinstance(fault, RateLimited)
            assert fault.retry_after_s == 400
            assert server.connections == 1

    play(main())


def test_a_redirect_to_another_host_is_not_followed() -> None:
    async def main() -> None:
        async with WireServer() as other:
            away = Reply(status=302, headers={"Location": f"ws://127.0.0.1:{other.port}/v1"})
            async with WireServer(handshakes=[away]) as server:
                provider = socket_of(server)
                fault = fault_of(await collect(provider.stream(ask())))
                await provider.close()
                assert isinstance(fault, ConnectFault)
                assert other.connections == 0

    play(main())


def test_nobody_there_is_a_plain_fault() -> None:
    async def main() -> None:
        async with WireServer() as server:
            pass
        provider = socket_of(server)
        await provider.connect()
        fault = fault_of(await collect(provider.stream(ask())))
        await provider.close()
        assert isinstance(fault, ConnectFault)
        assert str(server.port) in fault.message

    play(main())


def test_a_fault_of_connecting_ahead_is_forgotten_when_the_network_is_back() -> None:
    async def main() -> None:
        refusal = Reply(status=429)
        async with WireServer([answer("a")], handshakes=[refusal]) as server:
            provider = socket_of(server)
            await provider.connect()
            assert texts(await collect(provider.stream(ask()))) == "a"
            await provider.close()

    play(main())


def test_a_field_that_is_refused_is_left_out_from_then_on() -> None:
    async def main() -> None:
        no = [error("unsupported_parameter", param="temperature")]
        async with WireServer([no, answer("a"), answer("b")]) as server:
            provider = socket_of(server)
            for _ in range(2):
                deltas = await collect(provider.stream(ask(temperature=0.1)))
                assert isinstance(deltas[-1], Completed)
            await provider.close()
            assert ["temperature" in body for body in server.bodies] == [True, False, False]

    play(main())


def test_a_missing_model_is_said_and_the_socket_is_kept() -> None:
    async def main() -> None:
        async with WireServer([[error("model_not_found", status=404)], answer("a")]) as server:
            provider = socket_of(server)
            assert isinstance(fault_of(await collect(provider.stream(ask()))), ModelMissing)
            assert texts(await collect(provider.stream(ask()))) == "a"
            await provider.close()
            assert server.connections == 1

    play(main())


def test_an_error_in_the_middle_ends_the_turn_and_the_socket() -> None:
    async def main() -> None:
        broken = [created(), *text_events("ab")[:2], error("server_error", status=500)]
        stale = {"type": "response.failed", "response": {"error": {"code": "server_error"}}}
        async with WireServer([[*broken, stale], answer("b")]) as server:
            provider = socket_of(server)
            deltas = await collect(provider.stream(ask()))
            assert texts(deltas) == "a"
            assert isinstance(deltas[-1], Failed)
            assert texts(await collect(provider.stream(ask()))) == "b"
            await provider.close()

    play(main())


def test_frames_that_are_no_events_are_skipped() -> None:
    async def main() -> None:
        odd: list[Step] = [
            Raw(b"{"),
            Raw(b"[1]"),
            Raw(b"[" * 100_000),
            Raw(b'"\xff\xfe"'),
            Raw(b"NaN"),
        ]
        script: list[Step] = [created(), *odd, *text_events("a"), completed()]
        async with WireServer([script]) as server:
            provider = socket_of(server)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas) == "a"
            assert isinstance(deltas[-1], Completed)

    play(main())


def test_a_closing_event_of_two_megabytes_is_taken() -> None:
    async def main() -> None:
        big = completed(metadata={"x": "y" * (2 << 20)})
        async with WireServer([[created(), *text_events("a"), big]]) as server:
            provider = socket_of(server)
            assert isinstance((await collect(provider.stream(ask())))[-1], Completed)
            await provider.close()

    play(main())


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses_ws, "LIMIT_BYTES", 10_000)

    async def main() -> None:
        flood = Flood({"type": "response.output_text.delta", "item_id": "m", "delta": "x" * 500})
        async with WireServer([[created(), flood]]) as server:
            provider = socket_of(server)
            deltas = await collect(provider.stream(ask()))
            await server.gone.wait()
            await provider.close()
            assert isinstance(fault_of(deltas), LimitFault)
            assert len(texts(deltas)) < 10_000

    play(main())


QUICK = Timing(ping_s=0.02, quiet_s=0.1, dead_s=5.0)


def test_a_peer_that_vanished_is_found_out_by_a_second_socket() -> None:
    async def main() -> None:
        vanished: list[Step] = [created(), *text_events("ab")[:2], Mute()]
        async with WireServer([vanished]) as server:
            provider = socket_of(server, timing=QUICK)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas) == "a"
            assert isinstance(fault_of(deltas), StreamFault)
            assert server.connections == 2

    play(main())


def test_a_peer_that_vanished_before_the_first_delta_costs_nothing() -> None:
    async def main() -> None:
        async with WireServer([[created(), Mute()], answer("b")]) as server:
            provider = socket_of(server, timing=QUICK)
            assert texts(await collect(provider.stream(ask()))) == "b"
            await provider.close()
            assert server.connections == 2

    play(main())


def test_long_thinking_with_pongs_is_no_fault() -> None:
    async def main() -> None:
        script: list[Step] = [created(), Wait(), *text_events("a"), completed()]
        async with WireServer([script]) as server:
            provider = socket_of(server, timing=QUICK)
            loop = asyncio.get_running_loop()
            loop.call_later(4 * QUICK.quiet_s, server.go.set)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas) == "a"
            assert server.connections == 1

    play(main())


def test_a_loopback_address_is_never_reached_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with WireServer() as proxy, WireServer([answer("a")]) as server:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.delenv("NO_PROXY")
            provider = socket_of(server)
            assert texts(await collect(provider.stream(ask()))) == "a"
            await provider.close()
            assert proxy.connections == 0

    play(main())
