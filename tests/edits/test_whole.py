"""The machine of a fenced file, line by line."""

from __future__ import annotations

import pytest

from spark_tui.edits.formats.signals import (
    Ended,
    Line,
    Opened,
    Section,
    Signal,
    Trouble,
    Typing,
)
from spark_tui.edits.formats.whole import FileMachine


def run(text: str, path: str = "a.py", fence: str = "```python") -> tuple[str, FileMachine]:
    """The lines of the file, and the machine behind them."""
    machine = FileMachine(path, fence)
    out: list[Signal] = []
    for line in text.split("\n"):
        if machine.done:
            break
        out += machine.line(line)
    return "|".join(s.text for s in out if isinstance(s, Line)), machine


def test_a_whole_file() -> None:
    text, machine = run("x = 1\n\ny = 2\n```")
    assert machine.begin() == [Section("file", "a.py"), Opened()]
    assert text == "x = 1||y = 2"
    assert machine.done
    assert not machine.is_doubtful
    assert machine.closed(sound=True) == Ended()


@pytest.mark.parametrize(
    ("fence", "text", "lines"),
    [
        ("```", "a\n```", "a"),
        ("```", "a\n`````", "a"),
        ("````", "a\n```\nb\n````", "a|```|b"),
        ("```", "a\n```sh\nb\n```\nc\n```", "a|```sh|b|```|c"),
        ("```", "```a\n````b\n```\n````\n```\n```", "```a|````b|```|````|```"),
        ("~~~", "a\n```\nb\n~~~", "a|```|b"),
        ("```", "a\n~~~\nb\n```", "a|~~~|b"),
        ("```", "a\n    ```\nb\n```", "a|    ```|b"),
        ("  ```", "a\n```\nb\n  ```", "a|```|b"),
        ("```", "a\n```   ", "a"),
    ],
)
def test_fences_inside_are_counted_as_pairs(fence: str, text: str, lines: str) -> None:
    found, machine = run(text, fence=fence)
    assert machine.done
    assert found == lines


@pytest.mark.parametrize("path", ["a.md", "docs/A.MD", "x.rst", "x.txt", "README", "docs/LICENSE"])
def test_text_may_hold_fences_that_are_not_named(path: str) -> None:
    _, machine = run("a\n```", path)
    assert machine.is_doubtful
    ended = machine.closed(sound=False)
    assert isinstance(ended, Ended)
    assert ended.code == "malformed"
    assert "longer fence" in ended.message


def test_code_is_doubted_inside_a_string_of_several_lines_or_behind_fences() -> None:
    for quotes in ('"""', "'''"):
        assert run(f"{quotes}Doc.\n```")[1].is_doubtful
        assert not run(f"{quotes}Doc.{quotes}\n```")[1].is_doubtful
        assert not run(f"{quotes}\nDoc.\n{quotes}\n```")[1].is_doubtful
    assert run("a\n```sh\nb\n```\n```")[1].is_doubtful


def test_a_block_inside_ends_it() -> None:
    machine = FileMachine("a.py", "```")
    (ended,) = machine.line("<<<<<<< SEARCH")
    assert isinstance(ended, Ended)
    assert ended.code == "malformed"
    assert machine.done
    assert machine.rest == ["<<<<<<< SEARCH"]


def test_conflict_markers_are_text() -> None:
    text, machine = run("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n```")
    assert text == "<<<<<<< HEAD|a|=======|b|>>>>>>> main"
    assert machine.done


@pytest.mark.parametrize(
    ("text", "code"),
    [("a", "truncated"), ("a\n```sh", "malformed"), ("a\n```sh\n```", "malformed")],
)
def test_without_its_fence_it_is_cut_off(text: str, code: str) -> None:
    _, machine = run(text)
    assert [s.code for s in machine.end() if isinstance(s, Ended | Trouble)] == [code] * 2
    assert not machine.done


def test_what_may_be_no_path_is_refused_with_a_way_out() -> None:
    ended = FileMachine("Before/After", "```", is_path=False).closed(sound=True)
    assert isinstance(ended, Ended)
    assert ended.code == "malformed"
    assert "./Before/After" in ended.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x = 1\n\nsrc/b.py\ny = 2\n```", "malformed"),
        ("x = 1\nsrc/b.py\n```", ""),
        ("```sh\n\nsrc/b.py\n```\n```", ""),
        ("x = 1\n\nb\n```", ""),
    ],
)
def test_a_second_path_may_begin_a_second_file(text: str, code: str) -> None:
    machine = FileMachine("src/a.py", "```", path_of=lambda line: line if "/" in line else "")
    for line in text.split("\n"):
        machine.line(line)
    ended = machine.closed(sound=True)
    assert isinstance(ended, Ended)
    assert ended.code == code


def test_typing_says_nothing_while_it_may_be_a_fence() -> None:
    machine = FileMachine("a.py", "  ```")
    assert machine.typing("`") == []
    assert machine.typing("  `") == []
    assert machine.typing("x`") == [Typing("+", "x`")]
    assert machine.typing("~~~") == [Typing("+", "~~~")]
