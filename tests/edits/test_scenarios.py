"""Whole replies on whole folders, however they are cut.

A scenario is a folder. It always holds
    input/        the files before
    reply.txt     what the model says; or reply.json, the arguments of a function call as they came
and one outcome:
    expected/     all files afterwards, each hunk accepted
    refused.txt   the codes of the hunks without a place, in order; nothing is written by itself
Only where it matters:
    about.md      why, if the title does not say it
    hunks.txt     a line for each hunk: kind, path, then its code, or "already" and its flags;
                  without this file no hunk has a flag
    issues.txt    the codes of what is wrong with the reply itself; without it and refused: none
    said.txt      a line for each thing that some refusal says
    salvaged/     beside refused.txt: all files after a person accepted what has a place
    lane.txt      text (without the file), call (the plain input of a tool) or json
    wire.txt      "broken": the service never said that the reply was over
    kinds.txt     what is no regular file: "link vendor/x"; more kinds: edits/tree.py
    unseen.txt    files that the model was not shown
    modes.txt     files that are or become executable: path, before, after ("-": not there)
    eols.txt      new files for which the project asks for Windows line ends
README.md says which rule each folder shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

import pytest

from spark_tui.edits.changeset import Changeset, Hunk, Placed
from spark_tui.edits.pieces import Issue, Piece
from spark_tui.edits.reader import PathKind
from tests.support.replies import (
    MemoryTree,
    after,
    by_line,
    by_sign,
    facts,
    play,
    refusals,
    salvaged,
    unplaced,
    whole,
)

FOLDER = Path(__file__).parent / "scenarios"
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
FOLDERS = {"input", "expected", "salvaged"}
FILES = {"reply.txt", "reply.json", "refused.txt", "about.md"} | {
    f"{name}.txt"
    for name in ("hunks", "issues", "said", "lane", "wire", "kinds", "unseen", "modes", "eols")
}
LANES = {"text": "text", "call": "call:1", "json": "json:1"}


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> list[str]:
    """The lines of an optional file."""
    return path.read_text("utf-8").splitlines() if path.exists() else []


def modes_of(folder: Path, column: int) -> dict[str, int]:
    return {
        words[0]: int(words[column], 8) | 0o600
        for words in map(str.split, rows(folder / "modes.txt"))
        if words[column] != "-"
    }


def tree_of(folder: Path) -> MemoryTree:
    kinds = [row.split(" ", 1) for row in rows(folder / "kinds.txt")]
    unseen = rows(folder / "unseen.txt")
    return MemoryTree(
        files_below(folder / "input"),
        kinds={path: cast(PathKind, kind) for kind, path in kinds},
        unseen=unseen,
        unread=unseen,
        modes=modes_of(folder, 1),
        crlf=rows(folder / "eols.txt"),
    )


def lane_of(folder: Path) -> str:
    given = rows(folder / "lane.txt") or ["text"]
    return "json" if (folder / "reply.json").exists() else given[0]


def reply_of(folder: Path) -> str:
    """What comes over the wire."""
    raw = folder / "reply.json"
    if raw.exists():
        return raw.read_bytes().decode().rstrip("\n")
    reply = (folder / "reply.txt").read_bytes().decode()
    return json.dumps({"input": reply}) if lane_of(folder) == "json" else reply


def told(hunk: Hunk) -> str:
    """One row of hunks.txt."""
    place = hunk.place
    if isinstance(place, Placed):
        words = [*(["already"] if place.already else []), *sorted(place.flags)]
    else:
        words = [place.code]
    return " ".join([hunk.kind, hunk.path, *words])


def check_hunks(folder: Path, changeset: Changeset) -> None:
    if (folder / "hunks.txt").exists():
        assert [told(hunk) for hunk in changeset.hunks] == rows(folder / "hunks.txt")
    else:
        assert not any(h.place.flags for h in changeset.hunks if isinstance(h.place, Placed))


def check_words(folder: Path, changeset: Changeset, pieces: Iterable[Piece]) -> None:
    issues = [piece.code for piece in pieces if isinstance(piece, Issue)]
    if (folder / "issues.txt").exists() or not (folder / "refused.txt").exists():
        assert issues == rows(folder / "issues.txt")
    lost = [hunk for hunk in changeset.hunks if not isinstance(hunk.place, Placed)]
    words = "\n".join([*(unplaced(hunk).message for hunk in lost), *changeset.issues])
    for row in rows(folder / "said.txt"):
        assert row in words


def check_files(folder: Path, outcome: str, tree: MemoryTree, changeset: Changeset) -> None:
    found = after(tree, changeset)
    wanted = files_below(folder / outcome)
    assert {path: snapshot.data for path, snapshot in found.items()} == wanted
    modes = modes_of(folder, 2)
    assert {path: snapshot.mode for path, snapshot in found.items()} == {
        path: modes.get(path, 0o644) for path in wanted
    }


@pytest.mark.parametrize("cut", [whole, by_line, by_sign])
@pytest.mark.parametrize("name", NAMES)
def test_scenario(name: str, cut: Callable[[str], list[str]]) -> None:
    folder = FOLDER / name
    tree, reply, lane = tree_of(folder), reply_of(folder), LANES[lane_of(folder)]
    finished = "broken" not in rows(folder / "wire.txt")
    pieces, changeset = play(tree, cut(reply), lane=lane, complete=finished)
    refused = folder / "refused.txt"
    if refused.exists():
        assert refusals(changeset) == refused.read_text().split()
        assert not changeset.complete or refusals(changeset)
        if (folder / "salvaged").exists():
            check_files(folder, "salvaged", tree, salvaged(changeset))
    else:
        assert refusals(changeset) == []
        assert changeset.complete
        check_files(folder, "expected", tree, changeset)
    check_hunks(folder, changeset)
    check_words(folder, changeset, pieces)
    assert facts(pieces) == facts(play(tree, [reply], lane=lane, complete=finished)[0])


@pytest.mark.parametrize("name", [name for name in NAMES if (FOLDER / name / "reply.txt").exists()])
def test_a_reply_means_the_same_in_every_lane(name: str) -> None:
    folder = FOLDER / name
    tree = tree_of(folder)
    reply = (folder / "reply.txt").read_bytes().decode()
    hunks = play(tree, [reply])[1].hunks
    assert play(tree, [reply], lane="call:1")[1].hunks == hunks
    assert play(tree, [json.dumps({"patch": reply})], lane="json:1")[1].hunks == hunks


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_has_one_outcome(name: str) -> None:
    folder = FOLDER / name
    assert (folder / "expected").is_dir() != (folder / "refused.txt").is_file()
    assert (folder / "reply.txt").is_file() != (folder / "reply.json").is_file()
    assert files_below(folder / "input")
    assert {path.name for path in folder.iterdir()} <= FOLDERS | FILES


def test_the_table_names_every_scenario() -> None:
    named = re.findall(r"\b(\d{3}-[a-z0-9-]+)", (FOLDER / "README.md").read_text())
    assert sorted(set(named)) == NAMES
    assert len({name[:3] for name in NAMES}) == len(NAMES)
