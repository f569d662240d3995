"""The chat-completions codec and the quirks of the servers that speak it."""

from __future__ import annotations

from typing import Any

import pytest

from spark_tui.errors import ModelMissing, StreamFault
from spark_tui.model.chat import Decoder, encode
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
from spark_tui.model.thinking import ThinkTags

Chunk = dict[str, Any]


def chunk(finish: str | None = None, **delta: Any) -> Chunk:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "model": "m", "created": 1.5, "choices": [choice], "timings": {}}


def fragment(arguments: str, **more: Any) -> Chunk:
    name = more.pop("name", None)
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return chunk(tool_calls=[{**more, "function": function}])


def decode(*chunks: Chunk) -> list[Delta]:
    """All but Accepted."""
    decoder = Decoder()
    deltas = [delta for event in chunks for delta in decoder.decode(event)]
    return [delta for delta in [*deltas, *decoder.close()] if not isinstance(delta, Accepted)]


def test_text_with_usage_in_a_last_chunk_without_choices() -> None:
    usage = {
        "prompt_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens": 3,
        "completion_tokens_details": {"reasoning_tokens": 1},
    }
    assert decode(
        chunk(role="assistant", content=""),
        chunk(content="o"),
        chunk(),
        chunk(content=None),
        chunk(content="k", finish="stop"),
        {"choices": [], "usage": usage},
    ) == [
        TextDelta("o"),
        TextDelta("k"),
        TextDone("ok"),
        Completed("c1", Usage(9, 2, 3, 1), (AssistantText("ok"),)),
    ]


def test_usage_in_every_chunk_is_that_of_the_last() -> None:
    first = {**chunk(content="a"), "usage": {"completion_tokens": 1}}
    last = {**chunk(content="b", finish="stop"), "usage": {"completion_tokens": 2}}
    completed = decode(first, last)[-1]
    assert isinstance(completed, Completed)
    assert completed.usage == Usage(output_tokens=2)


def test_fragments_of_two_calls_by_index() -> None:
    assert decode(
        fragment("", index=0, id="a", name="read"),
        fragment("{", index=0),
        fragment("[]", index=1, id="b", name="list"),
        fragment("}", index=0),
        chunk(finish="tool_calls"),
    ) == [
        CallOpened("a", "read", custom=False),
        CallDelta("a", "{"),
        CallOpened("b", "list", custom=False),
        CallDelta("b", "[]"),
        CallDelta("a", "}"),
        CallDone("a", "read", "{}", custom=False),
        CallDone("b", "list", "[]", custom=False),
        Completed("c1", None, (ToolCall("a", "read", "{}"), ToolCall("b", "list", "[]"))),
    ]


@pytest.mark.parametrize("index", [{}, {"index": 0}], ids=["no index", "always the same index"])
def test_a_new_id_is_a_new_call(index: Chunk) -> None:
    deltas = decode(
        fragment("{}", id="a", name="read", **index),
        fragment("{}", id="b", name="read", **index),
        chunk(finish="tool_calls"),
    )
    assert [delta.call_id for delta in deltas if isinstance(delta, CallDone)] == ["a", "b"]


def test_an_id_and_a_name_that_are_said_again_open_nothing() -> None:
    deltas = decode(
        fragment("{", index=0, id="a", name="read"),
        fragment("}", index=0, id="a", name="read"),
        chunk(finish="tool_calls"),
    )
    assert deltas.count(CallOpened("a", "read", custom=False)) == 1
    assert deltas[-2] == CallDone("a", "read", "{}", custom=False)


def test_a_call_without_arguments_or_id() -> None:
    deltas = decode(fragment("", index=0, name="list"), chunk(finish="tool_calls"))
    assert deltas[-2] == CallDone("call_1", "list", "{}", custom=False)


def test_calls_without_ids_are_told_apart() -> None:
    """By another name, or by arguments behind arguments that are whole."""
    deltas = decode(
        fragment("{}", name="read"),
        fragment("", name="read"),
        fragment("{}", name="read"),
        fragment("", name="list"),
        fragment("{", name=""),
        fragment("}", name="list"),
        chunk(finish="tool_calls"),
    )
    done = [(d.call_id, d.name, d.input) for d in deltas if isinstance(d, CallDone)]
    assert done == [("call_1", "read", "{}"), ("call_2", "read", "{}"), ("call_3", "list", "{}")]


def test_the_tier_that_was_served() -> None:
    completed = decode({**chunk(content="a", finish="stop"), "service_tier": "default"})[-1]
    assert isinstance(completed, Completed)
    assert completed.service_tier == "default"


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_thinking_under_both_its_names(name: str) -> None:
    assert decode(chunk(**{name: "hm"}), chunk(content="a", finish="stop"))[:2] == [
        ReasoningDelta("hm"),
        TextDelta("a"),
    ]


def test_thinking_between_tags_is_not_text() -> None:
    text = "<think>ab</think>\n\nyes <think>"
    deltas = decode(*(chunk(content=char) for char in text), chunk(finish="stop"))
    thought = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta))
    assert thought == "ab"
    assert TextDone("yes <think>") in deltas


@pytest.mark.parametrize("text", ["<thin", "a<think>b</think>", "<think>open", " \n<think>a</thin"])
def test_tags_cut_anywhere_give_the_same(text: str) -> None:
    def sums(pieces: list[str]) -> tuple[str, str]:
        tags = ThinkTags()
        pairs = [*map(tags.feed, pieces), tags.end()]
        return "".join(pair[0] for pair in pairs), "".join(pair[1] for pair in pairs)

    assert sums([text]) == sums(list(text))


def test_an_answer_that_reached_its_limit_says_so() -> None:
    completed = decode(chunk(content="a", finish="length"))[-1]
    assert isinstance(completed, Completed)
    assert completed.cut == "max_output_tokens"


def test_the_end_of_the_body_without_a_reason_is_a_break() -> None:
    failed = decode(chunk(content="a"))[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.fault, StreamFault)


def test_done_is_an_end_even_without_a_reason() -> None:
    decoder = Decoder()
    decoder.decode(chunk(content="a"))
    assert isinstance(decoder.done()[-1], Completed)


def test_an_error_in_the_stream() -> None:
    failed = decode(chunk(content="a"), {"error": {"code": 404, "message": "model 'x' not found"}})[
        -1
    ]
    assert isinstance(failed, Failed)
    assert isinstance(failed.fault, ModelMissing)


def test_one_whole_message_where_a_stream_was_asked_for() -> None:
    message = {"role": "assistant", "content": "hi"}
    answer = {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    assert Decoder().whole(answer)[1:3] == [TextDelta("hi"), TextDone("hi")]


def request(*items: Any, **more: Any) -> Request:
    return Request("m", "sys", items, **more)


def test_messages_of_a_conversation_with_tools() -> None:
    body = encode(
        request(
            UserText("a"),
            UserText("b"),
            AssistantText("c"),
            ToolCall("1", "read", "{}"),
            ToolCall("2", "read", "cut {"),
            ToolOutput("1", "x"),
            ToolOutput("2", "y"),
            Opaque({"type": "reasoning"}),
            UserText("d"),
        )
    )

    def call(call_id: str, arguments: str) -> Chunk:
        function = {"name": "read", "arguments": arguments}
        return {"id": call_id, "type": "function", "function": function}

    assert body["messages"] == [
        {"role": "system", "content": "sys"},
        {"role": "user", "content": "a\n\nb"},
        {
            "role": "assistant",
            "content": "c",
            "tool_calls": [call("1", "{}"), call("2", '{"input": "cut {"}')],
        },
        {"role": "tool", "tool_call_id": "1", "content": "x"},
        {"role": "tool", "tool_call_id": "2", "content": "y"},
        {"role": "user", "content": "d"},
    ]


def test_custom_tools_do_not_exist_here_and_their_calls_are_text() -> None:
    body = encode(
        request(
            UserText("a"),
            ToolCall("1", "apply_patch", "*** B", custom=True),
            ToolOutput("1", "done", custom=True),
            UserText("b"),
            tools=(CustomTool("apply_patch", "", "start:"), FunctionTool("read", "", {})),
        )
    )
    assert [tool["function"]["name"] for tool in body["tools"]] == ["read"]
    assert body["messages"][2:] == [
        {"role": "assistant", "content": "*** B"},
        {"role": "user", "content": "done\n\nb"},
    ]


def test_the_limit_goes_by_its_other_name_where_the_first_is_refused() -> None:
    body = encode(request(max_output_tokens=5), frozenset({"max_tokens"}))
    assert "max_tokens" not in body
    assert body["max_completion_tokens"] == 5
