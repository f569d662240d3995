"""Start-up, echo, lag, bytes, CPU and memory of the app in a real pseudo-terminal.

    python benchmarks/terminal.py [--runs 3] [--tokens 3000] [--rates 1000,5000] [--turns 0]

The model is demo/server.py on loopback. `--turns N` measures, N times over, the time from Enter to
the first painted line of a diff at a TTFT of 150 ms. Figures move with the machine: compare
figures of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.pty_run import PtyRun  # noqa: E402 - found beside this file, however it is run

LETTERS = [chr(c) for c in (*range(0x0430, 0x0450), *range(0x03B1, 0x03CA))]
"""Letters that no answer holds: each stands for one key press."""


class Server:
    """demo/server.py as a process of its own."""

    def __init__(self, rate: int, ttft: str, *more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "demo" / "server.py"), "--port", "0",
             "--rate", str(rate), "--ttft", ttft, *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url: str = json.loads(self.process.stdout.readline())["url"]

    def requests(self) -> list[dict[str, Any]]:
        address = self.url.removesuffix("/v1") + "/_log"
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - loopback
            found: list[dict[str, Any]] = json.load(answer)["requests"]
        return [r for r in found if r["wire"] != "models" and not r["warm_up"]]

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(5)


class App:
    """The app on a copy of the demo's project."""

    def __init__(self, server: Server, folder: Path, columns: int, rows: int) -> None:
        repo = folder / "repo"
        if not repo.exists():
            shutil.copytree(ROOT / "demo" / "project", repo)
            for args in (["init", "-q", "-b", "main"], ["add", "-A"],
                         ["-c", "user.name=b", "-c", "user.email=b@example.org",
                          "commit", "-q", "-m", "Start"]):  # fmt: skip
                subprocess.run(["git", *args], cwd=repo, check=True)
        environ = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
            "TERM": "xterm-256color", "COLORTERM": "truecolor",
            "SPARK_TUI_BASE_URL": server.url, "SPARK_TUI_MODELS__FAST": "demo-fast",
            "SPARK_TUI_MODELS__SMART": "demo-smart",
            "SPARK_TUI_STATE_DIR": str(folder / "state"),
            "SPARK_TUI_CONFIG_DIR": str(folder / "config"),
        }  # fmt: skip
        self.run = PtyRun([sys.executable, "-m", "spark_tui", str(repo)],
                          {**environ, "PYTHONPATH": str(ROOT)}, ROOT, columns, rows)  # fmt: skip

    def ready(self) -> float | None:
        """Seconds from start until a typed letter stands on the screen."""
        letter = "ѣ".encode()
        deadline = self.run.started + 15
        while time.monotonic() < deadline and self.run.alive:
            self.run.send(letter)
            wait = time.monotonic() + 0.05
            while time.monotonic() < wait:
                if found := self.run.seen_after(letter, self.run.started):
                    time.sleep(1.5)
                    self.run.send(b"\x15" + b"\x7f" * 20)
                    time.sleep(0.5)
                    return found - self.run.started
                time.sleep(0.002)
        return None

    def ask(self, text: str) -> float:
        """Type a prompt and press Enter; returns when Enter was sent."""
        for letter in text:
            self.run.send(letter.encode())
            time.sleep(0.004)
        time.sleep(0.35)
        return self.run.send(b"\r")


def wait_for_answer(server: Server, count: int, limit_s: float = 60) -> dict[str, Any] | None:
    """The log entry of request number `count` (0-based) once it is complete."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        found = server.requests()
        if len(found) > count and found[count]["ended"] != "running":
            return found[count]
        time.sleep(0.05)
    return None


def stream(rate: int, tokens: int, columns: int, rows: int) -> dict[str, float | None]:
    """One start and one long answer with keys typed into it."""
    folder = Path(tempfile.mkdtemp(prefix="spark-bench-"))
    server = Server(rate, "150ms")
    app = App(server, folder, columns, rows)
    run = app.run
    try:
        ready = app.ready()
        first_paint = run.chunks[0][0] - run.started if run.chunks else None
        app.ask("/long 200")
        wait_for_answer(server, 0)
        time.sleep(1.0)
        cpu = run.cpu_s()
        entered = app.ask(f"/long {tokens}")
        time.sleep(0.4)
        keys: list[tuple[bytes, float]] = []
        stop = time.monotonic() + tokens / rate - 0.3
        for letter in LETTERS:
            if time.monotonic() > stop:
                break
            keys.append((letter.encode(), run.send(letter.encode())))
            time.sleep(0.08)
        entry = wait_for_answer(server, 1)
        time.sleep(0.5)
        used = run.cpu_s() - cpu
        if entry is None:
            raise SystemExit("no answer was played: is the app connected to the server?")
        echo = sorted((run.seen_after(k, t) or t + 9) - t for k, t in keys)
        last = run.first_shown("[##]", entry["last_s"] - 0.2)
        written = run.written_between(entered, time.monotonic())
        return {
            "first paint ms": _ms(first_paint),
            "ready ms": _ms(ready),
            "echo p50 ms": _ms(_share(echo, 0.5)),
            "echo p95 ms": _ms(_share(echo, 0.95)),
            "echo p99 ms": _ms(_share(echo, 0.99)),
            "last token ms": _ms(last - entry["last_s"]) if last else None,
            "kB per 1000 tokens": written / tokens,
            "CPU s per 1000 tokens": used * 1000 / tokens,
            "peak RSS MB": run.peak_mb(),
        }
    finally:
        run.close()
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


EDIT = """\
title = "bench"
say = "bench edit"
match = ["bench edit"]

[[step]]
patch = '''
*** Begin Patch
*** Update File: tidewater/data.py
@@
-def extremes(readings):
+def extremes(readings: list) -> tuple:
*** End Patch
'''
"""


def first_diff_lines(turns: int, columns: int, rows: int) -> list[tuple[float, ...]]:
    """Seconds from Enter to the first painted line of a diff, turn by turn.

    Each with its parts: Enter to request, to the first token, to the painted line.
    """
    folder = Path(tempfile.mkdtemp(prefix="spark-bench-"))
    scripts = folder / "scripts"
    scripts.mkdir()
    (scripts / "bench.toml").write_text(EDIT)
    server = Server(1000, "150ms", "--scripts", str(scripts))
    app = App(server, folder, columns, rows)
    took: list[tuple[float, ...]] = []
    sign = re.compile(r"\d+ [-+] d")  # the first letter of the first changed line
    try:
        app.ready()
        for turn in range(turns):
            entered = app.ask("bench edit tidewater/data.py")
            time.sleep(0.6)  # the server's log is asked for when nothing is measured any more
            entry = wait_for_answer(server, turn)
            if entry is None:
                break
            shown = app.run.first_match(sign, entered, anew=turn > 0)
            if shown is not None:
                asked, first = entry["received_s"], entry["first_s"]
                took.append((shown - entered, asked - entered, first - asked, shown - first))
            for key in (b"\r", b"n", b"i"):
                app.run.send(key)
                time.sleep(0.1)
            del app.run.chunks[: max(0, len(app.run.chunks) - 2000)]
        return took
    finally:
        app.run.close()
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def _share(values: Sequence[float], share: float) -> float | None:
    return values[min(len(values) - 1, round(share * (len(values) - 1)))] if values else None


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=3000)
    parser.add_argument("--rates", default="1000,5000")
    parser.add_argument("--columns", type=int, default=120)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--turns", type=int, default=0)
    args = parser.parse_args()
    if args.turns:
        took = first_diff_lines(args.turns, args.columns, args.rows)
        sys.stdout.write(f"Enter to first diff line, {len(took)} turns, ms: p50 p95 p99\n")
        names = ("Enter to painted line", "Enter to request", "to first token", "to painted line")
        for name, values in zip(names, zip(*took, strict=True), strict=True):
            found = sorted(values)
            shares = "".join(f"{_ms(_share(found, s)):9.1f}" for s in (0.5, 0.95, 0.99))
            sys.stdout.write(f"  {name:24}{shares}\n")
        return
    for rate in (int(r) for r in args.rates.split(",")):
        rows = [stream(rate, args.tokens, args.columns, args.rows) for _ in range(args.runs)]
        sys.stdout.write(f"\n{rate} tok/s, {args.tokens} tokens, {args.columns}x{args.rows}\n")
        for name in rows[0]:
            found = sorted(v for r in rows if (v := r[name]) is not None)
            middle = f"{statistics.median(found):10.1f}" if found else "         -"
            span = f"({found[0]:.1f} to {found[-1]:.1f})" if found else ""
            sys.stdout.write(f"  {name:24}{middle}  {span}\n")


if __name__ == "__main__":
    main()
