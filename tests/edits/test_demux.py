"""Prose and edits apart."""

from __future__ import annotations

import pytest

from spark_tui.edits.demux import Demux
from spark_tui.edits.formats.signals import Said, Section, Signal, Trouble

BLOCK = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
PATCH = "*** Begin Patch\n*** Update File: a.py\n-a\n+b\n*** End Patch\n"


def run(text: str, *, files: tuple[str, ...] = ()) -> list[Signal]:
    demux = Demux(lambda path: path in files)
    return [*demux.feed(text), *demux.end()]


def prose(signals: list[Signal]) -> str:
    return "".join(s.text for s in signals if isinstance(s, Said))


def paths(signals: list[Signal]) -> list[str]:
    return [s.path for s in signals if isinstance(s, Section)]


def test_prose_alone_comes_back_as_it_was() -> None:
    text = "Hello.\n\n```python\nx = 1\n\nsrc/app.py\n```\n* a\n<<<<<<< HEAD\n*** stars\nend"
    assert prose(run(text)) == text


@pytest.mark.parametrize(
    "around",
    [
        "Text.\n{}Done.\n",
        "Text.\n```diff\n{}```\nDone.\n",
        "Text.\n```\napply_patch <<'EOF'\n{}EOF\n```\nDone.\n",
        "Text.\n~~~\n{}~~~\nDone.\n",
    ],
)
def test_what_wraps_a_patch_is_dropped(around: str) -> None:
    out = run(around.format(PATCH))
    assert prose(out) == "Text.\nDone.\n"
    assert paths(out) == ["a.py"]


@pytest.mark.parametrize(
    "head",
    [
        "src/a.py\n```python\n",
        "src/a.py\n",
        "`src/a.py`\n\n```\n",
        "**src/a.py**\n```\n",
        "### src/a.py:\n```\n",
        "```python\nsrc/a.py\n",
    ],
)
def test_the_path_stands_above_a_block(head: str) -> None:
    out = run("Text here.\n" + head + BLOCK + ("```\n" if "```" in head else ""))
    assert paths(out) == ["src/a.py"]
    assert prose(out) == "Text here.\n"


def test_blocks_without_a_path_of_their_own_go_on_with_the_last() -> None:
    out = run("a.py\n```\n" + BLOCK + "\n" + BLOCK + "```\nAnd another one:\n" + BLOCK)
    assert paths(out) == ["a.py", "a.py", "a.py"]
    assert prose(out) == "And another one:\n"


def test_a_sentence_is_no_path() -> None:
    assert paths(run("Change this line.\n" + BLOCK)) == [""]
    assert paths(run("Then:\n" + BLOCK)) == [""]


def test_a_name_with_blanks_is_one_if_there_is_such_a_file() -> None:
    assert paths(run("my file.txt\n" + BLOCK, files=("my file.txt",))) == ["my file.txt"]
    assert paths(run("my file.txt\n" + BLOCK)) == [""]


def test_names_without_a_dot() -> None:
    assert paths(run("Makefile\n```\n" + BLOCK)) == ["Makefile"]


def test_a_held_line_that_was_prose_is_given_out() -> None:
    assert prose(run("Done.\n*** Begin Patch\n*** Delete File: x\n*** End Patch\n")) == "Done.\n"
    assert prose(run("Output\n```\nnothing\n```\n")) == "Output\n```\nnothing\n```\n"


def test_fences_inside_an_edit_mean_nothing() -> None:
    text = "a.md\n````\n<<<<<<< SEARCH\n```\nx\n```\n=======\ny\n>>>>>>> REPLACE\n````\nDone."
    assert prose(run(text)) == "Done."


@pytest.mark.parametrize(
    "text", ["*** Begin Pat", "<<<<<<< SEA", "src/a.py\n```python\n", "a.py\n<<<<<<< SEARCH\nx"]
)
def test_a_reply_that_breaks_off_in_an_edit(text: str) -> None:
    assert any(isinstance(s, Trouble) and s.code == "truncated" for s in run(text))


def test_carriage_returns_of_the_reply_are_dropped_in_edits_only() -> None:
    out = run(("Hi.\n" + PATCH).replace("\n", "\r\n"))
    assert prose(out) == "Hi.\r\n"
    assert paths(out) == ["a.py"]


def test_long_prose_is_given_out_as_it_comes() -> None:
    demux = Demux(lambda path: False)
    assert prose(demux.feed("Two words")) == "Two words"
    assert prose(demux.feed(" more")) == " more"
