"""Where undecided hunks stand when their file changes under them, before anything is decided."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from spark_tui.edits.changeset import Edit
from spark_tui.model.scripted import done, patch
from spark_tui.session import events as ev
from spark_tui.session.events import Anchor, Decision, HunkId
from spark_tui.session.session import Session
from spark_tui.session.state import HunkState, Status
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

H1, H2 = HunkId("t1h1"), HunkId("t1h2")
LINES = "".join(f"line {n}\n" for n in range(12))
REPLY = """\
*** Begin Patch
*** Update File: a.txt
@@
 line 1
-line 2
+second
 line 3
@@
 line 7
-line 8
+eighth
+and more
 line 9
*** End Patch
"""


async def begin(bench: Bench) -> Session:
    bench.write("a.txt", LINES)
    session, _ = await bench.open([[*patch(REPLY), *done()]])
    await session.run("change @a.txt")
    await session.look()
    assert not bench.of(ev.HunksAnchored), "nothing is different"
    return session


def met(session: Session, hunk: HunkId) -> Anchor:
    found = session.state.hunks[hunk].met
    assert found is not None
    return found


def edits(anchor: Anchor) -> tuple[Edit, ...]:
    assert anchor.place is not None
    return anchor.place.edits


def test_lines_added_above_move_what_is_below(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        bench.write("a.txt", LINES.replace("line 5\n", "line 5\nmine\nmine too\n"))
        await session.look()
        assert session.state.hunks[H1].status is Status.PLACED
        assert met(session, H1).moved_by == 0
        assert met(session, H2).moved_by == 2
        assert edits(met(session, H2)) == (Edit(10, 11, ("eighth", "and more")),)
        place = met(session, H2).place
        assert place is not None and (place.start, place.end) == (9, 12)
        assert session.state.snapshots[met(session, H2).now].lines[6] == "mine"
        events = len(bench.of(ev.HunksAnchored))
        await session.look()
        assert len(bench.of(ev.HunksAnchored)) == events, "nothing is new"
        bench.write("a.txt", LINES)
        await session.look()
        assert session.state.hunks[H2].met is None
        await session.close()

    run(story())


def test_a_conflict_is_known_before_the_decision(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        bench.write("a.txt", LINES.replace("line 8\n", "mine\nmine too\n"))
        await session.look()
        found = met(session, H2)
        assert (found.message, found.start, found.end) == ("line 9 was changed on disk", 8, 10)
        assert session.state.hunks[H2].status is Status.PLACED
        assert (await session.decide([H1, H2], Decision.ACCEPTED)).conflicts == (H2,)
        await session.look()
        assert session.state.hunks[H1].met is session.state.hunks[H2].met is None
        await session.close()

    run(story())


def test_what_the_file_has_already(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        bench.write("a.txt", LINES.replace("line 2\n", "second\n"))
        await session.look()
        assert met(session, H1).already and met(session, H1).place is None
        assert not met(session, H2).already
        assert (await session.decide([H1], Decision.ACCEPTED)).already == (H1,)
        await session.close()

    run(story())


def test_our_own_writes_move_lines_but_are_no_news_of_the_disk(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        await session.decide([H2], Decision.ACCEPTED)
        await session.look()
        assert session.state.hunks[H2].met is None
        assert edits(met(session, H1)) == (Edit(2, 3, ("second",)),)
        await session.undo()
        await session.decide([H1], Decision.REJECTED)
        await session.look()
        assert all(h.met is None for h in session.state.hunks.values())
        await session.close()

    run(story())


@pytest.mark.parametrize("how", ["gone", "binary", "empty"])
def test_a_file_that_is_no_such_file_any_more(bench: Bench, run: Run, how: str) -> None:
    async def story() -> None:
        session = await begin(bench)
        if how == "gone":
            (bench.root / "a.txt").unlink()
        else:
            bench.write("a.txt", b"\0\1" if how == "binary" else b"")
        await session.look()
        words = {
            "gone": "a.txt is gone", "binary": "a.txt holds binary data now",
            "empty": "line 3 was changed on disk",
        }  # fmt: skip
        assert met(session, H1).message == words[how]
        before = bench.root / "a.txt"
        data = before.read_bytes() if before.exists() else None
        assert (await session.decide([H1, H2], Decision.ACCEPTED)).conflicts == (H1, H2)
        assert (before.read_bytes() if before.exists() else None) == data
        await session.close()

    run(story())


def test_what_is_shown_is_what_is_written(bench: Bench, run: Run) -> None:
    """Old versions of the file are forgotten; the one that hunks were placed in is not."""

    async def story() -> None:
        session = await begin(bench)
        known = set(session.state.snapshots)
        for count in range(1, 4):
            bench.write("a.txt", "mine\n" * count + LINES)
            await session.look()
            assert len(set(session.state.snapshots) - known) == 1
        now = session.state.snapshots[met(session, H2).now]
        (edit,) = edits(met(session, H2))
        wanted = [*now.lines[: edit.start], *edit.lines, *now.lines[edit.end :]]
        await session.decide([H2], Decision.ACCEPTED)
        assert bench.read("a.txt").splitlines() == wanted
        assert known <= set(session.state.snapshots)
        await session.close()

    run(story())


def test_a_moved_file_is_looked_for_where_it_is(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("a.txt", LINES)
        move = REPLY.replace("Update File: a.txt\n", "Update File: a.txt\n*** Move to: b.txt\n")
        session, _ = await bench.open([[*patch(move), *done()]])
        await session.run("move @a.txt")
        hunks: list[HunkState] = list(session.state.hunks.values())
        await session.decide([hunks[0].id], Decision.ACCEPTED)
        bench.write("b.txt", "mine\n" + bench.read("b.txt"))
        await session.look()
        assert [h.met.moved_by for h in hunks if h.met] == [1, 1]
        await session.close()

    run(story())
