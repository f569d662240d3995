"""Explaining why a hunk has no place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spark_tui.edits.index import soft_key
from spark_tui.edits.nearest import diverging, similar

TEXTS = st.lists(st.sampled_from(["a = 1", "  a = 1", "b = 2", "", "c"]), max_size=8)


@given(TEXTS, TEXTS, st.integers(0, 8))
def test_the_first_line_that_differs_is_named(old: list[str], lines: list[str], start: int) -> None:
    found = diverging(old, lines, start)
    if found is None:
        assert old == lines[start : start + len(old)]
        return
    k, at = found
    assert at == min(start + k, len(lines))
    before = list(zip(old[:k], lines[start : start + k], strict=True))
    if at == len(lines) or soft_key(old[k]) != soft_key(lines[at]):
        assert all(soft_key(a) == soft_key(b) for a, b in before)
    else:
        assert old[k] != lines[at]


def test_similar_places_are_few_apart_and_the_best_comes_first() -> None:
    lines = ["total = price * rate", "x", "total = price + rate", "y", "price", "rate = total", "z",
             "total = price * rate * self"]  # fmt: skip
    assert similar(["total = price * self.rate"], lines)[0] in (0, 7)
    assert len(similar(["total = price * self.rate"], lines)) == 3
    assert similar(["nothing like it"], lines) == ()
    assert similar([], lines) == similar([""], lines) == ()
    assert similar(["first", "total = price - rate"], ["q", "total = price + rate"]) == (0,)


@given(TEXTS, TEXTS)
def test_similar_places_lie_in_the_file(old: list[str], lines: list[str]) -> None:
    found = similar(old, lines)
    assert len(found) <= 3 and len(set(found)) == len(found)
    assert all(0 <= start < len(lines) for start in found)
