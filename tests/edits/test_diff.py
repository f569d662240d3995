"""Rows and unified text."""

from __future__ import annotations

from spark_tui.edits.changeset import Edit, Placed
from spark_tui.edits.diff import Row, count, file_rows, hunk_rows, unified
from spark_tui.edits.snapshot import Snapshot

BASE = Snapshot.of("a", b"".join(b"line %d\n" % i for i in range(1, 21)))


def signs(rows: tuple[Row, ...]) -> str:
    return "".join(row.sign for row in rows)


def test_a_hunk_has_context_from_the_file() -> None:
    rows = hunk_rows(BASE, Placed(8, 12, (Edit(9, 10, ("line ten", "more")),)), context=2)
    assert signs(rows) == "  -++  "
    assert rows[0] == Row(" ", 8, 8, "line 8")
    assert (rows[2].old, rows[2].new) == (10, None)
    assert (rows[4].old, rows[4].new) == (None, 11)
    assert rows[5] == Row(" ", 11, 12, "line 11")


def test_changed_words_are_marked() -> None:
    base = Snapshot.of("a", b"total = price * rate\n")
    rows = hunk_rows(base, Placed(0, 1, (Edit(0, 1, ("total = price * tax",)),)))
    assert [row.text[s:e] for row in rows for s, e in row.emphasis] == ["rate", "tax"]


def test_removed_lines_come_before_added_ones_in_each_edit() -> None:
    place = Placed(0, 5, (Edit(1, 2, ("x",)), Edit(3, 4, ("y",))))
    assert signs(hunk_rows(BASE, place, context=1)) == " -+ -+ "


def test_parts_that_lie_far_apart_open_with_a_row_of_their_own() -> None:
    place = Placed(0, 20, (Edit(1, 2, ()), Edit(17, 18, ())))
    rows = hunk_rows(BASE, place, context=1)
    assert signs(rows) == "@ - @ - "
    assert rows[4].text == "@@ -17,3 +16,2 @@"


def test_a_new_file_is_all_added() -> None:
    rows = hunk_rows(None, Placed(0, 0, (Edit(0, 0, ("a", "b")),)))
    assert rows == (Row("+", None, 1, "a"), Row("+", None, 2, "b"))


def test_a_hunk_that_is_there_already_shows_its_lines() -> None:
    rows = hunk_rows(BASE, Placed(2, 4, (), already=True))
    assert [row.text for row in rows] == ["line 3", "line 4"]


def test_file_rows_compare_two_versions() -> None:
    new = Snapshot.of("a", BASE.data.replace(b"line 3\n", b"").replace(b"line 18\n", b"x\n"))
    groups = file_rows(BASE, new, context=1)
    assert [signs(group) for group in groups] == ["@ - ", "@ -+ "]
    assert file_rows(BASE, BASE) == []
    assert signs(file_rows(None, Snapshot.of("a", b"x\n"))[0]) == "@+"
    assert signs(file_rows(Snapshot.of("a", b"x\n"), None)[0]) == "@-"


def test_unified_text() -> None:
    text = unified("a.txt", BASE, [Edit(1, 2, ("x", "y"))], context=1)
    assert text == (
        "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,4 @@\n line 1\n-line 2\n+x\n+y\n line 3\n"
    )
    assert (
        unified("n", None, [Edit(0, 0, ("x",))]) == "--- /dev/null\n+++ b/n\n@@ -0,0 +1,1 @@\n+x\n"
    )


def test_unified_text_says_where_the_last_newline_is_missing() -> None:
    base = Snapshot.of("a", b"a\nb")
    text = unified("a", base, [Edit(1, 2, ("c",))])
    marker = "\\ No newline at end of file\n"
    assert text.endswith(f" a\n-b\n{marker}+c\n{marker}")


def test_unified_text_says_when_an_edit_changes_how_the_file_ends() -> None:
    base = Snapshot.of("a", b"a\nb\n")
    marker = "\\ No newline at end of file\n"
    assert unified("a", base, [Edit(1, 2, ("b",), False)]).endswith(f" a\n-b\n+b\n{marker}")
    bare = Snapshot.of("a", b"a\nb")
    assert unified("a", bare, [Edit(1, 2, ("b",), True)]).endswith(f" a\n-b\n{marker}+b\n")


def test_words_are_looked_at_when_a_row_is() -> None:
    """Rows of equal runs pair line by line; of others only so many are tried."""
    rows = hunk_rows(BASE, Placed(0, 5, (Edit(0, 2, ("line one", "row 2")),)))
    assert [row.other for row in rows if row.sign in "+-"] == [
        "line one", "row 2", "line 1", "line 2",
    ]  # fmt: skip
    size = 4_000
    base = Snapshot.of("a", "".join(f"value {i} = {i}\n" for i in range(size)).encode())
    edits = tuple(Edit(i, i + 1, ("a", f"value {i} = new")) for i in range(0, size, 2))
    many = hunk_rows(base, Placed(0, size, edits))
    paired = sum(row.other is not None for row in many if row.sign == "-")
    assert 0 < paired < len(edits)


def test_count() -> None:
    assert count(BASE, Placed(0, 5, (Edit(0, 2, ("x",)), Edit(3, 3, ("y", "z"))))) == (3, 2)
