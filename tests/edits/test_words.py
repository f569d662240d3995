"""Spans of changed characters."""

from __future__ import annotations

from spark_tui.edits.words import changed_spans


def test_one_word() -> None:
    old, new = changed_spans("total = price * rate", "total = price * tax")
    assert old == ((16, 20),)
    assert new == ((16, 19),)


def test_an_added_argument_marks_only_the_new_side() -> None:
    old, new = changed_spans("call(a)", "call(a, b)")
    assert old == ()
    assert [("call(a, b)")[s:e] for s, e in new] == [", b"]


def test_lines_with_little_in_common_get_no_marks() -> None:
    assert changed_spans("import os", "return self.rate * 3") == ((), ())


def test_equal_and_very_long_lines_get_no_marks() -> None:
    assert changed_spans("same", "same") == ((), ())
    assert changed_spans("x" * 5000, "x" * 4999 + "y") == ((), ())
