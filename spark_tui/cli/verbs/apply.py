"""`apply`: a model's reply from stdin through the same engine, all or nothing.

The rule kept here: no network. The reply is read whole, then it is one turn like any other; if a
hunk has no place or the level does not take it, nothing is written at all.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from spark_tui.cli.arguments import Parser, accept_options, flags_of, session_options
from spark_tui.cli.face import Face, rooted
from spark_tui.cli.report import finish
from spark_tui.edits.formats.table import NAMES
from spark_tui.errors import LimitFault, UsageFault

MAX_REPLY = 64 << 20
MAX_SEEN = 64 << 20


def options(parser: Parser, verb: str) -> None:
    accept_options(parser, default="safe")
    parser.add_argument(
        "--format",
        choices=("auto", *NAMES),
        default="auto",
        help="the only format to look for (default: auto, any of them, also mixed)",
    )
    parser.add_argument(
        "--seen",
        type=Path,
        metavar="DIR",
        help="files as the model saw them, where they differ from the disk",
    )
    session_options(parser)


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings(flags_of(args, "accept"))
    level = "safe" if settings.accept == "ask" else settings.accept
    reply = _reply(face)
    seen = _seen(args.seen) if args.seen else {}
    formats = NAMES if args.format == "auto" else (args.format,)
    fresh = not args.go_on and args.session is None
    async with face.session(args, settings, fresh=fresh, resume=args.session) as session:
        await session.look()
        allowed = [rooted(session, args.where, p) for p in args.allow_sensitive]
        await session.apply_reply(
            reply, accept=level, allow_sensitive=allowed, seen=seen, formats=formats
        )
        return finish(face, session, wants_written=level != "none", wants_hunks=True)


def _reply(face: Face) -> str:
    stream = face.stdin
    if stream is None or stream.closed or stream.isatty():
        raise UsageFault("There is no reply on stdin.", hint="spark-tui apply < reply.txt")
    text = stream.read(MAX_REPLY + 1)
    if len(text) > MAX_REPLY:
        raise LimitFault("The reply is larger than 64 MiB.", hint="Nothing was written.")
    return text


def _seen(folder: Path) -> dict[str, bytes]:
    """Every plain file below the folder, by its path there."""
    if not folder.is_dir():
        raise UsageFault(f"There is no folder {folder}.", hint="--seen names a folder.")
    found: dict[str, bytes] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or ".git" in path.parts:
            continue
        total += path.stat().st_size
        if total > MAX_SEEN:
            raise LimitFault(f"More than 64 MiB in {folder}.", hint="Keep only the files meant.")
        found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found
