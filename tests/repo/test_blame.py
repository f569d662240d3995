"""Which commit last touched a line; nothing of a hostile repository is run for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from spark_tui.repo.blame import blame
from spark_tui.repo.repository import Repository


@pytest.fixture
def root(tmp_path: Path, environ: dict[str, str]) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, environ, "init", "-q")
    return folder


def git(root: Path, environ: dict[str, str], *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=root, env=environ, check=True, capture_output=True
    ).stdout.decode()


def commit(root: Path, environ: dict[str, str], path: str, text: str, subject: str) -> str:
    (root / path).write_text(text)
    git(root, environ, "add", "--", path)
    git(root, environ, "commit", "-q", "-m", subject)
    return git(root, environ, "rev-parse", "HEAD").strip()


def opened(root: Path, environ: dict[str, str]) -> Repository:
    found = Repository.discover(root, environ=environ)
    assert found is not None
    return found


def test_each_line_has_its_commit(root: Path, environ: dict[str, str]) -> None:
    first = commit(root, environ, "-rf.py", "a\nb\n", "First: <odd> \u202e name")
    second = commit(root, environ, "-rf.py", "a\nB\n", "Second")
    repository = opened(root, environ)
    one, two = blame(repository, "-rf.py", 1), blame(repository, "-rf.py", 2)
    assert one is not None and two is not None
    assert (one.commit, one.subject) == (first, "First: <odd> \u202e name")
    assert not one.is_boundary, "the very first commit is no older one"
    assert (two.commit, two.subject, two.is_boundary) == (second, "Second", False)
    assert two.at > 1_600_000_000 and two.author


def test_no_answer_is_none(root: Path, environ: dict[str, str]) -> None:
    assert blame(opened(root, environ), "a.py", 1) is None, "before the first commit"
    commit(root, environ, "a.py", "a\n", "First")
    repository = opened(root, environ)
    assert blame(repository, "a.py", 2) is None
    assert blame(repository, "gone.py", 1) is None


def test_nothing_of_the_repository_is_run(root: Path, environ: dict[str, str]) -> None:
    first = commit(root, environ, "a.py", "a\n", "First")
    canary = root.parent / "canary"
    (root / ".gitattributes").write_text("*.py diff=evil filter=evil\n")
    for key in ("diff.evil.textconv", "diff.evil.command", "filter.evil.clean"):
        git(root, environ, "config", key, f"touch {canary};cat")
    git(root, environ, "config", "core.fsmonitor", f"touch {canary}")
    found = blame(opened(root, environ), "a.py", 1)
    assert found is not None and found.commit == first
    git(root, environ, "config", "blame.ignoreRevsFile", "no-such-file")
    assert blame(opened(root, environ), "a.py", 1) is None
    assert not canary.exists()


def test_a_shallow_clone_says_so(root: Path, environ: dict[str, str]) -> None:
    commit(root, environ, "a.py", "a\n", "First")
    commit(root, environ, "b.py", "b\n", "Second")
    clone = root.parent / "clone"
    git(root, environ, "clone", "-q", "--depth", "1", f"file://{root}", str(clone))
    found = blame(opened(clone, environ), "a.py", 1)
    assert found is not None and found.is_boundary
