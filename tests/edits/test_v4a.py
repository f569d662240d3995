"""The patch machine, line by line."""

from __future__ import annotations

from spark_tui.edits.formats.signals import (
    Ended,
    Line,
    MovedTo,
    Opened,
    Section,
    Signal,
    Trouble,
    Typing,
)
from spark_tui.edits.formats.v4a import PatchMachine, may_open_patch, opens_patch


def run(text: str) -> tuple[list[Signal], PatchMachine]:
    machine = PatchMachine()
    out: list[Signal] = []
    for line in text.split("\n"):
        out += machine.line(line)
    return out, machine


def test_a_whole_patch() -> None:
    out, machine = run(
        "*** Begin Patch\n*** Update File: a.py\n@@ def f():\n one\n-two\n+three\n*** End Patch"
    )
    assert out == [
        Section("update", "a.py"),
        Opened(("def f():",)),
        Line(" ", "one", " one"),
        Line("-", "two"),
        Line("+", "three"),
        Ended(),
    ]
    assert machine.done


def test_headers_stack_and_numbers_are_hints() -> None:
    out, _ = run(
        "*** Update File: a\n@@ class A:\n@@ def f():\n+x\n@@ -12,3 +12,4 @@ def g():\n+y\n@@\n+z"
    )
    opened = [signal for signal in out if isinstance(signal, Opened)]
    assert opened == [Opened(("class A:", "def f():")), Opened(("def g():",), 12), Opened()]


def test_lines_that_look_like_markers_are_text_behind_their_sign() -> None:
    out, _ = run("*** Update File: a\n+*** End Patch\n-@@ x\n *** Update File: b\n*** End of File")
    assert [signal for signal in out if isinstance(signal, Line)] == [
        Line("+", "*** End Patch"),
        Line("-", "@@ x"),
        Line(" ", "*** Update File: b", " *** Update File: b"),
    ]
    assert out[-1] == Ended(at_end=True)


def test_lines_without_a_sign_are_context() -> None:
    out, _ = run("*** Update File: a\n@@\nplain\n\n-x")
    assert out[2:5] == [Line(" ", "plain"), Line(" ", ""), Line("-", "x")]


def test_an_end_behind_a_blank_is_settled_by_what_follows() -> None:
    patch = "*** Update File: a\n-x\n *** End Patch"
    out, machine = run(patch + "\n+y")
    assert Line(" ", "*** End Patch", " *** End Patch") in out
    assert not machine.done
    out, machine = run(patch + "\n```")
    assert machine.done
    _, machine = run(patch + "\n")
    assert machine.end() == [Ended()]
    assert machine.done


def test_add_delete_and_move() -> None:
    out, _ = run(
        "*** Add File: new\n+a\n\n+b\n\n*** Delete File: old\n*** Update File: c\n*** Move to: d\n"
        "*** End Patch"
    )
    assert out == [
        Section("add", "new"),
        Opened(),
        Line("+", "a"),
        Line("+", ""),
        Line("+", "b"),
        Ended(),
        Section("delete", "old"),
        Section("update", "c"),
        MovedTo("d"),
    ]


def test_an_added_line_without_its_sign_is_malformed() -> None:
    out, _ = run("*** Add File: new\n+a\nb\n*** End Patch")
    assert out[-1] == Ended(
        code="malformed", message="line 3 of the patch should start with +: 'b'"
    )


def test_an_update_that_changes_nothing_is_trouble() -> None:
    out, _ = run("*** Update File: a\n*** End Patch")
    assert out[-1] == Trouble("malformed", "no change is given for 'a'")


def test_without_an_end_it_is_cut_off() -> None:
    _, machine = run("*** Update File: a\n-x")
    codes = [s.code for s in machine.end() if isinstance(s, Ended | Trouble)]
    assert codes == ["truncated", "truncated"]
    assert not machine.done


def test_typing_opens_a_hunk_when_its_sign_is_sure() -> None:
    machine = PatchMachine()
    machine.line("*** Update File: a")
    machine.line("@@ f")
    assert machine.typing("*") == []
    assert machine.typing(" ") == []
    assert machine.typing("+ab") == [Opened(("f",)), Typing("+", "ab")]
    assert machine.line("+abc") == [Line("+", "abc")]
    assert machine.typing(" x") == [Typing(" ", "x")]


def test_openers() -> None:
    assert opens_patch("  *** Begin Patch  ")
    assert opens_patch("*** Add File: x")
    assert not opens_patch("*** begin patch")
    for n in range(len("*** Update File: x y")):
        assert may_open_patch("*** Update File: x y"[:n])
    assert not may_open_patch("**bold")


def test_only_plain_blanks_around_a_path_go() -> None:
    out, _ = run(
        "*** Update File: \t a.py \n*** Move to:  b.py\n-x\n*** Add File: \xa0c\n*** End Patch"
    )
    assert [s.path for s in out if isinstance(s, Section)] == ["a.py", "\xa0c"]
    assert MovedTo("b.py") in out
