"""Edits on a file that changed meanwhile, against the plain truth and against git.

Where every line is different it is known what the disk did; where lines repeat it is not, and then
what must hold is that the place is proven and that nothing of the disk is lost.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit
from spark_tui.edits.compose import clash, compose, in_order
from spark_tui.edits.rebase import ALREADY, Already, Conflict, Found, Meanwhile, Rebased, rebase
from spark_tui.edits.snapshot import Snapshot
from tests.support.edit_sets import mixed

Three = tuple[Snapshot, list[Edit], list[Edit]]
"""A file, what we want of it, and what happened to it."""


@st.composite
def plans(draw: st.DrawFn, size: int, texts: st.SearchStrategy[str]) -> list[Edit]:
    edits: list[Edit] = []
    for start, length, count in draw(
        st.lists(
            st.tuples(st.integers(0, size), st.integers(0, 2), st.integers(0, 2)),
            min_size=1, max_size=3,
        )
    ):  # fmt: skip
        new = tuple(draw(texts) for _ in range(count))
        edit = Edit(start, min(size, start + length), new)
        if (edit.start < edit.end or new) and not any(clash(edit, e) for e in edits):
            edits.append(edit)
    return in_order(edits)


@st.composite
def threes(draw: st.DrawFn, *, repeat: bool) -> Three:
    size = draw(st.integers(0, 10))
    if repeat:
        alphabet = st.sampled_from(["a", "b", "", "}"])
        lines = [draw(alphabet) for _ in range(size)]
        ours, theirs = draw(plans(size, alphabet)), draw(plans(size, alphabet))
    else:
        lines = [f"line {i}" for i in range(size)]
        fresh = st.uuids().map(str)
        ours, theirs = draw(plans(size, fresh)), draw(plans(size, fresh))
        if draw(st.booleans()):
            shared = [e for e in ours if draw(st.booleans())]
            theirs += [e for e in shared if not any(clash(e, t) for t in theirs)]
    return Snapshot.of("a", _bytes(lines)), ours, in_order(theirs)


def _bytes(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _touches(edit: Edit, other: Edit) -> bool:
    """The other one changed a line of the edit, the line above or the line below, or put
    something directly before or behind it."""
    return other.end >= edit.start and other.start <= edit.end


def _truth(ours: list[Edit], theirs: list[Edit]) -> str:
    """What must be found; "either" where the disk has the edit and something else beside it."""
    if not ours:
        return "Rebased"
    touched = {e for e in ours if any(_touches(e, t) for t in theirs)}
    for edit in touched:
        around = [t for t in theirs if _touches(edit, t)]
        if around != [edit]:
            return "either" if edit in around else "Conflict"
    return "Rebased" if len(touched) < len(ours) else "Already"


@settings(max_examples=300, deadline=None)
@given(threes(repeat=False))
def test_with_lines_that_differ_the_truth_is_known(case: Three) -> None:
    base, ours, theirs = case
    disk = Snapshot.of("a", compose(base, theirs))
    found = rebase(ours, base, disk)
    truth = _truth(ours, theirs)
    if truth != "either":
        assert type(found).__name__ == truth
    if isinstance(found, Rebased):
        apart = [e for e in ours if e not in theirs]
        assert compose(disk, found.edits) == compose(base, [*theirs, *apart])
    elif isinstance(found, Already):
        assert all(e in theirs for e in ours)


@settings(max_examples=300, deadline=None)
@given(threes(repeat=True))
def test_a_place_is_proven_and_nothing_of_the_disk_is_lost(case: Three) -> None:
    base, ours, theirs = case
    disk = Snapshot.of("a", compose(base, theirs))
    found = rebase(ours, base, disk)
    if isinstance(found, Rebased):
        moved = list(found.edits)
        for edit in moved:
            assert any(_same_place(edit, disk, old, base) for old in ours), edit
        there = [e for e in ours if not isinstance(rebase([e], base, disk), Rebased)]
        assert len(there) + len(moved) == len(ours)
        assert not there or rebase(there, base, disk) is ALREADY
        kept = _without(disk.lines, moved)
        after = Snapshot.of("a", compose(disk, moved)).lines
        assert _without(after, _results(moved)) == kept
    elif isinstance(found, Already):
        assert any(
            disk.lines[i : i + len(edit.lines)] == edit.lines
            for edit in ours
            for i in range(len(disk.lines) + 1)
        )
    else:
        assert 0 <= found.start <= found.end <= len(disk.lines)


Pairs = tuple[tuple[int, int], ...]


def _readings(old: tuple[str, ...], new: tuple[str, ...]) -> list[Pairs]:
    """Every way to match as many lines as can be matched."""

    @functools.cache
    def most(i: int, j: int) -> int:
        if i == len(old) or j == len(new):
            return 0
        both = 1 + most(i + 1, j + 1) if old[i] == new[j] else 0
        return max(most(i + 1, j), most(i, j + 1), both)

    def walk(i: int, j: int) -> Iterator[Pairs]:
        if most(i, j) == 0:
            yield ()
            return
        for x in range(i, len(old)):
            for y in range(j, len(new)):
                if old[x] == new[y] and 1 + most(x + 1, y + 1) == most(i, j):
                    yield from (((x, y), *rest) for rest in walk(x + 1, y + 1))

    return list(islice(walk(0, 0), 300))


def _shift_in(edit: Edit, pairs: Pairs, old: int, new: int) -> int | None:
    """How far the edit moved if this is what happened; None if its lines were touched."""
    there = {-1: -1, old: new, **dict(pairs)}
    found = [there.get(x) for x in range(edit.start - 1, edit.end + 1)]
    first = found[0]
    if first is None or found != [first + k for k in range(len(found))]:
        return None
    return first + 1 - edit.start


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from("ab}"), min_size=1, max_size=7),
    st.lists(st.tuples(st.integers(0, 7), st.sampled_from("ab}"), st.integers(0, 1)), max_size=2),
    st.tuples(st.integers(0, 7), st.integers(0, 2)),
)
def test_whatever_happened_the_place_is_the_same(
    old: list[str], happened: list[tuple[int, str, int]], at: tuple[int, int]
) -> None:
    new = list(old)
    for where, line, gone in happened:
        new[where : where + gone] = [line] if where % 2 or not gone else []
    base, disk = Snapshot.of("a", _bytes(old)), Snapshot.of("a", _bytes(new))
    start = min(at[0], len(old))
    edit = Edit(start, min(start + at[1], len(old)), ("mine",))
    match rebase([edit], base, disk):
        case Rebased(moved_by=shift):
            readings = _readings(base.lines, disk.lines)
            shifts = {_shift_in(edit, pairs, len(old), len(new)) for pairs in readings}
            assert shifts <= {shift, None}


def _same_place(edit: Edit, disk: Snapshot, old: Edit, base: Snapshot) -> bool:
    """The lines that go, and one on either side, are those that the edit was made for."""
    here = _around(disk.lines, edit)
    return edit.lines == old.lines and here == _around(base.lines, old)


def _around(lines: tuple[str, ...], edit: Edit) -> tuple[object, ...]:
    above = lines[edit.start - 1] if edit.start else None
    below = lines[edit.end] if edit.end < len(lines) else None
    return above, lines[edit.start : edit.end], below


def _without(lines: tuple[str, ...], edits: list[Edit]) -> list[str]:
    gone = {i for edit in edits for i in range(edit.start, edit.end)}
    return [line for i, line in enumerate(lines) if i not in gone]


def _results(edits: list[Edit]) -> list[Edit]:
    """Where the new lines of edits stand afterwards."""
    there: list[Edit] = []
    by = 0
    for edit in edits:
        there.append(Edit(edit.start + by, edit.start + by + len(edit.lines), ()))
        by += len(edit.lines) - (edit.end - edit.start)
    return there


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("three")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(threes(repeat=False))
def test_git_merges_to_the_same_bytes(folder: Path, case: Three) -> None:
    base, ours, theirs = case
    disk = Snapshot.of("a", compose(base, theirs))
    for name, data in (("base", base.data), ("ours", compose(base, ours)), ("disk", disk.data)):
        (folder / name).write_bytes(data)
    merged = subprocess.run(
        ["git", "merge-file", "-p", "disk", "base", "ours"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    match rebase(ours, base, disk):
        case Rebased(edits=moved):
            assert (merged.returncode, merged.stdout) == (0, compose(disk, moved))
        case Already():
            assert (merged.returncode, merged.stdout) == (0, disk.data)
        case Conflict():
            touching = any(_touches(e, t) for e in ours for t in theirs)
            assert merged.returncode != 0 or touching


@settings(max_examples=150, deadline=None)
@given(mixed(), st.data())
def test_endings_bom_and_encoding_of_the_disk_stay(base: Snapshot, data: st.DataObject) -> None:
    """The disk has other endings, another mark in front, or none at its end."""
    ours = data.draw(plans(len(base.lines), st.sampled_from(["x", "new"])))
    disk = Snapshot.of("a", _dressed(base, data), 0o755)
    found = rebase(ours, base, disk)
    assert isinstance(found, Rebased)
    assert [(e.start, e.end, e.lines) for e in found.edits] == [
        (e.start, e.end, e.lines) for e in ours
    ]
    after = Snapshot.of("a", compose(disk, found.edits))
    if disk.encoding != "utf-8-escaped":  # what could not be decoded may be gone
        assert (after.bom, after.encoding) == (disk.bom, disk.encoding) or not after.data
    new = {eol for eol in after.eols if eol}
    assert new <= {eol for eol in disk.eols if eol} | {disk.majority_eol}


def _dressed(base: Snapshot, data: st.DataObject) -> bytes:
    ending = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = "".join(line + ending for line in base.lines)
    if base.lines and base.lines[-1] and data.draw(st.booleans()):
        text = text.removesuffix(ending)
    if base.encoding != "utf-8":
        return text.encode("utf-8", "surrogateescape")
    mark, encoding = data.draw(
        st.sampled_from([(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")])
    )
    return mark + text.encode(encoding)


def test_a_line_beside_its_like_is_not_told_apart() -> None:
    base = Snapshot.of("a", b"top\nx\nx\nend\n")
    disk = Snapshot.of("a", b"top\nx\nx\nx\nend\n")
    assert isinstance(rebase([Edit(1, 2, ("y",))], base, disk), Conflict)
    assert isinstance(rebase([Edit(2, 3, ("y",))], base, disk), Conflict)
    assert isinstance(rebase([Edit(3, 4, ("y",))], base, disk), Conflict)
    assert rebase([Edit(0, 0, ("y",))], base, disk) == Rebased((Edit(0, 0, ("y",)),), 0)


def test_a_removal_beside_its_like_that_is_done_already() -> None:
    base = Snapshot.of("a", b"x\nx\nb\n")
    disk = Snapshot.of("a", b"x\nb\n")
    assert rebase([Edit(0, 1, ())], base, disk) is ALREADY
    assert rebase([Edit(1, 2, ())], base, disk) is ALREADY


def test_an_emptied_file_is_a_conflict_and_one_that_was_empty_may_be_done() -> None:
    base, empty = Snapshot.of("a", b"a\nb\n"), Snapshot.of("a", b"")
    assert isinstance(rebase([Edit(1, 2, ("x",))], base, empty), Conflict)
    assert rebase([Edit(0, 2, ())], base, empty) is ALREADY
    assert isinstance(rebase([Edit(0, 0, ("x",))], empty, base), Conflict)
    assert rebase([Edit(0, 0, ("a", "b"))], empty, base) is ALREADY


def test_how_a_file_ends_is_a_change_too() -> None:
    base = Snapshot.of("a", b"a\nb\n")
    bare = Snapshot.of("a", b"a\nc")
    edit = Edit(1, 2, ("c",), newline=False)
    assert rebase([edit], base, bare) is ALREADY
    assert isinstance(rebase([edit], base, Snapshot.of("a", b"a\nc\n")), Conflict)
    assert rebase([edit], base, Snapshot.of("a", b"0\n1\na\nb")) == Rebased(
        (Edit(3, 4, ("c",), newline=False),), 2
    )


def test_many_questions_cost_one_comparison() -> None:
    base = Snapshot.of("a", _bytes([f"line {i}" for i in range(30)]))
    disk = Snapshot.of("a", _bytes(["top", *(f"line {i}" for i in range(30))]))
    since = Meanwhile(base, disk)
    found: list[Found] = [since.rebased([Edit(i, i + 1, ("x",))]) for i in range(2, 30)]
    assert all(isinstance(one, Rebased) and one.moved_by == 1 for one in found)
