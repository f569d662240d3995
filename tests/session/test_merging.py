"""What chosen hunks make of the bytes that are there: modes, endings, one point for several."""

from __future__ import annotations

from dataclasses import replace

from spark_tui.edits.changeset import Edit, Kind, Placed
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.events import HunkId
from spark_tui.session.merging import merge_in, merge_out
from spark_tui.session.overlapping import Overlaps
from spark_tui.session.state import HunkState, Status

BASE = Snapshot.of("a", b"".join(b"line %d\n" % i for i in range(8)))
BASES = {BASE.digest: BASE}


def hunk(name: str, *edits: Edit, kind: Kind = Kind.EDIT, mode: int | None = None) -> HunkState:
    start = edits[0].start if edits else 0
    end = edits[-1].end if edits else 0
    return HunkState(
        HunkId(name), int(name[1]), "a", kind, status=Status.PLACED,
        base=None if kind is Kind.ADD else BASE.digest,
        place=Placed(start, end, edits, mode=mode),
    )  # fmt: skip


def disk(text: str, mode: int = 0o644) -> Snapshot:
    return Snapshot.of("a", text.encode(), mode)


def text(base: Snapshot | None) -> str:
    return base.data.decode() if base is not None else "(none)"


def test_what_stands_around_lines_that_are_gone_meets_at_one_point() -> None:
    """Put in above and below a line that an accepted hunk has removed."""
    gone = hunk("t1h1", Edit(3, 4, ()))
    around = hunk("t1h2", Edit(3, 3, ("above",)), Edit(4, 4, ("below",)))
    first = merge_in("a", BASE, [gone], [], BASES)
    both = merge_in("a", first.now, [around], [gone], BASES)
    assert text(both.now) == text(BASE).replace("line 3\n", "above\nbelow\n")
    mine = disk("mine\n" + text(first.now))
    merged = merge_in("a", mine, [around], [gone], BASES)
    assert text(merged.now) == "mine\n" + text(both.now)
    apart = [hunk("t1h2", Edit(3, 3, ("above",))), hunk("t1h3", Edit(4, 4, ("below",)))]
    assert text(merge_in("a", mine, apart[::-1], [gone], BASES).now) == "mine\n" + text(both.now)


def test_a_mode_goes_in_and_out_and_bytes_do_not_matter() -> None:
    mode = hunk("t1h1", kind=Kind.MODE, mode=0o755)
    mine = disk("mine\n")
    merged = merge_in("a", mine, [mode], [], BASES)
    assert merged.done == ("t1h1",)
    assert merged.now == replace(mine, mode=0o755)
    assert merge_in("a", merged.now, [mode], [], BASES).already == ("t1h1",)
    assert merge_in("a", None, [mode], [], BASES).conflicts == {"t1h1": "a is gone"}
    assert merge_out("a", merged.now, [mode], [], BASES).now == mine
    assert merge_out("a", None, [mode], [], BASES).conflicts == {"t1h1": "a is gone"}
    untouched = merge_out("a", mine, [mode], [], BASES)
    assert (untouched.done, untouched.now) == (("t1h1",), mine)


def test_a_mode_beside_edits_and_before_a_deletion() -> None:
    mode, edit = hunk("t1h1", kind=Kind.MODE, mode=0o755), hunk("t1h2", Edit(0, 1, ("x",)))
    merged = merge_in("a", BASE, [mode, edit], [], BASES)
    assert merged.now is not None
    assert (merged.now.mode, merged.now.lines[0]) == (0o755, "x")
    back = merge_out("a", merged.now, [mode, edit], [], BASES)
    assert back.now == BASE


def test_a_new_file_has_the_mode_it_was_given() -> None:
    new = hunk("t1h1", Edit(0, 0, ("#!/bin/sh",)), kind=Kind.ADD, mode=0o755)
    merged = merge_in("a", None, [new], [], BASES)
    assert merged.now == Snapshot.of("a", b"#!/bin/sh\n", 0o755)
    assert merge_out("a", merged.now, [new], [], BASES).now is None


def test_undo_leaves_the_mode_that_a_person_gave() -> None:
    edit = hunk("t1h1", Edit(0, 1, ("x",)))
    merged = merge_in("a", BASE, [edit], [], BASES)
    assert merged.now is not None
    back = merge_out("a", replace(merged.now, mode=0o755), [edit], [], BASES)
    assert back.now == replace(BASE, mode=0o755)


def test_how_a_file_ends_is_taken_back_beside_other_work() -> None:
    edit = hunk("t1h1", Edit(7, 8, ("end",), newline=False))
    merged = merge_in("a", disk("mine\n" + text(BASE)), [edit], [], BASES)
    assert text(merged.now) == "mine\n" + text(BASE).replace("line 7\n", "end")
    back = merge_out("a", merged.now, [edit], [], BASES)
    assert text(back.now) == "mine\n" + text(BASE)


def test_a_file_that_became_binary_is_left_alone() -> None:
    now = Snapshot.of("a", BASE.data + b"\0\n")
    merged = merge_in("a", now, [hunk("t1h1", Edit(0, 1, ("x",)))], [], BASES)
    assert merged.conflicts == {"t1h1": "a holds binary data now"}
    assert merged.now is now


def test_what_cannot_be_written_in_another_encoding_is_a_conflict() -> None:
    now = Snapshot.of("a", BASE.data + b"\xff\n")
    wanted = [hunk("t1h1", Edit(0, 1, ("ü",))), hunk("t1h2", Edit(4, 5, ("u",)))]
    assert set(merge_in("a", now, wanted[:1], [], BASES).conflicts) == {"t1h1"}
    alone = merge_in("a", now, wanted[1:], [], BASES)
    assert alone.now is not None and alone.now.data.endswith(b"\xff\n")


def test_hunks_of_one_decision_that_want_the_same_lines() -> None:
    one, two = hunk("t1h1", Edit(2, 4, ("x",))), hunk("t1h2", Edit(3, 5, ("y",)))
    merged = merge_in("a", BASE, [one, two], [], BASES)
    assert merged.done == ("t1h1",)
    assert "another hunk" in merged.conflicts[HunkId("t1h2")]
    later = merge_in("a", merged.now, [two], [one], BASES)
    assert "an accepted hunk" in later.conflicts[HunkId("t1h2")]


def test_overlaps_are_looked_for_across_versions() -> None:
    newer = Snapshot.of("a", b"top\n" + BASE.data)
    overlaps = Overlaps({**BASES, newer.digest: newer})
    old = hunk("t1h1", Edit(2, 3, ("x",)))

    def new(*edits: Edit, kind: Kind = Kind.EDIT) -> HunkState:
        made = hunk("t2h1", *edits, kind=kind)
        made.base = newer.digest
        return made

    assert overlaps.found(new(Edit(3, 4, ("y",))), old)
    assert not overlaps.found(new(Edit(2, 3, ("y",))), old)
    assert not overlaps.found(new(kind=Kind.MODE), old)
    assert overlaps.found(new(kind=Kind.DELETE), old)
    assert overlaps.found(new(kind=Kind.MODE), hunk("t1h2", kind=Kind.MODE))
    unknown = new(Edit(3, 4, ("y",)))
    unknown.base = "0" * 64
    assert not overlaps.found(unknown, old)
    old.status = Status.REJECTED
    assert not overlaps.found(new(Edit(3, 4, ("y",))), old)


def test_two_versions_are_compared_once_however_many_hunks_there_are() -> None:
    newer = Snapshot.of("a", b"top\n" + BASE.data)
    overlaps = Overlaps({**BASES, newer.digest: newer})
    fresh = hunk("t2h1", Edit(0, 1, ("y",)))
    fresh.base = newer.digest
    for k in range(1, 8):
        assert not overlaps.found(fresh, hunk(f"t1h{k}", Edit(k, k + 1, ("x",))))
    assert len(overlaps._since) == 1
