"""What tells equal places apart: whoever follows the advice has one place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spark_tui.edits.apart import Apart, apart, enclosing
from spark_tui.edits.asked import Asked, Written
from spark_tui.edits.changeset import Placed
from spark_tui.edits.index import FileIndex
from spark_tui.edits.place import place
from spark_tui.edits.snapshot import Snapshot

LINES = st.sampled_from(
    ["class A:", "class B:", "    def f(self):", "    def g(self):", "        x = 1",
     "        y = 2", "    z = 3", "", "x = 1", "}", "    x = 1"]
)  # fmt: skip


def index_of(*lines: str) -> FileIndex:
    return FileIndex(Snapshot.of("a.py", "".join(f"{line}\n" for line in lines).encode()))


def test_enclosing() -> None:
    lines = index_of("def a():", "    x = 1", "", "def b():", "    if x:", "    ) = 2").lines
    assert enclosing(lines, 5) == ("def b():",)
    assert enclosing(lines, 2) == (), "a blank line counts as the next one with text"
    assert enclosing(lines, 0) == () and enclosing(lines, 99) == ()


def test_blank_lines_tell_nothing_apart() -> None:
    index = index_of("x", "", "same", "y", "same", "z")
    assert apart(index, 2, 1, [2, 4], change=None) == Apart(below=1)


@given(st.lists(LINES, min_size=2, max_size=30), st.data())
def test_the_advice_leads_to_the_place_it_is_about(lines: list[str], data: st.DataObject) -> None:
    index = index_of(*lines)
    at = data.draw(st.integers(0, len(lines) - 1))
    size = data.draw(st.integers(1, min(3, len(lines) - at)))
    change = data.draw(st.integers(0, size - 1))
    keyed = [line.strip() for line in lines]
    starts = [i for i in range(len(lines)) if keyed[i : i + size] == keyed[at : at + size]]
    if len(starts) < 2 or not keyed[at] or not keyed[at + size - 1]:
        return
    may_name = data.draw(st.booleans())
    way = apart(index, at, size, starts, change=change if may_name else None)
    if way == Apart():
        return
    assert may_name or not way.headers
    old = lines[at : at + size]
    body = (
        *(Written(" ", line) for line in lines[at - way.above : at]),
        *(Written(" ", line) for line in old[:change]),
        Written("-", old[change]),
        Written("+", "new text"),
        *(Written(" ", line) for line in old[change + 1 :]),
        *(Written(" ", line) for line in lines[at + size : at + size + way.below]),
    )
    found = place(Asked(body, way.headers), index)
    assert isinstance(found, Placed), (way, found)
    assert found.edits[0].start == at + change
