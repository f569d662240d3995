"""The one place of a hunk, or why it has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spark_tui.edits.asked import Asked, Written
from spark_tui.edits.changeset import Edit, Flag, Placed, Quality, Unplaced
from spark_tui.edits.index import FileIndex
from spark_tui.edits.place import Several, place
from spark_tui.edits.snapshot import Snapshot


def ask(body: str, *headers: str, hint: int | None = None, at_end: bool = False) -> Asked:
    """A hunk as a patch writes it."""
    lines: list[Written] = []
    for line in body.split("\n"):
        match line[:1]:
            case "+":
                lines.append(Written("+", line[1:]))
            case "-":
                lines.append(Written("-", line[1:]))
            case " ":
                lines.append(Written(" ", line[1:], line))
            case _:
                lines.append(Written(" ", line))
    return Asked(tuple(lines), headers, hint, at_end)


def find(text: str | bytes, asked: Asked, path: str = "a.py") -> Placed | Unplaced | Several:
    data = text.encode() if isinstance(text, str) else text
    return place(asked, FileIndex(Snapshot.of(path, data)))


TWINS = "def a():\n    x = 1\n    return x\n\ndef b():\n    x = 1\n    return x\n"


def test_one_exact_place() -> None:
    found = find("one\ntwo\nthree\n", ask(" one\n-two\n+2\n three"))
    assert found == Placed(0, 3, (Edit(1, 2, ("2",)),))


def test_lines_that_are_removed_and_added_alike_stay() -> None:
    found = find("one\ntwo\nthree\n", ask("-one\n-two\n+one\n+2"))
    assert isinstance(found, Placed)
    assert found.edits == (Edit(1, 2, ("2",)),)


def test_nothing_to_change_is_there_already() -> None:
    found = find("one\ntwo\n", ask(" one\n-two\n+two"))
    assert found == Placed(0, 2, (), already=True)


@pytest.mark.parametrize(
    "body", ["-    x = 1\n+    x = 2", "     x = 1\n+    y = 2\n     return x"]
)
def test_two_places_are_refused(body: str) -> None:
    found = find(TWINS, ask(body))
    assert isinstance(found, Several)
    assert found.why.code == "ambiguous"
    assert len(found.starts) == 2
    assert "lines 2, 6" in found.why.message


def test_a_looser_comparison_never_breaks_a_tie() -> None:
    found = find("x\nx\n x\n", ask("-x\n+y"))
    assert isinstance(found, Several)


def test_a_header_narrows() -> None:
    found = find(TWINS, ask("-    x = 1\n+    x = 2", "def b():"))
    assert isinstance(found, Placed)
    assert found.start == 5


def test_a_header_that_names_another_block_does_not_help() -> None:
    text = TWINS + "\ndef c():\n    pass\n"
    found = find(text, ask("-    x = 1\n+    x = 2", "def c():"))
    assert isinstance(found, Unplaced)
    assert found.code == "ambiguous"


def test_stacked_headers_narrow_twice() -> None:
    text = "class A:\n    def f():\n        x\nclass B:\n    def f():\n        x\n"
    found = find(text, ask("-        x\n+        y", "class B:", "def f():"))
    assert isinstance(found, Placed)
    assert found.start == 5


def test_a_wrong_header_does_not_matter_where_the_place_is_unique() -> None:
    assert isinstance(find("a\nb\n", ask("-b\n+c", "def gone():")), Placed)


def test_the_end_mark_and_a_number_settle_a_tie() -> None:
    at_end = find(TWINS, ask("     x = 1\n-    return x\n+    return 2", at_end=True))
    assert isinstance(at_end, Placed)
    assert at_end.start == 5
    numbered = find(TWINS, ask("-    x = 1\n+    x = 2", hint=2))
    assert isinstance(numbered, Placed)
    assert numbered.start == 1
    assert isinstance(find(TWINS, ask("-    x = 1\n+    x = 2", hint=3)), Several)


def test_lost_blanks_at_the_end_stay_in_the_file() -> None:
    found = find("one  \ntwo\t\nthree\n", ask(" one\n-two\n+2\n three"))
    assert found == Placed(0, 3, (Edit(1, 2, ("2",)),), Quality.TRAILING)


def test_context_whose_prefix_was_left_out() -> None:
    found = find("    one\n    two\n", ask("    one\n-    two\n+    2"))
    assert isinstance(found, Placed)
    assert found.edits == (Edit(1, 2, ("    2",)),)
    assert found.quality is Quality.EXACT


def test_shifted_indentation_is_mapped() -> None:
    found = find(
        "class A:\n    def f():\n        x\n", ask(" def f():\n-    x\n+    if y:\n+        x")
    )
    assert found == Placed(1, 3, (Edit(2, 3, ("        if y:", "            x")),), Quality.INDENT)


def test_blanks_become_tabs() -> None:
    found = find("f() {\n\ta\n\t\tb\n}\n", ask("     a\n-        b\n+        c"))
    assert isinstance(found, Placed)
    assert found.edits == (Edit(2, 3, ("\t\tc",)),)


def test_indentation_that_no_map_explains_is_refused() -> None:
    found = find("if a:\n    b\n        c\n", ask(" b\n-c\n+d"))
    assert isinstance(found, Unplaced)
    assert found.code == "diverges"
    assert "indented otherwise" in found.message


def test_typographic_signs_in_the_file_are_found_and_kept() -> None:
    found = find("say \u201chi\u201d\nend\n", ask(' say "hi"\n-end\n+stop'))
    assert found == Placed(0, 2, (Edit(1, 2, ("stop",)),), Quality.SOFT)


def test_a_slip_in_context_is_about_right() -> None:
    text = "# compute the total amount\na = 1\nb = 2\nc = 3\nd = 4\n"
    found = find(text, ask(" # compute the totla amount\n a = 1\n b = 2\n-c = 3\n+c = 5\n d = 4"))
    assert isinstance(found, Placed)
    assert found.quality is Quality.DRIFT
    assert found.flags == {Flag.ABOUT}
    assert found.score < 1
    assert found.edits == (Edit(3, 4, ("c = 5",)),)


@pytest.mark.parametrize(
    "body",
    [
        " a = 1\n b = 2\n-c = 3 # old remark\n+c = 5\n d = 4",
        " # compute the totla amount\n+new\n a = 1\n b = 2\n c = 3",
        " # something else entirely!\n a = 1\n b = 2\n-c = 3\n+c = 5",
        " # compute the totla amount\n a = 1\n-c = 3\n+x",
    ],
)
def test_likeness_is_not_enough(body: str) -> None:
    """Removed lines, lines beside an insertion, unlike lines, lines that do not follow on."""
    text = "# compute the total amount\na = 1\nb = 2\nc = 3 # old remork\nd = 4\n"
    assert isinstance(find(text, ask(body)), Unplaced)


def test_the_result_in_the_file_is_already_there() -> None:
    found = find("one\n2\nthree\n", ask(" one\n-two\n+2\n three"))
    assert found == Placed(0, 3, (), already=True)


def test_a_stale_removed_line_is_not_already_there() -> None:
    found = find("one\nzwei\nthree\n", ask(" one\n-two\n three"))
    assert isinstance(found, Unplaced)
    assert found.code == "diverges"
    assert "line 2 of the old text differs from line 2" in found.message
    assert "'two' is 'zwei' there" in found.message


def test_an_insertion_that_was_made_is_not_made_twice() -> None:
    found = find("a\nnew one\nnew two\n", ask(" a\n+new one\n+new two"))
    assert isinstance(found, Placed)
    assert found.already


def test_one_more_equal_line_may_be_wanted() -> None:
    found = find("a\n1,\n", ask(" a\n+1,"))
    assert isinstance(found, Placed)
    assert found.edits == (Edit(1, 1, ("1,",)),)


def test_spurious_blank_lines_at_the_edges() -> None:
    found = find("a\nb\nc\n", ask("\n a\n-b\n+x\n"))
    assert found == Placed(0, 2, (Edit(1, 2, ("x",)),))


def test_insertion_below_a_header() -> None:
    found = find(TWINS, ask("+    y = 2", "def b():"))
    assert found == Placed(5, 5, (Edit(5, 5, ("    y = 2",)),))
    twice = find(TWINS, ask("+    y = 2", "    x = 1"))
    assert isinstance(twice, Unplaced)
    assert twice.code == "ambiguous"
    gone = find(TWINS, ask("+    y = 2", "def z():"))
    assert isinstance(gone, Unplaced)
    assert gone.code == "not_found"


def test_insertion_without_any_anchor_goes_to_the_end_and_says_so() -> None:
    found = find("a\n", ask("+b"))
    assert found == Placed(1, 1, (Edit(1, 1, ("b",)),), flags=frozenset({Flag.END_OF_FILE}))
    assert find("a\nb\n", ask("+b")) == Placed(1, 2, (), already=True)


def test_code_left_out_is_refused() -> None:
    text = "def f():\n    a\n    b\n    c\n"
    for body in (
        "-def f():\n+def g():\n+    # ... existing code ...",
        " def f():\n ...\n-    c\n+    d",
    ):
        found = find(text, ask(body))
        assert isinstance(found, Unplaced)
        assert found.code == "abbreviated"


def test_dots_that_stand_in_the_file_are_text() -> None:
    text = "def f():\n    ...\n    # ... existing code ...\n"
    found = find(
        text, ask("     ...\n-    # ... existing code ...\n+    # ... existing code ...\n+x")
    )
    assert isinstance(found, Placed)


def test_text_that_the_file_cannot_hold() -> None:
    found = find("ü\nb\n".encode("latin-1"), ask("-b\n+ß"))
    assert isinstance(found, Unplaced)
    assert found.code == "encoding"


def test_what_is_nowhere_names_similar_places() -> None:
    found = find("a\nb\nc\nd\n", ask(" b\n-x\n-y\n-z\n+w"))
    assert isinstance(found, Unplaced)
    assert found.code == "not_found"
    assert found.candidates == (1,)


def test_a_hunk_longer_than_the_file() -> None:
    found = find("a\n", ask(" a\n-b\n-c\n-d"))
    assert isinstance(found, Unplaced)
    assert isinstance(find("", ask("-a\n+b")), Unplaced)


def ended(text: str, body: str, newline: bool) -> Placed:
    found = find(text, replace(ask(body, at_end=True), newline=newline))
    assert isinstance(found, Placed)
    return found


def test_how_the_file_ends_is_said_by_the_last_edit() -> None:
    assert ended("a\nb\n", " a\n-b\n+c", newline=False).edits == (Edit(1, 2, ("c",), False),)
    assert ended("a\nb", " a\n-b\n+c", newline=True).edits == (Edit(1, 2, ("c",), True),)
    assert ended("a\nb\n", " a\n-b\n+c", newline=True).edits == (Edit(1, 2, ("c",)),)
    assert ended("a\nb", " a\n-b\n+c", newline=False).edits == (Edit(1, 2, ("c",)),)


def test_the_last_line_may_change_by_its_newline_alone() -> None:
    found = ended("a\nb\n", " a\n b", newline=False)
    assert found.edits == (Edit(1, 2, ("b",), False),)
    assert not found.already
    assert ended("a\nb\nc\n", "-a\n+x\n b\n c", newline=False).edits[-1] == Edit(
        2, 3, ("c",), False
    )


def test_a_hunk_in_the_middle_says_nothing_of_the_end() -> None:
    assert ended("a\nb\nc\n", " a\n-b\n+x", newline=False).edits == (Edit(1, 2, ("x",)),)


def test_lines_to_add_with_a_number_inside_the_file_have_no_place() -> None:
    found = find("a\nb\n", ask("+x", hint=1))
    assert isinstance(found, Unplaced)
    assert found.code == "not_found"
    assert find("", ask("+x", hint=0)) == Placed(0, 0, (Edit(0, 0, ("x",)),))
