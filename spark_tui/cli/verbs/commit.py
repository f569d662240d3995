"""`commit`: the accepted hunks, and only them, through the user's own git.

The rule kept here: the index and other changes stay as they are; what a hook or git says is shown
as it was said.
"""

from __future__ import annotations

import argparse

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit, of_code
from spark_tui.cli.face import Face
from spark_tui.errors import UsageFault
from spark_tui.session.session import CommitDone, Session


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("--session", metavar="ID", help="of this session")
    parser.add_argument(
        "-m", "--message", metavar="MSG", help="the message (default: the model writes it)"
    )


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings()
    if args.message is not None and not args.message.strip():
        raise UsageFault("The message is empty.", hint='spark-tui commit -m "Fix the retry"')
    async with face.session(args, settings, resume=args.session) as session:
        hunks = list(session.state.accepted_hunks())
        message = args.message or await _drafted(session)
        done = await session.commit(message)
        if isinstance(done, CommitDone):
            body = document.of_hunks(session.state, hunks, errors=face.errors, status="applied")
            body["commit"] = {"id": done.commit, "subject": done.subject}
            face.out.document(body)
            face.out.line(f"{done.commit} {done.subject}")
            if done.note:
                face.out.say(done.note)
            return Exit.DONE
        for line in done.output.splitlines():
            face.out.say(f"  {line}")
        face.trouble(done.code, done.message, done.hint)
        face.out.document(
            document.of_hunks(session.state, hunks, errors=face.errors, status="refused")
        )
        return of_code(done.code)


async def _drafted(session: Session) -> str:
    if not any(True for _ in session.state.accepted_hunks()):
        return ""
    await session.draft_message()
    return session.state.message
