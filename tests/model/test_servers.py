"""The servers that people run, each with its own way of speaking the two dialects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spark_tui.errors import ConnectFault, LimitFault, ModelFault, ModelMissing
from spark_tui.model.dialects import CHAT, RESPONSES, Dialect
from spark_tui.model.faults import WireRefused
from spark_tui.model.memory import Learned
from spark_tui.model.provider import (
    CallDone,
    Completed,
    CustomTool,
    Delta,
    Endpoint,
    FunctionTool,
    ReasoningDelta,
    Request,
    TextDone,
    Usage,
    UserText,
)
from spark_tui.model.sse import HttpStream
from tests.support.deltas import fault_of, texts
from tests.support.wire_server import Raw, Reply, WireServer, completed, play, text_events

PATHS = {"responses": "/v1/responses", "chat": "/v1/chat/completions"}
PATCH = CustomTool("apply_patch", "", "start:")
READ = FunctionTool("read", "", {})


def events(*values: Any, name: bool = False, end: str = "\n\n") -> Reply:
    """`data:` events, with an `event:` line where the server writes one."""
    lines = (
        (f"event: {value['type']}\n" if name else "") + f"data: {json.dumps(value)}{end}"
        for value in values
    )
    return Reply([Raw("".join(lines).encode())])


def refusal(body: Any, status: int = 400) -> Reply:
    return Reply([Raw(json.dumps(body).encode())], status, {}, "application/json")


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": fields, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}


def call(name: str, arguments: str, **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


def talk(
    *replies: Reply, dialect: Dialect = CHAT, learned: Learned | None = None, **more: Any
) -> tuple[list[Delta], list[dict[str, Any]]]:
    """The deltas of one turn, and the bodies that were sent for it."""

    async def main() -> tuple[list[Delta], list[dict[str, Any]]]:
        async with WireServer(http={PATHS[dialect.wire]: list(replies)}) as server:
            stream = HttpStream(Endpoint(server.base_url), dialect, learned=learned)
            request = Request("m", "", (UserText("hi"),), **more)
            deltas = [one async for one in stream.stream(request)]
            await stream.close()
            return deltas, server.bodies

    return play(main())


def end_of(deltas: list[Delta]) -> Completed:
    assert isinstance(deltas[-1], Completed)
    return deltas[-1]


# -- llama.cpp: recorded ---------------------------------------------------------------

ITEM = {"content": [], "id": "msg_aL", "role": "assistant", "status": "in_progress"}
PART = {"type": "output_text", "annotations": [], "logprobs": [], "text": "\ufffdN\ufffd"}
MESSAGE = {"type": "message", "status": "completed", "id": "msg_aL", "content": [PART]}
BEGUN = {"id": "resp_UO", "object": "response", "status": "in_progress"}
LLAMA = (
    {"type": "response.created", "response": BEGUN},
    {"type": "response.in_progress", "response": BEGUN},
    {"type": "response.output_item.added", "item": {**ITEM, "type": "message"}},
    {"type": "response.content_part.added", "item_id": "msg_aL", "part": {"type": "output_text"}},
    {"type": "response.output_text.delta", "item_id": "msg_aL", "delta": "\ufffd"},
    {"type": "response.created", "response": BEGUN},
    {"type": "response.in_progress", "response": BEGUN},
    {"type": "response.output_text.delta", "item_id": "msg_aL", "delta": "N"},
    {"type": "response.output_text.delta", "item_id": "msg_aL", "delta": "\ufffd"},
    {"type": "response.output_text.done", "item_id": "msg_aL", "text": "\ufffdN\ufffd"},
    {"type": "response.output_item.done", "item": {**MESSAGE, "role": "assistant"}},
    {
        "type": "response.completed",
        "response": {
            "id": "resp_UO", "object": "response", "created_at": 1795775049,
            "status": "completed", "model": "tiny.gguf",
            "output": [{**MESSAGE, "role": "assistant"}],
            "usage": {"input_tokens": 31, "output_tokens": 3, "total_tokens": 34,
                      "input_tokens_details": {"cached_tokens": 0}},
        },
        "timings": {"cache_n": 0, "prompt_ms": 300.005},
    },
)  # fmt: skip


def test_llama_cpp_repeats_the_beginning_numbers_nothing_and_splits_characters() -> None:
    learned = Learned()
    deltas, _ = talk(events(*LLAMA, name=True), dialect=RESPONSES, learned=learned)
    assert texts(deltas) == "\ufffdN\ufffd"
    assert end_of(deltas).usage == Usage(31, 0, 3)
    assert not learned.drops_tools


def test_llama_cpp_drops_custom_tools_without_a_word() -> None:
    learned = Learned()
    talk(events(*LLAMA, name=True), dialect=RESPONSES, learned=learned, tools=(PATCH, READ))
    assert learned.drops_tools


@pytest.mark.parametrize(
    ("told", "drops"),
    [
        ([{"type": "custom", "name": "apply_patch"}], False),
        ([{"type": "function", "name": "read"}], True),
        ([], True),
        (None, False),
    ],
    ids=["repeated", "only the other one", "none", "numbered events and no word"],
)
def test_what_a_service_repeats_of_the_tools_tells(told: list[Any] | None, drops: bool) -> None:
    end = completed() if told is None else completed(tools=told)
    learned = Learned()
    reply = events(*text_events("a"), {**end, "sequence_number": 9})
    talk(reply, dialect=RESPONSES, learned=learned, tools=(PATCH,))
    assert learned.drops_tools is drops


def test_llama_cpp_calls_a_function_without_a_done_event() -> None:
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "read"}
    deltas, _ = talk(
        events(
            LLAMA[0],
            {"type": "response.output_item.added", "item": {**item, "arguments": ""}},
            *(
                {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "delta": part}
                for part in '{"a":1}'
            ),
            {"type": "response.output_item.done", "item": {**item, "arguments": '{"a":1}'}},
            {"type": "response.completed", "response": {**BEGUN, "status": "completed"}},
            name=True,
        ),
        dialect=RESPONSES,
    )
    assert CallDone("call_1", "read", '{"a":1}', custom=False) in deltas


def test_llama_cpp_streams_a_call_character_by_character() -> None:
    opening = {"index": 0, "id": "x", **call("read", "{")}
    parts = (
        delta(tool_calls=[{"index": 0, "function": {"arguments": char}}]) for char in '"a":"é"}'
    )
    usage = {"choices": [], "usage": {"completion_tokens": 3, "prompt_tokens": 20}, "timings": {}}
    deltas, _ = talk(
        events(
            delta(role="assistant", content=None),
            delta(tool_calls=[opening]),
            *parts,
            delta(finish="tool_calls"),
            usage,
        )
    )
    assert CallDone("x", "read", '{"a":"é"}', custom=False) in deltas
    assert end_of(deltas).usage == Usage(20, 0, 3)


def test_llama_cpp_says_how_much_too_long_a_request_is() -> None:
    words = "request (12019 tokens) exceeds the available context size (1024 tokens)"
    error = {"code": 400, "message": words, "type": "exceed_context_size_error"}
    deltas, _ = talk(refusal({"error": {**error, "n_prompt_tokens": 12019, "n_ctx": 1024}}))
    fault = fault_of(deltas)
    assert isinstance(fault, LimitFault)
    assert "The request has 12019 tokens; the window of m is 1024" in fault.message


def test_llama_cpp_has_no_such_route() -> None:
    error = {"message": "File Not Found", "type": "not_found_error", "code": 404}
    with pytest.raises(WireRefused) as caught:
        talk(refusal({"error": error}, 404), dialect=RESPONSES)
    assert caught.value.status == 404


# -- others ------------------------------------------------------------------------------


def test_transformers_ends_without_done_and_counts_on_the_last_chunk() -> None:
    last = {**delta("stop"), "created": 1.5, "usage": {"prompt_tokens": 5, "completion_tokens": 1}}
    deltas, _ = talk(events(delta(role="assistant"), delta(content="hi"), last))
    assert texts(deltas) == "hi"
    assert end_of(deltas).usage == Usage(5, 0, 1)


def test_transformers_begins_by_queueing_and_names_no_events() -> None:
    begun = {"type": "response.created", "response": {"id": "r", "status": "queued"}}
    deltas, _ = talk(events(begun, *text_events("hi"), completed("r")), dialect=RESPONSES)
    assert texts(deltas) == "hi"


def test_vllm_thinks_under_the_new_name_and_the_old_one() -> None:
    both = delta(reasoning="new", reasoning_content="old")
    deltas, _ = talk(events(both, delta(reasoning="more"), delta("stop", content="a")))
    assert [d.text for d in deltas if isinstance(d, ReasoningDelta)] == ["old", "more"]


def test_vllm_says_an_error_flat() -> None:
    flat = {"object": "error", "message": "The model `m` does not exist.",
            "type": "NotFoundError", "param": None, "code": 404}  # fmt: skip
    assert isinstance(fault_of(talk(refusal(flat, 404))[0]), ModelMissing)
    assert isinstance(fault_of(talk(events(flat))[0]), ModelMissing)


def test_vllm_will_not_choose_a_tool_by_itself() -> None:
    words = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
    flat = {"object": "error", "message": words, "type": "BadRequestError", "code": 400}
    deltas, bodies = talk(refusal(flat), events(delta("stop", content="a")), tools=(READ,))
    assert texts(deltas) == "a"
    assert ["tools" in body for body in bodies] == [True, False]


def test_a_server_made_with_fastapi_lists_the_fields_that_it_forbids() -> None:
    wrong = {"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "not permitted"}
    deltas, bodies = talk(refusal({"detail": [wrong]}, 422), events(delta("stop", content="a")))
    assert texts(deltas) == "a"
    assert ["stream_options" in body for body in bodies] == [True, False]


def test_ollama_sends_a_call_in_one_piece_and_thinks() -> None:
    whole = delta(content="", tool_calls=[{"index": 0, "id": "call_7", **call("list", "{}")}])
    deltas, _ = talk(
        events(delta(role="assistant", content="", reasoning="hm"), whole, delta("tool_calls"))
    )
    assert ReasoningDelta("hm") in deltas
    assert CallDone("call_7", "list", "{}", custom=False) in deltas


def test_ollama_has_models_without_tools() -> None:
    error = {"message": "registry.ollama.ai/library/gemma:2b does not support tools"}
    learned = Learned()
    deltas, bodies = talk(
        refusal({"error": {**error, "type": "api_error"}}),
        events(delta("stop", content="a")),
        tools=(READ,),
        learned=learned,
    )
    assert texts(deltas) == "a"
    assert ["tools" in body for body in bodies] == [True, False]
    assert learned.without == {"m": {"tools"}}


def test_ollama_names_a_model_that_was_not_pulled() -> None:
    error = {"message": 'model "m" not found, try pulling it first', "type": "api_error"}
    assert isinstance(fault_of(talk(refusal({"error": error}, 404))[0]), ModelMissing)


def test_lm_studio_calls_a_route_that_it_lacks_a_success() -> None:
    words = "Unexpected endpoint or method. (POST /v1/responses). Returning 200 anyway"
    with pytest.raises(WireRefused):
        talk(refusal({"error": words}, 200), dialect=RESPONSES)


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain"])
def test_an_error_that_is_called_a_success(kind: str) -> None:
    body = json.dumps({"error": {"code": 400, "message": "nothing of that"}}).encode()
    for dialect in (CHAT, RESPONSES):
        deltas, _ = talk(Reply([Raw(body)], content_type=kind), dialect=dialect)
        fault = fault_of(deltas)
        assert type(fault) is ModelFault
        assert "nothing of that" in fault.message


def test_cerebras_forbids_fields_by_a_sentence() -> None:
    def no(name: str) -> Reply:
        words = f"property '{name}' is unsupported"
        return refusal(
            {"message": words, "type": "invalid_request_error", "param": "validation_error",
             "code": "wrong_api_format"}
        )  # fmt: skip

    names = ["service_tier", "temperature", "max_tokens", "max_completion_tokens"]
    deltas, bodies = talk(
        *map(no, names),
        events(delta("stop", content="a")),
        service_tier="fast", temperature=0.1, max_output_tokens=9,
    )  # fmt: skip
    assert texts(deltas) == "a"
    assert not set(names) & set(bodies[-1])
    assert bodies[-2]["max_completion_tokens"] == 9


def test_gemini_refuses_in_a_list_and_names_no_calls() -> None:
    error = {"code": 400, "message": "Please use a valid role", "status": "INVALID_ARGUMENT"}
    fault = fault_of(talk(refusal([{"error": error}]))[0])
    assert type(fault) is ModelFault
    assert "valid role" in fault.message
    calls = [{"index": 0, "id": "", **call("read", f'{{"a":{n}}}')} for n in (1, 2)]
    deltas, _ = talk(events(delta("tool_calls", tool_calls=calls)))
    done = [d for d in deltas if isinstance(d, CallDone)]
    assert [d.input for d in done] == ['{"a":1}', '{"a":2}']
    assert len({d.call_id for d in done}) == 2


def test_openrouter_keeps_the_line_warm_and_breaks_with_an_error() -> None:
    body = b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n"
    end = delta("stop", content="a")
    deltas, _ = talk(Reply([Raw(body), end, Raw(b"data: [DONE]\n\n")]))
    assert texts(deltas) == "a"
    broken = {**delta("error", content=""), "error": {"code": 400, "message": "provider broke"}}
    fault = fault_of(talk(Reply([Raw(body), broken]))[0])
    assert fault is not None
    assert "provider broke" in fault.message


@pytest.mark.parametrize("kind", ["response.done", "response.completed"])
def test_the_end_of_a_response_under_both_its_names(kind: str) -> None:
    end = {**completed(), "type": kind}
    deltas, _ = talk(events(*text_events("a"), end), dialect=RESPONSES)
    assert end_of(deltas).cut == ""


def test_a_body_with_a_mark_carriage_returns_and_no_last_line_end() -> None:
    chunks = [delta(content="a"), delta("stop", content="b")]
    lines = "\r\n\r\n".join(f": x\r\nevent: m\r\ndata: {json.dumps(one)}" for one in chunks)
    deltas, _ = talk(Reply([Raw(b"\xef\xbb\xbf" + lines.encode())]))
    assert TextDone("ab") in deltas


def test_events_without_blank_lines_between_them() -> None:
    reply = events(delta(content="a"), delta("stop", content="b"), end="\n")
    assert texts(talk(reply)[0]) == "ab"


def test_a_web_page_is_no_answer() -> None:
    page = Reply([Raw(b"<!doctype html><p>sign in")], content_type="text/html; charset=utf-8")
    fault = fault_of(talk(page)[0])
    assert isinstance(fault, ConnectFault)
    assert "web page" in fault.message
