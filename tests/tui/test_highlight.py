"""Highlighter: words of lines, state between lines, and plain text instead of waiting."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spark_tui.tui import highlight
from spark_tui.tui.highlight import START, Highlighter, State


def words(
    lighter: Highlighter, path: str, text: str, state: State = START
) -> list[tuple[str, str]]:
    spans, _ = lighter.spans(path, text, state)
    at, found = 0, []
    for end, word in spans:
        found.append((text[at:end], word))
        at = end
    assert at == len(text)
    return found


def test_plain_until_loaded() -> None:
    lighter = Highlighter()
    assert words(lighter, "a.py", "def f():") == [("def f():", "text")]
    assert not lighter.is_loaded("a.py")
    lighter.load("a.py")
    assert lighter.is_loaded("b/other.py")
    assert words(lighter, "a.py", "def f():") == [
        ("def", "keyword"),
        (" ", "text"),
        ("f", "function"),
        ("():", "text"),
    ]


def test_a_string_over_several_lines_keeps_its_state() -> None:
    lighter = Highlighter()
    lighter.load("a.py")
    _, inside = lighter.spans("a.py", 'text = """first')
    assert words(lighter, "a.py", "def not_code():", inside) == [("def not_code():", "string")]
    _, outside = lighter.spans("a.py", 'last"""', inside)
    assert words(lighter, "a.py", "def", outside) == [("def", "keyword")]


@pytest.mark.parametrize(
    ("path", "line", "expected"),
    [
        ("x.ts", "const a = 1;", ("const", "keyword")),
        ("x.json", '{"a": true}', ("true", "constant")),
        ("x.yaml", "key: 1", ("key", "keyword")),
        ("x.md", "# Title", ("# Title", "heading")),
        ("x.rs", "fn main() {}", ("main", "function")),
        ("x.php", "<?php echo 1;", ("echo", "keyword")),
        ("Makefile", "all: x", ("all", "function")),
        ("x.html", "<p class='a'>", ("class", "attribute")),
    ],
)
def test_many_kinds_of_files(path: str, line: str, expected: tuple[str, str]) -> None:
    lighter = Highlighter()
    lighter.load(path)
    assert expected in words(lighter, path, line)


def test_unknown_kinds_and_languages_are_plain() -> None:
    lighter = Highlighter()
    lighter.load("x.nobodyknows")
    lighter.load_language("nosuchlanguage")
    assert words(lighter, "x.nobodyknows", "def") == [("def", "text")]
    assert words(lighter, "x.nosuchlanguage", "def") == [("def", "text")]


def test_a_language_by_its_name() -> None:
    lighter = Highlighter()
    lighter.load_language("python")
    assert words(lighter, "x.python", "def") == [("def", "keyword")]


def test_long_lines_are_plain() -> None:
    lighter = Highlighter()
    lighter.load("a.js")
    text = "var a = 1;" * 300
    assert words(lighter, "a.js", text) == [(text, "text")]


def test_a_lexer_that_was_slow_once_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lighter = Highlighter()
    lighter.load("a.py")
    ticks = iter((0.0, 0.2))
    monkeypatch.setattr(highlight, "thread_time", lambda: next(ticks))
    assert words(lighter, "a.py", "def")[0] == ("def", "keyword")
    assert words(lighter, "a.py", "def")[0] == ("def", "text")


@pytest.mark.parametrize("text", ["", "\udcff", "\x1b[2J", "字" * 50, "'" * 99, '"""' * 33])
def test_spans_cover_any_line(text: str) -> None:
    lighter = Highlighter()
    for path in ("a.py", "a.js", "a.md", "a.sh", "a.html", "a.yaml"):
        lighter.load(path)
        words(lighter, path, text)


def test_importing_it_imports_no_lexer() -> None:
    code = (
        "import sys, spark_tui.tui.highlight;"
        "print(any(m.startswith('pygments.lexers') for m in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
