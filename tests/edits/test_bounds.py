"""How much work comparing and merging is: steps are counted, nothing is timed.

A step is one executed line of our own code under edits/ (what C does in one call counts once).
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from spark_tui.edits.changeset import Edit, Placed
from spark_tui.edits.compose import compose
from spark_tui.edits.diff import hunk_rows
from spark_tui.edits.linediff import changes
from spark_tui.edits.rebase import Meanwhile
from spark_tui.edits.reshape import split
from spark_tui.edits.shortest import shortest
from spark_tui.edits.snapshot import Snapshot
from spark_tui.edits.words import changed_spans

Case = Callable[[int], Callable[[], object]]


def steps(job: Callable[[], object]) -> int:
    """Lines of edits/ that are executed."""
    count = 0

    def on_line(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return on_line

    def on_call(frame: FrameType, _event: str, _arg: Any) -> Any:
        return on_line if "/edits/" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        job()
    finally:
        sys.settrace(before)
    return count


def lines(count: int) -> list[str]:
    """As code has them: many are different, some come again and again."""
    made: list[str] = []
    while len(made) < count:
        at = len(made)
        made += [f"def f{at}(a):", "    if a:", f"        return {at}", "    return None", "", ""]
    return made[:count]


def rewritten(count: int, share: float) -> Callable[[], object]:
    chance = random.Random(1)
    old = lines(count)
    new = [f"{x} # new" if chance.random() < share else x for x in old]
    return lambda: changes(old, new)


def backwards(count: int) -> Callable[[], object]:
    old = lines(count)
    return lambda: changes(old, old[::-1])


def letters(count: int, alphabet: str) -> Callable[[], object]:
    chance = random.Random(2)
    old, new = ([chance.choice(alphabet) for _ in range(count)] for _ in range(2))
    return lambda: changes(old, new)


def blocks(count: int, size: int) -> Callable[[], object]:
    """Between two lines that are found at once, what could be compared for ever."""
    old = [x for k in range(count // size) for x in (f"u{k}", *["a"] * (size - 1))]
    new = [x for k in range(count // size) for x in (f"u{k}", *["a", "x"] * (size // 2))]
    return lambda: changes(old, new)


def rebases(count: int) -> Callable[[], object]:
    chance = random.Random(3)
    old = lines(count)
    new = [f"{x} # new" if chance.random() < 0.2 else x for x in old]
    base, disk = (Snapshot.of("a", "".join(f"{x}\n" for x in s).encode()) for s in (old, new))
    edits = [Edit(i, i + 1, ("mine",)) for i in range(0, count, 10)]

    def job() -> None:
        since = Meanwhile(base, disk)
        for edit in edits:
            since.rebased([edit])

    return job


def rows(count: int) -> Callable[[], object]:
    base = Snapshot.of("a", "".join(f"{x}\n" for x in lines(count)).encode())
    edits = tuple(Edit(i, i + 1, ("x", "y")) for i in range(0, count, 4))
    return lambda: hunk_rows(base, Placed(0, count, edits))


def parts(count: int) -> Callable[[], object]:
    old = "".join(f"line {i}\n" for i in range(count))
    base = Snapshot.of("a", old.encode())
    edit = Edit(0, count, tuple(f"new {i}" for i in range(count)))
    return lambda: split(Placed(0, count, (edit,)), base)


CASES: dict[str, Case] = {
    "1 % changed": lambda n: rewritten(n, 0.01),
    "half changed": lambda n: rewritten(n, 0.5),
    "backwards": backwards,
    "all equal but for the middle": lambda n: lambda: changes(["x"] * n, ["x"] * n + ["y", "x"]),
    "two letters": lambda n: letters(n, "ab"),
    "twenty letters": lambda n: letters(n, "abcdefghijklmnopqrst"),
    "small blocks": lambda n: blocks(n, 20),
    "large blocks": lambda n: blocks(n, 200),
    "many edits on a changed file": rebases,
    "rows": rows,
    "parts": parts,
}


@pytest.mark.parametrize("name", CASES)
def test_twice_the_lines_are_about_twice_the_work(name: str) -> None:
    one, two = steps(CASES[name](1_500)), steps(CASES[name](3_000))
    assert two <= 2.6 * one + 1_000, (one, two)


@pytest.mark.parametrize("name", CASES)
def test_no_line_costs_too_much(name: str) -> None:
    assert steps(CASES[name](3_000)) <= 400 * 3_000


def test_the_fewest_changes_stop_when_the_steps_are_used_up() -> None:
    old, new = list(range(400)), list(range(1_000, 1_400))
    pairs, used = shortest(old, new, 2_000)
    assert pairs == []
    assert 2_000 < used < 3_000
    half = [*range(50), *range(2_000, 2_400)]
    pairs, _ = shortest(old, half, 2_000)
    assert pairs == [(i, i) for i in range(50)]


def test_two_long_lines_are_not_compared_for_ever() -> None:
    assert steps(lambda: changed_spans("(" * 400, "()" * 200)) < 100_000
    words = " ".join(f"word{i}" for i in range(50))
    old, new = changed_spans(words, words.replace("word30", "other"))
    assert [words[a:b] for a, b in old] == ["word30"]
    assert len(new) == 1


def test_a_change_far_from_another_is_found_where_no_line_is_the_only_one() -> None:
    """Every line stands there many times; what lies between two changes is still equal."""
    old = ["a", "b", "c"] * 2_000
    new = list(old)
    new[30], new[5_000] = "x", "y"
    assert [(c.start, c.end) for c in changes(old, new)] == [(30, 31), (5_000, 5_001)]


def test_a_base_of_many_lines_is_composed_once_through() -> None:
    base = Snapshot.of("a", "".join(f"{x}\n" for x in lines(3_000)).encode())
    some = [Edit(i, i + 1, ("x",)) for i in range(0, 3_000, 30)]
    many = [Edit(i, i + 1, ("x",)) for i in range(0, 3_000, 3)]
    assert steps(lambda: compose(base, many)) < 15 * steps(lambda: compose(base, some))
