"""`sessions` lists what there is; `resume` and -r open the screen on one of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spark_tui.__main__ import _options
from spark_tui.errors import UsageFault
from spark_tui.model.scripted import done, patch, say
from spark_tui.session.opening import worktree_state_dir
from tests.support.shell import Shell

PATCH = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** End Patch
"""


def journals(shell: Shell) -> Path:
    return worktree_state_dir(shell.environ, shell.root) / "sessions"


def test_what_there_is_with_counts(shell: Shell) -> None:
    shell.replies = [(*patch(PATCH), *done())]
    first = shell("edit", "--json", "--", "swap\x1b[2J both").document["session"]
    shell.replies = [(*say("Nothing to do."), *done())]
    second = shell("edit", "--json", "--", "look again").document["session"]
    os.utime(journals(shell) / first / "journal.jsonl", (1_000, 1_000))
    assert shell("accept", "--session", first, "t1h1").code == 0
    ran = shell("sessions", "--json")
    assert ran.code == 0
    assert ran.document["current"] == first, "a session that is written to is the current one"
    rows = ran.document["sessions"]
    assert [row["session"] for row in rows] == [first, second], "the last used first"
    assert rows[0]["hunks"] == {"open": 1, "accepted": 1, "committed": 0, "lost": 0}
    assert rows[0]["turns"] == 1 and rows[0]["state"] == "sealed" and not rows[0]["draft"]
    assert rows[0]["prompt"] == "swap\x1b[2J both"
    told = shell("sessions").out.splitlines()
    assert told[0].startswith(f"* {first}  1 open, 1 to commit  swap")
    assert "\x1b" not in told[0]
    assert told[1] == f"  {second}  1 turn  look again"


def test_a_bare_session_is_none(shell: Shell) -> None:
    shell.environ["SPARK_TUI_BASE_URL"] = "https://models.example.org/v1"
    shell.replies = [(*patch(PATCH), *done())]
    assert shell("edit", "--", "swap both").code == 0
    (kept,) = (path.name for path in journals(shell).iterdir())
    bare = journals(shell) / "20991231-000000-beef"
    bare.mkdir()
    (bare / "journal.jsonl").write_text(
        '{"format": 1}\n{"e":"SessionOpened","session":"20991231-000000-beef","root":"/","at":1}\n'
    )
    (journals(shell).parent / "current").write_text("20991231-000000-beef\n")
    assert [row["session"] for row in shell("sessions", "--json").document["sessions"]] == [kept]
    assert shell("hunks", "--json").document["session"] == kept


def test_a_folder_without_any(shell: Shell, tmp_path: Path) -> None:
    ran = shell("sessions")
    assert (ran.code, ran.out) == (0, "")
    assert "no session" in ran.err
    assert not (tmp_path / "state").exists(), "looking makes nothing"
    assert shell("sessions", "--json").document["sessions"] == []


def test_a_journal_that_cannot_be_read_is_listed_with_the_reason(shell: Shell) -> None:
    newer = journals(shell) / "20991231-000000-beef"
    newer.mkdir(parents=True)
    (newer / "journal.jsonl").write_text('{"format": 99}\n')
    ran = shell("sessions", "--json")
    (row,) = ran.document["sessions"]
    assert row["state"] == "unreadable" and row["problem"] == "is of a newer version"
    assert "newer version" in shell("sessions").err
    opened = shell("hunks", "--session", "20991231-000000-beef")
    assert opened.code == 7 and "newer spark-tui" in opened.err


@pytest.mark.parametrize(
    ("argv", "resume", "path", "fresh"),
    [
        (["resume"], "", ".", False),
        (["resume", "20261127-100200-ab12"], "20261127-100200-ab12", ".", False),
        (["resume", "20261127-100200-ab12", "src"], "20261127-100200-ab12", "src", False),
        (["resume", "--theme", "spark-light", "x1"], "x1", ".", False),
        (["-r"], "", ".", False),
        (["-r", "x1"], "x1", ".", False),
        (["-c"], None, ".", False),
        (["./resume"], None, "resume", True),
        ([], None, ".", True),
    ],
)
def test_how_the_screen_is_asked_for(
    argv: list[str], resume: str | None, path: str, fresh: bool
) -> None:
    options = _options(argv, {})
    assert (options.resume, options.path, options.fresh) == (resume, Path(path), fresh)


def test_too_many_words_after_resume() -> None:
    with pytest.raises(UsageFault):
        _options(["resume", "one", "two", "three"], {})


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "nope", "-x", "a\0b"])
def test_a_name_that_is_none(shell: Shell, name: str) -> None:
    ran = shell("hunks", f"--session={name}")
    assert ran.code == 2 and "There is no session" in ran.err
