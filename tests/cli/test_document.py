"""The JSON document at its edges: odd paths, grave endings, counts of a file's change."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from spark_tui.cli import document
from spark_tui.cli.arguments import app_options, seconds
from spark_tui.edits.changeset import Kind, Placed, Unplaced
from spark_tui.errors import UsageFault
from spark_tui.session import events as ev
from spark_tui.session.events import HunkId, Outcome, TokenUse, TurnFigures
from spark_tui.session.state import SessionState


def state_of(*events: ev.Event) -> SessionState:
    state = SessionState()
    for event in (
        ev.SessionOpened("s", "/repo", 0.0),
        ev.TurnStarted(1, "x", "fast", "m", (), 0, 0.0),
        *events,
    ):
        state.apply(event)
    return state


def opened(number: int, path: str, kind: Kind = Kind.EDIT) -> ev.HunkOpened:
    return ev.HunkOpened(HunkId(f"t1h{number}"), 1, path, kind)


def placed(number: int) -> ev.HunkPlaced:
    return ev.HunkPlaced(HunkId(f"t1h{number}"), None, Placed(4, 5, ()), 1, 0)


def ended(outcome: Outcome) -> ev.TurnEnded:
    return ev.TurnEnded(1, outcome, TokenUse(), 1.0)


def test_a_path_that_is_no_utf8_comes_in_base64() -> None:
    name = os.fsdecode(b"caf\xe9.py")
    state = state_of(opened(1, name), placed(1))
    body = document.of_hunks(state, state.hunks.values(), turn=state.turns[1])
    (file,) = body["files"]
    assert "path" not in file
    assert base64.b64decode(file["path_b64"]) == b"caf\xe9.py"
    assert json.loads(json.dumps(body)) == body


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), "applied"),
        ((opened(1, "a"), placed(1)), "pending"),
        ((opened(1, "a"),), "refused"),
        ((opened(1, "a"), ev.HunkUnplaced(HunkId("t1h1"), None, Unplaced("x", "why"))), "refused"),
        (
            (opened(1, "a"), placed(1), ev.HunksConflicted((HunkId("t1h1"),), "differs")),
            "conflict",
        ),
        ((opened(1, "a"), placed(1), ended(Outcome.INTERRUPTED)), "interrupted"),
        ((opened(1, "a"), placed(1), ended(Outcome.FAILED)), "error"),
        ((opened(1, "a"), placed(1), ended(Outcome.INCOMPLETE)), "refused"),
    ],
)
def test_the_gravest_word_wins(events: tuple[ev.Event, ...], status: str) -> None:
    state = state_of(*events)
    assert document.status_of(list(state.hunks.values()), state.turns[1]) == status


def test_what_was_not_measured_is_null() -> None:
    state = state_of(ended(Outcome.COMPLETE))
    body = document.of_hunks(state, (), turn=state.turns[1])
    assert body["timing"] == {
        "connect_ms": None, "sent_ms": None, "round_trip_ms": None, "ttft_ms": None,
        "first_hunk_ms": None, "total_ms": 1.0, "tokens_per_s": None, "rounds": 0, "reused": None,
    }  # fmt: skip
    assert body["usage"]["cost"] is None and body["usage"]["service_tier"] is None


def test_what_was_measured() -> None:
    figures = TurnFigures(41.26, False, 44.04, 38.0, 210.0, 300.0, 900.0, 987.65, 2, 0.0016, "fast")
    state = state_of(
        ev.Connected(1, "responses-ws", 0.0, True), ev.FirstToken(1, 210.0),
        ev.TurnMeasured(1, figures), ended(Outcome.COMPLETE),
    )  # fmt: skip
    body = document.of_hunks(state, (), turn=state.turns[1])
    assert body["timing"] == {
        "connect_ms": 41.3, "sent_ms": 44.0, "round_trip_ms": 38.0, "ttft_ms": 210.0,
        "first_hunk_ms": 300.0, "total_ms": 1.0, "tokens_per_s": 987.6, "rounds": 2,
        "reused": False,
    }  # fmt: skip
    assert (body["usage"]["cost"], body["usage"]["service_tier"]) == (0.0016, "fast")


def test_a_connection_that_never_stood_is_no_zero() -> None:
    state = state_of(ev.TurnMeasured(1, TurnFigures(rounds=1)), ended(Outcome.FAILED))
    body = document.of_hunks(state, (), turn=state.turns[1])
    assert body["timing"]["connect_ms"] is None


@pytest.mark.parametrize(
    ("kinds", "change"),
    [
        ((Kind.EDIT,), "update"),
        ((Kind.EDIT, Kind.MOVE), "move"),
        ((Kind.MODE,), "mode"),
        ((Kind.MODE, Kind.EDIT), "update"),
        ((Kind.ADD,), "add"),
        ((Kind.DELETE,), "delete"),
    ],
)
def test_what_becomes_of_a_file(kinds: tuple[Kind, ...], change: str) -> None:
    state = state_of(*(opened(n, "a", kind) for n, kind in enumerate(kinds)))
    assert document.change_of(list(state.hunks.values())) == change


def test_options_of_the_screen() -> None:
    options = app_options(
        ["src", "--model", "m", "--no-mouse", "--low-bandwidth", "--base-url", "u", "-c"],
        {"A": "sk-secret"},
    )
    assert (options.path, options.resume, options.fresh) == (Path("src"), None, False)
    assert options.flags == {
        "model": "m", "mouse": False, "low_bandwidth": True, "base_url": "u",
    }  # fmt: skip
    assert options.environ == {"A": "sk-secret"} and "sk-secret" not in repr(options)
    assert app_options(["-r"], {}).resume == ""
    assert app_options(["-r", "ID"], {}).resume == "ID" and not app_options(["-r"], {}).fresh
    with pytest.raises(UsageFault, match="nonsense"):
        app_options(["--nonsense"], {})


def test_durations() -> None:
    assert [seconds(t) for t in ("150ms", "2s", "1m", "3", "0.5s")] == [0.15, 2, 60, 3, 0.5]
    for text in ("", "0", "-1", "2h", "s"):
        with pytest.raises(Exception, match="duration"):
            seconds(text)
