"""What the terminal is told to draw, whatever it is and whatever size it has had."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.support.terminal import Terminal

pytestmark = pytest.mark.terminal

Start = Callable[..., Terminal]
_COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:[34][0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


@pytest.mark.parametrize("environ", [{}, {"COLORTERM": "truecolor"}, {"TERM": "screen"}])
def test_without_colour_none_is_sent(start: Start, environ: dict[str, str]) -> None:
    terminal = start(NO_COLOR="1", **environ).sees("Ask for a change").sees("AGENTS.md")
    assert not _COLOUR.search(terminal.output)


def test_keys_go_where_they_went_after_the_terminal_was_tiny(start: Start) -> None:
    terminal = start(columns=80, rows=24).sees("Ask for a change")
    terminal.type("before").sees("│ before")
    terminal.resize(30, 8)
    terminal.sees("40 columns")
    terminal.type(" and ")
    terminal.resize(80, 24)
    terminal.sees("│ before")
    terminal.type("after").sees("│ before and after")


@pytest.mark.parametrize("key", ["\x0e\x0e", "\x0e"])
def test_keys_reach_a_pane_after_the_terminal_was_narrow(start: Start, key: str) -> None:
    """The files, then the diff, have the focus; the panes stack and stand side by side again."""
    terminal = start(columns=120, rows=30).sees("Ask for a change").sees("AGENTS.md")
    terminal.type(key).sees("Enter show" if len(key) == 2 else "y accept")
    terminal.resize(80, 24)
    terminal.no_longer_sees("▕")
    terminal.resize(120, 30)
    terminal.sees("▕").sees("AGENTS.md")
    terminal.type("i").sees("Enter send")
    terminal.type("here").sees("│ here")


def test_the_keys_of_a_finished_answer_are_those_of_the_prompt(start: Start) -> None:
    terminal = start().sees("Ask for a change").sees("AGENTS.md")
    terminal.type("refactor process_data_file").sees("process_data_file").type("\r")
    terminal.sees("└ 5 hunks").sees("Enter send")
    terminal.type("\r").sees("y accept").type("c").sees("what is wrong")
    terminal.type("\x1b").sees("y accept")
