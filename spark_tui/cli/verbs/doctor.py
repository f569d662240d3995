"""`doctor`: what is wrong with this set-up, each finding with what to do.

The rule kept here: it changes nothing; the only request is the free list of models, and
`--offline` leaves that out.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from spark_tui.cli import document
from spark_tui.cli.abilities import Abilities, ask_terminal
from spark_tui.cli.arguments import Parser, flags_of, service_options
from spark_tui.cli.exits import Exit
from spark_tui.cli.face import Face
from spark_tui.errors import UsageFault
from spark_tui.session.doctor import Finding, examine
from spark_tui.settings.contrast import problems
from spark_tui.settings.theme import load_theme

TERMINAL = (0, 1)
"""Descriptors: what is typed, what is shown."""
SLOW_MS = 150.0
SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


def options(parser: Parser, verb: str) -> None:
    service_options(parser)
    parser.add_argument("--offline", action="store_true", help="ask no service")
    parser.add_argument("--theme", type=Path, metavar="FILE", help="check this theme file instead")


async def run(args: argparse.Namespace, face: Face) -> int:
    if args.theme:
        findings = _theme(args.theme)
    elif not args.where.is_dir():
        raise UsageFault(f"There is no folder {args.where}.", hint="Name a folder that exists.")
    else:
        findings = await examine(
            args.where,
            environ=face.environ,
            flags=flags_of(args, "model", "base_url"),
            online=not args.offline,
        )
        if not face.out.is_json:
            abilities = await asyncio.to_thread(ask_terminal, *TERMINAL)
            findings += _terminal(abilities) if abilities is not None else []
    face.out.document(
        {
            "schema": document.SCHEMA,
            "findings": [
                {"code": f.code, "level": f.level, "message": f.message, "hint": f.hint}
                for f in findings
            ],
            "errors": [],
        }
    )
    for finding in findings:
        face.out.line(f"{SIGNS[finding.level]} {finding.message}")
        if finding.hint:
            face.out.line(f"    {finding.hint}")
    return Exit.FOUND if any(f.level == "error" for f in findings) else Exit.DONE


def _terminal(found: Abilities) -> list[Finding]:
    """What the terminal said of itself, if this is one and it was asked."""
    name = found.name or "The terminal"
    if found.answer_ms is None:
        return [
            Finding(
                "abilities",
                "warning",
                "The terminal did not say what it can do.",
                "If frames tear, set low_bandwidth = true.",
            )
        ]
    rows = [Finding("abilities", "ok", f"{name} answers in {found.answer_ms:.0f} ms")]
    if not found.synchronised:
        rows.append(
            Finding(
                "abilities",
                "warning",
                f"{name} does not show frames whole (mode 2026).",
                "Frames may tear over slow links; newer terminals and tmux 3.4 can do it.",
            )
        )
    if not found.keyboard:
        rows.append(
            Finding(
                "abilities",
                "ok",
                f"{name} cannot tell Shift+Enter from Enter: Ctrl+J makes a new line",
            )
        )
    if found.answer_ms > SLOW_MS:
        rows.append(
            Finding(
                "abilities",
                "warning",
                "The way to the terminal is long.",
                "low_bandwidth = true draws less often.",
            )
        )
    return rows


def _theme(path: Path) -> list[Finding]:
    theme = load_theme(path)
    found = [
        Finding("contrast", "error", f"{theme.name}: {sentence}.", "Move the colours apart.")
        for sentence in problems(theme)
    ]
    return found or [Finding("theme", "ok", f"{theme.name} can be read well.")]
