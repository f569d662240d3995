"""What a service may send: how large, how fast, in which frames; and what it costs us."""

from __future__ import annotations

import asyncio
import gc
import json
import zlib
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from spark_tui.errors import LimitFault, StreamFault
from spark_tui.model import websocket
from spark_tui.model.faults import WireRefused
from spark_tui.model.provider import Completed, Delta, Endpoint, Request, TextDelta, UserText
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.deltas import collect, fault_of, texts
from tests.support.wire_server import (
    Bye,
    Flood,
    Frames,
    Raw,
    Step,
    WireServer,
    answer,
    completed,
    created,
    play,
    text_events,
)

BEGUN: list[Step] = [created(), *text_events("ab")[:2]]
CHUNK = {"type": "response.output_text.delta", "item_id": "m", "delta": "x" * 200}


def ask() -> Request:
    return Request("m", "", (UserText("hello"),))


def provider_of(server: WireServer) -> ResponsesSocket:
    return ResponsesSocket(Endpoint(server.base_url, "k"), standby=False)


def frame(first: int, data: bytes) -> Frames:
    """One frame of a server, with this first byte."""
    size = len(data)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return Frames(bytes([first]) + length + data)


@pytest.mark.parametrize("begun", [[], BEGUN], ids=["before", "after the first delta"])
def test_a_message_beyond_the_limit_is_said_and_not_asked_for_again(
    begun: Sequence[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "MESSAGE_BYTES", 50_000)

    async def main() -> None:
        huge: list[Step] = [*begun, Raw(json.dumps(completed(x="y" * 60_000)).encode())]
        async with WireServer([huge, answer("again")]) as server:
            provider = provider_of(server)
            deltas = await collect(provider.stream(ask()))
            fault = fault_of(deltas)
            assert isinstance(fault, LimitFault) and "32 MB" in fault.message
            assert texts(deltas) == ("a" if begun else "")
            assert len(server.asked) == 1
            assert texts(await collect(provider.stream(ask()))) == "again"
            await provider.close()

    play(main())


def test_a_message_that_is_announced_beyond_the_limit_is_not_waited_for() -> None:
    """A frame says its size first: 8 GB are refused by their announcement."""

    async def main() -> None:
        announced = Frames(b"\x81\x7f" + (8 << 30).to_bytes(8, "big"))
        async with WireServer([[created(), announced]]) as server:
            provider = provider_of(server)
            fault = fault_of(await collect(provider.stream(ask())))
            await provider.close()
            assert isinstance(fault, LimitFault)

    play(main())


def test_a_message_in_ever_so_many_pieces_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MESSAGE_BYTES", 50_000)

    async def main() -> None:
        pieces: list[Step] = [frame(0x01, b"[" + b" " * 999)]
        pieces += [frame(0x00, b" " * 1000)] * 100
        async with WireServer([[created(), *pieces]]) as server:
            provider = provider_of(server)
            fault = fault_of(await collect(provider.stream(ask())))
            await provider.close()
            assert isinstance(fault, LimitFault)

    play(main())


def test_a_request_that_is_too_large_for_the_socket_goes_by_another_wire() -> None:
    async def main() -> None:
        async with WireServer([[Bye(1009, "message too big")]]) as server:
            provider = provider_of(server)
            with pytest.raises(WireRefused) as caught:
                await collect(provider.stream(ask()))
            await provider.close()
            assert isinstance(caught.value.fault, LimitFault)
            assert len(server.asked) == 1

    play(main())


@pytest.mark.parametrize(
    "odd",
    [
        frame(0xC1, zlib.compress(b"{}")),
        frame(0x83, b"{}"),
        frame(0x80, b"{}"),
    ],
    ids=["compressed", "unknown kind", "a piece of nothing"],
)
def test_frames_that_cannot_be_lead_to_another_wire(odd: Step) -> None:
    """Nothing of it is read: a bomb must not be opened to see what it is."""

    async def main() -> None:
        async with WireServer([[created(), odd], answer("again")]) as server:
            provider = provider_of(server)
            with pytest.raises(WireRefused):
                await collect(provider.stream(ask()))
            await provider.close()
            assert len(server.asked) == 1

        async with WireServer([[*BEGUN, odd]]) as server:
            provider = provider_of(server)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas) == "a" and isinstance(fault_of(deltas), StreamFault)

    play(main())


def test_a_binary_message_is_read_like_text() -> None:
    async def main() -> None:
        events = [json.dumps(event).encode() for event in answer("bin")]
        script: list[Step] = [frame(0x82, data) for data in events]
        script.insert(2, frame(0x82, b"\x00\xff\x80"))
        async with WireServer([script]) as server:
            provider = provider_of(server)
            deltas = await collect(provider.stream(ask()))
            await provider.close()
            assert texts(deltas) == "bin" and isinstance(deltas[-1], Completed)

    play(main())


def test_a_reader_that_does_not_read_holds_up_the_service_and_loses_nothing() -> None:
    """What it has in hand meanwhile is bounded by what one read of the network brings."""

    async def main() -> None:
        async with WireServer([[created(), Flood(CHUNK)]]) as server:
            provider = provider_of(server)
            async with aclosing(provider.stream(ask())) as deltas:
                async for delta in deltas:
                    if isinstance(delta, TextDelta):
                        break
                await server.stuck.wait()
                held: list[int] = []
                for _ in range(3):
                    for _ in range(3000):
                        await asyncio.sleep(0)
                    held.append(in_hand(provider))
                assert held[1] == held[2], "reading has stopped"
                assert held[2] * 300 < 1 << 20
                more = 0
                async for delta in deltas:
                    more += isinstance(delta, TextDelta)
                    if more > held[2] + 5000:
                        break  # it goes on where it stopped
            await provider.close()

    play(main())


def in_hand(provider: ResponsesSocket) -> int:
    """Messages that were received and not read."""
    talk = provider._lines.current
    assert talk is not None
    return len(talk.line._connection.recv_messages.frames)


def test_stop_under_a_flood_says_nothing_more_and_leaves_nothing_behind() -> None:
    """As much as the network carries: after `stop` not one delta, and the socket is gone."""

    async def main() -> None:
        async with WireServer([[created(), Flood(CHUNK)]]) as server:
            provider = provider_of(server)
            got: list[Delta] = []
            after: list[Delta] = []
            stopped = False
            async for delta in provider.stream(ask()):
                (after if stopped else got).append(delta)
                if len(got) == 5000:
                    provider.stop()
                    stopped = True
            assert after == []
            await server.gone.wait()
            assert provider._lines.current is None
            await provider.close()
            gc.collect()
            assert [t for t in asyncio.all_tasks() if "spark_tui" in repr(t.get_coro())] == []

    play(main())


def test_stop_from_another_task_is_heard_between_two_deltas_of_a_flood() -> None:
    """Nobody holds the loop: a key gets its turn while the socket never runs dry."""

    async def main() -> None:
        async with WireServer([[created(), Flood(CHUNK)]]) as server:
            provider = provider_of(server)
            seen = 0
            stopped_at = 0

            async def press() -> None:
                nonlocal stopped_at
                while seen < 1000:  # noqa: ASYNC110 - it is the loop's turns that count
                    await asyncio.sleep(0)
                provider.stop()
                stopped_at = seen

            key = asyncio.ensure_future(press())
            async for _ in provider.stream(ask()):
                seen += 1
            await key
            assert seen == stopped_at
            assert stopped_at < 1000 + 200, "within a few breaths of the loop"
            await provider.close()

    play(main())
