"""A small repository and a shell in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.shell import Shell

CALC = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"


@pytest.fixture
def shell(tmp_path: Path, environ: dict[str, str]) -> Shell:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "calc.py").write_text(CALC)
    (root / ".gitignore").write_text("*.log\n")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Start")):
        subprocess.run(["git", *words], cwd=root, env=environ, check=True)
    return Shell(root, environ)
