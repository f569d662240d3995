"""Hunks as written."""

from __future__ import annotations

import pytest

from spark_tui.edits.asked import Asked, Written, from_sides, is_abbreviation, is_elision, splits


def test_two_sides_become_one_body() -> None:
    body = from_sides(["a", "b", "c"], ["a", "x", "c", "d"])
    assert [(w.sign, w.text) for w in body] == [
        (" ", "a"),
        ("-", "b"),
        ("+", "x"),
        (" ", "c"),
        ("+", "d"),
    ]


def test_old_and_new_side() -> None:
    asked = Asked((Written(" ", "a"), Written("-", "b"), Written("+", "c")))
    assert [w.text for w in asked.old] == ["a", "b"]
    assert [w.text for w in asked.new] == ["a", "c"]


def test_blank_edges_go() -> None:
    body = (Written(" ", ""), Written("-", "b"), Written(" ", " "))
    bare = Asked(body, ("h",)).without_blank_edges()
    assert bare == Asked(body[1:2], ("h",))
    assert Asked(body[1:2]).without_blank_edges() is None


def test_each_divider_may_be_the_real_one() -> None:
    sides = splits(["a"], ["b", "==", "c", "== ", "d"], ["==", "==", "== "])
    assert sides == [
        (["a", "==", "b", "==", "c"], ["d"]),
        (["a", "==", "b"], ["c", "== ", "d"]),
        (["a"], ["b", "==", "c", "== ", "d"]),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "# ... existing code ...",
        "    // ... rest of the function unchanged",
        "  /* … remaining methods … */",
        "<!-- ... unchanged ... -->",
        "// existing code...",
        "# rest of the class ...",
    ],
)
def test_comments_that_leave_code_out(line: str) -> None:
    assert is_abbreviation(line)
    assert is_elision(line)


@pytest.mark.parametrize(
    "line",
    [
        "...",
        "    ...",
        "def f(*args): ...",
        "# Wait for the rest...",
        'print("loading existing files...")',
        "// see above",
        "// ...",
    ],
)
def test_lines_that_are_only_dotted(line: str) -> None:
    assert not is_abbreviation(line)
