"""checkpoints: what is kept, takes room and goes; and the page on how to get a file back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spark_tui.repo.bounds import KEPT_ALWAYS
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.lock import WorktreeLock
from spark_tui.session.opening import worktree_state_dir
from tests.cli.conftest import CALC
from tests.support.shell import Shell

SWAP = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
*** Add File: new.py
+x = 1
*** End Patch
"""
PROJECT = Path(__file__).parents[2]


def home_of(shell: Shell) -> Path:
    return worktree_state_dir(shell.environ, shell.root)


def store_of(shell: Shell) -> CheckpointStore:
    return CheckpointStore.open(home_of(shell), shell.root, environ=shell.environ)


def applied(shell: Shell) -> None:
    assert shell("apply", "--accept", "all", stdin=SWAP).code == 0


def test_nothing_is_listed_and_nothing_made_where_nothing_is(shell: Shell) -> None:
    ran = shell("checkpoints")
    assert ran.code == 0
    assert ran.out == f"0 checkpoints, 0 KiB of 1.0 GiB on the disk in {home_of(shell)}/store.git\n"
    assert shell("checkpoints", "--prune").code == 0
    assert not home_of(shell).exists()


def test_each_with_its_paths_and_the_sum(shell: Shell) -> None:
    applied(shell)
    session = shell.sessions[-1].state.session
    (info,) = store_of(shell).list()
    ran = shell("checkpoints")
    row, total = ran.out.splitlines()
    assert re.fullmatch(
        rf"{info.id[:9]}  {session} turn 1  \d{{4}}-\d\d-\d\d \d\d:\d\d +1 KiB"
        r"  calc\.py, new\.py  \(needed\)",
        row,
    )
    assert re.fullmatch(r"1 checkpoint, \d+ KiB of 1\.0 GiB on the disk in .*/store\.git", total)
    body = shell("checkpoints", "--json").document
    assert set(body) == {
        "schema", "store", "total_bytes", "limit_bytes", "checkpoints", "errors"
    }  # fmt: skip
    assert (body["schema"], body["limit_bytes"], body["errors"]) == (1, 1 << 30, [])
    assert body["store"] == str(home_of(shell) / "store.git")
    assert body["total_bytes"] > len(CALC)
    (row,) = body["checkpoints"]
    assert row == {
        "id": info.id, "ref": f"refs/spark/{session}/1/1", "session": session, "turn": 1, "n": 1,
        "time": round(info.time, 3), "bytes": len(CALC), "damaged": False, "needed": True,
        "paths": [{"path": "calc.py"}, {"path": "new.py"}],
    }  # fmt: skip


def test_of_one_session_only(shell: Shell) -> None:
    store = store_of(shell)
    kept = store.save("one", 1, {"a": (b"1", 0o644)})
    store.save("two", 1, {os.fsdecode(b"\xff\x1b[31m"): (b"2", 0o644)})
    listed = shell("checkpoints", "--session", "one", "--json").document["checkpoints"]
    assert [row["id"] for row in listed] == [kept]
    (other,) = shell("checkpoints", "--session", "two", "--json").document["checkpoints"]
    assert other["paths"] == [{"path_b64": "/xtbMzFt"}]
    assert other["needed"] is False
    shown = shell("checkpoints", terminal=True).out
    assert "\x1b" not in shown and "2 checkpoints" in shown
    assert shell("checkpoints", "--session", "none").out.startswith("2 checkpoints")


def test_a_damaged_one_is_said(shell: Shell) -> None:
    store = store_of(shell)
    store.save("one", 1, {"a": (b"1", 0o644)})
    (store.storage.folder / "refs/spark/one/1/1").write_text("1" * 40 + "\n")
    assert "111111111  one turn 1  damaged: it cannot be read" in shell("checkpoints").out
    (row,) = shell("checkpoints", "--json").document["checkpoints"]
    assert (row["damaged"], row["time"], row["bytes"]) == (True, None, None)


def test_pruning_says_what_went(shell: Shell) -> None:
    shell.environ["SPARK_TUI_CHECKPOINTS_MB"] = "1"
    store = store_of(shell)
    ids = [store.save("s", n, {"a": (os.urandom(60_000), 0o644)}) for n in range(KEPT_ALWAYS + 3)]
    ran = shell("checkpoints", "--prune")
    assert ran.code == 0
    *gone, total = ran.out.splitlines()
    assert [line.split()[1] for line in gone] == [id[:9] for id in ids[:3]]
    assert total.startswith(f"{KEPT_ALWAYS} checkpoints, ") and " of 1.0 MiB on the disk" in total
    assert "pruned 3 checkpoints and 0 files" in ran.err
    again = shell("checkpoints", "--prune", "--json")
    assert (again.code, again.document["pruned"], again.document["pruned_blobs"]) == (0, [], 0)
    assert "nothing had to go" in shell("checkpoints", "--prune").err
    assert [i.id for i in store.list()] == ids[3:]


def test_pruning_waits_for_the_lock_and_looking_does_not(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_of(shell).save("s", 1, {"a": None})
    monkeypatch.setattr(WorktreeLock.__init__, "__kwdefaults__", {"wait_s": 0.0})
    with WorktreeLock(home_of(shell) / "lock"):
        assert shell("checkpoints").code == 0
        ran = shell("checkpoints", "--prune", "--json")
    assert ran.code == 7
    assert ran.document["errors"][0]["code"] == "lock"


def test_the_page_tells_how_to_get_a_file_back(shell: Shell, tmp_path: Path) -> None:
    """Its commands, all of them, in their order, in one shell."""
    applied(shell)
    page = (PROJECT / "docs/checkpoints.md").read_text()
    commands = re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(commands) == 5
    program = f'spark-tui() {{ "{sys.executable}" -m spark_tui "$@"; }}\n'
    ends = '\nprintf "%s" "$folder" > folder\n'
    done_ = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", program + "\n".join(commands) + ends],
        cwd=shell.root,
        env={**shell.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done_.returncode == 0, done_.stderr
    assert (shell.root / "calc.py").read_text() != CALC
    assert (shell.root / "calc.py.before").read_text() == CALC
    folder = Path((shell.root / "folder").read_text())
    assert [p.name for p in folder.iterdir()] == ["calc.py"]
    assert (folder / "calc.py").read_text() == CALC
    (info,) = store_of(shell).list()
    assert f"refs/spark/{info.session}/1/1" in done_.stdout
    message = json.loads(done_.stdout.strip().splitlines()[-1])
    assert message["files"] == [["calc.py", 0o644], ["new.py", None]]
    assert message["bytes"] == len(CALC)
