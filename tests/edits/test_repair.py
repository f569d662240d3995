"""What the model is told about an unplaced hunk."""

from __future__ import annotations

import pytest

from spark_tui.edits.changeset import Hunk, Kind, Placed, Unplaced
from spark_tui.edits.repair import enclosing, repair_text
from spark_tui.edits.snapshot import Snapshot
from tests.support.replies import MemoryTree, hunks_of

TEXT = b"def a():\n    x = 1\n    return x\n\n\ndef b():\n    x = 1\n    return x\n"
TREE = MemoryTree({"src/a.py": TEXT})
BASE = Snapshot.of("src/a.py", TEXT)


def patch(body: str) -> str:
    return f"*** Begin Patch\n*** Update File: src/a.py\n@@\n{body}\n*** End Patch\n"


def test_a_diverging_line_is_shown_with_the_file() -> None:
    (hunk,) = hunks_of(TREE, patch(" def b():\n-    x = 2\n+    x = 3\n     return x"))
    said = repair_text(hunk, BASE, total=5, held=3)
    assert said.startswith("edit 1 of 5, src/a.py: not applied (3 others are held")
    assert "line 2 of the old text differs from line 7" in said
    assert "[code: diverges]" in said
    assert "      7 |     x = 1" in said
    assert said.endswith("send only this edit again, against the text above")


def test_every_candidate_is_shown_with_what_encloses_it() -> None:
    (hunk,) = hunks_of(TREE, patch("-    x = 1\n+    x = 3"))
    said = repair_text(hunk, BASE, total=1, held=0)
    assert "below 'def a():'" in said
    assert "below 'def b():'" in said
    assert "held" not in said


def test_a_wrong_path_gets_suggestions() -> None:
    (hunk,) = hunks_of(TREE, patch("-x\n+y").replace("src/a.py", "a.py"))
    said = repair_text(hunk, None, total=1, held=0)
    assert "did you mean src/a.py?" in said


def test_it_stays_short() -> None:
    long = Snapshot.of("a", b"x\n" * 3000)
    why = Unplaced("not_found", "nowhere", (0, 1000, 2000))
    hunk = Hunk(1, "a", Kind.EDIT, long.digest, why)
    said = repair_text(hunk, long, total=1, held=0, written=[("-", "w" * 999)] * 2000)
    assert len(said.split("\n")) <= 40
    assert max(map(len, said.split("\n"))) < 250


def test_a_placed_hunk_needs_no_repair() -> None:
    with pytest.raises(ValueError, match="hunk 1"):
        repair_text(Hunk(1, "a", Kind.EDIT, None, Placed(0, 0, ())), None, total=1, held=0)


def test_enclosing() -> None:
    assert enclosing(BASE, 6) == "def b():"
    assert enclosing(BASE, 0) == ""
    assert enclosing(BASE, 99) == ""
