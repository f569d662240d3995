"""`models`: what the service offers, with what we know of each, its edits so far included.

The rule kept here: one free request, no session, nothing is stored.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser, flags_of, service_options
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.edits.formats.tally import Record
from spark_tui.session.link import Link
from spark_tui.session.session import ModelInfo
from spark_tui.session.tallying import Formats


def options(parser: Parser, verb: str) -> None:
    service_options(parser)


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings(flags_of(args, "model", "base_url"))
    link = Link(settings, face.environ, None)
    try:
        listed = await link.models()
    finally:
        await link.close()
    known = Formats(face.environ).load().models
    chosen = {settings.models.fast: "fast", settings.models.smart: "smart"}
    face.out.document(
        {
            "schema": document.SCHEMA,
            "base_url": settings.base_url,
            "models": [
                {**_row(info, chosen.get(info.id)), "edits": _edits(known.get(info.id, {}))}
                for info in listed
            ],
            "errors": [],
        }
    )
    for info in listed:
        notes = [chosen.get(info.id, ""), info.preset, info.price_class]
        speed = f"~{info.speed} tok/s" if info.speed else ""
        placed = _placed(known.get(info.id, {}))
        told = ", ".join(n for n in (*notes, speed, placed) if n)
        face.out.line(f"{info.id}{'  (' + told + ')' if told else ''}")
    if not any(info.id in chosen for info in listed):
        suggested = link.suggest(listed)
        hint = f" Try --model {suggested.id}." if suggested else ""
        face.out.say(f"{settings.models.fast} is not listed there.{hint}")
    return Exit.DONE


def _row(info: ModelInfo, role: str | None) -> dict[str, object]:
    return {
        "id": info.id,
        "role": role,
        "owned_by": info.owned_by,
        "preset": info.preset,
        "speed": info.speed,
        "price_class": info.price_class,
        "window": info.window,
    }


def _edits(rows: Mapping[str, Record]) -> dict[str, dict[str, int | bool]]:
    """What became of its edits, by the format in which they were asked for."""
    return {
        name: {
            "replies": row.replies,
            "well_formed": row.well_formed,
            "hunks": row.hunks,
            "located": row.located,
            "repaired": row.repaired,
            "unplaced": row.unplaced,
            "demoted": row.is_demoted,
        }
        for name, row in rows.items()
    }


def _placed(rows: Mapping[str, Record]) -> str:
    """edits placed: v4a 40 of 42."""
    told = [
        f"{name} {row.located + row.repaired} of {row.hunks}{' (demoted)' * row.is_demoted}"
        for name, row in rows.items()
        if row.hunks
    ]
    return f"edits placed: {', '.join(told)}" if told else ""
