"""What each code of a service leads to on the WebSocket, in each of the three shapes in which it
is said: another sending on the same or a new socket, a wait, or a fault. And close codes likewise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from spark_tui.errors import (
    KeyFault,
    LimitFault,
    ModelFault,
    ModelMissing,
    NetworkFault,
    RateLimited,
    SparkFault,
    StreamFault,
)
from spark_tui.model.faults import WireRefused
from spark_tui.model.provider import (
    AssistantText,
    Endpoint,
    Lively,
    News,
    Request,
    UserText,
    Waiting,
)
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.retry import CURABLE_CLOSES, TRIES
from tests.support.deltas import collect, fault_of, texts
from tests.support.wire_server import (
    Bye,
    Step,
    WireServer,
    answer,
    created,
    play,
    text_events,
)

Event = Mapping[str, Any]
HELLO = UserText("hello")
MORE = (HELLO, AssistantText("a"), UserText("on"))


def wrapped(code: str, status: int, **more: Any) -> list[Event]:
    """The shape of the socket."""
    inner = {"type": "t", "code": code, "message": "no", "param": None, **more}
    return [{"type": "error", "status": status, "error": inner}]


def flat(code: str, status: int, **more: Any) -> list[Event]:
    """The shape of the stream."""
    return [{"type": "error", "code": code, "message": "no", "param": None, **more}]


def failed(code: str, status: int, **more: Any) -> list[Event]:
    """The shape of a response that began."""
    inner = {"code": code, "message": "no", **more}
    return [created("resp_9"), {"type": "response.failed", "response": {"error": inner}}]


SHAPES = pytest.mark.parametrize("shape", [wrapped, flat, failed])


class Told(list[News]):
    @property
    def waits(self) -> list[float]:
        return [news.seconds for news in self if isinstance(news, Waiting)]


async def no_time(_: float) -> None:
    """A wait that is over at once."""


def socket_of(server: WireServer, told: Told) -> ResponsesSocket:
    endpoint = Endpoint(server.base_url, "a-long-secret-key")
    return ResponsesSocket(endpoint, standby=False, sleep=no_time, tell=told.append)


def ask(*items: Any) -> Request:
    return Request("m", "", items or (HELLO,))


@SHAPES
@pytest.mark.parametrize(
    ("code", "sockets", "waits"),
    [
        ("previous_response_not_found", 1, 0),
        ("websocket_connection_limit_reached", 2, 0),
        ("websocket_stream_limit_reached", 2, 0),
        ("invalid_stream_id", 2, 0),
        ("rate_limit_exceeded", 1, 1),
        ("server_error", 2, 1),
        ("overloaded", 2, 1),
    ],
)
def test_a_trouble_that_passes_is_cured_in_silence(
    shape: Any, code: str, sockets: int, waits: int
) -> None:
    async def main() -> None:
        status = {"rate_limit_exceeded": 429, "server_error": 500, "overloaded": 503}.get(code, 400)
        scripts = [answer("a"), shape(code, status), answer("b", "resp_2")]
        async with WireServer(scripts) as server:
            told = Told()
            provider = socket_of(server, told)
            await collect(provider.stream(ask()))
            deltas = await collect(provider.stream(ask(*MORE)))
            await provider.close()
            assert texts(deltas) == "b" and fault_of(deltas) is None
            assert server.connections == sockets
            assert server.bodies[1]["previous_response_id"] == "resp_1"
            assert "previous_response_id" not in server.bodies[2], "whole, after any error"
            assert len(server.bodies[2]["input"]) == 3
            assert len(told.waits) == waits
            assert not waits or told[-1] == Lively()

    play(main())


@SHAPES
@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("context_length_exceeded", 400, LimitFault),
        ("insufficient_quota", 429, ModelFault),
        ("usage_not_included", 429, ModelFault),
        ("usage_limit_reached", 429, ModelFault),
        ("invalid_api_key", 401, KeyFault),
        ("model_not_found", 404, ModelMissing),
        ("model_not_supported", 400, ModelMissing),
        ("invalid_prompt", 400, ModelFault),
        ("cyber_policy_violation", 400, ModelFault),
    ],
)
def test_a_last_word_is_said_and_not_asked_for_twice(
    shape: Any, code: str, status: int, kind: type[SparkFault]
) -> None:
    async def main() -> None:
        async with WireServer([shape(code, status), answer("b")]) as server:
            told = Told()
            provider = socket_of(server, told)
            fault = fault_of(await collect(provider.stream(ask())))
            assert isinstance(fault, kind)
            assert len(server.asked) == 1 and told.waits == []
            assert texts(await collect(provider.stream(ask()))) == "b"
            await provider.close()

    play(main())


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({"headers": {"Retry-After": "7"}}, 7.0),
        ({"headers": {"retry-after-ms": "1500"}}, 1.5),
        ({"message": "Rate limit reached. Please try again in 2.5s."}, 2.5),
        ({"message": "Please try again in 120ms."}, 0.12),
    ],
)
def test_the_wait_is_the_one_that_the_service_names(more: dict[str, Any], seconds: float) -> None:
    async def main() -> None:
        scripts: list[Sequence[Step]] = [
            wrapped("rate_limit_exceeded", 429, **more), answer("b"),
        ]  # fmt: skip
        async with WireServer(scripts) as server:
            told = Told()
            provider = socket_of(server, told)
            assert texts(await collect(provider.stream(ask()))) == "b"
            await provider.close()
            assert told.waits == [seconds]
            assert isinstance(told[0], Waiting) and "asks to wait" in told[0].why

    play(main())


@pytest.mark.parametrize("code", ["rate_limit_exceeded", "server_error"])
def test_patience_has_an_end(code: str) -> None:
    async def main() -> None:
        scripts = [wrapped(code, 429 if "rate" in code else 500)] * (TRIES + 3)
        async with WireServer(scripts) as server:
            told = Told()
            provider = socket_of(server, told)
            fault = fault_of(await collect(provider.stream(ask())))
            await provider.close()
            assert isinstance(fault, RateLimited if "rate" in code else NetworkFault)
            assert len(server.asked) == TRIES + 1 == len(told.waits) + 1

    play(main())


@SHAPES
def test_what_was_shown_is_never_asked_for_again(shape: Any) -> None:
    async def main() -> None:
        begun: Sequence[Step] = [created(), *text_events("ab")[:2], *shape("server_error", 500)]
        async with WireServer([begun, answer("b")]) as server:
            told = Told()
            provider = socket_of(server, told)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas) == "a"
            assert isinstance(fault_of(deltas), NetworkFault)
            assert len(server.asked) == 1 and told.waits == []

    play(main())


def test_stop_ends_a_wait_at_once() -> None:
    async def main() -> None:
        import asyncio

        entered = asyncio.Event()

        async def for_ever(_: float) -> None:
            entered.set()
            await asyncio.Event().wait()

        async with WireServer([wrapped("rate_limit_exceeded", 429)]) as server:
            told = Told()
            endpoint = Endpoint(server.base_url, "a-long-secret-key")
            provider = ResponsesSocket(endpoint, standby=False, sleep=for_ever, tell=told.append)
            task = asyncio.ensure_future(collect(provider.stream(ask())))
            await entered.wait()
            provider.stop()
            deltas = await task
            await provider.close()
            assert fault_of(deltas) is None and len(server.asked) == 1
            assert told[-1] == Lively()

    play(main())


@pytest.mark.parametrize("code", sorted(CURABLE_CLOSES - {1005, 1006, 1015}))
def test_a_close_that_may_pass_leads_to_a_new_socket(code: int) -> None:
    async def main() -> None:
        async with WireServer([[created(), Bye(code)], answer("b")]) as server:
            provider = socket_of(server, Told())
            assert texts(await collect(provider.stream(ask()))) == "b"
            await provider.close()
            assert server.connections == 2

    play(main())


@pytest.mark.parametrize("code", [1000, 1002, 1003, 1007, 1008, 4001])
def test_a_close_that_is_a_last_word_is_said(code: int) -> None:
    async def main() -> None:
        async with WireServer([[created(), Bye(code, "go away")], answer("b")]) as server:
            provider = socket_of(server, Told())
            fault = fault_of(await collect(provider.stream(ask())))
            await provider.close()
            assert isinstance(fault, StreamFault) and f"({code} go away)" in fault.message
            assert len(server.asked) == 1

    play(main())


def test_two_drops_lead_to_another_wire() -> None:
    async def main() -> None:
        async with WireServer([[Bye(1012)], [Bye(1012)], answer("b")]) as server:
            provider = socket_of(server, Told())
            with pytest.raises(WireRefused):
                await collect(provider.stream(ask()))
            await provider.close()

    play(main())
