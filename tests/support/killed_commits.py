"""A process that dies while it takes a commit back.

python -m tests.support.killed_commits ROOT STEP VERB, where VERB is drop, keep, revert, redo (of a
drop) or unrevert (redo of a revert).

The environment names the state folder. Exit code 9 says that the step was reached.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from spark_tui.model.scripted import Scripted, done, patch
from spark_tui.repo import carrying, uncommit
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.ops import Ops
from spark_tui.repo.worktree import Worktree
from spark_tui.session import undoing
from spark_tui.session.events import Decision
from spark_tui.session.journal import Journal
from spark_tui.session.opening import open_session
from spark_tui.session.writes import Writes
from spark_tui.settings.config import load
from tests.support.killed import TEXT, after, die, torn

FILES = ("planned", "middle", "written", "torn", "recorded", "done")
"""Steps of the files that every verb but keep goes through."""
STEPS = {
    "drop": ("begun", "moved", *FILES),
    "keep": ("begun", "moved", "settled"),
    "revert": ("begun", "made", "unsettled", *FILES),
    "redo": ("planned", "middle", "written", "torn", "done", "back", "unsettled"),
    "unrevert": ("planned", "middle", "written", "torn", "done", "moved"),
}


def arm(step: str, verb: str) -> None:
    """From here on this process dies at that step: instead of a call, or right after it."""
    where, name, how = _places(step, verb)
    call = getattr(where, name)
    setattr(where, name, die if how == "instead" else torn(call) if how == "torn" else after(call))


def _places(step: str, verb: str) -> tuple[Any, str, str]:
    match step, verb:
        case "begun", "revert":
            return undoing, "carry_out", "instead"
        case "made", _:
            return undoing, "carry_out", "after"
        case "unsettled", "revert":
            return carrying, "finish", "instead"
        case "begun", _:
            return uncommit, "drop", "instead"
        case "moved", _:
            return uncommit, "settle_dropped", "instead"
        case "settled", _:
            return uncommit, "drop", "after"
        case "back", _:
            return uncommit, "bring_back", "instead"
        case "unsettled", _:
            return uncommit, "settle_back", "instead"
        case "planned", _:
            return Writes, "write", "instead"
        case "middle", _:
            return Ops, "exchange", "after"
        case "written", _:
            return Worktree, "write_all", "after"
        case "torn", _:
            return Journal, "write", "torn"
        case "recorded", _:
            return CheckpointStore, "done", "instead"
        case _:
            return CheckpointStore, "done", "after"


async def main(root: Path, step: str, verb: str) -> None:
    environ = dict(os.environ)
    provider = Scripted([[*patch(TEXT), *done()]])
    session = await open_session(root, load(environ=environ), environ=environ, provider=provider)
    await session.look()
    await session.run("change calc.py and README.md")
    await session.decide(list(session.state.hunks), Decision.ACCEPTED)
    await session.commit("Swap")
    undo = session.undoing.undo_commit
    if step == "hook":
        job = asyncio.ensure_future(undo(revert=True))
        await asyncio.to_thread((root / ".git/started").read_text)
        die(job)
    if verb in ("redo", "unrevert"):
        await undo(revert=verb == "unrevert")
        arm(step, verb)
        await session.redo()
    else:
        arm(step, verb)
        await undo(keep=verb == "keep", revert=verb == "revert")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
