"""Bad weather strikes where it was announced, and a client that goes stops its answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx import AsyncClient, RemoteProtocolError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from demo.fault import KINDS, Fault, read_fault
from demo.model import Service
from demo.script import load
from demo.service import listening

LONG = {"model": "demo-fast", "input": "/long 50", "stream": True}


def troubled(fault: str, *, rate: float = 0) -> Service:
    return Service(("demo-fast",), load(), rate=rate, ttft_s=0, fault=read_fault(fault))


@asynccontextmanager
async def socket(service: Service) -> AsyncIterator[ClientConnection]:
    async with (
        listening(service) as url,
        connect(url.replace("http", "ws") + "/responses") as line,
    ):
        yield line


async def frames(line: ClientConnection) -> list[str]:
    """Everything until the terminal event or the end of the connection."""
    await line.send(json.dumps({"type": "response.create", **LONG}))
    found: list[str] = []
    try:
        while not found or '"response.completed"' not in found[-1]:
            found.append(str(await line.recv()))
    except ConnectionClosed:
        pass
    return found


def deltas(found: list[str]) -> int:
    return sum(".delta" in text for text in found)


def run(test: Coroutine[Any, Any, None]) -> None:
    """A hanging server is a failure, not a hanging test."""
    asyncio.run(asyncio.wait_for(test, 10))


def test_a_drop_comes_after_exactly_so_many_deltas() -> None:
    async def test() -> None:
        service = troubled("drop:7")
        async with socket(service) as line:
            found = await frames(line)
            assert deltas(found) == 7
            assert "completed" not in found[-1]
        assert service.record.entries[0].ended == "broken"

    run(test())


def test_a_drop_over_http_ends_the_stream_without_its_end() -> None:
    async def test() -> None:
        async with listening(troubled("drop:7")) as url, AsyncClient() as client:
            text = ""
            with pytest.raises(RemoteProtocolError):
                async with client.stream("POST", f"{url}/responses", json=LONG) as stream:
                    async for part in stream.aiter_text():
                        text += part
            assert text.count("event: response.output_text.delta") == 7

    run(test())


def test_a_fault_can_strike_a_number_of_times_only() -> None:
    async def test() -> None:
        service = troubled("drop:7x1")
        async with listening(service) as url:
            address = url.replace("http", "ws") + "/responses"
            async with connect(address) as line:
                assert deltas(await frames(line)) == 7
            async with connect(address) as line:
                assert deltas(await frames(line)) == 50

    run(test())


def test_disconnect_before_the_first_delta() -> None:
    async def test() -> None:
        async with socket(troubled("disconnect-before-first")) as line:
            found = await frames(line)
            assert deltas(found) == 0
            assert "response.created" in found[0]

    run(test())


def test_one_malformed_frame_among_good_ones() -> None:
    async def test() -> None:
        async with socket(troubled("malformed:3")) as line:
            found = await frames(line)
            bad = [at for at, text in enumerate(found) if not is_json(text)]
            assert len(bad) == 1
            assert deltas(found[: bad[0]]) == 3
            assert deltas(found) == 50

    run(test())


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_a_stall_keeps_the_connection_and_ends_with_the_client() -> None:
    async def test() -> None:
        service = troubled("stall:5")
        async with listening(service) as url:
            line = await connect(url.replace("http", "ws") + "/responses")
            await line.send(json.dumps({"type": "response.create", **LONG}))
            found: list[str] = []
            while deltas(found) < 5:
                found.append(str(await line.recv()))
            await (await line.ping())
            assert service.record.entries[0].ended == "running"
            line.transport.abort()
            await ended(service)
            assert service.record.entries[0].ended == "interrupted"
            assert service.record.entries[0].deltas == 5

    run(test())


async def ended(service: Service) -> None:
    while service.record.entries[0].ended == "running":  # noqa: ASYNC110 - nobody is told
        await asyncio.sleep(0)


@pytest.mark.parametrize("path", ["responses", "chat/completions"])
def test_a_client_that_goes_stops_its_answer(path: str) -> None:
    """Over HTTP; at 200 tokens a second the 100,000 tokens would take eight minutes."""

    async def test() -> None:
        service = troubled("drop:1000000", rate=200)
        async with listening(service) as url, AsyncClient() as client:
            text = "/long 100000"
            body = {
                "model": "demo-fast",
                "stream": True,
                "input": text,
                "messages": [{"role": "user", "content": text}],
            }
            async with client.stream("POST", f"{url}/{path}", json=body) as stream:
                async for part in stream.aiter_text():
                    if "delta" in part:
                        break
            await ended(service)
            assert service.record.entries[0].ended == "interrupted"
            assert service.record.entries[0].deltas < 1000

    run(test())


@pytest.mark.parametrize(("fault", "status"), [("refuse", 426), ("badkey", 401)])
def test_a_handshake_is_refused_with_its_status(fault: str, status: int) -> None:
    async def test() -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with socket(troubled(fault)):
                pass
        assert refused.value.response.status_code == status

    run(test())


def test_where_websockets_are_refused_http_works() -> None:
    async def test() -> None:
        async with listening(troubled("refuse")) as url, AsyncClient() as client:
            answer = await client.post(f"{url}/responses", json={**LONG, "stream": False})
            assert answer.json()["status"] == "completed"

    run(test())


def test_a_refused_key_is_refused_everywhere() -> None:
    async def test() -> None:
        async with listening(troubled("badkey")) as url, AsyncClient() as client:
            listed = await client.get(f"{url}/models")
            asked = await client.post(f"{url}/responses", json=LONG)
            assert (listed.status_code, asked.status_code) == (401, 401)
            assert asked.json()["error"]["code"] == "invalid_api_key"

    run(test())


def test_a_rate_limit_says_how_long_to_wait_and_then_passes() -> None:
    async def test() -> None:
        async with listening(troubled("ratelimit:3x1")) as url, AsyncClient() as client:
            first = await client.post(f"{url}/responses", json=LONG)
            second = await client.post(f"{url}/responses", json=LONG)
            assert first.status_code == 429
            assert first.headers["retry-after"] == "3"
            assert first.json()["error"]["code"] == "rate_limit_exceeded"
            assert second.status_code == 200
        async with socket(troubled("ratelimit:3x1")) as line:
            await line.send(json.dumps({"type": "response.create", **LONG}))
            error = json.loads(await line.recv())
            assert error["status"] == 429
            assert error["error"]["headers"] == {"retry-after": "3"}
            assert deltas(await frames(line)) == 50

    run(test())


def test_slow_means_few_tokens_and_a_long_wait() -> None:
    service = troubled("slow:5", rate=1000)
    assert service.speed("demo-fast", service.strikes("slow")) == (5, 5.0)
    assert service.speed("demo-fast", None) == (1000, 0)


def test_how_faults_are_written() -> None:
    assert read_fault("drop:7x2") == Fault("drop", 7, 2)
    assert read_fault("slow").number == 20
    for kind in KINDS:
        assert read_fault(kind).kind == kind
    for text in ("rain", "drop:", "drop:x", ""):
        with pytest.raises(ValueError, match="no such fault"):
            read_fault(text)
