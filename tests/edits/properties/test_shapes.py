"""What must hold for every hunk that is cut, of which lines are chosen, or that is edited."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit, Placed
from spark_tui.edits.compose import compose
from spark_tui.edits.diff import hunk_rows
from spark_tui.edits.reshape import (
    keep,
    regrouped,
    result_text,
    rewritten,
    row_count,
    split,
)
from spark_tui.edits.snapshot import Snapshot
from tests.support.edit_sets import edited, even, mixed

Case = tuple[Snapshot, list[Edit]]


def whole_of(base: Snapshot, edits: list[Edit]) -> Placed:
    return Placed(0, len(base.lines), tuple(edits))


@settings(max_examples=200, deadline=None)
@given(edited(mixed()))
def test_all_parts_make_the_bytes_of_the_whole_and_any_of_them_a_file(case: Case) -> None:
    base, edits = case
    work = [whole_of(base, edits)]
    leaves: list[Placed] = []
    while work:
        place = work.pop()
        parts = split(place, base)
        together = [edit for part in parts for edit in part.edits]
        assert compose(base, together) == compose(base, place.edits)
        assert sum(map(row_count, parts)) == row_count(place)
        for part in parts:
            assert all(place.start <= e.start and e.end <= place.end for e in part.edits)
            assert all(part.start <= e.start and e.end <= part.end for e in part.edits)
            assert all(
                any(w.start <= e.start and e.end <= w.end for w in place.edits) for e in part.edits
            )
        (leaves if len(parts) == 1 else work).extend(parts)
    for k in range(len(leaves)):
        some = [edit for leaf in leaves[k::2] for edit in leaf.edits]
        compose(base, some)
    assert all(len(leaf.edits) <= 1 for leaf in leaves)


@settings(max_examples=150, deadline=None)
@given(edited(even()))
def test_in_a_file_with_one_ending_only_insertions_stay_long(case: Case) -> None:
    base, edits = case
    for edit in edits:
        parts = split(Placed(edit.start, edit.end, (edit,)), base)
        if edit.start < edit.end and max(edit.end - edit.start, len(edit.lines)) > 1:
            assert len(parts) > 1


@settings(max_examples=200, deadline=None)
@given(edited(mixed()), st.data())
def test_chosen_lines_are_the_rows_that_were_chosen(case: Case, data: st.DataObject) -> None:
    base, edits = case
    place = whole_of(base, edits)
    rows = [row for row in hunk_rows(base, place, context=0) if row.sign in "+-"]
    assert len(rows) == row_count(place)
    chosen = frozenset(
        data.draw(st.sets(st.integers(0, max(0, len(rows) - 1))) if rows else st.just(set()))
    )
    kept = keep(place, chosen)
    spans = [(run[0].start, run[-1].end) for run in regrouped(edits)]
    assert all(any(a <= e.start and e.end <= b for a, b in spans) for e in kept.edits)
    for sign in "+-":
        wanted = sorted(row.text for k, row in enumerate(rows) if k in chosen and row.sign == sign)
        left = hunk_rows(base, kept, context=0) if kept.edits else ()
        assert sorted(row.text for row in left if row.sign == sign) == wanted
    compose(base, kept.edits)
    assert (kept == place) == (len(chosen) == len(rows))
    assert bool(kept.edits) == bool(chosen)


@settings(max_examples=200, deadline=None)
@given(edited(even()), st.data())
def test_the_text_of_a_hunk_is_its_result(case: Case, data: st.DataObject) -> None:
    base, edits = case
    if not edits:
        return
    start = data.draw(st.integers(0, edits[0].start))
    end = data.draw(st.integers(edits[-1].end, len(base.lines)))
    place = Placed(start, end, tuple(edits))
    text = result_text(place, base, (start, end))
    same = rewritten(place, base, text, (start, end))
    assert isinstance(same, Placed)
    assert result_text(same, base, (start, end)) == text
    assert compose(base, same.edits) == compose(base, edits)
    new = "".join(
        f"{line}\n" for line in data.draw(st.lists(st.sampled_from(["a", "x", "", "  a"])))
    )
    other = rewritten(place, base, new, (start, end))
    assert isinstance(other, Placed)
    assert (other.start, other.end) == (start, end)
    assert all(start <= e.start and e.end <= end for e in other.edits)
    assert result_text(other, base, (start, end)) == new


@given(edited(mixed()), st.integers(1, 3))
def test_runs_lie_as_far_apart_as_asked(case: Case, kept: int) -> None:
    _, edits = case
    runs = regrouped(edits, kept=kept)
    assert [edit for run in runs for edit in run] == edits
    for one, two in pairwise(runs):
        assert two[0].start - one[-1].end >= kept
    for run in runs:
        assert all(b.start - a.end < kept for a, b in pairwise(run))
