"""The text of an edit out of the arguments of a call."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_tui.edits.jsontext import JsonText


def read(document: str, size: int = 0) -> tuple[str, bool]:
    reader = JsonText()
    size = size or max(1, len(document))
    text = "".join(reader.feed(document[i : i + size]) for i in range(0, len(document), size))
    return text, reader.is_whole


def test_the_text_under_a_known_name_ends_its_last_line() -> None:
    assert read('{"input": "a\\nb"}') == ("a\nb\n", True)
    assert read('{"why": "words", "patch": "a\\n", "n": [1, {"x": null}]}') == ("a\n", True)
    assert read('{"input": ""}') == ("", True)


@pytest.mark.parametrize(
    "document",
    [
        '{"path": "a"}',
        '{"x": {"y": "a"}}',
        "{}",
        "[]",
        "null",
        '"input"',
        '["input", "a"]',
        '{"input": 5}',
    ],
)
def test_other_names_hold_no_text(document: str) -> None:
    assert read(document)[0] == ""


def test_every_known_name_counts_however_deep() -> None:
    assert read('{"n": {"edits": "a"}, "text": "b"}')[0] == "a\nb\n"
    assert read('{"edits": ["a", "b\\n", ["c"], "d"]}')[0] == "a\nb\nc\nd\n"
    assert (
        read('{"edits": [{"path": "p", "content": "a"}, {"content": "b"}, "c"]}')[0] == "a\nb\nc\n"
    )
    assert read('{"list": ["a"], "input": {"x": "y"}, "code": "z"}')[0] == "z\n"


def test_a_name_may_be_written_with_escapes() -> None:
    assert read('{"in\\u0070ut": "a"}')[0] == "a\n"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"\n\t\r\b\f\/\\\"", '\n\t\r\b\f/\\"'),
        (r"\u00e9\u2028", "é\u2028"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\uD83D\uDE00", "\U0001f600"),
        (r"\ud83dx", "\ud83dx"),
        (r"\ud83d\n", "\ud83d\n"),
        (r"\ud83d\ud83d\ude00", "\ud83d\U0001f600"),
        (r"\ude00", "\ude00"),
        (r"\q", "q"),
        (r"\uzzzz", "\\uzzzz"),
        (r"\u+123", "\\u+123"),
        (r"\u 12 ", "\\u 12 "),
        (r"\ud83d", "\ud83d"),
    ],
)
def test_escapes_however_they_are_cut(written: str, text: str) -> None:
    document = f'{{"input": "<{written}>\\n"}}'
    for size in (0, 1, 2, 3, 7):
        assert read(document, size) == (f"<{text}>\n", True)


def test_a_document_that_breaks_off_is_not_whole() -> None:
    document = '{"input": "a\\ud83d\\ude00b", "n": [1]}'
    whole = read(document)[0]
    for at in range(len(document)):
        text, is_whole = read(document[:at])
        assert not is_whole
        assert whole.startswith(text)


def test_what_was_given_out_is_never_taken_back() -> None:
    reader = JsonText()
    assert reader.feed('{"input": "a\\') == "a"
    assert reader.feed("u00") == ""
    assert reader.feed("e9b\\ud8") == "éb"
    assert reader.feed("3d") == ""
    assert reader.feed("\\") == ""
    assert reader.feed("ude00") == "\U0001f600"
    assert reader.feed('"}') == "\n"


NAMES = st.sampled_from(["input", "patch", "path", "other"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def texts_of(value: object, name: str = "") -> list[str]:
    match value:
        case str():
            return [value] if name in ("input", "patch") else []
        case dict():
            return [text for key, inner in value.items() for text in texts_of(inner, key)]
        case list():
            return [text for inner in value for text in texts_of(inner, name)]
        case _:
            return []


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NAMES, DOCUMENTS, max_size=4), st.booleans(), st.integers(1, 9))
def test_a_sound_document_is_read_as_the_library_reads_it(
    value: dict[str, object], ascii_only: bool, size: int
) -> None:
    text, is_whole = read(json.dumps(value, ensure_ascii=ascii_only), size)
    wanted = ""
    for part in texts_of(value):
        wanted += part
        wanted += "" if not wanted or wanted.endswith("\n") else "\n"
    assert is_whole
    assert text == wanted
