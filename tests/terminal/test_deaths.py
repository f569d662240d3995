"""The real program dies at random moments of an answer; `-c` finds everything.

The rule kept here: after each death the files are old or new, what was placed is there, at most the
hunk that was being written is missing.
"""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

pytestmark = pytest.mark.terminal

Start = Callable[..., Terminal]
Git = Callable[..., str]
HOW = (signal.SIGKILL, signal.SIGHUP, signal.SIGTERM, None)
"""None: the line dies."""


@pytest.mark.parametrize("seed", [1, 2, 3, pytest.param(0, marks=pytest.mark.slow)])
def test_a_death_at_a_random_moment(start: Start, repo: Path, git: Git, seed: int) -> None:
    chance = random.Random(seed)
    rounds = 1 if seed else 200
    for number in range(rounds):
        git("checkout", "-q", "--", ".")
        git("clean", "-fdq")
        before = {path: (repo / path).read_bytes() for path in files(git)}
        one_death(start, before, repo, chance, HOW[(number + seed) % len(HOW)])


def files(git: Git) -> list[str]:
    return git("ls-files", "-z").split("\0")[:-1]


def one_death(
    start: Start,
    before: dict[str, bytes],
    repo: Path,
    chance: random.Random,
    how: signal.Signals | None,
) -> None:
    terminal = start().sees("Ask for a change").sees("AGENTS.md")
    terminal.type("refactor process_data_file").sees("process_data_file")
    terminal.type("\r")
    terminal.sees("1 open|2 open|3 open|4 open|5 open")
    decides = chance.random() < 0.6
    if decides:  # the decision is being written when the end comes
        terminal.type("\r").sees("y accept").type("y")
    else:
        terminal.type("typed before").sees("typed before")
    wait(terminal, chance.uniform(0.0, 1.2))
    placed = open_of(terminal)
    if how is None:
        terminal.hang_up()
    else:
        terminal.signal(how)
    assert terminal.is_gone(limit_s=10) is not None
    for path, was in before.items():
        now = (repo / path).read_bytes()
        assert now == was or (decides and path == "tidewater/data.py" and now), path
    again = start("-c").sees("Ask for a change|typed before").sees("open|to commit|Ctrl")
    again.sees(r"\d open|to commit")
    is_written = (repo / "tidewater/data.py").read_bytes() != before["tidewater/data.py"]
    assert ("to commit" in again.text) == is_written, again.text
    assert open_of(again) >= placed, f"{placed} were seen\n{again.text}"
    again.signal(signal.SIGTERM)
    assert again.ends() == 143


def wait(terminal: Terminal, seconds: float) -> None:
    """Let it run on; its screen is read meanwhile."""
    until = time.monotonic() + seconds
    terminal.until(lambda: time.monotonic() > until, "time stands still")


def open_of(terminal: Terminal) -> int:
    """How many hunks the status line counts, those in their files included."""
    found = re.search(r"(\d+) open", terminal.screen[-1])
    done = re.search(r"(\d+) to commit", terminal.screen[-1])
    return (int(found[1]) if found else 0) + (int(done[1]) if done else 0)
