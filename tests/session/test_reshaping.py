"""A person takes hunks in hand: cuts them, keeps lines, writes others; and all the way back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from spark_tui.errors import UnknownHunk
from spark_tui.model.scripted import done, patch
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import CommitDone, Session
from spark_tui.session.state import Status
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

H1, H2 = HunkId("t1h1"), HunkId("t1h2")
P1, P2, P3, P4 = (HunkId(f"t1h1.{n}") for n in (1, 2, 3, 4))
LINES = "".join(f"line {n}\n" for n in range(12))
REPLY = """\
*** Begin Patch
*** Update File: a.txt
@@
 line 0
-line 1
+first
 line 2
-line 3
-line 4
+second
+third
 line 5
@@
 line 8
-line 9
+last
*** End Patch
"""


async def begin(bench: Bench, *, gate: bool = False) -> Session:
    bench.write("a.txt", LINES)
    session, _ = await bench.open([[*patch(REPLY), *done()]], gate=gate)
    await session.run("change @a.txt")
    assert [h.status for h in session.state.hunks.values()] == [Status.PLACED] * 2
    return session


def changed(**lines: str) -> str:
    """The file with some lines replaced: l3="x" for line 3, "" to leave it out."""
    out = [lines.get(f"l{n}", f"line {n}") for n in range(12)]
    return "".join(f"{line}\n" for line in out if line)


def statuses(session: Session) -> dict[str, str]:
    return {h.id: h.status.value for h in session.state.hunks.values()}


def test_parts_are_decided_each_for_itself(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        assert (await session.split(H1)).parts == (P1, P2)
        hunks = session.state.hunks
        assert hunks[H1].status is Status.SUPERSEDED and hunks[H1].message == "t1h1.1, t1h1.2"
        assert (hunks[P2].added, hunks[P2].removed, hunks[P2].how) == (2, 2, "split")
        assert bench.read("a.txt") == LINES
        decided = await session.decide([P2], Decision.ACCEPTED)
        assert decided.written == (P2,)
        assert bench.read("a.txt") == changed(l3="second", l4="third")
        await session.decide([P1, H2], Decision.ACCEPTED)
        assert bench.read("a.txt") == changed(l1="first", l3="second", l4="third", l9="last")
        assert (await session.undo_turn()).done
        assert bench.read("a.txt") == LINES
        await session.close()

    run(story())


def test_parts_of_parts_have_numbers_of_their_own(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        await session.split(H1)
        assert (await session.split(P2)).parts == (P3, P4)
        assert (await session.split(P3)).refused == "it cannot be split any further"
        await session.decide([P4], Decision.ACCEPTED)
        assert bench.read("a.txt") == changed(l4="third")
        await session.undo()
        await session.undo()
        assert statuses(session)[P2] == "placed"
        await session.undo()
        assert statuses(session) == {
            H1: "placed", H2: "placed", P1: "undone", P2: "undone", P3: "undone", P4: "undone",
        }  # fmt: skip
        assert (await session.split(H1)).parts == (HunkId("t1h1.5"), HunkId("t1h1.6"))
        await session.close()

    run(story())


def test_undo_makes_it_whole_and_redo_cuts_it_again(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        await session.split(H1)
        await session.decide([P1], Decision.ACCEPTED)
        await session.decide([P2], Decision.REJECTED)
        for _ in range(3):
            assert (await session.undo()).done
        assert statuses(session) == {H1: "placed", H2: "placed", P1: "undone", P2: "undone"}
        assert bench.read("a.txt") == LINES
        for _ in range(3):
            assert (await session.redo()).done
        assert statuses(session) == {
            H1: "superseded", H2: "placed", P1: "accepted", P2: "rejected",
        }  # fmt: skip
        assert bench.read("a.txt") == changed(l1="first")
        assert not (await session.redo()).done
        await session.close()

    run(story())


def test_the_next_start_knows_the_parts(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        await session.split(H1)
        await session.edit_hunk(P2, "line 2\nmine\nline 5\n")
        before = statuses(session)
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert statuses(session) == before
        assert session.state.hunks[P3].how == "edited"
        await session.decide([P3], Decision.ACCEPTED)
        assert bench.read("a.txt") == changed(l3="mine", l4="")
        for _ in range(3):
            assert (await session.undo()).done
        assert statuses(session)[H1] == "placed"
        assert bench.read("a.txt") == LINES
        await session.close()

    run(story())


def test_some_lines_of_a_hunk(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        assert (await session.keep_lines(H1, range(6))).parts == (H1,)
        assert (await session.keep_lines(H1, ())).refused.startswith("no line of it")
        assert (await session.keep_lines(H1, (6,))).refused == "it has 6 lines"
        # -line 1 +first -line 3 -line 4 +second +third
        assert (await session.keep_lines(H1, (1, 3, 5))).parts == (P1,)
        await session.decide([P1], Decision.ACCEPTED)
        assert bench.read("a.txt") == changed(l1="line 1\nfirst", l4="third")
        await session.close()

    run(story())


def test_a_hunk_in_the_persons_own_words(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        text = session.hunk_text(H1)
        assert text == "line 0\nfirst\nline 2\nsecond\nthird\nline 5\n"
        assert (await session.edit_hunk(H1, text)).parts == (H1,)
        assert (await session.edit_hunk(H1, text.replace("third", "fourth"))).parts == (P1,)
        refused = await session.edit_hunk(P1, "".join(LINES.splitlines(keepends=True)[:6]))
        assert refused.refused == "that is what the file has: reject it instead"
        await session.decide([P1], Decision.ACCEPTED)
        assert bench.read("a.txt") == changed(l1="first", l3="second", l4="fourth")
        await session.close()

    run(story())


def test_an_edit_stays_out_of_other_hunks(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("a.txt", LINES)
        close = "@@\n line 3\n-line 4\n+x\n line 5\n line 6\n@@\n line 5\n-line 6\n+y\n line 7\n"
        reply = f"*** Begin Patch\n*** Update File: a.txt\n{close}*** End Patch\n"
        session, _ = await bench.open([[*patch(reply), *done()]])
        await session.run("change @a.txt")
        assert session.hunk_text(H1) == "line 3\nx\nline 5\n"
        assert session.hunk_text(H2) == "line 5\ny\nline 7\n"
        assert (await session.edit_hunk(H1, "line 3\nX\nfive\n")).parts == (P1,)
        done_ = await session.decide([P1, H2], Decision.ACCEPTED)
        assert len(done_.written) == 2
        assert bench.read("a.txt") == changed(l4="X", l5="five", l6="y")
        await session.close()

    run(story())


def test_a_hunk_that_has_parts_is_left_alone(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        await session.split(H1)
        for decision in Decision:
            decided = await session.decide([H1], decision)
            assert decided.refused == ((H1, "t1h1.1, t1h1.2 took its place"),)
        assert not await session.place_at(H1, 0)
        assert (await session.split(H1)).refused == "only an open hunk with a place can be changed"
        await session.undo()
        decided = await session.decide([P1], Decision.ACCEPTED)
        assert decided.refused == ((P1, "t1h1 is in its place again"),)
        assert bench.read("a.txt") == LINES
        await session.close()

    run(story())


def test_only_what_is_open_gets_another_shape(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        await session.decide([H1], Decision.ACCEPTED)
        for reshaped in (
            await session.split(H1),
            await session.keep_lines(H1, (0,)),
            await session.edit_hunk(H1, "x\n"),
        ):
            assert reshaped.refused == "it is accepted: take that back first"
        await session.undo()
        assert (await session.split(H1)).parts == (P1, P2)
        with pytest.raises(UnknownHunk):
            await session.split(HunkId("t9h9"))
        await session.close()

    run(story())


def test_a_hunk_is_cut_while_the_answer_streams(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("a.txt", LINES)
        session, provider = await bench.open([[*patch(REPLY), *done()]], gate=True)

        async def cut() -> None:
            while not bench.of(ev.HunkPlaced):
                await provider.step()
            assert session.state.streaming is not None
            assert (await session.split(H1)).parts == (P1, P2)
            assert (await session.decide([P1], Decision.ACCEPTED)).written == (P1,)
            code = await session.insert_code("by hand", "a.txt", 0)
            assert code == "t1h1001"
            provider.step(1000)

        await asyncio.gather(session.run("change @a.txt"), cut())
        assert statuses(session)[H2] == "placed"
        assert bench.read("a.txt") == changed(l1="first")
        await session.decide([P2, H2], Decision.ACCEPTED)
        assert bench.read("a.txt") == changed(l1="first", l3="second", l4="third", l9="last")
        await session.close()

    run(story())


def test_a_part_is_asked_for_again_by_what_it_shows(bench: Bench, run: Run) -> None:
    async def story() -> None:
        asked: list[str] = []

        def again(request: object) -> tuple[object, ...]:
            asked.append(str(request))
            return done()

        bench.write("a.txt", LINES)
        session, _ = await bench.open([[*patch(REPLY), *done()], again])  # type: ignore[list-item]
        await session.run("change @a.txt")
        await session.split(H1)
        await session.refine(P2, "other words")
        assert "-line 3\\n-line 4\\n+second\\n+third" in asked[0]
        assert "+first" not in asked[0].split("<edit>")[1].split("</edit>")[0]
        await session.close()

    run(story())


def test_a_part_moved_by_hand_stays_when_the_rest_is_undone(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await begin(bench)
        await session.split(H1)
        assert await session.place_at(P1, 12)
        assert not (await session.undo()).done
        await session.decide([P1, P2], Decision.ACCEPTED)
        assert bench.read("a.txt") == changed(l3="second", l4="third") + "first\n"
        await session.close()

    run(story())


def test_the_model_is_told_of_the_parts(bench: Bench, run: Run) -> None:
    async def story() -> None:
        asked: list[str] = []

        def again(request: object) -> tuple[object, ...]:
            asked.append(str(request))
            return done()

        bench.write("a.txt", LINES)
        session, _ = await bench.open([[*patch(REPLY), *done()], again, again])  # type: ignore[list-item]
        await session.run("change @a.txt")
        await session.split(H1)
        await session.split(H2)
        await session.decide([P1, H2], Decision.ACCEPTED)
        await session.decide([P2], Decision.REJECTED)
        await session.undo()
        await session.run("go on")
        assert "replaced by a later edit" not in asked[0]
        assert "rejected by the user" not in asked[0]
        assert "applied: a.txt" in asked[0] and "not decided yet" in asked[0]
        await session.decide([P2], Decision.REJECTED)
        await session.run("go on then")
        assert "rejected by the user, do not propose again unasked: a.txt (second" in asked[1]
        await session.close()

    run(story())


def test_automatic_acceptance_leaves_what_a_person_took_in_hand(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("a.txt", LINES)
        session, provider = await bench.open([[*patch(REPLY), *done()]], gate=True)

        async def cut() -> None:
            while not bench.of(ev.HunkPlaced):
                await provider.step()
            assert (await session.split(H1)).parts == (P1, P2)
            provider.step(1000)

        await asyncio.gather(session.run("change @a.txt", accept="all"), cut())
        assert statuses(session) == {
            H1: "superseded", H2: "accepted", P1: "placed", P2: "placed",
        }  # fmt: skip
        assert bench.read("a.txt") == changed(l9="last")
        await session.close()

    run(story())


def test_a_commit_holds_the_accepted_part_only(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("a.txt", LINES)
        bench.git("add", "-A")
        bench.git("commit", "-q", "-m", "Lines")
        session, _ = await bench.open([[*patch(REPLY), *done()]])
        await session.run("change @a.txt")
        await session.split(H1)
        await session.decide([P2], Decision.ACCEPTED)
        assert isinstance(await session.commit("Second"), CommitDone)
        assert bench.git("show", "HEAD:a.txt") == changed(l3="second", l4="third")
        assert not (await session.undo()).done
        await session.decide([P1], Decision.ACCEPTED)
        assert bench.read("a.txt") == changed(l1="first", l3="second", l4="third")
        assert isinstance(await session.commit("First"), CommitDone)
        assert bench.git("show", "HEAD:a.txt") == bench.read("a.txt")
        assert bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())
