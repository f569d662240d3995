"""Reading the input is charged: by tokens that the connection has not read before, on a clock
that only the server moves. So a warm-up shows what it saves without anything being timed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from httpx import AsyncClient
from websockets.asyncio.client import ClientConnection, connect

from demo.model import Service
from demo.script import load
from demo.service import listening
from spark_tui.model.catalog import open_provider
from spark_tui.model.provider import Endpoint, Failed, Provider, Request, TextDelta, UserText
from tests.demo.talk import Clock, address, create, events, run, socket, spoken, until, user

TTFT_S = 0.1
PREFILL_MS = 100.0
HISTORY = user("x" * 80_000)
"""20,000 tokens: two seconds to read."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(clock: Clock) -> Service:
    return Service(
        ("demo-fast", "demo-smart"), load(), rate=0, ttft_s=TTFT_S, prefill_ms=PREFILL_MS,
        clock=clock, sleep=clock.sleep,
    )  # fmt: skip


def charged(service: Service) -> int:
    """Of the newest request; what is not charged is what the usage calls cached."""
    return service.record.entries[-1].charged


async def asked(line: ClientConnection, **fields: Any) -> tuple[str, int, int]:
    """A response's id, its input tokens and the cached ones of them."""
    response = (await events(line, **fields))[-1]["response"]
    usage = response["usage"]
    return response["id"], usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"]


def test_a_cold_request_waits_for_its_whole_input(service: Service, clock: Clock) -> None:
    async def test() -> None:
        async with socket(service) as line:
            before = clock.now
            _, size, cached = await asked(line, input=[HISTORY, user("/long 1")])
            assert (size, cached, charged(service)) == (20_001, 0, 20_001)
            assert clock.now - before == pytest.approx(TTFT_S + 2.0001)

    run(test())


def test_a_warm_up_pays_and_what_chains_from_it_does_not(service: Service, clock: Clock) -> None:
    async def test() -> None:
        async with socket(service) as line:
            before = clock.now
            warm, size, _ = await asked(line, input=[HISTORY], generate=False)
            assert (size, charged(service)) == (20_000, 20_000)
            assert clock.now - before == pytest.approx(2.0)
            before = clock.now
            chained = {"previous_response_id": warm, "input": [user("/long 1")]}
            _, size, cached = await asked(line, **chained)
            assert (size, cached, charged(service)) == (20_001, 20_000, 1)
            assert clock.now - before == pytest.approx(TTFT_S + 0.0001)

    run(test())


def test_a_chain_pays_for_what_is_new_in_each_turn(service: Service) -> None:
    async def test() -> None:
        async with socket(service) as line:
            parent, size, _ = await asked(line, input=[HISTORY, user("/long 400")])
            for _ in range(3):
                before = size + 400
                words = user("/long 400" + " please" * 200)
                parent, size, cached = await asked(line, input=[words], previous_response_id=parent)
                assert charged(service) == size - cached < 400
                assert cached == before

    run(test())


async def first_delta_s(provider: Provider, request: Request, clock: Clock) -> float:
    """Of the server's own time, until the first word: nothing here takes any itself."""
    asked, first = clock.now, 0.0
    async for delta in provider.stream(request):
        assert not isinstance(delta, Failed), delta
        if isinstance(delta, TextDelta) and not first:
            first = clock.now - asked
    return first


def test_spark_tui_waits_half_as_long_at_most_after_a_warm_up(
    service: Service, clock: Clock
) -> None:
    """With 20,000 tokens of context, against the same request on a socket that stands open."""

    async def test() -> None:
        known = Request("demo-fast", "Be brief.", (UserText("x" * 80_000),))
        asked = replace(known, items=(*known.items, UserText("/long 3")))
        waits: list[float] = []
        async with listening(service) as url:
            for warmed in (False, True):
                provider = open_provider(Endpoint(url, wire="responses-ws"))
                await provider.connect()
                if warmed:
                    assert await provider.warm(known)
                waits.append(await first_delta_s(provider, asked, clock))
                await provider.close()
        cold, warm_up, chained = service.record.entries
        assert cold.charged == cold.input > 20_000
        assert (warm_up.warm_up, warm_up.charged) == (True, warm_up.input)
        assert chained.parent
        assert chained.charged == chained.input - warm_up.input < 10
        assert waits[1] <= waits[0] / 2
        assert waits[1] == pytest.approx(TTFT_S + chained.charged * PREFILL_MS / 1e6)

    run(test())


@pytest.mark.parametrize(
    "changed",
    [
        {"instructions": "Be brief."},
        {"tools": [{"type": "custom", "name": "apply_patch"}]},
        {"reasoning": {"effort": "high"}},
        {"model": "demo-smart"},
    ],
)
def test_other_settings_cost_the_whole_cache(service: Service, changed: dict[str, Any]) -> None:
    async def test() -> None:
        async with socket(service) as line:
            parent, _, _ = await asked(line, input=[HISTORY, user("/long 1")])
            fields = {"input": [user("/long 1")], "previous_response_id": parent, **changed}
            _, size, cached = await asked(line, **fields)
            assert cached == 0
            assert charged(service) == size > 20_000

    run(test())


def test_the_same_beginning_is_cached_on_the_same_connection(service: Service) -> None:
    async def test() -> None:
        async with socket(service) as line:
            await asked(line, input=[HISTORY, user("/long 1")])
            longer = [HISTORY, user("/long 2"), user("more")]
            _, size, cached = await asked(line, input=longer)
            assert cached == 19_968, "in steps of 128 tokens"
            assert charged(service) == size - cached
            grown = user("x" * 84_000 + "y" * 400)
            assert (await asked(line, input=[grown, user("/long 1")]))[2] == 19_968
            assert (await asked(line, input=[user("z" * 9000), user("/long 1")]))[2] == 0
            small = [user("w" * 4000), user("/long 1")]
            for _ in range(2):
                assert (await asked(line, input=small))[2] == 0, "below 1,024 nothing is cached"

    run(test())


def test_longer_instructions_keep_what_was_read_of_them(service: Service) -> None:
    async def test() -> None:
        async with socket(service) as line:
            text = "rule\n" * 2000
            await asked(line, instructions=text, input=[HISTORY, user("/long 1")])
            longer = {"instructions": text + "one more", "input": [HISTORY, user("/long 1")]}
            assert (await asked(line, **longer))[2] == 2432

    run(test())


def test_another_connection_starts_from_nothing(service: Service) -> None:
    async def test() -> None:
        async with listening(service) as url:
            async with connect(address(url)) as line:
                parent, _, _ = await asked(line, input=[HISTORY, user("/long 1")], store=True)
            async with connect(address(url)) as line:
                fields = {"input": [user("/long 1")], "previous_response_id": parent}
                _, size, cached = await asked(line, **fields)
                assert (cached, charged(service)) == (0, size)

    run(test())


@pytest.mark.parametrize("path", ["responses", "chat/completions"])
def test_http_is_cached_as_long_as_the_connection_is_kept(service: Service, path: str) -> None:
    async def test() -> None:
        async with listening(service) as url:
            messages = [HISTORY, user("/long 1")]
            body = {"model": "demo-fast", "input": messages, "messages": messages}
            async with AsyncClient() as client:
                for expected in (20_001, 33):
                    await client.post(f"{url}/{path}", json=body)
                    assert charged(service) == expected
            async with AsyncClient() as client:
                await client.post(f"{url}/{path}", json=body)
                assert charged(service) == 20_001

    run(test())


def test_a_successor_goes_on_from_what_was_read(service: Service, clock: Clock) -> None:
    """Steered while the input is still being read: it is read to its end, and once."""

    async def test() -> None:
        service.models = ("gpt-6-astra",)
        async with socket(service) as line:
            clock.hold()
            await create(line, model="gpt-6-astra", input=[HISTORY, user("/long 5")])
            running = (await until(line, "response.in_progress"))[0]["response"]["id"]
            words = {"previous_response_id": running, "input": "/long 1"}
            await line.send(json.dumps({"type": "response.steer", **words}))
            await until(line, "response.steer.accepted")
            clock.release()
            stopped = await until(line, "response.incomplete")
            assert spoken(stopped) == ""
            assert spoken(await until(line, "response.completed")) != ""
        first, second = service.record.entries
        assert second.successor
        assert first.charged == first.input == 20_001
        assert second.charged == second.input - first.input < 10

    run(test())
