"""`commit-msg`: drafts the message of a plain `git commit`, for git's prepare-commit-msg hook.

The rule kept here: it never fails a commit. The exit code is 0 but for wrong usage; where nothing
could be drafted the file is as it was, and one line on stderr says why.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser, flags_of, seconds, service_options
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.errors import SparkFault

DEFAULT_S = 8.0


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the message file git made")
    parser.add_argument(
        "source", nargs="?", default="", metavar="SOURCE",
        help="message, merge, squash and commit leave FILE alone",
    )  # fmt: skip
    parser.add_argument("commit", nargs="?", default="", metavar="SHA", help=argparse.SUPPRESS)
    service_options(parser)
    parser.add_argument(
        "--timeout", type=seconds, default=DEFAULT_S, metavar="S",
        help="give up after this time (default: 8s)",
    )  # fmt: skip


async def run(args: argparse.Namespace, face: Face) -> int:
    from spark_tui.session.hook_message import draft_into

    if face.environ.get("SPARK_TUI_COMMIT"):
        return _end(face, "")
    try:
        said = await draft_into(
            args.where / args.file, args.source, where=args.where, environ=face.environ,
            settings=face.settings(flags_of(args, "model", "base_url")), timeout_s=args.timeout,
        )  # fmt: skip
    except SparkFault as fault:  # the settings cannot be read: not the commit's trouble
        said = f"No message was drafted: {fault.message}"
    return _end(face, said)


def _end(face: Face, said: str) -> int:
    if said:
        face.out.say(f"spark-tui: {said}")
        face.errors.append(document.problem("left", said))
    body = document.bare("refused" if said else "applied", face.errors)
    face.out.document(body)
    return Exit.DONE
