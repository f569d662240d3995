"""U after a commit: a sheet that names the files first, two keys, and Ctrl+Y brings it back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, patch
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.desk import Desk, at_desk
from tests.support.hunks import ADD, BOTH, SUB, v4a

Run = Callable[[Awaitable[None]], None]
REPLY = [*patch(v4a(ADD, SUB)), *done()]
H1, H2 = HunkId("t1h1"), HunkId("t1h2")


async def commit(desk: Desk) -> str:
    await desk.prompt.say("swap")
    await desk.until(ev.TurnEnded)
    await desk.session.decide([H1, H2], Decision.ACCEPTED)
    await desk.session.commit("Swap the sides")
    await desk.prompt.press("enter")
    return desk.session.state.commits[-1].commit


def head(bench: Bench) -> str:
    return bench.git("rev-parse", "HEAD").strip()


def test_two_keys_take_a_commit_back_and_one_brings_it_again(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY]) as desk:
            oid = await commit(desk)
            bench.write("calc.py", f"# mine\n\n\n{BOTH}")
            await desk.diff.press("U")
            await desk.until_true(lambda: "Take commit" in desk.text())
            text = desk.text()
            assert f"Take commit {oid[:9]} Swap the sides back?" in text
            assert "calc.py +2 -2 · edited by you since" in text
            assert "It leaves the branch: it is yours, and nothing else holds it." in text
            assert head(bench) == oid, "nothing is done before Enter"
            await desk.press("enter")
            await desk.until(ev.CommitUndone)
            assert bench.read("calc.py") == f"# mine\n\n\n{CALC}" and head(bench) != oid
            await desk.until_true(lambda: "is off the branch" in desk.text())
            await desk.diff.press("ctrl+y")
            await desk.until(ev.CommitUndone, 2)
            assert (bench.read("calc.py"), head(bench)) == (f"# mine\n\n\n{BOTH}", oid)

    run(story())


def test_only_the_commit_or_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY]) as desk:
            oid = await commit(desk)
            await desk.diff.press("U")
            await desk.until_true(lambda: "Take commit" in desk.text())
            await desk.press("escape")
            assert head(bench) == oid and not desk.of(ev.CommitUndone)
            await desk.diff.press("U")
            await desk.until_true(lambda: "Take commit" in desk.text())
            await desk.press("k")
            await desk.until(ev.CommitUndone)
            assert bench.read("calc.py") == BOTH and head(bench) != oid
            assert desk.session.commit_preview()

    run(story())


def test_a_pushed_commit_is_offered_another(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY]) as desk:
            oid = await commit(desk)
            bench.git("update-ref", "refs/remotes/origin/main", "HEAD")
            await desk.diff.press("U")
            await desk.until_true(lambda: "Take commit" in desk.text())
            assert "Because it is on origin/main, a new commit takes it out." in desk.text()
            await desk.press("k")
            assert head(bench) == oid
            await desk.press("enter")
            await desk.until(ev.CommitUndone)
            assert bench.git("rev-parse", "HEAD^").strip() == oid
            assert bench.read("calc.py") == CALC

    run(story())


def test_a_commit_that_must_stay_says_why(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY]) as desk:
            oid = await commit(desk)
            (bench.root / ".git/MERGE_HEAD").write_text(oid + "\n")
            await desk.diff.press("U")
            await desk.until_true(lambda: "stays" in desk.text())
            assert "Nothing is done: a merge is in progress." in desk.text()
            await desk.press("enter")
            assert head(bench) == oid and not desk.of(ev.CommitUndone)

    run(story())


def test_u_makes_a_hunk_of_what_a_later_edit_holds(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY]) as desk:
            await desk.prompt.say("swap")
            await desk.until(ev.TurnEnded)
            await desk.session.decide([H1], Decision.ACCEPTED)
            mine = bench.read("calc.py").replace("b + a", "b + a + 0")
            bench.write("calc.py", mine)
            await desk.prompt.press("enter")
            await desk.diff.press("u")
            await desk.until_true(lambda: "t1h3 would take it out" in desk.text())
            assert bench.read("calc.py") == mine
            await desk.until_true(lambda: "undo of t1h1" in desk.text())
            await desk.session.decide([HunkId("t1h3")], Decision.ACCEPTED)
            assert bench.read("calc.py") == CALC
            assert desk.session.state.hunks[H1].status is Status.UNDONE

    run(story())
