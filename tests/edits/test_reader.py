"""EditStream: lanes, unread files, verdicts, the end."""

from __future__ import annotations

from spark_tui.edits.changeset import Edit, Flag, Kind
from spark_tui.edits.pieces import (
    Closed,
    HunkGrew,
    HunkOpened,
    HunkPending,
    HunkPlaced,
    HunkTyping,
    HunkUnplaced,
    HunkWaiting,
    Issue,
    NeedFile,
    Piece,
    Prose,
)
from spark_tui.edits.reader import EditStream
from spark_tui.edits.snapshot import Snapshot
from tests.support.replies import MemoryTree, applied, hunks_of, placed, play, refusals, unplaced

TEXT = b"def a():\n    return 1\n\ndef b():\n    return 2\n"


def patch(body: str) -> str:
    return f"*** Begin Patch\n{body}\n*** End Patch\n"


def update(body: str, path: str = "a.py") -> str:
    return patch(f"*** Update File: {path}\n{body}")


def test_a_reply_from_first_to_last_piece() -> None:
    base = Snapshot.of("a.py", TEXT)
    pieces, changeset = play(
        MemoryTree({"a.py": TEXT}), ["Hi.\n" + update("@@ def b():\n-    return 2\n+    return 3")]
    )
    (hunk,) = changeset.hunks
    assert pieces == [
        Prose("Hi.\n"),
        HunkOpened(1, "a.py", Kind.EDIT, ("def b():",)),
        HunkGrew(1, "-", "    return 2"),
        HunkPending(1, 4),
        HunkGrew(1, "+", "    return 3"),
        HunkPlaced(1, base.digest, placed(hunk)),
        Closed(True),
    ]
    assert changeset.complete
    assert hunk.base == base.digest


def test_the_unfinished_line_is_typed() -> None:
    stream = EditStream(MemoryTree({"a.py": TEXT}))
    stream.feed("*** Update File: a.py\n")
    assert stream.feed("-    ret") == [
        HunkOpened(1, "a.py", Kind.EDIT),
        HunkTyping(1, "-", "    ret"),
    ]
    assert stream.feed("urn 2") == [HunkTyping(1, "-", "    return 2")]


def test_a_very_long_unfinished_line_is_typed_by_its_end() -> None:
    stream = EditStream(MemoryTree({"a.py": TEXT}))
    stream.feed("*** Update File: a.py\n")
    stream.feed("+" + "x" * 9000)
    (typing,) = stream.feed("end")
    assert isinstance(typing, HunkTyping)
    assert typing.text.endswith("xend")
    assert len(typing.text) < 4100


def test_an_unread_file_is_asked_for_once_and_the_lane_waits() -> None:
    stream = EditStream(MemoryTree({"a.py": TEXT}, unread=["a.py"]))
    reply = update("@@\n-    return 2\n+    return 3")
    assert stream.feed(reply, "one") == [NeedFile("a.py")]
    assert stream.feed(update("@@\n-    return 1\n+    return 5"), "two") == []
    assert stream.feed("And now.\n") == [Prose("And now.\n")]
    pieces = stream.provide("a.py", Snapshot.of("a.py", TEXT))
    assert [p.hunk for p in pieces if isinstance(p, HunkPlaced)] == [1, 2]
    assert stream.close(complete=True) == [Closed(True)]


def test_an_unread_file_that_is_gone() -> None:
    stream = EditStream(MemoryTree({"a.py": TEXT}, unread=["a.py"]))
    stream.feed(update("@@\n-    return 2\n+    return 3"))
    pieces = stream.provide("a.py", None)
    assert [p.why.code for p in pieces if isinstance(p, HunkUnplaced)] == ["no_file"]


def test_a_stream_that_ends_while_it_waits_still_gives_every_verdict() -> None:
    stream = EditStream(MemoryTree({"a.py": TEXT}, unread=["a.py"]))
    stream.feed(update("@@\n-    return 2\n+    return 3"))
    assert refusals_of(stream.close(complete=True)) == ["no_file"]


def refusals_of(pieces: list[Piece]) -> list[str]:
    return [piece.why.code for piece in pieces if isinstance(piece, HunkUnplaced)]


def test_files_the_model_has_not_seen_are_flagged() -> None:
    tree = MemoryTree({"a.py": TEXT}, unseen=["a.py"])
    (hunk,) = hunks_of(tree, update("@@\n-    return 2\n+    return 3"))
    assert placed(hunk).flags == {Flag.UNSEEN}


def test_numbers_go_on_from_the_first() -> None:
    stream = EditStream(MemoryTree({"a.py": TEXT}), first_hunk=7)
    stream.feed(update("@@\n-    return 2\n+    return 3\n@@\n-    return 1\n+    return 0"))
    assert stream.next_hunk == 9
    assert [hunk.number for hunk in stream.changeset.hunks] == [7, 8]


def test_a_tool_call_has_no_prose() -> None:
    reply = "Some words\n" + update("@@\n-    return 2\n+    return 3") + "More words\n"
    pieces, changeset = play(MemoryTree({"a.py": TEXT}), [reply], lane="call_1")
    assert not any(isinstance(piece, Prose) for piece in pieces)
    assert changeset.complete


def test_a_tool_call_without_an_edit_is_incomplete() -> None:
    pieces, changeset = play(MemoryTree({}), ["what now?"], lane="call_1")
    assert [p.code for p in pieces if isinstance(p, Issue)] == ["malformed"]
    assert not changeset.complete
    assert play(MemoryTree({}), [""], lane="call_1")[1].complete


def test_lanes_end_by_themselves() -> None:
    stream = EditStream(MemoryTree({"a.py": TEXT}))
    stream.feed("*** Update File: a.py\n-    return 2\n", "call_1")
    assert refusals_of(stream.end_lane("call_1", complete=True)) == ["truncated"]
    assert stream.feed("+more\n", "call_1") == []
    assert stream.end_lane("call_1", complete=True) == []
    assert stream.close(complete=True)[-1] == Closed(False)
    assert stream.close(complete=True) == []


def test_a_cut_reply_keeps_its_finished_hunks() -> None:
    reply = "*** Update File: a.py\n@@\n-    return 1\n+    return 0\n@@\n-    return 2\n+    ret"
    pieces, changeset = play(MemoryTree({"a.py": TEXT}), [reply], complete=False)
    assert pieces[-1] == Closed(False)
    assert refusals(changeset) == ["truncated"]
    assert placed(changeset.hunks[0]).edits == (Edit(1, 2, ("    return 0",)),)


def test_incomplete_on_the_wire_is_incomplete_whatever_the_text_says() -> None:
    reply = update("@@\n-    return 2\n+    return 3")
    _, changeset = play(MemoryTree({"a.py": TEXT}), [reply], complete=False)
    assert not changeset.complete
    assert refusals(changeset) == []


def test_what_is_no_regular_file_is_refused() -> None:
    tree = MemoryTree(
        {"b.bin": b"a\0b\n"},
        kinds={"d": "directory", "l": "link", "s": "special", "n/x": "nested", "o": "outside"},
    )
    body = "\n".join(
        f"*** Update File: {path}\n-a\n+b" for path in ("d", "l", "s", "n/x", "o", "b.bin", "../x")
    )
    hunks = hunks_of(tree, patch(body))
    assert [unplaced(hunk).code for hunk in hunks] == ["path"] * 5 + ["binary", "path"]
    assert hunks[-1].path == "../x"
    for op in ("Delete", "Add"):
        made = hunks_of(
            tree, patch(f"*** {op} File: .git/hooks/x\n+a" if op == "Add" else "*** Delete File: l")
        )
        assert unplaced(made[0]).code == "path"


def test_a_wrong_path_names_its_like() -> None:
    (hunk,) = hunks_of(MemoryTree({"src/a.py": TEXT}), update("@@\n-x\n+y"))
    why = unplaced(hunk)
    assert why.code == "no_file"
    assert "src/a.py" in why.message


def test_a_letter_in_front_goes_only_if_the_rest_exists() -> None:
    tree = MemoryTree({"a.py": TEXT, "b/x.py": b"one\n", "x.py": b"one\n"})
    reply = update("-    return 2\n+    return 3", "a/a.py")
    assert hunks_of(tree, reply)[0].path == "a.py"
    assert hunks_of(tree, update("-one\n+two", "b/x.py"))[0].path == "b/x.py"
    assert hunks_of(tree, patch("*** Add File: a/new.py\n+x"))[0].path == "a/new.py"


def test_new_files() -> None:
    _, changeset = play(MemoryTree({}), [patch("*** Add File: n.py\n+a\n+b")])
    (hunk,) = changeset.hunks
    assert (hunk.kind, hunk.base) == (Kind.ADD, None)
    assert placed(hunk).edits == (Edit(0, 0, ("a", "b")),)
    assert applied(MemoryTree({}), changeset) == {"n.py": b"a\nb\n"}


def test_the_same_new_file_twice() -> None:
    one, two = "*** Add File: n.py\n+a\n", "*** Add File: n.py\n+b"
    hunks = hunks_of(MemoryTree({}), patch(one + one + two))
    assert placed(hunks[1]).already
    assert unplaced(hunks[2]).code == "overlap"


def test_a_new_file_where_one_is_becomes_a_rewrite() -> None:
    tree = MemoryTree({"a.py": TEXT})
    _, changeset = play(tree, [patch("*** Add File: a.py\n+def a():\n+    return 9")])
    (hunk,) = changeset.hunks
    assert placed(hunk).flags == {Flag.REWRITE}
    assert placed(hunk).edits[0] == Edit(1, 5, ("    return 9",))
    assert applied(tree, changeset) == {"a.py": b"def a():\n    return 9\n"}


def test_a_rewrite_that_leaves_code_out_is_refused() -> None:
    reply = patch("*** Add File: a.py\n+def a():\n+    # ... rest unchanged")
    assert unplaced(hunks_of(MemoryTree({"a.py": TEXT}), reply)[0]).code == "abbreviated"


def test_delete_and_move() -> None:
    tree = MemoryTree({"a.py": TEXT, "old.py": b"x\n"})
    reply = patch(
        "*** Delete File: old.py\n*** Update File: a.py\n*** Move to: c.py\n"
        "@@\n-    return 2\n+    return 3"
    )
    _, changeset = play(tree, [reply])
    assert [hunk.kind for hunk in changeset.hunks] == [Kind.DELETE, Kind.MOVE, Kind.EDIT]
    assert changeset.hunks[1].move_to == "c.py"
    assert {hunk.path for hunk in changeset.hunks[1:]} == {"a.py"}
    assert applied(tree, changeset) == {"c.py": TEXT.replace(b"return 2", b"return 3")}


def test_no_move_onto_a_file_or_out_of_the_tree() -> None:
    tree = MemoryTree({"a.py": TEXT, "b.py": b"x\n"}, kinds={"d": "directory"})
    for target, code in (("b.py", "exists"), ("../x", "path"), ("d", "path")):
        hunks = hunks_of(tree, update(f"*** Move to: {target}", "a.py"))
        assert unplaced(hunks[0]).code == code
    same = hunks_of(tree, update("*** Move to: ./a.py", "a.py"))
    assert placed(same[0]).already


def test_delete_and_change_do_not_go_together() -> None:
    tree = MemoryTree({"a.py": TEXT})
    reply = patch("*** Update File: a.py\n-    return 2\n+    return 3\n*** Delete File: a.py")
    assert refusals(play(tree, [reply])[1]) == ["malformed"]
    missing = hunks_of(tree, patch("*** Delete File: gone.py"))
    assert unplaced(missing[0]).code == "no_file"


def test_of_two_hunks_on_one_line_the_later_has_no_place() -> None:
    tree = MemoryTree({"a.py": TEXT})
    reply = update("@@\n-    return 2\n+    return 3\n@@\n def b():\n-    return 2\n+    return 4")
    first, second = hunks_of(tree, reply)
    assert placed(first).edits
    assert unplaced(second).code == "overlap"
    assert "hunk 1" in unplaced(second).message


def test_the_same_hunk_twice_counts_once() -> None:
    body = "@@\n-    return 2\n+    return 3\n"
    _, second = hunks_of(MemoryTree({"a.py": TEXT}), update(body + body.rstrip()))
    assert placed(second).already
    assert placed(second).edits == ()


TWINS = b"start\n  x\nmiddle\n  x\nend\n"


def test_order_settles_a_tie_once_the_next_neighbour_has_its_place() -> None:
    tree = MemoryTree({"a.py": TWINS})
    body = "@@\n-middle\n+MIDDLE\n@@\n-  x\n+  y\n@@\n-end\n+END"
    pieces, changeset = play(tree, [update(body)])
    kinds = [type(p) for p in pieces if isinstance(p, HunkWaiting | HunkPlaced)]
    assert kinds == [HunkPlaced, HunkWaiting, HunkPlaced, HunkPlaced]
    tied = placed(changeset.hunks[1])
    assert tied.start == 3
    assert tied.flags == {Flag.BY_ORDER}


def test_order_settles_a_tie_at_the_end_of_the_reply() -> None:
    body = "@@\n-middle\n+MIDDLE\n@@\n-  x\n+  y"
    pieces, changeset = play(MemoryTree({"a.py": TWINS}), [update(body)])
    assert placed(changeset.hunks[1]).start == 3
    assert isinstance(pieces[-2], HunkPlaced)


def test_order_alone_settles_nothing() -> None:
    for body in ("@@\n-  x\n+  y", "@@\n-start\n+s\n@@\n-  x\n+  y\n@@\n-end\n+e"):
        _, changeset = play(MemoryTree({"a.py": TWINS}), [update(body)])
        assert refusals(changeset) == ["ambiguous"]


def block(search: str, replace: str, path: str = "a.py") -> str:
    return f"{path}\n```\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n"


def test_a_block_changes_only_what_differs() -> None:
    reply = block("def b():\n    return 2\n", "def b():\n    return 3\n")
    pieces, changeset = play(MemoryTree({"a.py": TEXT}), [reply])
    assert placed(changeset.hunks[0]).edits == (Edit(4, 5, ("    return 3",)),)
    assert [p.sign for p in pieces if isinstance(p, HunkGrew)] == ["?", "?", "+", "+"]


def test_an_empty_search_makes_a_file_and_only_a_new_one() -> None:
    tree = MemoryTree({"a.py": TEXT, "empty.py": b""})
    _, changeset = play(tree, [block("", "x\n", "new.py") + block("", "y\n", "empty.py")])
    assert changeset.hunks[0].kind is Kind.ADD
    files = applied(tree, changeset)
    assert (files["new.py"], files["empty.py"]) == (b"x\n", b"y\n")
    assert unplaced(hunks_of(tree, block("", "x\n"))[0]).code == "exists"
    assert unplaced(hunks_of(tree, block("x\n", "y\n", "gone.py"))[0]).code == "no_file"


def test_a_block_without_a_path() -> None:
    (hunk,) = hunks_of(MemoryTree({}), "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n")
    assert unplaced(hunk).code in ("malformed", "path")


def test_only_the_file_can_tell_which_divider_divides() -> None:
    tree = MemoryTree({"a.rst": b"Heading\n=======\n\ntext\n"})
    _, changeset = play(tree, [block("Heading\n=======\n", "Caption\n=======\n", "a.rst")])
    assert applied(tree, changeset) == {"a.rst": b"Caption\n=======\n\ntext\n"}
    twice = MemoryTree({"a.rst": b"Heading\n=======\n" * 2})
    (hunk,) = hunks_of(twice, block("Heading\n=======\n", "Caption\n=======\n", "a.rst"))
    assert unplaced(hunk).code == "malformed"


def test_formats_may_be_mixed_in_one_reply() -> None:
    tree = MemoryTree({"a.py": TEXT})
    reply = block("    return 1\n", "    return 0\n") + update("-    return 2\n+    return 3")
    _, changeset = play(tree, [reply])
    assert applied(tree, changeset)["a.py"] == TEXT.replace(b"1", b"0").replace(b"2", b"3")
