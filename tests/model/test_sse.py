"""Both dialects over real HTTP on loopback: turns, stops, refusals, bounds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from spark_tui.errors import (
    ConnectFault,
    KeyRefused,
    LimitFault,
    ModelMissing,
    QuotaUsed,
    RateLimited,
    StreamFault,
)
from spark_tui.model import sse
from spark_tui.model.dialects import CHAT, RESPONSES, Dialect
from spark_tui.model.faults import WireRefused
from spark_tui.model.listing import get_models
from spark_tui.model.provider import (
    Accepted,
    AssistantText,
    CallDone,
    Completed,
    Connected,
    Delta,
    Endpoint,
    Failed,
    Request,
    TextDelta,
    UserText,
)
from spark_tui.model.sse import HttpStream
from tests.support.deltas import fault_of, texts
from tests.support.wire_server import (
    Drop,
    Flood,
    Mute,
    Raw,
    Reply,
    Step,
    Wait,
    WireServer,
    answer,
    created,
    play,
    text_events,
)

KEY = "a-long-secret-key"
RESPONSES_PATH = "/v1/responses"
CHAT_PATH = "/v1/chat/completions"


def chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"id": "c1", "model": "m", "choices": [choice]}


def request(**more: Any) -> Request:
    return Request("m", "", (UserText("hi"),), **more)


async def ask(provider: HttpStream, **more: Any) -> list[Delta]:
    return [delta async for delta in provider.stream(request(**more))]


async def at_once(_: float) -> None:
    """What waits in a test is only counted."""


def http(server: WireServer, dialect: Dialect = CHAT) -> HttpStream:
    return HttpStream(Endpoint(server.base_url, KEY), dialect, sleep=at_once)


def test_a_turn_in_the_responses_dialect() -> None:
    async def main() -> None:
        async with WireServer(http={RESPONSES_PATH: [Reply(answer("hey"))]}) as server:
            provider = http(server, RESPONSES)
            deltas = await ask(provider)
            await provider.close()
            assert isinstance(deltas[0], Connected)
            assert deltas[0].wire == "responses"
            assert deltas[1] == Accepted("resp_1", "m")
            assert texts(deltas) == "hey"
            assert deltas[-1] == Completed("resp_1", None, (AssistantText("hey"),))
            assert server.bodies[0]["stream"] is True
            assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"

    play(main())


DONE = Raw(b"data: [DONE]\n\n")


@pytest.mark.parametrize("end", [[DONE], []], ids=["[DONE]", "end of the body"])
def test_a_turn_in_the_chat_dialect(end: list[Step]) -> None:
    async def main() -> None:
        usage = {"choices": [], "usage": {"prompt_tokens": 5}}
        steps = [chunk("he"), chunk("y", "stop"), usage, *end]
        async with WireServer(http={CHAT_PATH: [Reply(steps), Reply(steps)]}) as server:
            provider = http(server)
            await provider.connect()
            assert server.connections == 0
            deltas = await ask(provider)
            assert texts(deltas) == "hey"
            assert isinstance(deltas[-1], Completed)
            assert deltas[-1].usage is not None
            assert texts(await ask(provider)) == "hey"
            await provider.close()
            assert server.connections == 1

    play(main())


def test_a_body_in_single_bytes() -> None:
    async def main() -> None:
        body = b"".join(b"data: %s\r\n\r\n" % json.dumps(event).encode() for event in answer("é"))
        steps = [Raw(body[at : at + 1]) for at in range(len(body))]
        async with WireServer(http={RESPONSES_PATH: [Reply(steps)]}) as server:
            provider = http(server, RESPONSES)
            assert texts(await ask(provider)) == "é"
            await provider.close()

    play(main())


def test_a_service_that_does_not_stream() -> None:
    async def main() -> None:
        function = {"name": "read", "arguments": "{}"}
        message = {"content": "hi", "tool_calls": [{"id": "a", "function": function}]}
        whole = {"id": "c", "choices": [{"message": message, "finish_reason": "tool_calls"}]}
        reply = Reply([Raw(json.dumps(whole).encode())], content_type="application/json")
        async with WireServer(http={CHAT_PATH: [reply]}) as server:
            provider = http(server)
            deltas = await ask(provider)
            await provider.close()
            assert texts(deltas) == "hi"
            assert CallDone("a", "read", "{}", custom=False) in deltas

    play(main())


def test_a_break_after_a_delta_is_never_replayed() -> None:
    async def main() -> None:
        steps: list[Step] = [created(), *text_events("ab")[:2], Drop()]
        async with WireServer(http={RESPONSES_PATH: [Reply(steps)] * 2}) as server:
            provider = http(server, RESPONSES)
            deltas = await ask(provider)
            await provider.close()
            assert texts(deltas) == "a"
            assert isinstance(fault_of(deltas), StreamFault)
            assert len(server.asked) == 1

    play(main())


@pytest.mark.parametrize("steps", [[created(), Wait()], [Mute()]], ids=["thinking", "no answer"])
def test_stop_ends_a_silent_wait(steps: list[Step]) -> None:
    async def main() -> None:
        async with WireServer(http={RESPONSES_PATH: [Reply(steps)]}) as server:
            provider = http(server, RESPONSES)
            task = asyncio.create_task(ask(provider))
            await server.was_asked.wait()
            provider.stop()
            deltas = await task
            assert not [delta for delta in deltas if isinstance(delta, Completed | Failed)]
            await server.gone.wait()
            await provider.close()

    play(main())


def test_stop_under_a_flood_ends_at_once() -> None:
    async def main() -> None:
        async with WireServer(http={CHAT_PATH: [Reply([Flood(chunk("x"))])]}) as server:
            provider = http(server)
            after, stopped = 0, False
            async for delta in provider.stream(request()):
                after += stopped
                if isinstance(delta, TextDelta) and not stopped:
                    stopped = True
                    provider.stop()
            assert stopped
            assert after == 0
            await server.gone.wait()
            await provider.close()

    play(main())


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LIMIT_BYTES", 20_000)

    async def main() -> None:
        async with WireServer(http={CHAT_PATH: [Reply([Flood(chunk("x" * 99))])]}) as server:
            provider = http(server)
            assert isinstance(fault_of(await ask(provider)), LimitFault)
            await server.gone.wait()
            await provider.close()

    play(main())


def refusal(status: int, message: str = "no", **more: Any) -> Reply:
    body = json.dumps({"error": {"message": message, **more}}).encode()
    return Reply([Raw(body)], status=status, content_type="application/json")


STATUSES = [
    (refusal(401, f"Incorrect API key: {KEY}"), KeyRefused),
    (refusal(403), KeyRefused),
    (Reply(status=407), ConnectFault),
    (refusal(429, "no more", code="insufficient_quota"), QuotaUsed),
    (refusal(402, "pay first"), QuotaUsed),
    (Reply(status=429, headers={"Retry-After": "3600"}), RateLimited),
    (Reply([Raw(b"<html>hello")], content_type="text/html"), ConnectFault),
    (Reply([Raw(b"[1]")], content_type="application/json"), ConnectFault),
    (refusal(404, "model 'm' not found"), ModelMissing),
    (refusal(400, "bad", code="context_length_exceeded"), LimitFault),
    *(
        (Reply(status=status, headers={"Location": where}), ConnectFault)
        for status in (301, 302, 303, 307, 308)
        for where in ("http://127.0.0.1:1/v1", "/v1/elsewhere")
    ),
]


@pytest.mark.parametrize(("reply", "kind"), STATUSES)
def test_a_refusal_is_one_fault_and_not_repeated(reply: Reply, kind: type[Exception]) -> None:
    async def main() -> None:
        async with WireServer(http={CHAT_PATH: [reply]}) as server:
            provider = http(server)
            fault = fault_of(await ask(provider))
            await provider.close()
            assert type(fault) is kind
            assert KEY not in str(fault)
            assert "<" not in str(fault)
            assert len(server.asked) == 1

    play(main())


@pytest.mark.parametrize("status", [404, 405, 426, 501])
def test_a_wire_that_is_not_served(status: int) -> None:
    async def main() -> None:
        async with WireServer(http={RESPONSES_PATH: [Reply(status=status)]}) as server:
            provider = http(server, RESPONSES)
            with pytest.raises(WireRefused):
                await ask(provider)
            await provider.close()

    play(main())


def test_fields_that_are_refused_are_left_out_from_then_on() -> None:
    async def main() -> None:
        good: list[Step] = [chunk("a", "stop"), DONE]
        replies = [
            refusal(400, "Unsupported parameter: 'max_tokens'", param="max_tokens"),
            refusal(400, "extra inputs: stream_options"),
            Reply(good),
            Reply(good),
        ]
        async with WireServer(http={CHAT_PATH: replies}) as server:
            provider = http(server)
            for _ in range(2):
                assert texts(await ask(provider, max_output_tokens=5)) == "a"
            await provider.close()
            assert ["max_tokens" in body for body in server.bodies] == [True, False, False, False]
            assert ["stream_options" in body for body in server.bodies[2:]] == [False, False]

    play(main())


def test_nobody_there() -> None:
    async def main() -> None:
        async with WireServer() as server:
            pass
        provider = http(server)
        fault = fault_of(await ask(provider))
        await provider.close()
        assert isinstance(fault, ConnectFault)
        with pytest.raises(ConnectFault):
            await get_models(Endpoint(server.base_url))

    play(main())


def test_a_loopback_address_is_never_asked_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with WireServer() as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.delenv("NO_PROXY")
            replies = {CHAT_PATH: [Reply([chunk("a", "stop"), DONE])]}
            async with WireServer(http=replies) as server:
                provider = http(server)
                assert texts(await ask(provider)) == "a"
                await provider.close()
            assert proxy.connections == 0

    play(main())


@pytest.mark.parametrize(
    ("url", "path", "words"),
    [
        ("http://h.invalid/v1", "http://h.invalid/v1/chat/completions", "a name and a password"),
        ("https://h.invalid/v1", "h.invalid:443", "another name and password (407)"),
    ],
)
def test_a_proxy_that_wants_a_password(
    monkeypatch: pytest.MonkeyPatch, url: str, path: str, words: str
) -> None:
    async def main() -> None:
        async with WireServer(http={path: [Reply(status=407)] * 9}) as proxy:
            for name in ("HTTP_PROXY", "HTTPS_PROXY"):
                monkeypatch.setenv(name, f"http://me:hunter22@127.0.0.1:{proxy.port}")
            provider = HttpStream(Endpoint(url, KEY), CHAT, sleep=at_once)
            fault = fault_of(await ask(provider))
            await provider.close()
            assert isinstance(fault, ConnectFault)
            assert words in fault.message
            assert "HTTPS_PROXY" in fault.hint
            assert "hunter22" not in fault.message
            assert [asked.path for asked in proxy.asked] == [path]

    play(main())


def test_a_consumer_that_leaves_closes_the_answer() -> None:
    async def first(deltas: AsyncIterator[Delta]) -> None:
        async for delta in deltas:
            if isinstance(delta, TextDelta):
                return

    async def main() -> None:
        steps: list[Step] = [created(), *text_events("ab")[:2], Wait()]
        replies = {RESPONSES_PATH: [Reply(steps), Reply(answer("b"))]}
        async with WireServer(http=replies) as server:
            provider = http(server, RESPONSES)
            left = provider.stream(request())
            await first(left)
            assert texts(await ask(provider)) == "b"
            assert [delta async for delta in left] == []
            await provider.close()

    play(main())
