"""Claimed lines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit
from spark_tui.edits.claims import Claims
from spark_tui.edits.compose import clash


def test_who_holds_a_line() -> None:
    claims = Claims()
    claims.add(1, (Edit(2, 4, ("x",)),))
    claims.add(2, (Edit(6, 6, ("y",)),))
    assert claims.holder([Edit(3, 5, ())]) == 1
    assert claims.holder([Edit(3, 3, ("z",))]) == 1
    assert claims.holder([Edit(6, 6, ("z",))]) == 2
    assert claims.holder([Edit(5, 7, ())]) == 2
    assert claims.holder([Edit(4, 6, ()), Edit(0, 2, ())]) is None
    assert claims.same((Edit(2, 4, ("x",)),))
    assert not claims.same((Edit(2, 4, ("y",)),))
    assert not claims.same(())


SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=8)


@settings(max_examples=200, deadline=None)
@given(SPANS, st.tuples(st.integers(0, 9), st.integers(0, 3)))
def test_neighbours_are_enough(spans: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    claims = Claims()
    held: list[Edit] = []
    for n, (start, size) in enumerate(spans):
        edit = Edit(start, start + size, (str(n),))
        if not any(clash(edit, other) for other in held):
            assert claims.holder([edit]) is None
            claims.add(n, (edit,))
            held.append(edit)
    edit = Edit(asked[0], sum(asked), ("asked",))
    assert (claims.holder([edit]) is not None) == any(clash(edit, other) for other in held)
