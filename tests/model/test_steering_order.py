"""Steers that go wrong or out of order: nothing is answered twice, nothing is said to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from spark_tui.model.fallback import Fallback
from spark_tui.model.provider import (
    AssistantText,
    Completed,
    Delta,
    Endpoint,
    Item,
    Provider,
    Request,
    TextDelta,
    ToolOutput,
    UserText,
)
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.deltas import collect, fault_of, texts
from tests.support.still_line import Script, StillDoor, play_still, settled
from tests.support.wire_server import answer, completed, created, error, text_events

HELLO, ADDED = UserText("hello"), UserText("shorter, please")
Events = Sequence[dict[str, Any]]
STEERED = {
    "type": "response.incomplete",
    "response": {
        "id": "resp_1",
        "status": "incomplete",
        "incomplete_details": {"reason": "steered"},
    },
}
ACCEPTED = {"type": "response.steer.accepted", "steer": {"id": "s", "previous_response_id": "r"}}
BEGUN: Events = [created(), *text_events("ab")[:2]]
WARM: Events = [created("w"), completed("w", usage={"input_tokens": 9, "output_tokens": 0})]


def ask(*items: Item, model: str = "gpt-6-astra", **more: Any) -> Request:
    return Request(model, "be brief", items, **more)


def provider_of(**more: Any) -> ResponsesSocket:
    endpoint = Endpoint("https://api.example.org/v1", "a-long-secret-key")
    more = {"standby": False} | more
    return ResponsesSocket(endpoint, now=asyncio.get_running_loop().time, **more)


async def steered(provider: Provider, request: Request) -> tuple[bool, Completed]:
    """Streams, steers at the first text; (taken?, how it ended)."""
    joining: asyncio.Task[bool] | None = None
    last: Delta | None = None
    async for last in provider.stream(request):
        if isinstance(last, TextDelta) and joining is None:
            joining = asyncio.ensure_future(provider.steer(ADDED.text))
    assert joining is not None and isinstance(last, Completed)
    return await joining, last


def test_an_error_that_answers_the_steer_is_not_the_end_of_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service that does not know the message says so in the shape of any error."""

    async def main() -> None:
        unknown = error("invalid_value", message="Unknown message type: 'response.steer'.")
        script = Script(BEGUN, [unknown, *text_events("ab")[2:], completed()], answer("b", "r2"))
        StillDoor(monkeypatch, script)
        provider = provider_of()
        taken, done = await steered(provider, ask(HELLO))
        assert not taken and done.items == (AssistantText("ab"),)
        more = ask(HELLO, *done.items, ADDED)
        assert texts(await collect(provider.stream(more))) == "b"
        assert script.asked[2]["previous_response_id"] == "resp_1"
        assert not await provider.steer("again")
        await provider.close()

    play_still(main())


def test_a_trouble_of_the_service_while_it_is_steered_ends_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        script = Script(BEGUN, [error("server_error", status=500)])
        StillDoor(monkeypatch, script)
        provider = provider_of()
        joining: asyncio.Task[bool] | None = None
        deltas: list[Delta] = []
        async for delta in provider.stream(ask(HELLO)):
            deltas.append(delta)
            if isinstance(delta, TextDelta):
                joining = asyncio.ensure_future(provider.steer(ADDED.text))
        assert fault_of(deltas) is not None
        assert joining is not None and not await joining
        await provider.close()

    play_still(main())


def test_another_model_does_not_take_up_what_the_first_one_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        follows = answer("not for this", "resp_2")
        script = Script(BEGUN, [ACCEPTED, STEERED, *follows], answer("b", "resp_3"))
        StillDoor(monkeypatch, script)
        provider = provider_of()
        taken, done = await steered(provider, ask(HELLO))
        assert taken
        other = ask(HELLO, *done.items, ADDED, model="gpt-6-luna")
        assert texts(await collect(provider.stream(other))) == "b"
        assert script.asked[2]["model"] == "gpt-6-luna"
        assert len(script.asked[2]["input"]) == 3
        await provider.close()

    play_still(main())


def test_leaving_a_socket_on_purpose_uses_up_no_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another prompt than the one that was sent in; then the next socket breaks, too."""

    async def main() -> None:
        script = Script(BEGUN, [ACCEPTED, STEERED, created("resp_2")], [{}], answer("b", "resp_3"))
        door = StillDoor(monkeypatch, script)
        provider = provider_of()
        _, done = await steered(provider, ask(HELLO))
        other = ask(HELLO, *done.items, UserText("something else"))
        assert texts(await collect(provider.stream(other))) == "b"
        assert door.open_lines == [3]
        await provider.close()

    play_still(main())


def test_stop_before_the_answer_to_a_steer_is_taken_up_leaves_the_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody will read it: the service must not go on saying it."""

    async def main() -> None:
        script = Script(BEGUN, [ACCEPTED, STEERED, created("resp_2")], answer("b", "resp_3"))
        door = StillDoor(monkeypatch, script)
        provider = provider_of()
        _, done = await steered(provider, ask(HELLO))
        provider.stop()
        await settled()
        assert door.open_lines == [2]
        more = ask(HELLO, *done.items, ADDED)
        assert texts(await collect(provider.stream(more))) == "b"
        assert len(script.asked[2]["input"]) == 3
        await provider.close()

    play_still(main())


def test_behind_other_wires_it_is_taken_up_just_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        script = Script(WARM, BEGUN, [ACCEPTED, STEERED, *answer("ok", "resp_2")])
        StillDoor(monkeypatch, script)
        provider = Fallback([provider_of()])
        assert await provider.warm(ask())
        _, done = await steered(provider, ask(HELLO))
        more = ask(HELLO, *done.items, ADDED)
        assert texts(await collect(provider.stream(more))) == "ok"
        assert script.asked[1]["previous_response_id"] == "w"
        assert len(script.asked) == 3
        await provider.close()

    play_still(main())


def test_outputs_that_the_service_never_asked_for_are_sent_with_the_next_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        script = Script(BEGUN, [ACCEPTED, STEERED, *answer("ok", "resp_2")], answer("c", "resp_3"))
        StillDoor(monkeypatch, script)
        provider = provider_of()
        _, done = await steered(provider, ask(HELLO))
        more = ask(HELLO, *done.items, ToolOutput("c1", "Success."), ADDED)
        assert texts(await collect(provider.stream(more))) == "ok"
        last = ask(*more.items, AssistantText("ok"), UserText("on"))
        assert texts(await collect(provider.stream(last))) == "c"
        assert "previous_response_id" not in script.asked[2], "it does not have all of that"
        assert len(script.asked[2]["input"]) == len(last.items)
        await provider.close()

    play_still(main())
