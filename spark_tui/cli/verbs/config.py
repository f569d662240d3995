"""`config`: every setting with its value, where it comes from, and `config forget-key`; the
person's own presets are among them.

The rule kept here: a key is never shown, only where it was found.
"""

from __future__ import annotations

import argparse
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser, flags_of
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.session.link import ROLES, Link
from spark_tui.settings.config import PRESETS, Settings, Spec, specs, user_file
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
    keys = _keys(settings, face)
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
            "presets": [
                {"name": row.name, "values": dict(row.values), "origin": row.where}
                for row in settings.presets
            ],
            "key_from": key.origin if key else None,
            "keys": keys,
            "errors": [],
        }
    )
    for row in rows:
        origin = f"  # {row['origin']}" if args.show_origin else ""
        face.out.line(f"{row['key']} = {_written(row['value'])}{origin}")
    for own in settings.presets:
        origin = f"  # {own.where}" if args.show_origin else ""
        for name, value in own.values.items():
            face.out.line(f"{PRESETS}.{own.name}.{name} = {_written(value)}{origin}")
    for told in keys:
        origin = f"from {told['from']}" if told["from"] else "none"
        face.out.say(f"key of {told['roles']}, for {told['base_url']}: {origin}")
    face.out.say(f"file: {user_file(face.environ)}")
    return Exit.DONE


def _keys(settings: Settings, face: Face) -> list[dict[str, str | None]]:
    """Where the key of each role comes from, by service."""
    link = Link(settings, face.environ)
    found: dict[str, list[str]] = {}
    for role in ROLES:
        found.setdefault(link.target(role).endpoint.base_url, []).append(role)
    return [
        {"base_url": url, "roles": " and ".join(roles), "from": link.key_from(roles[0]) or None}
        for url, roles in found.items()
    ]


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
