"""What many turns say together: spread, histogram, cost. Unknown is None, never 0."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_tui.session.events import TokenUse, TurnFigures
from spark_tui.session.figures import (
    METRICS,
    Price,
    Spent,
    cost_of,
    dollars,
    histogram,
    percentile,
    spent_by,
    spread_of,
    values_of,
    written,
)
from spark_tui.session.state import TurnState

values = st.lists(st.floats(0.0, 1e7, allow_subnormal=False), min_size=1, max_size=60)


def turn(use: TokenUse | None = None, figures: TurnFigures | None = None) -> TurnState:
    made = TurnState(1, "x", "fast", "spark", (), 0, 0.0)
    made.usage, made.figures = use or TokenUse(), figures
    return made


# -- spread and histogram -------------------------------------------------------------
@given(values, st.integers(1, 40))
def test_every_value_is_in_one_bin(found: list[float], bins: int) -> None:
    made = histogram(found, bins)
    assert sum(b.count for b in made) == len(found)
    assert (made[0].low, made[-1].high) == (min(found), max(found))
    assert all(a.high == b.low for a, b in pairwise(made))
    for at, b in enumerate(made):
        is_last = at == len(made) - 1
        inside = [v for v in found if b.low <= v and (v < b.high or is_last)]
        if b.low < b.high:
            assert b.count == len(inside)


def test_bins_grow_where_the_values_are_far_apart() -> None:
    near = histogram([100.0, 110.0, 140.0], 4)
    assert {round(b.high - b.low, 6) for b in near} == {10.0}
    far = histogram([10.0, 20.0, 10_000.0], 3)
    assert [round(b.low) for b in far] == [10, 100, 1000]


def test_values_may_be_as_far_apart_as_numbers_are() -> None:
    made = histogram([5e-324, 1.0, 1e300], 10)
    assert sum(b.count for b in made) == 3
    assert all(0 < b.low <= b.high <= 1e300 for b in made)


def test_no_values_and_equal_values() -> None:
    assert histogram([], 5) == ()
    (only,) = histogram([7.0, 7.0], 5)
    assert (only.low, only.high, only.count) == (7.0, 7.0, 2)
    assert spread_of([]) is None


@given(values, st.floats(0.01, 1.0))
def test_a_percentile_is_a_value_with_that_share_below(found: list[float], share: float) -> None:
    ordered = sorted(found)
    at = percentile(ordered, share)
    assert at in found
    assert sum(v <= at for v in found) >= share * len(found) - 1e-9
    assert sum(v < at for v in found) < share * len(found) + 1e-9


def test_spread() -> None:
    spread = spread_of([float(n) for n in range(100, 0, -1)])
    assert spread is not None
    assert (spread.count, spread.p50, spread.p95, spread.most) == (100, 50.0, 95.0, 100.0)


# -- cost -----------------------------------------------------------------------------
PRICE = Price(2.0, 0.5, 10.0)


def test_cached_tokens_are_paid_once() -> None:
    use = TokenUse(input=1_000_000, cached=400_000, output=100_000, reasoning=50_000)
    assert cost_of(use, PRICE) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 10)


def test_what_is_not_known_is_no_zero() -> None:
    assert cost_of(TokenUse(input=10), None) is None
    assert cost_of(TokenUse(), PRICE) is None, "nothing was used, nothing is said"
    assert spent_by([]).cost is None


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**6))
def test_a_cost_is_never_negative(paid: int, cached: int, output: int) -> None:
    cost = cost_of(TokenUse(paid, cached, output), PRICE)
    assert cost is None or cost >= 0


# -- sums -----------------------------------------------------------------------------
def test_a_session_is_summed_up() -> None:
    priced = TurnFigures(cost=0.25)
    turns = [
        turn(TokenUse(1000, 800, 50), priced),
        turn(TokenUse(1000, 0, 50, estimated=True), priced),
        turn(TokenUse(500, 100, 10)),
        turn(TokenUse(estimated=True)),
    ]
    spent = spent_by(turns)
    assert (spent.input, spent.cached, spent.output) == (2500, 900, 110)
    assert spent.cost == 0.5 and spent.cost_estimated and spent.estimated
    assert spent.unpriced == 1, "the one without tokens cost nothing"
    assert spent.cached_share == 900 / 1500, "of what a service counted"


uses = st.builds(
    TokenUse, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.just(0), st.booleans()
)
turns_ = st.builds(
    turn, uses, st.none() | st.builds(TurnFigures, cost=st.none() | st.sampled_from([0.5, 0.25]))
)


@given(st.lists(turns_, max_size=8), st.integers(0, 8))
def test_sums_can_be_joined(turns: list[TurnState], at: int) -> None:
    assert spent_by(turns[:at]) + spent_by(turns[at:]) == spent_by(turns)
    assert Spent() + spent_by(turns) == spent_by(turns)
    share = spent_by(turns).cached_share
    assert share is None or 0 <= share <= 1


# -- metrics and words ------------------------------------------------------------------
def test_a_turn_without_a_moment_has_no_value() -> None:
    nothing = [turn(), turn(figures=TurnFigures(reused=True))]
    for metric in METRICS:
        expected = [0.0] if metric.name == "whole turn" else []
        assert values_of(metric, nothing) == expected, metric.name


def test_every_metric_has_its_place() -> None:
    figures = TurnFigures(1.0, False, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 1, 8.0)
    whole = turn(TokenUse(100, 90), figures)
    assert [metric.of(whole) for metric in METRICS] == [1, 2, 3, 4, 5, 6, 7, 0.9, 8]


def test_an_old_turn_has_its_first_token_still() -> None:
    old = turn()
    old.ttft_ms = 210.0
    ttft = next(m for m in METRICS if m.name == "TTFT")
    assert values_of(ttft, [old, replace(old, ttft_ms=None)]) == [210.0]


@given(st.floats(0, 1e12), st.sampled_from(["ms", "tok/s", "share", "dollars"]))
def test_figures_are_short(value: float, unit: str) -> None:
    assert len(written(value, unit)) <= 24  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [9.95, 999.5, 59_950.0])
def test_no_figure_jumps_to_a_longer_form(limit: float) -> None:
    """9.96 is 10 ms, not "10.0 ms"; 999.9 is 1.0 s."""
    below, above = written(limit - 0.01, "ms"), written(limit + 0.01, "ms")
    assert below != above
    assert {below, above} <= {"9.9 ms", "10 ms", "999 ms", "1.0 s", "59.9 s", "1 min 0 s"}


def test_dollars_never_show_nothing_for_something() -> None:
    for cost in (1e-9, 3e-5, 0.004, 0.0995, 0.999, 12.3):
        assert set(dollars(cost)) & set("123456789")
