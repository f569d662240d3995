"""Whatever comes in, no codec raises, and how it was cut does not matter."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from spark_tui.model import chat, responses
from spark_tui.model.events import Splitter
from spark_tui.model.faults import (
    Place,
    broken_off,
    fault_of,
    key_refused,
    read_refusal,
    scrub,
    too_large,
    unreachable,
    why_wait,
)
from spark_tui.model.provider import Completed, Delta, Failed, TextDelta, TextDone
from tests.support.wire_server import completed, created, text_events

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 600), st.floats(allow_nan=True), st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=4,
)
KINDS = [*responses.Decoder()._handlers, "response.nothing"]
items = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "function_call", "custom_tool_call", "reasoning"])},
    optional={
        name: st.one_of(st.sampled_from(["a", "b"]), values)
        for name in ("id", "call_id", "name", "arguments", "input", "content", "encrypted_content")
    },
)
whole = st.fixed_dictionaries(
    {},
    optional={
        "id": values,
        "status": st.one_of(st.sampled_from(["completed", "incomplete", "failed"]), values),
        "output": st.one_of(st.lists(items, max_size=3), values),
        "usage": values,
        "error": values,
        "incomplete_details": values,
    },
)
events = st.fixed_dictionaries(
    {"type": st.one_of(st.sampled_from(KINDS), values)},
    optional={
        "delta": st.one_of(st.text(max_size=4), values),
        "item": st.one_of(items, values),
        "item_id": st.one_of(st.sampled_from(["a", "b"]), values),
        "output_index": st.one_of(st.integers(0, 2), values),
        "response": st.one_of(whole, values),
        "sequence_number": values,
        "error": values,
        "headers": values,
        "input": values,
        "arguments": values,
    },
)


def ends_well(deltas: list[Delta]) -> None:
    closing = [at for at, delta in enumerate(deltas) if isinstance(delta, Completed | Failed)]
    assert closing == [len(deltas) - 1]


@settings(max_examples=80, deadline=None)
@given(st.lists(events, max_size=8))
def test_any_events_give_deltas_with_one_end(stream: list[dict[str, Any]]) -> None:
    decoder = responses.Decoder()
    ends_well([*(delta for event in stream for delta in decoder.decode(event)), *decoder.close()])


calls = st.fixed_dictionaries(
    {}, optional={"index": values, "id": values, "function": st.one_of(values, items)}
)
choices = st.fixed_dictionaries(
    {},
    optional={
        "index": st.one_of(st.just(0), values),
        "finish_reason": values,
        "delta": st.one_of(
            values,
            st.fixed_dictionaries(
                {}, optional={"content": values, "tool_calls": st.lists(calls, max_size=3)}
            ),
        ),
    },
)
chunks = st.fixed_dictionaries(
    {}, optional={"id": values, "usage": values, "choices": st.lists(choices, max_size=2)}
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(chunks, st.dictionaries(st.text(max_size=6), values)), max_size=8))
def test_any_chunks_give_deltas_with_one_end(stream: list[dict[str, Any]]) -> None:
    decoder = chat.Decoder()
    ends_well([*(delta for event in stream for delta in decoder.decode(event)), *decoder.close()])


KEY = "key-of-nobody-0123"
said = st.lists(
    st.one_of(
        st.sampled_from(
            (
                KEY,
                f"Bearer {KEY}",
                f"sk-{KEY}",
                "\x1b]52;c;",
                "\u202e",
                "\x9b2J",
                "\r\n",
                "\x00",
                "model m was retired on 2026-01-02",
                "maximum context length is 9 tokens",
                "407",
                "All connection attempts failed",
                "certificate verify failed: ",
                "proxy (407)",
            )
        ),
        st.text(st.characters(exclude_categories=()), max_size=6),
    ),
    max_size=5,
).map(" ".join)
errors = st.fixed_dictionaries(
    {},
    optional={
        "message": st.one_of(said, values),
        "code": st.one_of(said, st.sampled_from(["invalid_prompt", "insufficient_quota"]), values),
        "type": st.one_of(said, values),
        "param": st.one_of(said, values),
        "n_ctx": values,
        "headers": st.dictionaries(st.sampled_from(["retry-after"]), said),
    },
)
bodies = st.one_of(
    values,
    said,
    errors,
    st.lists(errors, max_size=2),
    st.fixed_dictionaries({"error": st.one_of(errors, said)}),
    st.fixed_dictionaries({"detail": st.lists(errors, max_size=2)}),
    st.fixed_dictionaries({"response": st.fixed_dictionaries({"error": errors})}),
)


@settings(deadline=None, max_examples=200)
@given(bodies, st.integers(0, 599), st.dictionaries(st.just("Retry-After"), said), said, said)
def test_no_fault_of_any_shape_holds_the_key_or_a_control_character(
    body: object, status: int, headers: dict[str, str], host: str, model: str
) -> None:
    place = Place(host, model, KEY)
    refusal = read_refusal(body, status=status, headers=headers)
    words = refusal.message
    faults = [
        fault_of(refusal, place),
        unreachable(place, words),
        broken_off(place, words),
        too_large(place, 1),
        key_refused(scrub(host, KEY), status, scrub(words, KEY)),
    ]
    told = [text for fault in faults for text in (fault.message, fault.hint, repr(fault))]
    for text in [*told, why_wait(refusal, place)]:
        assert KEY not in text
        assert text.isprintable()
    assert all(fault.hint for fault in faults)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab\n é😀", min_size=1), max_size=5))
def test_text_deltas_add_up_to_the_whole_text(texts: list[str]) -> None:
    decoder = responses.Decoder()
    stream = [created()]
    for index, text in enumerate(texts):
        stream += text_events(text, item=f"m{index}", index=index)
    deltas = [delta for event in [*stream, completed()] for delta in decoder.decode(event)]
    said = "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
    assert said == "".join(texts)
    assert [delta.text for delta in deltas if isinstance(delta, TextDone)] == texts


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=6)), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
def test_a_body_cut_anywhere_gives_the_same_events(
    sent: list[dict[str, str]], end: str, data: st.DataObject
) -> None:
    body = "".join(
        f": hello{end}event: x{end}data: {json.dumps(event, ensure_ascii=False)}{end}{end}"
        for event in sent
    ).encode("utf-8", "replace")
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=10)))
    splitter = Splitter()
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    got = [event for piece in pieces for event in splitter.feed(piece)] + splitter.end()
    assert got == Splitter().feed(body)
    assert len(got) == len(sent)
