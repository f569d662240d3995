"""`spark-tui demo`: prepares project and server, runs the app on both, and cleans up.

The rule kept here: the app is a child with settings, state and key of its own, so a demo neither
sees nor changes anything of the user's. What was worked on is kept, what was not is removed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .launch import (
    LaunchError,
    app_environment,
    is_untouched,
    prepare,
    start_server,
    stop_server,
)

NO_TERMINAL = """\
spark-tui demo needs a terminal to show itself in. Without one, start only the server:
    spark-tui demo --server-only
and send a request from a script:
    spark-tui edit --base-url URL --model demo-fast -- "Fix the retry in the fetcher"
"""


def main(argv: Sequence[str] | None = None) -> int:
    options, words = _arguments(argv)
    if not options.server_only and not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write(NO_TERMINAL)
        return 2
    base = Path(tempfile.mkdtemp(prefix="spark-tui-demo-"))
    try:
        folder = prepare(base)
        server, url = start_server(rate=options.rate, ttft=options.ttft, fault=options.fault)
    except LaunchError as error:
        shutil.rmtree(base, ignore_errors=True)
        sys.stderr.write(f"spark-tui demo: {error}\n")
        return 7
    try:
        if options.server_only:
            return _wait(server, url, folder, base)
        return run_app(folder, app_environment(os.environ, url=url, base=base), words)
    finally:
        stop_server(server)
        leave(folder, base, keep=options.keep)


def _arguments(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    words = list(sys.argv[1:] if argv is None else argv)
    at = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(
        prog="spark-tui demo",
        description="A small project and scripted models, in a temporary folder; no key needed.",
        epilog="What follows -- goes to the app, as in: spark-tui demo -- --theme spark-light",
    )
    parser.add_argument("--rate", type=float, default=1000, help="tokens a second, 0 = unlimited")
    parser.add_argument("--ttft", default="150ms", help="time to the first token")
    parser.add_argument("--fault", default="", help="bad weather: drop:7, stall:7, refuse, slow, …")
    parser.add_argument("--keep", action="store_true", help="keep the folder, also if untouched")
    parser.add_argument(
        "--server-only", action="store_true", help="no app: say where the server is"
    )
    return parser.parse_args(words[:at]), words[at + 1 :]


def run_app(folder: Path, env: dict[str, str], words: Sequence[str]) -> int:
    """The app on the folder; its exit status, or 128 + the signal that ended it."""
    # Ctrl+C in the shell's sense is the app's business while it runs.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # -P: a package of the same name in the current folder is not ours.
        command = [sys.executable, "-P", "-m", "spark_tui", str(folder), *words]
        app = subprocess.Popen(command, env=env)
        ended = signal.signal(signal.SIGTERM, lambda *_: app.terminate())
        try:
            status = app.wait()
        finally:
            signal.signal(signal.SIGTERM, ended)
    finally:
        signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status


def _wait(server: subprocess.Popen[str], url: str, folder: Path, base: Path) -> int:
    """Say where everything is, and wait for Ctrl+C, the end of stdin, or the server's end."""
    env = app_environment({}, url=url, base=base)
    shown = (name for name in env if name.startswith("SPARK_TUI_"))
    settings = " ".join(f"{name}={shlex.quote(env[name])}" for name in shown)
    sys.stdout.write(f"{url}\n\n{settings} spark-tui {shlex.quote(str(folder))}\n")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        if stat.S_ISFIFO(os.fstat(0).st_mode):
            sys.stdin.read()
        else:
            server.wait()
    return 0


def leave(folder: Path, base: Path, *, keep: bool) -> None:
    if not keep and is_untouched(folder):
        shutil.rmtree(base, ignore_errors=True)
        return
    sys.stderr.write(f"The demo's project is kept: {folder}\n")
    sys.stderr.write(f"To remove it: rm -rf {shlex.quote(str(base))}\n")
