"""A reply that breaks off is never taken for a whole one."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Hunk as Found
from spark_tui.edits.changeset import Placed
from tests.support.replies import MemoryTree, play
from tests.support.written import (
    PLAIN,
    Change,
    as_blocks,
    as_diff,
    as_patch,
    as_whole,
    changed,
    hunks_of,
    result,
)

PATH = "src/a.txt"
Case = tuple[list[str], list[Change]]
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
LINES = st.sampled_from([*PLAIN, "-- x", "++ x", "line", "more words"])
FORMATS = (
    "patch",
    "patch in a fence",
    "block",
    "blocks in a fence",
    "diff in a fence",
    "git diff in a fence",
    "diff without numbers in a fence",
    "whole",
    "whole in a long fence",
    "arguments",
)


def written(name: str, old: list[str], changes: list[Change], context: int) -> str:
    """The change in this format, up to its own end and no further."""
    hunks = hunks_of(old, changes, context)
    match name:
        case "patch":
            return as_patch(PATH, hunks)
        case "patch in a fence":
            return f"Here:\n```\n{as_patch(PATH, hunks)}"
        case "block":
            return as_blocks(PATH, hunks[:1])
        case "blocks in a fence":
            blocks = "\n".join(as_blocks("", [hunk]).removeprefix("\n") for hunk in hunks)
            return f"Two words.\n{PATH}\n```python\n{blocks}```\n"
        case "diff in a fence":
            return as_diff(PATH, hunks, numbers="right", fence="```")
        case "git diff in a fence":
            return as_diff(PATH, hunks, numbers="right", fence="~~~", git=True)
        case "diff without numbers in a fence":
            return as_diff(PATH, hunks, numbers="none", fence="```")
        case "whole":
            return as_whole(PATH, result(old, changes), fence="```")
        case "whole in a long fence":
            return as_whole(PATH, result(old, changes), fence="`````")
        case _:
            return json.dumps({"why": "because", "input": as_patch(PATH, hunks)})


def come_to(tree: MemoryTree, reply: str, lane: str) -> tuple[bool, tuple[Found, ...]]:
    _, changeset = play(tree, [reply], lane=lane)
    return changeset.complete, changeset.hunks


def check(name: str, case: Case, context: int) -> None:
    old, changes = case
    assume(changes)
    reply = written(name, old, changes, context)
    lane = "json:1" if name == "arguments" else "text"
    tree = MemoryTree({PATH: "".join(f"{line}\n" for line in old).encode()})
    complete, hunks = come_to(tree, reply, lane)
    assume(complete and hunks and all(isinstance(hunk.place, Placed) for hunk in hunks))
    for at in range(len(reply)):
        complete, part = come_to(tree, reply[:at], lane)
        assert not complete or not part or part == hunks, reply[:at]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(changed(LINES, most=6), st.integers(0, 2))
def test_a_cut_reply_is_not_complete_or_the_same(name: str, case: Case, context: int) -> None:
    check(name, case, context)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(changed(LINES, most=6), st.integers(0, 2))
def test_many_cut_replies_are_not_complete_or_the_same(name: str, case: Case, context: int) -> None:
    check(name, case, context)


def check_open_diff(case: Case, context: int, git: bool) -> None:
    """In open text only the counts say where a hunk ends: what is there then is a part of it."""
    old, changes = case
    assume(changes)
    reply = as_diff(PATH, hunks_of(old, changes, context), numbers="right", git=git)
    tree = MemoryTree({PATH: "".join(f"{line}\n" for line in old).encode()})
    complete, hunks = come_to(tree, reply, "text")
    assume(complete and all(isinstance(hunk.place, Placed) for hunk in hunks))
    for at in range(len(reply)):
        complete, part = come_to(tree, reply[:at], "text")
        if complete and part and part != hunks:
            assert reply[at - 1] == "\n", reply[:at]
            assert part == hunks[: len(part)], reply[:at]


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(changed(LINES, most=6), st.integers(0, 2), st.booleans())
def test_a_cut_diff_in_open_text_is_complete_at_a_count_alone(
    case: Case, context: int, git: bool
) -> None:
    check_open_diff(case, context, git)


@pytest.mark.slow
@settings(max_examples=800, deadline=None, suppress_health_check=SLOW)
@given(changed(LINES, most=6), st.integers(0, 2), st.booleans())
def test_many_cut_diffs_in_open_text_are_complete_at_a_count_alone(
    case: Case, context: int, git: bool
) -> None:
    check_open_diff(case, context, git)
