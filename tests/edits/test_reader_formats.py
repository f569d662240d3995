"""EditStream: every format in every lane."""

from __future__ import annotations

import json

import pytest

from spark_tui.edits.changeset import Kind, Placed, Unplaced
from spark_tui.edits.pieces import Closed, Prose
from spark_tui.edits.reader import EditStream
from tests.support.replies import MemoryTree, after, applied, facts, hunks_of, placed, play

TEXT = b"def a():\n    return 1\n\ndef b():\n    return 2\n"


def patch(body: str) -> str:
    return f"*** Begin Patch\n{body}\n*** End Patch\n"


def update(body: str) -> str:
    return patch(f"*** Update File: a.py\n{body}")


def block(search: str, replace: str) -> str:
    return f"a.py\n```\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n"


def arguments(**texts: object) -> str:
    return json.dumps(texts)


def diff(body: str, path: str = "a.py") -> str:
    return f"```diff\n--- a/{path}\n+++ b/{path}\n{body}```\n"


THREE = TEXT.replace(b"return 2", b"return 3")


@pytest.mark.parametrize(
    "reply",
    [
        update("@@\n-    return 2\n+    return 3"),
        block("    return 2\n", "    return 3\n"),
        diff("@@ -5 +5 @@\n-    return 2\n+    return 3\n"),
        f"a.py\n```python\n{THREE.decode()}```\n",
        f"/work/tree/a.py\n```python\n{THREE.decode()}```\n",
    ],
)
def test_the_same_change_in_any_format_and_lane(reply: str) -> None:
    tree = MemoryTree({"a.py": TEXT})
    for lane, text in (
        ("text", reply),
        ("text/2", reply),
        ("call:1", reply),
        ("json:1", arguments(input=reply)),
        ("json:1", arguments(why="words", edits=[reply.removesuffix("\n")])),
    ):
        _, changeset = play(tree, [text], lane=lane)
        assert changeset.complete
        assert applied(tree, changeset) == {"a.py": THREE}


def test_arguments_that_break_off_are_incomplete_though_the_patch_is_whole() -> None:
    text = arguments(input=update("@@\n-    return 2\n+    return 3"))
    _, changeset = play(MemoryTree({"a.py": TEXT}), [text[:-1]], lane="json:1")
    assert placed(changeset.hunks[0])
    assert not changeset.complete


def test_all_texts_of_the_arguments_count() -> None:
    one, two = block("    return 1\n", "    return 0\n"), block("    return 2\n", "    return 3\n")
    tree = MemoryTree({"a.py": TEXT})
    for given in (arguments(edits=[one, two]), arguments(patch=one, diff=two)):
        _, changeset = play(tree, [given], lane="json:1")
        assert len(changeset.hunks) == 2
        assert applied(tree, changeset) == {"a.py": THREE.replace(b"return 1", b"return 0")}


def test_what_is_not_among_the_formats_is_prose() -> None:
    stream = EditStream(MemoryTree({"a.py": TEXT}), formats=["v4a"])
    reply = block("    return 2\n", "    return 3\n")
    pieces = facts(stream.feed(reply) + stream.close(complete=True))
    assert pieces == [Prose(reply), Closed(True)]


def test_a_new_file_in_a_folder_named_like_the_letter_of_a_diff() -> None:
    tree = MemoryTree({"a.py": TEXT})
    git = "diff --git a/b/a.py b/b/a.py\nnew file mode 100644\n"
    for reply in (patch("*** Add File: b/a.py\n+x"), f"```diff\n{git}```\n"):
        (hunk,) = hunks_of(tree, reply)
        assert (hunk.kind, hunk.path) == (Kind.ADD, "b/a.py")


def test_a_diff_may_move_change_and_make_executable_at_once() -> None:
    tree = MemoryTree({"a.py": TEXT})
    head = "diff --git a/a.py b/c.py\nold mode 100644\nnew mode 100755\nrename from a.py\n"
    hunk = "--- a/a.py\n+++ b/c.py\n@@ -5 +5 @@\n-    return 2\n+    return 3\n"
    _, changeset = play(tree, [f"```diff\n{head}rename to c.py\n{hunk}```\n"])
    assert [h.kind for h in changeset.hunks] == [Kind.MOVE, Kind.EDIT, Kind.MODE]
    found = after(tree, changeset)["c.py"]
    assert (found.data, found.mode) == (THREE, 0o755)


def test_no_new_file_where_another_one_is_moved_to() -> None:
    reply = (
        "*** Begin Patch\n*** Update File: a.txt\n*** Move to: c.txt\n@@\n-a\n+b\n"
        "*** Add File: c.txt\n+x\n*** End Patch\n"
    )
    _, changeset = play(MemoryTree({"a.txt": b"a\n"}), [reply])
    assert not all(isinstance(hunk.place, Placed) for hunk in changeset.hunks)


def test_a_call_whose_arguments_hold_no_edit_is_said() -> None:
    _, changeset = play(MemoryTree({}), ['{"patchText": "*** Begin Patch"}'], lane="json:1")
    assert not changeset.complete and changeset.issues


def test_an_empty_file_gets_lines_without_a_last_newline() -> None:
    diff = "--- a/a.txt\n+++ b/a.txt\n@@ -0,0 +1 @@\n+one\n\\ No newline at end of file\n"
    tree = MemoryTree({"a.txt": b""})
    _, changeset = play(tree, [diff])
    assert applied(tree, changeset) == {"a.txt": b"one"}


def test_without_context_the_number_counts_and_not_the_words_of_git() -> None:
    diff = "--- a/a.txt\n+++ b/a.txt\n@@ -2,0 +3 @@ line 0\n+end\n"
    tree = MemoryTree({"a.txt": b"line 0\n\n"})
    _, changeset = play(tree, [diff])
    assert applied(tree, changeset) == {"a.txt": b"line 0\n\nend\n"}


def test_likeness_is_not_asked_of_very_long_lines() -> None:
    """A slip in a minified line: its likeness would cost the square of its length."""
    line = " ".join(f"w{i}" for i in range(400))
    reply = (
        "*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+2\n"
        f" {line.replace('w7 ', 'w_ ')}\n three\n*** End Patch\n"
    )
    (hunk,) = hunks_of(MemoryTree({"a.txt": f"one\ntwo\n{line}\nthree\n".encode()}), reply)
    assert isinstance(hunk.place, Unplaced)
    assert hunk.place.code == "diverges"
