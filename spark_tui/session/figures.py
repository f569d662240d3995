"""What the figures of many turns say together: spread, histogram, cost, tokens.

The rule kept here: values and arithmetic only, no clock, no file. What is not known is None, never
0; a count of our own is marked as estimated. A turn's own moments come from meter.py, the price of
a model from targets.py.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from spark_tui.session.standing import TurnState
from spark_tui.session.terms import TokenUse, TurnFigures

PER = 1_000_000
"""Prices are for so many tokens."""
LOG_FROM = 8.0
"""When the largest value is so many times the smallest, bins grow with the values."""


# -- cost --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens."""

    input: float
    cached: float
    output: float


def cost_of(use: TokenUse, price: Price | None) -> float | None:
    """Dollars; None where the price is not known, or nothing was used."""
    if price is None or not _was_used(use):
        return None
    cached = min(use.cached, use.input)
    paid = (use.input - cached) * price.input + cached * price.cached + use.output * price.output
    return paid / PER


def _was_used(use: TokenUse) -> bool:
    return bool(use.input or use.output)


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and dollars of some turns."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    estimated: bool = False
    """Part of it is our own count."""
    reported: int = 0
    """Input tokens of the turns that a service counted whole."""
    reported_cached: int = 0
    """Of these."""
    cost: float | None = None
    """Of the turns whose cost is known."""
    cost_estimated: bool = False
    """Part of it comes from our own count of tokens."""
    unpriced: int = 0
    """Turns that used tokens at a price that is not known."""

    @property
    def cached_share(self) -> float | None:
        """Of the input; None where no service said."""
        return self.reported_cached / self.reported if self.reported else None

    @classmethod
    def of(cls, turn: TurnState) -> Spent:
        """One turn."""
        use = turn.usage
        cost = turn.figures.cost if turn.figures is not None else None
        is_ours = use.estimated and _was_used(use)
        return cls(
            use.input,
            use.cached,
            use.output,
            use.reasoning,
            estimated=is_ours,
            reported=0 if use.estimated else use.input,
            reported_cached=0 if use.estimated else min(use.cached, use.input),
            cost=cost,
            cost_estimated=is_ours and cost is not None,
            unpriced=int(cost is None and _was_used(use)),
        )

    def __add__(self, other: Spent) -> Spent:
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Spent(
            self.input + other.input,
            self.cached + other.cached,
            self.output + other.output,
            self.reasoning + other.reasoning,
            self.estimated or other.estimated,
            self.reported + other.reported,
            self.reported_cached + other.reported_cached,
            sum(costs) if costs else None,
            self.cost_estimated or other.cost_estimated,
            self.unpriced + other.unpriced,
        )


# -- spread ------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Spread:
    """Where values lie."""

    count: int
    p50: float
    p95: float
    most: float


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the values that so large a share of them does not exceed.

    >>> percentile([10.0, 20.0, 30.0, 40.0], 0.5), percentile([10.0, 20.0], 0.95)
    (20.0, 20.0)
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread_of(values: Iterable[float]) -> Spread | None:
    """None for no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return Spread(len(ordered), percentile(ordered, 0.5), percentile(ordered, 0.95), ordered[-1])


@dataclass(frozen=True, slots=True)
class Bin:
    """Values from `low` up to `high`; the last bin holds `high`, too."""

    low: float
    high: float
    count: int


def histogram(values: Sequence[float], bins: int) -> tuple[Bin, ...]:
    """Side by side from the smallest value to the largest; one bin where all are the same.

    >>> [b.count for b in histogram([1.0, 1.5, 2.0, 5.0], 4)]
    [2, 1, 0, 1]
    """
    if not values:
        return ()
    low, high = min(values), max(values)
    if low == high or bins < 2:
        return (Bin(low, high, len(values)),)
    grows = low > 0 and high / low >= LOG_FROM
    if grows:
        least, most = math.log(low), math.log(high)
        inner = [math.exp(least + (most - least) * at / bins) for at in range(1, bins)]
    else:
        inner = [low + (high - low) * at / bins for at in range(1, bins)]
    edges = [low, *(min(max(edge, low), high) for edge in inner), high]
    counts = [0] * bins
    for value in values:
        counts[_place(value, edges)] += 1
    return tuple(Bin(edges[at], edges[at + 1], counts[at]) for at in range(bins))


def _place(value: float, edges: Sequence[float]) -> int:
    """The bin of a value: looked up in the edges, so that bins hold what they say."""
    return min(len(edges) - 2, max(0, bisect_right(edges, value, 0, len(edges) - 1) - 1))


# -- what is measured --------------------------------------------------------------
Unit = Literal["ms", "tok/s", "share", "dollars"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a turn, None where the turn has no such moment."""

    key: str
    """In documents."""
    name: str
    """On the screen."""
    unit: Unit
    of: Callable[[TurnState], float | None]


def _measured(pick: Callable[[TurnFigures], float | None]) -> Callable[[TurnState], float | None]:
    return lambda turn: pick(turn.figures) if turn.figures is not None else None


def _cached(turn: TurnState) -> float | None:
    use = turn.usage
    return None if use.estimated or not use.input else min(use.cached, use.input) / use.input


def _ttft(turn: TurnState) -> float | None:
    """Journals had it before they had the other figures."""
    return turn.figures.ttft_ms if turn.figures is not None else turn.ttft_ms


METRICS: tuple[Metric, ...] = (
    Metric(
        "connect_ms", "connect", "ms", _measured(lambda f: f.connect_ms if f.connect_ms else None)
    ),
    Metric("sent_ms", "sent", "ms", _measured(lambda f: f.sent_ms)),
    Metric("round_trip_ms", "round trip", "ms", _measured(lambda f: f.round_trip_ms)),
    Metric("ttft_ms", "TTFT", "ms", _ttft),
    Metric("first_hunk_ms", "first hunk", "ms", _measured(lambda f: f.first_hunk_ms)),
    Metric("total_ms", "whole turn", "ms", _measured(lambda f: f.total_ms)),
    Metric("tokens_per_s", "speed", "tok/s", _measured(lambda f: f.tokens_per_s or None)),
    Metric("cached_share", "cached", "share", _cached),
    Metric("turn_cost", "cost", "dollars", _measured(lambda f: f.cost)),
)
"""In the order of a turn. "connect" is of turns that had to."""


def values_of(metric: Metric, turns: Iterable[TurnState]) -> list[float]:
    """Of the turns that have it."""
    found = (metric.of(turn) for turn in turns)
    return [value for value in found if value is not None]


def spent_by(turns: Iterable[TurnState]) -> Spent:
    """Tokens and dollars of these turns."""
    return sum((Spent.of(turn) for turn in turns), Spent())


# -- in words ----------------------------------------------------------------------
def written(value: float, unit: Unit) -> str:
    """A figure as a person reads it.

    >>> written(0.42, "ms"), written(41.2, "ms"), written(1234.0, "ms"), written(75_000.0, "ms")
    ('0.4 ms', '41 ms', '1.2 s', '1 min 15 s')
    >>> written(987.4, "tok/s"), written(0.823, "share"), written(0.0123, "dollars")
    ('987 tok/s', '82 %', '$0.012')
    """
    match unit:
        case "ms" if value < 9.95:
            return f"{value:.1f} ms"
        case "ms" if value < 999.5:
            return f"{value:.0f} ms"
        case "ms" if value < 59_950:
            return f"{value / 1000:.1f} s"
        case "ms":
            minutes, seconds = divmod(round(value / 1000), 60)
            return f"{minutes} min {seconds} s"
        case "tok/s":
            return f"{value:,.0f} tok/s"
        case "share":
            return f"{value * 100:.0f} %"
        case "dollars":
            return dollars(value)


def dollars(cost: float, *, estimated: bool = False) -> str:
    """Two digits that count for small sums, cents for large ones.

    >>> dollars(0.00042), dollars(0.0123), dollars(3.456, estimated=True), dollars(0.000001)
    ('$0.00042', '$0.012', '~$3.46', '<$0.00001')
    """
    mark = "~" if estimated else ""
    if 0 < cost < 0.000_01:
        return f"{mark}<$0.00001"
    if cost >= 1 or cost == 0:
        return f"{mark}${cost:,.2f}"
    digits = max(2, 1 - math.floor(math.log10(cost)))
    return f"{mark}${cost:.{digits}f}"
