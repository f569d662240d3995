"""log, why, restore: the past of a session without a screen."""

from __future__ import annotations

import re
import subprocess

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
*** Add File: new.py
+NEW = 1
*** End Patch
"""
ENTRY = r"o\d+  \d{4}-\d\d-\d\d \d\d:\d\d  "


@pytest.fixture
def worked(shell: Shell) -> Shell:
    """o1 accepts t1h1, o2 rejects t1h2, o3 accepts t1h3."""
    assert shell("apply", "--accept", "none", stdin=REPLY).code == 0
    assert shell("accept", "t1h1").code == 0
    assert shell("reject", "t1h2").code == 0
    assert shell("accept", "t1h3").code == 0
    return shell


def git(shell: Shell, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=shell.root, env=shell.environ, check=True, capture_output=True
    ).stdout.decode()


# -- log -------------------------------------------------------------------------------
def test_log_is_one_line_an_entry(worked: Shell) -> None:
    ran = worked("log")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert [re.sub(ENTRY, "", line) for line in lines] == [
        "accepted t1h3 · new.py",
        "rejected t1h2 · calc.py",
        "accepted t1h1 · calc.py",
    ]
    assert all(re.match(ENTRY, line) for line in lines)
    assert [line.split()[0] for line in worked("log", "-n", "2").out.splitlines()] == ["o3", "o2"]
    assert [line.split()[0] for line in worked("log", "new.py").out.splitlines()] == ["o3"]


def test_log_as_a_document(worked: Shell) -> None:
    assert worked("undo").code == 0
    body = worked("log", "--json", "-p").document
    assert set(body) == {"schema", "operations", "errors"} and body["errors"] == []
    undo, added, rejected, first = body["operations"]
    assert (undo["kind"], undo["takes_back"], added["taken_back_by"]) == ("undo", "o3", "o4")
    assert (rejected["checkpoint"], rejected["diff"]) == (None, "")
    assert first["id"] == "o1" and first["hunks"] == ["t1h1"]
    assert first["files"] == [{"path": "calc.py"}] and len(first["checkpoint"]) == 40
    assert "-    return a + b\n+    return b + a\n" in first["diff"]


def test_log_of_all_sessions_and_of_none(worked: Shell) -> None:
    assert worked("apply", stdin=REPLY.replace("new.py", "other.py").replace(
        "*** Update File: calc.py\n@@ def add(a, b):\n-    return a + b\n+    return b + a\n"
        "@@ def sub(a, b):\n-    return a - b\n+    return -b + a\n", ""
    )).code == 0  # fmt: skip
    assert len(worked("log").out.splitlines()) == 1
    rows = worked("log", "--all").out.splitlines()
    assert len(rows) == 4 and all("/o" in row.split()[0] for row in rows)
    first = rows[-1].split("/")[0]
    assert len(worked("log", "--session", first).out.splitlines()) == 3
    assert worked("log", "--session", "nobody").code == 2
    assert worked("log", "-n", "0").code == 2


def test_log_without_a_session(shell: Shell) -> None:
    ran = shell("log")
    assert (ran.code, ran.out) == (0, "") and "no operations" in ran.err
    assert shell("log", "--json").document["operations"] == []


def test_log_is_inert_and_masked(shell: Shell) -> None:
    token = "ghp_" + "a" * 36
    reply = f"*** Begin Patch\n*** Add File: odd.py\n+KEY = '{token}' # \x1b[2J\n*** End Patch\n"
    assert shell("apply", "--accept", "all", stdin=reply).code == 0
    ran = shell("log", "-p", terminal=True)
    assert "\x1b" not in ran.out and "␛[2J" in ran.out
    assert token not in ran.out and "[redacted]" in ran.out
    assert token not in shell("log", "-p", "--json").out
    ran = shell("why", "odd.py:1", terminal=True)
    assert "\x1b" not in ran.out and token not in ran.out and "/t1h1" in ran.out


# -- why -------------------------------------------------------------------------------
def test_why_says_hunk_prompt_and_decision(worked: Shell) -> None:
    ran = worked("why", "calc.py:2")
    assert ran.code == 0
    first, hunk, *rest = ran.out.splitlines()
    assert first == "calc.py:2  return b + a"
    assert hunk.endswith("/t1h1 of turn 1")
    assert any(re.fullmatch(r"  accepted by a person .*, o1", line) for line in rest)
    assert rest[-1] == "  commit   none: the last commit does not have this line"
    body = worked("why", "calc.py:2", "--json").document
    assert (body["origin"], body["hunk"], body["decided"]["operation"]) == ("hunk", "t1h1", "o1")
    assert body["commit"] is None and body["certain"] is True


def test_why_of_what_is_not_ours(worked: Shell) -> None:
    out = worked("why", "calc.py:1").out
    assert "not by spark-tui: no write of ours brought it" in out
    assert "last commit that touched it: " in out and "Start" in out
    (worked.root / "calc.py").write_text("# mine\n" + worked.read("calc.py"))
    out = worked("why", "calc.py:1").out
    assert "not by spark-tui: changed after " in out
    assert "commit   none: the last commit does not have this line" in out
    assert worked("why", "calc.py:3").out.splitlines()[1].endswith("/t1h1 of turn 1")


def test_why_knows_a_commit_that_was_rewritten(worked: Shell) -> None:
    assert worked("commit", "-m", "Swap").code == 0
    old = git(worked, "rev-parse", "HEAD")[:9]
    assert f"commit   {old} Swap" in worked("why", "calc.py:2").out
    git(worked, "commit", "-q", "--amend", "-m", "Swap them")
    new = git(worked, "rev-parse", "HEAD")[:9]
    assert (
        f"commit   {new} Swap them (was {old} when it was made)" in worked("why", "calc.py:2").out
    )


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("calc.py", "is not FILE:LINE"),
        ("calc.py:x", "is not FILE:LINE"),
        ("calc.py:99", "no line 99"),
        ("gone.py:1", "no file gone.py"),
        ("data.bin:1", "is binary"),
        ("../out.py:1", "does not lie in"),
    ],
)
def test_why_of_no_line(worked: Shell, place: str, words: str) -> None:
    (worked.root / "data.bin").write_bytes(b"\0")
    ran = worked("why", place)
    assert ran.code == 2 and words in ran.err


def test_why_without_a_session(shell: Shell) -> None:
    ran = shell("why", "calc.py:2")
    assert ran.code == 0 and "no write of ours" in ran.out
    (shell.root / "loose.py").write_text("x\n")
    out = shell("why", "loose.py:1").out
    assert "no write of ours" in out and "none: the last commit has no such file" in out


# -- restore ---------------------------------------------------------------------------
def test_restore_and_its_undo(worked: Shell) -> None:
    after = worked.read("calc.py")
    plan = worked("restore", "o0", "--dry-run")
    assert plan.code == 0 and worked.read("calc.py") == after
    assert plan.out.splitlines() == [
        "update  calc.py +1 -1",
        "delete  new.py +0 -1",
        "t1h1 accepted -> placed",
        "t1h2 rejected -> placed",
        "t1h3 accepted -> placed",
    ]
    ran = worked("restore", "o0")
    assert ran.code == 0 and ran.out == plan.out
    assert "return a + b" in worked.read("calc.py") and not (worked.root / "new.py").exists()
    assert "Back to the beginning: calc.py, new.py, 3 hunks. (o4;" in ran.err
    ran = worked("undo", "--dry-run")
    assert ran.code == 0 and "calc.py" in ran.out and "new.py" in ran.out
    ran = worked("undo")
    assert ran.code == 0 and worked.read("calc.py") == after
    assert worked.read("new.py") == "NEW = 1\n"
    undone, restored = worked("log", "-n", "2").out.splitlines()
    assert re.sub(ENTRY, "", undone) == "undid o4: t1h1, t1h2, t1h3 · calc.py, new.py"
    assert re.sub(ENTRY, "", restored) == (
        "restored the beginning: t1h1, t1h2, t1h3 · calc.py, new.py · taken back by o5"
    )


def test_restore_a_checkpoint_of_some_files(worked: Shell) -> None:
    checkpoint = worked("log", "--json").document["operations"][-1]["checkpoint"]
    ran = worked("restore", checkpoint[:10], "--json")
    assert ran.code == 0
    body = ran.document
    assert (body["status"], body["operation"], body["restored_to"]) == ("applied", "o4", "o0")
    assert [f["path"] for f in body["files"]] == ["calc.py"]
    assert "return a + b" in worked.read("calc.py") and worked.read("new.py") == "NEW = 1\n"
    again = worked("restore", "o1", "new.py")
    assert again.code == 0 and not (worked.root / "new.py").exists()


def test_restore_stops_at_later_edits(worked: Shell) -> None:
    mine = worked.read("calc.py").replace("b + a", "b + a + 0")
    (worked.root / "calc.py").write_text(mine)
    ran = worked("restore", "o0", "--json")
    assert ran.code == 6 and worked.read("calc.py") == mine
    body = ran.document
    assert body["status"] == "conflict" and body["errors"][0]["code"] == "conflict"
    assert {f["path"]: f["change"] for f in body["files"]} == {"calc.py": None, "new.py": "delete"}
    assert worked("restore", "o0", "--take").code == 0
    assert "return a + b\n" in worked.read("calc.py")
    assert worked("undo").code == 0 and worked.read("calc.py") == mine


def test_restore_names_commits_that_stay(worked: Shell) -> None:
    assert worked("commit", "-m", "Swap").code == 0
    ran = worked("restore", "o0", "--dry-run")
    commit = git(worked, "rev-parse", "HEAD").strip()
    assert f"commit {commit[:9]} stays: spark-tui undo --commit {commit[:9]}" in ran.err


@pytest.mark.parametrize("target", ["o99", "nonsense", "deadbeef", "nobody/o1"])
def test_restore_of_nothing(worked: Shell, target: str) -> None:
    before = worked.read("calc.py")
    assert worked("restore", target).code == 2
    assert worked.read("calc.py") == before
    assert len(worked("log").out.splitlines()) == 3


def test_restore_where_all_is_as_it_was(worked: Shell) -> None:
    ran = worked("restore", "o3")
    assert ran.code == 0 and "nothing to restore" in ran.err
    assert len(worked("log").out.splitlines()) == 3


def test_restore_in_an_earlier_session(worked: Shell) -> None:
    first = worked("log", "--all").out.split("/")[0]
    assert worked("apply", "--accept", "none", stdin="just words\n").code in (0, 6)
    assert worked("log").out == ""
    assert worked("restore", f"{first}/o0").code == 0
    assert "return a + b" in worked.read("calc.py")
