"""The whole program against these servers: a prompt goes in, a file is written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import KEY, MASTER, LiteLLM, Llama

pytestmark = pytest.mark.conformance


def edit(
    folder: Path, environ: Mapping[str, str], *, url: str, key: str, model: str, said: str
) -> dict[str, Any]:
    """The document of `spark-tui edit` in a fresh repository."""
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=folder, env=dict(environ), check=True)
    done = subprocess.run(
        [
            sys.executable, "-m", "spark_tui", "edit", "--json", "--accept", "all",
            "--base-url", url, "--model", model, "--timeout", "60s", said,
        ],
        cwd=folder,
        env={
            **environ,
            "SPARK_TUI_API_KEY": key,
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["status"] == "applied"
    assert [file["path"] for file in document["files"]] == ["note.txt"]
    return document


def test_a_patch_through_the_proxy(
    litellm: LiteLLM, environ: Mapping[str, str], tmp_path: Path
) -> None:
    """Socket, custom tool, and the one file of the patch."""
    folder = tmp_path / "project"
    edit(folder, environ, url=litellm.base_url, key=MASTER, model="tiny", said="Make the patch.")
    assert (folder / "note.txt").read_text() == "calm\n"


def test_blocks_from_a_local_server(
    llama: Llama, environ: Mapping[str, str], tmp_path: Path
) -> None:
    """404 to the socket, and edits as text."""
    folder = tmp_path / "project"
    edit(folder, environ, url=llama.base_url, key=KEY, model="automaton", said="Send the blocks.")
    assert (folder / "note.txt").read_text() == "calm\n"
