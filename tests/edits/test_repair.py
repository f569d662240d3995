"""What the model is told about an unplaced hunk."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_tui.edits.changeset import Hunk, Kind, Placed, Unplaced
from spark_tui.edits.pieces import HunkGrew, HunkOpened
from spark_tui.edits.repair import repair_text
from spark_tui.edits.snapshot import Snapshot
from tests.support.replies import MemoryTree, hunks_of, play

TEXT = b"def a():\n    x = 1\n    return x\n\n\ndef b():\n    x = 1\n    return x\n"
TREE = MemoryTree({"src/a.py": TEXT})
BASE = Snapshot.of("src/a.py", TEXT)
CODES = (
    "diverges", "not_found", "ambiguous", "overlap", "no_file", "exists", "path", "truncated",
    "malformed", "abbreviated", "encoding", "binary", "already_there",
)  # fmt: skip


def patch(body: str) -> str:
    return f"*** Begin Patch\n*** Update File: src/a.py\n@@\n{body}\n*** End Patch\n"


def told(
    reply: str,
    base: Snapshot | None = BASE,
    *,
    total: int = 1,
    held: int = 0,
    tree: MemoryTree = TREE,
) -> str:
    """The message about the last hunk of a reply."""
    pieces, changeset = play(tree, [reply])
    hunk = changeset.hunks[-1]
    grown = [p for p in pieces if isinstance(p, HunkGrew) and p.hunk == hunk.number]
    (opened,) = [p for p in pieces if isinstance(p, HunkOpened) and p.hunk == hunk.number]
    lines = [(p.sign, p.text) for p in grown]
    return repair_text(hunk, base, total=total, held=held, written=lines, headers=opened.headers)


def test_a_diverging_line_is_shown_beside_the_files_own() -> None:
    said = told(patch(" def b():\n-    x = 2\n+    x = 3\n     return x"), total=5, held=3)
    assert said.split("\n") == [
        "edit 1 of 5, src/a.py: not applied (3 others are held, do not send them again)",
        "reason: line 2 of the old text differs from the file [code: diverges]",
        "  you wrote   |     x = 2",
        "  file line 7 |     x = 1",
        "current text, lines 2-8:",
        "      2 |     x = 1",
        "      3 |     return x",
        "      4 | ",
        "      5 | ",
        "      6 | def b():",
        "      7 |     x = 1",
        "      8 |     return x",
        "send only this edit again, against the text above",
    ]


def test_the_end_of_the_file_and_another_indentation_are_said() -> None:
    past = told(patch(" def b():\n     x = 1\n-    return x\n-y\n+z"))
    assert "line 4 of the old text is past the end of the file" in past
    assert "  file      | (the file ends at line 8)" in past
    dented = told(patch(" def b():\n     x = 1\n-      return x\n+      return 2"))
    assert "line 3 of the old text is indented otherwise in the file" in dented
    assert "  file line 8 |     return x" in dented


def test_each_candidate_is_told_with_the_definition_that_names_it() -> None:
    said = told(patch("-    x = 1\n+    x = 3"))
    assert "stands in 2 places: lines 2, 7 [code: ambiguous]" in said
    assert "  line 2: name it with @@ def a():\n" in said
    assert "  line 7: name it with @@ def b():\n" in said
    assert "      7 |     x = 1" in said
    assert "held" not in said


def test_stacked_definitions_where_one_does_not_settle_it() -> None:
    text = (
        b"class A:\n    def f(self):\n        pass\n\n\nclass B:\n    def f(self):\n        pass\n"
    )
    tree = MemoryTree({"src/a.py": text})
    said = told(patch("-        pass\n+        return 1"), Snapshot.of("src/a.py", text), tree=tree)
    assert "  line 3: name it with @@ class A: and then @@ def f(self):\n" in said
    assert "  line 8: name it with @@ class B: and then @@ def f(self):\n" in said


def test_where_no_definition_is_there_lines_are_asked_for() -> None:
    text = b"one\nsame\ntwo\nsame\nthree\n"
    tree = MemoryTree({"src/a.py": text})
    said = told(patch("-same\n+other"), Snapshot.of("src/a.py", text), tree=tree)
    assert "  line 2: take the 1 line above into the old text:\n        1 | one\n" in said
    assert "  line 4: take the 1 line above into the old text:\n        3 | two\n" in said


def test_a_block_cannot_name_a_definition() -> None:
    block = "src/a.py\n```\n<<<<<<< SEARCH\n    x = 1\n=======\n    x = 3\n>>>>>>> REPLACE\n```\n"
    said = told(block)
    assert "@@" not in said
    assert "  line 7: take the 1 line above into the old text:\n        6 | def b():" in said


def test_what_is_not_there_comes_with_the_places_most_like_it() -> None:
    said = told(patch("-    return the value of x\n+    return 2"))
    assert "[code: not_found]" in said
    assert "  you wrote |     return the value of x" in said
    text = b"def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"
    tree, base = MemoryTree({"src/a.py": text}), Snapshot.of("src/a.py", text)
    said = told(patch("-    return a minus b\n+    return b"), base, tree=tree)
    assert "      6 |     return a - b" in said
    assert said.endswith("against the text above")
    header = (
        "*** Begin Patch\n*** Update File: src/a.py\n@@ def sum(a, b):\n+    x\n*** End Patch\n"
    )
    said = told(header, base, tree=tree)
    assert "  you wrote | @@ def sum(a, b):" in said and "      5 | def sub(a, b):" in said


def test_two_edits_of_one_line_are_to_be_one() -> None:
    said = told(
        patch(" def b():\n-    x = 1\n+    x = 3\n@@ def b():\n-    x = 1\n+    x = 4"), held=1
    )
    assert "(1 other is held, do not send it again)" in said
    assert "[code: overlap]" in said and "      7 |     x = 1" in said
    assert said.endswith("put both changes of these lines into one edit, and send only that")


def test_a_line_that_stands_there_already_comes_with_its_place() -> None:
    text = b"a = 1\nlevel = 2\nb = 3\n"
    tree, base = MemoryTree({"src/a.py": text}), Snapshot.of("src/a.py", text)
    said = told(patch(" a = 1\n+level = 2"), base, tree=tree)
    assert "[code: already_there]" in said and "      2 | level = 2" in said
    assert said.endswith("if the line is wanted twice, send only this edit again, with the lines "
                         "that stay around it")  # fmt: skip


def test_a_wrong_path_gets_suggestions() -> None:
    said = told(patch("-x\n+y").replace("src/a.py", "a.py"), None)
    assert "did you mean src/a.py?" in said
    assert said.endswith("with the right path")


def test_without_the_file_nothing_of_it_is_told() -> None:
    for body in (" def b():\n-    x = 2\n+    x = 3\n     return x", "-    x = 1\n+    x = 3"):
        said = told(patch(body), None)
        assert "current text" not in said and "x = 1" not in said.replace(
            "you wrote |     x = 1", ""
        )
        assert "'" not in said


def test_long_lines_are_cut_where_they_differ() -> None:
    text = b"start\n" + b"a" * 900 + b"= 1;" + b"b" * 900 + b"\nend\n"
    tree, base = MemoryTree({"src/a.py": text}), Snapshot.of("src/a.py", text)
    wrong = text.decode().split("\n")[1].replace("= 1;", "= 2;")
    said = told(patch(f" start\n-{wrong}\n+x\n end"), base, tree=tree)
    pair = [line for line in said.split("\n") if line.startswith(("  you wrote", "  file line"))]
    assert "= 2;" in pair[0] and "= 1;" in pair[1]
    assert all(len(line) < 250 for line in said.split("\n"))


@given(
    code=st.sampled_from(CODES),
    size=st.integers(0, 3000),
    starts=st.lists(st.integers(0, 2999), max_size=12, unique=True),
    sign=st.sampled_from("-? "),
    old=st.integers(0, 2000),
    held=st.integers(0, 3),
)
def test_it_stays_short(
    code: str, size: int, starts: Sequence[int], sign: str, old: int, held: int
) -> None:
    """Forty lines of a bearable width whatever came, with the reason and what is asked."""
    base = Snapshot.of("a", b"x\n" * size)
    why = Unplaced(code, "so it is", tuple(s for s in starts if s < size))
    hunk = Hunk(2, "a", Kind.EDIT, base.digest, why)
    written = [(sign, "w" * 999)] * old
    lines = repair_text(hunk, base, total=3, held=held, written=written).split("\n")
    assert len(lines) <= 40
    assert max(map(len, lines)) < 250
    assert f"[code: {code}]" in lines[1]
    assert (code in ("path", "binary")) is not ("send" in lines[-1])


def test_a_placed_hunk_needs_no_repair() -> None:
    with pytest.raises(ValueError, match="hunk 1"):
        repair_text(Hunk(1, "a", Kind.EDIT, None, Placed(0, 0, ())), None, total=1, held=0)


def test_a_refused_path_is_not_asked_for_again() -> None:
    (hunk,) = hunks_of(TREE, patch("-x\n+y").replace("src/a.py", "../a.py"))
    said = repair_text(hunk, None, total=1, held=0)
    assert "send" not in said
