"""What `bench` found, as a document and as a page of text.

The rule kept here: both come from the same figures; what is not known is null, and a dash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.document import Problem
from spark_tui.session.benching import TaskResult, failure_of
from spark_tui.session.comparing import Ratios, Score, full_cost, ratios
from spark_tui.session.figures import (
    METRICS,
    Metric,
    Spent,
    Spread,
    dollars,
    histogram,
    spent_by,
    spread_of,
    values_of,
    written,
)
from spark_tui.session.state import TurnState

TIMED = ("ttft_ms", "total_ms")
"""Shown as a histogram, too."""
BINS = 8
BAR = 40
DASH = "–"


# -- one endpoint ----------------------------------------------------------------------------
def measured(
    base_url: str, turns: Sequence[TurnState], status: str, errors: Sequence[Problem]
) -> dict[str, Any]:
    """The document about one endpoint."""
    whole = ended(turns)
    return {
        "schema": document.SCHEMA,
        "status": status,
        "base_url": base_url,
        "model": turns[-1].model if turns else None,
        "wire": turns[-1].wire or None if turns else None,
        "turns": len(turns),
        "failed": len(turns) - len(whole),
        "figures": {m.key: _spread(spread_of(values_of(m, whole)), m) for m in METRICS},
        "histogram": {
            m.key: [
                {"low": round(b.low, 1), "high": round(b.high, 1), "count": b.count}
                for b in histogram(values_of(m, whole), BINS)
            ]
            for m in _timed()
        },
        "usage": _usage(spent_by(turns)),
        "errors": list(errors),
    }


def measured_lines(base_url: str, turns: Sequence[TurnState]) -> Iterable[str]:
    """The same for a person."""
    whole = ended(turns)
    if not whole:
        return
    last = whole[-1]
    yield f"{last.model} at {base_url}, over {last.wire}"
    yield ""
    yield f"{'':<12}{'p50':>14}{'p95':>14}{'most':>14}  turns"
    for metric in METRICS:
        spread = spread_of(values_of(metric, whole))
        if spread is not None:
            cells = (written(v, metric.unit) for v in (spread.p50, spread.p95, spread.most))
            yield f"{metric.name:<12}{''.join(f'{c:>14}' for c in cells)}  {spread.count:>5}"
    for metric in _timed():
        yield from _bars(metric, values_of(metric, whole))
    spent = spent_by(turns)
    yield ""
    yield f"tokens: {_tokens(spent)}, cost: {_cost(spent)}"


def turn_line(turn: TurnState) -> str:
    """How a turn went."""
    failed = failure_of(turn)
    if failed is not None:
        return f"failed: {failed.message}"
    first = written(turn.ttft_ms, "ms") if turn.ttft_ms is not None else DASH
    return f"first token {first}, whole {written(turn.duration_ms, 'ms')}"


def ended(turns: Iterable[TurnState]) -> list[TurnState]:
    """Those whose answer came to its end: only they are measured."""
    return [turn for turn in turns if failure_of(turn) is None]


def _timed() -> list[Metric]:
    return [metric for metric in METRICS if metric.key in TIMED]


def _bars(metric: Metric, values: Sequence[float]) -> Iterable[str]:
    bins = histogram(values, BINS)
    if len(bins) < 2:
        return
    most = max(one.count for one in bins)
    yield ""
    yield metric.name
    for one in bins:
        span = f"{written(one.low, metric.unit)} to {written(one.high, metric.unit)}"
        bar = "█" * round(BAR * one.count / most)
        yield f"  {span:>24}  {bar}{' ' * bool(bar)}{one.count}"


# -- a comparison ----------------------------------------------------------------------------
def compared(
    found: Sequence[Score],
    results: Sequence[TaskResult],
    tasks: Sequence[str],
    status: str,
    errors: Sequence[Problem],
) -> dict[str, Any]:
    """The document about a comparison; the first side is the baseline."""
    return {
        "schema": document.SCHEMA,
        "status": status,
        "baseline": found[0].side,
        "tasks": list(tasks),
        "sides": [
            {
                "name": score.side,
                "model": score.model or None,
                "tasks": score.tasks,
                "passed": score.passed,
                "pass_rate": _short(score.pass_rate),
                "total_ms": _spread(score.total),
                "ttft_ms": _spread(score.ttft),
                "usage": _usage(score.spent),
                "against_baseline": _ratios(ratios(score, found[0])),
            }
            for score in found
        ],
        "results": [_result(result) for result in results],
        "errors": list(errors),
    }


def compared_lines(found: Sequence[Score], results: Sequence[TaskResult]) -> Iterable[str]:
    """The same for a person: a column for each side, and what each missed."""
    if not found[0].tasks:
        return
    names = [f"{found[0].side} (baseline)", *(score.side for score in found[1:])]
    itself = Ratios(None, None, None, None, None)
    pairs = [(found[0], itself), *((score, ratios(score, found[0])) for score in found[1:])]
    rows: list[tuple[str, list[str]]] = [
        ("", names),
        ("model", [score.model for score in found]),
        ("passed", [_passed(s) + _times(r.pass_rate) for s, r in pairs]),
        ("time, median", [_median(s.total) + _times(r.total) for s, r in pairs]),
        ("TTFT, median", [_median(s.ttft) + _times(r.ttft) for s, r in pairs]),
        ("tokens", [_tokens(s.spent) + _times(r.tokens) for s, r in pairs]),
        ("cost", [_cost(s.spent) + _times(r.cost) for s, r in pairs]),
    ]
    width = max(len(cell) for _, cells in rows for cell in cells) + 3
    for name, cells in rows:
        yield f"{name:<14}{''.join(f'{cell:<{width}}' for cell in cells)}".rstrip()
    missed = [result for result in results if not result.is_passed]
    if missed:
        yield ""
    for result in missed:
        yield f"{result.task}, {result.side}: {outcome(result)}"


def outcome(result: TaskResult) -> str:
    """How a task went, in a line."""
    if result.is_passed:
        return f"passed, {written(result.turn.duration_ms, 'ms')}"
    return f"{_WORDS[result.ending.value]}{': ' + result.why if result.why else ''}"


_WORDS = {
    "test": "its tests fail",
    "no_edit": "nothing to write",
    "unplaced": "an edit has no place",
    "refused": "not to be written without a yes",
    "incomplete": "the answer is not whole",
    "timeout": "too late",
    "fault": "no answer",
}


def _result(result: TaskResult) -> dict[str, Any]:
    turn = result.turn
    spent = spent_by([turn])
    return {
        "side": result.side,
        "task": result.task,
        "outcome": result.ending.value,
        "why": result.why,
        "code": turn.code or None,
        "hunks": len(turn.hunks),
        "ttft_ms": _tenth(turn.ttft_ms),
        "total_ms": _tenth(turn.duration_ms),
        "usage": _usage(spent),
    }


def _ratios(found: Ratios) -> dict[str, float | None]:
    return {
        "pass_rate": _short(found.pass_rate),
        "total_ms": _short(found.total),
        "ttft_ms": _short(found.ttft),
        "tokens": _short(found.tokens),
        "cost": _short(found.cost),
    }


# -- figures ---------------------------------------------------------------------------------
def _spread(spread: Spread | None, metric: Metric | None = None) -> dict[str, Any] | None:
    """In the words of `stats`."""
    if spread is None:
        return None
    digits = 1 if metric is None or metric.unit in ("ms", "tok/s") else 6
    return {
        "count": spread.count,
        "median": round(spread.p50, digits),
        "p95": round(spread.p95, digits),
        "max": round(spread.most, digits),
    }


def _usage(spent: Spent) -> dict[str, Any]:
    return {
        "input": spent.input,
        "cached": spent.cached,
        "output": spent.output,
        "reasoning": spent.reasoning,
        "estimated": spent.estimated,
        "cost": full_cost(spent),
    }


def _passed(score: Score) -> str:
    rate = score.pass_rate
    told = f", {written(rate, 'share')}" if rate is not None else ""
    return f"{score.passed} of {score.tasks}{told}"


def _median(spread: Spread | None) -> str:
    return written(spread.p50, "ms") if spread else DASH


def _tokens(spent: Spent) -> str:
    mark = "~" if spent.estimated else ""
    share = spent.cached_share
    cached = f" ({written(share, 'share')} cached)" if share else ""
    return f"{mark}{spent.input:,} in{cached}, {mark}{spent.output:,} out"


def _cost(spent: Spent) -> str:
    cost = full_cost(spent)
    return DASH if cost is None else dollars(cost, estimated=True)


def _times(ratio: float | None) -> str:
    return f"  ×{ratio:.2f}" if ratio is not None else ""


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
