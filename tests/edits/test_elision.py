"""Code that a comment stands for."""

from __future__ import annotations

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from spark_tui.edits.elision import filled

REST = "# ... existing code ..."
OLD = [f"line {i}" for i in range(12)]


def test_the_middle_is_filled_in() -> None:
    new = ["new", *OLD[:3], REST, *OLD[8:]]
    assert filled(OLD, new) == ("new", *OLD)


def test_a_comment_alone_is_the_file_as_it_is() -> None:
    assert filled(OLD, [REST]) == tuple(OLD)


def test_both_ends_are_filled_in() -> None:
    new = [REST, *OLD[3:6], "new", *OLD[6:9], REST]
    assert filled(OLD, new) == (*OLD[:6], "new", *OLD[6:])


def test_several_comments_are_filled_in() -> None:
    new = [*OLD[:3], REST, *OLD[5:7], "new", *OLD[8:9], "// ... rest unchanged", *OLD[9:]]
    assert filled(OLD, new) is None
    new = [*OLD[:3], REST, *OLD[4:7], "// ... rest unchanged ..."]
    assert filled(OLD, new) == tuple(OLD)


def test_without_a_comment_there_is_nothing_to_fill_in() -> None:
    assert filled(OLD, OLD) is None
    assert filled([*OLD, REST], [*OLD, REST]) is None


@pytest.mark.parametrize(
    "new",
    [
        [*OLD[:2], REST, *OLD[8:]],
        [*OLD[:3], REST, *OLD[10:]],
        [*OLD[:2], "new", REST, *OLD[8:]],
        [*OLD[:3], REST, "new", *OLD[9:]],
        [*OLD[8:], REST, *OLD[:3]],
        [*OLD[:4], REST, *OLD[3:6]],
        [*OLD[:3], REST, *OLD[3:]],
        [REST, REST],
        [*OLD[:3], REST, REST, *OLD[8:]],
        ["other", *OLD[9:], REST],
    ],
)
def test_a_seam_that_is_not_proven(new: list[str]) -> None:
    assert filled(OLD, new) is None


def test_a_seam_that_stands_twice_is_not_proven() -> None:
    old = [*OLD[:3], "x", *OLD[:3], "y", *OLD[3:]]
    assert filled(old, [*OLD[:3], REST, *OLD[9:]]) is None


def test_brackets_alone_are_no_seam() -> None:
    old = [*OLD, "}", "", "}"]
    assert filled(old, [*OLD[:3], REST, "}", "", "}"]) is None


def test_much_that_vanishes_beside_the_comment_is_doubted() -> None:
    long = [f"line {i}" for i in range(60)]
    assert filled(long, [long[0], *long[40:43], REST]) is None
    assert filled(long, [*long[:3], *long[5:8], REST]) == (*long[:3], *long[5:])


def test_more_comments_than_anybody_writes() -> None:
    long = [f"line {i}" for i in range(100)]
    new = [line for i in range(0, 99, 8) for line in (*long[i : i + 4], REST)]
    assert filled(long, new) is None


TEXT = st.one_of(st.integers(0, 30).map(lambda n: f"line {n}"), st.sampled_from(["", "}", "x"]))


@st.composite
def shortened(draw: st.DrawFn) -> tuple[list[str], list[str], list[str]]:
    """A file, what it is to become, and that with code left out: never closer than three lines to
    a change, since such a one cannot be told from what was left out."""
    old = draw(st.lists(TEXT, min_size=8, max_size=24))
    new: list[tuple[str, int | None]] = []
    for i, text in enumerate(old):
        match draw(st.sampled_from(["keep"] * 20 + ["gone", "other", "more"])):
            case "gone":
                continue
            case "other":
                new.append(("new", None))
            case "more":
                new += [("new", None), (text, i)]
            case _:
                new.append((text, i))
    short = [text for text, _ in new]
    starts = [0]
    starts += [
        k for k in range(1, len(new)) if new[k][1] is None or new[k][1] != (new[k - 1][1] or -9) + 1
    ]
    for start, end in reversed(list(zip(starts, [*starts[1:], len(new)], strict=True))):
        low = 0 if not start and new and new[0][1] == 0 else start + 3
        high = end if end == len(new) and new and new[-1][1] == len(old) - 1 else end - 3
        if low < high and draw(st.integers(0, 4)):
            a = draw(st.integers(low, high - 1))
            short[a : draw(st.integers(a + 1, high))] = [REST]
    return old, [text for text, _ in new], short


@settings(max_examples=300, deadline=None)
@given(shortened())
def test_what_is_filled_in_is_what_was_left_out(
    case: tuple[list[str], list[str], list[str]],
) -> None:
    old, new, short = case
    assume(REST in short)
    found = filled(old, short)
    event("filled" if found else "not proven")
    assert found is None or list(found) == new
