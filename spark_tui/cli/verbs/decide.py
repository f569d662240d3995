"""`accept` and `reject`: a person's word on hunks by their ids.

The rule kept here: ids are checked before anything is written; deciding twice is no error.
"""

from __future__ import annotations

import argparse

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.cli.report import rows
from spark_tui.errors import UnknownHunk, UsageFault
from spark_tui.session.events import Decision, HunkId


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("--session", metavar="ID", help="of this session")
    parser.add_argument("ids", nargs="+", metavar="ID", help="t3h2, or SESSION/t3h2")


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings()
    wanted, resume = _ids(args.ids, args.session)
    decision = Decision.ACCEPTED if args.verb == "accept" else Decision.REJECTED
    async with face.session(args, settings, resume=resume) as session:
        unknown = [h for h in wanted if h not in session.state.hunks]
        if unknown:
            raise UnknownHunk(
                f"There is no hunk {unknown[0]} in this session.", hint="See spark-tui hunks."
            )
        decided = await session.decide(wanted, decision)
        hunks = [session.state.hunks[h] for h in (*wanted, *decided.proposals)]
        for hid, why in decided.refused:
            face.trouble("refused", f"{hid}: {why}.", "Look at it with spark-tui hunks -p.")
        for hid in decided.conflicts:
            message = session.state.hunks[hid].message or "the file on disk differs"
            face.trouble("conflict", f"{hid}: {message}.", "Your file is unchanged.")
        for hid in decided.proposals:
            face.out.say(f"  {hid} would take {session.state.hunks[hid].undoes} out over your edit")
        refused = bool(decided.refused or decided.conflicts)
        status = "conflict" if decided.conflicts else "refused" if decided.refused else "applied"
        face.out.document(
            document.of_hunks(session.state, hunks, errors=face.errors, status=status)
        )
        rows(face, hunks)
        return Exit.REFUSED if refused else Exit.DONE


def _ids(names: list[str], session: str | None) -> tuple[list[HunkId], str | None]:
    """Short ids, and the one session that the full names agree on."""
    found: list[HunkId] = []
    for name in names:
        owner, slash, short = name.rpartition("/")
        if slash and session not in (None, owner):
            raise UsageFault(f"{name} is of another session.", hint="One session at a time.")
        session = owner if slash else session
        found.append(HunkId(short))
    return list(dict.fromkeys(found)), session
