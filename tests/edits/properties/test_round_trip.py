"""A change written in any format comes out as that change, or is refused: never as another one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Changeset, Flag, Placed, Unplaced
from spark_tui.edits.snapshot import Snapshot
from tests.support.replies import MemoryTree, applied, play
from tests.support.written import (
    BASES,
    ODD,
    PLAIN,
    Change,
    Hunk,
    Numbers,
    as_blocks,
    as_diff,
    as_patch,
    as_whole,
    changed,
    encoded,
    hunks_of,
    result,
)

PATH = "a.txt"
Base = tuple[str, str, bool]
Case = tuple[list[str], list[Change]]
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

MIXED = st.one_of(*(st.sampled_from(kind) for kind in (PLAIN, PLAIN, PLAIN, ODD)))
NUMBERS: st.SearchStrategy[Numbers] = st.sampled_from(("right", "right", "none", "less", "more"))


@st.composite
def writers(draw: st.DrawFn) -> Callable[[str, list[Hunk]], str]:
    """A format with its ways of being written."""
    fence = draw(st.sampled_from(["", "```", "````"]))
    match draw(st.sampled_from(["patch", "blocks", "diff", "diff"])):
        case "patch":
            return as_patch
        case "blocks":
            return lambda path, hunks: as_blocks(path, hunks, fence=fence)
        case _:
            numbers = draw(NUMBERS)
            git = draw(st.booleans())
            return lambda path, hunks: as_diff(path, hunks, numbers=numbers, fence=fence, git=git)


def outcome(data: bytes, reply: str, new: list[str]) -> tuple[str, Changeset]:
    """Whether the reply makes the file these lines; else the first reason it says."""
    tree = MemoryTree({PATH: data})
    _, changeset = play(tree, [reply])
    refused = [h.place for h in changeset.hunks if isinstance(h.place, Unplaced)]
    if refused:
        return refused[0].code, changeset
    if not changeset.complete:
        return "incomplete", changeset
    hunks = changeset.hunks
    if any(isinstance(h.place, Placed) and h.place.already for h in hunks):
        return "already", changeset
    if any(isinstance(h.place, Placed) and Flag.END_OF_FILE in h.place.flags for h in hunks):
        return "end of file", changeset  # only lines to add and nothing to find the place by
    files = applied(tree, changeset)
    assert set(files) == {PATH}
    before, after = Snapshot.of(PATH, data), Snapshot.of(PATH, files[PATH])
    assert list(after.lines) == new
    assert (after.bom, after.encoding) == (before.bom, before.encoding)
    if before.lines and after.lines and after.lines[-1]:
        assert bool(after.eols[-1]) == bool(before.eols[-1])
    return "done", changeset


def check(case: Case, base: Base, context: int, write: Callable[[str, list[Hunk]], str]) -> str:
    old, changes = case
    assume(changes)
    reply = write(PATH, hunks_of(old, changes, context))
    code, changeset = outcome(encoded(old, base), reply, result(old, changes))
    event(code)
    assert changeset.hunks or not changeset.complete, reply
    return code


@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
@given(changed(MIXED), BASES, st.integers(0, 3), writers())
def test_a_change_is_made_as_it_was_meant_or_refused(
    case: Case, base: Base, context: int, write: Callable[[str, list[Hunk]], str]
) -> None:
    check(case, base, context, write)


@pytest.mark.slow
@settings(max_examples=8000, deadline=None, suppress_health_check=SLOW)
@given(changed(MIXED), BASES, st.integers(0, 3), writers())
def test_many_changes_are_made_as_they_were_meant_or_refused(
    case: Case, base: Base, context: int, write: Callable[[str, list[Hunk]], str]
) -> None:
    check(case, base, context, write)


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(st.integers(0, 12), st.data(), BASES, st.integers(1, 3), writers())
def test_where_no_line_repeats_each_change_is_made(
    size: int,
    data: st.DataObject,
    base: Base,
    context: int,
    write: Callable[[str, list[Hunk]], str],
) -> None:
    old = [f"line {i}" for i in range(size)]
    new = st.sampled_from(["", "new", "    indented", "-- x", "++ x", "é"])
    drawn = data.draw(changed(new, most=size))[1]
    changes = [c for c in drawn if c.end <= size and tuple(old[c.start : c.end]) != c.new]
    code = check((old, changes), base, context, write)
    allowed = {"done"} if size else {"done", "end of file"}
    if write(PATH, []).startswith(("--- ", "diff --git")):
        allowed.add("truncated")  # in open text wrong counts leave the end open
    assert code in allowed


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(st.lists(MIXED, max_size=12), st.lists(MIXED, max_size=12), BASES, st.booleans())
def test_a_whole_file_becomes_the_file_or_is_refused(
    old: list[str], new: list[str], base: Base, exists: bool
) -> None:
    assume(any(map(str.strip, new)) and not any("existing code" in line for line in new))
    longest = max((len(line) - len(line.lstrip("`")) for line in new), default=0)
    fence = "`" * max(3, longest + 1)
    tree = MemoryTree({PATH: encoded(old, base)} if exists else {})
    _, changeset = play(tree, [as_whole(PATH, new, fence=fence)])
    refused = [h.place.code for h in changeset.hunks if isinstance(h.place, Unplaced)]
    event(refused[0] if refused else "done")
    if refused or not changeset.complete:
        assert set(refused) <= {"abbreviated", "malformed", "truncated", "overlap", "no_file"}
        return
    lines = Snapshot.of(PATH, applied(tree, changeset)[PATH]).lines
    assert list(lines) == new


INNER = st.lists(
    st.sampled_from(["text", "", "src/app.py", "a.txt", "README.md", "- b"]), max_size=2
)
FENCED = st.tuples(
    st.sampled_from([("```", ""), ("```", "python"), ("````", ""), ("~~~", ""), ("~~~", " sh")]),
    INNER,
).map(lambda drawn: ["".join(drawn[0]), *drawn[1], drawn[0][0]])
TEXTS = st.lists(st.one_of(st.sampled_from([["words"], [""], ["b/x.py"]]), FENCED), max_size=4).map(
    lambda parts: [line for part in parts for line in part]
)


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(
    st.sampled_from(["a.md", "docs/a.txt", "a.py"]),
    st.sampled_from(["```", "```text", "````", "~~~"]),
    TEXTS,
    st.sampled_from(
        ["", "Done.\n", "\nThen:\n```sh\nmake\n```\n", "\nb.py\n```python\nx = 1\n```\n"]
    ),
)
def test_a_file_that_holds_fences_is_whole_or_refused(
    path: str, fence: str, lines: list[str], behind: str
) -> None:
    text = ['"""', *lines, '"""'] if path.endswith(".py") else lines
    body = "".join(f"{line}\n" for line in text)
    reply = f"{path}\n{fence}\n{body}{fence.removesuffix('text')}\n{behind}"
    tree = MemoryTree({})
    _, changeset = play(tree, [reply])
    if not changeset.complete or any(isinstance(h.place, Unplaced) for h in changeset.hunks):
        event("refused")
        return
    event("whole")
    files = applied(tree, changeset)
    assert files.pop(path) == body.encode()
    assert files in ({}, {"b.py": b"x = 1\n"})
