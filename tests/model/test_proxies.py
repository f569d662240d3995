"""What a proxy between us and the model gets wrong, played again from what one really said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spark_tui.errors import ModelMissing
from spark_tui.model.provider import (
    CallDone,
    Completed,
    Endpoint,
    Request,
    ToolOutput,
    UserText,
)
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.deltas import collect, fault_of, texts
from tests.support.wire_server import Step, WireServer, answer, play

FOLDER = Path(__file__).parent / "recorded"
HELLO = UserText("hello")


def frames(name: str) -> list[Step]:
    text = (FOLDER / f"litellm-socket-{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def ask(*items: Any, model: str = "m") -> Request:
    return Request(model, "", items or (HELLO,))


def socket_of(server: WireServer) -> ResponsesSocket:
    return ResponsesSocket(Endpoint(server.base_url, "k"), standby=False)


def test_a_socket_that_serves_one_model_only_is_changed_for_the_other() -> None:
    async def main() -> None:
        scripts: list[list[Step]] = [[*answer("a")], frames("error-second-model"), [*answer("b")]]
        async with WireServer(scripts) as server:
            provider = socket_of(server)
            assert texts(await collect(provider.stream(ask(model="tiny")))) == "a"
            assert texts(await collect(provider.stream(ask(model="other")))) == "b"
            await provider.close()
            assert len(server.upgrades) == 2
            assert [body["model"] for body in server.bodies] == ["tiny", "other", "other"]

    play(main())


def test_a_model_that_is_missing_on_a_socket_of_its_own_is_missing() -> None:
    async def main() -> None:
        scripts: list[list[Step]] = [
            [*answer("a")],
            frames("error-second-model"),
            frames("error-model"),
        ]
        async with WireServer(scripts) as server:
            provider = socket_of(server)
            await collect(provider.stream(ask(model="tiny")))
            fault = fault_of(await collect(provider.stream(ask(model="other"))))
            await provider.close()
            assert isinstance(fault, ModelMissing)
            assert len(server.bodies) == 3, "asked for twice, not in a loop"

    play(main())


def test_the_first_model_of_a_socket_is_asked_for_once() -> None:
    async def main() -> None:
        async with WireServer([frames("error-model"), answer("late")]) as server:
            provider = socket_of(server)
            fault = fault_of(await collect(provider.stream(ask(model="gpt-9"))))
            await provider.close()
            assert isinstance(fault, ModelMissing)
            assert len(server.bodies) == 1

    play(main())


def test_a_warm_up_that_counted_nothing_is_no_beginning() -> None:
    async def main() -> None:
        async with WireServer([frames("warm-up"), answer("a")]) as server:
            provider = socket_of(server)
            assert not await provider.warm(ask(HELLO))
            assert not await provider.warm(ask(HELLO)), "not tried again"
            assert texts(await collect(provider.stream(ask(HELLO, UserText("go"))))) == "a"
            await provider.close()
            warm, asked = server.bodies
            assert warm["generate"] is False
            assert "previous_response_id" not in asked
            assert len(asked["input"]) == 2

    play(main())


def test_after_a_custom_call_that_came_as_a_function_the_request_is_whole() -> None:
    async def main() -> None:
        async with WireServer([frames("patch"), answer("a")]) as server:
            provider = socket_of(server)
            found = await collect(provider.stream(ask(HELLO)))
            (call,) = [delta for delta in found if isinstance(delta, CallDone)]
            done = found[-1]
            assert isinstance(done, Completed)
            output = ToolOutput(call.call_id, "Success.", custom=True)
            await collect(provider.stream(ask(HELLO, *done.items, output)))
            await provider.close()
            asked = server.bodies[1]
            assert "previous_response_id" not in asked
            kinds = [item["type"] for item in asked["input"]]
            assert kinds == ["message", "custom_tool_call", "custom_tool_call_output"]

    play(main())


def test_a_field_that_the_proxy_renamed_is_left_out_and_asked_again() -> None:
    async def main() -> None:
        async with WireServer([frames("error-effort"), answer("a")]) as server:
            provider = socket_of(server)
            request = Request("m", "", (HELLO,), effort="low")
            assert texts(await collect(provider.stream(request))) == "a"
            await provider.close()
            refused, taken = server.bodies
            assert "reasoning" in refused
            assert "reasoning" not in taken

    play(main())
