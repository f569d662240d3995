"""The block machine, line by line."""

from __future__ import annotations

import pytest

from spark_tui.edits.formats.blocks import BlockMachine, may_open_block, opens_block
from spark_tui.edits.formats.signals import Ended, Line, Opened, Section, Signal, Trouble, Typing


def run(text: str, signs: int = 7) -> tuple[list[Signal], BlockMachine]:
    machine = BlockMachine("a.py", signs)
    out: list[Signal] = []
    for line in text.split("\n"):
        out += machine.line(line)
    return out, machine


def test_a_whole_block() -> None:
    out, machine = run("old\n=======\nnew\n>>>>>>> REPLACE")
    assert machine.begin() == [Section("block", "a.py"), Opened()]
    assert out == [Line("?", "old"), Line("+", "new"), Ended()]
    assert machine.done


@pytest.mark.parametrize(
    "line", ["======", "========", "====== =", ">>>>>>> main", ">>>>> REPLACE", "<<<<<<< HEAD"]
)
def test_other_markers_are_text(line: str) -> None:
    out, machine = run(line)
    assert out == [Line("?", line)]
    assert not machine.done


def test_blanks_behind_markers_do_not_matter() -> None:
    out, machine = run("old\n=====  \nnew\n>>>>> REPLACE \t", 5)
    assert out == [Line("?", "old"), Line("+", "new"), Ended()]
    assert machine.done


def test_all_dividers_are_reported_where_there_are_several() -> None:
    out, _ = run("Old\n=======\n=======\nNew\n======= \n>>>>>>> REPLACE")
    assert out[-1] == Ended(dividers=("=======", "=======", "======= "))
    assert Line("+", "======= ") in out


def test_a_block_without_divider_is_malformed() -> None:
    out, machine = run("old\n>>>>>>> REPLACE")
    assert out[-1] == Ended(code="malformed", message="the block has no divider")
    assert machine.done


def test_a_block_inside_a_block_is_malformed_and_the_new_one_counts() -> None:
    out, _ = run("old\n<<<<<<< SEARCH\nb\n=======\nc\n>>>>>>> REPLACE")
    assert [s.code for s in out if isinstance(s, Ended)] == ["malformed", ""]
    assert out[-3:] == [Line("?", "b"), Line("+", "c"), Ended()]


def test_a_cut_block() -> None:
    _, machine = run("old\n=======\nne")
    assert [s.code for s in machine.end() if isinstance(s, Ended | Trouble)] == ["truncated"] * 2


def test_typing_says_nothing_while_it_may_be_a_marker() -> None:
    machine = BlockMachine("a.py", 7)
    assert machine.typing("===") == []
    assert machine.typing(">>>>>>> RE") == []
    assert machine.typing("=x") == [Typing("?", "=x")]
    machine.line("=======")
    assert machine.typing("y") == [Typing("+", "y")]


def test_openers() -> None:
    assert opens_block("<<<<<<< SEARCH") == 7
    assert opens_block("  <<<<< SEARCH  ") == 5
    assert opens_block("<<<< SEARCH") == 0
    assert opens_block("<<<<<<< HEAD") == 0
    for n in range(len("  <<<<<<<<< SEARCH ")):
        assert may_open_block("  <<<<<<<<< SEARCH "[:n])
    assert not may_open_block("<<<<<<< HE")


def test_more_dividers_than_anybody_writes_are_malformed() -> None:
    out, _ = run("a\n" + "=======\n" * 33 + ">>>>>>> REPLACE")
    assert isinstance(out[-1], Ended)
    assert out[-1].code == "malformed"
    out, _ = run("a\n" + "=======\n" * 32 + ">>>>>>> REPLACE")
    assert out[-1] == Ended(dividers=("=======",) * 32)


def test_a_file_is_made_only_below_what_can_be_nothing_but_a_path() -> None:
    def ended(search: str) -> Ended:
        machine = BlockMachine("Example", 7, is_path=False)
        out = [
            s
            for line in f"{search}=======\nx\n>>>>>>> REPLACE".split("\n")
            for s in machine.line(line)
        ]
        assert isinstance(out[-1], Ended)
        return out[-1]

    assert ended("").code == ended("\n").code == "malformed"
    assert "./Example" in ended("").message
    assert ended("a\n").code == ""
