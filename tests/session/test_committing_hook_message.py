"""A message for a plain `git commit`, inside its hook: it helps, or it is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from spark_tui.errors import StreamFault
from spark_tui.model.provider import Delta, Failed, Request
from spark_tui.model.scripted import Scripted, done, say
from spark_tui.session.hook_message import draft_into
from spark_tui.settings.config import load
from tests.support.bench import Bench

REPLY = (*say("Say more"), *done())


def drafted(
    bench: Bench,
    file: Path,
    reply: Sequence[Delta] = REPLY,
    source: str = "",
    timeout_s: float = 20,
    more: Mapping[str, str] | None = None,
) -> tuple[str, list[Request]]:
    provider = Scripted([reply])
    job = draft_into(
        file, source, where=bench.root, environ={**bench.environ, **(more or {})},
        settings=load(environ=bench.environ), timeout_s=timeout_s, provider=provider,
    )  # fmt: skip
    return asyncio.run(job), provider.requests


@pytest.fixture
def file(bench: Bench) -> Path:
    bench.write("README.md", "# Calc\nmore\n")
    bench.git("add", "README.md")
    path = bench.root / ".git/COMMIT_EDITMSG"
    path.write_text("\n# Please enter the commit message\n#\tmodified: README.md\n")
    path.chmod(0o644)
    return path


def test_a_draft_above_gits_comments(bench: Bench, file: Path) -> None:
    below = file.read_text()
    said, asked = drafted(bench, file, (*say("Say more\n\nSigned-off-by: x <y>"), *done()))
    assert (said, file.read_text()) == ("", "Say more\n" + below)
    assert "+more" in str(asked[0].items) and file.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("source", ["message", "merge", "squash", "commit"])
def test_messages_from_elsewhere_are_left(bench: Bench, file: Path, source: str) -> None:
    before = file.read_text()
    assert drafted(bench, file, source=source) == ("", [])
    assert drafted(bench, file, more={"SPARK_TUI_COMMIT": "1"}) == ("", [])
    file.write_text("Mine\n# comment\n")
    assert drafted(bench, file) == ("", [])
    assert before and file.read_text() == "Mine\n# comment\n"


def test_a_template_stays_below(bench: Bench, file: Path) -> None:
    bench.write("template", "Why:\n# hints\n")
    bench.git("config", "commit.template", "template")
    file.write_text("Why:\n# hints\n# more of git's\n")
    said, _ = drafted(bench, file, source="template")
    assert said == ""
    assert file.read_text() == "Say more\n\nWhy:\n# hints\n# more of git's\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("GIT_DIR", "/"), ("GIT_INDEX_FILE", "/etc/passwd"), ("GIT_WORK_TREE", "..")],
)
def test_an_environment_of_elsewhere_is_refused(
    bench: Bench, file: Path, name: str, value: str
) -> None:
    before = file.read_bytes()
    said, asked = drafted(bench, file, more={name: value})
    assert name in said and asked == [] and file.read_bytes() == before


def test_the_index_that_git_names(bench: Bench, file: Path) -> None:
    bench.write("calc.py", "only here\n")
    index = bench.root / ".git/next-index-1.lock"
    index.write_bytes((bench.root / ".git/index").read_bytes())
    other = replace(bench, environ={**bench.environ, "GIT_INDEX_FILE": str(index)})
    other.git("add", "calc.py")
    where = {"GIT_INDEX_FILE": ".git/next-index-1.lock", "GIT_DIR": ".git"}
    _, asked = drafted(bench, file, more=where)
    assert "only here" in str(asked[0].items)


def test_whatever_is_missing_leaves_the_file(bench: Bench, file: Path) -> None:
    before = file.read_bytes()
    cut = (*say("Half a"), Failed(StreamFault("The line was cut.")))
    assert drafted(bench, file, cut)[0] == "No message was drafted: The line was cut."
    assert "within" in drafted(bench, file, timeout_s=1e-9)[0]
    assert "no file" in drafted(bench, file.with_name("none"))[0]
    job = draft_into(
        file, "", where=bench.root, environ=bench.environ,
        settings=load(environ=bench.environ), timeout_s=20,
    )  # fmt: skip
    assert "no key is known" in asyncio.run(job)
    bench.git("reset", "-q")
    assert drafted(bench, file) == ("", [])
    assert file.read_bytes() == before
