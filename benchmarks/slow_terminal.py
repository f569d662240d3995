"""A terminal that hangs while an answer comes as fast as it can: memory, and what is lost.

    python benchmarks/slow_terminal.py [--tokens 60000] [--seconds 10]

The app gets no room to write for some seconds (Ctrl+S in the terminal, a dead SSH link). It must
stop reading the answer instead of keeping it, and show all of it when the terminal is back.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.terminal import App, Server, wait_for_answer  # noqa: E402 - found beside this file


def hang(tokens: int, seconds: float) -> dict[str, float | None]:
    """One answer into a terminal that hangs; sizes in MB."""
    folder = Path(tempfile.mkdtemp(prefix="spark-bench-"))
    server = Server(0, "50ms")
    app = App(server, folder, 120, 40)
    run = app.run
    try:
        app.ready()
        app.ask("/long 200")
        wait_for_answer(server, 0)
        time.sleep(1.0)
        before = run.resident_mb()
        run.listening.clear()
        app.ask(f"/long {tokens}")
        stop, most = time.monotonic() + seconds, before
        while time.monotonic() < stop:
            most = max(most, run.resident_mb())
            time.sleep(0.05)
        back = time.monotonic()
        run.listening.set()
        wait_for_answer(server, 1, limit_s=120)
        time.sleep(2.0)
        shown = run.first_match(re.compile(r"\[##\]"), back, anew=True)
        return {
            "before MB": before,
            "while it hangs, most MB": most,
            "after MB": run.resident_mb(),
            "end shown, s after it is back": shown - back if shown else None,
        }
    finally:
        run.listening.set()
        run.close()
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=60_000)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    for name, value in hang(args.tokens, args.seconds).items():
        shown = "nothing lost was NOT seen" if value is None else f"{value:.1f}"
        sys.stdout.write(f"  {name:32}{shown:>10}\n")


if __name__ == "__main__":
    main()
