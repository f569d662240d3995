"""text.visible: nothing a terminal obeys or hides gets through, and nothing else is touched."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_tui.text import HIDDEN, MAX_COMBINING, one_line, visible

NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x00\x07\x1b\x7f\x85\x9b\u200b\u202e\u2066\ufeff\U000e0041\ud800\udce9"),
        st.sampled_from("\u0301\u0489\ufe0f\u200d\t\n\r"),
    )
)


@given(NASTY)
def test_output_holds_no_control_code_point(text: str) -> None:
    shown = visible(text)
    assert not HIDDEN.search(shown)
    assert "\t" not in shown
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in shown)


@given(NASTY)
def test_showing_twice_changes_nothing(text: str) -> None:
    once = visible(text)
    assert visible(once) == once


@given(NASTY)
def test_line_breaks_stay_where_they_are(text: str) -> None:
    assert visible(text).count("\n") == text.count("\n")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_is_returned_as_it_is(text: str) -> None:
    assert visible(text) is text


def test_every_control_of_unicode_is_replaced() -> None:
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    wanted = (chr(code) for code in range(sys.maxunicode + 1))
    missed = [
        hex(ord(c))
        for c in wanted
        if unicodedata.category(c) in bad and c not in "\t\n" and visible(f"a{c}b") == f"a{c}b"
    ]
    assert missed == []


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b]52;c;AAAA\x07", "␛]52;c;AAAA␇"),
        ("\x7f", "␡"),
        ("\x9b2J", "⟨U+009B⟩2J"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("caf\udce9", "caf⟨\\xe9⟩"),
        ("\r", "␍"),
        ("naïve 漢字 ▶️ 1️⃣ ✔", "naïve 漢字 ▶️ 1️⃣ ✔"),
        ("x\ufe0fy", "x⟨U+FE0F⟩y"),
    ],
)
def test_what_a_person_sees(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def test_marks_are_capped_and_counted() -> None:
    shown = visible("e" + "\u0301" * 200 + "x")
    assert shown == "e" + "\u0301" * MAX_COMBINING + f"⟨+{200 - MAX_COMBINING}⟩x"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\tx", "    x"),
        ("ab\tx", "ab  x"),
        ("漢\tx", "漢  x"),
        ("e\u0301\tx", "e\u0301   x"),
        ("a\n\tb\u2026\tc", "a\n    b\u2026  c"),
    ],
)
def test_tabs_end_at_stops(raw: str, shown: str) -> None:
    assert visible(raw, tabs=4) == shown


def test_a_name_stays_one_line() -> None:
    assert one_line("a\nb\tc") == "a␊b c"
