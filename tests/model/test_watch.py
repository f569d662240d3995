"""A dead link is said within 15 seconds; a model that thinks for long is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from spark_tui.errors import ConnectFault, StreamFault
from spark_tui.model.provider import (
    Delta,
    Endpoint,
    Lively,
    News,
    Quiet,
    Request,
    TextDelta,
    UserText,
)
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.deltas import collect, fault_of, texts
from tests.support.still_line import StillDoor, StillLine, play_still
from tests.support.wire_server import answer, completed, created, text_events

Said = list[tuple[float, News]]


def ask() -> Request:
    return Request("m", "", (UserText("hello"),))


def begins(line: StillLine, body: Any) -> Iterable[Any]:
    """The first socket begins an answer and says no more; any other one answers."""
    if line.number == 1:
        return [created(), *text_events("ab")[:2]]
    return answer("c", f"resp_{line.number}")


def takes(line: StillLine, body: Any) -> Iterable[Any]:
    """The first socket takes the request and says no more."""
    return [created()] if line.number == 1 else answer("c", f"resp_{line.number}")


def provider_of(told: Said, **more: Any) -> ResponsesSocket:
    loop = asyncio.get_running_loop()
    endpoint = Endpoint("https://api.example.org/v1", "a-long-secret-key")
    tell: Callable[[News], None] = lambda news: told.append((loop.time(), news))  # noqa: E731
    return ResponsesSocket(endpoint, now=loop.time, tell=tell, standby=False, **more)


def test_a_dead_link_is_said_and_left_for_one_that_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        told: Said = []
        door = StillDoor(monkeypatch, begins)
        deltas = await collect(provider_of(told).stream(ask()))
        assert texts(deltas) == "a"
        assert isinstance(fault_of(deltas), StreamFault)
        (at, quiet), (ended, lively) = told
        assert isinstance(quiet, Quiet) and quiet.silent_s == 12 and at <= 15
        assert lively == Lively() and ended == at, "the other socket answered at once"
        assert door.open_lines == [2]

    play_still(main())


def test_before_the_first_delta_the_request_goes_to_the_socket_that_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        told: Said = []
        StillDoor(monkeypatch, takes)
        assert texts(await collect(provider_of(told).stream(ask()))) == "c"
        assert [type(news) for _, news in told] == [Quiet, Lively]

    play_still(main())


def test_without_any_network_it_is_given_up_after_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        told: Said = []
        door = StillDoor(monkeypatch, begins)
        door.faults.extend([None, *[ConnectFault("unreachable")] * 9])
        deltas = await collect(provider_of(told).stream(ask()))
        assert isinstance(fault_of(deltas), StreamFault)
        (at, quiet), (ended, _) = told
        assert isinstance(quiet, Quiet) and at <= 15
        assert 60 <= ended <= 63
        assert len(door.lines) == 1

    play_still(main())


def test_a_request_that_does_not_get_away_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large request to a peer that has vanished fills the way out and stays there."""

    async def main() -> None:
        told: Said = []
        door = StillDoor(monkeypatch, takes)
        provider = provider_of(told)
        await provider.connect()
        door.lines[0].gate = asyncio.Event()
        assert texts(await collect(provider.stream(ask()))) == "c"
        assert [type(news) for _, news in told] == [Quiet, Lively]
        assert told[0][0] <= 15

    play_still(main())


def test_half_an_hour_of_thinking_with_pongs_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        told: Said = []
        door = StillDoor(monkeypatch, takes)
        asking = asyncio.ensure_future(collect(provider_of(told).stream(ask())))
        for _ in range(360):
            await asyncio.sleep(5)
            door.lines[0].hear()
        door.lines[0].hear(*text_events("done"), completed())
        assert texts(await asking) == "done"
        assert told == []
        assert len(door.lines) == 1

    play_still(main())


def test_that_it_lives_again_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        told: Said = []
        door = StillDoor(monkeypatch, takes)
        door.faults.extend([None, ConnectFault("unreachable")])
        asking = asyncio.ensure_future(collect(provider_of(told).stream(ask())))
        await asyncio.sleep(20)
        door.lines[0].hear()
        await asyncio.sleep(1)
        assert [type(news) for _, news in told] == [Quiet, Lively]
        door.lines[0].hear(*text_events("late"), completed())
        assert texts(await asking) == "late", "the link that came back is kept"

    play_still(main())


def test_a_reader_that_is_slow_is_no_silence_of_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A screen that hangs for minutes: nothing is read, so no pong is seen either."""

    async def main() -> None:
        told: Said = []
        StillDoor(monkeypatch, lambda line, body: answer("abc"))
        deltas: list[Delta] = []
        async for delta in provider_of(told).stream(ask()):
            deltas.append(delta)
            if isinstance(delta, TextDelta):
                await asyncio.sleep(200)
        assert texts(deltas) == "abc" and fault_of(deltas) is None
        assert told == []

    play_still(main())
