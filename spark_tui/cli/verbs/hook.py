"""`hook install` and `hook remove`: our line in the repository's prepare-commit-msg.

The rule kept here: a hook of somebody else is never overwritten, and remove takes away only ours.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from pathlib import Path

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face

_WORDS = {
    "installed": "installed: git commit begins with a drafted message now",
    "updated": "installed anew",
    "chained": "installed; the hook that was there is kept and runs first",
    "removed": "removed",
    "put_back": "removed; the hook that was there before is back",
    "absent": "there is no hook of spark-tui here",
}


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("what", choices=("install", "remove"), help="put it in, or take it out")
    parser.add_argument(
        "--force", action="store_true",
        help="beside a hook that is there (it runs first), or in a folder of several repositories",
    )  # fmt: skip


async def run(args: argparse.Namespace, face: Face) -> int:
    from spark_tui.session import hook_message

    if args.what == "install":
        done = await asyncio.to_thread(
            hook_message.install, args.where, face.environ, _program(), force=args.force
        )
    else:
        done = await asyncio.to_thread(hook_message.remove, args.where, face.environ)
    body = document.bare("applied", face.errors)
    body["hook"] = {"what": done.what, "path": str(done.path)}
    face.out.document(body)
    face.out.line(f"{done.path}: {_WORDS[done.what]}")
    if done.note:
        face.out.say(done.note)
    return Exit.DONE


def _program() -> str:
    """This program as another process can start it."""
    own = Path(sys.argv[0])
    if own.name == "spark-tui" and own.is_file():
        return str(own.resolve())
    beside = Path(sys.executable).with_name("spark-tui")
    return str(beside) if beside.is_file() else shutil.which("spark-tui") or "spark-tui"
