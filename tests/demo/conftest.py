"""Fixtures of the demo's tests: a server in this process, and two tiny appliers of edits.

The rule kept here: the appliers are a witness. They share no code with the program or the demo,
know only what the scripts need, and refuse whatever is not in exactly one place.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Apply = Callable[[Path, str], list[str]]
BLOCK = re.compile(
    r"^(\S+)\n(`{3,})\w*\n<<<<<<< SEARCH\n(.*?)=======\n(.*?)>>>>>>> REPLACE\n\2$",
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh copy of the demo's project."""
    ignore = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(ROOT / "demo" / "project", tmp_path / "project", ignore=ignore))


@pytest.fixture
def apply_patch() -> Apply:
    """Applies a V4A patch and returns the old sides that have no place."""
    return _apply_patch


@pytest.fixture
def apply_blocks() -> Apply:
    """Applies search/replace blocks in a text and returns those that have no place."""
    return _apply_blocks


def _apply_patch(root: Path, patch: str) -> list[str]:
    lines = patch.split("\n")
    assert lines[0] == "*** Begin Patch"
    assert lines[-2:] == ["*** End Patch", ""]
    unplaced: list[str] = []
    path: Path | None = None
    adding = False
    old: list[str] = []
    new: list[str] = []

    def close() -> None:
        if path is not None and adding:
            assert not path.exists(), f"{path} exists"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in new), encoding="utf-8")
        elif path is not None and (old or new):
            unplaced.extend(_replace(path, old, new))
        old.clear()
        new.clear()

    for line in lines[1:-1]:
        if line.startswith("*** "):
            close()
            action, _, name = line.partition(" File: ")
            assert action in ("*** Add", "*** Update", "*** End Patch"), line
            path, adding = root / name, action == "*** Add"
        elif line.startswith("@@"):
            close()
        else:
            assert line[:1] in (" ", "-", "+"), f"not a line of a hunk: {line!r}"
            assert not adding or line[0] == "+"
            if line[0] in " -":
                old.append(line[1:])
            if line[0] in " +":
                new.append(line[1:])
    return unplaced


def _apply_blocks(root: Path, text: str) -> list[str]:
    unplaced: list[str] = []
    for name, _, old, new in BLOCK.findall(text):
        path = root / name
        if old:
            unplaced.extend(_replace(path, old.split("\n")[:-1], new.split("\n")[:-1]))
        else:
            assert not path.exists(), f"{path} exists"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(new, encoding="utf-8")
    return unplaced


def _replace(path: Path, old: list[str], new: list[str]) -> list[str]:
    """Put `new` where `old` is; line ends and the missing last newline stay as they are."""
    assert old, f"{path}: a hunk needs lines that are there"
    text = path.read_bytes().decode("utf-8")
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(ending)
    places = [at for at in range(len(lines)) if lines[at : at + len(old)] == old]
    if not places:
        return ["\n".join(old)]
    assert len(places) == 1, f"{path}: {len(places)} places for {old}"
    lines[places[0] : places[0] + len(old)] = new
    path.write_bytes(ending.join(lines).encode("utf-8"))
    return []
