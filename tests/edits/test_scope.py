"""What an @@ header covers."""

from __future__ import annotations

from spark_tui.edits.index import FileIndex
from spark_tui.edits.scope import block, header_lines, scopes
from spark_tui.edits.snapshot import Snapshot

PYTHON = FileIndex(
    Snapshot.of(
        "a.py",
        b"class A:\n"
        b"    def run(\n"
        b"        self,\n"
        b"    ) -> None:\n"
        b"        pass\n"
        b"\n"
        b"    def stop(self):\n"
        b"        pass\n"
        b"\n"
        b"class B:\n"
        b"    def run(self):\n"
        b"        pass\n",
    )
)


def test_a_block_ends_before_the_next_line_at_its_depth() -> None:
    assert block(0, PYTHON) == (0, 9)
    assert block(1, PYTHON) == (1, 6)
    assert block(9, PYTHON) == (9, 12)


def test_headers_are_found_without_their_indentation_or_their_end() -> None:
    everywhere = [(0, 12)]
    assert header_lines("def stop(self):", PYTHON, everywhere) == [6]
    assert header_lines("def run", PYTHON, everywhere) == [1, 10]
    assert header_lines("def walk", PYTHON, everywhere) == []


def test_stacked_headers_narrow() -> None:
    assert scopes(["class B:", "def run"], PYTHON) == [(10, 12)]
    assert scopes(["class C:", "def run"], PYTHON) == []
    assert scopes([], PYTHON) == []


def test_braces_in_the_first_column_do_not_end_a_block() -> None:
    c = FileIndex(Snapshot.of("a.c", b"int f(void)\n{\n#ifdef X\n  g();\n#endif\n}\nint h;\n"))
    assert block(0, c) == (0, 6)


def test_a_heading_reaches_to_the_next_of_its_rank() -> None:
    text = FileIndex(Snapshot.of("a.md", b"# A\ntext\n## B\ntext\n### C\n## D\ntext\n"))
    assert block(2, text) == (2, 5)
    assert block(0, text) == (0, 7)
