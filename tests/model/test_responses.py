"""The Responses codec against frames written from the facts of the wire."""

from __future__ import annotations

from typing import Any

import pytest

from spark_tui.errors import (
    KeyRefused,
    LimitFault,
    ModelFault,
    ModelMissing,
    NetworkFault,
    QuotaUsed,
    RateLimited,
    StreamFault,
)
from spark_tui.model.faults import Place
from spark_tui.model.provider import (
    Accepted,
    AssistantText,
    CallDelta,
    CallDone,
    CallOpened,
    Completed,
    CustomTool,
    Delta,
    Failed,
    FunctionTool,
    Opaque,
    ReasoningDelta,
    Request,
    TextDelta,
    TextDone,
    ToolCall,
    ToolOutput,
    Usage,
    UserText,
)
from spark_tui.model.responses import Decoder, Previous, encode
from tests.support.wire_server import answer, completed, created, error, text_events

Event = dict[str, Any]


def decode(*events: Event) -> list[Delta]:
    decoder = Decoder(Place("host", "m", "topsecretkey"))
    return [delta for event in events for delta in decoder.decode(event)]


def request(**more: Any) -> Request:
    return Request(**{"model": "gpt-x", "instructions": "", "items": (UserText("hi"),), **more})


def test_a_text_answer() -> None:
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 1},
    }
    assert decode(created("r1"), *text_events("yes"), completed("r1", usage=usage)) == [
        Accepted("r1", "m"),
        TextDelta("y"),
        TextDelta("e"),
        TextDelta("s"),
        TextDone("yes"),
        Completed("r1", Usage(10, 4, 3, 1), (AssistantText("yes"),)),
    ]


def custom_call(*deltas: str, whole: str, final: bool = True) -> list[Event]:
    item = {"id": "ctc_1", "type": "custom_tool_call", "call_id": "c1", "name": "apply_patch"}
    where = {"item_id": "ctc_1", "output_index": 0}
    kind = "response.custom_tool_call_input"
    return [
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "input": ""}},
        *({"type": f"{kind}.delta", **where, "delta": delta} for delta in deltas),
        {"type": f"{kind}.done", **where, "input": whole},
        *(
            [
                {
                    "type": "response.output_item.done",
                    "output_index": 0,
                    "item": {**item, "input": whole},
                }
            ]
            if final
            else []
        ),
    ]


@pytest.mark.parametrize("final", [True, False], ids=["finished item", "only .done"])
def test_a_custom_call_streams_raw_text(final: bool) -> None:
    events = custom_call("*** ", "B\n", whole="*** B\n", final=final)
    assert decode(created(), *events, completed())[1:-1] == [
        CallOpened("c1", "apply_patch", custom=True),
        CallDelta("c1", "*** "),
        CallDelta("c1", "B\n"),
        CallDone("c1", "apply_patch", "*** B\n", custom=True),
    ]


def test_the_finished_item_owes_what_the_deltas_left_out() -> None:
    assert decode(*custom_call("ab", whole="abcd"))[1:] == [
        CallDelta("c1", "ab"),
        CallDelta("c1", "cd"),
        CallDone("c1", "apply_patch", "abcd", custom=True),
    ]


def test_the_finished_item_wins_over_other_deltas() -> None:
    assert decode(*custom_call("xy", whole="abcd"))[1:] == [
        CallDelta("c1", "xy"),
        CallDone("c1", "apply_patch", "abcd", custom=True),
    ]


def test_calls_side_by_side_are_told_apart() -> None:
    def added(index: int) -> Event:
        item = {"id": f"f{index}", "type": "function_call", "call_id": f"c{index}", "name": "read"}
        return {"type": "response.output_item.added", "output_index": index, "item": item}

    def delta(index: int, text: str) -> Event:
        kind = "response.function_call_arguments.delta"
        return {"type": kind, "item_id": f"f{index}", "output_index": index, "delta": text}

    deltas = decode(added(0), added(1), delta(0, "{"), delta(1, "["), delta(0, "}"), completed())
    assert [delta for delta in deltas if isinstance(delta, CallDone)] == [
        CallDone("c0", "read", "{}", custom=False),
        CallDone("c1", "read", "[", custom=False),
    ]


def test_a_function_call_without_arguments_has_empty_ones() -> None:
    item = {"id": "f", "type": "function_call", "call_id": "c", "name": "list", "arguments": ""}
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    assert decode(done)[-1] == CallDone("c", "list", "{}", custom=False)


def test_a_server_without_indices_that_says_created_again() -> None:
    """llama.cpp: no output_index, created repeated in mid-stream, no arguments.done."""
    item = {"id": "f1", "type": "function_call", "call_id": "c1", "name": "read"}
    kind = "response.function_call_arguments.delta"
    assert decode(
        created("r1"),
        {"type": "response.in_progress", "response": {"id": "r1"}},
        {"type": "response.output_item.added", "item": item},
        {"type": kind, "item_id": "f1", "delta": '{"a"'},
        created("r1"),
        {"type": kind, "item_id": "f1", "delta": ":1}"},
        {"type": "response.output_item.done", "item": {**item, "arguments": '{"a":1}'}},
        completed("r1"),
    ) == [
        Accepted("r1", "m"),
        CallOpened("c1", "read", custom=False),
        CallDelta("c1", '{"a"'),
        CallDelta("c1", ":1}"),
        CallDone("c1", "read", '{"a":1}', custom=False),
        Completed("r1", None, (ToolCall("c1", "read", '{"a":1}'),)),
    ]


def test_arguments_that_come_before_their_name_wait_for_it() -> None:
    kind = "response.function_call_arguments.delta"
    item = {"id": "f1", "type": "function_call", "call_id": "c1", "name": "read", "arguments": "{}"}
    assert decode(
        {"type": kind, "item_id": "f1", "output_index": 0, "delta": "{}"},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
    ) == [
        CallOpened("c1", "read", custom=False),
        CallDelta("c1", "{}"),
        CallDone("c1", "read", "{}", custom=False),
    ]


def test_an_answer_that_comes_only_with_the_closing_event() -> None:
    message = {"id": "m1", "type": "message", "content": [{"type": "output_text", "text": "hey"}]}
    assert decode(created("r1"), completed("r1", output=[message]))[1:-1] == [
        TextDelta("hey"),
        TextDone("hey"),
    ]


def test_the_same_event_twice_counts_once() -> None:
    delta = {
        "type": "response.output_text.delta",
        "item_id": "m",
        "delta": "a",
        "sequence_number": 7,
    }
    assert decode(delta, delta) == [TextDelta("a")]


def test_a_refusal_is_text_that_a_person_sees() -> None:
    content = [{"type": "refusal", "refusal": "no."}]
    item = {"id": "m1", "type": "message", "content": content}
    assert decode(
        {"type": "response.refusal.delta", "item_id": "m1", "output_index": 0, "delta": "no"},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
    ) == [TextDelta("no"), TextDelta("."), TextDone("no.")]


def test_thinking_is_shown_and_its_sealed_form_is_kept_for_the_next_request() -> None:
    sealed = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "xx"}
    unsealed = {"id": "rs_2", "type": "reasoning", "summary": []}
    deltas = decode(
        {"type": "response.reasoning_summary_text.delta", "delta": "so", "summary_index": 0},
        {"type": "response.reasoning_summary_part.added", "summary_index": 1},
        {"type": "response.reasoning_text.delta", "delta": "then"},
        {"type": "response.output_item.done", "output_index": 0, "item": sealed},
        {"type": "response.output_item.done", "output_index": 1, "item": unsealed},
        completed(),
    )
    assert deltas[:3] == [ReasoningDelta("so"), ReasoningDelta("\n\n"), ReasoningDelta("then")]
    assert isinstance(deltas[-1], Completed)
    assert deltas[-1].items == (Opaque(sealed),)


def test_a_cut_answer_says_why() -> None:
    end = {
        "type": "response.incomplete",
        "response": {"id": "r1", "incomplete_details": {"reason": "max_output_tokens"}},
    }
    assert decode(*text_events("half")[:-1], end)[-2:] == [
        TextDone("half"),
        Completed("r1", None, (AssistantText("half"),), cut="max_output_tokens"),
    ]


def test_the_phase_of_a_message_comes_back_as_it_went() -> None:
    events = text_events("x")
    events[-1]["item"]["phase"] = "commentary"
    deltas = decode(*events, completed())
    assert isinstance(deltas[-1], Completed)
    again = encode(request(items=deltas[-1].items))["input"]
    assert again[0]["phase"] == "commentary"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": 7},
        {"type": "response.web_search_call.searching"},
        {"type": "response.output_text.delta"},
        {"type": "response.output_text.delta", "delta": None, "item_id": [1]},
        {"type": "response.output_item.added", "item": "x"},
        {"type": "response.output_item.done", "item": {"type": ["message"]}},
        {"type": "codex.rate_limits", "limits": {}},
    ],
)
def test_what_is_unknown_or_broken_is_skipped(event: Event) -> None:
    assert decode(event) == []


ERRORS = [
    (error("rate_limit_exceeded", status=429, headers={"Retry-After": "3"}), RateLimited),
    ({"type": "error", "code": "server_error", "message": "oops"}, NetworkFault),
    (
        {"type": "response.failed", "response": {"error": {"code": "context_length_exceeded"}}},
        LimitFault,
    ),
    (error("invalid_api_key", status=401), KeyRefused),
    (error("model_not_found", status=404), ModelMissing),
    (error("", message="The 'm' model is not supported here.", param="model"), ModelMissing),
    (error("insufficient_quota", status=429), QuotaUsed),
    (error("unsupported_value", message="'top' is not supported with this model"), ModelFault),
    (error("previous_response_not_found"), StreamFault),
    ({"type": "response.completed", "response": {"status": "failed"}}, ModelFault),
    ({"type": "error", "error": "text"}, ModelFault),
    ({"type": "error"}, ModelFault),
]


@pytest.mark.parametrize(("event", "kind"), ERRORS)
def test_every_shape_of_error_becomes_one_fault(event: Event, kind: type[Exception]) -> None:
    (failed,) = decode(event)
    assert isinstance(failed, Failed)
    assert type(failed.fault) is kind
    assert failed.fault.hint


def test_nothing_follows_the_closing_event() -> None:
    assert decode(*answer("a"), *text_events("late"))[-1] == Completed(
        "resp_1", None, (AssistantText("a"),)
    )


def test_a_stream_without_its_closing_event_is_broken() -> None:
    decoder = Decoder()
    for event in answer("all of it")[:-1]:
        decoder.decode(event)
    (failed,) = decoder.close()
    assert isinstance(failed, Failed)
    assert isinstance(failed.fault, StreamFault)
    assert decoder.close() == []


def test_a_request_in_the_words_of_the_wire() -> None:
    body = encode(
        Request(
            model="gpt-5.3-codex",
            instructions="be brief",
            items=(
                UserText("hi"),
                AssistantText("ho"),
                ToolCall("c1", "apply_patch", "raw", custom=True),
                ToolOutput("c1", "done", custom=True),
                ToolCall("c2", "read", "{}"),
                ToolOutput("c2", "text"),
                Opaque({"type": "reasoning", "encrypted_content": "x"}),
            ),
            tools=(
                FunctionTool("read", "reads", {"type": "object"}),
                CustomTool("apply_patch", "patches", "start: /x/"),
            ),
            max_output_tokens=99,
            effort="low",
            temperature=0.1,
            service_tier="fast",
            cache_key="s1",
        )
    )
    assert body == {
        "model": "gpt-5.3-codex",
        "store": False,
        "instructions": "be brief",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "hi"}],
            },
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "ho"}],
            },
            {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "raw"},
            {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
            {"type": "function_call", "call_id": "c2", "name": "read", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c2", "output": "text"},
            {"type": "reasoning", "encrypted_content": "x"},
        ],
        "tools": [
            {
                "type": "function",
                "name": "read",
                "description": "reads",
                "parameters": {"type": "object"},
                "strict": False,
            },
            {
                "type": "custom",
                "name": "apply_patch",
                "description": "patches",
                "format": {"type": "grammar", "syntax": "lark", "definition": "start: /x/"},
            },
        ],
        "parallel_tool_calls": True,
        "reasoning": {"effort": "low"},
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "s1",
        "max_output_tokens": 99,
        "temperature": 0.1,
        "service_tier": "fast",
    }


def test_sealed_thinking_is_asked_for_only_of_models_that_think() -> None:
    assert "include" not in encode(request(model="llama-3"))
    assert "include" in encode(request(model="gpt-6-luna"))


def test_what_a_service_refused_is_left_out() -> None:
    assert "temperature" not in encode(request(temperature=1.0), without=frozenset({"temperature"}))


def test_a_chained_request_holds_only_what_is_new() -> None:
    body = encode(request(items=(UserText("a"), UserText("b"))), previous=Previous("r1", 1))
    assert body["previous_response_id"] == "r1"
    assert [item["content"][0]["text"] for item in body["input"]] == ["b"]
