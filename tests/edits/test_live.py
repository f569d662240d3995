"""Following a growing hunk."""

from __future__ import annotations

from spark_tui.edits.index import FileIndex
from spark_tui.edits.live import LiveSearch
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
