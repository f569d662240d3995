"""A small repository, and runs of a coroutine.

What is promised for each state of a repository, and which test shows it, is the table in README.md
beside this file.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults.states.place import TEXT, Place, copied


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One commit with `a.txt`, `b.txt` and `src/c.txt`, made once."""
    folder = tmp_path_factory.mktemp("template")
    home = folder / "home"
    home.mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
    root = folder / "repo"
    root.mkdir()
    place = Place(root, environ | {"GIT_CONFIG_NOSYSTEM": "1"})
    place.git("init", "-q", "-b", "main")
    place.git("config", "user.name", "Ada")
    place.git("config", "user.email", "ada@example.org")
    for path in ("a.txt", "b.txt", "src/c.txt"):
        place.write(path, TEXT)
    place.write(".gitignore", "*.log\n")
    place.git("add", "-A")
    place.git("commit", "-q", "-m", "Start")
    return root


@pytest.fixture
def place(template: Path, tmp_path: Path, environ: dict[str, str]) -> Place:
    """The person's repository."""
    return Place(copied(template, tmp_path / "repo"), environ)


@pytest.fixture
def run() -> Callable[[Awaitable[None]], None]:
    """Run one coroutine test to its end."""

    def runner(job: Awaitable[None]) -> None:
        async def main() -> None:
            await asyncio.wait_for(job, 60)

        asyncio.run(main())

    return runner
