"""Prose and edits apart."""

from __future__ import annotations

import pytest

from spark_tui.edits.demux import Demux
from spark_tui.edits.formats.signals import Ended, Line, Said, Section, Signal, Trouble, Typing

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


# -- whole files, diffs and what is none ------------------------------------------
def by_sign(text: str, *, files: tuple[str, ...] = ()) -> list[Signal]:
    demux = Demux(lambda path: path in files)
    out = [*(signal for sign in text for signal in demux.feed(sign)), *demux.end()]
    return [signal for signal in out if not isinstance(signal, Typing)]


def edits(signals: list[Signal]) -> list[Signal]:
    return [signal for signal in signals if not isinstance(signal, Said)]


def troubles(signals: list[Signal]) -> list[str]:
    return [s.code for s in signals if isinstance(s, Trouble)]


def endings(signals: list[Signal]) -> list[str]:
    return [s.code for s in signals if isinstance(s, Ended)]


def held(signals: list[Signal]) -> str:
    return "|".join(s.text for s in signals if isinstance(s, Line))


@pytest.mark.parametrize(
    "head",
    ["a.py\n```python\n", "**src/a.py**:\n\n```\n", "```py\nsrc/a.py\n", "a.py\n```\na.py\n\n"],
)
def test_a_path_and_a_fence_are_a_file(head: str) -> None:
    out = run(f"Words.\n{head}x = 1\n```\nDone.\n")
    assert paths(out) == ["src/a.py" if "src" in head else "a.py"]
    assert held(out).removeprefix("|") == "x = 1"
    assert prose(out) == "Words.\nDone.\n"


@pytest.mark.parametrize(
    "text",
    [
        "Usage\n```sh\nmake install\n```\n",
        "### Node.js\n```js\nrun it\n```\n",
        "Files:\n```\nsrc/a.py\nsrc/b.py\n```\n",
        "src/\n```\na.py\nb.py\n```\n",
        "Like this:\n```sh\n./run.sh\n--now\n```\n",
        "v1.2.0\n```\nsome notes\n```\n",
        "--- a title\n\nText\n\n---\n+++ b\n",
        "diff --git prints a header.\n",
        "```diff\n- old\n+ new\n```\n",
    ],
)
def test_what_is_no_edit_stays_prose(text: str) -> None:
    for out in (run(text), by_sign(text)):
        assert prose(out) == text
        assert troubles(out) == []


@pytest.mark.parametrize("name", ["Before/After", "dict.get", "pd.DataFrame"])
def test_what_may_be_no_path_is_said_aloud(name: str) -> None:
    out = run(f"### `{name}`:\n```python\nx = 1\n```\n")
    assert paths(out) == [name]
    assert endings(out) == ["malformed"]
    out = run(f"./{name}\n```python\nx = 1\n```\n")
    assert endings(out) == [""]


def test_a_word_above_an_empty_search_is_no_new_file() -> None:
    block = BLOCK.replace("\na\n", "\n")
    assert endings(run("Example\n" + block)) == ["malformed"]
    assert endings(run("./Example\n" + block)) == [""]
    assert endings(run("Makefile\n" + block)) == [""]
    assert endings(run("Example\n" + BLOCK)) == [""]


def test_a_file_whose_name_is_a_word_of_the_text_changes_nothing() -> None:
    text = "n.py\n```python\nfoo bar\n```\n"
    assert by_sign(text, files=("x", "foo")) == run(text)


@pytest.mark.parametrize("path", ["README.md", "notes.txt", "README"])
@pytest.mark.parametrize("inner", ["make\n", "src/app.py\n", ""])
def test_a_text_with_fences_that_are_not_named_is_refused(path: str, inner: str) -> None:
    out = run(f"{path}\n```markdown\nBuild:\n```\n{inner}```\nThe end.\n```\n", files=("README",))
    assert "malformed" in endings(out) + troubles(out)


def test_a_text_with_named_fences_or_a_longer_one_is_whole() -> None:
    inner = "Build:\n```sh\nmake\n```\nThe end."
    assert held(run(f"README.md\n```markdown\n{inner}\n```\n")) == inner.replace("\n", "|")
    inner = inner.replace("sh", "")
    assert held(run(f"README.md\n````\n{inner}\n````\n")) == inner.replace("\n", "|")


def test_code_in_a_string_of_several_lines_is_not_cut_short() -> None:
    out = run('a.py\n```python\n"""Doc.\n```\nx\n```\n"""\ny = 1\n```\n')
    assert endings(out) == ["malformed"]


def test_commands_behind_a_file_do_not_matter() -> None:
    out = run("a.py\n```python\nx = 1\n```\nRun it:\n```\npython a.py\n```\n")
    assert endings(out) == [""]
    out = run("a.md\n```\ntext\n```\n\nb.py\n```python\nx = 1\n```\n")
    assert paths(out) == ["a.md", "b.py"]
    assert endings(out) == ["", ""]


@pytest.mark.parametrize("first", ["--- a title", "--- # Source: chart.yaml", "diff --git of it"])
def test_a_file_may_begin_like_a_diff(first: str) -> None:
    text = f"a.yaml\n```yaml\n{first}\nx: 1\n```\n"
    for out in (run(text), by_sign(text)):
        assert paths(out) == ["a.yaml"]
        assert held(out) == f"{first}|x: 1"


def test_a_file_may_begin_with_a_fence_of_its_own() -> None:
    out = run("a.md\n````\n```\nx\n```\n````\n", files=("a.md",))
    assert held(out) == "```|x|```"
    assert endings(out) == [""]


def test_many_blank_lines_are_the_beginning_of_a_file() -> None:
    text = "a.py\n```\n" + "\n" * 200 + "x = 1\n```\n"
    for out in (run(text), by_sign(text)):
        assert paths(out) == ["a.py"]
        assert held(out) == "|" * 200 + "x = 1"
    assert prose(run("word\n" + "\n" * 200 + "word\n")) == "word\n" + "\n" * 200 + "word\n"


@pytest.mark.parametrize(
    "text",
    [
        "```" + "x" * 3000 + "\nwords here\n```\n",
        " " * 3000 + "two words\n",
        "\t" * 400 + "\nsome words\n",
        "$" + "x" * 2000 + " " + "y" * 2000 + "\n",
        "--- " + "x" * 2000 + "\n",
        "<<<<<<<" + " " * 3000 + "\n",
        "*** Update Files: " + "x" * 3000 + "\n",
    ],
)
def test_of_a_long_line_nothing_is_lost(text: str) -> None:
    assert prose(by_sign(text)) == text == prose(run(text))


def test_a_long_path_is_one_however_it_comes() -> None:
    text = PATCH.replace("a.py", "d/" * 1500 + "a.py")[16:]
    assert paths(by_sign(text)) == paths(run(text)) == ["d/" * 1500 + "a.py"]


def test_windows_line_ends_cut_in_two() -> None:
    for inner in (BLOCK, PATCH, "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n+b\n", "x = 1\n"):
        text = f"Hi.\na.py\n```\n{inner}```\nDone.\n".replace("\n", "\r\n")
        assert edits(by_sign(text)) == edits(run(text)) != []
        assert prose(run(text)) == prose(by_sign(text))
        assert prose(run(text)).replace("a.py\r\n", "") == "Hi.\r\nDone.\r\n"
    text = "--- a\r\n+++ b\r\nwords\r\n"
    assert prose(run(text)) == prose(by_sign(text)) == text


@pytest.mark.parametrize("fence", ["", "```\n"])
def test_a_block_that_ends_twice_is_trouble(fence: str) -> None:
    text = f"a.py\n{fence}{BLOCK}more\n>>>>>>> REPLACE\n{fence}".replace("\n", "\r\n")
    for out in (run(text), by_sign(text)):
        assert troubles(out) == ["malformed"]


def test_an_end_marker_far_from_any_block_is_prose() -> None:
    for text in (">>>>>>> REPLACE\n", f"a.py\n```\n{BLOCK}```\n>>>>>>> REPLACE\n"):
        assert troubles(run(text)) == []


def test_a_fence_with_blocks_must_close() -> None:
    text = f"a.py\n```\n{BLOCK}{BLOCK}```\n"
    whole = text.index("```\n") + 4
    for at in range(whole, len(text) - 1):
        assert "truncated" in troubles(run(text[:at]))
    assert troubles(run(text)) == []


def test_an_empty_fence_below_a_path_makes_an_empty_file_and_empties_none() -> None:
    text = "pkg/__init__.py\n```python\n```\n"
    assert paths(run(text)) == ["pkg/__init__.py"]
    assert held(run(text)) == ""
    assert paths(run(text, files=("pkg/__init__.py",))) == []
    again = text.replace("python\n", "python\npkg/__init__.py\n")
    assert held(run(again)) == ""
    assert paths(run(again, files=("pkg/__init__.py",))) == []
