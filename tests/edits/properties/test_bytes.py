"""What must hold for the bytes of every file and every set of edits."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit, Placed
from spark_tui.edits.compose import compose
from spark_tui.edits.diff import file_rows, hunk_rows, unified
from spark_tui.edits.linediff import changes
from spark_tui.edits.rebase import Already, Conflict, Rebased, inverse, line_edits, rebase
from spark_tui.edits.snapshot import Snapshot
from tests.support.edit_sets import edit_sets, edited, even, mixed


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60))
def test_a_snapshot_gives_its_bytes_back(data: bytes) -> None:
    base = Snapshot.of("a", data)
    assert base.data == data
    assert compose(base, []) == data


@settings(max_examples=150, deadline=None)
@given(edited(mixed()))
def test_lines_that_no_edit_names_keep_their_bytes(case: tuple[Snapshot, list[Edit]]) -> None:
    base, edits = case
    after = Snapshot.of("a", compose(base, edits))
    kept: list[tuple[int, int]] = []
    at, delta = 0, 0
    for edit in edits:
        kept += [(i, i + delta) for i in range(at, edit.start)]
        delta += len(edit.lines) - (edit.end - edit.start)
        at = edit.end
    kept += [(i, i + delta) for i in range(at, len(base.lines))]
    for old, new in kept:
        assert after.lines[new] == base.lines[old]
        if old + 1 < len(base.lines) and new + 1 < len(after.lines):
            assert after.eols[new] == base.eols[old]
    if base.lines and after.lines and after.lines[-1]:
        assert bool(base.eols[-1]) == bool(after.eols[-1])
    assert after.bom == base.bom or after.encoding != base.encoding


@settings(max_examples=150, deadline=None)
@given(edited(even()))
def test_undo_gives_the_bytes_back(case: tuple[Snapshot, list[Edit]]) -> None:
    base, edits = case
    after = Snapshot.of("a", compose(base, edits))
    if after.lines or base.majority_eol == "\n":
        assert compose(after, inverse(edits, base)) == base.data


@settings(max_examples=150, deadline=None)
@given(even(), even())
def test_line_edits_lead_to_the_other_file(old: Snapshot, new: Snapshot) -> None:
    edits = line_edits(old, new)
    alike = old.encoding == new.encoding and old.majority_eol == new.majority_eol
    if alike and old.bom == new.bom:
        assert compose(old, edits) == new.data
    flat = [row for group in file_rows(old, new) for row in group]
    assert sum(row.sign == "+" for row in flat) == sum(len(e.lines) for e in edits)
    assert all(row.text == old.lines[row.old - 1] for row in flat if row.sign == "-" and row.old)


@settings(max_examples=200, deadline=None)
@given(edited(mixed()))
def test_rebase_on_the_same_file_changes_nothing(case: tuple[Snapshot, list[Edit]]) -> None:
    base, edits = case
    assert rebase(edits, base, base) == Rebased(tuple(edits), 0)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_rebase_keeps_both_changes_or_says_conflict(data: st.DataObject) -> None:
    base = Snapshot.of("a", b"".join(b"%d\n" % i for i in range(12)))
    theirs = data.draw(edit_sets(12))
    ours = data.draw(edit_sets(12))
    disk = Snapshot.of("a", compose(base, theirs))
    match rebase(ours, base, disk):
        case Rebased(edits):
            merged = compose(disk, edits)
            apart = [e for e in ours if e not in theirs]
            assert merged == compose(base, [*theirs, *apart])
        case Conflict(message, start, end):
            assert message
            assert 0 <= start <= end <= len(disk.lines)
        case Already():
            assert ours


@settings(max_examples=150, deadline=None)
@given(edited(mixed()))
def test_rows_show_what_compose_writes(case: tuple[Snapshot, list[Edit]]) -> None:
    base, edits = case
    rows = hunk_rows(base, Placed(0, len(base.lines), tuple(edits)), context=99)
    if edits:
        shown = [row.text for row in rows if row.sign in " +"]
        after = Snapshot.of("a", compose(base, edits))
        if after.encoding == base.encoding:
            assert shown == list(after.lines)
        assert [row.text for row in rows if row.sign in " -"] == list(base.lines)
    text = unified("a", base, edits)
    assert text.count("\n+") >= sum(len(e.lines) for e in edits)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from("abc}"), max_size=14), st.lists(st.sampled_from("abc}"), max_size=14)
)
def test_changes_applied_give_the_new_lines(old: list[str], new: list[str]) -> None:
    built: list[str] = []
    at = 0
    for run in changes(old, new):
        assert run.start > at or run.new_start > len(built) or at == 0
        built += old[at : run.start]
        assert len(built) == run.new_start
        built += new[run.new_start : run.new_end]
        at = run.end
    assert [*built, *old[at:]] == new


@settings(max_examples=150, deadline=None)
@given(edited(mixed()), st.booleans())
def test_a_newline_at_the_end_is_all_that_such_an_edit_changes_more(
    case: tuple[Snapshot, list[Edit]], newline: bool
) -> None:
    base, edits = case
    size = len(base.lines)
    if not edits or edits[-1].end < size:
        return
    plain = compose(base, edits)
    said = compose(base, [*edits[:-1], replace(edits[-1], newline=newline)])
    assert compose(base, [*edits[:-1], replace(edits[-1], newline=None)]) == plain
    before, after = Snapshot.of("a", plain), Snapshot.of("a", said)
    assert after.lines == before.lines
    assert after.eols[:-1] == before.eols[:-1]
    if after.lines and after.lines[-1]:
        assert bool(after.eols[-1]) == newline
