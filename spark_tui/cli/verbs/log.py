"""`log`: the operation log of a session, or of all of this work tree, newest first.

The rule kept here: reading takes no lock and makes no session. Prompts, subjects and lines of files
are shown with well-known tokens masked; an entry is one line, whatever its names hold.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face, rooted
from spark_tui.errors import UsageFault
from spark_tui.session.history import Operation
from spark_tui.session.policy import redact
from spark_tui.session.session import Session
from spark_tui.text import one_line

_SHOWN = 3
"""Hunks, files and prompts of an entry that have room on its line."""


def options(parser: Parser, verb: str) -> None:
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--session", metavar="ID", help="of this session")
    whose.add_argument("--all", action="store_true", help="of all sessions of this work tree")
    parser.add_argument(
        "-n", dest="limit", type=_count, default=50, metavar="N", help="at most N (default: 50)"
    )
    parser.add_argument("-p", "--patch", action="store_true", help="show what each did to files")
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="only what is about these files or folders"
    )


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings()
    async with face.session(args, settings, fresh=True, lock=False) as session:
        history = session.history
        paths = [rooted(session, args.where, name) for name in args.files]
        chosen = args.session or await history.current()
        if args.session and ("/" in chosen or not await history.has(chosen)):
            raise UsageFault(f"There is no session {chosen} for this work tree.")
        log = await history.operations(chosen, every=args.all, limit=args.limit, paths=paths)
        for why in log.left_out:
            face.trouble("unreadable", f"The journal of session {why}: it is left out.")
        patches = [await _patch(session, each) if args.patch else None for each in log.operations]
        rows = list(zip(log.operations, patches, strict=True))
        face.out.document(
            {
                "schema": document.SCHEMA,
                "operations": [_document(each, patch) for each, patch in rows],
                "errors": face.errors,
            }
        )
        for each, patch in rows:
            face.out.line(row(each, named=args.all))
            for line in "".join(patch or ()).splitlines():
                face.out.line(f"  {line}")
        if not rows:
            face.out.say("no operations")
    return Exit.DONE


async def _patch(session: Session, operation: Operation) -> tuple[str, ...]:
    return tuple(redact(text) for text in await session.history.diff(operation))


def row(operation: Operation, *, named: bool = False) -> str:
    """o4  2026-11-27 13:31  accepted t1h1 · calc.py · "swap both" · taken back by o5."""
    name = operation.full_name if named else operation.name
    what = " ".join([operation.words, _few(operation.hunks, "hunks")]).strip()
    parts = [what.removesuffix(":")]
    if operation.paths:
        parts.append(_few([one_line(path) for path in operation.paths], "files"))
    for asked in operation.asked[:_SHOWN]:
        if asked.model:  # a reply that came by `apply` was asked of nobody
            parts.append(f'"{one_line(redact(asked.prompt))}" ({one_line(asked.model)})')
    if operation.commit:
        parts.append(f"{operation.commit[:9]} {one_line(redact(operation.subject))}".strip())
    if operation.note:
        parts.append(one_line(redact(operation.note)))
    if operation.taken_back_by:
        parts.append(f"taken back by o{operation.taken_back_by}")
    return f"{name}  {when(operation.at)}  {' · '.join(parts)}"


def when(at: float) -> str:
    """A moment in the person's own time."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "at an unknown time"


def _few(names: Sequence[str], what: str) -> str:
    return ", ".join(names) if len(names) <= _SHOWN else f"{len(names)} {what}"


def _document(operation: Operation, patch: Sequence[str] | None) -> dict[str, Any]:
    def entry(number: int | None) -> str | None:
        return f"o{number}" if number else None

    body: dict[str, Any] = {
        "id": operation.name,
        "session": operation.session,
        "at": operation.at,
        "kind": operation.kind,
        "hunks": list(operation.hunks),
        "files": [document.path_fields(path) for path in operation.paths],
        "checkpoint": operation.checkpoint or None,
        "commit": operation.commit or None,
        "subject": redact(operation.subject) or None,
        "takes_back": entry(operation.takes_back),
        "restored_to": None if operation.to is None else f"o{operation.to}",
        "taken_back_by": entry(operation.taken_back_by),
        "note": redact(operation.note) or None,
        "asked": [
            {
                "turn": a.turn,
                "prompt": redact(a.prompt) if a.model else None,
                "model": a.model or None,
                "role": a.role or None,
            }
            for a in operation.asked
        ],
    }
    if patch is not None:
        body["diff"] = "".join(patch)
    return body


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of entries")
    return int(text)
