"""What a person does and sees, in the real program on a real terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

pytestmark = pytest.mark.terminal

Start = Callable[..., Terminal]
Git = Callable[..., str]
ASK = "refactor process_data_file"
CTRL_Q = "\x11"
RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l")


def asked(terminal: Terminal, prompt: str) -> Terminal:
    """Type a prompt slowly enough to be typing, and press Enter."""
    terminal.sees("Ask for a change")
    terminal.type(prompt).sees(re.escape(prompt[-12:]))
    return terminal.type("\r")


def test_ask_review_write_undo_commit(start: Start, repo: Path, git: Git) -> None:
    terminal = asked(start(), ASK)
    terminal.sees(r"5 open")
    assert git("status", "--porcelain") == "", "nothing is written before a decision"
    terminal.type("\r").type("y").sees("1 to commit")
    assert git("status", "--porcelain").split() == ["M", "tidewater/data.py"]
    terminal.type("u").sees("5 open")
    assert git("status", "--porcelain") == ""
    terminal.type("A").sees("5 to commit")
    terminal.type("C").sees("exactly the accepted hunks").sees("process_data_file types")
    terminal.type("\r").sees("committed [0-9a-f]{7}")
    assert git("status", "--porcelain") == ""
    assert "Assisted-by: spark-tui:demo-fast" in git("log", "-1", "--format=%B")
    terminal.type(CTRL_Q)
    assert terminal.ends() == 0
    for mode in RESTORED:
        assert mode in terminal.output


@pytest.mark.parametrize(
    ("columns", "rows", "environ"),
    [
        (80, 24, {}),
        (200, 50, {"TERM": "screen"}),
        (120, 40, {"NO_COLOR": "1"}),
        (100, 30, {"TERM": "xterm", "COLORTERM": ""}),
    ],
)
def test_every_size_and_terminal_reviews_a_hunk(
    start: Start, git: Git, columns: int, rows: int, environ: dict[str, str]
) -> None:
    terminal = asked(start(columns=columns, rows=rows, **environ), ASK)
    terminal.sees("5 open").type("\r").type("y").sees("4 open")
    assert "tidewater/data.py" in git("status", "--porcelain")
    if "NO_COLOR" in environ:
        assert not colours(bytes(terminal.output))


def colours(output: bytes) -> set[int]:
    """Codes in the output that choose a colour; 39 and 49 are the terminal's own."""
    codes = {
        int(code)
        for sgr in re.findall(rb"\x1b\[([0-9;]*)m", output)
        for code in sgr.split(b";")
        if code
    }
    return codes & {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}


def test_a_tiny_terminal_says_so(start: Start) -> None:
    terminal = start(columns=30, rows=8)
    terminal.sees("40 columns")
    terminal.resize(100, 30)
    terminal.sees("Ask for a change")


def test_resizing_while_it_streams(start: Start) -> None:
    terminal = asked(start(), "/long 1500")
    terminal.sees("streaming")
    for columns, rows in ((60, 20), (200, 50), (20, 5), (118, 35)):
        terminal.resize(columns, rows)
        drawn = len(terminal.output) + 300
        terminal.until(lambda drawn=drawn: len(terminal.output) > drawn, "nothing drawn")  # type: ignore[misc]
    terminal.sees(r"\[##\]", limit_s=60).sees("Ask for a change")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_gives_the_terminal_back(start: Start, number: int, status: int) -> None:
    terminal = asked(start(), "/long 5000")
    terminal.sees("streaming")
    terminal.signal(number)
    assert terminal.ends() == status
    for mode in RESTORED:
        assert mode in terminal.output


def test_killed_in_mid_stream_nothing_is_lost(start: Start, repo: Path, git: Git) -> None:
    terminal = asked(start(), ASK)
    terminal.sees("1 open|2 open|3 open|4 open|5 open").type("\r").type("y").sees("to commit")
    terminal.signal(signal.SIGKILL)
    terminal.ends()
    assert git("status", "--porcelain").split() == ["M", "tidewater/data.py"]
    again = start()
    again.sees("Ask for a change").type(CTRL_Q)
    assert again.ends() == 0


def test_headless_verbs_share_the_session(start: Start, repo: Path, tmp_path: Path) -> None:
    terminal = asked(start(), ASK)
    terminal.sees("5 open").type(CTRL_Q)
    assert terminal.ends() == 0
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "SPARK_TUI_STATE_DIR": str(tmp_path / "state"),
        "SPARK_TUI_CONFIG_DIR": str(tmp_path / "config"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "spark_tui", "accept", "t1h1"],
        cwd=repo, env=environ, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"t1h1 accepted" in done.stdout
