"""The diff machine, line by line."""

from __future__ import annotations

import pytest

from spark_tui.edits.formats.signals import (
    Ended,
    Line,
    ModeSet,
    MovedTo,
    Opened,
    Section,
    Signal,
    Trouble,
    Typing,
)
from spark_tui.edits.formats.udiff import DiffMachine, may_open_diff, opens_diff

HEAD = "--- a/a.py\n+++ b/a.py\n"


def run(
    text: str, *, fence: str = "```", files: tuple[str, ...] = ("a.py", "b.py")
) -> tuple[list[Signal], DiffMachine]:
    machine = DiffMachine(fence, lambda path: path in files)
    out: list[Signal] = []
    for line in text.removesuffix("\n").split("\n"):
        if machine.done:
            break
        out += machine.line(line)
    return out, machine


def read(text: str, *, fence: str = "```") -> list[Signal]:
    """All signals of a text that ends properly."""
    out, machine = run(text, fence=fence)
    out += [] if machine.done else machine.end()
    assert machine.done
    return out


def lines(signals: list[Signal]) -> str:
    return "|".join(s.sign + s.text for s in signals if isinstance(s, Line))


def paths(signals: list[Signal]) -> list[str]:
    return [f"{s.op} {s.path}" for s in signals if isinstance(s, Section)]


def test_a_whole_diff_in_a_fence() -> None:
    out, machine = run(HEAD + "@@ -3,2 +3,2 @@ def f():\n one\n-two\n+three\n```\n")
    assert out == [
        Section("update", "a.py"),
        Opened(("def f():",), 3),
        Line(" ", "one", " one"),
        Line("-", "two"),
        Line("+", "three"),
        Ended(),
    ]
    assert machine.done
    assert machine.rest == []


def test_in_open_text_the_counts_are_the_end() -> None:
    out, machine = run(HEAD + "@@ -1 +1 @@\n-a\n+b\nDone.\nMore.\n", fence="")
    assert out[-1] == Ended()
    assert machine.done
    assert machine.rest == ["Done."]
    out, machine = run(HEAD + "@@ -1 +1 @@\n-a\n+b\n\n\n", fence="")
    assert machine.end() == [Ended()]
    assert machine.done


@pytest.mark.parametrize("last", ["@", "@@", "d", "diff --g", "\\", "\\ No newl"])
def test_half_a_marker_behind_the_counts_is_no_end(last: str) -> None:
    _, machine = run(HEAD + f"@@ -1 +1 @@\n-a\n+b\n{last}", fence="")
    said = machine.end(mid_line=True)
    assert any(isinstance(s, Trouble) for s in said) or not machine.done


def test_a_word_that_looks_like_half_a_marker_is_prose_once_it_ends() -> None:
    _, machine = run(HEAD + "@@ -1 +1 @@\n-a\n+b\n@\nDone.\n", fence="")
    assert machine.rest == ["@", "Done."]


@pytest.mark.parametrize("body", ["-a\n+b", "-a", "-a\n+b\n+c", ""])
def test_without_its_counts_a_diff_in_open_text_is_cut_off(body: str) -> None:
    for mid_line in (False, True):
        _, machine = run(HEAD + f"@@ -1,2 +1,2 @@\n{body}\n".replace("\n\n", "\n"), fence="")
        codes = [s.code for s in machine.end(mid_line=mid_line) if isinstance(s, Ended | Trouble)]
        assert codes == ["truncated", "truncated"]
        assert not machine.done


def test_the_last_line_must_have_its_end() -> None:
    _, machine = run(HEAD + "@@ -1 +1 @@\n-a\n+b", fence="")
    assert [s.code for s in machine.end(mid_line=True) if isinstance(s, Ended)] == ["truncated"]


def test_a_fence_that_never_closes_is_cut_off_whatever_the_counts() -> None:
    _, machine = run(HEAD + "@@ -1 +1 @@\n-a\n+b\n")
    assert [s.code for s in machine.end() if isinstance(s, Trouble)] == ["truncated"]


@pytest.mark.parametrize("counts", ["-1,3 +1,3", "-1,9 +1,9", "-1,1 +1,1", "-1 +1", "-1,0 +1,0"])
def test_wrong_counts_do_not_matter_in_a_fence(counts: str) -> None:
    text = (
        HEAD + f"@@ {counts} @@\n one\n-two\n+2\n--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-x\n+y\n```\n"
    )
    out, machine = run(text)
    assert machine.done
    assert paths(out) == ["update a.py", "update b.py"]
    assert lines(out) == " one|-two|+2|-x|+y"


def test_lines_that_look_like_a_header_are_lines_where_the_counts_say_so() -> None:
    text = HEAD + "@@ -1,2 +1,2 @@\n--- x\n+++ y\n@@ -5 +5 @@\n-a\n+b\n```\n"
    out, _ = run(text.replace("-1,2 +1,2", "-1 +1"))
    assert lines(out) == "--- x|+++ y|-a|+b"
    assert paths(out) == ["update a.py"]


def test_a_removed_comment_may_be_the_last_line_in_open_text() -> None:
    out = read(HEAD + "@@ -1,2 +1 @@\n x\n--- y\n", fence="")
    assert lines(out) == " x|--- y"
    assert out[-1] == Ended()


def test_a_hunk_may_lack_its_line_of_numbers_in_a_fence() -> None:
    out = read(HEAD + "-a\n+b\n--- a/b.py\n+++ b/b.py\n x\n-c\n```\n")
    assert paths(out) == ["update a.py", "update b.py"]
    assert lines(out) == "-a|+b| x|-c"


def test_a_fence_inside_a_hunk_is_a_line_of_it_if_the_hunk_goes_on() -> None:
    out, machine = run(HEAD + "@@\n-a\n+b\n```\n+c\n```\n")
    assert not machine.done
    assert machine.end() == [Ended()]
    assert lines(out) == "-a|+b| ```|+c"
    for text in ("", "Done.", "- a point", "```python"):
        _, machine = run(HEAD + f"@@\n-a\n+b\n```\n{text}\n")
        assert machine.done
        assert machine.rest == [text]


def test_a_heredoc_may_end_before_the_fence() -> None:
    out, machine = run(HEAD + "@@ -1 +1 @@\n-a\n+b\nEOF\n```\n")
    assert machine.done
    assert lines(out) == "-a|+b"


@pytest.mark.parametrize(
    ("body", "newline"),
    [
        ("-a\n\\ No newline at end of file\n+b\n", True),
        ("-a\n+b\n\\ No newline at end of file\n", False),
        ("-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n", None),
        ("-b\n+c\n a\n\\ No newline at end of file\n", None),
    ],
)
def test_how_the_file_ends(body: str, newline: bool | None) -> None:
    out = read(HEAD + f"@@\n{body}```\n")
    assert out[-1] == Ended(at_end=True, newline=newline)


def test_new_files_hold_added_lines_only() -> None:
    head = "--- /dev/null\n+++ b/n.py\n"
    out, _ = run(head + "@@ -0,0 +1,3 @@\n+a\n\n+b\n```\n")
    assert out == [
        Section("add", "n.py"),
        Opened((), 0),
        Line("+", "a"),
        Line("+", ""),
        Line("+", "b"),
        Ended(),
    ]
    out = read(head + "@@ -1 +1 @@\n a\n+b\n```\n")
    assert isinstance(out[-1], Ended)
    assert out[-1].code == "malformed"


def test_git_headers() -> None:
    git = "diff --git a/a.py b/c.py\n"
    out, _ = run(git + "similarity index 100%\nrename from a.py\nrename to c.py\n```\n")
    assert out == [Section("update", "a.py"), MovedTo("c.py")]
    git = "diff --git a/a.py b/a.py\n"
    out, _ = run(git + "old mode 100644\nnew mode 100755\n```\n")
    assert out == [Section("update", "a.py"), ModeSet(0o755)]
    out, _ = run(git.replace("a.py", "n.sh") + "new file mode 100755\nindex 0..e69de29\n```\n")
    assert out == [Section("add", "n.sh"), Opened(), Ended(mode=0o755)]
    out, _ = run(git + "deleted file mode 100644\n```\n")
    assert out == [Section("erase", "a.py"), Opened(), Ended()]
    out, _ = run(git + "Binary files a/a.py and b/a.py differ\n```\n")
    assert isinstance(out[-1], Ended)
    assert out[-1].code == "malformed"


def test_several_files_of_git_one_below_the_other() -> None:
    text = (
        "diff --git a/a.py b/a.py\nindex 1..2 100644\n" + HEAD + "@@ -1 +1 @@\n-a\n+b\n"
        "diff --git a/x b/x\nnew file mode 100644\nindex 0..1\n"
        "diff --git a/b.py b/b.py\n--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-c\n+d\n"
    )
    for fence in ("```", ""):
        out = read(text + fence, fence=fence)
        assert paths(out) == ["update a.py", "add x", "update b.py"]
        assert lines(out) == "-a|+b|-c|+d"


@pytest.mark.parametrize(
    "text",
    [
        "--- a\nwords",
        "--- a\n+++ b\nwords",
        "--- a/a.py\n--- b",
        "diff --git a/a.py b/a.py\nwords",
        "diff --git prints a header.\n",
    ],
)
def test_what_turns_out_to_be_no_diff_is_given_back(text: str) -> None:
    machine = DiffMachine("", lambda path: False)
    given = text.split("\n")
    out = [signal for line in given for signal in machine.line(line)]
    assert out == []
    assert machine.done
    assert not machine.sure
    assert machine.rest == given


def test_a_header_alone_is_trouble() -> None:
    out, _ = run("diff --git a/a.py b/a.py\nindex 1..2 100644\n```\n")
    assert [s.code for s in out if isinstance(s, Trouble)] == ["malformed"]


def test_typing_says_nothing_while_it_may_be_a_marker() -> None:
    _, machine = run(HEAD + "@@ -1 +1 @@\n")
    assert machine.typing("@") == []
    assert machine.typing("+x") == [Typing("+", "x")]
    assert machine.typing("-x") == [Typing("-", "x")]
    assert machine.typing("--") == [Typing("-", "-")]
    assert machine.typing(" x") == [Typing(" ", "x")]
    _, bare = run(HEAD + "@@\n")
    assert bare.typing("--") == []
    assert DiffMachine("", lambda path: False).typing("+x") == []


def test_openers() -> None:
    assert opens_diff("--- a/x")
    assert opens_diff("diff --git a/x b/x")
    for line in ("---", "--- ", "--- title ---", "+++ b/x", "-- x", "--- " + "x" * 600):
        assert not opens_diff(line)
    for line in ("--- a/x", "diff --git a/x b/x"):
        assert all(may_open_diff(line[:n]) for n in range(len(line)))
    assert not may_open_diff("--x")
    assert not may_open_diff("diff -u")
