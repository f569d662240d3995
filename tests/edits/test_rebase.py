"""Edits on a file that changed meanwhile."""

from __future__ import annotations

from spark_tui.edits.changeset import Edit
from spark_tui.edits.compose import compose
from spark_tui.edits.rebase import ALREADY, Conflict, Rebased, inverse, line_edits, rebase
from spark_tui.edits.snapshot import Snapshot

BASE = Snapshot.of("a", b"".join(b"line %d\n" % i for i in range(10)))
EDIT = Edit(5, 6, ("changed",))


def disk(*edits: Edit) -> Snapshot:
    return Snapshot.of("a", compose(BASE, edits))


def test_an_unchanged_file_changes_nothing() -> None:
    assert rebase([EDIT], BASE, BASE) == Rebased((EDIT,), 0)


def test_lines_added_above_move_it_down() -> None:
    now = disk(Edit(1, 1, ("new", "new too")))
    found = rebase([EDIT], BASE, now)
    assert found == Rebased((Edit(7, 8, ("changed",)),), 2)


def test_lines_removed_above_move_it_up() -> None:
    assert rebase([EDIT], BASE, disk(Edit(0, 2, ()))) == Rebased((Edit(3, 4, ("changed",)),), -2)


def test_changes_below_do_not_matter() -> None:
    assert rebase([EDIT], BASE, disk(Edit(8, 10, ()))) == Rebased((EDIT,), 0)


def test_a_change_in_its_lines_is_a_conflict() -> None:
    found = rebase([EDIT], BASE, disk(Edit(1, 1, ("new",)), Edit(5, 6, ("otherwise",))))
    assert found == Conflict("line 6 was changed on disk", 6, 7)


def test_so_is_a_change_of_a_neighbour_line() -> None:
    assert isinstance(rebase([EDIT], BASE, disk(Edit(4, 5, ("otherwise",)))), Conflict)
    assert isinstance(rebase([EDIT], BASE, disk(Edit(6, 7, ("otherwise",)))), Conflict)
    assert isinstance(rebase([EDIT], BASE, disk(Edit(5, 5, ("otherwise",)))), Conflict)
    assert isinstance(rebase([EDIT], BASE, disk(Edit(6, 6, ("otherwise",)))), Conflict)


def test_a_change_two_lines_off_is_none() -> None:
    assert isinstance(rebase([EDIT], BASE, disk(Edit(3, 4, ("x",)), Edit(7, 8, ("y",)))), Rebased)


def test_the_same_change_on_disk_is_already_there() -> None:
    assert rebase([EDIT], BASE, disk(Edit(0, 0, ("top",)), EDIT)) is ALREADY


def test_of_two_edits_the_one_that_is_there_is_left_out() -> None:
    other = Edit(8, 9, ())
    assert rebase([EDIT, other], BASE, disk(EDIT)) == Rebased((other,), 0)


def test_half_a_change_on_disk_is_a_conflict() -> None:
    wide = Edit(4, 7, ("a", "b", "c"))
    assert isinstance(rebase([wide], BASE, disk(Edit(5, 6, ("b",)))), Conflict)


def test_a_truncated_file_is_a_conflict() -> None:
    assert isinstance(rebase([EDIT], BASE, Snapshot.of("a", b"")), Conflict)


def test_line_edits_lead_from_one_to_the_other() -> None:
    new = Snapshot.of("a", b"line 0\nx\nline 3\nline 9\nend\n")
    assert compose(BASE, line_edits(BASE, new)) == new.data


def test_inverse_takes_back() -> None:
    edits = [Edit(2, 2, ("x",)), Edit(2, 4, ("y",)), Edit(4, 4, ("z",)), Edit(8, 10, ())]
    after = Snapshot.of("a", compose(BASE, edits))
    assert compose(after, inverse(edits, BASE)) == BASE.data


def test_inverse_keeps_bytes_of_unknown_encoding() -> None:
    base = Snapshot.of("a", "größe ü\n".encode() + b"\xff\nb\n")
    edits = [Edit(0, 1, ())]
    after = Snapshot.of("a", compose(base, edits))
    assert compose(after, inverse(edits, base)) == base.data
