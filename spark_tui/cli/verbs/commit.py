"""`commit`: accepted hunks, and only them, through the user's own git; or what they staged.

The rule kept here: the index and other changes stay as they are; what a hook or git says is shown
as it was said, and a message that could not be used yet is kept for the next try.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TypeVar

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit, of_code
from spark_tui.cli.face import Face
from spark_tui.errors import UsageFault
from spark_tui.session.events import HunkId
from spark_tui.session.session import Choice, CommitDone, CommitRefused, Session
from spark_tui.settings.config import Settings

T = TypeVar("T")


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("hunks", nargs="*", metavar="ID", help="of these hunks (default: all)")
    parser.add_argument("--session", metavar="ID", help="of this session")
    parser.add_argument(
        "-m", "--message", metavar="MSG", help="the message (default: the model writes it)"
    )
    parser.add_argument(
        "--staged", action="store_true", help="what you staged yourself, and no hunk"
    )
    parser.add_argument(
        "--amend", action="store_true",
        help="in the place of the last commit, if it is yours and not pushed",
    )  # fmt: skip


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings()
    if args.message is not None and not args.message.strip():
        raise UsageFault("The message is empty.", hint='spark-tui commit -m "Fix the retry"')
    if args.staged and (args.hunks or args.amend):
        raise UsageFault(
            "--staged takes your index as it is: it goes with neither hunks nor --amend."
        )
    chosen = tuple(HunkId(h) for h in args.hunks) or None
    choice = Choice(chosen, is_staged=args.staged, amend=args.amend)
    async with AsyncExitStack() as stack:
        session = await _opened(stack, args, face, settings)
        ids = [h.id for h in session.state.accepted_hunks() if chosen is None or h.id in chosen]
        message = args.message or await _message(session, choice, face)
        hand = _Tty(face) if face.stdin is not None and face.stdin.isatty() else None
        face.on_stop = session.stop_commit
        done = await session.commit(message, choice, hand=hand)
        face.on_stop = None
        hunks = [] if args.staged else [session.state.hunks[h] for h in ids]
        if isinstance(done, CommitDone):
            body = document.of_hunks(session.state, hunks, errors=face.errors, status="applied")
            body["commit"] = {
                "id": done.commit, "subject": done.subject, "changed": list(done.changed)
            }  # fmt: skip
            face.out.document(body)
            face.out.line(f"{done.commit} {done.subject}")
            if done.note:
                face.out.say(done.note)
            return Exit.DONE
        if message:
            session.committing.keep(message, choice)
        _tell(face, done, was_heard=hand is not None and hand.was_heard)
        body = document.of_hunks(session.state, hunks, errors=face.errors, status="refused")
        body["findings"] = [
            {**document.path_fields(f.path), "line": f.line, "column": f.column,
             "message": f.message}
            for f in done.findings
        ]  # fmt: skip
        body["changed"] = list(done.changed)
        face.out.document(body)
        return of_code(done.code)


async def _opened(
    stack: AsyncExitStack, args: argparse.Namespace, face: Face, settings: Settings
) -> Session:
    """The current session; who commits what they staged themselves needs none."""
    try:
        return await stack.enter_async_context(face.session(args, settings, resume=args.session))
    except UsageFault:
        if not args.staged or args.session:
            raise
        return await stack.enter_async_context(face.session(args, settings, fresh=True))


def _tell(face: Face, no: CommitRefused, *, was_heard: bool) -> None:
    if not was_heard:
        for line in no.output.splitlines():
            face.out.say(f"  {line}")
    face.trouble(no.code, no.message, no.hint)
    if no.changed:
        face.out.say(f"  A hook changed: {', '.join(no.changed)}")


async def _message(session: Session, choice: Choice, face: Face) -> str:
    """What was kept of an earlier try, the old message of an amend, else a draft."""
    state = session.state
    kept = state.commit_draft
    if kept is not None and (kept.amend, kept.is_staged) == (choice.amend, choice.is_staged):
        face.out.say("The message of the last try is used; -m gives another.")
        return kept.text
    if choice.amend:
        last = await session.committing.last()
        return last.message if last is not None else ""
    if not choice.is_staged and not any(True for _ in state.accepted_hunks()):
        return ""
    await session.draft_message(choice)
    return state.message


class _Tty:
    """The terminal that this program runs in: git may ask there."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self.was_heard = False

    def tell(self, text: str) -> None:
        self.was_heard = True
        self._face.out.pass_on(text)

    def lend(self, job: Callable[[], T]) -> T | None:
        del job  # no screen has to be put away
        return None
