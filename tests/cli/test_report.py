"""What a verb says while it works: why nothing comes, and what it took in the end."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from typing import Any

import pytest

from spark_tui.cli.face import Face
from spark_tui.cli.output import Output
from spark_tui.cli.report import Progress
from spark_tui.model.provider import Usage
from spark_tui.model.scripted import done, say
from spark_tui.session.events import Event, LinkNews
from tests.support.shell import Shell


def told(environ: dict[str, str], events: Sequence[Event]) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    nobody: Any = None
    progress = Progress(Face(Output(out, err), environ, stdin=None), nobody)
    for event in events:
        progress.hear(event)
    return out.getvalue(), err.getvalue()


def test_a_wait_and_a_silent_line_are_said(environ: dict[str, str]) -> None:
    now = time.time()
    out, err = told(
        environ,
        [
            LinkNews("waiting", "api.x asks to wait", until=now + 700),
            LinkNews("quiet", "no sign of api.x", since=now - 1200.5),
            LinkNews("lively"),
            LinkNews("pool", requests_left=3),
        ],
    )
    assert out == ""
    wait, quiet = err.splitlines()
    assert wait.startswith("waits ") and wait.endswith(" s: api.x asks to wait")
    assert quiet.startswith("no sign of api.x for 12")


@pytest.mark.parametrize(("price", "cost"), [("", False), ("2", True)])
def test_the_last_line_has_the_cost_where_it_is_known(shell: Shell, price: str, cost: bool) -> None:
    shell.environ["SPARK_TUI_PRICES__FAST_INPUT"] = price
    shell.replies = [(*say("Yes."), *done(Usage(1000, 0, 50)))]
    last = shell("edit", "--", "is it so?").err.splitlines()[-1]
    assert last.startswith("no hunks · 50 tokens · ")
    assert last.endswith(" · $0.0020") is cost


def test_our_own_count_is_marked(shell: Shell) -> None:
    shell.environ["SPARK_TUI_PRICES__FAST_INPUT"] = "2"
    shell.replies = [(*say("Yes."), *done())]
    last = shell("edit", "--", "is it so?").err.splitlines()[-1]
    assert " · ~1 tokens · " in last and " · ~$" in last
