"""Asking a terminal what it can: one that answers, one that is mute, one that is none."""

from __future__ import annotations

import os
import pty
import termios
import threading
from collections.abc import Iterator

import pytest

from spark_tui.cli.abilities import QUESTIONS, Abilities, ask_terminal

ANSWERS = b"\x1bP>|foot(1.16)\x1b\\\x1b[?2026;2$y\x1b[?0u\x1b[?2004;1$y\x1b[?62;22c"


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def answering(ours: int, answer: bytes) -> threading.Thread:
    """A terminal that answers once it was asked everything."""

    def listen() -> None:
        heard = b""
        while QUESTIONS not in heard:
            heard += os.read(ours, 1024)
        os.write(ours, answer)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    return thread


def test_a_terminal_that_answers(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    thread = answering(ours, ANSWERS)
    found = ask_terminal(theirs, theirs, limit_s=20)
    thread.join(20)
    assert found is not None
    assert (found.name, found.synchronised, found.keyboard, found.paste) == (
        "foot(1.16)", True, True, True,
    )  # fmt: skip
    assert found.answer_ms is not None
    assert termios.tcgetattr(theirs) == before, "given back as it was"


def test_an_old_terminal_answers_the_last_question_only(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    thread = answering(ours, b"\x1b[?6c")
    found = ask_terminal(theirs, theirs, limit_s=20)
    thread.join(20)
    assert found is not None and found.answer_ms is not None
    assert found == Abilities(answer_ms=found.answer_ms)


def test_a_mute_terminal_costs_the_limit_and_no_more(terminal: tuple[int, int]) -> None:
    clock = iter([0.0, 0.2, 0.6, 0.6])
    found = ask_terminal(terminal[1], terminal[1], limit_s=0.2, now=lambda: next(clock))
    assert found == Abilities()


def test_a_pipe_is_not_asked() -> None:
    source, target = os.pipe()
    try:
        assert ask_terminal(source, target) is None
        os.close(target)
        assert os.read(source, 10) == b""
    finally:
        os.close(source)


def test_a_hostile_name_is_printable() -> None:
    ours, theirs = pty.openpty()
    thread = answering(ours, b"\x1bP>|evil\x07\x08name\x1b\\\x1b[?6c")
    found = ask_terminal(theirs, theirs, limit_s=20)
    thread.join(20)
    assert found is not None and found.name == "evilname"
    os.close(ours)
    os.close(theirs)
