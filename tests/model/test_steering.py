"""Joining a running answer: where the model can, the service goes on by itself and no request is
sent; where it cannot, or nobody knows, the next request is an ordinary one and complete."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from spark_tui.model.provider import (
    AssistantText,
    Completed,
    Delta,
    Endpoint,
    Item,
    Request,
    TextDelta,
    ToolCall,
    ToolOutput,
    UserText,
)
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.websocket import Timing
from tests.support.deltas import collect, texts
from tests.support.wire_server import Drop, Step, Wait, WireServer, answer, created, play
from tests.support.wire_server import text_events as said

HELLO, ADDED = UserText("hello"), UserText("shorter, please")
QUICK = Timing(steer_s=0.2, successor_s=0.5)


def ask(*items: Item) -> Request:
    return Request("gpt-6-astra", "", items or (HELLO,))


def socket_of(server: WireServer) -> ResponsesSocket:
    endpoint = Endpoint(server.base_url, "a-long-secret-key")
    return ResponsesSocket(endpoint, standby=False, timing=QUICK)


def steer(word: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.steer.{word}", "steer": {"id": "s1"}, **more}


def steered(*output: Mapping[str, Any], response_id: str = "resp_1") -> dict[str, Any]:
    details = {"incomplete_details": {"reason": "steered"}}
    response = {"id": response_id, "status": "incomplete", "output": list(output), **details}
    return {"type": "response.incomplete", "response": response}


CALL = {
    "id": "ctc_1",
    "type": "custom_tool_call",
    "call_id": "c1",
    "name": "apply_patch",
    "input": "x",
}


def ended(deltas: Sequence[Delta]) -> Completed:
    done = deltas[-1]
    assert isinstance(done, Completed)
    return done


def on_steer(begun: Sequence[Step], after: Sequence[Step], *more: Sequence[Step]) -> WireServer:
    """The first create begins, the steer is answered with `after`, later creates with `more`."""
    creates = iter([begun, *more])

    def reply(body: dict[str, Any]) -> Sequence[Step]:
        return after if body["type"] == "response.steer" else next(creates, ())

    return WireServer(reply)


async def watched(provider: ResponsesSocket, request: Request, shown: asyncio.Event) -> None:
    """Streams to the end, and says when the first text came."""
    async for delta in provider.stream(request):
        if isinstance(delta, TextDelta):
            shown.set()


async def begin(provider: ResponsesSocket, request: Request, text: str) -> tuple[bool, list[Delta]]:
    """Streams; steers at the first text; (taken?, all deltas)."""
    deltas: list[Delta] = []
    joining: asyncio.Task[bool] | None = None
    async for delta in provider.stream(request):
        deltas.append(delta)
        if isinstance(delta, TextDelta) and joining is None:
            joining = asyncio.ensure_future(provider.steer(text))
    assert joining is not None
    return await joining, deltas


def test_what_follows_is_taken_up_without_a_request() -> None:
    async def main() -> None:
        after = [steer("accepted"), steered(), *answer("ok", "resp_2")]
        async with on_steer([created(), *said("ab")[:2]], after, answer("c", "resp_3")) as server:
            provider = socket_of(server)
            taken, deltas = await begin(provider, ask(), ADDED.text)
            assert taken
            done = ended(deltas)
            assert done.cut == "steered"
            more = ask(HELLO, *done.items, ADDED)
            assert texts(await collect(provider.stream(more))) == "ok"
            assert [body["type"] for body in server.bodies] == ["response.create", "response.steer"]
            assert server.bodies[1] == {
                "type": "response.steer", "previous_response_id": "resp_1", "input": ADDED.text,
            }  # fmt: skip
            last = ask(*more.items, AssistantText("ok"), UserText("on"))
            assert texts(await collect(provider.stream(last))) == "c"
            assert server.bodies[2]["previous_response_id"] == "resp_2"
            assert len(server.bodies[2]["input"]) == 1
            await provider.close()

    play(main())


def test_owed_outputs_go_in_one_create_on_the_same_response() -> None:
    async def main() -> None:
        begun: list[Step] = [
            created(), *said("a")[:2], {"type": "response.output_item.added", "output_index": 1,
                                        "item": CALL | {"input": ""}},
        ]  # fmt: skip
        after = [
            steer("accepted"),
            {"type": "response.output_item.done", "output_index": 1, "item": CALL},
            steered(),
            steer("pending", stubs=[]),
        ]
        async with on_steer(begun, after, answer("ok", "resp_2")) as server:
            provider = socket_of(server)
            taken, deltas = await begin(provider, ask(), ADDED.text)
            assert taken
            done = ended(deltas)
            assert any(isinstance(item, ToolCall) for item in done.items)
            output = ToolOutput("c1", "Success.", custom=True)
            more = ask(HELLO, *done.items, output, ADDED)
            assert texts(await collect(provider.stream(more))) == "ok"
            sent = server.bodies[2]
            assert sent["type"] == "response.create"
            assert sent["previous_response_id"] == "resp_1"
            assert [item["type"] for item in sent["input"]] == ["custom_tool_call_output"]
            assert len(server.asked) == 3
            await provider.close()

    play(main())


@pytest.mark.parametrize(
    ("after", "again"),
    [
        ([steer("failed", error={"code": "steering_not_supported"}), *said("ab")[2:]], False),
        ([steer("failed", error={"code": "too_many_pending_steers"}), *said("ab")[2:]], True),
    ],
)
def test_a_refusal_changes_nothing(after: list[Step], again: bool) -> None:
    async def main() -> None:
        end = answer("")[-1]
        begun = [created(), *said("ab")[:2]]
        async with on_steer(begun, [*after, end], answer("b", "resp_2")) as server:
            provider = socket_of(server)
            taken, deltas = await begin(provider, ask(), ADDED.text)
            assert not taken
            done = ended(deltas)
            assert not done.cut
            more = ask(HELLO, *done.items, ADDED)
            assert texts(await collect(provider.stream(more))) == "b"
            assert server.bodies[2]["previous_response_id"] == "resp_1"
            assert provider._steering._habits.steers.get("gpt-6-astra", True) is again
            await provider.close()

    play(main())


def test_a_service_that_swallows_it_is_not_believed() -> None:
    async def main() -> None:
        begun: list[Step] = [created(), *said("ab")[:2], Wait()]
        async with on_steer(begun, [], answer("b", "resp_2")) as server:
            provider = socket_of(server)
            shown = asyncio.Event()
            asking = asyncio.ensure_future(watched(provider, ask(), shown))
            await shown.wait()
            assert not await provider.steer(ADDED.text)
            provider.stop()
            await asking
            assert texts(await collect(provider.stream(ask(HELLO, ADDED)))) == "b"
            assert server.asked[-1].connection == 2
            assert "previous_response_id" not in server.bodies[-1]
            await provider.close()

    play(main())


@pytest.mark.parametrize(
    "after",
    [
        [
            steer("accepted"),
            steered(),
            steer("failed", error={"code": "successor_creation_failed"}),
        ],
        [steer("accepted"), steered(), Drop()],
        [steer("accepted"), steered()],
    ],
)
def test_an_answer_that_does_not_come_is_asked_for_as_usual(after: list[Step]) -> None:
    async def main() -> None:
        async with on_steer([created(), *said("ab")[:2]], after, answer("b", "resp_2")) as server:
            provider = socket_of(server)
            taken, deltas = await begin(provider, ask(), ADDED.text)
            assert taken
            done = ended(deltas)
            more = ask(HELLO, *done.items, ADDED)
            assert texts(await collect(provider.stream(more))) == "b"
            assert "previous_response_id" not in server.bodies[-1]
            assert len(server.bodies[-1]["input"]) == len(more.items)
            await provider.close()

    play(main())


def test_another_prompt_than_the_one_that_was_sent_in_goes_out_whole() -> None:
    async def main() -> None:
        after = [steer("accepted"), steered(), *answer("not for this", "resp_2")]
        async with on_steer([created(), *said("ab")[:2]], after, answer("b", "resp_3")) as server:
            provider = socket_of(server)
            _, deltas = await begin(provider, ask(), ADDED.text)
            done = ended(deltas)
            other = ask(HELLO, *done.items, UserText("something else"))
            assert texts(await collect(provider.stream(other))) == "b"
            assert server.asked[-1].connection == 2
            await provider.close()

    play(main())


def test_older_models_are_not_asked() -> None:
    async def main() -> None:
        async with WireServer([[created(), *said("a")[:2], Wait(), *answer("")[-1:]]]) as server:
            provider = socket_of(server)
            request = Request("gpt-5.3-codex-spark", "", (HELLO,))
            shown = asyncio.Event()
            asking = asyncio.ensure_future(watched(provider, request, shown))
            await shown.wait()
            assert not await provider.steer(ADDED.text)
            server.go.set()
            await asking
            assert len(server.asked) == 1
            assert not await provider.steer(ADDED.text), "nothing streams"
            await provider.close()

    play(main())
