"""Text that nobody writes by accident: no fault, and no other file touched."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Kind, Placed, Unplaced
from spark_tui.edits.names import check_path
from spark_tui.edits.pieces import HunkOpened, HunkTyping, Prose
from tests.support.replies import MemoryTree, applied, facts, play

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
ODD = st.one_of(
    st.sampled_from(
        "\0\r\x0b\x0c\x1b\x1c\x85\u2028\u2029\u200b\u202e\u2066\ufeff\udc80\ud83d\U000e0041"
    ),
    st.sampled_from("+-@*`~\"'\\/. #<>=|"),
    st.sampled_from("ab\n"),
    st.characters(),
)
SHAPES = {
    "patch": "*** Begin Patch\n*** Update File: {path}\n@@\n-{old}\n+{new}\n*** End Patch\n",
    "new file": "*** Begin Patch\n*** Add File: {path}\n+{new}\n*** End Patch\n",
    "move": "*** Update File: a.txt\n*** Move to: {path}\n@@\n-{old}\n+{new}\n*** End Patch\n",
    "block": "{path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n",
    "diff": "```diff\n--- {path}\n+++ {path}\n@@ -1 +1 @@\n-{old}\n+{new}\n```\n",
    "new diff": "```diff\n--- /dev/null\n+++ {path}\n@@ -0,0 +1 @@\n+{new}\n```\n",
    "git": '```diff\ndiff --git "a/{path}" "b/{path}"\nnew file mode 100644\n```\n',
    "whole": "{path}\n```\n{new}\n```\n",
    "inside": "```\n{path}\n{new}\n```\n",
}
FILES = {"a.txt": b"a\n", "b/a.txt": b"a\n", "a": b"a\n", ".gitignore": b"a\n"}


def reply_of(shape: str, path: str, old: str, new: str) -> str:
    return SHAPES[shape].replace("{path}", path).replace("{old}", old).replace("{new}", new)


@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.text(ODD, max_size=12),
    st.text(ODD, max_size=20),
    st.text(ODD, max_size=20),
)
def test_odd_signs_anywhere_are_no_fault_and_chunks_do_not_matter(
    shape: str, path: str, old: str, new: str
) -> None:
    reply = reply_of(shape, path or "a.txt", old, new)
    tree = MemoryTree(FILES)
    at_once, changeset = play(tree, [reply])
    by_sign, same = play(tree, list(reply))
    assert facts(by_sign) == facts(at_once)
    assert same == changeset
    for hunk in changeset.hunks:
        if isinstance(hunk.place, Placed):
            assert check_path(hunk.path) == hunk.path


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(st.sampled_from(["text", "call:1", "json:1"]), st.text(ODD, min_size=1, max_size=60))
def test_noise_is_no_fault_in_any_lane(lane: str, text: str) -> None:
    tree = MemoryTree(FILES)
    at_once, changeset = play(tree, [text], lane=lane)
    by_sign, same = play(tree, list(text), lane=lane)
    assert facts(by_sign) == facts(at_once)
    assert same == changeset


NAMES = [
    "a\u200b.txt", "a.txt\u202e", "\ufeffa.txt", "A.TXT", "a.txt\0", "a.txt:$DATA", "a\u0301.txt",
    "../a.txt", "b/../a.txt", "/a.txt", "~/a.txt", "C:/a.txt", "b\\a.txt", ".git/config", ".GIT/x",
    ".g\u200cit/x", "git~1/x", ".git./x", "a.txt/x", "\udc80.txt", "x" * 300, "d/" * 3000,
    "a\rb.x", "a.txt\x1b[2J", "\u2028a.txt", "c\u0085.txt", "\xa0a.txt", "%2e%2e/a.txt",
    "$HOME/a.txt", "*", "-rf",
]  # fmt: skip


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("path", NAMES)
def test_an_odd_name_means_itself_or_is_refused(shape: str, path: str) -> None:
    """No other file is touched: what gets a place has the very name that was written."""
    _, changeset = play(MemoryTree(FILES), [reply_of(shape, path, "a", "new")])
    for hunk in changeset.hunks:
        if isinstance(hunk.place, Unplaced) or shape == "move":
            continue
        assert hunk.path == path
        assert hunk.kind is Kind.ADD
    for hunk in changeset.hunks:
        if shape == "move" and hunk.kind is Kind.MOVE and isinstance(hunk.place, Placed):
            assert hunk.move_to == path
            assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in path)


@pytest.mark.parametrize(
    "name", [".git/x", "../x", "/etc/x", "d/a\0b.py", ".g\u200cit/x", "~/x", "a\\b"]
)
@pytest.mark.parametrize("shape", ["patch", "new file", "block", "diff", "new diff", "whole"])
def test_a_name_that_leads_out_is_refused_aloud(shape: str, name: str) -> None:
    _, changeset = play(MemoryTree(FILES), [reply_of(shape, name, "a", "new")])
    assert [h.place.code for h in changeset.hunks if isinstance(h.place, Unplaced)] == ["path"]


@pytest.mark.parametrize(
    "start", ["", "*** Add File: n\n+", "a.txt\n```\n", "a.txt\n<<<<<<< SEARCH\n", " ", "```"]
)
def test_a_line_of_ten_million_signs(start: str) -> None:
    line = "x" * 10_000_000
    chunks = [start, *(line[i : i + 65_536] for i in range(0, len(line), 65_536)), "\nend\n"]
    pieces, changeset = play(MemoryTree(FILES), chunks)
    assert all(len(p.text) < 4096 for p in pieces if isinstance(p, HunkTyping))
    opened = any(isinstance(piece, HunkOpened) for piece in pieces)
    assert opened == bool(changeset.hunks)
    if not opened:
        said = sum(len(p.text) for p in pieces if isinstance(p, Prose))
        assert said == sum(map(len, chunks))


def test_lone_carriage_returns_end_no_line() -> None:
    tree = MemoryTree({"a.txt": b"one\rtwo\rthree\n"})
    reply = reply_of("patch", "a.txt", "one\rtwo\rthree", "one\r2\rthree")
    _, changeset = play(tree, [reply])
    assert applied(tree, changeset)["a.txt"] == b"one\r2\rthree\n"


@pytest.mark.parametrize("text", ["new\ud800", "\udc80"])
@pytest.mark.parametrize("shape", ["patch", "new file", "block", "diff", "new diff", "whole"])
def test_text_that_has_no_bytes_is_refused(shape: str, text: str) -> None:
    path = "a.txt" if shape in ("patch", "block", "diff", "whole") else "n.txt"
    _, changeset = play(MemoryTree(FILES), [reply_of(shape, path, "a", text)])
    assert [h.place.code for h in changeset.hunks if isinstance(h.place, Unplaced)] == ["encoding"]


@pytest.mark.parametrize("sign", ["[", "{", '{"input":', '{"input":[', "]", "}", '"', "\\"])
def test_arguments_of_any_depth(sign: str) -> None:
    _, changeset = play(MemoryTree(FILES), [sign * 10_000], lane="json:1")
    assert not changeset.hunks
    deep = '{"n":' * 10_000 + json.dumps({"input": SHAPES["patch"]}) + "}" * 10_000
    reply = deep.replace("{path}", "a.txt").replace("{old}", "a").replace("{new}", "b")
    tree = MemoryTree(FILES)
    assert applied(tree, play(tree, [reply], lane="json:1")[1])["a.txt"] == b"b\n"
