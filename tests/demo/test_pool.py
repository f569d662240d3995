"""The pool of requests: what is told of it, when it is empty, and that the clock fills it again."""

from __future__ import annotations

import pytest
from httpx import AsyncClient
from websockets.asyncio.client import connect

from demo.model import Service
from demo.pool import Pool, duration
from demo.script import load
from demo.service import listening
from tests.demo.talk import Clock, address, events, run, user

ASKED = {"model": "demo-fast", "input": "/long 3"}


def limited(requests: int, clock: Clock) -> Service:
    return Service(("demo-fast",), load(), rate=0, ttft_s=0, pool=Pool(requests, clock=clock))


def test_every_answer_tells_what_is_left() -> None:
    async def test() -> None:
        clock = Clock()
        async with listening(limited(6, clock)) as url, AsyncClient() as client:
            listed = await client.get(f"{url}/models")
            assert listed.headers["x-ratelimit-remaining-requests"] == "6"
            for stream in (False, True):
                answer = await client.post(f"{url}/responses", json={**ASKED, "stream": stream})
                assert answer.status_code == 200
            assert answer.headers["x-ratelimit-limit-requests"] == "6"
            assert answer.headers["x-ratelimit-remaining-requests"] == "4"
            assert answer.headers["x-ratelimit-reset-requests"] == "20s"
            assert answer.headers["x-ratelimit-limit-tokens"] == "600000"
            assert answer.headers["x-ratelimit-remaining-tokens"] == "599998"
            assert answer.headers["x-ratelimit-reset-tokens"] == "1ms"
            async with connect(address(url)) as line:
                assert line.response
                assert line.response.headers["x-ratelimit-remaining-requests"] == "4"

    run(test())


def test_an_empty_pool_refuses_until_the_clock_has_filled_it() -> None:
    async def test() -> None:
        clock = Clock()
        async with listening(limited(2, clock)) as url, AsyncClient() as client:
            async with connect(address(url)) as line:
                for _ in range(2):
                    found = await events(line, input=[user("/long 3")])
                    assert found[-1]["type"] == "response.completed"
                refused = (await events(line, input=[user("/long 3")]))[-1]
                assert (refused["status"], refused["error"]["code"]) == (429, "rate_limit_exceeded")
                headers = refused["error"]["headers"]
                assert headers["retry-after"] == "30"
                assert headers["x-ratelimit-remaining-requests"] == "0"
                assert "try again in 30.000s" in refused["error"]["message"]
            answer = await client.post(f"{url}/responses", json=ASKED)
            assert answer.status_code == 429
            assert answer.headers["retry-after"] == "30"
            assert answer.headers["x-ratelimit-reset-requests"] == "1m0s"
            clock.now += 30
            assert (await client.post(f"{url}/responses", json=ASKED)).status_code == 200
            assert (await client.post(f"{url}/responses", json=ASKED)).status_code == 429

    run(test())


def test_tokens_run_out_as_well() -> None:
    clock = Clock()
    pool = Pool(10, clock=clock)
    assert pool.take(900_000) == 0
    assert pool.take(200_000) == pytest.approx(6)
    assert pool.headers()["x-ratelimit-remaining-tokens"] == "100000"
    assert pool.headers()["x-ratelimit-remaining-requests"] == "9"
    clock.now += 60
    assert pool.take(5_000_000) == 0, "more than there ever is gets through with a full pool"


def test_without_a_pool_nothing_is_told() -> None:
    async def test() -> None:
        service = Service(("demo-fast",), load(), rate=0, ttft_s=0)
        async with listening(service) as url, AsyncClient() as client:
            answer = await client.post(f"{url}/responses", json=ASKED)
            assert not [name for name in answer.headers if name.startswith("x-ratelimit")]

    run(test())


@pytest.mark.parametrize(
    ("length_s", "text"),
    [(0, "0ms"), (0.0004, "1ms"), (0.25, "250ms"), (1, "1s"), (7.66, "7.66s"), (362.5, "6m2.5s")],
)
def test_durations_are_written_as_the_service_writes_them(length_s: float, text: str) -> None:
    assert duration(length_s) == text
