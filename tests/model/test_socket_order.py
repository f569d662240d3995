"""Several things at once on one socket: a warm-up that a request overtakes, a close that crosses a
request. Each keeps what belongs to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from spark_tui.model.provider import (
    AssistantText,
    Completed,
    Connected,
    Endpoint,
    Item,
    Request,
    UserText,
)
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.deltas import collect, fault_of, texts
from tests.support.still_line import Script, StillDoor, StillLine, play_still, settled
from tests.support.wire_server import answer, completed, created, error, text_events

HELLO, ADDED = UserText("hello"), UserText("shorter, please")
USED = {"usage": {"input_tokens": 9, "output_tokens": 0}}
Events = Sequence[dict[str, Any]]


def ask(*items: Item, model: str = "gpt-6-astra", **more: Any) -> Request:
    return Request(model, "be brief", items, **more)


def provider_of(**more: Any) -> ResponsesSocket:
    endpoint = Endpoint("https://api.example.org/v1", "a-long-secret-key")
    more = {"standby": False} | more
    return ResponsesSocket(endpoint, now=asyncio.get_running_loop().time, **more)


WARM: Events = [created("w"), completed("w", **USED)]


# -- warm-ups ----------------------------------------------------------------------


def test_a_warm_up_that_is_still_on_its_way_out_is_read_off_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A large one fills the way out: whoever asks meanwhile must not take its answer for theirs."""

    async def main() -> None:
        script = Script(WARM, answer("a"))
        door = StillDoor(monkeypatch, script)
        provider = provider_of()
        await provider.connect()
        door.lines[0].gate = asyncio.Event()
        warming = asyncio.ensure_future(provider.warm(ask()))
        await settled()
        door.lines[0].gate = None
        deltas = await collect(provider.stream(ask(HELLO)))
        assert texts(deltas) == "a"
        assert isinstance(done := deltas[-1], Completed) and done.response_id == "resp_1"
        assert warming.done() and not warming.result()
        await provider.close()

    play_still(main())


@pytest.mark.parametrize(
    ("refusal", "again"),
    [
        (error("rate_limit_exceeded", status=429), True),
        (error("server_error", status=500), True),
        (error("model_not_found", status=404), True),
        (error("context_length_exceeded"), True),
        (error("previous_response_not_found"), True),
        (error("unknown_parameter", param="generate"), False),
    ],
)
def test_a_refusal_that_is_not_about_warming_up_is_not_held_against_it(
    refusal: dict[str, Any], again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        script = Script([refusal], WARM)
        StillDoor(monkeypatch, script)
        provider = provider_of()
        assert not await provider.warm(ask())
        assert await provider.warm(ask()) is again
        assert len(script.asked) == 1 + again
        await provider.close()

    play_still(main())


def test_a_field_that_is_refused_to_a_warm_up_is_left_out_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        script = Script([error("unsupported_parameter", param="temperature")], WARM, answer("a"))
        StillDoor(monkeypatch, script)
        provider = provider_of()
        assert await provider.warm(ask(temperature=0.1))
        assert texts(await collect(provider.stream(ask(HELLO, temperature=0.1)))) == "a"
        assert ["temperature" in body for body in script.asked] == [True, False, False]
        assert script.asked[2]["previous_response_id"] == "w"
        await provider.close()

    play_still(main())


def test_stop_is_nothing_to_a_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs beside the turns is not what a person wants to silence."""

    async def main() -> None:
        script = Script((), answer("a"))
        door = StillDoor(monkeypatch, script)
        provider = provider_of()
        warming = asyncio.ensure_future(provider.warm(ask()))
        await settled()
        provider.stop()
        door.lines[0].hear(*WARM)
        assert await warming
        await provider.close()

    play_still(main())


def test_closing_ends_a_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        door = StillDoor(monkeypatch, Script(()))
        provider = provider_of()
        warming = asyncio.ensure_future(provider.warm(ask()))
        await settled()
        await provider.close()
        assert not await warming
        assert door.open_lines == []

    play_still(main())


def test_only_what_is_new_is_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        script = Script(answer("a"), WARM, answer("b", "resp_2"))
        StillDoor(monkeypatch, script)
        provider = provider_of()
        await collect(provider.stream(ask(HELLO)))
        pinned = (HELLO, AssistantText("a"), UserText("this file"))
        assert await provider.warm(ask(*pinned))
        await collect(provider.stream(ask(*pinned, UserText("change it"))))
        _, warm, asked = script.asked
        assert warm["previous_response_id"] == "resp_1" and warm["generate"] is False
        assert [len(body["input"]) for body in script.asked] == [1, 1, 1]
        assert asked["previous_response_id"] == "w" and "generate" not in asked
        await provider.close()

    play_still(main())


def test_a_warm_up_whose_parent_is_lost_costs_the_request_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        script = Script(answer("a"), [error("previous_response_not_found")], answer("b", "resp_2"))
        StillDoor(monkeypatch, script)
        provider = provider_of()
        await collect(provider.stream(ask(HELLO)))
        pinned = (HELLO, AssistantText("a"), UserText("this file"))
        assert not await provider.warm(ask(*pinned))
        assert texts(await collect(provider.stream(ask(*pinned)))) == "b"
        assert "previous_response_id" not in script.asked[2]
        assert len(script.asked[2]["input"]) == 3
        await provider.close()

    play_still(main())


def test_a_service_that_answers_a_warm_up_is_left_without_using_up_the_cure_of_a_drop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        # The request overtakes the warm-up, that is answered, and then the next socket breaks.
        script = Script((), (), [{}], answer("a"))
        door = StillDoor(monkeypatch, script)
        provider = provider_of()
        warming = asyncio.ensure_future(provider.warm(ask()))
        await settled()
        asking = asyncio.ensure_future(collect(provider.stream(ask(HELLO))))
        await settled()
        assert not await warming
        door.lines[0].hear(created("w"), *text_events("blah"), completed("w"))
        deltas = await asking
        assert texts(deltas) == "a" and fault_of(deltas) is None
        assert not await provider.warm(ask()), "never again"
        await provider.close()

    play_still(main())


# -- closes ------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1006])
def test_a_close_that_crosses_a_request_says_nothing_about_it(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle socket is closed by the service just as the next request leaves."""

    async def main() -> None:
        script = Script(answer("a"), (), answer("b", "resp_2"))

        def answers(line: StillLine, body: Any) -> Iterable[Any]:
            if line.number == 1 and len(line.sent) == 2:
                asyncio.get_running_loop().call_soon(line.lose, code)
            return script(line, body)

        StillDoor(monkeypatch, answers)
        provider = provider_of()
        await collect(provider.stream(ask(HELLO)))
        more = ask(HELLO, AssistantText("a"), UserText("on"))
        deltas = await collect(provider.stream(more))
        assert texts(deltas) == "b" and fault_of(deltas) is None
        assert len([delta for delta in deltas if isinstance(delta, Connected)]) == 1
        assert len(script.asked[2]["input"]) == 3
        await provider.close()

    play_still(main())
