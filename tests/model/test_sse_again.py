"""What is asked for again over HTTP, after how long, and what a person is told meanwhile."""

from __future__ import annotations

import asyncio
import json
from email.utils import formatdate
from typing import Any

import pytest

from spark_tui.errors import ModelFault, NetworkFault, RateLimited, StreamFault
from spark_tui.model.dialects import CHAT, RESPONSES, Dialect
from spark_tui.model.memory import Learned
from spark_tui.model.provider import (
    Connected,
    Delta,
    Endpoint,
    Lively,
    News,
    Pool,
    Quiet,
    Request,
    UserText,
    Waiting,
)
from spark_tui.model.silence import Peer
from spark_tui.model.sse import HttpStream
from tests.support.deltas import fault_of, texts
from tests.support.wire_server import (
    Drop,
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

PATHS = {"responses": "/v1/responses", "chat": "/v1/chat/completions"}
DIALECTS = pytest.mark.parametrize("dialect", [RESPONSES, CHAT], ids=lambda dialect: dialect.wire)
DONE = Raw(b"data: [DONE]\n\n")


def good(dialect: Dialect) -> Reply:
    choice = {"delta": {"content": "ok"}, "finish_reason": "stop"}
    steps: list[Step] = [*answer("ok")]
    return Reply(steps if dialect is RESPONSES else [{"id": "c", "choices": [choice]}, DONE])


def refusal(
    status: int, message: str = "no", headers: dict[str, str] | None = None, **more: Any
) -> Reply:
    body = json.dumps({"error": {"message": message, **more}}).encode()
    return Reply([Raw(body)], status, headers or {}, "application/json")


class Client:
    """A stream whose waits are counted and not waited for."""

    def __init__(self, server: WireServer, dialect: Dialect = CHAT, **more: Any) -> None:
        self.news: list[News] = []
        self.slept: list[float] = []
        endpoint = Endpoint(server.base_url, "a-long-secret-key")
        self.learned = Learned()
        self.stream = HttpStream(
            endpoint, dialect, tell=self.hear, learned=self.learned, sleep=self.sleep, **more
        )

    def hear(self, news: News) -> None:
        self.news.append(news)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def ask(self, **more: Any) -> list[Delta]:
        request = Request("m", "", (UserText("hi"),), **more)
        deltas = [delta async for delta in self.stream.stream(request)]
        await self.stream.close()
        return deltas


@DIALECTS
def test_a_busy_service_is_asked_again_after_growing_waits(dialect: Dialect) -> None:
    async def main() -> None:
        replies = [refusal(503), refusal(529, code="overloaded_error"), good(dialect)]
        async with WireServer(http={PATHS[dialect.wire]: replies}) as server:
            client = Client(server, dialect)
            deltas = await client.ask()
            assert texts(deltas) == "ok"
            assert [type(delta) for delta in deltas].count(Connected) == 1
            first, second = client.slept
            assert 0.25 <= first <= 0.5 <= second <= 1.0
            host = f"127.0.0.1:{server.port}"
            assert client.news == [
                Waiting(first, f"{host} is busy (503)"),
                Lively(),
                Waiting(second, f"{host} is busy (529)"),
                Lively(),
            ]

    play(main())


def test_at_last_the_fault_is_said() -> None:
    async def main() -> None:
        async with WireServer(http={PATHS["chat"]: [refusal(500)] * 9}) as server:
            client = Client(server)
            fault = fault_of(await client.ask())
            assert type(fault) is NetworkFault
            assert len(server.asked) == 5
            assert len(client.slept) == 4

    play(main())


SHORTLY = formatdate(1_800_000_040, usegmt=True)
TODAY = formatdate(1_800_000_000, usegmt=True)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (refusal(429, headers={"Retry-After": "7"}), 7.0),
        (refusal(429, headers={"retry-after-ms": "1500"}), 1.5),
        (refusal(429, headers={"Retry-After": SHORTLY, "Date": TODAY}), 40.0),
        (refusal(429, "Please try again in 1m20s."), 80.0),
        (refusal(503, headers={"Retry-After": "3"}), 3.0),
    ],
)
def test_a_wait_that_the_service_names_is_kept(reply: Reply, seconds: float) -> None:
    async def main() -> None:
        async with WireServer(http={PATHS["chat"]: [reply, good(CHAT)]}) as server:
            client = Client(server)
            assert texts(await client.ask()) == "ok"
            assert client.slept == [seconds]
            assert [type(news) for news in client.news] == [Waiting, Lively]

    play(main())


def test_a_long_wait_is_told_in_words_and_not_waited_for() -> None:
    async def main() -> None:
        reply = refusal(429, "slow down", {"Retry-After": "400"})
        async with WireServer(http={PATHS["chat"]: [reply]}) as server:
            client = Client(server)
            fault = fault_of(await client.ask())
            assert isinstance(fault, RateLimited)
            assert fault.retry_after_s == 400
            assert "asks to wait 7 min: slow down." in fault.message
            assert "Ask again in 7 min." in fault.hint
            assert (client.slept, client.news) == ([], [])

    play(main())


@DIALECTS
def test_stop_ends_a_wait_at_once(dialect: Dialect) -> None:
    async def main() -> None:
        forever = asyncio.Event()
        replies = [refusal(429, headers={"Retry-After": "60"})]
        async with WireServer(http={PATHS[dialect.wire]: replies}) as server:
            client = Client(server, dialect)

            async def sleep(_: float) -> None:
                client.stream.stop()
                await forever.wait()

            client.stream._sleep = sleep
            assert await client.ask() == []
            assert [type(news) for news in client.news] == [Waiting, Lively]
            assert len(server.asked) == 1

    play(main())


@DIALECTS
def test_a_break_before_the_first_delta_is_waited_for(dialect: Dialect) -> None:
    async def main() -> None:
        replies = [Reply([Drop()]), Reply([]), good(dialect)]
        async with WireServer(http={PATHS[dialect.wire]: replies}) as server:
            client = Client(server, dialect)
            assert texts(await client.ask()) == "ok"
            why = f"the connection to 127.0.0.1:{server.port} broke"
            assert [n.why for n in client.news if isinstance(n, Waiting)] == [why, why]

    play(main())


def test_a_connection_that_stood_by_and_is_gone_is_no_news() -> None:
    async def main() -> None:
        gone = Reply([Drop()])
        replies = [good(CHAT), gone, good(CHAT)]
        async with WireServer(http={PATHS["chat"]: replies}) as server:
            client = Client(server)
            first = [d async for d in client.stream.stream(Request("m", "", (UserText("a"),)))]
            second = await client.ask()
            assert texts(first) == texts(second) == "ok"
            (began,) = (delta for delta in first if isinstance(delta, Connected))
            (went_on,) = (delta for delta in second if isinstance(delta, Connected))
            assert not began.reused
            assert began.connect_ms > 0
            assert went_on.reused
            assert (client.slept, client.news) == ([], [])

    play(main())


@DIALECTS
def test_nothing_is_asked_again_after_something_was_shown(dialect: Dialect) -> None:
    async def main() -> None:
        text: list[Step] = [{"id": "c", "choices": [{"delta": {"content": "a"}}]}]
        if dialect is RESPONSES:
            text = [created(), *text_events("ab")[:2]]
        trouble = {"error": {"code": 503, "message": "overloaded"}, "type": "error"}
        for end in (Drop(), trouble):
            replies = [Reply([*text, end]), good(dialect)]
            async with WireServer(http={PATHS[dialect.wire]: replies}) as server:
                client = Client(server, dialect)
                deltas = await client.ask()
                assert texts(deltas) == "a"
                assert type(fault_of(deltas)) in (StreamFault, NetworkFault)
                assert len(server.asked) == 1
                assert client.news == []

    play(main())


@DIALECTS
def test_an_error_in_the_stream_before_anything_was_shown(dialect: Dialect) -> None:
    async def main() -> None:
        trouble = {"type": "error", "error": {"code": "rate_limit_exceeded", "message": "no"}}
        wrong = {"type": "error", "error": {"code": 400, "message": "wrong"}}
        replies = [Reply([trouble]), good(dialect), Reply([wrong])]
        async with WireServer(http={PATHS[dialect.wire]: replies}) as server:
            client = Client(server, dialect)
            assert texts(await client.ask()) == "ok"
            assert len(client.slept) == 1
            assert type(fault_of(await client.ask())) is ModelFault
            assert len(client.slept) == 1

    play(main())


@pytest.mark.parametrize(("status", "code"), [(401, None), (403, None), (400, "invalid_api_key")])
def test_a_refused_key_is_asked_with_once(status: int, code: str | None) -> None:
    async def main() -> None:
        replies = [refusal(status, headers={"Retry-After": "1"}, code=code), good(CHAT)]
        async with WireServer(http={PATHS["chat"]: replies}) as server:
            client = Client(server)
            fault = fault_of(await client.ask())
            assert fault is not None
            assert fault.code == "key_refused"
            assert len(server.asked) == 1
            assert client.slept == []

    play(main())


def test_the_pool_is_told_with_every_answer() -> None:
    async def main() -> None:
        left = {"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "6m0s"}
        none = {**left, "x-ratelimit-remaining-requests": "0"}
        first = good(CHAT)
        replies = [refusal(429, headers=none), Reply(first.steps, headers=left)]
        async with WireServer(http={PATHS["chat"]: replies}) as server:
            client = Client(server)
            assert texts(await client.ask()) == "ok"
            pools = [news for news in client.news if isinstance(news, Pool)]
            assert pools == [Pool(0, None, 360.0), Pool(3, None, 360.0)]

    play(main())


@pytest.mark.parametrize("confirmed_s", [None, 60.0], ids=["nobody tells", "not confirmed"])
def test_a_silent_answer_whose_other_end_may_be_gone(
    confirmed_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Peer, "confirmed_s", lambda _: confirmed_s)

    async def main() -> None:
        steps: list[Step] = [created(), Wait(), *answer("ok")[1:]]
        async with WireServer(http={PATHS["responses"]: [Reply(steps)]}) as server:

            class Hearing(Client):
                def hear(self, news: News) -> None:
                    super().hear(news)
                    server.go.set()

            client = Hearing(server, RESPONSES, quiet_s=0.02)
            assert texts(await client.ask()) == "ok"
            quiet, lively = client.news
            assert isinstance(quiet, Quiet)
            assert quiet.may_think is (confirmed_s is None)
            assert lively == Lively()

    play(main())


def test_silent_thinking_is_no_news_while_the_other_end_confirms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0

    async def main() -> None:
        steps: list[Step] = [created(), Wait(), *answer("ok")[1:]]
        async with WireServer(http={PATHS["responses"]: [Reply(steps)]}) as server:

            def confirmed_s(_: Peer) -> float:
                nonlocal looks
                looks += 1
                if looks == 20:
                    server.go.set()
                return 0.0

            monkeypatch.setattr(Peer, "confirmed_s", confirmed_s)
            client = Client(server, RESPONSES, quiet_s=0.004)
            assert texts(await client.ask()) == "ok"
            assert client.news == []

    play(main())
