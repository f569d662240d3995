"""The sockets of one endpoint: who is in use, who stands by, and what becomes of a lost one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from spark_tui.errors import ConnectFault, KeyRefused
from spark_tui.model.faults import WireRefused
from spark_tui.model.provider import Endpoint, Request, UserText
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.deltas import collect, fault_of, texts
from tests.support.still_line import StillDoor, StillLine, play_still, settled
from tests.support.wire_server import answer

MINUTE = 60.0


def always(line: StillLine, body: Any) -> Iterable[Any]:
    return answer("a", f"resp_{line.number}_{len(line.sent)}")


def ask() -> Request:
    return Request("m", "", (UserText("hello"),))


def provider_of(**more: Any) -> ResponsesSocket:
    """On the loop's own clock."""
    endpoint = Endpoint("https://api.example.org/v1", "a-long-secret-key")
    return ResponsesSocket(endpoint, now=asyncio.get_running_loop().time, **more)


async def pongs(door: StillDoor, seconds: float) -> None:
    """That much time, in which all open sockets answer their pings."""
    for _ in range(round(seconds / 5)):
        await asyncio.sleep(5)
        for line in door.lines:
            if line.is_open:
                line.hear()


def test_a_second_socket_is_opened_behind_the_answer_and_not_in_front_of_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        door = StillDoor(monkeypatch, lambda line, body: ())
        provider = provider_of()
        asking = asyncio.ensure_future(collect(provider.stream(ask())))
        await settled()
        assert door.open_lines == [1], "nothing came yet"
        door.lines[0].hear(*answer("a"))
        assert texts(await asking) == "a"
        await settled()
        assert door.open_lines == [1, 2]
        await provider.close()
        assert door.open_lines == []

    play_still(main())


def test_one_that_stood_by_for_long_is_replaced_as_soon_as_it_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        door = StillDoor(monkeypatch, always)
        provider = provider_of()
        await collect(provider.stream(ask()))
        await pongs(door, 2 * MINUTE)
        door.lines[1].lose(1001)
        await settled()
        assert door.open_lines == [1, 3]
        await provider.close()

    play_still(main())


def test_one_that_never_lasts_is_not_asked_for_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service that allows one connection closes the second one at once."""

    async def main() -> None:
        door = StillDoor(monkeypatch, always)
        provider = provider_of()
        for _ in range(6):
            await collect(provider.stream(ask()))
            await settled()
            for line in door.lines[1:]:
                line.lose(1008)
            await settled()
        assert door.open_lines == [1]
        assert len(door.lines) == 1 + 3
        await provider.close()

    play_still(main())


def test_a_handshake_that_fails_in_the_background_is_no_news(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        door = StillDoor(monkeypatch, always)
        provider = provider_of()
        door.faults.extend([None, ConnectFault("no"), None])
        assert fault_of(await collect(provider.stream(ask()))) is None
        await settled()
        assert door.open_lines == [1]
        assert fault_of(await collect(provider.stream(ask()))) is None
        await settled()
        assert door.open_lines == [1, 2], "tried again with the next answer"
        await provider.close()

    play_still(main())


def test_there_are_never_more_than_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours of turns, stops and losses."""

    async def main() -> None:
        door = StillDoor(monkeypatch, always)
        provider = provider_of()
        for round_ in range(60):
            async for _ in provider.stream(ask()):
                assert len(door.open_lines) <= 2
                if round_ % 3 == 0:
                    provider.stop()
            await settled()
            assert len(door.open_lines) <= 2
            if round_ % 7 == 0:
                door.lines[door.open_lines[-1] - 1].lose()
            await pongs(door, 9 * MINUTE)
            assert len(door.open_lines) <= 2
        await provider.close()
        assert door.open_lines == []

    play_still(main())


def test_an_old_socket_is_left_when_it_is_used_and_not_while_it_is_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        door = StillDoor(monkeypatch, always)
        provider = provider_of(standby=False)
        await collect(provider.stream(ask()))
        await pongs(door, 56 * MINUTE)
        assert door.open_lines == [1] and len(door.lines) == 1
        await collect(provider.stream(ask()))
        assert door.open_lines == [2]
        assert "previous_response_id" not in door.lines[1].sent[0]
        await provider.close()

    play_still(main())


def test_the_next_socket_is_open_before_the_old_one_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        door = StillDoor(monkeypatch, always)
        provider = provider_of(standby=False)
        await collect(provider.stream(ask()))
        await pongs(door, 56 * MINUTE)
        door.takes_s = 3.0
        asking = asyncio.ensure_future(collect(provider.stream(ask())))
        await asyncio.sleep(2.0)
        assert door.open_lines == [1]
        await asking
        assert door.open_lines == [2]
        await provider.close()

    play_still(main())


def test_a_socket_that_was_silent_while_nobody_asked_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A laptop that slept: no pong for longer than any service takes."""

    async def main() -> None:
        door = StillDoor(monkeypatch, always)
        provider = provider_of()
        await collect(provider.stream(ask()))
        await asyncio.sleep(20)
        assert texts(await collect(provider.stream(ask()))) == "a"
        assert [len(line.sent) for line in door.lines[:3]] == [1, 0, 1]
        await provider.close()

    play_still(main())


def test_a_key_that_was_refused_is_not_shown_again_by_typing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        door = StillDoor(monkeypatch, always)
        provider = provider_of()
        door.faults.extend([KeyRefused("no"), KeyRefused("no")])
        await provider.connect()
        await provider.connect()
        assert len(door.faults) == 1
        assert isinstance(fault_of(await collect(provider.stream(ask()))), KeyRefused)
        await provider.close()

    play_still(main())


def test_a_service_without_sockets_is_asked_anew_when_somebody_asks_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        door = StillDoor(monkeypatch, always)
        provider = provider_of()
        door.faults.append(WireRefused(ConnectFault("404")))
        with pytest.raises(WireRefused):
            await provider.probe()
        assert await provider.probe() is True
        assert door.open_lines == [1]
        await provider.close()

    play_still(main())
