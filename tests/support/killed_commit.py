"""A process that dies at a named step of a commit: python -m tests.support.killed_commit ROOT STEP.

The environment names the state folder. Exit code 9 says that the step was reached. With the step
`hook` it dies once `.git/started` (a named pipe that a hook writes to) says that git runs.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from spark_tui.model.scripted import Scripted, done, patch
from spark_tui.repo import carrying
from spark_tui.repo.commits import Prepared
from spark_tui.session import committing
from spark_tui.session.committing import Choice, Committing
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.opening import open_session
from spark_tui.settings.config import load
from tests.support.killed import TEXT, after, die

STEPS = ("prepare", "prepared", "begun", "made", "settled", "recorded", "closed")


def arm(step: str, root: Path) -> None:
    """From here on this process dies at that step."""
    match step:
        case "prepare":
            put(committing, "prepare", lambda _: die)
        case "prepared":
            put(committing, "prepare", after)
        case "begun":
            put(committing, "carry_out", lambda _: die)
        case "made":
            put(carrying, "finish", lambda _: die)
        case "settled":
            put(committing, "carry_out", after)
        case "recorded":
            put(Committing, "_record", recorded)
        case "closed":
            put(Prepared, "close", after)
        case "hook":
            threading.Thread(target=lambda: die((root / ".git/started").read_bytes())).start()


def put(owner: object, name: str, change: Callable[[Any], Any]) -> None:
    """Let something be done otherwise."""
    setattr(owner, name, change(getattr(owner, name)))


def recorded(record: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def both(*args: Any, **kwargs: Any) -> None:
        await record(*args, **kwargs)
        die()

    return both


async def main(root: Path, step: str, how: str) -> None:
    environ = dict(os.environ)
    provider = Scripted([[*patch(TEXT), *done()]])
    session = await open_session(root, load(environ=environ), environ=environ, provider=provider)
    await session.look()
    await session.run("change calc.py and README.md")
    await session.decide(list(session.state.hunks), Decision.ACCEPTED)
    choice = Choice()
    if how == "amend":
        await session.commit("Change one", Choice((HunkId("t1h1"),)))
        choice = Choice(amend=True)
    session.committing.keep("Change both", choice)
    arm(step, root)
    await session.commit("Change both", choice)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
