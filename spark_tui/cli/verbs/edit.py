"""`edit`: one prompt, streamed to its end; what may be written is written.

The rule kept here: nothing is asked. What would need a yes is refused with the option that says
it. `--accept none` lists; `safe` and `all` write, and only if every hunk has its place.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import stat
from collections.abc import Callable
from io import UnsupportedOperation
from pathlib import Path

from spark_tui.cli.arguments import (
    Parser,
    accept_options,
    flags_of,
    seconds,
    service_options,
    session_options,
)
from spark_tui.cli.face import Face, rooted
from spark_tui.cli.offering import missing
from spark_tui.cli.report import Progress, finish
from spark_tui.errors import LimitFault, ModelMissing, RefusedFault, UsageFault
from spark_tui.session.events import Outcome
from spark_tui.session.session import Plan, Session

MAX_STDIN = 1 << 20


def options(parser: Parser, verb: str) -> None:
    service_options(parser)
    parser.add_argument(
        "--path", action="append", default=[], metavar="P", help="send this file along"
    )
    accept_options(parser, default="none")
    session_options(parser)
    parser.add_argument(
        "--timeout", type=seconds, metavar="T", help="give up after 30s, 500ms, ..."
    )
    parser.add_argument(
        "--go-on",
        dest="resumes",
        action="store_true",
        help="go on with the cut answer or the failed request of the session (with -c)",
    )
    parser.add_argument("prompt", nargs="*", help="what to do; stdin is added to it")


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings(flags_of(args, "model", "base_url", "accept"))
    level = "none" if settings.accept == "ask" else settings.accept
    if args.resumes and (args.prompt or not (args.go_on or args.session)):
        raise UsageFault(
            "--go-on takes no prompt and needs a session.", hint="spark-tui edit -c --go-on"
        )
    prompt = "" if args.resumes else _needed(prompt_of(" ".join(args.prompt), face))
    fresh = not args.go_on and args.session is None
    async with face.session(args, settings, fresh=fresh, resume=args.session) as session:
        await session.look()
        named = [existing(session, args.where, p) for p in args.path]
        allowed = [rooted(session, args.where, p) for p in args.allow_sensitive]
        plan = await _ready(session, prompt, named, allowed, resumes=args.resumes)
        progress = Progress(face, session)
        late = _Late(args.timeout, session.stop)
        face.on_stop = session.stop
        forget = session.listen(progress.hear)
        try:
            if args.resumes:
                outcome = await session.go_on(accept=level, allow_sensitive=allowed)
            else:
                outcome = await session.run(
                    prompt, plan=plan, accept=level, allow_sensitive=allowed
                )
        finally:
            forget()
            late.forget()
            face.on_stop = None
        if late.came and outcome is Outcome.INTERRUPTED:
            face.trouble(
                "timeout", f"Stopped after {args.timeout:g} s.", "Finished hunks are kept."
            )
        turn = session.state.turns[max(session.state.turns)]
        if turn.code == ModelMissing.code and (offer := await session.service.check_model()):
            face.fault(missing(offer))
        return finish(face, session, wants_written=level != "none")


async def _ready(
    session: Session, prompt: str, named: list[str], allowed: list[str], *, resumes: bool
) -> Plan | None:
    """What is sent; while it is looked up, the service says whether it has the model."""
    check = session.service.check_model()
    if resumes:
        plan, offer = None, await check
    else:
        plan, offer = await asyncio.gather(_plan(session, prompt, named, allowed), check)
    if offer is not None:
        raise missing(offer)
    return plan


async def _plan(session: Session, prompt: str, named: list[str], allowed: list[str]) -> Plan:
    for path in allowed:
        session.confirm(path)
    plan = await session.plan(prompt, named=named)
    if plan.blocked:
        rows = ", ".join(f"{chip.path} ({chip.note})" for chip in plan.blocked)
        first = plan.blocked[0].path
        raise RefusedFault(f"Not sent: {rows}.", hint=f"If you mean it: --allow-sensitive {first}")
    return plan


class _Late:
    """Stops the work after a while; a no-op without a limit."""

    def __init__(self, limit_s: float | None, stop: Callable[[], None]) -> None:
        self.came = False
        self._stop = stop
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(limit_s, self._come) if limit_s else None

    def _come(self) -> None:
        self.came = True
        self._stop()

    def forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def existing(session: Session, where: Path, name: str) -> str:
    """A file that goes along, as the session names it. Raises UsageFault."""
    path = rooted(session, where, name)
    if not (Path(session.state.root) / path).is_file():
        raise UsageFault(f"There is no file {name}.", hint="--path names files that are sent.")
    return path


def _needed(prompt: str) -> str:
    if not prompt.strip():
        raise UsageFault("There is no prompt.", hint="spark-tui edit -- add a retry to the fetcher")
    return prompt


def prompt_of(words: str, face: Face) -> str:
    """What is asked: the words and what was piped in."""
    extra = _piped(face)
    if not extra.strip():
        return words
    if not words.strip():
        return extra
    return f"{words}\n\n<stdin>\n{extra}\n</stdin>"


def _piped(face: Face) -> str:
    """What was piped in; a terminal, /dev/null or a closed stdin is nothing."""
    stream = face.stdin
    if stream is None or stream.closed or stream.isatty():
        return ""
    try:
        kind = os.fstat(stream.fileno()).st_mode
    except (OSError, UnsupportedOperation):
        kind = stat.S_IFREG
    if stat.S_ISCHR(kind):
        return ""
    if stat.S_ISFIFO(kind):
        face.out.say("reading stdin (close it with </dev/null if there is nothing)")
    text = stream.read(MAX_STDIN + 1)
    if len(text) > MAX_STDIN:
        raise LimitFault("More than 1 MiB on stdin.", hint="Send the part that matters.")
    return text.encode("utf-8", "replace").decode("utf-8")
