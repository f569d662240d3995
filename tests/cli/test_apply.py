"""`apply`: a reply on stdin, all or nothing, and what the shell and a script are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_tui.errors import LimitFault
from tests.support.shell import Shell

GOOD = """Two small things.

*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return int(a) + int(b)
*** Add File: notes.txt
+hello
*** End Patch
"""
WEAK = GOOD.replace("notes.txt", "conftest.py")
LOST = GOOD.replace("-    return a + b", "-    return nothing like it")


def test_a_sound_reply_is_written(shell: Shell) -> None:
    ran = shell("apply", stdin=GOOD)
    assert ran.code == 0
    assert "int(a) + int(b)" in shell.read("calc.py") and shell.read("notes.txt") == "hello\n"
    assert ran.out.splitlines() == [
        "t1h1 accepted calc.py:2 +1 -1",
        "t1h2 accepted notes.txt (add) +1 -0",
    ]


def test_the_document_is_the_public_one(shell: Shell) -> None:
    body = shell("apply", "--json", stdin=GOOD).document
    assert list(body) == [
        "schema", "session", "turn", "status", "checkpoint", "files", "errors", "usage", "timing",
    ]  # fmt: skip
    assert (body["schema"], body["turn"], body["status"], body["errors"]) == (1, 1, "applied", [])
    assert len(body["checkpoint"]) == 40
    assert body["files"] == [
        {
            "path": "calc.py",
            "change": "update",
            "hunks": [
                {
                    "id": "t1h1",
                    "kind": "edit",
                    "status": "accepted",
                    "reason": "",
                    "flags": [],
                    "start": 2,
                    "added": 1,
                    "removed": 1,
                }
            ],
        },
        {
            "path": "notes.txt",
            "change": "add",
            "hunks": [
                {
                    "id": "t1h2",
                    "kind": "add",
                    "status": "accepted",
                    "reason": "",
                    "flags": [],
                    "start": 1,
                    "added": 1,
                    "removed": 0,
                }
            ],
        },
    ]


@pytest.mark.parametrize(
    ("reply", "status"), [(LOST, "refused"), (GOOD.replace("*** End Patch\n", ""), "refused")]
)
def test_one_hunk_without_a_place_stops_all(reply: str, status: str, shell: Shell) -> None:
    before = shell.read("calc.py")
    ran = shell("apply", "--json", stdin=reply)
    assert (ran.code, ran.document["status"]) == (6, status)
    assert ran.document["errors"]
    assert shell.read("calc.py") == before and not (shell.root / "notes.txt").exists()


def test_a_file_that_runs_later_needs_its_name_said(shell: Shell) -> None:
    before = shell.read("calc.py")
    ran = shell("apply", "--json", stdin=WEAK)
    assert (ran.code, ran.document["status"]) == (6, "pending")
    assert ran.document["files"][1]["hunks"][0]["flags"] == ["runs-later"]
    assert shell.read("calc.py") == before, "all or nothing"
    assert shell("apply", "--allow-sensitive", "conftest.py", stdin=WEAK).code == 0
    assert (shell.root / "conftest.py").exists()


def test_none_lists_and_writes_nothing(shell: Shell) -> None:
    before = shell.read("calc.py")
    ran = shell("apply", "--json", "--accept", "none", stdin=GOOD)
    assert (ran.code, ran.document["status"]) == (0, "pending")
    assert ran.statuses() == {"t1h1": "placed", "t1h2": "placed"}
    assert shell.read("calc.py") == before


def test_no_edit_is_incomplete(shell: Shell) -> None:
    ran = shell("apply", "--json", stdin="I would rather not.")
    assert (ran.code, ran.document["status"]) == (6, "refused")
    assert ran.document["errors"][0]["code"] == "no_edit"


def test_files_as_the_model_saw_them(shell: Shell, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    (seen / "calc.py").write_text(shell.read("calc.py"))
    (shell.root / "calc.py").write_text("# mine\n" + shell.read("calc.py"))
    ran = shell("apply", "--seen", str(seen), stdin=GOOD)
    assert ran.code == 0
    assert shell.read("calc.py").startswith("# mine\n")
    assert "int(a)" in shell.read("calc.py")


def test_without_stdin_it_says_how(shell: Shell) -> None:
    ran = shell("apply")
    assert ran.code == 2 and "spark-tui apply < reply.txt" in ran.err


def test_a_path_outside_is_wrong_usage(shell: Shell) -> None:
    assert shell("apply", "--allow-sensitive", "../x", stdin=GOOD).code == 2


def test_a_monster_is_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spark_tui.cli.verbs.apply.MAX_REPLY", 10)
    ran = shell("apply", "--json", stdin=GOOD)
    assert ran.code == LimitFault.exit_code and ran.document["status"] == "error"
