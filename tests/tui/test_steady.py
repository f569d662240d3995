"""Columns hold although a terminal draws an emoji wider or narrower than was reckoned with."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from spark_tui.tui.steady import steady

_PIECE = re.compile(r"\x1b(?:(?P<one>[78])|\[(?P<number>\d*)(?P<final>[A-Za-z]))|(?P<text>[^\x1b])")


def column_of_bar(output: str, widths: dict[str, int]) -> int:
    """Where a terminal that draws these characters that wide draws the bar."""
    at = saved = 0
    for match in _PIECE.finditer(output):
        if match["one"] == "7":
            saved = at
        elif match["one"] == "8":
            at = saved
        elif match["final"] == "C":
            at += int(match["number"])
        elif (text := match["text"]) is not None:
            if text == "|":
                return at
            at += widths.get(text, cell_len(text))
    raise AssertionError("no bar")


@pytest.mark.parametrize("width", [0, 1, 2, 3])
@pytest.mark.parametrize("doubtful", ["✌\U0001f3fd", "🇩🇪", "❤\ufe0f", "क्षि", "\U0001fae8"])
def test_what_follows_stands_where_it_was_reckoned(doubtful: str, width: int) -> None:
    output = steady(f"ab {doubtful}|cd")
    assert column_of_bar(output, {doubtful[-1]: width}) == 3 + cell_len(doubtful)


@pytest.mark.parametrize(
    "output",
    ["\x1b[31mplain\x1b[0m", "▌ 12 + été · ● … ✓ ✗ ⊘ ─│╭╯", "漢字かな 한국어 кириллица", ""],
)
def test_what_all_terminals_draw_alike_is_left_alone(output: str) -> None:
    assert steady(output) == output


def test_a_mark_behind_a_sequence_has_no_base_in_it() -> None:
    assert steady("\x1b[31m\u0301x") == "\x1b[31mx"
    assert steady("\x1b]22;default\x1b\\\u0301é") == "\x1b]22;default\x1b\\é"


def test_the_base_of_a_mark_is_drawn_with_it() -> None:
    assert steady("\x1b[1me\u0301!") == "\x1b[1m\x1b7 \x1b8e\u0301\x1b8\x1b[1C!"
