"""The shipped tasks: small edits with tests, by which two models are compared.

    spark_tui/tasks/NAME/task.toml        its prompt, as a person types it
                         before/          the files
                         check/check.py   tests that fail before and pass after
                         solution.patch   one way to do it

The rule kept here: a task is data; nothing of it is imported or run by this process. benching.py
has a model work on them, checking.py runs their tests.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spark_tui.errors import UsageFault

FOLDER = Path(__file__).parents[1] / "tasks"


@dataclass(frozen=True, slots=True)
class Task:
    """One small edit."""

    name: str
    probes: str
    """What a model needs to get right, in a few words."""
    prompt: str
    files: tuple[str, ...]
    """What the prompt speaks of."""
    folder: Path

    @property
    def before(self) -> Path:
        """The files as a model finds them."""
        return self.folder / "before"


def load_tasks(only: str = "") -> tuple[Task, ...]:
    """All tasks by their names; `only` is a number of them, or names with commas between.

    Raises UsageFault for a name that is none.
    """
    tasks = tuple(_load(path.parent) for path in sorted(FOLDER.glob("*/task.toml")))
    if not only:
        return tasks
    if only.isdecimal():
        return tasks[: int(only)] if int(only) else _unknown(only, tasks)
    by_name = {task.name: task for task in tasks}
    wanted = dict.fromkeys(name.strip() for name in only.split(","))
    return tuple(by_name[name] if name in by_name else _unknown(name, tasks)[0] for name in wanted)


def _load(folder: Path) -> Task:
    row = tomllib.loads((folder / "task.toml").read_text(encoding="utf-8"))
    return Task(row["name"], row["probes"], row["prompt"].strip(), tuple(row["files"]), folder)


def _unknown(name: str, tasks: Sequence[Task]) -> tuple[Task, ...]:
    raise UsageFault(
        f"{name!r} is no task.",
        hint=f"A number up to {len(tasks)}, or names: {', '.join(task.name for task in tasks)}",
    )
