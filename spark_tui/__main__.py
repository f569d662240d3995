"""The door: a verb goes to the headless face, `demo` to the demo, everything else to the screen.

The rule kept here: only the face that is needed is imported, nothing is imported from the folder
we happen to stand in, and git's own variables do not reach anybody who did not ask for them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from spark_tui.options import RESUME, VERBS, AppOptions

_HOME = Path(__file__).resolve().parent


def main() -> None:
    """The console script `spark-tui`, and `python -m spark_tui`."""
    _forget_current_folder()
    environ = dict(os.environ)
    for name in environ:
        if name.startswith("GIT_"):
            del os.environ[name]
    sys.exit(run(sys.argv[1:], environ))


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Choose a face; the result is the exit code."""
    first = argv[0] if argv else ""
    if first in VERBS:
        from spark_tui.cli.main import run as headless

        return headless(argv, environ)
    from spark_tui.cli.boundary import guarded

    if first != "demo" and any(word in ("-h", "--help", "--version") for word in argv):
        return guarded(lambda: _about(argv))
    if first == "demo":
        return guarded(lambda: _demo(argv[1:], environ))
    return guarded(lambda: _app(argv, environ))


def _about(argv: Sequence[str]) -> int:
    from spark_tui.cli.about import tell
    from spark_tui.cli.output import Output

    return tell(argv, Output())


def _app(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    options = _options(argv, environ)
    missing = _no_terminal(environ)
    if missing:
        from spark_tui.errors import UsageFault

        raise UsageFault(
            f"The screen needs a terminal: {missing}.",
            hint="Without one use a verb: spark-tui edit -- PROMPT (spark-tui --help lists them).",
        )
    from spark_tui.tui.app import DEMO, start

    code = start(options)
    return _demo((), environ) if code == DEMO else code


def _options(argv: Sequence[str], environ: Mapping[str, str]) -> AppOptions:
    is_path = len(argv) == 1 and not argv[0].startswith("-") and argv[0] != RESUME
    if not argv or is_path:
        return AppOptions(Path(*argv), environ=environ)
    from spark_tui.cli.arguments import app_options  # deferred: argparse is 15 ms

    return app_options(argv, environ)


def _no_terminal(environ: Mapping[str, str]) -> str:
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error", sys.stderr)):
        if stream is None or not stream.isatty():
            return f"standard {name} is none"
    return "TERM=dumb cannot draw" if environ.get("TERM") == "dumb" else ""


def _demo(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The demo is a program of its own, a witness of the wire: we become it."""
    for folder in (_HOME / "demo", _HOME.parent / "demo"):
        if (folder / "__main__.py").is_file():
            os.execve(sys.executable, [sys.executable, str(folder), *argv], dict(environ))  # noqa: S606 - our own program, an argument list
    from spark_tui.errors import UsageFault

    raise UsageFault("The demo is not part of this installation.", hint="Install spark-tui again.")


def _forget_current_folder() -> None:
    """`python -m` puts the current folder first on the path: a repository could plant modules."""
    here = Path.cwd() if sys.path and sys.path[0] in ("", str(_cwd())) else None
    if here is not None and here.resolve() != _HOME.parent:
        del sys.path[0]


def _cwd() -> Path:
    try:
        return Path.cwd()
    except OSError:
        return Path("/")


if __name__ == "__main__":
    main()
