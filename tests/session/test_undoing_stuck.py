"""What a later edit holds fast becomes a hunk of its own: where it stands, and what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hypothesis import given
from hypothesis import strategies as st

from spark_tui.edits.changeset import Edit, Flag, Kind
from spark_tui.edits.compose import compose
from spark_tui.edits.snapshot import Snapshot
from spark_tui.model.scripted import done, patch
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import Session
from spark_tui.session.state import Status
from spark_tui.session.stuck import over
from tests.support.bench import CALC, Bench
from tests.support.edit_sets import edit_sets
from tests.support.hunks import ADD, BOTH, H1, H2, H3, SUB, v4a

Run = Callable[[Awaitable[None]], None]
MINE = BOTH.replace("return b + a", "return b + a + 0")


def snap(*lines: str) -> Snapshot:
    return Snapshot.of("a", "".join(f"{line}\n" for line in lines).encode())


def taken_out(now: Snapshot, with_it: Snapshot, without: Snapshot) -> tuple[str, ...]:
    place = over(now, with_it, without)
    assert place is not None and place.flags == {Flag.UNDO}
    return Snapshot.of("a", compose(now, place.edits)).lines


def test_lines_beside_the_edit_stay() -> None:
    with_it, without = snap("a", "B", "c", "d", "E"), snap("a", "b", "c", "d", "e")
    now = snap("mine", "a", "B!", "c", "mine too", "d", "E", "end")
    assert taken_out(now, with_it, without) == (
        "mine", "a", "b", "c", "mine too", "d", "e", "end",
    )  # fmt: skip


def test_a_later_edit_across_two_of_ours_goes_as_one() -> None:
    with_it, without = snap("a", "B", "c", "D", "e"), snap("a", "b", "c", "d", "e")
    assert taken_out(snap("a", "x", "y", "z", "e"), with_it, without) == without.lines


def test_lines_that_came_back_in_between() -> None:
    """We took lines away and the person wrote something in their place."""
    with_it, without = snap("a", "c"), snap("a", "b1", "b2", "c")
    assert taken_out(snap("a", "mine", "c"), with_it, without) == ("a", "mine", "b1", "b2", "c")


LINES = st.lists(st.sampled_from(["", "a", "b", "x"]), min_size=1, max_size=8)


@st.composite
def versions(draw: st.DrawFn) -> tuple[Snapshot, Snapshot, Snapshot]:
    """The file without the hunk, with it, and as it became."""
    without = snap(*draw(LINES))
    with_it = Snapshot.of("a", compose(without, draw(edit_sets(len(without.lines)))))
    now = Snapshot.of("a", compose(with_it, draw(edit_sets(len(with_it.lines)))))
    return without, with_it, now


@given(versions())
def test_it_can_always_be_written(found: tuple[Snapshot, Snapshot, Snapshot]) -> None:
    """Whatever became of the file, the proposal fits into it and changes something."""
    without, with_it, now = found
    place = over(now, with_it, without)
    if place is None:
        return
    assert all(isinstance(e, Edit) and 0 <= e.start <= e.end <= len(now.lines) for e in place.edits)
    assert compose(now, place.edits) != now.data


@given(versions())
def test_of_a_file_nobody_edited_it_is_the_plain_undo(
    found: tuple[Snapshot, Snapshot, Snapshot],
) -> None:
    without, with_it, _ = found
    place = over(with_it, with_it, without)
    assert (compose(with_it, place.edits) if place else with_it.data) == without.data


# -- in a session ------------------------------------------------------------------
async def accepted(bench: Bench, text: str = MINE) -> Session:
    """Two hunks accepted one by one, then the person edits."""
    session, _ = await bench.open([[*patch(v4a(ADD, SUB)), *done()]])
    await session.run("swap calc.py")
    await session.decide([H1], Decision.ACCEPTED)
    await session.decide([H2], Decision.ACCEPTED)
    bench.write("calc.py", text)
    return session


def test_of_a_decision(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench)
        assert (await session.undo()).hunks == (H2,)
        acted = await session.undo()
        assert not acted.done and acted.proposals == (H3,)
        assert "t1h3 would take it out over your edit" in acted.message
        assert bench.read("calc.py") == MINE.replace("-b + a", "a - b")
        assert not (await session.undo()).done, "its act is over: there is nothing before it"
        hunk = session.state.hunk(H3)
        assert (hunk.kind, hunk.path, hunk.undoes) == (Kind.EDIT, "calc.py", H1)
        assert (hunk.added, hunk.removed) == (1, 1)
        assert hunk.lines == [("-", "    return b + a + 0"), ("+", "    return a + b")]
        await session.close()

    run(story())


def test_yes_takes_it_out_and_u_puts_it_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench)
        await session.undo()
        await session.undo()
        stuck = bench.read("calc.py")
        await session.decide([H3], Decision.ACCEPTED)
        assert bench.read("calc.py") == CALC
        assert session.state.hunks[H1].status is Status.UNDONE
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert session.state.hunks[H1].status is Status.UNDONE
        assert (await session.undo()).done and bench.read("calc.py") == stuck
        assert session.state.hunks[H1].status is Status.ACCEPTED
        assert (await session.redo()).done and bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_no_leaves_the_file(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench)
        acted = await session.undo_turn()
        assert acted.done and acted.proposals == (H3,)
        stuck = bench.read("calc.py")
        await session.decide([H3], Decision.REJECTED)
        assert bench.read("calc.py") == stuck
        assert session.state.hunks[H1].status is Status.ACCEPTED
        await session.close()

    run(story())


def test_it_is_made_once_for_the_same_file(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench)
        assert (await session.undo_turn(1)).proposals == (H3,)
        again = await session.undo_turn(1)
        assert again.proposals == (H3,) and not again.done
        bench.write("calc.py", bench.read("calc.py").replace("+ 0", "+ 1"))
        (new,) = (await session.undo_turn(1)).proposals
        assert new == "t1h4" and session.state.hunks[H3].status is Status.SUPERSEDED
        await session.close()

    run(story())


def test_never_automatically_nor_among_others(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench)
        await session.undo_turn(1)
        by_policy = await session.decide([H2, H3], Decision.ACCEPTED)
        assert by_policy.refused == ((H3, "undo: wants a yes of its own"),)
        assert session.state.hunks[H3].status is Status.PLACED
        await session.close()

    run(story())


def test_a_file_of_ours_with_later_edits_is_not_deleted(bench: Bench, run: Run) -> None:
    async def story() -> None:
        add = "*** Begin Patch\n*** Add File: new.py\n+x = 1\n*** End Patch\n"
        session, _ = await bench.open([[*patch(add), *done()]])
        await session.run("add")
        await session.decide([H1], Decision.ACCEPTED)
        bench.write("new.py", "x = 1\nmine = 2\n")
        acted = await session.undo()
        assert not acted.done and acted.proposals == (H2,)
        assert bench.read("new.py") == "x = 1\nmine = 2\n"
        assert session.state.hunk(H2).kind is Kind.DELETE
        await session.decide([H2], Decision.ACCEPTED)
        assert not (bench.root / "new.py").exists()
        assert (await session.undo()).done and bench.read("new.py") == "x = 1\nmine = 2\n"
        await session.close()

    run(story())


def test_a_file_that_was_made_anew_stays(bench: Bench, run: Run) -> None:
    async def story() -> None:
        gone = "*** Begin Patch\n*** Delete File: calc.py\n*** End Patch\n"
        session, _ = await bench.open([[*patch(gone), *done()]])
        await session.run("delete")
        await session.decide([H1], Decision.ACCEPTED)
        bench.write("calc.py", "mine = 1\n")
        acted = await session.undo()
        assert not acted.done and acted.proposals == (H2,) and bench.read("calc.py") == "mine = 1\n"
        await session.decide([H2], Decision.ACCEPTED)
        assert bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_a_file_that_the_person_deleted_is_only_said(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench)
        (bench.root / "calc.py").unlink()
        acted = await session.undo()
        assert not acted.done and acted.proposals == ()
        assert not (bench.root / "calc.py").exists()
        assert any(str(H2) in n.message for n in session.state.notices)
        await session.close()

    run(story())


def test_rejecting_an_accepted_hunk_makes_one_too(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench)
        decided = await session.decide([H1], Decision.REJECTED)
        assert (decided.rejected, decided.conflicts, decided.proposals) == ((), (H1,), (H3,))
        assert HunkId("t1h3") in session.state.turns[1].hunks
        await session.close()

    run(story())
