"""A small repository with one commit, and state folders of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.bench import CALC, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A small repository with one commit, and state folders of its own."""
    root = tmp_path / "repo"
    root.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "SPARK_TUI_STATE_DIR": str(tmp_path / "state"),
        "SPARK_TUI_CONFIG_DIR": str(tmp_path / "config"),
    }
    bench = Bench(root, environ)
    bench.git("init", "-q", "-b", "main")
    bench.git("config", "user.name", "Ada")
    bench.git("config", "user.email", "ada@example.org")
    bench.write("calc.py", CALC)
    bench.write("README.md", "# Calc\n")
    bench.git("add", "-A")
    bench.git("commit", "-q", "-m", "Start")
    return bench


@pytest.fixture
def run() -> Callable[[Awaitable[None]], None]:
    """Run one coroutine test to its end."""

    def runner(job: Awaitable[None]) -> None:
        async def main() -> None:
            await asyncio.wait_for(job, 30)

        asyncio.run(main())

    return runner
