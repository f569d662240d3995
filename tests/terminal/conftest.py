"""The real program in a real pseudo-terminal, with an emulated screen, on the demo's server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., Terminal]


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of demo/server.py at 1,000 tokens a second."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "demo" / "server.py"), "--port", "0", "--ttft", "50ms"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin and process.stdout
    yield json.loads(process.stdout.readline())["url"]
    process.stdin.close()
    process.wait(10)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """The demo's project as a repository."""
    folder = tmp_path / "repo"
    shutil.copytree(ROOT / "demo" / "project", folder)
    for args in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "Ada"],
        ["config", "user.email", "ada@example.org"],
        ["add", "-A"],
        ["commit", "-q", "-m", "Start"],
    ):
        subprocess.run(["git", *args], cwd=folder, check=True)
    return folder


@pytest.fixture
def start(tmp_path: Path, server: str, repo: Path) -> Iterator[Start]:
    """Start the program; ended by its pid when the test is over."""
    running: list[Terminal] = []

    def begin(
        *args: str,
        columns: int = 120,
        rows: int = 36,
        path: Path | None = None,
        **environ: str,
    ) -> Terminal:
        base = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONPATH": str(ROOT),
            "SPARK_TUI_BASE_URL": server,
            "SPARK_TUI_MODELS__FAST": "demo-fast",
            "SPARK_TUI_MODELS__SMART": "demo-smart",
            "SPARK_TUI_STATE_DIR": str(tmp_path / "state"),
            "SPARK_TUI_CONFIG_DIR": str(tmp_path / "config"),
        }
        argv = [sys.executable, "-m", "spark_tui", *args, str(path or repo)]
        terminal = Terminal(argv, {**base, **environ}, ROOT, columns, rows)
        running.append(terminal)
        return terminal

    yield begin
    for terminal in running:
        terminal.kill()


@pytest.fixture
def git(repo: Path) -> Callable[..., str]:
    """Ask the user's git about the repository."""

    def ask(*args: str) -> str:
        done = subprocess.run(["git", *args], cwd=repo, capture_output=True, check=True)
        return done.stdout.decode()

    return ask
