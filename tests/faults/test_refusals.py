"""What a service says when it does not answer, or not to the end: statuses, errors, close codes,
limits.

The rule kept here: what may pass is waited for and asked again a few times, before anything was
shown only; all else ends with a sentence, an untouched tree and a way on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from spark_tui.model import sse
from spark_tui.model.provider import Waiting
from spark_tui.session import events as ev
from spark_tui.session.events import Outcome
from spark_tui.session.state import Status
from tests.faults.rig import KEY, WIRES, Rig, case, play, rig
from tests.faults.service import Play, Service
from tests.support.bench import Bench
from tests.support.wire_server import Bye, Drop, Raw, Reply, Step, error

HTTP = WIRES[1:]
IN_THE_PATCH = 30
LEAK = f"Incorrect API key provided: {KEY}."


def at(k: int, step: Step, good: list[Step]) -> list[Step]:
    """In place of the rest."""
    return [*good[:k], step]


def answers(wire: str, faults: int) -> int:
    """Requests of a turn whose first ones failed."""
    return faults + (1 if wire == "chat" else 2)


def busy(wire: str, status: int, **headers: str) -> Play:
    """As this wire says it."""
    if wire == "responses-ws":
        code = "rate_limit_exceeded" if status == 429 else "server_error"
        return [{**error(code, status=status, message=LEAK), "headers": headers}]
    body = Raw(b'{"error":{"message":"%s"}}' % LEAK.encode())
    return Reply([body], status=status, headers=headers, content_type="application/json")


async def failed(made: Rig, requests: int) -> None:
    """Not a word of it was written, and later it works."""
    assert await made.ask() is Outcome.FAILED
    assert not made.of(Status.ACCEPTED)
    assert len(made.service.asked) == requests
    await made.go_on(accept_first=True)


# -- before the first token -----------------------------------------------------------------------
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_asked_again(bench: Bench, wire: str, status: int) -> None:
    async def main() -> None:
        for times in range(1, 5):
            with case(times):
                async with rig(bench, wire) as made:
                    made.service.faults.extend([busy(wire, status, **{"retry-after": "3"})] * times)
                    assert await made.ask() is Outcome.COMPLETE
                    assert len(made.service.asked) == answers(wire, times)
                    waits = [news.seconds for news in made.news if isinstance(news, Waiting)]
                    assert waits == [3.0] * times

    play(main())


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_what_does_not_pass_ends(bench: Bench, wire: str, status: int) -> None:
    async def main() -> None:
        async with rig(bench, wire) as made:
            made.service.faults.extend([busy(wire, status)] * 30)
            await failed(made, 5)

    play(main())


@pytest.mark.parametrize("wire", HTTP)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 413, 422])
def test_what_is_wrong_is_asked_once(bench: Bench, wire: str, status: int) -> None:
    async def main() -> None:
        async with rig(bench, wire) as made:
            made.service.faults.extend([busy(wire, status)] * 30)
            await failed(made, 1)

    play(main())


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_handshake_that_may_pass(bench: Bench, status: int) -> None:
    async def main() -> None:
        service = Service([Reply(status=status, headers={"Retry-After": "1"})])
        async with rig(bench, "responses-ws", service=service) as made:
            assert await made.ask() is Outcome.COMPLETE
            assert len(made.service.asked) == 2

    play(main())


@pytest.mark.parametrize("status", [404, 426, 500, 503])
def test_a_handshake_that_never_comes_about(bench: Bench, status: int) -> None:
    """Without another wire it is said; with one it is used."""

    async def main() -> None:
        async with rig(bench, "responses-ws", service=Service([status] * 30)) as made:
            assert await made.ask() is Outcome.FAILED
            assert not made.service.asked
        async with rig(bench, "auto", service=Service([status] * 30)) as made:
            assert await made.ask() is Outcome.COMPLETE
            assert [asked.path for asked in made.service.asked] == ["/v1/responses"] * 2

    play(main())


# -- close codes ----------------------------------------------------------------------------------
CLOSES: Mapping[int, Step] = {
    1006: Drop(),
    **{code: Bye(code, LEAK) for code in (1001, 1008, 1009, 1011, 1012, 1013, 4000)},
}
CURABLE = {1001, 1006, 1011, 1012, 1013}


@pytest.mark.parametrize("code", CLOSES)
def test_a_close_before_the_first_token(bench: Bench, code: int) -> None:
    async def main() -> None:
        for k in (0, 1, 3):
            with case(k):
                async with rig(bench, "responses-ws") as made:
                    made.service.faults.append(partial(at, k, CLOSES[code]))
                    if code in CURABLE:
                        assert await made.ask() is Outcome.COMPLETE
                        assert len(made.service.asked) == 3
                    else:
                        await failed(made, 1)

    play(main())


@pytest.mark.parametrize("code", CLOSES)
def test_a_close_behind_the_first_token(bench: Bench, code: int) -> None:
    async def main() -> None:
        async with rig(bench, "responses-ws") as made:
            made.service.faults.append(partial(at, IN_THE_PATCH, CLOSES[code]))
            await failed(made, 1)

    play(main())


# -- 60 minutes, and other ends of a socket -------------------------------------------------------
LIMIT = error("websocket_connection_limit_reached", message="60 minutes are over")


def test_the_60_minutes_end_before_the_first_token(bench: Bench) -> None:
    """Nobody notices."""

    async def main() -> None:
        for k in (0, 1, 3):
            with case(k):
                async with rig(bench, "responses-ws") as made:
                    made.service.faults.append(partial(at, k, LIMIT))
                    assert await made.ask() is Outcome.COMPLETE
                    assert len(made.service.asked) == 3
                    assert not made.news

    play(main())


def test_the_60_minutes_end_behind_the_first_token(bench: Bench) -> None:
    async def main() -> None:
        async with rig(bench, "responses-ws") as made:
            made.service.faults.append(partial(at, IN_THE_PATCH, LIMIT))
            await failed(made, 1)

    play(main())


def test_the_60_minutes_end_again_and_again(bench: Bench) -> None:
    async def main() -> None:
        async with rig(bench, "responses-ws") as made:
            made.service.faults.extend([[LIMIT]] * 30)
            await failed(made, 2)

    play(main())


@pytest.mark.parametrize("code", ["previous_response_not_found", LIMIT["error"]["code"]])
def test_the_chain_is_lost_between_two_requests(bench: Bench, code: str) -> None:
    """The output of the edit is sent once more, with all that was before."""

    async def main() -> None:
        async with rig(bench, "responses-ws") as made:
            made.service.faults.extend([lambda good: good, [error(code)]])
            assert await made.ask() is Outcome.COMPLETE
            chained, short, whole = made.service.bodies
            assert "previous_response_id" in short and "previous_response_id" not in whole
            assert len(whole["input"]) == len(chained["input"]) + 3
            assert len(made.session.state.writes) == 1

    play(main())


# -- too large ------------------------------------------------------------------------------------
@pytest.mark.parametrize("k", [1, IN_THE_PATCH])
def test_a_message_of_33_megabytes(bench: Bench, k: int) -> None:
    async def main() -> None:
        big = Raw(b'{"type":"response.mood","x":"' + b"y" * (33 << 20) + b'"}')
        async with rig(bench, "responses-ws") as made:
            made.service.faults.append(partial(at, k, big))
            await failed(made, 1)

    play(main())


@pytest.mark.parametrize("wire", HTTP)
def test_an_answer_without_measure(
    bench: Bench, wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "LIMIT_BYTES", 100_000)

    async def main() -> None:
        async with rig(bench, wire) as made:
            big = Raw(b'data: {"type":"response.mood","x":"' + b"y" * 200_000 + b'"}\n\n')
            made.service.faults.append(partial(at, IN_THE_PATCH, big))
            await failed(made, 1)

    play(main())


# -- errors within a stream -----------------------------------------------------------------------
def _flat(code: str, message: str) -> dict[str, Any]:
    return {"type": "error", "code": code, "message": message, "param": None}


def _nested(code: str, message: str) -> dict[str, Any]:
    return error(code, status=500, message=message)


def _failed(code: str, message: str) -> dict[str, Any]:
    response = {"id": "resp_1", "status": "failed", "output": []}
    return {"type": "response.failed",
            "response": response | {"error": {"code": code, "message": message}}}  # fmt: skip


def _text(code: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": f"{code}: {message}"}


def _cancelled(code: str, message: str) -> dict[str, Any]:
    response = {"id": "resp_1", "status": "cancelled", "output": []}
    return {"type": "response.completed", "response": response}


def _bare(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


SHAPES: tuple[Callable[[str, str], dict[str, Any]], ...] = (
    _flat, _nested, _failed, _text, _cancelled,
)  # fmt: skip
CODES = ("server_error", "rate_limit_exceeded", "")


@pytest.mark.parametrize("wire", WIRES[:2])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_error_within_a_stream(
    bench: Bench, wire: str, shape: Callable[[str, str], dict[str, Any]]
) -> None:
    async def main() -> None:
        for code in CODES:
            with case(code):
                async with rig(bench, wire) as made:
                    step = shape(code, LEAK)
                    made.service.faults.append(partial(at, IN_THE_PATCH, step))
                    await failed(made, 1)

    play(main())


@pytest.mark.parametrize("shape", [_bare, _text, _nested, _flat])
def test_an_error_within_a_completion(
    bench: Bench, shape: Callable[[str, str], dict[str, Any]]
) -> None:
    async def main() -> None:
        for code in CODES:
            with case(code):
                async with rig(bench, "chat") as made:
                    step = shape(code, LEAK)
                    made.service.faults.append(partial(at, IN_THE_PATCH, step))
                    await failed(made, 1)

    play(main())


@pytest.mark.parametrize("wire", WIRES[:2])
def test_an_error_without_a_type_within_a_stream(bench: Bench, wire: str) -> None:
    """What stands between us and the service may put it so."""

    async def main() -> None:
        async with rig(bench, wire) as made:
            step = _bare("server_error", LEAK)
            made.service.faults.append(partial(at, IN_THE_PATCH, step))
            await failed(made, 1)
            ends = [e.message for e in made.events if isinstance(e, ev.TurnEnded)]
            assert "problem of its own" in ends[0]

    play(main())


# -- incomplete -----------------------------------------------------------------------------------
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
def test_an_answer_that_was_cut(bench: Bench, wire: str, reason: str) -> None:
    """What was finished before it stays to be taken; nothing is taken by itself."""

    def cut(k: int, good: list[Step]) -> list[Step]:
        if wire == "chat":
            finish = "length" if reason == "max_output_tokens" else reason
            choice = {"index": 0, "delta": {}, "finish_reason": finish}
            return [*good[:k], {"id": "c", "choices": [choice]}, Raw(b"data: [DONE]\n\n")]
        last = good[-1]
        assert isinstance(last, Mapping)
        response = {**last["response"], "status": "incomplete", "output": [],
                    "incomplete_details": {"reason": reason}}  # fmt: skip
        return [*good[:k], {"type": "response.incomplete", "response": response}]

    async def main() -> None:
        for k in (2, 5, 20, IN_THE_PATCH, 38):
            with case(k):
                async with rig(bench, wire) as made:
                    made.service.faults.append(partial(cut, k))
                    assert await made.ask() is Outcome.INCOMPLETE
                    assert reason.replace("_", " ") in made.ended.message
                    assert not made.of(Status.ACCEPTED)
                    assert len(made.service.asked) == 1
                    await made.go_on(accept_first=bool(k % 2))

    play(main())
