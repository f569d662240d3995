"""Twelve turns of two models with figures, for pictures and pages. Fixed numbers."""

from __future__ import annotations

from collections.abc import Iterator

from spark_tui.session import events as ev
from spark_tui.session.events import Event, Outcome, TokenUse, TurnFigures
from spark_tui.session.figures import METRICS
from spark_tui.session.state import SessionState, TurnState

TTFT = next(at for at, metric in enumerate(METRICS) if metric.key == "ttft_ms")
_FIRST = (180.0, 190.0, 195.0, 200.0, 205.0, 210.0, 215.0, 230.0, 260.0, 310.0, 480.0, 900.0)


def told() -> Iterator[Event]:
    """What the engine would have said."""
    for number, ttft in enumerate(_FIRST, 1):
        is_smart = number % 6 == 0
        is_cut = number == 11
        model = "gpt-5.3-codex" if is_smart else "gpt-5.3-codex-spark"
        yield ev.TurnStarted(number, f"ask {number}", "fast", model, (), 2000, 0.0)
        figures = TurnFigures(
            connect_ms=41.2 if number == 1 else 0.0,
            reused=number != 1,
            sent_ms=44.0 if number == 1 else 1.5 + number / 10,
            round_trip_ms=30.0 + number * 2,
            ttft_ms=ttft,
            first_hunk_ms=None if is_cut else ttft + 95,
            total_ms=ttft + 600 + 40 * number,
            tokens_per_s=120.0 if is_smart else 950.0 + 8 * number,
            rounds=1,
            cost=0.02 if is_smart else 0.007,
            wire="responses-ws",
            edit_format="v4a",
        )
        cached = 0 if number == 1 else 1600
        use = TokenUse(2000, 0 if is_cut else cached, 200, estimated=is_cut)
        yield ev.TurnMeasured(number, figures)
        outcome = Outcome.INTERRUPTED if is_cut else Outcome.COMPLETE
        yield ev.TurnEnded(number, outcome, use, figures.total_ms)


def turns() -> list[TurnState]:
    """The same, folded."""
    state = SessionState()
    for event in told():
        state.apply(event)
    return list(state.turns.values())
