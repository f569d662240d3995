"""`undo` and `redo`: the last decision, a whole turn, or a commit, back and forth.

The rule kept here: nothing to undo is success; what cannot be taken back is said and left alone,
and what only a person can decide is in the document as a hunk. No pushed commit is rewritten.
"""

from __future__ import annotations

import argparse
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit, of_code
from spark_tui.cli.face import Face
from spark_tui.cli.report import rows
from spark_tui.errors import UsageFault
from spark_tui.session.session import Acted, Session
from spark_tui.session.undo_preview import Preview


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("--session", metavar="ID", help="of this session")
    if verb != "undo":
        return
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--turn", type=int, metavar="N", help="this whole turn")
    what.add_argument(
        "--commit",
        nargs="?",
        const="",
        metavar="ID",
        help="this commit of the session, with its changes (default: the newest)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="with --commit: its changes stay, accepted"
    )
    parser.add_argument(
        "--revert",
        action="store_true",
        help="with --commit: by a commit that takes it out, also where it is pushed",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only say which files would change, and how"
    )


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings()
    is_undo = args.verb == "undo"
    if is_undo and (args.keep or args.revert) and args.commit is None:
        raise UsageFault("--keep and --revert are about a commit.", hint="undo --commit --keep")
    is_look = is_undo and args.dry_run
    async with face.session(args, settings, resume=args.session, lock=not is_look) as session:
        if is_look:
            return await _preview(session, args, face)
        has_work = await _has_work(session, args)
        acted = await _act(session, args)
        hunks = [session.state.hunks[h] for h in (*acted.hunks, *acted.proposals)]
        if has_work and not acted.done:
            for line in acted.output.splitlines():
                face.out.say(f"  {line}")
            hint = acted.hint or _hint(acted, "Your files are unchanged.")
            face.trouble(acted.code or "conflict", acted.message, hint)
        elif acted.proposals:
            face.trouble("conflict", acted.message, _hint(acted))
        refused = bool(face.errors)
        body = document.of_hunks(
            session.state,
            hunks,
            errors=face.errors,
            status=_status(acted) if refused else "applied",
        )
        undone = session.state.uncommitted[-1:] if is_undo and args.commit is not None else []
        if acted.done and undone:
            how, by = undone[-1].how, undone[-1].by
            body["commit"] = {"id": undone[-1].commit, "how": how, "by": by or None}
        face.out.document(body)
        rows(face, hunks)
        if not refused:
            face.out.say(acted.message)
        return _code(acted) if refused else Exit.DONE


def _status(acted: Acted) -> str:
    return "conflict" if acted.code in ("", "conflict") else "refused"


def _code(acted: Acted) -> int:
    if acted.code == "locked":
        return Exit.FORBIDDEN
    return of_code(acted.code) if acted.code and not acted.proposals else Exit.REFUSED


def _hint(acted: Acted, otherwise: str = "") -> str:
    if not acted.proposals:
        return otherwise
    ids = " ".join(acted.proposals)
    return f"Look with spark-tui hunks -p; spark-tui accept {ids} takes it out, reject leaves it."


async def _has_work(session: Session, args: argparse.Namespace) -> bool:
    if args.verb == "redo":
        return bool(session.state.taken_back) or session.undoing.can_bring_back
    if args.commit is not None:
        return True
    if args.turn is not None:
        return bool(await session.undo_preview(args.turn))
    return bool(session.state.acts) or session.undoing.can_bring_back


async def _act(session: Session, args: argparse.Namespace) -> Acted:
    if args.verb == "redo":
        return await session.redo()
    if args.commit is not None:
        return await session.undoing.undo_commit(args.commit, keep=args.keep, revert=args.revert)
    if args.turn is not None:
        return await session.undo_turn(args.turn)
    return await session.undo()


# -- a look first ------------------------------------------------------------------
async def _preview(session: Session, args: argparse.Namespace, face: Face) -> int:
    seen = await session.undoing.preview(turn=args.turn, commit=args.commit)
    ids = dict.fromkeys([*(h for f in seen.files for h in f.hunks), *(h for h, _ in seen.stuck)])
    status = "applied" if seen.is_empty else "pending"
    body = document.of_hunks(session.state, [session.state.hunks[h] for h in ids], status=status)
    body["preview"] = _fields(seen)
    face.out.document(body)
    for line in _lines(seen):
        face.out.line(line)
    if seen.is_empty:
        face.out.say("There is nothing to undo.")
    return Exit.DONE


def _fields(seen: Preview) -> dict[str, Any]:
    commit = seen.commit
    return {
        "about": seen.about,
        "turn": seen.turn or None,
        "commit": commit
        and {"id": commit.commit, "subject": commit.subject, "how": commit.how or None,
             "why": commit.why},
        "files": [
            {
                **document.path_fields(f.path),
                "change": f.change,
                "added": f.added,
                "removed": f.removed,
                "merged": f.is_merged,
                "hunks": list(f.hunks),
            }
            for f in seen.files
        ],
        "becomes_hunks": [{"id": hid, "reason": why} for hid, why in seen.stuck],
        "not_undone": list(seen.stays),
    }  # fmt: skip


def _lines(seen: Preview) -> list[str]:
    """What a person reads: files first."""
    lines = [
        f"{f.path} {f.change} +{f.added} -{f.removed}"
        f"{' (your later edits stay)' if f.is_merged else ''}"
        for f in seen.files
    ]
    lines += [f"{hid} stays and becomes a hunk to decide: {why}" for hid, why in seen.stuck]
    if seen.commit is not None:
        short = f"commit {seen.commit.commit[:9]} ({seen.commit.subject})"
        match seen.commit.how:
            case "drop":
                lines.append(f"{short}: off the branch")
            case "revert":
                lines.append(f"{short}: {seen.commit.why}; --revert makes a commit against it")
            case _:
                lines.append(f"{short} stays: {seen.commit.why}")
    return [*lines, *(f"not undone: {why}" for why in seen.stays)]
