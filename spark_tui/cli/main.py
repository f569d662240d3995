"""The headless program: one row per verb, one way in, one way out.

The rule kept here: whatever ends a verb, the exit code is the documented one, and with --json
there is one document (but for wrong usage and our own bugs).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol, TextIO

from spark_tui.cli import document
from spark_tui.cli.about import SENTENCES, before_dashes, tell
from spark_tui.cli.arguments import Parser, verb_parser
from spark_tui.cli.boundary import say_bug
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face, Opener, supervised
from spark_tui.cli.output import Output
from spark_tui.errors import SparkFault


class Verb(Protocol):
    """A module of cli/verbs."""

    def options(self, parser: Parser, verb: str) -> None: ...

    async def run(self, args: argparse.Namespace, face: Face) -> int: ...


def run(
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    out: Output | None = None,
    stdin: TextIO | None = None,
    opener: Opener | None = None,
) -> int:
    """Run one verb. Never raises."""
    out = out or Output()
    out.is_json = "--json" in before_dashes(argv)
    face = Face(out, environ, stdin=stdin or sys.stdin, opener=opener)
    try:
        return int(_run(argv, face))
    except SparkFault as fault:
        return _faulted(face, fault)
    except (KeyboardInterrupt, asyncio.CancelledError):
        out.document(document.bare("interrupted", face.errors))
        return Exit.INTERRUPTED
    except BrokenPipeError:
        out.hush()
        return Exit.BROKEN_PIPE
    except Exception as error:
        say_bug(out, error)
        return Exit.BUG


def _run(argv: Sequence[str], face: Face) -> int:
    name = argv[0] if argv else ""
    if name not in SENTENCES:
        return tell(argv, face.out)
    verb = _verb(name)
    sentence = SENTENCES[name]
    parser = verb_parser(name, f"{sentence[:1].upper()}{sentence[1:]}.")
    verb.options(parser, name)
    rest = list(argv[1:])
    if any(word in ("-h", "--help") for word in before_dashes(rest)):
        face.out.is_json = False
        for line in parser.format_help().splitlines():
            face.out.line(line)
        return Exit.DONE
    args = parser.parse_args(rest)
    args.verb = name
    code = asyncio.run(supervised(face, verb.run(args, face)))
    if face.signal and not face.out.wrote_document:
        face.out.document(document.bare("interrupted", face.errors))
    face.out.end_prose()
    return code


def _faulted(face: Face, fault: SparkFault) -> int:
    face.fault(fault)
    if fault.exit_code != Exit.USAGE:
        face.out.document(document.bare("error", face.errors))
    return fault.exit_code


def _verb(name: str) -> Verb:
    """The module of a verb; only the one that is asked for is imported."""
    match name:
        case "edit":
            from spark_tui.cli.verbs import edit

            return edit
        case "apply":
            from spark_tui.cli.verbs import apply

            return apply
        case "hunks":
            from spark_tui.cli.verbs import hunks

            return hunks
        case "accept" | "reject":
            from spark_tui.cli.verbs import decide

            return decide
        case "undo" | "redo":
            from spark_tui.cli.verbs import undo

            return undo
        case "commit":
            from spark_tui.cli.verbs import commit

            return commit
        case "commit-msg":
            from spark_tui.cli.verbs import commit_msg

            return commit_msg
        case "hook":
            from spark_tui.cli.verbs import hook

            return hook
        case "sessions":
            from spark_tui.cli.verbs import sessions

            return sessions
        case "checkpoints":
            from spark_tui.cli.verbs import checkpoints

            return checkpoints
        case "log":
            from spark_tui.cli.verbs import log

            return log
        case "why":
            from spark_tui.cli.verbs import why

            return why
        case "restore":
            from spark_tui.cli.verbs import restore

            return restore
        case "context":
            from spark_tui.cli.verbs import context

            return context
        case "models":
            from spark_tui.cli.verbs import models

            return models
        case "stats":
            from spark_tui.cli.verbs import stats

            return stats
        case "bench":
            from spark_tui.cli.verbs import bench

            return bench
        case "doctor":
            from spark_tui.cli.verbs import doctor

            return doctor
        case _:
            from spark_tui.cli.verbs import config

            return config
