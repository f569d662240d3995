"""Files and sets of edits for property tests.

The rule kept here: small alphabets, so that lines repeat, and every kind of ending and encoding.
"""

from __future__ import annotations

from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit
from spark_tui.edits.compose import clash, in_order
from spark_tui.edits.snapshot import Snapshot

LINE = st.sampled_from([b"", b"a", b"b", b"  a", b"\xff", b"\xc3\xbc", b"a\rb", b"\x0c"])
ENDING = st.sampled_from([b"\n", b"\r\n"])
MARK = st.sampled_from([b"", b"\xef\xbb\xbf"])
NEW = st.lists(st.sampled_from(["", "x", "  y", "a"]), max_size=3).map(tuple)


@st.composite
def mixed(draw: st.DrawFn) -> Snapshot:
    """A file whose lines end as they like."""
    lines = draw(st.lists(st.tuples(LINE, ENDING), max_size=9))
    last = draw(st.sampled_from([b"", b"end"]))
    return Snapshot.of("a", draw(MARK) + b"".join(a + b for a, b in lines) + last)


@st.composite
def even(draw: st.DrawFn) -> Snapshot:
    """A file whose lines all end alike."""
    ending = draw(ENDING) if (lines := draw(st.lists(LINE, max_size=9))) else b"\n"
    return Snapshot.of("a", draw(MARK) + b"".join(line + ending for line in lines))


def edits_for(draw: st.DrawFn, size: int) -> list[Edit]:
    edits: list[Edit] = []
    for start, length, new in draw(
        st.lists(st.tuples(st.integers(0, size), st.integers(0, 3), NEW), max_size=4)
    ):
        edit = Edit(start, min(size, start + length), new)
        is_change = edit.start < edit.end or edit.lines
        if is_change and not any(clash(edit, other) for other in edits):
            edits.append(edit)
    return in_order(edits)


@st.composite
def edited(draw: st.DrawFn, files: st.SearchStrategy[Snapshot]) -> tuple[Snapshot, list[Edit]]:
    base = draw(files)
    return base, edits_for(draw, len(base.lines))


@st.composite
def edit_sets(draw: st.DrawFn, size: int) -> list[Edit]:
    return edits_for(draw, size)
