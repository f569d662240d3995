"""One file's hunks among themselves."""

from __future__ import annotations

import pytest

from spark_tui.edits.asked import Asked, Written
from spark_tui.edits.changeset import Edit, Kind, Placed, Unplaced
from spark_tui.edits.desk import Desk, Settled, Waiting
from spark_tui.edits.snapshot import Snapshot

TEXT = b"a\nx\nb\nx\nc\n"


def desk(data: bytes = TEXT) -> Desk:
    return Desk("a", Snapshot.of("a", data))


def replaced(old: str, new: str) -> Asked:
    return Asked((Written("-", old), Written("+", new)))


def test_a_tie_waits_and_is_settled_by_its_neighbours() -> None:
    here = desk()
    assert isinstance(here.change(1, replaced("x", "y"))[0], Waiting)
    news = here.change(2, replaced("b", "B"))
    assert [(n.number, isinstance(n, Settled)) for n in news] == [(2, True), (1, True)]
    first = here.hunks[0]
    assert isinstance(first, Settled)
    assert isinstance(first.place, Placed)
    assert first.place.start == 1
    assert here.close() == []


def test_two_ties_between_neighbours_are_the_same_hunk() -> None:
    here = desk()
    here.change(1, replaced("b", "B"))
    here.change(2, replaced("x", "y"))
    here.change(3, replaced("x", "y"))
    one, two = here.close()
    assert isinstance(one.place, Placed)
    assert isinstance(two.place, Placed)
    assert (one.place.edits, two.place.edits) in (
        ((Edit(3, 4, ("y",)),), ()),
        ((), (Edit(3, 4, ("y",)),)),
    )


def test_a_settled_tie_may_not_overlap_either() -> None:
    here = desk()
    here.change(1, replaced("b", "B"))
    here.change(2, Asked((Written("-", "x"), Written("+", "1"), Written(" ", "c"))))
    here.change(3, replaced("x", "y"))
    (last,) = here.close()
    assert isinstance(last.place, Unplaced)
    assert last.place.code == "ambiguous" or last.place.code == "overlap"


def test_a_file_that_is_not_there_has_no_lines() -> None:
    with pytest.raises(ValueError, match="no lines"):
        _ = Desk("a", None).index


def test_remove_and_create() -> None:
    (gone,) = desk().remove(1)
    assert gone == Settled(1, Kind.DELETE, Placed(0, 5, (Edit(0, 5, ()),)))
    (made,) = Desk("a", None).add(1, ["x"])
    assert made == Settled(1, Kind.ADD, Placed(0, 0, (Edit(0, 0, ("x",)),)))
