"""stats: what became of what each model wrote, from journals alone."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from spark_tui.cli.verbs.stats import day
from spark_tui.errors import UsageFault
from spark_tui.model.provider import Usage
from spark_tui.model.scripted import done, patch
from spark_tui.session.opening import worktree_state_dir
from tests.support.shell import Shell

SWAP = """\
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
LOST = SWAP.replace("-    return a - b", "-    nothing like this")
REPLY = (*patch(SWAP), *done(Usage(1000, 600, 50)))


def asked(shell: Shell, *replies: tuple[object, ...]) -> None:
    for reply in replies:
        shell.replies = [reply]  # type: ignore[list-item]
        shell("edit", "--", "swap")


def journals(shell: Shell) -> list[Path]:
    home = worktree_state_dir(shell.environ, shell.root)
    return sorted((home / "sessions").glob("*/journal.jsonl"))


def test_every_model_with_its_hunks(shell: Shell) -> None:
    shell.environ |= {"SPARK_TUI_PRICES__FAST_INPUT": "2", "SPARK_TUI_PRICES__FAST_CACHED": "0.5"}
    asked(shell, REPLY, (*patch(LOST), *done(Usage(1000, 0, 50))))
    shell("accept", "t1h1")
    ran = shell("stats", "--json")
    assert ran.code == 0
    body = ran.document
    assert set(body) == {"schema", "root", "since", "worktrees", "sessions", "models", "errors"}
    assert (body["schema"], body["worktrees"], body["sessions"]) == (1, 1, 2)
    assert body["root"] == str(shell.root) and body["errors"] == []
    (model,) = body["models"]
    assert model["model"] == "gpt-5.3-codex-spark" and model["turns"] == 2
    hunks = {word: count for word, count in model["hunks"].items() if count}
    assert hunks == {"placed": 2, "accepted": 1, "unplaced": 1}
    assert model["hunks"]["refined"] == model["hunks"]["committed"] == 0
    assert model["tokens"] == {
        "input": 2000, "cached": 600, "output": 100, "reasoning": 0, "estimated": False,
    }  # fmt: skip
    assert model["cost"] == pytest.approx((1400 * 2 + 600 * 0.5) / 1e6)
    assert model["ttft_ms"]["count"] == 2 and model["ttft_ms"]["median"] > 0
    assert model["connect_ms"] is None, "it stood ready"
    (part,) = model["by"]
    assert (part["role"], part["wire"], part["format"]) == ("fast", "scripted", "v4a")
    assert model["edits"]["v4a"]["hunks"] == 4


def test_in_words(shell: Shell) -> None:
    asked(shell, REPLY)
    shell("accept", "t1h1")
    shell("commit", "-m", "Swap")
    lines = shell("stats").out.splitlines()
    assert lines[0] == "gpt-5.3-codex-spark  (fast, scripted, v4a)"
    assert lines[1] == "  1 turn: 1 complete"
    assert lines[2] == "  2 hunks: 1 placed, 1 accepted; of these 1 committed"
    assert lines[3] == "  tokens: 1,000 in (60 % cached), 50 out"
    assert lines[4].startswith("  median: TTFT ") and "$" not in shell("stats").out
    assert lines[5] == "  edits placed: v4a 2 of 2 (in all work trees)"


def test_nothing_was_asked_yet(shell: Shell) -> None:
    ran = shell("stats")
    assert (ran.code, ran.out) == (0, "")
    assert f"no turn of {shell.root} is on record" in ran.err
    assert shell("stats", "--json").document["models"] == []


def test_replies_that_came_by_apply_are_nobodys(shell: Shell) -> None:
    shell("apply", stdin=SWAP)
    (row,) = shell("stats", "--json").document["models"]
    assert (row["model"], row["turns"], row["hunks"]["accepted"]) == (None, 1, 2)
    assert row["cost"] is None and row["ttft_ms"] is None
    assert "replies that came by apply" in shell("stats").out


def test_a_subfolder_is_part_of_its_work_tree(shell: Shell) -> None:
    asked(shell, REPLY)
    below = shell.root / "deep"
    below.mkdir()
    inside = Shell(below, shell.environ)
    assert inside("stats", "--json").document["root"] == str(shell.root)
    assert inside("stats", "--json").document["sessions"] == 1


def test_all_work_trees(shell: Shell, tmp_path: Path) -> None:
    asked(shell, REPLY)
    other = Shell(tmp_path / "other", shell.environ)
    other.root.mkdir()
    (other.root / "calc.py").write_bytes((shell.root / "calc.py").read_bytes())
    asked(other, REPLY, REPLY)
    everywhere = shell("stats", "--all", "--json").document
    assert (everywhere["worktrees"], everywhere["sessions"]) == (2, 3)
    assert everywhere["root"] is None
    assert shell("stats", "--json").document["sessions"] == 1


def test_since_a_day(shell: Shell) -> None:
    asked(shell, REPLY)
    today = datetime.date.today()
    assert shell("stats", "--since", f"{today}", "--json").document["sessions"] == 1
    tomorrow = today + datetime.timedelta(days=1)
    ran = shell("stats", "--since", f"{tomorrow}", "--json")
    assert ran.document["sessions"] == 0
    assert ran.document["since"].startswith(f"{tomorrow}T00:00:00")
    ran = shell("stats", "--since", "yesterday")
    assert ran.code == 2 and "'yesterday' is no date" in ran.err


def test_a_day_is_local_and_a_moment_may_say_where() -> None:
    assert day("2026-11-01").tzinfo is not None
    assert day("2026-11-01T14:00+02:00").isoformat() == "2026-11-01T14:00:00+02:00"


def test_what_cannot_be_read_is_said_and_the_rest_counts(shell: Shell) -> None:
    asked(shell, REPLY, REPLY, REPLY, REPLY)
    newer, torn, broken, _ = journals(shell)
    lines = newer.read_bytes().split(b"\n", 1)
    newer.write_bytes(b'{"format": 99}\n' + lines[1])
    torn.write_bytes(torn.read_bytes() + b'{"e":"Sa')
    broken.write_bytes(b"")
    ran = shell("stats", "--json")
    assert ran.code == 0 and ran.document["sessions"] == 2
    assert {e["code"]: e["message"] for e in ran.document["errors"]} == {
        "journal_newer": "Left out: 1 journal of a newer version.",
        "journal_unreadable": "Left out: 1 journal that cannot be read.",
        "journal_torn": "1 journal with damaged lines: all other lines count.",
    }
    assert "Update spark-tui" in ran.err


def test_it_reads_beside_a_running_app_and_changes_nothing(shell: Shell) -> None:
    import fcntl

    asked(shell, REPLY)
    home = worktree_state_dir(shell.environ, shell.root)
    before = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    with (home / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert shell("stats", "--json").document["sessions"] == 1
    after = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    before.pop(home / "lock"), after.pop(home / "lock")
    assert after == before


def test_a_folder_that_is_not_there(shell: Shell) -> None:
    missing = Shell(shell.root / "missing", shell.environ)
    ran = missing("stats")
    assert ran.code == UsageFault.exit_code and "no folder" in ran.err


def test_text_of_a_journal_never_reaches_a_terminal_as_it_is(shell: Shell) -> None:
    asked(shell, REPLY)
    (path,) = journals(shell)
    hostile = json.dumps("m\x1b[2J")[1:-1].encode()
    path.write_bytes(path.read_bytes().replace(b"gpt-5.3-codex-spark", hostile))
    assert "\x1b" not in shell("stats", terminal=True).out
