"""The parsers: options every verb shares, those of the app, durations.

The rule kept here: a mistake is a UsageFault like any other, help fits 80 columns, and a key is
never an argument. What a verb's own options are stands in its file.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from spark_tui.errors import UsageFault
from spark_tui.options import RESUME, AppOptions

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}


class Parser(argparse.ArgumentParser):
    """argparse that raises our fault and leaves writing to the caller."""

    def __init__(self, prog: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=_formatter,
            allow_abbrev=False,
            add_help=False,
        )
        self.color = False
        self.add_argument("-h", "--help", action="store_true", help="show this help")

    def error(self, message: str) -> NoReturn:
        raise UsageFault(f"{message[:1].upper()}{message[1:]}.", hint=f"See {self.prog} --help.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise UsageFault(message or "Wrong usage.", hint=f"See {self.prog} --help.")


def verb_parser(name: str, sentence: str) -> Parser:
    """A parser with what every verb takes."""
    parser = Parser(f"spark-tui {name}", sentence)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument(
        "-C", dest="where", type=Path, default=Path(), metavar="DIR", help="work in this folder"
    )
    return parser


def service_options(parser: Parser) -> None:
    """Which model, where."""
    parser.add_argument("--model", metavar="M", help="a preset, an id, or a chain: spark,sol")
    parser.add_argument("--base-url", metavar="URL", help="the service to ask")


def session_options(parser: Parser) -> None:
    """Which session, where not a new one."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--session", metavar="ID", help="go on with this session")
    chosen.add_argument(
        "-c", "--continue", dest="go_on", action="store_true", help="go on with the current session"
    )


def accept_options(parser: Parser, *, default: str) -> None:
    """What is written without a person."""
    parser.add_argument(
        "--accept",
        choices=("none", "safe", "all"),
        help=f"what to write: nothing, unflagged hunks, all (default: {default})",
    )
    parser.add_argument(
        "--allow-sensitive",
        action="append",
        default=[],
        metavar="PATH",
        help="also this ignored, secret-looking or self-running file, or all in this folder",
    )


def flags_of(args: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The settings among the arguments, as `settings.config.load` takes them."""
    return {name: value for name in names if (value := getattr(args, name, None)) is not None}


def app_options(argv: Sequence[str], environ: Mapping[str, str]) -> AppOptions:
    """What the screen is started with."""
    if argv and argv[0] == RESUME:
        parser = app_parser()
        parser.add_argument("session", nargs="?", default="")
        # The first bare word is the session, a second one the folder.
        args = parser.parse_args([*argv[1:]])
        words = [str(args.path) if args.path != Path() else "", args.session]
        args.resume, args.path = words[0], Path(words[1])
    else:
        args = app_parser().parse_args(argv)
    flags = flags_of(args, "model", "base_url", "theme", "mouse", "low_bandwidth")
    return AppOptions(
        path=args.path,
        resume=args.resume,
        fresh=not args.go_on and args.resume is None,
        flags=flags,
        environ=environ,
    )


def app_parser(epilog: str = "") -> Parser:
    parser = Parser(
        "spark-tui", "Pair with a fast model on a git repository, hunk by hunk.", epilog
    )
    parser.formatter_class = _raw_formatter
    parser.add_argument("path", type=Path, nargs="?", default=Path(), help="folder or repository")
    parser.add_argument(
        "-c", "--continue", dest="go_on", action="store_true", help="go on with the last session"
    )
    parser.add_argument(
        "-r", "--resume", nargs="?", const="", metavar="ID", help="choose a session to go on with"
    )
    service_options(parser)
    parser.add_argument("--theme", metavar="NAME", help="colours (themes/, or your own)")
    parser.add_argument(
        "--no-mouse", dest="mouse", action="store_const", const=False, help="leave the mouse alone"
    )
    parser.add_argument("--low-bandwidth", action="store_const", const=True, help="draw less often")
    parser.add_argument("--version", action="store_true", help="show the version")
    return parser


def seconds(text: str) -> float:
    """150ms, 2s, 1m, or a bare number of seconds.

    >>> seconds("150ms"), seconds("2")
    (0.15, 2.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|)", text)
    if found is None or float(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 150ms or 2s")
    return float(found[1]) * _UNITS[found[2]]


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, width=79, max_help_position=26)


def _raw_formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, width=79, max_help_position=26)
