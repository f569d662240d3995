"""The line goes dead, signals come, the terminal takes nothing: the program ends in time, gives
back what it can, and the next start finds everything."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

pytestmark = pytest.mark.terminal

Start = Callable[..., Terminal]
Git = Callable[..., str]
ASK = "refactor process_data_file"
CTRL_Q, CTRL_S, CTRL_Z = "\x11", "\x13", "\x1a"
MODES = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l", b"\x1b[?1004l", b"\x1b[<u")
LIMIT_S = 2.5
"""Two seconds, and the time to notice it on a busy machine."""


def asked(terminal: Terminal, prompt: str) -> Terminal:
    terminal.sees("Ask for a change")
    terminal.type(prompt).sees(re.escape(prompt[-12:]))
    return terminal.type("\r")


def children(pid: int) -> list[str]:
    """Processes that this one started and that still run, zombies aside."""
    told = subprocess.run(
        ["ps", "-o", "pid=,stat=,args=", "--ppid", str(pid)], capture_output=True, check=False
    )
    return [row for row in told.stdout.decode().splitlines() if " Z" not in row]


def test_the_line_dies_in_mid_stream(start: Start, repo: Path, git: Git) -> None:
    """SSH drops: one hunk accepted, one open, an answer that streams, a draft half typed."""
    terminal = asked(start(), ASK)
    terminal.sees("5 open").type("\r").type("y").sees("1 to commit").type("j")
    accepted = git("diff")
    terminal.type("i").sees("Enter send")
    terminal.type("/long 20000\r").sees("streaming")
    terminal.type("half a thought").sees("half a thought").type("\n and a second line")
    terminal.sees("second line")
    before = children(terminal.pid)
    terminal.hang_up()
    assert terminal.is_gone(limit_s=LIMIT_S) == 129
    assert children(terminal.pid) == [], before
    assert git("diff") == accepted
    again = start("-c")
    again.sees("4 open").sees("1 to commit").sees("half a thought").sees("second line")
    again.sees(r"Ctrl\+S goes on with the cut answer")
    assert git("diff") == accepted, "nothing goes on by itself"
    again.type(CTRL_Q)
    assert again.ends() == 0


def test_where_the_person_was_comes_back(start: Start) -> None:
    terminal = asked(start(), ASK)
    terminal.sees("5 open").type("\r").sees("y accept")
    terminal.type("]").type("]").type("jj")
    kept(terminal, '"hunk":"t1h3","row":23')
    shown = diff_of(terminal)
    terminal.signal(signal.SIGTERM)
    assert terminal.ends() == 143
    again = start("-c")
    again.sees("5 open").sees("y accept")
    again.until(lambda: diff_of(again) == shown, "another place")
    again.type(CTRL_Q)
    assert again.ends() == 0


def diff_of(terminal: Terminal) -> list[str]:
    """The middle pane."""
    return [row[22:78] for row in terminal.screen[:-2]]


def test_a_fresh_start_offers_what_was_interrupted(start: Start) -> None:
    terminal = asked(start(), ASK)
    terminal.sees("5 open").type("a draft").sees("a draft")
    kept(terminal, "a draft")
    terminal.signal(signal.SIGKILL)
    terminal.ends()
    again = start()
    again.sees(r"Ctrl\+S resumes what was interrupted .*: 5 hunks open, draft kept")
    again.type("a new thought").sees("a new thought")
    assert "5 open" not in again.text, "typing takes nothing"
    again.type(CTRL_S).sees("5 open").sees("a new thought")
    again.type("\x03").no_longer_sees("a new thought").type("\x1b[A").type("\x1b[A")
    again.sees("a draft")
    again.type(CTRL_Q)
    assert again.ends() == 0


def kept(terminal: Terminal, words: str) -> None:
    """Until these words are in a journal."""
    state = Path(environ_of(terminal.pid)["SPARK_TUI_STATE_DIR"])

    def is_kept() -> bool:
        journals = state.glob("worktrees/*/sessions/*/journal.jsonl")
        return any(words in path.read_text() for path in journals)

    terminal.until(is_kept, f"{words!r} was not kept")


def environ_of(pid: int) -> dict[str, str]:
    raw = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(os.fsdecode(each).split("=", 1) for each in raw if b"=" in each)


def test_what_is_typed_is_kept_while_it_is_typed(start: Start) -> None:
    """No pause is needed: a death in the middle of a sentence costs its last second."""
    terminal = start().sees("Ask for a change").sees("AGENTS.md")
    words = [f"word{number} " for number in range(60)]
    state = Path(environ_of(terminal.pid)["SPARK_TUI_STATE_DIR"])
    for word in words:
        terminal.type(word)
        journals = [path.read_text() for path in state.glob("worktrees/*/sessions/*/*.jsonl")]
        if any("word1 " in text for text in journals):
            break
        terminal.sees(word.strip())
    else:
        raise AssertionError("never kept while keys came")
    terminal.signal(signal.SIGKILL)
    terminal.ends()
    again = start("-c").sees("word0 word1")
    again.type(CTRL_Q)
    assert again.ends() == 0


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_signal_in_mid_stream(start: Start, number: int, status: int) -> None:
    terminal = asked(start(), "/long 20000")
    terminal.sees("tok/s")
    terminal.signal(number)
    assert terminal.ends() == status
    assert children(terminal.pid) == []
    for mode in MODES:
        assert mode in terminal.output, mode
    again = start("-c").sees(r"Ctrl\+S goes on with the cut answer")
    again.type(CTRL_Q)
    assert again.ends() == 0


def test_a_signal_before_the_first_frame(start: Start) -> None:
    terminal = start()
    terminal.until(lambda: b"\x1b[?1049h" in terminal.output, "no first frame")
    terminal.signal(signal.SIGTERM)
    assert terminal.ends() == 143
    assert b"\x1b[?1049l" in terminal.output and b"\x1b[?25h" in terminal.output


def test_a_terminal_that_takes_nothing_does_not_keep_it(start: Start) -> None:
    """Nobody reads the other end (a stalled line), then a signal comes."""
    terminal = asked(start(), "/long 20000")
    terminal.sees("tok/s")
    stalled(terminal)
    terminal.signal(signal.SIGTERM)
    assert terminal.is_gone(limit_s=LIMIT_S + 0.5) == 143
    again = start("-c").sees(r"Ctrl\+S goes on with the cut answer")
    again.type(CTRL_Q)
    assert again.ends() == 0


def stalled(terminal: Terminal) -> None:
    """Until the program waits for its terminal: nothing is read from it meanwhile."""
    wchan = Path(f"/proc/{terminal.pid}/task")
    for _ in range(2000):
        names = [(task / "wchan").read_text() for task in wchan.iterdir()]
        if "n_tty_write" in names or "wait_woken" in names:
            return
        terminal.is_gone(limit_s=0.01)


def test_sleep_and_back(start: Start) -> None:
    terminal = asked(start(), ASK)
    terminal.sees("5 open").type("\r").sees("y accept")
    before = len(terminal.output)
    terminal.type(CTRL_Z)
    terminal.until(lambda: b"\x1b[?1049l" in terminal.output[before:], "the screen is not back")
    terminal.sleeps()
    woken = len(terminal.output)
    terminal.signal(signal.SIGCONT)
    terminal.until(lambda: b"\x1b[?1049h" in terminal.output[woken:], "it does not wake")
    terminal.sees("5 open").type("y").sees("1 to commit")
    terminal.type(CTRL_Q)
    assert terminal.ends() == 0


def test_the_line_dies_while_nothing_happens(start: Start) -> None:
    terminal = start().sees("Ask for a change").sees("AGENTS.md")
    terminal.type("half").sees("half")
    kept(terminal, "half")
    terminal.hang_up()
    assert terminal.is_gone(limit_s=LIMIT_S) == 129


# -- two at once ---------------------------------------------------------------------------
def test_the_second_reads_along_and_takes_over(start: Start, git: Git) -> None:
    first = asked(start(), ASK)
    first.sees("5 open").type("a draft").sees("a draft")
    second = start()
    second.sees(rf"Read only: spark-tui {first.pid} on pts/\d+ since [0-9:]+").sees("5 open")
    second.sees("read only ·")
    second.type("please change it\r").sees("Read only").sees("please change it")
    second.type("\x0e").sees("y accept").type("y").sees("Read only")
    assert git("status", "--porcelain") == ""
    first.type("\x0e").sees("y accept").type("y").sees("1 to commit")
    second.sees("1 to commit")
    second.type(CTRL_S).sees("Take over").sees(str(first.pid)).type("y")
    first.sees(rf"Read only: spark-tui {second.pid} on pts/\d+ since [0-9:]+ has taken over").sees(
        "4 open"
    )
    second.no_longer_sees("read only ·")
    second.type("y").sees("2 to commit")
    first.sees("2 to commit")
    first.type("y").sees("Read only")
    second.type(CTRL_Q)
    assert second.ends() == 0
    first.sees("has ended").type(CTRL_S).no_longer_sees("read only ·").sees("2 to commit")
    first.type(CTRL_Q)
    assert first.ends() == 0


def test_a_holder_that_hangs_keeps_it(start: Start) -> None:
    first = start().sees("Ask for a change").sees("AGENTS.md")
    first.signal(signal.SIGSTOP)
    second = start().sees("Read only")
    second.type(CTRL_S).sees("Take over").type("y")
    second.sees("does not answer").sees(str(first.pid))
    second.type(CTRL_Q)
    assert second.ends() == 0
    first.signal(signal.SIGCONT)
    first.type("still here").sees("still here").type(CTRL_Q)
    assert first.ends() == 0


def test_the_list_of_sessions(start: Start) -> None:
    for words in ("the first thing", "another thing"):
        terminal = start().sees("Ask for a change").sees("AGENTS.md")
        terminal.type(f"{words}\r").sees("└")
        terminal.type(CTRL_Q)
        assert terminal.ends() == 0
    again = start("-r", "--no-mouse", columns=80, rows=24)
    again.sees("today .* turn").sees("another thing").sees("the first thing").sees("Enter opens")
    again.type("j").type("\r").sees("└ 445 tokens").type("\x1b[A").sees("│ the first thing")
    again.type(CTRL_Q)
    assert again.ends() == 0
