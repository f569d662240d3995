"""The figures of some turns as a page of text: a table, a small histogram in each of its rows, and
the histogram of the chosen one at full size.

The rule kept here: pure; the same turns and the same room give the same page. Shapes and signs
carry the meaning, colours are the theme's. What the figures are is session/figures.py's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isqrt

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from spark_tui.session.figures import (
    METRICS,
    Bin,
    Metric,
    Spent,
    dollars,
    histogram,
    spent_by,
    spread_of,
    values_of,
    written,
)
from spark_tui.session.state import TurnState
from spark_tui.text import one_line
from spark_tui.tui.widgets.chips import tokens

STEPS = "▁▂▃▄▅▆▇"
"""Not the full block: rows would grow into each other."""
PARTS = " ▏▎▍▌▋▊▉"
NAME, NUMBER = 12, 13
"""Columns of a figure's name and of each number."""
SMALL = (8, 40)
"""Columns of a small histogram, at least and at most."""
ROWS = (4, 12)
"""Rows of the large one."""
WIDEST = 100
"""Columns of its bars: longer ones are no easier to compare."""
FIXED = len(METRICS) + 5
"""Rows of everything else."""

EMPTY = """\
No turn was measured here yet.

After the first answer this page shows, for each model: how long the connection, the round trip, \
the first token (TTFT), the first hunk and the whole turn took, how fast it wrote, how much of the \
prompt was cached, and what it cost where the price is known (settings: prices.*).

Esc goes back; type what you want changed and press Enter."""


def models_of(turns: Sequence[TurnState]) -> list[str]:
    """The most used first; turns that asked nobody have none."""
    counts = Counter(turn.model for turn in turns if turn.model)
    return [model for model, _ in counts.most_common()]


def page(turns: Sequence[TurnState], chosen: int, width: int, height: int) -> Content:
    """The page about these turns."""
    if not any(values_of(metric, turns) for metric in METRICS):
        return Content(EMPTY)
    lines = [Content(total(turns, width)), Content(""), _head(width)]
    for at, metric in enumerate(METRICS):
        lines.append(_row(metric, values_of(metric, turns), width, is_chosen=at == chosen))
    lines += [Content(""), *_chart(METRICS[chosen], turns, width, height - FIXED)]
    return Content("\n").join(lines)


def total(turns: Sequence[TurnState], width: int) -> str:
    """12 turns (1 interrupted) · ~12k tokens in, 82 % cached · 3.1k out · $0.012."""
    ends = Counter(turn.outcome.value for turn in turns if turn.outcome is not None)
    ends.pop("complete", None)
    told = ", ".join(f"{count} {word}" for word, count in ends.items())
    parts = [f"{len(turns)} turn{'s' * (len(turns) != 1)}{f' ({told})' if told else ''}"]
    spent = spent_by(turns)
    if spent.input or spent.output:
        parts += _tokens(spent)
    if spent.cost is not None:
        part = f", {spent.unpriced} without a price" if spent.unpriced else ""
        parts.append(dollars(spent.cost, estimated=spent.cost_estimated) + part)
    while len(parts) > 1 and cell_len(" · ".join(parts)) > width:
        parts.pop()
    return " · ".join(parts)


def _tokens(spent: Spent) -> list[str]:
    mark = "~" if spent.estimated else ""
    share = spent.cached_share
    cached = f", {written(share, 'share')} cached" if share else ""
    into, out = (mark + tokens(count).lstrip("~") for count in (spent.input, spent.output))
    return [f"{into} tokens in{cached}", f"{out} out"]


def _head(width: int) -> Content:
    names = "".join(f"{name:>{NUMBER}}" for name in ("p50", "p95", "max"))
    line = f"  {'':<{NAME}}{'turns':>6}{names}"
    return Content(line if _small(width) == 0 else f"{line}   least to most").stylize("dim")


def _small(width: int) -> int:
    """Columns of the small histograms; 0 where there is no room."""
    least, most = SMALL
    room = width - (2 + NAME + 6 + 3 * NUMBER + 3) - 1
    return min(room, most) if room >= least else 0


def _row(metric: Metric, values: Sequence[float], width: int, *, is_chosen: bool) -> Content:
    sign = "› " if is_chosen else "  "
    look = "bold $accent" if is_chosen else ""
    spread = spread_of(values)
    if spread is None:
        return Content.assemble((f"{sign}{metric.name:<{NAME}}", look), (f"{'–':>6}", "dim"))
    numbers = "".join(
        f"{written(value, metric.unit):>{NUMBER}}"
        for value in (spread.p50, spread.p95, spread.most)
    )
    text = f"{sign}{metric.name:<{NAME}}{spread.count:>6}{numbers}"
    room = _small(width)
    shape = spark(histogram(values, _bins(len(values), *SMALL, room))) if room else ""
    return Content.assemble((text, look), "   ", (shape, "$primary"))


def spark(bins: Sequence[Bin]) -> str:
    """One column a bin, as high as its count; nothing where there is none.

    >>> spark([Bin(0, 1, 8), Bin(1, 2, 0), Bin(2, 3, 1)])
    '▇ ▁'
    """
    most = max((b.count for b in bins), default=0)
    return "".join(
        STEPS[max(0, -(-b.count * len(STEPS) // most) - 1)] if b.count else " " for b in bins
    )


def bar(count: int, most: int, width: int) -> str:
    """A bar of eighths of a column; something wherever there is something.

    >>> bar(4, 4, 3), bar(1, 8, 2), bar(1, 1000, 5), bar(0, 4, 3)
    ('███', '▎', '▏', '')
    """
    eighths = max(1, round(count / most * width * 8)) if count and most else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (PARTS[rest] if rest else "")


def _chart(metric: Metric, turns: Sequence[TurnState], width: int, rows: int) -> list[Content]:
    """The large histogram of one metric."""
    values = values_of(metric, turns)
    if not values:
        return [Content(f"{metric.name}: no turn of these has it").stylize("dim")]
    bins = histogram(values, _bins(len(values), *ROWS, rows))
    most = max(b.count for b in bins)
    labels = [_span(b, metric) for b in bins]
    wide = max(map(cell_len, labels))
    room = min(WIDEST, max(1, width - wide - 4 - len(f"{most:,}")))
    lines = [Content(metric.name).stylize("bold")]
    for label, b in zip(labels, bins, strict=True):
        shape = bar(b.count, most, room)
        gap = " " if shape else ""
        lines.append(
            Content.assemble(
                (f"{label:>{wide}}  ", "dim"),
                (shape, "$primary"),
                gap,
                (f"{b.count:,}", "" if b.count else "dim"),
            )
        )
    return lines


def _bins(values: int, least: int, most: int, room: int) -> int:
    """As many as so many values can fill and the room can hold."""
    return max(least, min(room, most, 2 * isqrt(values)))


def _span(b: Bin, metric: Metric) -> str:
    low, high = written(b.low, metric.unit), written(b.high, metric.unit)
    return low if b.low == b.high else f"{low} – {high}"


def heading(models: Sequence[str], at: int, width: int) -> str:
    """Which model the page is about, and which of how many; 0 is all of them together."""
    name = one_line(models[at - 1]) if at else "all models"
    where = f"  [ ] {at + 1} of {len(models) + 1}" if len(models) > 1 else ""
    room = max(4, width - len(where))
    if cell_len(name) > room:
        name = set_cell_size(name, room - 1) + "…"
    return name + where
