"""Random walks through decisions, undo, redo and restores, with a person at work in the same files.

Claims: a restore gives each file that the person left alone the bytes and the mode it had right
after that entry; its undo gives back what was there; no line of the person's is ever lost: it is on
the disk or in a checkpoint.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from pathlib import Path

import pytest

from spark_tui.model.scripted import done, patch
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import Session
from spark_tui.session.since import Moment
from spark_tui.session.state import Status
from tests.support.bench import Bench

FILES = {
    "a.py": (b"".join(b"line %d\n" % n for n in range(24)), 0o600),
    "rows.txt": (b"".join(b"row %d\r\n" % n for n in range(8)), 0o644),
    "run.sh": (b"#!/bin/sh\nset -e\necho hi", 0o755),
}
FIRST = """*** Begin Patch
*** Update File: a.py
@@
-line 2
+A one
@@
 line 12
+A two
*** Update File: rows.txt
@@
-row 3
+R one
*** Update File: run.sh
@@
-echo hi
+echo S one
*** Add File: new/made.py
+M one
*** End Patch
"""
SECOND = """*** Begin Patch
*** Update File: a.py
@@
-line 20
+A three
*** Update File: rows.txt
@@
 row 8
+R two
*** End Patch
"""
Tree = dict[str, tuple[bytes, int]]


class Walk:
    """One session and one person."""

    def __init__(self, root: Path, session: Session, seed: int) -> None:
        self.root = root
        self.session = session
        self.chance = random.Random(seed)
        self.after: list[Tree] = [self.tree()]
        """By entry: the tree right after it."""
        self.touched: dict[str, int] = {}
        """Path -> entries that there were when the person last worked in it."""
        self.marks: list[bytes] = []
        self.restores = 0

    def tree(self) -> Tree:
        return {
            p.relative_to(self.root).as_posix(): (p.read_bytes(), p.stat().st_mode & 0o777)
            for p in self.root.rglob("*") if p.is_file()
        }  # fmt: skip

    async def step(self) -> None:
        match self.chance.choice(("yes", "yes", "no", "undo", "turn", "redo", "back", "mine")):
            case "yes" | "no" as word:
                await self.decide(word)
            case "undo":
                await self.session.undo()
            case "turn":
                await self.session.undo_turn(self.chance.choice((1, 2)))
            case "redo":
                await self.session.redo()
            case "back":
                await self.restore()
            case _:
                self.work()
        self.note()

    async def decide(self, word: str) -> None:
        ready = [h.id for h in self.session.state.hunks.values() if h.status in (
            Status.PLACED, Status.ACCEPTED, Status.REJECTED, Status.UNDONE, Status.CONFLICT
        ) and not h.undoes]  # fmt: skip
        chosen: list[HunkId] = self.chance.sample(ready, self.chance.randint(1, len(ready)))
        decision = Decision.ACCEPTED if word == "yes" else Decision.REJECTED
        await self.session.decide(chosen, decision)

    def work(self) -> None:
        """The person writes a line of their own somewhere."""
        path = self.chance.choice(sorted(self.tree()))
        lines = (self.root / path).read_bytes().splitlines(keepends=True)
        mark = b"mine %d" % len(self.marks)
        self.marks.append(mark)
        lines.insert(self.chance.randint(0, len(lines)), mark + b"\n")
        (self.root / path).write_bytes(b"".join(lines))
        self.touched[path] = len(self.session.state.operations)

    def note(self) -> None:
        """Each new entry: the tree after it; what the person did since the last one is theirs."""
        if len(self.session.state.operations) == len(self.after):
            self.after.append(self.tree())
        assert len(self.session.state.operations) == len(self.after) - 1

    async def restore(self) -> None:
        session = self.session
        op = self.chance.randint(0, len(session.state.operations))
        before = self.tree()
        stood = self.stand()
        done = await session.restoring.restore(Moment(after=op), take=self.chance.random() < 0.2)
        self.note()
        now = self.tree()
        for path in now.keys() | self.after[op].keys():
            if self.touched.get(path, -1) < op or path not in self.touched:
                assert now.get(path) == self.after[op].get(path), (path, op)
        if not done.acted:
            assert now == before
        elif self.chance.random() < 0.5:
            self.restores += 1
            assert (await session.undo()).done
            self.note()
            assert self.tree() == before
            assert self.stand() == stood

    def stand(self) -> dict[HunkId, tuple[Status, bool]]:
        """A conflict is open again after a restore: whether it still is one is seen then."""
        rows = self.session.state.hunks.values()
        return {
            h.id: (Status.PLACED if h.status is Status.CONFLICT else h.status, h.written)
            for h in rows
        }

    def nothing_is_lost(self) -> None:
        store = self.session.restoring._store
        held = [data for data, _ in self.tree().values()]
        for info in store.list():
            held += [kept[0] for kept in store.load(info.id).values() if kept is not None]
        for mark in self.marks:
            assert any(mark + b"\n" in data for data in held), mark


@pytest.mark.parametrize("seed", range(8))
def test_walk(seed: int) -> None:
    async def story(folder: Path) -> None:
        root = folder / "tree"
        for path, (data, mode) in FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
            (root / path).chmod(mode)
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SPARK_TUI_STATE_DIR": str(folder / "state"),
            "SPARK_TUI_CONFIG_DIR": str(folder / "config"),
        }
        bench = Bench(root, environ)
        session, _ = await bench.open([(*patch(FIRST), *done()), (*patch(SECOND), *done())])
        await session.run("first")
        await session.run("second")
        walk = Walk(root, session, seed)
        for _ in range(30):
            await walk.step()
        await session.restoring.restore(Moment(after=0))
        walk.note()
        walk.nothing_is_lost()
        await session.close()

    with tempfile.TemporaryDirectory(prefix="spark-tui-walk-") as name:
        asyncio.run(story(Path(name)))
