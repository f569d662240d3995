"""The page of figures: what stands where, at any width, for any turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from spark_tui.session.events import Outcome, TokenUse, TurnFigures
from spark_tui.session.figures import METRICS
from spark_tui.session.state import TurnState
from spark_tui.tui.widgets.figure_page import EMPTY, bar, heading, models_of, page, total
from tests.support.measured import TTFT, turns

moments = st.none() | st.floats(0, 1e7, allow_subnormal=False)
figures = st.builds(
    TurnFigures, connect_ms=st.floats(0, 1e4), reused=st.booleans(), sent_ms=moments,
    round_trip_ms=moments, ttft_ms=moments, first_hunk_ms=moments,
    total_ms=st.floats(0, 1e7), tokens_per_s=st.floats(0, 9e4),
    cost=st.none() | st.floats(0, 1e4),
)  # fmt: skip


def turn(measured: TurnFigures | None, use: TokenUse, model: str = "spark") -> TurnState:
    made = TurnState(1, "x", "fast", model, (), 0, 0.0)
    made.figures, made.usage, made.outcome = measured, use, Outcome.COMPLETE
    return made


any_turns = st.lists(
    st.builds(
        turn,
        st.none() | figures,
        st.builds(TokenUse, st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**6)),
    ),
    max_size=12,
)


@given(any_turns, st.integers(0, len(METRICS) - 1), st.sampled_from([78, 118, 198]))
def test_no_row_is_wider_than_the_page(made: list[TurnState], chosen: int, width: int) -> None:
    text = page(made, chosen, width, 20).plain
    if text != EMPTY:
        assert max(map(cell_len, text.split("\n"))) <= width, text


@pytest.mark.parametrize(("width", "height"), [(78, 20), (198, 46)])
def test_a_page_fits_its_screen(width: int, height: int) -> None:
    text = page(turns(), TTFT, width, height).plain
    assert text.count("\n") < height


def test_every_figure_has_its_row() -> None:
    rows = page(turns(), TTFT, 118, 30).plain.split("\n")
    for metric in METRICS:
        row = next(r for r in rows if r[2:].startswith(metric.name))
        assert (row[0] == "›") is (metric.key == "ttft_ms")
    ttft = next(r for r in rows if r.startswith("› TTFT"))
    assert ttft.split()[2:7] == ["12", "210", "ms", "900", "ms"]


def test_the_chart_holds_every_turn() -> None:
    text = page(turns(), TTFT, 78, 20).plain
    chart = text.split("\nTTFT\n")[1].split("\n")
    assert len(chart) == 6
    assert sum(int(row.split()[-1]) for row in chart) == 12
    assert all(("█" in row) is (row.split()[-1] != "0") for row in chart)


def test_what_no_turn_has_is_no_zero() -> None:
    made = [turn(TurnFigures(ttft_ms=100.0, total_ms=200.0), TokenUse())]
    rows = page(made, len(METRICS) - 1, 78, 20).plain.split("\n")
    assert next(r for r in rows if r.startswith("› cost")).split() == ["›", "cost", "–"]
    assert rows[-1] == "cost: no turn of these has it"


def test_nothing_measured_says_what_will_be_here() -> None:
    assert page([], 0, 78, 20).plain == EMPTY
    assert "first token" in EMPTY and "Esc" in EMPTY


def test_the_sum_says_what_is_estimated_and_what_has_no_price() -> None:
    told = total(turns(), 200)
    assert told == "12 turns (1 interrupted) · ~24k tokens in, 73 % cached · ~2.4k out · ~$0.11"
    unpriced = [turn(TurnFigures(cost=0.5), TokenUse(9, 0, 9)), turn(None, TokenUse(9, 0, 9))]
    assert total(unpriced, 200).endswith("$0.50, 1 without a price")
    assert total(turns(), 30) == "12 turns (1 interrupted)", "whole parts only"


def test_models_are_told_apart() -> None:
    assert models_of(turns()) == ["gpt-5.3-codex-spark", "gpt-5.3-codex"]
    assert heading([], 0, 78) == "all models"
    assert heading(["a", "b"], 2, 78) == "b  [ ] 3 of 3"
    hostile = heading(["\x1b[2Jx" * 40], 1, 30)
    assert "\x1b" not in hostile and cell_len(hostile) == 30


@given(st.integers(0, 1000), st.integers(1, 1000), st.integers(1, 100))
def test_a_bar_is_never_wider_than_its_room(count: int, most: int, width: int) -> None:
    shape = bar(min(count, most), most, width)
    assert len(shape) <= width
    assert bool(shape) is bool(min(count, most))
