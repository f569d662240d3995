"""Maps of indentation."""

from __future__ import annotations

from spark_tui.edits.indent import fit, indent_of


def test_indent_of() -> None:
    assert indent_of("\t  x") == "\t  "
    assert indent_of("x") == ""


def test_a_constant_shift_in_and_out() -> None:
    assert fit([("", "    "), ("    ", "        ")], ["        "]) == {"        ": " " * 12}
    assert fit([("    ", "")], ["        "]) == {"        ": "    "}


def test_what_would_be_left_of_the_margin_fits_nothing() -> None:
    assert fit([("    ", "")], ["  "]) is None


def test_blanks_to_tabs_and_back() -> None:
    assert fit([("  ", "\t"), ("    ", "\t\t")], ["      "]) == {"      ": "\t\t\t"}
    assert fit([("\t", "    "), ("\t\t", "        ")], ["\t\t\t"]) == {"\t\t\t": " " * 12}


def test_one_level_settles_the_width_of_a_tab() -> None:
    assert fit([("    ", "\t")], ["        "]) == {"        ": "\t\t"}


def test_an_open_width_fits_nothing() -> None:
    assert fit([("", "\t")], ["    "]) is None


def test_lines_that_disagree_fit_nothing() -> None:
    assert fit([("", "  "), ("  ", "  ")], []) is None
    assert fit([("", "    "), ("    ", "    ")], ["    "]) is None


def test_equal_indentation_is_kept_as_it_is() -> None:
    assert fit([("\t", "\t")], ["  \t"]) == {"  \t": "  \t"}
