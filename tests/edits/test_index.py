"""Lines by four comparisons."""

from __future__ import annotations

from spark_tui.edits.index import FileIndex, exact_key, soft_key, trailing_key, trimmed_key
from spark_tui.edits.snapshot import Snapshot


def test_each_comparison_finds_what_it_should() -> None:
    index = FileIndex(Snapshot.of("a", b"  x\nx\nx  \nx\ty\n"))
    assert index.positions(exact_key, "x") == [1]
    assert index.positions(trailing_key, "x ") == [1, 2]
    assert index.positions(trimmed_key, " x") == [0, 1, 2]
    assert index.positions(soft_key, "x  y") == [3]
    assert index.positions(exact_key, "z") == ()


def test_soft_folds_typographic_signs_but_not_code_signs() -> None:
    assert soft_key("\u201ea\u201c \u2013 b\u2019s\u00a0c\u2026") == '"a" - b\'s c...'
    assert soft_key("`a`") == "`a`"


def test_a_table_is_built_once() -> None:
    index = FileIndex(Snapshot.of("a", b"x\n"))
    assert index.table(soft_key) is index.table(soft_key)
