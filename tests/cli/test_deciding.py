"""hunks, accept, reject, undo, redo, commit: the review without a screen."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from spark_tui.model.scripted import done, say
from spark_tui.session.events import HunkId
from spark_tui.session.opening import open_session
from spark_tui.settings.config import load
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


@pytest.fixture
def open_hunks(shell: Shell) -> Shell:
    """Two placed hunks of turn 1, nothing written."""
    assert shell("apply", "--accept", "none", stdin=REPLY).code == 0
    return shell


def git(shell: Shell, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=shell.root, env=shell.environ, check=True, capture_output=True
    ).stdout.decode()


def test_hunks_lists_them(open_hunks: Shell) -> None:
    ran = open_hunks("hunks")
    assert ran.out.splitlines() == ["t1h1 placed calc.py:2 +1 -1", "t1h2 placed calc.py:6 +1 -1"]
    assert "-    return a + b\n" in open_hunks("hunks", "-p").out
    rows = open_hunks("hunks", "--json").document["files"][0]["hunks"]
    assert [(r["old"], r["new"]) for r in rows] == [
        ("    return a + b", "    return b + a"),
        ("    return a - b", "    return -b + a"),
    ]


def test_hunks_says_where_they_stand_in_a_file_that_changed(open_hunks: Shell) -> None:
    path = open_hunks.root / "calc.py"
    path.write_text("import math\n" + path.read_text().replace("a + b", "a + b  # mine"))
    rows = open_hunks("hunks", "--json").document["files"][0]["hunks"]
    assert [(r["status"], r["reason"], r.get("moved_by")) for r in rows] == [
        ("placed", "line 2 was changed on disk", None),
        ("placed", "", 1),
    ]
    assert open_hunks("hunks").out.splitlines() == [
        "t1h1 placed calc.py:2 +1 -1: line 2 was changed on disk",
        "t1h2 placed calc.py:6 (moved by +1) +1 -1",
    ]


def test_parts_of_a_hunk_are_named_by_their_ids(open_hunks: Shell) -> None:
    reply = """*** Begin Patch
*** Update File: calc.py
@@
-def add(a, b):
-    return a + b
+def add(x, y):
+    return x + y
*** End Patch
"""
    assert open_hunks("apply", "--accept", "none", stdin=reply).code == 0

    async def cut(*, back: bool) -> None:
        environ = open_hunks.environ
        session = await open_session(
            open_hunks.root, load(environ=environ), environ=environ, fresh=False
        )
        await (session.undo() if back else session.split(HunkId("t1h1")))
        await session.close()

    asyncio.run(cut(back=False))
    whole, *parts = open_hunks("hunks", "--json").document["files"][0]["hunks"]
    assert (whole["status"], whole["reason"]) == ("superseded", "t1h1.1, t1h1.2")
    assert [part["id"] for part in parts] == ["t1h1.1", "t1h1.2"]
    ran = open_hunks("accept", "--json", "t1h1.2")
    assert (ran.code, ran.statuses()) == (0, {"t1h1.2": "accepted"})
    assert open_hunks.read("calc.py").startswith("def add(a, b):\n    return x + y\n")
    assert open_hunks("accept", "t1h1").code == 6
    assert open_hunks("undo").code == 0
    asyncio.run(cut(back=True))
    assert open_hunks("hunks").out.splitlines() == ["t1h1 placed calc.py:1 +2 -2"]


def test_an_unplaced_hunk_shows_what_the_model_wrote(shell: Shell) -> None:
    shell("apply", "--accept", "none", stdin=REPLY.replace("-    return a + b", "-    nope"))
    hunk = shell("hunks", "--json").document["files"][0]["hunks"][0]
    assert (hunk["status"], hunk["start"]) == ("unplaced", None) and hunk["reason"]
    assert "nope" in hunk["old"] and "b + a" in hunk["new"]


def test_accept_writes_only_what_was_named(open_hunks: Shell) -> None:
    ran = open_hunks("accept", "--json", "t1h2")
    assert (ran.code, ran.statuses()) == (0, {"t1h2": "accepted"})
    assert "-b + a" in open_hunks.read("calc.py") and "a + b" in open_hunks.read("calc.py")
    assert open_hunks("accept", "t1h2").code == 0, "twice is no error"


def test_reject_leaves_the_file(open_hunks: Shell) -> None:
    before = open_hunks.read("calc.py")
    assert open_hunks("reject", "t1h1", "t1h2").code == 0
    assert open_hunks.read("calc.py") == before
    assert set(open_hunks("hunks", "--json").statuses().values()) == {"rejected"}


def test_full_names_say_the_session(open_hunks: Shell) -> None:
    session = open_hunks("hunks", "--json").document["session"]
    open_hunks("apply", stdin="nothing here")  # another session is current now
    assert open_hunks("accept", "t1h1").code == 2
    assert open_hunks("accept", f"{session}/t1h1").code == 0
    assert open_hunks("accept", f"{session}/t1h1", "other/t1h2").code == 2


def test_an_unknown_hunk_is_2_and_nothing_happens(open_hunks: Shell) -> None:
    before = open_hunks.read("calc.py")
    ran = open_hunks("accept", "--json", "t1h1", "t9h9")
    assert ran.code == 2 and ran.out == "" and "t9h9" in ran.err
    assert open_hunks.read("calc.py") == before


def test_a_file_that_changed_on_these_lines_is_a_conflict(open_hunks: Shell) -> None:
    mine = open_hunks.read("calc.py").replace("return a + b", "return 42")
    (open_hunks.root / "calc.py").write_text(mine)
    ran = open_hunks("accept", "--json", "t1h1")
    assert (ran.code, ran.document["status"]) == (6, "conflict")
    assert ran.document["errors"][0]["code"] == "conflict"
    assert open_hunks.read("calc.py") == mine


def test_undo_and_redo_go_back_and_forth(open_hunks: Shell) -> None:
    before = open_hunks.read("calc.py")
    open_hunks("accept", "t1h1")
    after = open_hunks.read("calc.py")
    assert open_hunks("undo").code == 0 and open_hunks.read("calc.py") == before
    assert open_hunks("redo").code == 0 and open_hunks.read("calc.py") == after
    ran = open_hunks("undo", "--turn", "1", "--json")
    assert (ran.code, ran.document["status"]) == (0, "applied")
    assert open_hunks.read("calc.py") == before


def test_nothing_to_undo_is_done(open_hunks: Shell) -> None:
    ran = open_hunks("undo")
    assert ran.code == 0 and "nothing to undo" in ran.err
    assert open_hunks("redo").code == 0


def test_undo_leaves_a_file_that_changed_since(open_hunks: Shell) -> None:
    open_hunks("accept", "t1h1")
    mine = open_hunks.read("calc.py").replace("return b + a", "return 7")
    (open_hunks.root / "calc.py").write_text(mine)
    ran = open_hunks("undo", "--json")
    assert (ran.code, ran.document["status"]) == (6, "conflict")
    assert open_hunks.read("calc.py") == mine


@pytest.mark.parametrize("verb", ["hunks", "undo", "redo", "commit"])
def test_without_a_session_it_says_how_to_start(verb: str, shell: Shell) -> None:
    ran = shell(verb)
    assert ran.code == 2 and "spark-tui edit" in ran.err


def test_commit_holds_the_accepted_hunks_only(open_hunks: Shell) -> None:
    open_hunks("accept", "t1h1")
    (open_hunks.root / "mine.txt").write_text("mine\n")
    git(open_hunks, "add", "mine.txt")
    ran = open_hunks("commit", "--json", "-m", "Turn it round")
    assert ran.code == 0
    assert ran.document["commit"]["subject"] == "Turn it round"
    assert ran.document["commit"]["id"] == git(open_hunks, "rev-parse", "HEAD").strip()
    assert git(open_hunks, "show", "--stat", "--format=").count("|") == 1
    assert git(open_hunks, "status", "--porcelain").split() == ["A", "mine.txt"]


def test_the_model_writes_the_message_if_nobody_does(open_hunks: Shell) -> None:
    open_hunks("accept", "t1h1")
    open_hunks.replies = [(*say("Swap the terms"), *done())]
    ran = open_hunks("commit")
    assert ran.code == 0 and ran.out.endswith("Swap the terms\n")


def test_nothing_accepted_is_refused(open_hunks: Shell) -> None:
    ran = open_hunks("commit", "--json", "-m", "x")
    assert ran.code == 6 and ran.document["errors"][0]["code"] == "nothing"
    assert open_hunks("commit", "-m", " ").code == 2


def test_a_hook_that_refuses_is_shown(open_hunks: Shell) -> None:
    hook = open_hunks.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho too long >&2\nexit 1\n")
    hook.chmod(0o755)
    open_hunks("accept", "t1h1")
    ran = open_hunks("commit", "--json", "-m", "x")
    assert ran.code == 6 and ran.document["errors"][0]["code"] == "hook"
    assert "too long" in ran.err


def test_a_merge_in_progress_forbids_it(open_hunks: Shell) -> None:
    open_hunks("accept", "t1h1")
    (open_hunks.root / ".git" / "MERGE_HEAD").write_text(git(open_hunks, "rev-parse", "HEAD"))
    ran = open_hunks("commit", "--json", "-m", "x")
    assert ran.code == 7 and ran.document["status"] == "refused"
