"""What a comparison says: each side's pass rate, time, tokens and cost, and against the baseline.

The rule kept here: arithmetic over results. Sides are compared by the tasks that all of them have
tried, the first side is the baseline, and what is not known is None, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spark_tui.session.benching import TaskResult
from spark_tui.session.events import Outcome
from spark_tui.session.figures import METRICS, Spent, Spread, spent_by, spread_of, values_of
from spark_tui.session.state import TurnState


@dataclass(frozen=True, slots=True)
class Score:
    """One side over the tasks that all sides have tried."""

    side: str
    model: str
    tasks: int
    passed: int
    total: Spread | None
    """Milliseconds of the answers that came to their end."""
    ttft: Spread | None
    spent: Spent

    @property
    def pass_rate(self) -> float | None:
        return self.passed / self.tasks if self.tasks else None


@dataclass(frozen=True, slots=True)
class Ratios:
    """A side as so many times the baseline; below 1 is less."""

    pass_rate: float | None
    total: float | None
    """Of the medians, as the next."""
    ttft: float | None
    tokens: float | None
    cost: float | None


def scores(results: Sequence[TaskResult], sides: Sequence[str]) -> tuple[Score, ...]:
    """One for each side, in their order; the first one is the baseline."""
    tried = [{result.task for result in results if result.side == side} for side in sides]
    common = set.intersection(*tried) if tried else set()
    return tuple(_score(side, [r for r in results if r.side == side], common) for side in sides)


def ratios(score: Score, baseline: Score) -> Ratios:
    """Against the baseline."""
    return Ratios(
        _ratio(score.pass_rate, baseline.pass_rate),
        _ratio(_median(score.total), _median(baseline.total)),
        _ratio(_median(score.ttft), _median(baseline.ttft)),
        _ratio(_tokens(score.spent), _tokens(baseline.spent)),
        _ratio(full_cost(score.spent), full_cost(baseline.spent)),
    )


def full_cost(spent: Spent) -> float | None:
    """Dollars; None where a part of it has no price."""
    return None if spent.unpriced else spent.cost


def _score(side: str, results: Sequence[TaskResult], common: set[str]) -> Score:
    model = next((result.turn.model for result in results), "")
    counted = [result for result in results if result.task in common]
    turns = [result.turn for result in counted]
    ended = [turn for turn in turns if turn.outcome is Outcome.COMPLETE]
    return Score(
        side,
        model,
        len(counted),
        sum(result.is_passed for result in counted),
        _spread("total_ms", ended),
        _spread("ttft_ms", ended),
        spent_by(turns),
    )


def _spread(key: str, turns: Sequence[TurnState]) -> Spread | None:
    metric = next(metric for metric in METRICS if metric.key == key)
    return spread_of(values_of(metric, turns))


def _median(spread: Spread | None) -> float | None:
    return spread.p50 if spread is not None else None


def _tokens(spent: Spent) -> float | None:
    return float(spent.input + spent.output) or None


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None
