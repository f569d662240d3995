"""`models`: what the service offers, with what we know of each, its edits so far included; and the
table of presets: where each leads, and whether its key is there.

The rule kept here: one free request, with --presets none; no session, nothing is stored, no key
shown.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser, flags_of, service_options
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.edits.formats.tally import Record
from spark_tui.session.link import ROLES, Link
from spark_tui.session.offering import is_called
from spark_tui.session.preset_rows import PresetRow, preset_rows
from spark_tui.session.session import ModelInfo
from spark_tui.session.tallying import Formats


def options(parser: Parser, verb: str) -> None:
    service_options(parser)
    parser.add_argument(
        "--presets", action="store_true", help="only models known by name; nobody is asked"
    )


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings(flags_of(args, "model", "base_url"))
    link = Link(settings, face.environ)
    listed: Sequence[ModelInfo] = ()
    try:
        if not args.presets:
            listed = await link.models()
    finally:
        await link.close()
    presets = preset_rows(link)
    known = Formats(face.environ).load().models
    here = link.endpoint.base_url
    chosen = {
        link.model_of(role): role
        for role in reversed(ROLES)
        if link.target(role).endpoint.base_url == here
    }
    face.out.document(
        {
            "schema": document.SCHEMA,
            "base_url": here,
            "models": [
                {**_row(info, chosen.get(info.id)), "edits": edits_of(known.get(info.id, {}))}
                for info in listed
            ],
            "presets": [_preset(row) for row in presets],
            "errors": [],
        }
    )
    for info in listed:
        notes = [chosen.get(info.id, ""), info.preset, info.price_class]
        speed = f"~{info.speed} tok/s" if info.speed else ""
        placed = edits_in_words(known.get(info.id, {}))
        ends = f"shut down on {info.shutdown}" if info.shutdown else ""
        told = ", ".join(n for n in (*notes, speed, ends, placed) if n)
        face.out.line(f"{info.id}{'  (' + told + ')' if told else ''}")
    if listed:
        face.out.line("")
    for row in presets:
        face.out.line(_in_words(row))
    _advise(face, link, listed)
    return Exit.DONE


def _advise(face: Face, link: Link, listed: Sequence[ModelInfo]) -> None:
    """What is wanted and not there, and where the other role lives."""
    wanted = link.model_of("fast")
    if listed and not any(is_called(info, wanted) for info in listed):
        suggested = link.suggest(listed)
        hint = f" Try --model {suggested.id}." if suggested else ""
        face.out.say(f"{wanted} is not listed there.{hint}")
    smart = link.target("smart")
    if listed and smart.endpoint.base_url != link.endpoint.base_url:
        face.out.say(
            f"smart is {link.model_of('smart')} at {smart.endpoint.base_url}: "
            f"spark-tui models --model {smart.word} lists what is there."
        )


def _in_words(row: PresetRow) -> str:
    """spark  gpt-5.3-codex-spark at api.openai.com  (fast, OPENAI_API_KEY set, listed, high)."""
    listed = {True: "listed", False: "not listed", None: ""}[row.listed]
    speed = f"~{row.speed} tok/s" if row.speed else ""
    own = "yours" if row.own else ""
    notes = (row.role, row.key_in_words, listed, row.price_class, speed, own)
    told = ", ".join(note for note in notes if note)
    return f"{row.name:<16} {row.model or 'what it lists'} at {row.host}  ({told})"


def _preset(row: PresetRow) -> dict[str, object]:
    price = row.price
    return {
        "name": row.name,
        "model": row.model,
        "base_url": row.base_url,
        "env_key": row.env_key,
        "env_key_set": row.is_set,
        "key_from": row.key_from or None,
        "usable": row.usable,
        "listed": row.listed,
        "role": row.role or None,
        "own": row.own,
        "window": row.window,
        "speed": row.speed,
        "price_class": row.price_class,
        "price": price and {"input": price.input, "cached": price.cached, "output": price.output},
    }


def _row(info: ModelInfo, role: str | None) -> dict[str, object]:
    return {
        "id": info.id,
        "role": role,
        "owned_by": info.owned_by,
        "preset": info.preset,
        "speed": info.speed,
        "price_class": info.price_class,
        "window": info.window,
        "shutdown": info.shutdown,
    }


def edits_of(rows: Mapping[str, Record]) -> dict[str, dict[str, int | bool]]:
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


def edits_in_words(rows: Mapping[str, Record]) -> str:
    """edits placed: v4a 40 of 42."""
    told = [
        f"{name} {row.located + row.repaired} of {row.hunks}{' (demoted)' * row.is_demoted}"
        for name, row in rows.items()
        if row.hunks
    ]
    return f"edits placed: {', '.join(told)}" if told else ""
