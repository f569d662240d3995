"""`stats`: what became of what each model wrote, what it cost and how fast it was.

The rule kept here: only journals are read, no lock is taken, nothing is asked of a service. What
is not known is left out, never shown as 0; what could not be read is said.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
from collections.abc import Mapping
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.cli.verbs.models import edits_in_words, edits_of
from spark_tui.edits.formats.tally import Record
from spark_tui.session.counting import Counted, Key, Row, count_all, root_of
from spark_tui.session.figures import METRICS, Metric, dollars, spread_of, written
from spark_tui.session.state import Status
from spark_tui.session.tallying import Formats

HUNKS = tuple(status.value for status in Status)
SHOWN = frozenset({"ttft_ms", "first_hunk_ms", "total_ms", "tokens_per_s"})
"""Metrics with a place in the text; the document has all."""


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("--all", action="store_true", help="over all work trees, not only this")
    parser.add_argument(
        "--since", type=day, metavar="DATE", help="only turns since 2026-11-01, or 2026-11-01T14:00"
    )


async def run(args: argparse.Namespace, face: Face) -> int:
    root = None if args.all else await asyncio.to_thread(root_of, args.where, face.environ)
    since: datetime.datetime | None = args.since
    counted = await asyncio.to_thread(
        count_all, face.environ, root, since=since.timestamp() if since else 0.0
    )
    tally = Formats(face.environ).load().models
    models = by_model(counted)
    _say_left_out(counted, face)
    face.out.document(
        {
            "schema": document.SCHEMA,
            "root": str(root) if root else None,
            "since": since.isoformat() if since else None,
            "worktrees": counted.worktrees,
            "sessions": counted.sessions,
            "models": [
                {
                    "model": model or None,
                    **_figures(_sum(rows)),
                    "by": [{**_apart(key), **_figures(row)} for key, row in rows.items()],
                    "edits": edits_of(tally.get(model, {})),
                }
                for model, rows in models.items()
            ],
            "errors": face.errors,
        }
    )
    for model, rows in models.items():
        for line in block(model, rows, tally.get(model, {})):
            face.out.line(line)
    if not models:
        when = f" since {since:%Y-%m-%d %H:%M}" if since else ""
        where = "of any work tree" if root is None else f"of {root}"
        face.out.say(f"no turn {where}{when} is on record")
    return Exit.DONE


def day(text: str) -> datetime.datetime:
    """A date, or a moment, in local time unless it says otherwise.

    >>> day("2026-11-01T14:00+00:00").isoformat()
    '2026-11-01T14:00:00+00:00'
    """
    try:
        found = datetime.datetime.fromisoformat(text)
        return found if found.tzinfo else found.astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write 2026-11-01") from error


def by_model(counted: Counted) -> dict[str, dict[Key, Row]]:
    """The most used first, in both."""
    ordered = sorted(counted.rows.items(), key=lambda item: -item[1].turns)
    found: dict[str, dict[Key, Row]] = {}
    for key, row in ordered:
        found.setdefault(key.model, {})[key] = row
    return dict(sorted(found.items(), key=lambda item: -_sum(item[1]).turns))


# -- the text ------------------------------------------------------------------------
def block(model: str, rows: Mapping[Key, Row], tally: Mapping[str, Record]) -> list[str]:
    """What is said of one model."""
    row = _sum(rows)
    lines = [model or "replies that came by apply"]
    lines.append(f"  {_counted(row.turns, 'turn')}: {_told(row.outcomes)}")
    total = sum(row.hunks.values())
    if total:
        extra = [
            f"{count} {word}"
            for count, word in ((row.refined, "refined"), (row.committed, "committed"))
            if count
        ]
        more = f"; of these {', '.join(extra)}" if extra else ""
        lines.append(f"  {_counted(total, 'hunk')}: {_told(row.hunks)}{more}")
    if spent := _spent(row):
        lines.append(f"  {spent}")
    medians = [
        f"{metric.name} {written(spread.p50, metric.unit)}"
        for metric in METRICS
        if metric.key in SHOWN and (spread := spread_of(row.values.get(metric.key, ())))
    ]
    if medians:
        lines.append(f"  median: {', '.join(medians)}")
    if len(rows) > 1:
        lines += [f"    {_words(key)}: {_counted(each.turns, 'turn')}, {_told(each.hunks)}"
                  for key, each in rows.items()]  # fmt: skip
    elif words := _words(next(iter(rows))):
        lines[0] += f"  ({words})" if model else ""
    if placed := edits_in_words(tally):
        lines.append(f"  {placed} (in all work trees)")
    return lines


def _spent(row: Row) -> str:
    spent = row.spent
    if not (spent.input or spent.output):
        return ""
    mark = "~" if spent.estimated else ""
    share = spent.cached_share
    cached = f" ({share * 100:.0f} % cached)" if share is not None else ""
    told = f"tokens: {mark}{spent.input:,} in{cached}, {mark}{spent.output:,} out"
    if spent.cost is None:
        return told
    partly = f" for {row.turns - spent.unpriced} of them" if spent.unpriced else ""
    return f"{told}, {dollars(spent.cost, estimated=spent.cost_estimated)}{partly}"


def _words(key: Key) -> str:
    return ", ".join(word for word in (key.role, key.wire, key.edit_format) if word)


def _told(counts: Mapping[str, int]) -> str:
    """2 accepted, 1 rejected: as they come in a hunk's life."""
    ordered = [*HUNKS, *(word for word in counts if word not in HUNKS)]
    told = [f"{counts[word]} {word.replace('_', ' ')}" for word in ordered if counts.get(word)]
    return ", ".join(told) or "no hunks"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"


# -- the document ----------------------------------------------------------------------
def _sum(rows: Mapping[Key, Row]) -> Row:
    total = Row()
    for row in rows.values():
        total.add(row)
    return total


def _apart(key: Key) -> dict[str, str | None]:
    return {"role": key.role or None, "wire": key.wire or None, "format": key.edit_format or None}


def _figures(row: Row) -> dict[str, Any]:
    spent = row.spent
    return {
        "turns": row.turns,
        "outcomes": dict(row.outcomes),
        "hunks": {
            **{word: row.hunks.get(word, 0) for word in HUNKS},
            "refined": row.refined,
            "committed": row.committed,
        },
        "tokens": {
            "input": spent.input,
            "cached": spent.cached,
            "output": spent.output,
            "reasoning": spent.reasoning,
            "estimated": spent.estimated,
        },
        "cost": spent.cost,
        "cost_estimated": spent.cost_estimated,
        "turns_without_price": spent.unpriced,
        **{metric.key: _spread(row, metric) for metric in METRICS},
    }


def _spread(row: Row, metric: Metric) -> dict[str, float | int] | None:
    spread = spread_of(row.values.get(metric.key, ()))
    if spread is None:
        return None
    digits = 1 if metric.unit in ("ms", "tok/s") else 6
    return {
        "count": spread.count,
        "median": round(spread.p50, digits),
        "p95": round(spread.p95, digits),
        "max": round(spread.most, digits),
    }


def _say_left_out(counted: Counted, face: Face) -> None:
    left = counted.left_out
    if left.newer:
        face.trouble(
            "journal_newer",
            f"Left out: {_counted(left.newer, 'journal')} of a newer version.",
            "Update spark-tui to count them.",
        )
    if left.unreadable:
        face.trouble(
            "journal_unreadable",
            f"Left out: {_counted(left.unreadable, 'journal')} that cannot be read.",
        )
    if left.torn:
        face.trouble(
            "journal_torn",
            f"{_counted(left.torn, 'journal')} with damaged lines: all other lines count.",
        )
