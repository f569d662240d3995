"""The new text around accepted edits."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit
from spark_tui.edits.compose import compose
from spark_tui.edits.news import news
from spark_tui.edits.snapshot import Snapshot

OLD = Snapshot.of("a.py", "".join(f"line {n}\n" for n in range(1, 101)).encode())


def told(*edits: Edit, about: tuple[Edit, ...] | None = None) -> str:
    new = Snapshot.of("a.py", compose(OLD, edits))
    return news(OLD, new, edits if about is None else about)


def test_the_lines_have_the_numbers_of_the_new_file() -> None:
    first, second = Edit(9, 10, ("ten", "and a half")), Edit(49, 50, ())
    assert told(first, second).split("\n") == [
        "new text of a.py, lines 8-13:",
        "      8 | line 8",
        "      9 | line 9",
        "     10 | ten",
        "     11 | and a half",
        "     12 | line 11",
        "     13 | line 12",
        "new text of a.py, lines 49-52:",
        "     49 | line 48",
        "     50 | line 49",
        "     51 | line 51",
        "     52 | line 52",
    ]
    assert told(first, second, about=(first,)).count("new text") == 1
    assert told(first, second, about=(Edit(70, 71, ("x",)),)) == ""


def test_neighbours_are_told_together() -> None:
    assert told(Edit(9, 10, ("x",)), Edit(12, 13, ("y",))).count("new text") == 1


def test_a_file_that_became_empty() -> None:
    assert told(Edit(0, 100, ())) == "new text of a.py, now without any line:"


@given(
    st.lists(st.integers(0, 99), max_size=40, unique=True),
    st.integers(0, 60),
    st.sampled_from(["new", "w" * 999]),
)
def test_it_is_short_and_true(at: list[int], size: int, text: str) -> None:
    edits = tuple(Edit(i, i + 1, (text,) * size) for i in sorted(at)[::2])
    said = told(*edits)
    new = Snapshot.of("a.py", compose(OLD, edits))
    rows = said.split("\n") if said else []
    assert bool(rows) is bool(edits)
    assert len(rows) <= 41 and all(len(row) < 250 for row in rows)
    for row in rows:
        if found := re.match(r" *(\d+) \| (.*)", row):
            line = new.lines[int(found[1]) - 1]
            assert line.startswith(found[2].removesuffix("…"))
