"""`sessions`: what sessions there are of this folder, and what each one holds.

The rule kept here: only journals are read and no lock is taken, so it works beside a running app;
a session in which nothing was asked is none.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.session.listing import SessionRow, current, sessions_of
from spark_tui.text import one_line

_PROMPT = 60
"""Signs of a prompt that are shown."""


def options(parser: Parser, verb: str) -> None:
    """None of its own."""


async def run(args: argparse.Namespace, face: Face) -> int:
    rows = await asyncio.to_thread(sessions_of, args.where, face.environ)
    now = await asyncio.to_thread(current, args.where, face.environ)
    for row in rows:
        if row.problem:
            face.trouble("journal_unreadable", f"The journal of {row.session} {row.problem}.")
    face.out.document(
        {
            "schema": document.SCHEMA,
            "current": now or None,
            "sessions": [_entry(row) for row in rows],
            "errors": face.errors,
        }
    )
    for row in rows:
        face.out.line(_line(row, is_current=row.session == now))
    if not rows:
        face.out.say("no session of this folder is on record")
    return Exit.DONE


def _entry(row: SessionRow) -> dict[str, Any]:
    return {
        "session": row.session,
        "opened": _moment(row.opened_at),
        "used": _moment(row.used_at),
        "prompt": row.prompt or None,
        "turns": row.turns,
        "hunks": {
            "open": row.open,
            "accepted": row.accepted,
            "committed": row.committed,
            "lost": row.lost,
        },
        "queued": row.queued,
        "draft": row.has_draft,
        "state": _state(row),
        "problem": row.problem or None,
    }


def _line(row: SessionRow, *, is_current: bool) -> str:
    """* 20261127-100200-ab12  today's counts, then the first prompt."""
    counts = [
        f"{count} {word}"
        for count, word in (
            (row.open, "open"), (row.accepted, "to commit"), (row.committed, "committed"),
            (row.queued, "queued"),
        )
        if count
    ]  # fmt: skip
    counts += ["draft"] * row.has_draft
    state = _state(row)
    told = [*([state] if state != "sealed" else []), *counts] or [
        f"{row.turns} turn{'s' * (row.turns != 1)}"
    ]
    prompt = one_line(row.prompt)
    prompt = prompt if len(prompt) <= _PROMPT else prompt[: _PROMPT - 1] + "…"
    mark = "*" if is_current else " "
    return f"{mark} {row.session}  {', '.join(told)}  {prompt}".rstrip()


def _state(row: SessionRow) -> str:
    """in use, interrupted (its process ended without a word), cut (its last answer), sealed."""
    if row.problem:
        return "unreadable"
    if row.is_live:
        return "in use"
    if row.is_unsealed:
        return "interrupted"
    return "cut" if row.is_cut else "sealed"


def _moment(at: float) -> str | None:
    if not at:
        return None
    return datetime.datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
