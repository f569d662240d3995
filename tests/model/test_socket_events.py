"""Events as no service should send them: twice, out of order, with what we never asked for. The
words that were sent come out once, or the answer is not called whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from spark_tui.model.provider import (
    Accepted,
    AssistantText,
    CallDone,
    Completed,
    Delta,
    Endpoint,
    Failed,
    Request,
    TextDone,
    UserText,
)
from spark_tui.model.responses import Decoder
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.deltas import collect, texts
from tests.support.wire_server import Step, WireServer, answer, completed, created, play
from tests.support.wire_server import text_events as said

Event = dict[str, Any]
WORDS = "abc def"


def numbered(events: Sequence[Event]) -> list[Event]:
    return [{**event, "sequence_number": at} for at, event in enumerate(events)]


def decode(events: Sequence[Event]) -> list[Delta]:
    decoder = Decoder()
    found = [delta for event in events for delta in decoder.decode(event)]
    assert decoder.finished
    return found


def same(events: list[Event]) -> list[Event]:
    return events


def each_twice(events: list[Event]) -> list[Event]:
    return [event for event in events for _ in range(2)]


def with_lane(events: list[Event]) -> list[Event]:
    return [{**event, "stream_id": "lane-7"} for event in events]


def with_strangers(events: list[Event]) -> list[Event]:
    strange: list[Event] = [
        {"type": "response.nobody.knows", "delta": "x", "sequence_number": 900},
        {"type": "response.output_text.annotation.added", "item_id": "msg_1"},
        {"type": "response.compaction.compacting"},
        {"type": "codex.rate_limits", "plan_type": "x"},
        {"kind": "response.output_text.delta", "delta": "x"},
        {},
    ]
    return [one for event in events for one in (event, *strange)]


def created_again(events: list[Event]) -> list[Event]:
    again = created(), {"type": "response.in_progress", "response": {"id": "resp_1"}}
    return [one for event in events[:-1] for one in (event, *again)] + events[-1:]


def without_places(events: list[Event]) -> list[Event]:
    names = ("output_index", "content_index", "sequence_number")
    return [{k: v for k, v in event.items() if k not in names} for event in events]


@pytest.mark.parametrize(
    "twist", [same, each_twice, with_lane, with_strangers, created_again, without_places]
)
def test_the_answer_is_the_same(twist: Callable[[list[Event]], list[Event]]) -> None:
    plain = decode(numbered(answer(WORDS)))
    assert decode(twist(numbered(answer(WORDS)))) == plain
    assert [delta for delta in plain if isinstance(delta, Accepted)] == [Accepted("resp_1", "m")]
    assert texts(plain) == WORDS


@pytest.mark.parametrize("numbers", ["all the same", "all zero", "falling", "no numbers at all"])
def test_numbers_that_mean_nothing_cost_no_words(numbers: str) -> None:
    events = answer(WORDS)
    for at, event in enumerate(events):
        match numbers:
            case "all the same":
                event["sequence_number"] = -1
            case "all zero":
                event["sequence_number"] = 0
            case "falling":
                event["sequence_number"] = 100 - at
            case _:
                event["sequence_number"] = "7"
    assert texts(decode(events)) == WORDS


def test_words_out_of_order_are_put_right_by_the_finished_item() -> None:
    """Shown they are as they came; what counts for files and for the next request is the item."""
    begun, (added, *deltas, done), end = created(), said(WORDS), completed()
    found = decode([begun, added, *reversed(deltas), done, end])
    assert texts(found) == WORDS[::-1]
    assert TextDone(WORDS) in found
    assert isinstance(last := found[-1], Completed)
    assert last.items == (AssistantText(WORDS),)


def test_an_edit_that_comes_before_its_item_and_twice_is_one_edit() -> None:
    item = {"id": "c", "type": "custom_tool_call", "call_id": "c1", "name": "apply_patch"}
    where = {"item_id": "c", "output_index": 0}
    delta = {"type": "response.custom_tool_call_input.delta", **where, "delta": "*** Begin"}
    added = {"type": "response.output_item.added", "output_index": 0, "item": item}
    done = {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {**item, "input": "*** Begin"},
    }
    events = [created(), delta, added, added, done, done, completed(output=[done["item"]])]
    found = decode(events)
    assert [one for one in found if isinstance(one, CallDone)] == [
        CallDone("c1", "apply_patch", "*** Begin", custom=True)
    ]
    assert isinstance(last := found[-1], Completed) and len(last.items) == 1


def test_a_second_answer_is_not_ended_by_the_end_of_the_first() -> None:
    """Whatever a service repeats between two answers stays with the first."""

    async def main() -> None:
        first: list[Step] = [*numbered(answer("one")), *numbered(answer("one"))[-3:]]
        async with WireServer([first, numbered(answer("two", "resp_2"))]) as server:
            provider = ResponsesSocket(Endpoint(server.base_url, "k"), standby=False)
            assert texts(await collect(provider.stream(ask(UserText("a"))))) == "one"
            more = ask(UserText("a"), AssistantText("one"), UserText("b"))
            deltas = await collect(provider.stream(more))
            await provider.close()
            assert texts(deltas) == "two"
            assert isinstance(last := deltas[-1], Completed) and last.response_id == "resp_2"
            assert len(server.asked) == 2

    play(main())


def test_the_tier_that_was_served_is_told() -> None:
    (done,) = decode([completed(service_tier="ultrafast")])[-1:]
    assert isinstance(done, Completed) and done.service_tier == "ultrafast"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_an_end_that_says_it_failed_is_no_good_end(status: str) -> None:
    end = completed()
    end["response"]["status"] = status
    assert isinstance(decode([created(), *said("a"), end])[-1], Failed)


def ask(*items: Any) -> Request:
    return Request("m", "", items)
