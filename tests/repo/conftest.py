"""Real git in a private home; every test gets its own work tree."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spark_tui.repo.repository import Repository

Shell = Callable[..., str]


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n"
    )
    for name in [n for n in os.environ if n.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return dict(os.environ)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def shell(root: Path, environ: dict[str, str]) -> Shell:
    """git as the user types it, in the work tree."""

    def run(*args: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *args], cwd=root, env=environ, capture_output=True, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(done.stderr.decode())
        return done.stdout.decode("utf-8", "surrogateescape")

    return run


@pytest.fixture(scope="session")
def first_commit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once and copied: a.txt, src/b.txt (ten lines), run.sh (executable)."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "a.txt").write_text("one\ntwo\nthree\n")
    (folder / "src").mkdir()
    (folder / "src/b.txt").write_text("".join(f"line {n}\n" for n in range(10)))
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    env = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    for args in (
        ("init", "-q", "-b", "main", "--template="),
        ("add", "-A"),
        (*who, "commit", "-qm", "First"),
    ):
        subprocess.run(["git", *args], cwd=folder, env=env, check=True)
    return folder


@pytest.fixture
def repo(root: Path, environ: dict[str, str], first_commit: Path) -> Iterator[Repository]:
    """A work tree with one commit."""
    shutil.copytree(first_commit, root, dirs_exist_ok=True)
    found = Repository.discover(root, environ=environ)
    assert found is not None
    yield found
    found.git.stop()
