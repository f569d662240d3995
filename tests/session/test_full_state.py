"""A state folder without room, really: at every level a decision is whole, or nothing happened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

STORY = """
import asyncio, os, subprocess, sys
from dataclasses import replace
from pathlib import Path
from spark_tui.errors import SparkFault
from spark_tui.model.scripted import Scripted
from spark_tui.session.events import Decision
from spark_tui.session.opening import open_session
from spark_tui.session.state import Status
from spark_tui.settings.config import load

folder = Path(sys.argv[1])
root, state = folder / "work", folder / "state"
environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "SPARK_TUI_STATE_DIR": str(state),
           "SPARK_TUI_CONFIG_DIR": str(folder / "config")}
OLD = {f"{n}.txt": f"{n}\\n" + "".join(f"line {i} of {n}\\n" for i in range(800)) for n in "ab"}
REPLY = ("*** Begin Patch\\n" + "".join(
    f"*** Update File: {n}.txt\\n@@\\n-{n}\\n+new {n}\\n" for n in "ab") + "*** End Patch\\n")

def files():
    return {p.name: p.read_text() for p in root.iterdir() if p.name != ".git"}

async def story():
    for name, text in OLD.items():
        (root / name).write_text(text)
    settings = replace(load(environ=environ), accept="ask")
    session = await open_session(root, settings, environ=environ, provider=Scripted([]))
    await session.look()
    await session.apply_reply(REPLY, accept="none")
    hunks = [h.id for h in session.state.open_hunks()]
    assert len(hunks) == 2
    new = {name: text.replace(name[0], f"new {name[0]}", 1) for name, text in OLD.items()}
    ballast, refused, done = state / "ballast", 0, 0
    for level in range(24):
        found = os.statvfs(state)
        free = found.f_bavail * found.f_frsize
        ballast.write_bytes(b"b" * max(0, free - level * 4096))
        try:
            decided = await session.decide(hunks, Decision.ACCEPTED)
        except SparkFault as fault:
            refused += 1
            said = f"{fault.message} {fault.hint}".lower()
            assert "nothing was" in said or "unchanged" in said, said
            assert files() == OLD, level
            assert {session.state.hunks[h].status for h in hunks} == {Status.PLACED}
            ballast.unlink()
        else:
            done += 1
            ballast.unlink()
            assert files() == new, level
            assert decided.written == tuple(hunks)
            assert (await session.undo()).done
            assert files() == OLD
    assert refused >= 3, refused
    assert done >= 3, done
    await session.close()
    again = await open_session(root, settings, environ=environ, provider=Scripted([]), fresh=False)
    assert {again.state.hunks[h].status for h in hunks} == {Status.PLACED}
    assert (await again.decide(hunks, Decision.ACCEPTED)).written == tuple(hunks)
    assert files() == new
    await again.close()
    print("done")

asyncio.run(story())
"""


def test_a_full_state_folder_changes_nothing(tmp_path: Path) -> None:
    for name in ("work", "state"):
        (tmp_path / name).mkdir()
    mount = f"mount -t tmpfs -o size=1m none {tmp_path}/state"
    done = subprocess.run(
        [
            *("unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh"),
            *(sys.executable, "-c", STORY, str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mounts here")
    assert done.stdout == "done\n", done.stderr
