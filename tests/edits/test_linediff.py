"""Differing runs, and that they read like what happened."""

from __future__ import annotations

from spark_tui.edits.linediff import Change, changes


def test_equal_sides_have_no_changes() -> None:
    assert changes(["a", "b"], ["a", "b"]) == ()
    assert changes([], []) == ()


def test_one_replaced_line() -> None:
    assert changes(["a", "b", "c"], ["a", "x", "c"]) == (Change(1, 2, 1, 2),)


def test_all_or_nothing() -> None:
    assert changes([], ["a"]) == (Change(0, 0, 0, 1),)
    assert changes(["a", "b"], []) == (Change(0, 2, 0, 0),)


def test_a_new_function_is_one_run_beside_its_like() -> None:
    old = ["def a():", "    x = 1", "    return x", "", "def b():", "    return 2"]
    new = [*old[:4], "def c():", "    x = 3", "    return x", "", *old[4:]]
    assert changes(old, new) == (Change(4, 4, 4, 8),)


def test_lines_that_occur_once_hold_the_rest_together() -> None:
    old = ["}", "one", "}", "two", "}"]
    new = ["}", "two", "}", "one", "}"]
    runs = changes(old, new)
    assert sum(run.end - run.start for run in runs) == 2


def test_large_sides_without_anchors_are_still_right() -> None:
    old = ["x", "y"] * 400
    new = ["y", "x", "x"] * 400
    built: list[str] = []
    at = 0
    for run in changes(old, new):
        built += old[at : run.start]
        built += new[run.new_start : run.new_end]
        at = run.end
    assert [*built, *old[at:]] == new
