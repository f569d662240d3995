"""Bytes: endings, final newline, BOM, encodings, order."""

from __future__ import annotations

import codecs
from itertools import permutations

import pytest

from spark_tui.edits.changeset import Edit, Hunk, Kind, Placed, Unplaced
from spark_tui.edits.compose import EncodeRefused, cannot_encode, clash, compose, result_of
from spark_tui.edits.snapshot import Snapshot


def shot(data: bytes) -> Snapshot:
    return Snapshot.of("a.txt", data)


def test_new_lines_take_the_ending_of_the_line_above() -> None:
    base = shot(b"a\r\nb\nc\n")
    assert compose(base, [Edit(1, 2, ("x", "y"))]) == b"a\r\nx\r\ny\r\nc\n"
    assert compose(base, [Edit(2, 2, ("x",))]) == b"a\r\nb\nx\nc\n"


def test_at_the_top_the_line_below_gives_the_ending() -> None:
    assert compose(shot(b"a\r\nb\n"), [Edit(0, 0, ("x",))]) == b"x\r\na\r\nb\n"
    assert compose(shot(b"a\nb\r\nc\r\n"), [Edit(0, 1, ("x", "y"))]) == b"x\r\ny\r\nb\r\nc\r\n"


def test_a_line_in_place_of_a_line_ends_as_that_one_did() -> None:
    base = shot(b"a\nb\r\nc\n")
    assert compose(base, [Edit(1, 2, ("B",))]) == b"a\nB\r\nc\n"
    assert compose(base, [Edit(0, 2, ("A", "B"))]) == b"A\nB\r\nc\n"


def test_the_final_newline_stays_as_it_was() -> None:
    bare = shot(b"a\r\nb")
    assert compose(bare, [Edit(2, 2, ("c",))]) == b"a\r\nb\r\nc"
    assert compose(bare, [Edit(1, 2, ("c",))]) == b"a\r\nc"
    assert compose(bare, [Edit(1, 2, ())]) == b"a"
    assert compose(bare, [Edit(0, 2, ())]) == b""
    assert compose(shot(b"a\n"), [Edit(1, 1, ("b",))]) == b"a\nb\n"


def test_a_new_file_ends_with_a_newline() -> None:
    assert compose(None, [Edit(0, 0, ("a", "b"))]) == b"a\nb\n"
    assert compose(None, [Edit(0, 0, ())]) == b""
    assert compose(shot(b""), [Edit(0, 0, ("a",))]) == b"a\n"


def test_the_mark_is_kept_and_not_part_of_line_one() -> None:
    base = shot(codecs.BOM_UTF8 + b"a\nb\n")
    assert base.lines[0] == "a"
    assert compose(base, [Edit(0, 1, ("x",))]) == codecs.BOM_UTF8 + b"x\nb\n"


def test_wide_files_stay_wide() -> None:
    base = shot(codecs.BOM_UTF16_LE + "a\r\nb\r\n".encode("utf-16-le"))
    expected = codecs.BOM_UTF16_LE + "a\r\nü\r\n".encode("utf-16-le")
    assert compose(base, [Edit(1, 2, ("ü",))]) == expected


def test_unknown_bytes_survive_and_only_ascii_goes_in() -> None:
    base = shot("größe\nb\n".encode("latin-1"))
    assert compose(base, [Edit(1, 2, ("x",))]) == "größe\nx\n".encode("latin-1")
    with pytest.raises(EncodeRefused, match="ASCII"):
        compose(base, [Edit(1, 2, ("ü",))])


def test_what_has_no_bytes_is_refused() -> None:
    with pytest.raises(EncodeRefused):
        compose(shot(b"a\n"), [Edit(0, 1, ("\ud800",))])
    with pytest.raises(EncodeRefused):
        compose(None, [Edit(0, 0, ("\ud800",))])


def test_escaped_bytes_come_back_also_where_the_file_is_valid_without_them() -> None:
    assert compose(shot(b"a\n"), [Edit(1, 1, ("\udcff",))]) == b"a\n\xff\n"
    assert cannot_encode(shot(b"a\n"), ["\udcff"])


def test_an_empty_last_line_keeps_its_ending() -> None:
    assert compose(shot(b"a\n\nend"), [Edit(2, 3, ())]) == b"a\n\n"
    assert compose(shot(b"a\nend"), [Edit(1, 2, ("",))]) == b"a\n\n"


def test_the_order_of_edits_does_not_matter() -> None:
    base = shot(b"a\nb\nc\nd\n")
    edits = [Edit(0, 0, ("x",)), Edit(0, 1, ()), Edit(2, 2, ("y",)), Edit(2, 4, ("z",))]
    results = {compose(base, order) for order in permutations(edits)}
    assert results == {b"x\nb\ny\nz\n"}


def test_two_claims_on_one_line_are_an_error() -> None:
    with pytest.raises(ValueError, match="overlap at line 2"):
        compose(shot(b"a\nb\nc\n"), [Edit(0, 2, ()), Edit(1, 3, ())])
    assert clash(Edit(1, 1, ("x",)), Edit(0, 2, ()))
    assert not clash(Edit(0, 0, ("x",)), Edit(0, 2, ()))


def test_an_edit_past_the_end_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 9 of 1"):
        compose(shot(b"a\n"), [Edit(8, 9, ())])


def test_hunks_of_a_file() -> None:
    base = shot(b"a\nb\n")
    change = Hunk(1, "a.txt", Kind.EDIT, base.digest, Placed(0, 1, (Edit(0, 1, ("x",)),)))
    move = Hunk(2, "a.txt", Kind.MOVE, base.digest, Placed(0, 0, ()), "b.txt")
    delete = Hunk(3, "a.txt", Kind.DELETE, base.digest, Placed(0, 2, (Edit(0, 2, ()),)))
    lost = Hunk(4, "a.txt", Kind.EDIT, base.digest, Unplaced("ambiguous", "twice"))
    assert result_of(base, [change, move]) == b"x\nb\n"
    assert result_of(base, []) == b"a\nb\n"
    assert result_of(base, [delete]) is None
    with pytest.raises(ValueError, match="hunk 4"):
        result_of(base, [lost])


@pytest.mark.parametrize(
    ("data", "newline", "result"),
    [
        (b"a\nb\n", False, b"a\nx"),
        (b"a\nb", True, b"a\nx\n"),
        (b"a\r\nb", True, b"a\r\nx\r\n"),
        (b"a\r\nb\r\n", False, b"a\r\nx"),
        (b"a\nb", None, b"a\nx"),
        (b"a\nb\n", None, b"a\nx\n"),
        (b"a\nb\n", True, b"a\nx\n"),
        (b"a\nb", False, b"a\nx"),
    ],
)
def test_an_edit_may_say_how_the_file_ends(
    data: bytes, newline: bool | None, result: bytes
) -> None:
    assert compose(shot(data), [Edit(1, 2, ("x",), newline)]) == result


def test_a_new_file_may_end_without_a_newline() -> None:
    assert compose(None, [Edit(0, 0, ("a", "b"), newline=False)]) == b"a\nb"
    assert compose(None, [Edit(0, 0, ("a", ""), newline=False)]) == b"a\n\n"
    assert compose(None, [Edit(0, 0, (), newline=False)]) == b""
