"""`hunks`: what the current session proposes, as a list, a diff or JSON with both sides.

The rule kept here: reading takes no lock, so it works beside a running app.
"""

from __future__ import annotations

import argparse

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.cli.report import row
from spark_tui.edits.diff import hunk_rows
from spark_tui.session.session import Session
from spark_tui.session.state import HunkState


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("--session", metavar="ID", help="of this session")
    parser.add_argument("--turn", type=int, metavar="N", help="of this turn only")
    parser.add_argument("-p", "--patch", action="store_true", help="show the lines")


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings()
    async with face.session(args, settings, resume=args.session, lock=False) as session:
        await session.anchor()
        state = session.state
        hunks = [
            h
            for h in state.hunks.values()
            if args.turn in (None, h.turn) and state.standing((h.id,))  # no part of what is whole
        ]
        face.out.document(
            document.of_hunks(
                state,
                hunks,
                turn=state.turns.get(args.turn) if args.turn else None,
                errors=face.errors,
                with_text=True,
            )
        )
        for hunk in hunks:
            face.out.line(row(hunk))
            if args.patch:
                for line in _patch(session, hunk):
                    face.out.line("  " + line)
        if not hunks:
            face.out.say("no hunks")
        return Exit.DONE


def _patch(session: Session, hunk: HunkState) -> list[str]:
    if hunk.place is None:
        return [f"{sign}{text}" for sign, text in hunk.lines]
    base = session.state.snapshots.get(hunk.base or "")
    return [f"{r.sign}{r.text}" for r in hunk_rows(base, hunk.place, context=3)]
