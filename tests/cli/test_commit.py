"""`commit` from a prompt: what is chosen, what a hook says, and which code the shell is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from spark_tui.cli.exits import Exit
from spark_tui.repo import settling
from tests.support.shell import Shell

TWO = """*** Begin Patch
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
    done = subprocess.run(
        ["git", *words], cwd=shell.root, env=shell.environ, capture_output=True, check=True
    )
    return done.stdout.decode()


def hook(shell: Shell, name: str, script: str) -> Path:
    path = shell.root / ".git/hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def accepted(shell: Shell) -> Shell:
    assert shell("apply", "--accept", "all", stdin=TWO).code == Exit.DONE
    return shell


def test_some_of_the_hunks(accepted: Shell) -> None:
    ran = accepted("commit", "t1h2", "-m", "Turn sub round", "--json")
    assert ran.code == Exit.DONE
    assert ran.statuses() == {"t1h2": "accepted"}
    assert ran.document["commit"]["subject"] == "Turn sub round"
    assert git(accepted, "show", "--numstat", "--format=", "HEAD").split()[:2] == ["1", "1"]
    assert git(accepted, "status", "--porcelain") == " M calc.py\n"
    ran = accepted("commit", "-m", "Turn add round")
    assert ran.code == Exit.DONE and git(accepted, "status", "--porcelain") == ""


def test_a_hunk_that_is_unknown_or_committed(accepted: Shell) -> None:
    assert accepted("commit", "t9h9", "-m", "x").code == Exit.USAGE
    accepted("commit", "t1h1", "-m", "x")
    ran = accepted("commit", "t1h1", "-m", "x")
    assert ran.code == Exit.USAGE and "is in commit" in ran.err
    assert accepted("commit", "t1h2", "--staged", "-m", "x").code == Exit.USAGE


def test_findings_of_a_hook_and_the_message_for_the_next_try(accepted: Shell) -> None:
    path = hook(accepted, "pre-commit", "echo 'calc.py:2:5: E1 no'; echo x > made; exit 1")
    ran = accepted("commit", "-m", "My words", "--json")
    assert ran.code == Exit.REFUSED
    assert ran.document["status"] == "refused"
    assert ran.document["errors"][0]["code"] == "hook"
    assert ran.document["findings"] == [
        {"path": "calc.py", "line": 2, "column": 5, "message": "E1 no"}
    ]
    assert ran.document["changed"] == ["made"]
    assert "E1 no" in ran.err
    path.unlink()
    ran = accepted("commit")
    assert ran.code == Exit.DONE and "message of the last try" in ran.err
    assert git(accepted, "log", "-1", "--format=%s") == "My words\n"


def test_amend_of_ones_own(accepted: Shell) -> None:
    accepted("commit", "t1h1", "-m", "First words")
    ran = accepted("commit", "--amend")
    assert ran.code == Exit.DONE, ran.err
    assert git(accepted, "log", "--format=%s").split("\n")[:2] == ["First words", "Start"]
    assert git(accepted, "status", "--porcelain") == ""


def test_amend_of_what_is_pushed_is_forbidden(accepted: Shell) -> None:
    git(accepted, "update-ref", "refs/remotes/origin/main", "HEAD")
    head = git(accepted, "rev-parse", "HEAD")
    ran = accepted("commit", "--amend", "--json")
    assert ran.code == Exit.FORBIDDEN
    assert ran.document["errors"][0]["code"] == "pushed" and "origin/main" in ran.err
    assert git(accepted, "rev-parse", "HEAD") == head


def test_what_is_staged_needs_no_session(shell: Shell) -> None:
    (shell.root / "mine").write_text("x\n")
    git(shell, "add", "mine")
    ran = shell("commit", "--staged", "-m", "Mine", "--json")
    assert ran.code == Exit.DONE, ran.err
    assert git(shell, "show", "--name-only", "--format=%s", "HEAD").split() == ["Mine", "mine"]
    ran = shell("commit", "--staged", "-m", "Again")
    assert ran.code == Exit.REFUSED and "Nothing is staged" in ran.err


@pytest.mark.parametrize("code", ["operation", "index_locked", "signing"])
def test_what_forbids_a_commit(accepted: Shell, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "LOCK_WAIT_S", 0.0)
    match code:
        case "operation":
            (accepted.root / ".git/MERGE_HEAD").write_text(git(accepted, "rev-parse", "HEAD"))
        case "index_locked":
            (accepted.root / ".git/index.lock").write_text("")
        case _:
            git(accepted, "config", "commit.gpgSign", "true")
            git(accepted, "config", "gpg.program", "false")
    ran = accepted("commit", "-m", "x", "--json")
    assert ran.code == Exit.FORBIDDEN
    assert ran.document["errors"][0]["code"] == code
    if code == "operation":
        assert "git merge --continue" in ran.err


def test_hooks_are_put_in_and_taken_out(shell: Shell) -> None:
    ran = shell("hook", "install", "--json")
    assert ran.code == Exit.DONE and ran.document["hook"]["what"] == "installed"
    path = Path(ran.document["hook"]["path"])
    assert "spark-tui commit-msg" in path.read_text() or "commit-msg --" in path.read_text()
    assert shell("hook", "remove").code == Exit.DONE and not path.exists()
    hook(shell, "prepare-commit-msg", "true")
    ran = shell("hook", "install")
    assert ran.code == Exit.FORBIDDEN and "--force" in ran.err
    assert shell("hook", "install", "--force").code == Exit.DONE
    assert "is back" in shell("hook", "remove").out
    assert shell("hook", "burn").code == Exit.USAGE


def test_commit_msg_never_fails_a_commit(shell: Shell) -> None:
    (shell.root / "calc.py").write_text("x\n")
    git(shell, "add", "calc.py")
    file = shell.root / ".git/COMMIT_EDITMSG"
    file.write_text("\n# git's own\n")
    ran = shell("commit-msg", ".git/COMMIT_EDITMSG")
    assert (ran.code, ran.out) == (Exit.DONE, "") and ran.err.count("\n") == 1
    assert file.read_text() == "\n# git's own\n"
    assert shell("commit-msg", ".git/COMMIT_EDITMSG", "merge").err == ""
    config = Path(shell.environ["SPARK_TUI_CONFIG_DIR"])
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.toml").write_text("nonsense = [")
    assert shell("commit-msg", ".git/COMMIT_EDITMSG").code == Exit.DONE
    assert shell("commit-msg").code == Exit.USAGE
