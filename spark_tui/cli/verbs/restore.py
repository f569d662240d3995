"""`restore`: files and hunks as they were right after an entry of the log, or in a checkpoint.

The rule kept here: what a person has done since stays, or their file is left alone and that is said
(exit 6). A restore is an entry itself: `undo` takes it back. Commits are never moved.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face, rooted
from spark_tui.errors import UsageFault
from spark_tui.session.restore_plan import Restored, RestoredFile, RestorePlan
from spark_tui.session.session import Session
from spark_tui.session.since import Moment, moment_of
from spark_tui.text import one_line


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("--session", metavar="ID", help="of this session")
    parser.add_argument(
        "--dry-run", action="store_true", help="only say which files would change, and how"
    )
    parser.add_argument(
        "--take",
        action="store_true",
        help="also files where your later edits are in the way; they are in the checkpoint then",
    )
    parser.add_argument(
        "target", metavar="OP|CHECKPOINT", help="o17 (o0: the beginning), SESSION/o17, or an id"
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these files or folders")


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings()
    owner, moment = moment_of(args.target)
    if owner and args.session not in (None, owner):
        raise UsageFault(f"{args.target} is of another session.", hint="One session at a time.")
    owner = args.session or owner
    if moment.checkpoint:
        async with face.session(args, settings, fresh=True, lock=False) as looking:
            full, made_by = await looking.history.checkpoint(moment.checkpoint)
            moment = replace(moment, checkpoint=full)
            if not owner and await looking.history.has(made_by):
                owner = made_by
    async with face.session(args, settings, resume=owner or None, lock=not args.dry_run) as session:
        return await _restore(args, face, session, moment)


async def _restore(args: argparse.Namespace, face: Face, session: Session, moment: Moment) -> int:
    paths = [rooted(session, args.where, name) for name in args.paths] or None
    stood = {h.id: h.status.value for h in session.state.hunks.values()}
    done: Restored | None = None
    if args.dry_run:
        plan = await session.restoring.preview(moment, paths, take=args.take)
    else:
        done = await session.restoring.restore(moment, paths, take=args.take)
        plan = done.plan
    for file in plan.clashes:
        face.trouble(
            "conflict", f"{file.clash}.", "It is left as it is; --take restores it all the same."
        )
    for why in plan.index.left:
        face.trouble("conflict", f"{why}.")
    if done is not None and done.late:
        face.trouble("locked", f"The index did not follow: {done.late}")
    refused = bool(face.errors)
    status = "conflict" if refused else "pending" if args.dry_run and not plan.does_nothing else ""
    face.out.document(_document(session, plan, done, face, stood, status or "applied"))
    for file in plan.files:
        if line := row(file):
            face.out.line(line)
    for hunk in plan.hunks:
        face.out.line(f"{hunk.hunk} {stood[hunk.hunk]} -> {hunk.status}")
    for path in plan.index.back:
        face.out.line(f"index   {one_line(path)}")
    for commit in plan.commits:
        face.out.say(f"commit {commit[:9]} stays: spark-tui undo --commit {commit[:9]}")
    for note in plan.notes:
        face.out.say(f"cannot be taken back: {one_line(note)}")
    if plan.does_nothing:
        face.out.say("nothing to restore")
    elif done is not None:
        face.out.say(f"{done.told} (o{done.op}; spark-tui undo takes it back)")
    return Exit.REFUSED if refused else Exit.DONE


def row(file: RestoredFile) -> str:
    """update  calc.py +1 -2; "" for a file that is as it was."""
    name = one_line(file.path)
    if file.change:
        return f"{file.change:<7} {name} +{file.added} -{file.removed}"
    return f"left    {name}" if file.clash else ""


def _document(
    session: Session,
    plan: RestorePlan,
    done: Restored | None,
    face: Face,
    stood: dict[Any, str],
    status: str,
) -> dict[str, Any]:
    return {
        "schema": document.SCHEMA,
        "session": session.state.session,
        "status": status,
        "restored_to": f"o{plan.to}",
        "operation": f"o{done.op}" if done is not None and done.op else None,
        "checkpoint": (done.checkpoint or None) if done is not None else None,
        "files": [
            {
                **document.path_fields(file.path),
                "change": file.change or None,
                "added": file.added,
                "removed": file.removed,
                "reason": file.clash or None,
            }
            for file in plan.files
        ],
        "hunks": [
            {"id": row.hunk, "was": stood[row.hunk], "status": row.status} for row in plan.hunks
        ],
        "index": [document.path_fields(path) for path in plan.index.back],
        "commits": list(plan.commits),
        "notes": list(plan.notes),
        "errors": face.errors,
    }
