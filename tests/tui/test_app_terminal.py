"""The real program on a pseudo-terminal: type-ahead, paste, size, and modes given back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

pytestmark = pytest.mark.terminal
ROOT = Path(__file__).resolve().parents[2]
CTRL_Q = "\x11"


@pytest.fixture
def terminal(tmp_path: Path, environ: dict[str, str]) -> Iterator[Terminal]:
    """spark-tui on an empty folder, in browse mode."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "notes.txt").write_text("hello\n")
    environ = {**environ, "PYTHONPATH": str(ROOT), "SPARK_TUI_BASE_URL": "http://127.0.0.1:9/v1"}
    started = Terminal([sys.executable, "-m", "spark_tui", str(folder)], environ, ROOT, 100, 30)
    yield started
    started.kill()


def test_what_is_typed_before_the_start_is_kept(terminal: Terminal) -> None:
    terminal.type("fix the re").sees("fix the re")
    terminal.sees("notes.txt").sees("│ fix the re")
    terminal.type("try").sees("│ fix the retry")
    terminal.type(CTRL_Q)
    assert terminal.ends() == 0


def test_a_paste_is_one_text_and_quits_nothing(terminal: Terminal) -> None:
    terminal.sees("notes.txt")
    terminal.type("\x1b[200~y\rn\rq\x11\x1b[201~").sees("│ y").sees("│ n")
    terminal.type(CTRL_Q)
    assert terminal.ends() == 0


def test_the_terminal_is_as_it_was(terminal: Terminal) -> None:
    terminal.sees("notes.txt").type(CTRL_Q)
    assert terminal.ends() == 0
    output = bytes(terminal.output)
    for opened, closed in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?2004h", b"\x1b[?2004l")):
        assert output.rindex(closed) > output.rindex(opened)
    assert output.count(b"\x1b[?1049h") == 1, "no blank moment between skeleton and app"
    assert b"spark-tui session" in output[output.rindex(b"\x1b[?1049l") :]


def test_escape_is_quick_and_harmless(terminal: Terminal) -> None:
    terminal.sees("notes.txt").type("\x1b").type("x").sees("│ x")


def test_the_editor_gets_the_draft(terminal: Terminal, tmp_path: Path) -> None:
    terminal.sees("notes.txt").type("draft")
    terminal.sees("│ draft").type("\x07").sees("neither \\$VISUAL nor \\$EDITOR is set")
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["notes.txt"]
