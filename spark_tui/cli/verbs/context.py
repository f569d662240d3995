"""`context`: what `edit` with the same words would send, part by part; nothing is sent.

The rule kept here: reading takes no lock, needs no key and leaves no session behind. Only --drop
and --pin write, into the session that was named; what they did is undone by the same words.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from spark_tui.cli import document
from spark_tui.cli.arguments import Parser, flags_of, service_options, session_options
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face, rooted
from spark_tui.cli.verbs.edit import existing, prompt_of
from spark_tui.errors import UsageFault
from spark_tui.session.choosing import Preview
from spark_tui.session.context_items import Budget, Part, age, described, largest_first
from spark_tui.session.session import Plan, Session
from spark_tui.session.terms import FILE, file_key
from spark_tui.text import one_line


def options(parser: Parser, verb: str) -> None:
    service_options(parser)
    session_options(parser)
    parser.add_argument(
        "--path", action="append", default=[], metavar="P", help="as if this file went along"
    )
    parser.add_argument(
        "--allow-sensitive", action="append", default=[], metavar="P",
        help="as if this secret-looking or ignored file were allowed",
    )  # fmt: skip
    parser.add_argument(
        "--drop", action="append", default=[], metavar="KEY",
        help="leave this part out from now on; again: take it back (with -c)",
    )  # fmt: skip
    parser.add_argument(
        "--pin", action="append", default=[], metavar="KEY",
        help="keep this part when all others are dropped; again: no longer",
    )  # fmt: skip
    parser.add_argument("prompt", nargs="*", help="what edit would be asked; stdin is added to it")


async def run(args: argparse.Namespace, face: Face) -> int:
    settings = face.settings(flags_of(args, "model", "base_url"))
    fresh = not args.go_on and args.session is None
    writes = bool(args.drop or args.pin)
    if writes and fresh:
        raise UsageFault("--drop and --pin need a session.", hint="Add -c, or --session ID.")
    prompt = prompt_of(" ".join(args.prompt), face)
    async with face.session(
        args, settings, fresh=fresh, resume=args.session, lock=writes
    ) as session:
        await session.look()
        for path in args.allow_sensitive:
            session.confirm(rooted(session, args.where, path))
        named = [existing(session, args.where, p) for p in args.path]
        plan = await _plan(session, prompt, named)
        if writes:
            parts = session.context.budget(plan).parts
            choice = session.context.choice
            for key in args.drop:
                choice = choice.drop(_found(key, parts, session.state.files))
            for key in args.pin:
                choice = choice.pin(_found(key, parts, ()))
            await session.context.choose(choice)
            plan = await _plan(session, prompt, named)
        preview = session.context.preview(plan)
        face.out.document(_document(preview, plan, face))
        _tell(preview, plan, face)
        _insist(args.drop, preview.budget, face)
        return Exit.DONE


async def _plan(session: Session, prompt: str, named: Sequence[str]) -> Plan | None:
    return await session.plan(prompt, named=named) if prompt.strip() or named else None


def _found(key: str, parts: Sequence[Part], files: Sequence[str]) -> str:
    """The key that is meant; a path alone means its file, also one that was not sent yet."""
    named = file_key(key.removeprefix(FILE))
    part = next((p for p in parts if p.key in (key, named)), None)
    if part is not None and part.fixed:
        raise UsageFault(f"{part.key} goes along always.", hint="Name another part.")
    if part is not None:
        return part.key
    if named.removeprefix(FILE) in files:
        return named
    raise UsageFault(f"There is no part {key}.", hint="spark-tui context -c lists the keys.")


def _tell(preview: Preview, plan: Plan | None, face: Face) -> None:
    budget = preview.budget
    parts = largest_first(budget.parts)
    width = max(len(one_line(part.key)) for part in parts)
    for part in parts:
        face.out.line(_row(part, budget.turn, width))
    for chip in plan.blocked if plan is not None else ():
        face.out.line(f"{'':>9}  no   {one_line(chip.path)}: {chip.note}, it needs a yes")
    room = f" of {budget.limit:,}" if budget.window else ""
    face.out.line(f"{f'~{budget.tokens:,}':>9}  all{room} tokens")
    where = f"{budget.model} over {preview.wire}"
    if budget.window:
        where += f", window {budget.window:,}; nothing is sent above 90 % of it"
    face.out.say(where)
    if not budget.fits:
        over = budget.tokens - budget.limit
        face.out.say(f"~{over:,} tokens too many: leave parts out with -c --drop KEY")


def _row(part: Part, turn: int, width: int) -> str:
    mark = "out" if part.dropped else "pin" if part.pinned else ""
    words = ", ".join(word for word in (described(part), age(part, turn)) if word)
    return f"{f'~{part.tokens:,}':>9}  {mark:<3}  {one_line(part.key):<{width}}  {one_line(words)}"


def _insist(dropped: Sequence[str], budget: Budget, face: Face) -> None:
    """A file that the prompt names goes along, whatever was dropped."""
    for part in budget.parts:
        if part.kind == "file" and part.reason == "named" and {part.key, part.path} & set(dropped):
            face.out.say(f"{one_line(part.path)} is named in the prompt, so it goes along")


def _document(preview: Preview, plan: Plan | None, face: Face) -> dict[str, Any]:
    budget = preview.budget
    return {
        "schema": document.SCHEMA,
        "model": budget.model,
        "wire": preview.wire,
        "window": budget.window,
        "limit": budget.limit,
        "tokens": budget.tokens,
        "fits": budget.fits,
        "parts": [_part(part, budget.turn) for part in budget.parts],
        "blocked": [
            {**document.path_fields(chip.path), "tokens": chip.tokens, "reason": chip.reason,
             "note": chip.note}
            for chip in (plan.blocked if plan is not None else ())
        ],
        "request": preview.plain(),
        "errors": face.errors,
    }  # fmt: skip


def _part(part: Part, turn: int) -> dict[str, Any]:
    words = ", ".join(word for word in (described(part), age(part, turn)) if word)
    where = document.path_fields(part.path) if part.path else {"path": None}
    return {
        "key": part.key,
        "kind": part.kind,
        **where,
        "tokens": part.tokens,
        "pinned": part.pinned,
        "dropped": part.dropped,
        "reason": part.reason,
        "note": words,
    }
