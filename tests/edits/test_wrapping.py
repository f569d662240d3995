"""What stands around edits: fences, heredocs, lines that name a file."""

from __future__ import annotations

import pytest

from spark_tui.edits.wrapping import (
    LONGEST_PATH,
    closes_fence,
    fence_of,
    file_in,
    file_inside,
    is_sure,
    is_word,
    is_wrapper,
    may_be_fence,
    may_be_wrapper,
    path_in,
)


def nothing(path: str) -> bool:
    del path
    return False


@pytest.mark.parametrize(
    ("line", "fence"),
    [
        ("```", ("```", "")),
        ("   ````md title", ("````", "md title")),
        ("~~~ sh  ", ("~~~", "sh")),
        ("    ```", None),
        ("``", None),
        ("```a`b", None),
        ("text ```", None),
    ],
)
def test_fences(line: str, fence: tuple[str, str] | None) -> None:
    assert fence_of(line) == fence
    if fence:
        assert all(may_be_fence(line[:n]) for n in range(line.index(fence[0][0]) + 1, len(line)))


def test_a_fence_is_closed_by_its_own_signs_and_as_many() -> None:
    assert closes_fence("```", "```python")
    assert closes_fence("`````", "```")
    assert not closes_fence("```", "````")
    assert not closes_fence("~~~", "```")
    assert not closes_fence("```python", "```")


@pytest.mark.parametrize(
    "line",
    ["apply_patch <<'EOF'", "$ apply_patch <<EOF", "cat <<'EOF' > x", "<<EOF", "<<-'EOF'"],
)
def test_wrappers(line: str) -> None:
    assert is_wrapper(line)
    assert all(may_be_wrapper(line[:n]) or is_word(line[:n]) for n in range(len(line)))


@pytest.mark.parametrize("line", ["apply_patch", "cat x.txt", "<<<<<<< SEARCH", "EOF", "words"])
def test_no_wrappers(line: str) -> None:
    assert not is_wrapper(line)


def test_a_word_has_no_blank_in_it_and_an_end() -> None:
    assert is_word("  ## **src/app.py**:  ")
    assert not is_word("two words")
    assert is_word("x" * LONGEST_PATH)
    assert not is_word("x" * (LONGEST_PATH + 1))


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("src/app.py", "src/app.py"),
        ("### `src/app.py`:", "src/app.py"),
        ("**src/app.py**:", "src/app.py"),
        ("**src/app.py:**", "src/app.py"),
        ("Makefile", "Makefile"),
        ("two words.py", ""),
        ("Done.", ""),
        ("Really?", ""),
        ("Then:", ""),
        ("", ""),
        ("# #", ""),
        ("\u2028a.txt", ""),
        ("\xa0a.txt", ""),
    ],
)
def test_the_path_above_a_block(line: str, path: str) -> None:
    assert path_in(line, nothing) == path


def test_a_file_that_is_there_may_have_any_name() -> None:
    def there(path: str) -> bool:
        return path in ("my notes", "Then", "dict.get", "a.")

    assert path_in("my notes:", there) == "my notes"
    assert path_in("Then:", there) == "Then"
    assert file_in("dict.get", there) == "dict.get"
    assert is_sure("dict.get", there)


@pytest.mark.parametrize(
    "line",
    ["app.py", "App.JSX", "src/x.nix", ".gitattributes", ".env.example", "docs/Makefile", "LICENSE",
     "./bin/run", "a/b.1", ".github/CODEOWNERS", "x.tar", "~/.ssh/authorized_keys", "../x",
     "/etc/x", ".git/config", "C:\\x.txt"],
)  # fmt: skip
def test_what_is_a_file_or_refused_as_one(line: str) -> None:
    assert file_in(line, nothing) == line
    if line != "x.tar":
        assert is_sure(line, nothing)


@pytest.mark.parametrize(
    "line",
    ["Usage", "Example:", "e.g.", "Node.js", "### Vue.js", "1.2.0", "v3.11", "src/", "./",
     "https://example.org/x.py", "README", "and", "..."],
)  # fmt: skip
def test_what_is_no_file(line: str) -> None:
    assert file_in(line, nothing) == ""


@pytest.mark.parametrize(
    "line",
    [
        "Before/After",
        "and/or",
        "I/O",
        "TCP/IP",
        "dict.get",
        "pd.DataFrame",
        "example.com",
        "bin/run",
    ],
)
def test_what_may_be_a_file_or_none(line: str) -> None:
    assert file_in(line, nothing) == line
    assert not is_sure(line, nothing)


def test_the_first_line_inside_a_fence_must_look_like_a_path_with_a_folder() -> None:
    assert file_inside("src/app.py", "python", nothing) == "src/app.py"
    assert file_inside("app.py", "python", nothing) == ""
    assert file_inside("src/app", "python", nothing) == ""
    assert file_inside("# src/app.py", "python", nothing) == ""
    assert file_inside("app.py", "python", lambda path: path == "app.py") == "app.py"


@pytest.mark.parametrize("info", ["sh", "Bash", "console", "text"])
def test_in_a_shell_a_path_may_be_a_command(info: str) -> None:
    assert file_inside("scripts/run.sh", info, nothing) == ""
    assert file_inside("scripts/run.sh", info, lambda path: True) == "scripts/run.sh"
    assert file_inside("./run.sh", info, lambda path: True) == ""
