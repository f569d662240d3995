"""`undo --commit`, `--dry-run`, and what only a person can decide: without a screen."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

import pytest

from tests.support.shell import Shell

REPLY = """*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** End Patch
"""


def git(shell: Shell, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=shell.root, env=shell.environ, check=True, capture_output=True
    ).stdout.decode()


@pytest.fixture
def committed(shell: Shell) -> Shell:
    """Two hunks of turn 1 in a commit."""
    assert shell("apply", "--accept", "safe", stdin=REPLY).code == 0
    assert shell("commit", "-m", "Swap").code == 0
    return shell


def head(shell: Shell) -> str:
    return git(shell, "rev-parse", "HEAD").strip()


def test_undo_a_commit_and_redo_it(committed: Shell) -> None:
    after, oid = committed.read("calc.py"), head(committed)
    ran = committed("undo", "--commit", "--json")
    assert (ran.code, ran.document["status"]) == (0, "applied")
    assert ran.statuses() == {"t1h1": "placed", "t1h2": "placed"}
    assert ran.document["commit"] == {"id": oid, "how": "drop", "by": None}
    assert git(committed, "status", "--porcelain") == "" and head(committed) != oid
    ran = committed("redo")
    assert ran.code == 0 and f"Commit {oid[:9]} is back." in ran.err
    assert (committed.read("calc.py"), head(committed)) == (after, oid)


def test_only_the_commit(committed: Shell) -> None:
    after = committed.read("calc.py")
    assert committed("undo", "--commit", head(committed)[:8], "--keep").code == 0
    assert committed.read("calc.py") == after
    assert git(committed, "status", "--porcelain") == " M calc.py\n"
    assert committed("commit", "-m", "Swap again").code == 0


def test_a_pushed_commit_wants_a_word(committed: Shell) -> None:
    oid = head(committed)
    git(committed, "update-ref", "refs/remotes/origin/main", "HEAD")
    ran = committed("undo", "--commit", "--json")
    assert (ran.code, ran.document["status"]) == (7, "refused")
    (error,) = ran.document["errors"]
    assert error["code"] == "pushed" and "origin/main" in error["message"]
    assert "--revert" in error["hint"] and head(committed) == oid
    assert committed("undo", "--commit", "--revert").code == 0
    assert git(committed, "rev-parse", "HEAD^").strip() == oid
    assert git(committed, "status", "--porcelain") == ""
    assert "a + b" in committed.read("calc.py")


def test_a_merge_in_progress_is_7(committed: Shell) -> None:
    (committed.root / ".git/MERGE_HEAD").write_text(head(committed) + "\n")
    ran = committed("undo", "--commit")
    assert ran.code == 7 and "a merge is in progress" in ran.err


def test_no_such_commit_is_2(committed: Shell) -> None:
    assert committed("undo", "--commit", "123456").code == 2
    assert committed("undo", "--keep").code == 2
    assert committed("undo", "--turn", "1", "--commit").code == 2


def test_undo_of_a_committed_decision_names_the_way(committed: Shell) -> None:
    ran = committed("undo")
    assert ran.code == 6 and "undo --commit, takes that back" in ran.err


def test_a_dry_run_changes_nothing(committed: Shell) -> None:
    after, oid = committed.read("calc.py"), head(committed)
    mine = after.replace("return b + a", "return b + a + 0")
    (committed.root / "calc.py").write_text(mine)
    ran = committed("undo", "--commit", "--dry-run", "--json")
    assert (ran.code, ran.document["status"]) == (0, "pending")
    preview = ran.document["preview"]
    assert preview["commit"]["id"] == oid and preview["commit"]["how"] == "drop"
    assert preview["files"] == [
        {"path": "calc.py", "change": "update", "added": 1, "removed": 1, "merged": True,
         "hunks": ["t1h2"]}
    ]  # fmt: skip
    assert preview["becomes_hunks"] == [{"id": "t1h1", "reason": "line 2 was changed on disk"}]
    assert (committed.read("calc.py"), head(committed)) == (mine, oid)
    ran = committed("undo", "--commit", "--dry-run")
    assert ran.out.splitlines() == [
        "calc.py update +1 -1 (your later edits stay)",
        "t1h1 stays and becomes a hunk to decide: line 2 was changed on disk",
        f"commit {oid[:9]} (Swap): off the branch",
    ]


def test_a_dry_run_needs_no_lock(committed: Shell) -> None:
    (lock,) = Path(committed.environ["SPARK_TUI_STATE_DIR"]).glob("worktrees/*/lock")
    with lock.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert committed("undo", "--commit", "--dry-run").code == 0


def test_a_dry_run_of_a_turn_and_of_nothing(shell: Shell) -> None:
    shell("apply", "--accept", "safe", stdin=REPLY)
    ran = shell("undo", "--turn", "1", "--dry-run")
    assert (ran.code, ran.out) == (0, "calc.py update +2 -2\n")
    assert shell("undo", "--dry-run").out == "calc.py update +2 -2\n"
    assert shell("undo").code == 0
    ran = shell("undo", "--dry-run", "--json")
    assert (ran.code, ran.document["preview"]["files"]) == (0, [])


def test_what_a_later_edit_holds_is_a_hunk_in_the_document(shell: Shell) -> None:
    shell("apply", "--accept", "safe", stdin=REPLY)
    mine = shell.read("calc.py").replace("return b + a", "return b + a + 0")
    (shell.root / "calc.py").write_text(mine)
    ran = shell("undo", "--json")
    assert (ran.code, ran.document["status"]) == (6, "conflict")
    assert ran.statuses() == {"t1h2": "placed", "t1h3": "placed"}
    assert "accept t1h3" in ran.document["errors"][0]["hint"]
    assert shell.read("calc.py") == mine.replace("-b + a", "a - b")
    (row,) = [
        r for f in shell("hunks", "--json").document["files"] for r in f["hunks"]
        if r["id"] == "t1h3"
    ]  # fmt: skip
    assert row["flags"] == ["undo"] and row["reason"].startswith("undo of t1h1: your later edit")
    assert (row["old"], row["new"]) == ("    return b + a + 0", "    return a + b")
    assert shell("accept", "t1h3").code == 0
    assert "return a + b" in shell.read("calc.py") and "a - b" in shell.read("calc.py")
    assert shell("hunks", "--json").statuses()["t1h1"] == "undone"
    assert shell("undo").code == 0 and shell.read("calc.py") == mine.replace("-b + a", "a - b")
    assert shell("hunks", "--json").statuses()["t1h1"] == "accepted"
