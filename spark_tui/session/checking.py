"""The check of a task in a process of its own: what a model wrote is executed here.

The rule kept here: the process knows neither keys nor settings, has its own group and a time limit,
and counts as passed only if it says so itself. It is no sandbox: it runs with the person's rights,
which is why a face asks before it starts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spark_tui.session.tasks import FOLDER, Task

LIMIT_S = 10.0
MOST_BYTES = 1 << 16
"""A larger account is not from our runner."""
CACHES = shutil.ignore_patterns("__pycache__")
"""What Python leaves beside files that somebody imported."""
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the tests of a task said."""

    ran: int
    wrong: tuple[str, ...]
    """A line for each test that failed."""

    @property
    def is_passed(self) -> bool:
        return self.ran > 0 and not self.wrong


def lay_out(task: Task, place: Path) -> Path:
    """Copies of the task's files, at `place`; returns the folder to work in. Blocking."""
    tree = place / "tree"
    for name in (tree, place / "before"):
        shutil.copytree(task.before, name, ignore=CACHES)
    return tree


async def check(
    task: Task, place: Path, environ: Mapping[str, str], *, limit_s: float = LIMIT_S
) -> Checked:
    """Run the tests of a task on the work tree at `place`, where `lay_out` has put it."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, _bring_tests, task, place)
    found = place / "found.json"
    home = place / "home"
    # -I: neither the environment nor the work tree decides what is imported; -S: nor is what is
    # installed beside us; -B: the work tree stays as the model left it.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-B", str(FOLDER / "run_check.py"), str(place)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=home,
        env={
            **{k: environ[k] for k in KEPT if k in environ},
            "HOME": str(home),
            "TMPDIR": str(home),
        },
        start_new_session=True,
    )
    try:
        await asyncio.wait_for(process.wait(), limit_s)
    except TimeoutError:
        return Checked(0, (f"the check did not end within {limit_s:g} s",))
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return await loop.run_in_executor(None, _read, found)


def _bring_tests(task: Task, place: Path) -> None:
    """Only now: while it worked, the model could not see them."""
    shutil.copytree(task.folder / "check", place / "check", ignore=CACHES)
    (place / "home").mkdir()


def _read(found: Path) -> Checked:
    try:
        with found.open("rb") as file:
            row = json.loads(file.read(MOST_BYTES))
        wrong = tuple(f"{name}: {why}" for name, why in row["wrong"])
        return Checked(int(row["ran"]), wrong if wrong or row["ran"] else ("no test ran",))
    except (OSError, ValueError, KeyError, TypeError):
        return Checked(0, ("the check ended before its tests did",))
