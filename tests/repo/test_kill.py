"""The real thing: a process that writes without end is killed at random, then we start again."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.recovering import recover
from spark_tui.repo.worktree import Worktree

WRITER = """
import os, sys
from hashlib import sha256
from pathlib import Path
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.recovering import intent
from spark_tui.repo.worktree import Change, Worktree
root = Path(sys.argv[1])
store = CheckpointStore.open(Path(sys.argv[2]), root, environ=dict(os.environ))
tree = Worktree(root)
print("ready", flush=True)
for n in range(100000):
    old = {p: tree.read(p) for p in ("a", "d/b", "c")}
    number = int((old["a"].data if old["a"] else b"0").split()[0]) + 1
    data = b"%d " % number * 3000
    new = {"a": data, "d/b": data, "c": None if old["c"] else data}
    kept = store.save("s", n, {p: (s.data, s.mode) if s else None for p, s in old.items()})
    changes = [Change(p, d) for p, d in new.items()]
    store.begin(intent(kept, changes))
    tree.write_all(changes, expected={p: s.digest if s else None for p, s in old.items()})
    store.done()
"""


@pytest.mark.slow
def test_kill_9_at_random(tmp_path: Path, environ: dict[str, str]) -> None:
    root = tmp_path / "work"
    root.mkdir()
    chance = random.Random(1)
    outcomes: dict[str, int] = {}
    for _ in range(60):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), str(tmp_path / "state")],
            stdout=subprocess.PIPE,
            env=environ,
            cwd=Path(__file__).parents[2],
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            timer = threading.Timer(chance.uniform(0.0, 0.2), process.kill)
            timer.start()
            assert process.wait() == -9
        store = CheckpointStore.open(tmp_path / "state", root, environ=environ)
        recovery = recover(store, Worktree(root))
        outcome = recovery.outcome if recovery else "nothing"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        files = {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}
        assert files.keys() <= {"a", "d/b", "c"}
        assert files.get("a") == files.get("d/b")
        number = int(files["a"].split()[0]) if files else 0
        assert files.get("a", b"") == (b"%d " % number * 3000 if number else b"")
        # "c" is there after every odd round, with that round's bytes.
        assert ("c" in files) == (number % 2 == 1)
        for info in store.list()[-3:]:
            store.load(info.id)
    assert outcomes.keys() <= {"nothing", "finished", "untouched", "restored"}, outcomes
