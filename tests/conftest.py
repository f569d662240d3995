"""Every test has a home of its own: no settings, no keys, no git identity of the person leak in.

The rule kept here: nothing in a test's environment points outside its temporary folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

GITCONFIG = """\
[user]
	name = Test Person
	email = person@example.org
[init]
	defaultBranch = main
[core]
	autocrlf = false
[commit]
	gpgSign = false
[safe]
	directory = *
"""
KEPT = (
    "PATH",
    "PYTHONPATH",
    "LANG",
    "TMPDIR",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
    "COVERAGE_PROCESS_START",
    "TEXTUAL_SNAPSHOT_TEMPDIR",  # where pytest-textual-snapshot keeps the pictures of this run
)


@pytest.fixture(autouse=True)
def private_environment(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, str]:
    """The environment of this process and of all it starts."""
    home = tmp_path_factory.mktemp("home")
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    environ |= {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "SPARK_TUI_CONFIG_DIR": str(home / "config" / "spark-tui"),
        "SPARK_TUI_STATE_DIR": str(home / "state" / "spark-tui"),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    (home / "gitconfig").write_text(GITCONFIG)
    for name in set(os.environ) - set(environ) - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


@pytest.fixture
def environ(private_environment: Mapping[str, str]) -> dict[str, str]:
    """The same as a value to pass on and to add to."""
    return dict(private_environment)
