"""--help and --version: what there is, without importing any of it.

The rule kept here: a verb that does not work has no row.
"""

from __future__ import annotations

from collections.abc import Sequence

from spark_tui import __version__
from spark_tui.cli.exits import Exit
from spark_tui.cli.output import Output
from spark_tui.errors import UsageFault

SENTENCES = {
    "edit": "ask for a change; list it or write it",
    "apply": "write a model's reply from stdin, all or nothing",
    "sessions": "the sessions of this folder; spark-tui resume [ID] opens one",
    "hunks": "list the hunks of the current session",
    "accept": "write these hunks",
    "reject": "put these hunks aside",
    "undo": "take the last decision, or a turn, back",
    "redo": "do again what was taken back",
    "commit": "commit accepted hunks, and only them; amend",
    "commit-msg": "draft the message of a plain git commit (for its hook)",
    "hook": "install or remove the hook that calls commit-msg",
    "log": "what was done, entry by entry, and for which prompt",
    "why": "which hunk brought a line: prompt, model, decision, commit",
    "restore": "back to an entry of the log, or to a checkpoint",
    "checkpoints": "the earlier bytes of files that are kept; prune them",
    "context": "what the next request would hold; leave parts out",
    "models": "what the service offers",
    "stats": "what became of what each model wrote, and what it took",
    "bench": "how fast a service answers; which model does more tasks",
    "doctor": "what is wrong with this set-up",
    "config": "settings and where each comes from; forget a key",
}


def tell(argv: Sequence[str], out: Output) -> int:
    """--version and --help of the whole program."""
    words = before_dashes(argv)
    if "--version" in words:
        out.line(f"spark-tui {__version__}")
    elif "-h" in words or "--help" in words:
        from spark_tui.cli.arguments import app_parser

        for line in app_parser(_epilog()).format_help().splitlines():
            out.line(line)
    else:
        raise UsageFault(f"{argv[0] if argv else 'Nothing'} is no verb.", hint="See --help.")
    return Exit.DONE


def before_dashes(argv: Sequence[str]) -> Sequence[str]:
    """The arguments that may be options."""
    return argv[: argv.index("--")] if "--" in argv else argv


def _epilog() -> str:
    rows = ["verbs, without a screen (each has --help and --json):"]
    opens = {"resume": "open a session again on the screen, by its id or from a list"}
    verbs = {
        **SENTENCES,
        **opens,
        "demo": "try everything on a sample project with a scripted model",
    }
    width = max(len(name) for name in verbs)
    rows += [f"  {name:<{width}} {sentence}" for name, sentence in verbs.items()]
    rows += [""]
    rows += ["exit codes:"]
    rows += [f"  {code.value:<8} {code.sentence}" for code in Exit]
    return "\n".join(rows)
