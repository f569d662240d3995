"""Fixtures of the stories: a small repository, and a runner for coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.bench import CALC, Bench


@pytest.fixture
def bench(tmp_path: Path, environ: dict[str, str]) -> Bench:
    """A repository with two files and one commit."""
    root = tmp_path / "repo"
    root.mkdir()
    bench = Bench(root, environ)
    bench.git("init", "-q", "-b", "main")
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
            await asyncio.wait_for(job, 60)

        asyncio.run(main())

    return runner
