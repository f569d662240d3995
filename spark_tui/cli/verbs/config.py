"""`config`: every setting with its value, where it comes from, and `config forget-key`.

The rule kept here: a key is never shown, only where it was found.
"""

from __future__ import annotations

import argparse
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser, flags_of
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.settings.config import Settings, Spec, specs, user_file
from spark_tui.settings.credentials import find_key, forget_key


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("--show-origin", action="store_true", help="say where each comes from")
    parser.add_argument("--base-url", metavar="URL", help="the service the key belongs to")
    parser.add_argument("action", nargs="?", choices=("forget-key",), help="remove the kept key")


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings(flags_of(args, "base_url"))
    if args.action == "forget-key":
        return _forget(settings, face)
    key = find_key(settings, face.environ)
    rows = [
        {
            "key": spec.key,
            "value": _value(settings, spec),
            "origin": settings.origin_of(spec.key),
            "env": spec.env,
            "doc": spec.doc,
        }
        for spec in specs()
    ]
    face.out.document(
        {
            "schema": document.SCHEMA,
            "file": str(user_file(face.environ)),
            "settings": rows,
            "key_from": key.origin if key else None,
            "errors": [],
        }
    )
    for row in rows:
        origin = f"  # {row['origin']}" if args.show_origin else ""
        face.out.line(f"{row['key']} = {_written(row['value'])}{origin}")
    face.out.say(f"key: {'from ' + key.origin if key else 'none for ' + settings.base_url}")
    face.out.say(f"file: {user_file(face.environ)}")
    return Exit.DONE


def _forget(settings: Settings, face: Face) -> int:
    gone = forget_key(settings.base_url, face.environ)
    sentence = "forgotten" if gone else "none was kept"
    face.out.document({"schema": document.SCHEMA, "forgotten": gone, "errors": []})
    face.out.say(f"key for {settings.base_url}: {sentence}")
    return Exit.DONE


def _value(settings: Settings, spec: Spec) -> Any:
    value: Any = settings
    for part in spec.key.split("."):
        value = getattr(value, part)
    return value


def _written(value: Any) -> str:
    from spark_tui.settings.toml import dump

    return dump("none" if value is None else value)
