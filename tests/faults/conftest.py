"""A small repository with one commit for each fault test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.reply import OLD
from tests.support.bench import Bench


@pytest.fixture
def bench(tmp_path: Path, environ: dict[str, str]) -> Bench:
    root = tmp_path / "repo"
    root.mkdir()
    bench = Bench(root, environ)
    bench.git("init", "-q", "-b", "main")
    for path, text in OLD.items():
        bench.write(path, text)
    bench.git("add", "-A")
    bench.git("commit", "-q", "-m", "Start")
    return bench
