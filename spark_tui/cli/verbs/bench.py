"""`bench`: how fast an endpoint answers; with --compare, how well two models do the shipped tasks.

The rule kept here: nothing of the person's own files takes part. Requests are real and may cost
money, and --compare executes what a model wrote: both is said before it starts, and the second
needs a yes.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from io import UnsupportedOperation
from typing import TextIO

from spark_tui.cli import bench_report as report
from spark_tui.cli.arguments import Parser, flags_of, seconds, service_options
from spark_tui.cli.exits import Exit, of_code
from spark_tui.cli.face import Face
from spark_tui.errors import RefusedFault, UsageFault
from spark_tui.session.benching import LIMIT_S, Comparison, Ended, Side, TaskResult
from spark_tui.session.comparing import scores
from spark_tui.session.measuring import Measuring
from spark_tui.session.state import TurnState
from spark_tui.session.tasks import Task, load_tasks
from spark_tui.settings.config import Settings

TURNS = 10
MOST_TURNS = 1_000


def options(parser: Parser, verb: str) -> None:
    service_options(parser)
    parser.add_argument(
        "--turns", type=int, default=None, metavar="N", help=f"how many (default: {TURNS})"
    )
    parser.add_argument(
        "--compare",
        nargs=2,
        metavar=("A", "B"),
        help="A is the baseline; each is fast, smart, a preset or a model",
    )
    parser.add_argument(
        "--tasks", default="", metavar="N|NAMES", help="with --compare: only so many, or a,b,c"
    )
    parser.add_argument(
        "--yes", action="store_true", help="with --compare: run what the models write"
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=LIMIT_S,
        metavar="T",
        help=f"give an answer up after 30s, 500ms, ... (default: {LIMIT_S:g}s)",
    )


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings(flags_of(args, "model", "base_url"))
    if args.compare:
        if args.turns is not None:
            raise UsageFault("--turns is not for --compare.", hint="Use --tasks.")
        return await _compare(args, face, settings)
    if args.tasks or args.yes:
        raise UsageFault("--tasks and --yes are for --compare.", hint="Use --turns.")
    return await _measure(args, face, settings)


# -- one endpoint ----------------------------------------------------------------------------
async def _measure(args: argparse.Namespace, face: Face, settings: Settings) -> int:
    turns = TURNS if args.turns is None else args.turns
    if not 1 <= turns <= MOST_TURNS:
        raise UsageFault(f"--turns is 1 to {MOST_TURNS}.", hint=f"{TURNS} are a good start.")
    number = 0

    def tell(turn: TurnState) -> None:
        nonlocal number
        number += 1
        face.out.say(f"{number}/{turns} {report.turn_line(turn)}")

    work = Measuring(settings, face.environ, face.open_aside, tell=tell, limit_s=args.timeout)
    face.out.say(
        f"{_counted(turns, 'request')} about a sample repository. They are real and may cost money."
    )
    face.on_stop = work.stop
    try:
        await work.run(turns)
    finally:
        face.on_stop = None
    code = _code(face, work.ended)
    face.out.document(report.measured(work.endpoint, work.turns, _status(face, code), face.errors))
    for line in report.measured_lines(work.endpoint, work.turns):
        face.out.line(line)
    return code


# -- two models ------------------------------------------------------------------------------
async def _compare(args: argparse.Namespace, face: Face, settings: Settings) -> int:
    sides = [_side(name, settings, face) for name in args.compare]
    if sides[0].name == sides[1].name:
        raise UsageFault("Both sides are the same.", hint="spark-tui bench --compare fast smart")
    tasks = load_tasks(args.tasks)
    await _agree(args, face, tasks)
    number = 0

    def tell(result: TaskResult) -> None:
        nonlocal number
        number += 1
        total = len(tasks) * len(sides)
        face.out.say(f"{number}/{total} {result.task}, {result.side}: {report.outcome(result)}")

    work = Comparison(sides, tasks, face.open_aside, tell=tell, limit_s=args.timeout)
    face.on_stop = work.stop
    try:
        await work.run()
    finally:
        face.on_stop = None
    code = _code(face, work.ended)
    found = scores(work.results, [side.name for side in sides])
    names = [task.name for task in tasks]
    face.out.document(report.compared(found, work.results, names, _status(face, code), face.errors))
    for line in report.compared_lines(found, work.results):
        face.out.line(line)
    return code


def _side(name: str, settings: Settings, face: Face) -> Side:
    if name in ("fast", "smart"):
        return Side(name, name, settings, face.environ)
    if name == settings.models.fast:
        return Side(name, "fast", settings, face.environ)
    # What the person pays for the model of a role says nothing of another one.
    prices = replace(settings.prices, fast_input=0.0, fast_cached=0.0, fast_output=0.0)
    models = replace(settings.models, fast=name)
    return Side(name, "fast", replace(settings, models=models, prices=prices), face.environ)


async def _agree(args: argparse.Namespace, face: Face, tasks: Sequence[Task]) -> None:
    """Say what will happen; go on with a yes only."""
    a, b = args.compare
    face.out.say(
        f"{_counted(len(tasks), 'task')} for {a} and for {b}. The requests are real and may cost "
        "money. What the models write is executed here, in a temporary folder and with your "
        "rights, to see whether it passes the tests of the task."
    )
    if args.yes:
        return
    if face.stdin is None or face.stdin.closed or not face.stdin.isatty():
        raise UsageFault("Without a terminal this needs --yes.", hint="Nothing was sent.")
    face.out.say("Type yes to start:")
    if (await _line(face.stdin)).strip().lower() not in ("y", "yes"):
        raise RefusedFault("Not started.", hint="Nothing was sent.")


async def _line(stream: TextIO) -> str:
    """A line from the terminal; while it is waited for, signals are heard."""
    try:
        number = stream.fileno()
    except (OSError, UnsupportedOperation):
        return stream.readline()
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    loop.add_reader(number, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(number)
    return stream.readline()


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


# -- both ------------------------------------------------------------------------------------
def _code(face: Face, ended: Ended | None) -> Exit:
    if ended is None:
        return Exit.DONE
    face.trouble(ended.code, ended.message, ended.hint)
    return of_code(ended.code)


def _status(face: Face, code: Exit) -> str:
    if face.signal:
        return "interrupted"
    return "error" if code else "complete"
