"""Weather of the wire itself: age, overload, close codes, silence, and events that are not as they
should be. What simply breaks is test_fault.py's."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
from httpx import AsyncClient, RemoteProtocolError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from demo.fault import read_fault
from demo.model import Service
from demo.script import load
from demo.service import listening
from tests.demo.talk import address, create, event, events, run, socket, spoken, until, user

LONG = {"model": "demo-fast", "input": "/long 50", "stream": True}


def troubled(fault: str) -> Service:
    return Service(("demo-fast",), load(), rate=0, ttft_s=0, fault=read_fault(fault))


def code(found: list[dict[str, Any]]) -> str:
    return str(found[-1].get("error", {}).get("code"))


def test_a_socket_becomes_too_old_and_a_new_one_is_not() -> None:
    async def test() -> None:
        async with listening(troubled("agelimit:2")) as url:
            for _ in range(2):
                async with connect(address(url)) as line:
                    for _ in range(2):
                        found = await events(line, input="/long 2")
                        assert found[-1]["type"] == "response.completed"
                    found = await events(line, input="/long 2")
                    assert code(found) == "websocket_connection_limit_reached"
                    assert found[-1]["status"] == 400

    run(test())


def test_an_overload_passes_after_so_many_requests() -> None:
    async def test() -> None:
        async with listening(troubled("overloaded:2")) as url, AsyncClient() as client:
            answer = await client.post(f"{url}/responses", json=LONG)
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "server_error"
            async with connect(address(url)) as line:
                found = await events(line, input="/long 2")
                assert (found[-1]["status"], code(found)) == (503, "server_error")
                assert found[-1]["error"]["type"] == "server_error"
                assert len(spoken(await events(line, input="/long 2"))) == 8

    run(test())


@pytest.mark.parametrize("number", [1000, 1008, 1011, 1013, 4000])
def test_a_socket_is_closed_with_a_code(number: int) -> None:
    async def test() -> None:
        service = troubled(f"close:{number}")
        async with socket(service) as line:
            found = await cut_off(line)
            assert len(spoken(found)) == 40
            assert (line.close_code, line.close_reason) == (number, "demo")
        assert service.record.entries[0].ended == "broken"

    run(test())


@pytest.mark.parametrize("number", [1005, 1006, 1015])
def test_codes_that_never_travel_look_as_they_do(number: int) -> None:
    async def test() -> None:
        async with socket(troubled(f"close:{number}")) as line:
            assert len(spoken(await cut_off(line))) == 40
            assert line.close_code == (1005 if number == 1005 else 1006)

    run(test())


async def cut_off(line: Any) -> list[dict[str, Any]]:
    await create(line, input="/long 50")
    found: list[dict[str, Any]] = []
    with pytest.raises(ConnectionClosed):
        while True:
            found.append(await event(line))
    return found


def test_over_http_a_close_breaks_off() -> None:
    async def test() -> None:
        async with listening(troubled("close:1011")) as url, AsyncClient() as client:
            with pytest.raises(RemoteProtocolError):
                await client.post(f"{url}/responses", json=LONG)

    run(test())


def test_half_open_means_that_pings_are_not_answered() -> None:
    async def test() -> None:
        service = troubled("halfopen:5")
        async with listening(service) as url:
            async with connect(address(url), ping_interval=None) as line:
                early = await line.ping()
                await early
                await create(line, input="/long 50")
                found = [await event(line)]
                while len(spoken(found)) < 20:
                    found.append(await event(line))
                late = asyncio.ensure_future(await line.ping())
                async with connect(address(url)) as other:
                    await (await other.ping())
                    # The server lives and had every chance to answer the first one too.
                    assert not late.done()
                late.cancel()
                assert service.record.entries[0].ended == "running"
                line.transport.abort()
            while service.record.entries[0].ended == "running":  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0)
            assert service.record.entries[0].ended == "interrupted"

    run(test())


def test_no_chain_is_ever_found() -> None:
    async def test() -> None:
        async with socket(troubled("notfound")) as line:
            first = await events(line, input=[user("/long 1")])
            parent = first[-1]["response"]["id"]
            found = await events(line, input=[user("/long 1")], previous_response_id=parent)
            assert code(found) == "previous_response_not_found"
            whole = await events(line, input=[user("/long 1"), user("/long 2")])
            assert whole[-1]["type"] == "response.completed"
        async with listening(troubled("notfound")) as url, AsyncClient() as client:
            first_one = await client.post(f"{url}/responses", json={**LONG, "stream": False})
            body = {**LONG, "stream": False, "previous_response_id": first_one.json()["id"]}
            answer = await client.post(f"{url}/responses", json=body)
            assert answer.json()["error"]["code"] == "previous_response_not_found"

    run(test())


async def over_both(fault: str) -> list[list[dict[str, Any]]]:
    """The events of the same answer over a WebSocket and over HTTP."""
    async with listening(troubled(fault)) as url, AsyncClient() as client:
        async with connect(address(url)) as line:
            await create(line, input="/long 50")
            raw = await until(line, "response.completed")
            if fault == "duplicate":
                raw.append(await event(line))
        answer = await client.post(f"{url}/responses", json=LONG)
        rows = (row for row in answer.text.split("\n") if row.startswith("data: "))
        return [raw, [json.loads(row[6:]) for row in rows]]


def test_every_event_comes_twice() -> None:
    async def test() -> None:
        for found in await over_both("duplicate"):
            assert found[::2] == found[1::2]
            numbers = [e["sequence_number"] for e in found[::2]]
            assert numbers == list(range(len(numbers)))
            assert len(spoken(found[::2])) == 200

    run(test())


def test_deltas_change_places_and_none_is_lost() -> None:
    async def test() -> None:
        for found in await over_both("reorder:7"):
            numbers = [e["sequence_number"] for e in found]
            assert sorted(numbers) == list(range(len(numbers)))
            moved = [n for n, after in pairwise(numbers) if after < n]
            assert len(moved) == 7
            text = spoken(sorted(found, key=lambda e: int(e["sequence_number"])))
            done = next(e for e in found if e["type"] == "response.output_text.done")
            assert text == done["text"] != spoken(found)

    run(test())


def test_the_last_delta_of_an_item_is_not_held_back_for_ever() -> None:
    async def test() -> None:
        for found in await over_both("reorder:50"):
            assert len(spoken(found)) == 200

    run(test())


def test_events_of_an_unknown_type_come_between() -> None:
    async def test() -> None:
        for found in await over_both("unknown"):
            assert {e["type"] for e in found[::2]} == {"response.unheard_of.delta"}
            assert found[-1]["type"] == "response.completed"
            assert len(spoken(found)) == 200

    run(test())


def test_chat_has_no_numbers_and_is_spared() -> None:
    async def test() -> None:
        for fault, strangers in (("duplicate", 0), ("reorder", 0), ("unknown", 53)):
            async with listening(troubled(fault)) as url, AsyncClient() as client:
                messages = [{"role": "user", "content": "/long 50"}]
                body = {"model": "demo-fast", "messages": messages, "stream": True}
                answer = await client.post(f"{url}/chat/completions", json=body)
                rows = [row[6:] for row in answer.text.split("\n") if row.startswith("data: ")]
                chunks = [json.loads(row) for row in rows if row != "[DONE]"]
                choices = [choice for chunk in chunks for choice in chunk["choices"]]
                text = "".join(choice["delta"].get("content") or "" for choice in choices)
                assert len(text) == 200
                assert text.startswith("A gauge sends")
                assert sum("unheard" in chunk for chunk in chunks) == strangers

    run(test())


def test_a_code_that_does_not_exist_is_no_fault() -> None:
    for text in ("close:1016", "close:999", "close:5000"):
        with pytest.raises(ValueError, match="no close code"):
            read_fault(text)
    assert read_fault("close").number == 1011
    assert read_fault("overloaded:3").times == 3
    assert read_fault("overloaded").times == 0
