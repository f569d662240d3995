"""Bytes of a body become events, whatever line ends and oddities a server sends."""

from __future__ import annotations

import pytest

from spark_tui.model.events import Splitter, values_of

BODIES = [
    (b'data: {"a":1}\n\ndata: {"b":2}\n\n', ['{"a":1}', '{"b":2}']),
    (b'data: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n', ['{"a":1}', "[DONE]"]),
    (b": ping\n\nevent: x\nid: 7\nretry: 1\ndata: a\n\n", ["a"]),
    (b"data: a\ndata: b\n\n", ["a\nb"]),
    (b"data:a\n\ndata:  b\n\n", ["a", " b"]),
    ("data: é😀\n\n".encode(), ["é😀"]),
    (b"data: \xff\n\n", ["\ufffd"]),
    (b"data: a\r\rdata: b\r\r", ["a", "b"]),
    (b"data: no blank line at the end", ["no blank line at the end"]),
    (b"\xef\xbb\xbfdata: behind a byte order mark\n\n", ["behind a byte order mark"]),
    (b"\xef\xbb\xbf\r\ndata: a\r\n\r\n", ["a"]),
    (b"data: \xef\xbb\xbfa\n\n", ["\ufeffa"]),
    (b"nonsense\ndatabase: x\n\n", []),
    (b"", []),
]


@pytest.mark.parametrize(("body", "events"), BODIES)
def test_events_of_a_body_whole_and_byte_by_byte(body: bytes, events: list[str]) -> None:
    whole, bytewise = Splitter(), Splitter()
    assert whole.feed(body) + whole.end() == events
    single = [body[at : at + 1] for at in range(len(body))]
    got = [event for byte in single for event in bytewise.feed(byte)]
    assert got + bytewise.end() == events
    for cut in range(len(body)):
        halves = Splitter()
        got = halves.feed(body[:cut]) + halves.feed(body[cut:])
        assert got + halves.end() == events


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('{"a":\n1}', [{"a": 1}]),
        ('{"a": 1}\n{"b": 2}', [{"a": 1}, {"b": 2}]),
        ('{"a": 1}\nnonsense', [{"a": 1}]),
        ("nonsense", []),
        ("[" * 100_000, []),
        ("", []),
    ],
)
def test_the_values_of_one_event(data: str, values: list[object]) -> None:
    """More than one where a server forgot the blank lines between its events."""
    assert values_of(data) == values
