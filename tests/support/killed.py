"""A process that dies at a named step of a decision: python -m tests.support.killed ROOT STEP VERB.

The environment names the state folder. Exit code 9 says that the step was reached.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spark_tui.model.scripted import Scripted, done, patch
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.ops import Ops
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Event
from spark_tui.session.journal import Journal
from spark_tui.session.opening import open_session
from spark_tui.session.since import Moment
from spark_tui.settings.config import load

TEXT = """*** Begin Patch
*** Update File: calc.py
@@
-    return a - b
+    return -b + a
*** Update File: README.md
@@
-# Calc
+# Sums
*** End Patch
"""
STEPS = ("save", "saved", "begun", "middle", "written", "torn", "recorded", "done")


def die(*_: Any, **__: Any) -> None:
    os._exit(9)


def after(job: Callable[..., Any], times: int = 1) -> Callable[..., Any]:
    left = [times]

    def both(*args: Any, **kwargs: Any) -> Any:
        result = job(*args, **kwargs)
        left[0] -= 1
        if not left[0]:
            die()
        return result

    return both


def torn(write: Callable[..., None]) -> Callable[..., None]:
    """The last write that ever reaches the journal ends behind FilesWritten."""

    def part(journal: Journal, events: list[Event], *, sync: bool) -> None:
        for at, event in enumerate(events):
            if isinstance(event, ev.FilesWritten):
                write(journal, events[: at + 1], sync=sync)
                die()
        write(journal, events, sync=sync)

    return part


def arm(step: str) -> None:
    """From here on this process dies at that step."""
    match step:
        case "save":
            CheckpointStore.save = die  # type: ignore[method-assign, assignment]
        case "saved":
            CheckpointStore.save = after(CheckpointStore.save)  # type: ignore[method-assign]
        case "begun":
            Worktree.write_all = die  # type: ignore[method-assign]
        case "middle":
            Ops.exchange = after(Ops.exchange)  # type: ignore[method-assign]
        case "written":
            Worktree.write_all = after(Worktree.write_all)  # type: ignore[method-assign]
        case "torn":
            Journal.write = torn(Journal.write)  # type: ignore[method-assign]
        case "recorded":
            CheckpointStore.done = die  # type: ignore[method-assign]
        case "done":
            CheckpointStore.done = after(CheckpointStore.done)  # type: ignore[method-assign]


async def main(root: Path, step: str, verb: str) -> None:
    environ = dict(os.environ)
    provider = Scripted([[*patch(TEXT), *done()]])
    session = await open_session(root, load(environ=environ), environ=environ, provider=provider)
    await session.look()
    await session.run("change calc.py and README.md")
    hunks = list(session.state.hunks)
    if verb == "accept":
        arm(step)
        await session.decide(hunks, Decision.ACCEPTED)
    else:
        await session.decide(hunks, Decision.ACCEPTED)
        if verb == "unrestore":
            await session.restoring.restore(Moment(after=0))
        arm(step)
        match verb:
            case "undo-turn":
                await session.undo_turn()
            case "restore":
                await session.restoring.restore(Moment(after=0))
            case _:
                await session.undo()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
