"""`models`: what the service offers, with what we know of each.

The rule kept here: one free request, no session, nothing is stored.
"""

from __future__ import annotations

import argparse

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser, flags_of, service_options
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.session.link import Link
from spark_tui.session.session import ModelInfo


def options(parser: Parser, verb: str) -> None:
    service_options(parser)


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings(flags_of(args, "model", "base_url"))
    link = Link(settings, face.environ, None)
    try:
        listed = await link.models()
    finally:
        await link.close()
    chosen = {settings.models.fast: "fast", settings.models.smart: "smart"}
    face.out.document(
        {
            "schema": document.SCHEMA,
            "base_url": settings.base_url,
            "models": [_row(info, chosen.get(info.id)) for info in listed],
            "errors": [],
        }
    )
    for info in listed:
        notes = [chosen.get(info.id, ""), info.preset, info.price_class]
        speed = f"~{info.speed} tok/s" if info.speed else ""
        told = ", ".join(n for n in (*notes, speed) if n)
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
