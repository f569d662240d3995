"""The tally of formats, and the choice that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_tui.edits.formats.choice import AS_TEXT, WITH_TOOL, choose
from spark_tui.edits.formats.table import FORMATS
from spark_tui.edits.formats.tally import REST, TOO_MANY, WINDOW, Outcome, Record, Tally

GOOD, BAD = Outcome(True, 2, 2), Outcome(True, 3, 1)
OUTCOMES = st.builds(
    lambda well_formed, located, lost: Outcome(well_formed, located + lost, located),
    st.booleans(), st.integers(0, 9), st.integers(0, 9),
)  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(WITH_TOOL), OUTCOMES), max_size=80
)


def played(steps: Sequence[tuple[str, str, Outcome]]) -> Tally:
    tally = Tally()
    for model, name, outcome in steps:
        tally = tally.after(model, name, outcome)
    return tally


@pytest.mark.parametrize(
    ("outcome", "is_good"),
    [
        (Outcome(True, 4, 2), True),
        (Outcome(True, 4, 1), False),
        (Outcome(True, 1, 0), False),
        (Outcome(False, 4, 4), False),
        (Outcome(False), False),
        (Outcome(True), True),
    ],
)
def test_what_counts_as_good(outcome: Outcome, is_good: bool) -> None:
    assert outcome.is_good is is_good


@given(STEPS)
def test_the_counts_add_up(steps: list[tuple[str, str, Outcome]]) -> None:
    tally = played(steps)
    for model in "ab":
        for name in WITH_TOOL:
            mine = [o for m, n, o in steps if (m, n) == (model, name)]
            row = tally.of(model, name)
            assert row.replies == len(mine) and row.well_formed == sum(o.well_formed for o in mine)
            assert row.hunks == sum(o.hunks for o in mine)
            assert row.located + row.repaired + row.unplaced == row.hunks
            assert len(row.recent) <= WINDOW
    mended = tally.mended("a", "v4a", 4).of("a", "v4a")
    before = tally.of("a", "v4a")
    assert mended.repaired == min(4, before.unplaced)
    assert mended.located + mended.repaired + mended.unplaced == mended.hunks
    assert replace(mended, repaired=0, unplaced=before.unplaced) == before


@given(STEPS)
def test_models_do_not_know_each_other(steps: list[tuple[str, str, Outcome]]) -> None:
    alone = played([step for step in steps if step[0] == "a"])
    both = played(steps)
    for has_tool in (True, False):
        assert choose("a", has_tool, both) == choose("a", has_tool, alone)
        assert choose("new", has_tool, both) == (WITH_TOOL if has_tool else AS_TEXT)[0]


@given(STEPS, st.booleans())
def test_whole_files_are_the_last_resort(
    steps: list[tuple[str, str, Outcome]], has_tool: bool
) -> None:
    tally = played(steps)
    rows = [tally.of("a", name) for name in WITH_TOOL if name != "whole"]
    if choose("a", has_tool, tally) == "whole":
        assert all(row.is_demoted for row in rows)
    assert choose("a", has_tool, tally) in WITH_TOOL


@given(st.lists(st.booleans(), max_size=WINDOW - 1), st.booleans())
def test_a_few_bad_replies_demote_and_fewer_do_not(goods: list[bool], has_tool: bool) -> None:
    order = WITH_TOOL if has_tool else AS_TEXT
    steps = [("m", order[0], GOOD if good else BAD) for good in goods]
    expected = order[0] if goods.count(False) < TOO_MANY else order[1]
    assert choose("m", has_tool, played(steps)) == expected


def test_bad_replies_are_forgotten_after_a_while() -> None:
    steps = [("m", "v4a", BAD)] * 2 + [("m", "v4a", GOOD)] * (WINDOW - 1) + [("m", "v4a", BAD)]
    assert choose("m", True, played(steps)) == "v4a"


def test_another_try_after_a_rest_on_probation() -> None:
    tally = played([("m", "v4a", BAD)] * TOO_MANY)
    for _ in range(REST):
        assert choose("m", True, tally) == "blocks"
        tally = tally.after("m", "blocks", GOOD)
    assert choose("m", True, tally) == "v4a"
    failed = tally.after("m", "v4a", BAD)
    assert choose("m", True, failed) == "blocks", "one more failure is enough"
    for _ in range(WINDOW):
        tally = tally.after("m", "v4a", GOOD)
        assert choose("m", True, tally) == "v4a"
    assert not tally.of("m", "v4a").bad


def test_bad_replies_elsewhere_are_no_rest() -> None:
    tally = played([("m", "v4a", BAD)] * TOO_MANY + [("m", "blocks", BAD)] * (TOO_MANY - 1))
    assert tally.of("m", "v4a").rested == 0


def test_one_that_was_demoted_comes_back_when_its_alternatives_do_worse() -> None:
    steps = [("m", name, BAD) for name in WITH_TOOL for _ in range(TOO_MANY)]
    assert choose("m", True, played(steps)) == "v4a"
    assert choose("m", True, played([*steps, ("m", "v4a", BAD)])) == "blocks"


@given(
    st.dictionaries(st.sampled_from(WITH_TOOL), st.booleans(), min_size=4, max_size=4),
    st.booleans(),
)
def test_a_model_ends_up_with_what_it_can(can: dict[str, bool], has_tool: bool) -> None:
    """Of 300 replies only the first few and one in REST are wasted on formats that fail."""
    order = WITH_TOOL if has_tool else AS_TEXT
    if not any(can.values()):
        return
    best = next(name for name in order if can[name])
    tally, wasted, late = Tally(), 0, 0
    for n in range(300):
        name = choose("m", has_tool, tally)
        tally = tally.after("m", name, GOOD if can[name] else BAD)
        wasted += not can[name]
        late += n > 50 and name not in (best, *(x for x in order if not can[x]))
    assert wasted <= 3 * TOO_MANY + 3 * (300 // REST)
    assert late == 0, "among those it can, the first in the order"


def test_each_format_is_known_on_each_wire() -> None:
    assert set(WITH_TOOL) == set(AS_TEXT) == {row.name for row in FORMATS}


def test_a_record_starts_empty() -> None:
    assert Tally().of("m", "v4a") == Record() and not Record().is_demoted
