"""Whole replies on whole folders, however they are cut.

A scenario is a folder: input/ (the files), reply.txt, and either expected/ (all files afterwards)
or refused.txt (the codes of the hunks without a place, in order; nothing may be written then).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.replies import (
    MemoryTree,
    applied,
    by_line,
    by_sign,
    facts,
    play,
    refusals,
    whole,
)

FOLDER = Path(__file__).parent / "scenarios"
NAMES = sorted(path.name for path in FOLDER.iterdir())


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("cut", [whole, by_line, by_sign])
@pytest.mark.parametrize("name", NAMES)
def test_scenario(name: str, cut: Callable[[str], list[str]]) -> None:
    folder = FOLDER / name
    tree = MemoryTree(files_below(folder / "input"))
    reply = (folder / "reply.txt").read_bytes().decode()
    pieces, changeset = play(tree, cut(reply))
    refused = folder / "refused.txt"
    if refused.exists():
        assert refusals(changeset) == refused.read_text().split()
    else:
        assert refusals(changeset) == []
        assert changeset.complete
        assert applied(tree, changeset) == files_below(folder / "expected")
    assert facts(pieces) == facts(play(tree, [reply])[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_has_one_outcome(name: str) -> None:
    folder = FOLDER / name
    assert (folder / "expected").is_dir() != (folder / "refused.txt").is_file()
    assert files_below(folder / "input")
