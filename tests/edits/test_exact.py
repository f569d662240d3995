"""Two versions by lines that hold their ending: all hunks together are the new bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spark_tui.edits.exact import (
    applied,
    carried,
    exact,
    exact_edits,
    groups,
    only,
    split_group,
    with_endings,
    without,
)
from spark_tui.edits.reshape import row_count

LINE = st.sampled_from([b"a", b"b", b"\r", b"c\r", b"\xff", b"\xc3", b"\xa9", b"\0", b"", b"}"])


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(LINE, max_size=25))
    return b"\n".join(lines) + draw(st.sampled_from([b"", b"\n"]))


@given(contents(), contents())
def test_all_hunks_make_the_new_bytes(old: bytes, new: bytes) -> None:
    before, after = exact("a", old), exact("a", new)
    found = groups(before, after)
    assert applied(before, [e for g in found for e in g.place.edits]) == new
    assert applied(before, []) == old
    assert sum(g.added - g.removed for g in found) == len(after.lines) - len(before.lines)
    for at in range(len(found)):
        parts = split_group(before, after, found, at)
        assert applied(before, [e for g in parts for e in g.place.edits]) == new


@given(contents(), contents(), st.data())
def test_some_lines_and_the_others(old: bytes, new: bytes, data: st.DataObject) -> None:
    before = exact("a", old)
    for group in groups(before, exact("a", new)):
        count = row_count(group.place)
        every = list(range(count))
        assert only(group, every) == without(group, ()) == group.place.edits
        some = data.draw(st.sets(st.sampled_from(every)))
        assert without(group, sorted(some)) == only(group, sorted(set(every) - some))


@given(contents(), contents())
def test_carrying_is_exact_or_refused(base: bytes, wanted: bytes) -> None:
    one, two = exact("a", base), exact("a", wanted)
    assert carried(one, two, one) == wanted
    assert carried(one, two, two) == wanted
    above = b"above\nabove too\n"
    assert carried(one, two, exact("a", above + base)) in (None, above + wanted)


def test_later_work_elsewhere_is_kept_and_on_the_lines_it_is_refused() -> None:
    base, wanted = exact("a", b"1\n2\n3\n4\n"), exact("a", b"1\n2\n3\nfour\n")
    assert carried(base, wanted, exact("a", b"one\n2\n3\n4\n")) == b"one\n2\n3\nfour\n"
    assert carried(base, wanted, exact("a", b"1\n2\n3\n4!\n")) is None


def test_a_line_that_is_no_longer_the_last_gets_a_newline() -> None:
    old, new = exact("a", b"one"), exact("a", b"ONE\ntwo\n")
    (group,) = groups(old, new)
    assert applied(old, only(group, (2,))) == b"one\ntwo\n"


def test_lines_that_come_back_end_as_the_file_does() -> None:
    disk = exact("a", b"1\r\n2\r\n")
    edits = exact_edits(exact("a", b"1\n2\n"), exact("a", b"1\nback\n2\n"))
    assert with_endings(disk, edits, crlf=True) == b"1\r\nback\r\n2\r\n"
