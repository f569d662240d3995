"""`undo` and `redo`: the last decision, or a whole turn, back and forth.

The rule kept here: nothing to undo is success; what cannot be taken back is said and left alone.
"""

from __future__ import annotations

import argparse

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.cli.report import rows
from spark_tui.session.session import Acted, Session


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("--session", metavar="ID", help="of this session")
    if verb == "undo":
        parser.add_argument("--turn", type=int, metavar="N", help="this whole turn")


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings()
    async with face.session(args, settings, resume=args.session) as session:
        has_work = await _has_work(session, args)
        acted = await _act(session, args)
        hunks = [session.state.hunks[h] for h in acted.hunks]
        if has_work and not acted.done:
            face.trouble("conflict", acted.message, "Your files are unchanged.")
        refused = bool(face.errors)
        face.out.document(
            document.of_hunks(
                session.state,
                hunks,
                errors=face.errors,
                status="conflict" if refused else "applied",
            )
        )
        rows(face, hunks)
        if not refused:
            face.out.say(acted.message)
        return Exit.REFUSED if refused else Exit.DONE


async def _has_work(session: Session, args: argparse.Namespace) -> bool:
    if args.verb == "redo":
        return bool(session.state.taken_back)
    if args.turn is not None:
        return bool(await session.undo_preview(args.turn))
    return bool(session.state.acts)


async def _act(session: Session, args: argparse.Namespace) -> Acted:
    if args.verb == "redo":
        return await session.redo()
    if args.turn is not None:
        return await session.undo_turn(args.turn)
    return await session.undo()
