"""A disk or a memory that gives out at any step of a write: all files old, or all new, and said.

What the system itself says on a small tmpfs, without a right or with a limit, is tried by real
processes in benchmarks/crash.py --fill; marked slow here is a part of it.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from spark_tui.errors import DiskFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.ops import Ops
from spark_tui.repo.recovering import intent, recover
from spark_tui.repo.worktree import Change, NotPutBack, Worktree
from tests.support import full

ROOT = Path(__file__).parents[2]
OLD = {"a.txt": b"old a\n", "d/b.txt": b"old b\n", "gone.txt": b"gone\n", "twin.txt": b"twin\n"}
NEW = {"a.txt": b"new a\n", "d/b.txt": b"new b\n", "in/new.txt": b"new\n", "twin.txt": b"TWIN\n"}
STEPS = ("create", "write", "truncate", "fsync", "mkdir", "rmdir", "link", "rename", "exchange",
         "unlink")  # fmt: skip


class Failing(Ops):
    """From its n-th step on, once or for good, the disk or the memory says no."""

    def __init__(self, at: int, cause: BaseException, *, for_good: bool) -> None:
        self.steps: list[str] = []
        for name in STEPS:
            vars(self)[name] = self._step(name, getattr(super(), name), at, cause, for_good)

    def _step(
        self, name: str, call: Callable[..., Any], at: int, cause: BaseException, for_good: bool
    ) -> Callable[..., Any]:
        def step(*args: Any) -> Any:
            self.steps.append(name)
            n = len(self.steps)
            if n == at or (for_good and n > at):
                raise cause
            return call(*args)

        return step


def lay_out(root: Path) -> None:
    for path, data in OLD.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(data)
    os.link(root / "twin.txt", root / "twin too.txt")


def files(root: Path) -> dict[str, bytes]:
    found = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    assert found.pop("twin too.txt") == found["twin.txt"]
    return found


def changes() -> list[Change]:
    return [Change(path, NEW.get(path)) for path in {**OLD, **NEW}]


def expected() -> dict[str, str | None]:
    return {path: sha256(OLD[path]).hexdigest() if path in OLD else None for path in {**OLD, **NEW}}


CAUSES = {
    "full": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "limit": OSError(errno.EFBIG, os.strerror(errno.EFBIG)),
    "quota": OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
    "broken": OSError(errno.EIO, os.strerror(errno.EIO)),
    "memory": MemoryError(),
}


@pytest.mark.parametrize("name", CAUSES)
@pytest.mark.parametrize("for_good", [False, True])
def test_at_every_step(tmp_path: Path, environ: dict[str, str], name: str, for_good: bool) -> None:
    outcomes = set()
    for at in range(1, 200):
        root, home = tmp_path / f"{at}", tmp_path / f"{at}.state"
        root.mkdir()
        lay_out(root)
        ops = Failing(at, CAUSES[name], for_good=for_good)
        try:
            Worktree(root, ops=ops).write_all(changes(), expected=expected())
            outcomes.add("new")
        except NotPutBack:
            # Nothing works any more: the next start has the checkpoint.
            outcomes.add("recovered")
            store = CheckpointStore.open(home, root, environ=environ)
            kept = {p: (d, 0o644) for p, d in OLD.items()} | {"in/new.txt": None}
            store.begin(intent(store.save("s", 1, kept), changes(), ["in"]))
            recovery = recover(store, Worktree(root))
            assert recovery is not None and not recovery.kept, recovery
            assert files(root) == (NEW if recovery.outcome == "finished" else OLD), at
            continue
        except DiskFault as fault:
            outcomes.add("old")
            assert fault.message.endswith("Nothing was changed."), fault.message
            assert files(root) == OLD, at
        else:
            if for_good:  # What cannot be removed from a broken disk goes with the next sweep.
                Worktree(root).sweep({**OLD, **NEW}, keep=lambda _: None)
            assert files(root) == NEW, at
        if at > len(ops.steps):
            break
    assert outcomes == ({"old", "new", "recovered"} if for_good else {"old", "new"})


@pytest.mark.slow
@pytest.mark.skipif(bool(full.possible()), reason=full.possible())
@pytest.mark.parametrize("verb", ["apply", "accept", "undo", "commit"])
@pytest.mark.parametrize(
    ("how", "part", "levels"),
    [
        *(("fill", part, range(0, 256, 32)) for part in full.PARTS),
        ("fsize", "work", range(0, 256, 32)),
        ("readonly", "work", [0]),
        ("folder", "work", [0]),
        ("file", "work", [0]),
    ],
)
def test_a_real_disk(tmp_path: Path, verb: str, how: str, part: str, levels: list[int]) -> None:
    jobs = [{"verb": verb, "case": "large", "bad": [how, part, level]} for level in levels]
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-m", "tests.support.full", str(tmp_path)],
        cwd=ROOT, input="".join(f"{json.dumps(job)}\n" for job in jobs),
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(jobs)
    assert [row["wrong"] for row in rows if row["wrong"]] == []
