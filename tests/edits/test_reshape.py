"""A hunk in parts, with some of its lines, with other lines."""

from __future__ import annotations

import pytest

from spark_tui.edits.changeset import Edit, Flag, Placed, Quality
from spark_tui.edits.compose import compose
from spark_tui.edits.reshape import (
    Refused,
    keep,
    regrouped,
    result_text,
    rewritten,
    room,
    row_count,
    split,
)
from spark_tui.edits.snapshot import Snapshot

TEXT = "one\ntwo\n\nthree\nfour\nfive\n"
BASE = Snapshot.of("a", TEXT.encode())


def place(*edits: Edit, start: int = 0, end: int = 6) -> Placed:
    return Placed(start, end, edits, Quality.SOFT, 0.9, frozenset({Flag.ABOUT}))


def text(*edits: Edit) -> str:
    return compose(BASE, edits).decode()


def test_a_split_is_first_at_the_lines_that_stay() -> None:
    first, last = Edit(0, 1, ("1", "1b")), Edit(4, 5, ("4",))
    one, two = split(place(first, last), BASE)
    assert (one.edits, two.edits) == ((first,), (last,))
    assert (one.start, one.end, two.start, two.end) == (0, 4, 1, 6)
    assert one.flags == two.flags == {Flag.ABOUT}
    assert (one.quality, one.score) == (Quality.SOFT, 0.9)


def test_one_line_between_is_enough() -> None:
    assert len(split(place(Edit(0, 1, ()), Edit(2, 2, ("x",))), BASE)) == 2


def test_edits_that_touch_are_told_apart_next() -> None:
    edits = (Edit(0, 1, ("1", "1b")), Edit(1, 2, ()))
    assert [part.edits for part in split(place(*edits), BASE)] == [(edits[0],), (edits[1],)]


def test_an_edit_falls_into_paragraphs_then_into_pairs() -> None:
    whole = Edit(0, 4, ("1", "2", "", "3"))
    above, below = split(place(whole), BASE)
    assert [part.edits for part in (above, below)] == [
        (Edit(0, 3, ("1", "2", "")),),
        (Edit(3, 4, ("3",)),),
    ]
    assert [part.edits[0] for part in split(above, BASE)] == [
        Edit(0, 1, ("1",)), Edit(1, 2, ("2",)), Edit(2, 3, ("",)),
    ]  # fmt: skip
    assert split(below, BASE) == (below,)


def test_removed_lines_one_by_one() -> None:
    assert [part.edits[0] for part in split(place(Edit(3, 6, ())), BASE)] == [
        Edit(3, 4, ()), Edit(4, 5, ()), Edit(5, 6, ()),
    ]  # fmt: skip


def test_where_more_comes_than_goes_there_are_two_parts() -> None:
    parts = split(place(Edit(3, 5, ("3",))), BASE)
    assert [part.edits[0] for part in parts] == [Edit(3, 5, ()), Edit(5, 5, ("3",))]


def test_lines_that_only_come_stay_together() -> None:
    whole = place(Edit(3, 3, ("a", "", "b")))
    assert split(whole, BASE) == (whole,)
    new = Placed(0, 0, (Edit(0, 0, ("a", "b")),))
    assert split(new, None) == (new,)


@pytest.mark.parametrize("lines", [("B", "C"), ("B", "C", "D"), ("B",), ("B", "c"), ("x", "b")])
def test_mixed_endings_are_cut_apart_only_where_the_bytes_stay(lines: tuple[str, ...]) -> None:
    base = Snapshot.of("a", b"a\r\nb\nc\r\nd\n")
    whole = Placed(0, 4, (Edit(1, 3, lines),))
    edits = [edit for part in split(whole, base) for edit in part.edits]
    assert compose(base, edits) == compose(base, whole.edits)


def test_the_last_part_says_how_the_file_ends() -> None:
    parts = split(place(Edit(4, 6, ("4", "5"), False)), BASE)
    assert [part.edits[0].newline for part in parts] == [None, False]
    assert compose(BASE, [e for part in parts for e in part.edits]).endswith(b"4\n5")


def test_regrouped() -> None:
    edits = [Edit(0, 1, ()), Edit(1, 1, ("x",)), Edit(2, 3, ()), Edit(5, 6, ())]
    assert [len(run) for run in regrouped(edits)] == [2, 1, 1]
    assert [len(run) for run in regrouped(edits, kept=2)] == [3, 1]
    assert regrouped([]) == ()


def test_keep_all_or_nothing() -> None:
    whole = place(Edit(0, 2, ("1",)))
    assert row_count(whole) == 3
    assert keep(whole, range(3)) == whole
    assert keep(whole, ()).edits == ()


def test_a_removed_line_that_is_not_chosen_stays() -> None:
    kept = keep(place(Edit(3, 6, ("3", "4"))), {0, 2, 3, 4})
    assert text(*kept.edits) == "one\ntwo\n\nfour\n3\n4\n"


def test_an_added_line_that_is_not_chosen_does_not_come() -> None:
    kept = keep(place(Edit(3, 3, ("a", "b", "c"))), {0, 2})
    assert kept.edits == (Edit(3, 3, ("a", "c")),)


def test_of_pairs_each_line_stands_in_its_own_place() -> None:
    whole = place(Edit(3, 6, ("3", "4", "5")))
    assert text(*keep(whole, {1, 4}).edits) == "one\ntwo\n\nthree\n4\nfive\n"
    assert text(*keep(whole, {4}).edits) == "one\ntwo\n\nthree\nfour\n4\nfive\n"
    assert text(*keep(whole, {0, 4, 5}).edits) == "one\ntwo\n\nfour\n4\nfive\n5\n"


def test_rows_are_counted_over_all_edits() -> None:
    whole = place(Edit(0, 1, ("1",)), Edit(4, 5, ("4",)))
    assert keep(whole, {2, 3}).edits == (Edit(4, 5, ("4",)),)
    assert keep(whole, {0, 1}).edits == (Edit(0, 1, ("1",)),)


def test_insertions_that_meet_are_one() -> None:
    whole = place(Edit(0, 1, ("a",)), Edit(1, 1, ("b", "c")), Edit(1, 2, ("d",)))
    assert keep(whole, {1, 2, 4, 5}).edits == (Edit(1, 2, ("a", "b", "d")),)


def test_the_end_of_the_file_goes_with_its_last_line() -> None:
    whole = place(Edit(4, 6, ("4", "5"), False))
    assert text(*keep(whole, {1, 3}).edits) == "one\ntwo\n\nthree\nfour\n5"
    assert text(*keep(whole, {0, 2}).edits) == "one\ntwo\n\nthree\n4\nfive\n"


def test_the_text_of_a_hunk_comes_back_as_the_same_hunk() -> None:
    whole = place(Edit(0, 1, ("1",)), Edit(4, 4, ("x",)), start=0, end=5)
    shown = result_text(whole, BASE, (0, 5))
    assert shown == "1\ntwo\n\nthree\nx\nfour\n"
    assert rewritten(whole, BASE, shown, (0, 5)) == whole


def test_an_edited_text_keeps_range_and_flags() -> None:
    whole = place(Edit(0, 1, ("1",)), start=0, end=2)
    new = rewritten(whole, BASE, "uno\ntwo and more\nnew\n", (0, 2))
    assert new == place(Edit(0, 2, ("uno", "two and more", "new")), start=0, end=2)


def test_kept_lines_are_not_part_of_an_edited_hunk() -> None:
    whole = place(Edit(0, 2, ("x",)), start=0, end=6)
    new = rewritten(whole, BASE, "one\ntwo\n\nTHREE\nfour\nfive", (0, 6))
    assert isinstance(new, Placed)
    assert new.edits == (Edit(3, 4, ("THREE",)),)


def test_a_text_with_other_endings_is_the_same_text() -> None:
    whole = place(Edit(0, 1, ("1",)), start=0, end=2)
    assert rewritten(whole, BASE, "1\r\ntwo\r\n", (0, 2)) == whole


def test_what_the_file_cannot_hold_is_refused() -> None:
    latin = Snapshot.of("a", b"caf\xe9\nb\n")
    whole = Placed(0, 2, (Edit(1, 2, ("c",)),))
    refused = rewritten(whole, latin, "caf\udce9\nü\n", (0, 2))
    assert isinstance(refused, Refused)
    assert "ASCII" in refused.reason
    fine = rewritten(whole, latin, "caf\udce9\nu\n", (0, 2))
    assert isinstance(fine, Placed)
    assert compose(latin, fine.edits) == b"caf\xe9\nu\n"
    new = Placed(0, 0, (Edit(0, 0, ("a",)),))
    assert isinstance(rewritten(new, None, "\udce9\n", (0, 0)), Refused)


def test_lines_of_such_a_file_may_come_again() -> None:
    """They are its own bytes, whatever they mean."""
    mixed = Snapshot.of("a", b"\xff\n\xc3\xbc\nc\n")
    whole = Placed(0, 3, (Edit(2, 3, ("d",)),))
    assert rewritten(whole, mixed, "\udcff\nü\nd\n", (0, 3)) is whole
    new = rewritten(whole, mixed, "\udcff\nü\nd\nü\n", (0, 3))
    assert isinstance(new, Placed)
    assert compose(mixed, new.edits) == b"\xff\n\xc3\xbc\nd\n\xc3\xbc\n"


def test_a_new_file_in_other_words() -> None:
    new = Placed(0, 0, (Edit(0, 0, ("a",), False),))
    assert result_text(new, None, (0, 0)) == "a\n"
    edited = rewritten(new, None, "a\nb\n", (0, 0))
    assert isinstance(edited, Placed)
    assert compose(None, edited.edits) == b"a\nb"


def test_how_the_file_ends_survives_an_edit() -> None:
    whole = place(Edit(5, 6, ("5",), False), start=3, end=6)
    new = rewritten(whole, BASE, "three\nfour\nfive\n", (3, 6))
    assert isinstance(new, Placed)
    assert compose(BASE, new.edits) == TEXT.encode()[:-1]


def test_the_room_of_a_hunk_ends_at_its_neighbours() -> None:
    whole = place(Edit(2, 3, ("x",)))
    assert room(whole, []) == (0, 6)
    assert room(whole, [Edit(0, 1, ()), Edit(4, 4, ("y",))]) == (1, 4)
    assert room(place(), [Edit(4, 4, ("y",))]) == (0, 6)
