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


def test_a_conflict_in_one_file_keeps_every_other_as_it_is(shell: Shell, tmp_path: Path) -> None:
    """The model saw an older calc.py: its hunk conflicts, and so the new file is not made."""
    seen = tmp_path / "seen"
    seen.mkdir()
    before = shell.read("calc.py")
    (seen / "calc.py").write_text(before)
    (shell.root / "calc.py").write_text(before.replace("return a + b", "return b + a"))
    now = shell.read("calc.py")
    ran = shell("apply", "--accept", "all", "--seen", str(seen), stdin=GOOD)
    assert ran.code == 6
    assert shell.read("calc.py") == now and not (shell.root / "notes.txt").exists()
    assert "conflict" in ran.err


def test_a_folder_may_be_allowed_as_a_whole(shell: Shell) -> None:
    assert shell("apply", "--accept", "all", stdin=WEAK).code == 6
    ran = shell("apply", "--accept", "all", "--allow-sensitive", ".", stdin=WEAK)
    assert ran.code == 0 and shell.read("conftest.py") == "hello\n"


def test_other_formats_are_prose_where_one_is_asked_for(shell: Shell) -> None:
    before = shell.read("calc.py")
    ran = shell("apply", "--format", "udiff", stdin=GOOD)
    assert ran.code == 6 and shell.read("calc.py") == before
    diff = before.replace("return a + b", "return b + a")
    reply = f"calc.py\n```python\n{diff}```\n"
    assert shell("apply", "--format", "blocks", "--accept", "all", stdin=reply).code == 6
    assert shell("apply", "--format", "whole", "--accept", "all", stdin=reply).code == 0
    assert shell.read("calc.py") == diff


def test_a_new_file_ends_its_lines_as_the_project_says(shell: Shell) -> None:
    (shell.root / ".editorconfig").write_text("[*.txt]\nend_of_line = crlf\n")
    assert shell("apply", stdin=GOOD).code == 0
    assert (shell.root / "notes.txt").read_bytes() == b"hello\r\n"
    assert shell("undo").code == 0
    assert not (shell.root / "notes.txt").exists()


MODES = """```diff
diff --git a/calc.py b/calc.py
old mode 100644
new mode 100755
diff --git a/run.sh b/run.sh
new file mode 100755
--- /dev/null
+++ b/run.sh
@@ -0,0 +1,1 @@
+echo hello
\\ No newline at end of file
diff --git a/README.md b/docs/README.md
rename from README.md
rename to docs/README.md
```
"""


def test_a_diff_of_git_may_rename_and_set_modes(shell: Shell) -> None:
    readme = "# Calc\n"
    (shell.root / "README.md").write_text(readme)
    ran = shell("apply", "--json", "--accept", "all", stdin=MODES)
    assert ran.code == 0, ran.err
    assert [f["change"] for f in ran.document["files"]] == ["mode", "add", "move"]
    assert (shell.root / "calc.py").stat().st_mode & 0o111
    assert (shell.root / "run.sh").stat().st_mode & 0o111
    assert (shell.root / "run.sh").read_bytes() == b"echo hello"
    assert shell.read("docs/README.md") == readme and not (shell.root / "README.md").exists()
    assert shell("undo").code == 0
    assert not (shell.root / "calc.py").stat().st_mode & 0o111
    assert not (shell.root / "run.sh").exists() and shell.read("README.md") == readme
