"""Following a growing hunk."""

from __future__ import annotations

import pytest

from spark_tui.edits.index import FileIndex
from spark_tui.edits.live import LiveRewrite, LiveSearch
from spark_tui.edits.snapshot import Snapshot


def search(text: str) -> LiveSearch:
    return LiveSearch(FileIndex(Snapshot.of("a", text.encode())))


def test_a_line_that_stands_once_is_told_at_once_and_once() -> None:
    live = search("a\nb\nc\n")
    assert live.add("b") == 1
    assert live.add("c") is None


def test_later_lines_narrow() -> None:
    live = search("x\na\nx\nb\n")
    assert live.add("x") is None
    assert live.add("b") == 2


def test_blank_lines_wait_for_text() -> None:
    live = search("\n\na\n")
    assert live.add("") is None
    assert live.add("a") == 1


def test_very_common_lines_do_not_start_a_search() -> None:
    live = search("}\n" * 500 + "end\n")
    assert live.add("}") is None
    assert live.add("}") is None
    assert live.add("end") == 498


def test_nothing_fits() -> None:
    live = search("a\nb\n")
    assert live.add("c") is None
    assert live.add("b") is None


def signs(old: str, new: str) -> str:
    live = LiveRewrite(FileIndex(Snapshot.of("a", "".join(f"{c}\n" for c in old).encode())))
    return "".join(" " if live.stays(c) else "+" for c in new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("abcd", "abcd", "    "),
        ("abcd", "abXcd", "  +  "),
        ("abcd", "aXcd", " +  "),
        ("abcd", "ad", "  "),
        ("axbxcxd", "aYxd", " +  "),
        ("pqxyrxyz", "Nxyz", "++  "),
        ("abab", "babab", "+    "),
    ],
)
def test_lines_of_a_whole_file_that_stay(old: str, new: str, said: str) -> None:
    assert signs(old, new) == said


def test_a_line_that_stays_is_one_of_the_file() -> None:
    assert signs("abc", "xyz") == "+++"
