"""`why FILE:LINE`: which hunk brought this line as it is in the file now.

The rule kept here: reading takes no lock and makes no session; what is not known is said, and a
line of the person's own is no fault.
"""

from __future__ import annotations

import argparse
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face, rooted
from spark_tui.cli.verbs.log import when
from spark_tui.errors import UsageFault
from spark_tui.session.history import Why
from spark_tui.session.policy import redact
from spark_tui.text import one_line


def options(parser: Parser, verb: str) -> None:
    parser.add_argument("place", metavar="FILE:LINE", help="lines count from 1")


async def run(args: argparse.Namespace, face: Face) -> int:
    name, colon, number = args.place.rpartition(":")
    if not colon or not name or not (number.isascii() and number.isdecimal()):
        raise UsageFault(f"{args.place} is not FILE:LINE.", hint="Such as calc.py:12.")
    settings = face.settings()
    async with face.session(args, settings, fresh=True, lock=False) as session:
        found = await session.history.why(rooted(session, args.where, name), int(number))
        face.out.document(_document(found, face))
        for line in words(found):
            face.out.line(line)
    return Exit.DONE


def words(found: Why) -> list[str]:
    """The answer for a person."""
    out = [f"{one_line(found.path)}:{found.line}  {one_line(redact(found.text)).strip()}"]
    facts, wrote = found.facts, found.wrote
    if facts is not None:
        turn = f" of turn {facts.asked.turn}" if facts.asked is not None else ""
        out.append(f"  hunk     {facts.session}/{facts.hunk}{turn}")
        if facts.asked is not None:
            if facts.asked.model:
                out.append(f"  prompt   {one_line(redact(facts.asked.prompt))}")
                out.append(f"  model    {one_line(facts.asked.model)} ({facts.asked.role})")
            else:
                out.append("  prompt   none: it came by apply")
        who = {"person": "by a person", "policy": "by policy"}.get(facts.by, facts.by)
        entry = f", o{facts.decided_op}" if facts.decided_op else ""
        moment = f" {when(facts.decided_at)}" if facts.decided_at else ""
        out.append(f"  accepted {who}{moment}{entry}".rstrip())
        if not found.is_certain:
            out.append("  by its text alone: the bytes in between are not kept any more")
    elif found.origin == "hunk" and wrote is not None:
        out.append(f"  by {wrote.session}/o{wrote.op}; which of its hunks cannot be told")
    elif found.origin == "put-back" and wrote is not None:
        out.append(f"  put back by {wrote.session}/o{wrote.op} ({when(wrote.at)})")
    elif found.origin == "person" and wrote is not None:
        sure = "" if found.is_certain else ", as far as can be told (earlier bytes are not kept)"
        last = f"{wrote.session}/o{wrote.op} ({when(wrote.at)})"
        out.append(f"  not by spark-tui: changed after {last}{sure}")
    else:
        out.append("  not by spark-tui: no write of ours brought it")
    return [*out, *_commits(found)]


def _commits(found: Why) -> list[str]:
    recorded = found.facts.commit if found.facts is not None else ""
    blamed = found.blamed
    if blamed is None:
        was = f" (it was in {recorded[:9]})" if recorded else ""
        return [f"  commit   none: {found.uncommitted}{was}"] if found.uncommitted else []
    older = " or an older one" if blamed.is_boundary else ""
    told = f"{blamed.commit[:9]}{older} {one_line(redact(blamed.subject))}"
    if recorded and recorded != blamed.commit:
        return [f"  commit   {told} (was {recorded[:9]} when it was made)"]
    who = "" if recorded else f" ({one_line(blamed.author)}, {when(blamed.at)})"
    label = "commit  " if found.facts is not None else "last commit that touched it:"
    return [f"  {label} {told}{who}"]


def _document(found: Why, face: Face) -> dict[str, Any]:
    facts, wrote, blamed = found.facts, found.wrote, found.blamed
    asked = facts.asked if facts is not None else None
    return {
        "schema": document.SCHEMA,
        **document.path_fields(found.path),
        "line": found.line,
        "text": redact(found.text),
        "origin": found.origin,
        "certain": found.is_certain,
        "session": facts.session if facts is not None else None,
        "hunk": facts.hunk if facts is not None else None,
        "turn": asked.turn if asked is not None else None,
        "prompt": redact(asked.prompt) if asked is not None and asked.model else None,
        "model": (asked.model or None) if asked is not None else None,
        "role": (asked.role or None) if asked is not None else None,
        "decided": None
        if facts is None
        else {
            "by": facts.by,
            "at": facts.decided_at or None,
            "operation": f"o{facts.decided_op}" if facts.decided_op else None,
        },
        "last_write": None
        if wrote is None
        else {"session": wrote.session, "operation": f"o{wrote.op}", "at": wrote.at},
        "commit": (facts.commit or None) if facts is not None else None,
        "last_commit": None
        if blamed is None
        else {
            "commit": blamed.commit,
            "subject": redact(blamed.subject),
            "author": blamed.author,
            "at": blamed.at,
        },
        "errors": face.errors,
    }
