"""The codecs against what real servers said: llama.cpp, LiteLLM before it, transformers serve.

The rule kept here: the files in `recorded/` are as they came, but for ids, moments and durations
(tests/conformance/record.py writes those of the first two; the third took gigabytes, and was asked
once, version 5.24.0). What they must become is written here, not computed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from spark_tui.errors import (
    KeyRefused,
    LimitFault,
    ModelFault,
    ModelMissing,
    SparkFault,
)
from spark_tui.model import chat, responses
from spark_tui.model.dialects import EventDecoder
from spark_tui.model.events import Splitter
from spark_tui.model.faults import Place, fault_of, optional_field, read_refusal
from spark_tui.model.provider import (
    Accepted,
    AssistantText,
    CallDelta,
    CallDone,
    CallOpened,
    Completed,
    Delta,
    Failed,
    Item,
    Opaque,
    ReasoningDelta,
    TextDelta,
    TextDone,
    ToolCall,
)
from tests.conformance import automaton

FOLDER = Path(__file__).parent / "recorded"
Event = dict[str, Any]
TALK = sorted(path.name for path in FOLDER.glob("*-talk.*"))
THINK = sorted(path.name for path in FOLDER.glob("*-think.*"))
PAIR = sorted(path.name for path in FOLDER.glob("*-pair.*"))
LONG = sorted(path.name for path in FOLDER.glob("*-long.*"))
UNTOLD = ("llama-responses-long.sse", "transformers-responses-long.sse")
ANSWERS = [*TALK, *THINK, *PAIR, *LONG, "litellm-socket-patch.jsonl"]
PLACE = Place("host", "asked-for", "a-secret-key")


def decoder_of(name: str) -> EventDecoder:
    return chat.Decoder(PLACE) if "-chat-" in name else responses.Decoder(PLACE)


def data_of(name: str, step: int = 1 << 20) -> Iterator[str]:
    """The data of each event; a body of server-sent events in pieces of `step` bytes."""
    raw = (FOLDER / name).read_bytes()
    if name.endswith(".jsonl"):
        yield from raw.decode().splitlines()
        return
    splitter = Splitter()
    for at in range(0, len(raw), step):
        yield from splitter.feed(raw[at : at + step])
    yield from splitter.end()


def decode(name: str, data: Sequence[str], *, times: int = 1) -> list[Delta]:
    """Each event so many times in a row."""
    decoder, deltas = decoder_of(name), list[Delta]()
    for text in data:
        for _ in range(times):
            deltas += decoder.done() if text == "[DONE]" else decoder.decode(json.loads(text))
    return deltas + decoder.close()


def deltas_of(name: str) -> list[Delta]:
    return decode(name, list(data_of(name)))


def joined(deltas: Sequence[Delta], kind: type[TextDelta] | type[ReasoningDelta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, kind))


def done_of(deltas: Sequence[Delta]) -> Completed:
    last = deltas[-1]
    assert isinstance(last, Completed), last
    return last


def spoken(deltas: Sequence[Delta]) -> tuple[Item, ...]:
    """The items without thoughts, which only some wires give back."""
    return tuple(item for item in done_of(deltas).items if not isinstance(item, Opaque))


@pytest.mark.parametrize("name", ANSWERS)
def test_the_bytes_may_be_cut_anywhere(name: str) -> None:
    whole = deltas_of(name)
    assert isinstance(whole[0], Accepted)
    assert sum(isinstance(delta, Accepted) for delta in whole) == 1
    assert not any(isinstance(delta, Failed) for delta in whole)
    for step in (1, 7, 64):
        assert decode(name, list(data_of(name, step))) == whole


@pytest.mark.parametrize("name", TALK)
def test_a_text(name: str) -> None:
    deltas = deltas_of(name)
    assert joined(deltas, TextDelta) == automaton.TALK
    assert sum(isinstance(delta, TextDelta) for delta in deltas) > 10
    assert deltas.count(TextDone(automaton.TALK)) == 1
    done = done_of(deltas)
    assert done.items == (AssistantText(automaton.TALK),)
    assert done.cut == ""
    assert done.response_id
    assert done.usage
    assert done.usage.output_tokens == 21
    assert done.usage.input_tokens > 10


@pytest.mark.parametrize("name", THINK)
def test_thinking_is_no_text(name: str) -> None:
    deltas = deltas_of(name)
    assert joined(deltas, ReasoningDelta).strip() == automaton.THOUGHT
    assert joined(deltas, TextDelta).strip() == automaton.ANSWER
    (item,) = spoken(deltas)
    assert isinstance(item, AssistantText)
    assert item.text.strip() == automaton.ANSWER


@pytest.mark.parametrize("name", PAIR)
def test_two_calls_in_one_answer(name: str) -> None:
    deltas = deltas_of(name)
    opened = [delta for delta in deltas if isinstance(delta, CallOpened)]
    finished = [delta for delta in deltas if isinstance(delta, CallDone)]
    assert [(call.name, call.custom) for call in opened] == [("read", False)] * 2
    assert [call.call_id for call in opened] == [call.call_id for call in finished]
    assert [call.input for call in finished] == [automaton.READ, automaton.SECOND]
    for call in finished:
        parts = [
            delta.text
            for delta in deltas
            if isinstance(delta, CallDelta) and delta.call_id == call.call_id
        ]
        assert "".join(parts) == call.input
        assert len(parts) > 3
    assert spoken(deltas) == tuple(ToolCall(call.call_id, "read", call.input) for call in finished)


def test_a_custom_call_that_streams_as_a_function() -> None:
    """LiteLLM: the item says custom, its deltas are JSON, and it must not come twice."""
    deltas = deltas_of("litellm-socket-patch.jsonl")
    (opened,) = [delta for delta in deltas if isinstance(delta, CallOpened)]
    (finished,) = [delta for delta in deltas if isinstance(delta, CallDone)]
    assert opened == CallOpened(finished.call_id, "apply_patch", custom=True)
    assert finished.input == automaton.PATCH
    parts = [delta.text for delta in deltas if isinstance(delta, CallDelta)]
    assert "".join(parts) == automaton.PATCH
    assert len(parts) > 10, "the patch is seen while it comes"
    assert spoken(deltas) == (
        ToolCall(finished.call_id, "apply_patch", automaton.PATCH, custom=True),
    )


@pytest.mark.parametrize("name", LONG)
def test_an_answer_at_its_limit(name: str) -> None:
    """Two call it completed on their Responses streams: there only the count of tokens tells."""
    done = done_of(deltas_of(name))
    assert done.usage
    assert done.usage.output_tokens == 6
    assert done.cut == ("" if name in UNTOLD else "max_output_tokens")


@pytest.mark.parametrize("name", ANSWERS)
def test_events_that_come_twice_change_nothing_where_they_are_numbered(name: str) -> None:
    """And elsewhere nothing but the deltas: what is final is said by the final events."""
    data = list(data_of(name))
    once, twice = decode(name, data), decode(name, data, times=2)
    if "sequence_number" in data[3]:
        assert twice == once
    elif "-responses-" in name:
        assert done_of(twice) == done_of(once)
        assert [d for d in twice if isinstance(d, TextDone | CallDone)] == [
            d for d in once if isinstance(d, TextDone | CallDone)
        ]
    else:
        # Chunks have neither numbers nor a final form: they are believed.
        assert done_of(twice).usage == done_of(once).usage
        assert done_of(twice).cut == done_of(once).cut


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_breaks_off_is_never_whole(name: str) -> None:
    """Cut before each of its events: what came is kept, and it ends with a fault."""
    data = list(data_of(name))
    whole = decode(name, data)
    for size in range(len(data)):
        deltas = decode(name, data[:size])
        if isinstance(deltas[-1], Completed):
            # A reason to stop was given: [DONE], and the usage before it, are a formality.
            assert data[-1] == "[DONE]"
            assert "-chat-" in name or size == len(data) - 1
            assert spoken(deltas) == spoken(whole)
        else:
            assert isinstance(deltas[-1], Failed)
            assert deltas[:-1] == whole[: len(deltas) - 1]


def test_a_warm_up_is_a_whole_answer_without_items() -> None:
    """It counts no input: this service keeps nothing of what it was warmed with."""
    deltas = deltas_of("litellm-socket-warm-up.jsonl")
    done = done_of(deltas)
    assert done.items == ()
    assert done.usage
    assert done.usage.input_tokens == 0


SAID: list[tuple[str, str, type[SparkFault], str]] = [
    ("llama", "/responses window", LimitFault, "65536"),
    ("llama", "/responses key", KeyRefused, "Invalid API Key"),
    ("llama", "/responses previous", ModelFault, "previous_response_id"),
    ("llama", "/responses custom", ModelFault, "Cannot determine type"),
    ("llama", "/chat/completions window", LimitFault, "81939"),
    ("llama", "/chat/completions key", KeyRefused, "Invalid API Key"),
    ("litellm", "/responses window", LimitFault, "65536"),
    ("litellm", "/responses key", KeyRefused, "No connected db"),
    ("litellm", "/responses model", ModelMissing, "asked-for"),
    ("litellm", "/responses custom", ModelFault, "Cannot continue"),
    ("litellm", "/chat/completions window", LimitFault, "81939"),
    ("litellm", "/chat/completions key", KeyRefused, "No connected db"),
    ("litellm", "/chat/completions model", ModelMissing, "asked-for"),
]


@pytest.mark.parametrize(("server", "case", "kind", "words"), SAID)
def test_a_refusal_over_http(server: str, case: str, kind: type[SparkFault], words: str) -> None:
    lines = (FOLDER / f"{server}-errors.jsonl").read_text(encoding="utf-8").splitlines()
    said = {row["case"]: row for row in map(json.loads, lines)}
    assert {row for name, row, *_ in SAID if name == server} == set(said)
    fault = fault_of(read_refusal(said[case]["body"], status=said[case]["status"]), PLACE)
    assert type(fault) is kind
    assert words in fault.message


@pytest.mark.parametrize(
    ("case", "kind", "words"),
    [
        ("window", LimitFault, "65536"),
        ("model", ModelMissing, "asked-for"),
        # A socket of this proxy serves the model of its first message only.
        ("second-model", ModelMissing, "asked-for"),
        # Everything else comes as server_error; none of it would be cured by asking again.
        ("effort", ModelFault, "reasoning_effort"),
        ("key-behind", ModelFault, "Invalid API Key"),
    ],
)
def test_a_refusal_on_the_socket(case: str, kind: type[SparkFault], words: str) -> None:
    (failed,) = deltas_of(f"litellm-socket-error-{case}.jsonl")
    assert isinstance(failed, Failed)
    assert type(failed.fault) is kind
    assert words in failed.fault.message


def test_a_field_is_left_out_though_it_is_named_by_another_name() -> None:
    (text,) = data_of("litellm-socket-error-effort.jsonl")
    body = {"model": "m", "input": [], "reasoning": {"effort": "low"}}
    assert optional_field(read_refusal(json.loads(text)), body) == "reasoning"
