"""What a file becomes when our writes are taken out of it: exact where nobody else came, merged or
left alone where somebody did."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_tui.session.versions import Clash, Kept, Step, digest, in_a_row, taken_out

OLD = (b"one\ntwo\nthree\nfour\nfive\n", 0o640)
NEW = (b"one\n2\nthree\nfour\nfive\n", 0o640)
LINK = (b"target", stat.S_IFLNK)


def step(before: Kept, after: Kept, mode: int = 0o644) -> Step:
    return Step(before, digest(after), mode)


def known(*versions: Kept) -> dict[str, bytes]:
    return {digest(kept) or "": kept[0] for kept in versions if kept is not None}


def out(now: Kept, before: Kept, after: Kept, mode: int = 0o644) -> Kept | Clash:
    return taken_out("a", now, step(before, after, mode), known(before, after).get)


@pytest.mark.parametrize("before", [OLD, None, LINK])
@pytest.mark.parametrize("after", [NEW, None])
def test_what_nobody_touched_is_as_it_was(before: Kept, after: Kept) -> None:
    assert out(after, before, after) == before


def test_what_is_as_it_was_already_stays() -> None:
    assert out(OLD, OLD, NEW) == OLD
    assert out(None, None, NEW) is None


def test_later_lines_elsewhere_stay() -> None:
    mine = (NEW[0] + b"six\n", 0o640)
    assert out(mine, OLD, NEW) == (OLD[0] + b"six\n", 0o640)


@pytest.mark.parametrize(
    ("now", "before", "after", "words"),
    [
        ((b"one\nzwei\nthree\nfour\nfive\n", 0o640), OLD, NEW, "was changed on disk"),
        (None, OLD, NEW, "was removed since"),
        ((b"mine\n", 0o644), OLD, None, "another a is there now"),
        ((NEW[0] + b"mine\n", 0o644), None, NEW, "changed since it was made"),
        (LINK, OLD, NEW, "link"),
        ((b"\0", 0o644), OLD, NEW, "no text"),
    ],
)
def test_what_would_cost_somebodys_work_is_left_alone(
    now: Kept, before: Kept, after: Kept, words: str
) -> None:
    found = out(now, before, after)
    assert isinstance(found, Clash) and words in found.message


def test_without_the_bytes_in_between_nothing_is_merged() -> None:
    found = taken_out("a", (NEW[0] + b"six\n", 0o644), step(OLD, NEW), lambda _: None)
    assert isinstance(found, Clash) and "not kept" in found.message


def test_permissions_go_back_only_where_we_changed_them() -> None:
    runs = (OLD[0], 0o751)
    assert out(runs, OLD, runs, mode=0o755) == OLD
    assert out((NEW[0], 0o600), OLD, NEW) == (OLD[0], 0o600), "theirs"
    assert out((NEW[0], 0o711), OLD, NEW) == (OLD[0], 0o711), "theirs, executable"


def test_steps_are_one_where_nobody_came_between() -> None:
    third = (b"three\n", 0o644)
    assert in_a_row([step(OLD, NEW), step(NEW, third)]) == [step(OLD, third)]
    mine = (NEW[0] + b"mine\n", 0o644)
    assert len(in_a_row([step(OLD, NEW), step(mine, third)])) == 2
    executable = (NEW[0], 0o755)
    assert len(in_a_row([step(OLD, NEW), step(executable, third, 0o755)])) == 2


lines = st.lists(st.sampled_from(["a", "b", "", "x y"]), max_size=6)
numbered = st.integers(3, 30)


@given(numbered, st.data())
def test_an_edit_far_from_ours_always_stays(size: int, data: st.DataObject) -> None:
    """Lines that all differ: ours in the first third, the person's in the last one."""
    rows = [f"line {n}" for n in range(3 * size)]
    ours = data.draw(st.integers(0, size - 2))
    theirs = data.draw(st.integers(2 * size + 1, 3 * size - 1))
    ending = data.draw(st.sampled_from(["\n", "\r\n"]))

    def of(changed: list[str]) -> Kept:
        return "".join(row + ending for row in changed).encode(), 0o644

    new = [*rows[:ours], *data.draw(lines), *rows[ours + 1 :]]
    at = theirs + len(new) - len(rows)
    added = data.draw(lines)
    mine = [*new[:at], "mine", *added, *new[at + 1 :]]
    wanted = [*rows[:theirs], "mine", *added, *rows[theirs + 1 :]]
    assert out(of(mine), of(rows), of(new)) == of(wanted)
