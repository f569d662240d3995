"""Files that come, go and move; files git does not know; folders without git; hunks placed by
hand. Each can be accepted, taken back and committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from spark_tui.errors import RefusedFault
from spark_tui.model.scripted import done, patch, say
from spark_tui.session.events import Decision, HunkId, Outcome
from spark_tui.session.session import CommitDone, CommitRefused, Session
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench

Run = Callable[[Awaitable[None]], None]

MOVE = """*** Begin Patch
*** Update File: calc.py
*** Move to: lib/sums.py
@@
-    return a - b
+    return -b + a
*** End Patch
"""
SWAPPED = CALC.replace("a - b", "-b + a")
H1, H2 = HunkId("t1h1"), HunkId("t1h2")


async def accept_all(session: Session) -> None:
    result = await session.decide(list(session.state.hunks), Decision.ACCEPTED)
    assert not result.conflicts and not result.refused, result


def on(path: str, old: str, new: str) -> str:
    return f"*** Begin Patch\n*** Update File: {path}\n@@\n-{old}\n+{new}\n*** End Patch\n"


@pytest.mark.parametrize("order", [(H1, H2), (H2, H1)])
def test_a_move_with_an_edit_in_any_order(
    bench: Bench, run: Run, order: tuple[HunkId, HunkId]
) -> None:
    async def story() -> None:
        (bench.root / "calc.py").chmod(0o755)
        session, _ = await bench.open([[*patch(MOVE), *done()]])
        await session.run("move calc.py")
        for hid in order:
            assert (await session.decide([hid], Decision.ACCEPTED)).written == (hid,)
        assert bench.read("lib/sums.py") == SWAPPED and not (bench.root / "calc.py").exists()
        assert (bench.root / "lib/sums.py").stat().st_mode & 0o100
        for _ in order:
            assert (await session.undo()).done
        assert bench.read("calc.py") == CALC and not (bench.root / "lib").exists()
        assert (bench.root / "calc.py").stat().st_mode & 0o100
        await session.close()

    run(story())


def test_a_moved_file_is_taken_back_with_what_the_person_wrote(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(MOVE), *done()]])
        await session.run("move calc.py")
        await accept_all(session)
        bench.write("lib/sums.py", "# mine\n" + SWAPPED)
        assert (await session.undo_turn()).done
        assert bench.read("calc.py") == "# mine\n" + CALC
        assert not (bench.root / "lib/sums.py").exists()
        await session.close()

    run(story())


def test_a_move_onto_somebody_elses_file_is_a_conflict(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(MOVE), *done()]])
        await session.run("move calc.py")
        bench.write("lib/sums.py", "mine\n")
        result = await session.decide([H1, H2], Decision.ACCEPTED)
        assert result.conflicts == (H1,) and result.written == (H2,)
        assert bench.read("lib/sums.py") == "mine\n" and bench.read("calc.py") == SWAPPED
        (bench.root / "lib/sums.py").unlink()
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        assert bench.read("lib/sums.py") == SWAPPED
        await session.close()

    run(story())


def test_a_move_is_committed_and_later_turns_go_on_there(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("calc.py", "mine = 1\n" + CALC)
        later = on("lib/sums.py", "    return a + b", "    return b + a")
        session, _ = await bench.open([[*patch(MOVE), *done()], [*patch(later, "c2"), *done()]])
        await session.run("move calc.py")
        await accept_all(session)
        await session.run("swap lib/sums.py")
        await session.decide([HunkId("t2h1")], Decision.ACCEPTED)
        assert isinstance(await session.commit("Move"), CommitDone)
        assert bench.git("show", "HEAD:lib/sums.py") == SWAPPED.replace("a + b", "b + a")
        assert "calc.py" not in bench.git("ls-tree", "-r", "--name-only", "HEAD").split()
        assert bench.git("diff").count("mine = 1") == 1, "the person's line stays uncommitted"
        await session.close()

    run(story())


def test_add_where_the_person_made_a_file_meanwhile(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = "*** Begin Patch\n*** Add File: new.py\n+x = 1\n*** End Patch\n"
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("add")
        bench.write("new.py", "mine\n")
        assert (await session.decide([H1], Decision.ACCEPTED)).conflicts == (H1,)
        bench.write("new.py", "x = 1\n")
        assert (await session.decide([H1], Decision.ACCEPTED)).already == (H1,)
        assert (await session.undo()).done
        assert bench.read("new.py") == "x = 1\n", "it was the person's, not ours"
        await session.close()

    run(story())


def test_add_over_what_is_there_is_a_rewrite(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = "*** Begin Patch\n*** Add File: README.md\n+# Sums\n*** End Patch\n"
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("rewrite README.md")
        assert "rewrite" in session.state.hunks[H1].flags
        await accept_all(session)
        assert bench.read("README.md") == "# Sums\n"
        assert (await session.undo()).done and bench.read("README.md") == "# Calc\n"
        await session.close()

    run(story())


def test_a_deleted_file_comes_back_as_it_was_after_a_restart(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("run.sh", "echo hi\r\n")
        bench.write("twin.sh", "echo hi\r\n")
        (bench.root / "run.sh").chmod(0o755)
        text = "*** Begin Patch\n*** Delete File: run.sh\n*** Delete File: twin.sh\n*** End Patch\n"
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("delete")
        await accept_all(session)
        assert not (bench.root / "run.sh").exists()
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert (await session.undo()).done
        assert (bench.root / "run.sh").stat().st_mode & 0o777 == 0o755
        assert (bench.root / "twin.sh").stat().st_mode & 0o777 == 0o644
        assert bench.read("run.sh") == "echo hi\r\n"
        await session.close()

    run(story())


def test_a_file_is_deleted_only_as_the_model_saw_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = "*** Begin Patch\n*** Delete File: README.md\n*** End Patch\n"
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("delete README.md")
        bench.write("README.md", "# Calc\nmine\n")
        assert (await session.decide([H1], Decision.ACCEPTED)).conflicts == (H1,)
        assert bench.read("README.md") == "# Calc\nmine\n"
        await session.close()

    run(story())


def test_executable_files_keep_their_bit_in_a_later_commit(bench: Bench, run: Run) -> None:
    async def story() -> None:
        (bench.root / "calc.py").chmod(0o755)
        bench.git("commit", "-qam", "Executable")
        session, _ = await bench.open([[*patch(MOVE.replace("*** Move to: lib/sums.py\n", "")),
                                        *done()]])  # fmt: skip
        await session.run("swap calc.py")
        bench.write("calc.py", "mine\n" + CALC)
        await accept_all(session)
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert isinstance(await session.commit("Swap"), CommitDone)
        assert bench.git("ls-tree", "HEAD", "calc.py").startswith("100755")
        await session.close()

    run(story())


@pytest.mark.parametrize("path", ["loose.txt", "build/out.txt"])
def test_untracked_and_ignored_files(bench: Bench, run: Run, path: str) -> None:
    async def story() -> None:
        bench.write(".gitignore", "build/\n")
        bench.write(path, "one\ntwo\n")
        reply = [*patch(on(path, "two", "three")), *done()]
        session, _ = await bench.open([reply], accept="safe")
        await session.run("change it")
        is_ignored = path.startswith("build/")
        hunk = session.state.hunks[H1]
        assert ("ignored" in hunk.flags) is is_ignored
        assert hunk.status is Status.PLACED, "unseen or ignored: not by itself"
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        assert bench.read(path) == "one\nthree\n"
        assert (await session.undo()).done and bench.read(path) == "one\ntwo\n"
        assert (await session.redo()).done
        result = await session.commit("Change it")
        assert isinstance(result, CommitDone), result
        assert bench.git("show", f"HEAD:{path}") == "one\nthree\n"
        await session.close()

    run(story())


def test_a_plain_folder_without_git(bench: Bench, run: Run, tmp_path: Path) -> None:
    async def story() -> None:
        plain = replace(bench, root=tmp_path / "plain")
        plain.root.mkdir()
        plain.write("calc.py", CALC)
        text = MOVE.replace("*** End", "*** Add File: new.py\n+x = 1\n*** End")
        session, _ = await plain.open([[*patch(text), *done()]])
        assert not session.state.has_git and session.state.files == ("calc.py",)
        assert await session.run("move calc.py") is Outcome.COMPLETE
        await accept_all(session)
        assert plain.read("lib/sums.py") == SWAPPED and plain.read("new.py") == "x = 1\n"
        result = await session.commit("Move")
        assert isinstance(result, CommitRefused) and result.code == "no_git"
        await session.draft_message()
        assert (await session.staging.page("worktree")).files == ()
        assert (await session.undo()).done and plain.read("calc.py") == CALC
        assert (await session.redo()).done
        await session.init_repository()
        assert session.state.has_git
        plain.git("config", "user.name", "Ada")
        plain.git("config", "user.email", "ada@example.org")
        assert isinstance(await session.commit("Move"), CommitDone)
        assert plain.git("show", "HEAD:lib/sums.py") == SWAPPED
        await session.close()

    run(story())


def test_an_unplaced_hunk_is_placed_by_hand(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = on("calc.py", "    return a times b", "    return a * b")
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("change calc.py")
        assert session.state.hunks[H1].status is Status.UNPLACED
        bench.write("calc.py", "# mine\n" + CALC)
        assert await session.place_at(H1, 3)
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        lines = bench.read("calc.py").split("\n")
        assert lines[:4] == ["# mine", "def add(a, b):", "    return a + b", "    return a * b"]
        assert not await session.place_at(H1, 0), "it is in the file"
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert (await session.undo()).done and bench.read("calc.py") == "# mine\n" + CALC
        assert isinstance(await session.commit("x"), CommitRefused)
        await session.close()

    run(story())


def test_what_cannot_be_placed_by_hand_is_said(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("x.bin", b"\0\1")
        text = on("gone.py", "a", "b").replace("*** Update", "*** Delete File: no.py\n*** Update")
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("change")
        assert not await session.place_at(H1, 0) and not await session.place_at(H2, 0)
        for path in ("x.bin", "../out.py", ".git/config", "."):
            before = len(session.state.hunks)
            with pytest.raises(RefusedFault):
                await session.insert_code("x = 1", path, 0)
            assert len(session.state.hunks) == before
        await session.close()

    run(story())


def test_code_of_the_chat_goes_into_files_old_and_new(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*say("Use this."), *done()]])
        await session.run("how")
        old = await session.insert_code("def mul(a, b):\r\n    return a * b\n", "calc.py", 0)
        new = await session.insert_code("x = 1", "pkg/new.py", 99)
        assert (await session.decide([old], Decision.ACCEPTED)).written == (old,)
        assert (await session.decide([new], Decision.ACCEPTED)).written == (new,)
        assert bench.read("calc.py") == "def mul(a, b):\n    return a * b\n" + CALC
        assert isinstance(await session.commit("Add mul"), CommitDone)
        assert bench.git("show", "HEAD:pkg/new.py") == "x = 1\n"
        assert bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())


def test_code_put_in_while_an_answer_streams_has_an_id_of_its_own(bench: Bench, run: Run) -> None:
    async def story() -> None:
        import asyncio

        session, provider = await bench.open([[*patch(MOVE), *done()]], gate=True)
        turn = asyncio.ensure_future(session.run("move calc.py"))
        await provider.paused()
        mine = await session.insert_code("x = 1", "new.py", 0)
        provider.step(1000)
        assert await turn is Outcome.COMPLETE
        assert len(session.state.hunks) == 3 and mine not in (H1, H2)
        await accept_all(session)
        assert bench.read("new.py") == "x = 1\n" and bench.read("lib/sums.py") == SWAPPED
        await session.close()

    run(story())


def test_hunks_of_two_turns_in_one_decision(bench: Bench, run: Run) -> None:
    async def story() -> None:
        add = "*** Begin Patch\n*** Add File: new.py\n+x = 1\n*** End Patch\n"
        more = on("new.py", "x = 1", "x = 2")
        session, _ = await bench.open([[*patch(add), *done()], [*patch(more, "c2"), *done()]])
        await session.run("add")
        await session.decide([H1], Decision.ACCEPTED)
        await session.run("change new.py")
        both = [HunkId("t2h1"), H1]
        await session.decide([both[0]], Decision.ACCEPTED)
        assert (await session.decide(both, Decision.OPEN)).reopened == (H1, both[0])
        assert not (bench.root / "new.py").exists()
        assert (await session.decide(both, Decision.ACCEPTED)).written == (H1, both[0])
        assert bench.read("new.py") == "x = 2\n"
        await session.close()

    run(story())


def test_a_rejection_of_an_accepted_hunk_is_taken_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(MOVE), *done()]])
        await session.run("move calc.py")
        await session.decide([H2], Decision.ACCEPTED)
        await session.decide([H2], Decision.REJECTED)
        assert bench.read("calc.py") == CALC
        assert (await session.undo()).done
        assert session.state.hunks[H2].status is Status.ACCEPTED
        assert bench.read("calc.py") == SWAPPED
        assert (await session.redo()).done
        assert session.state.hunks[H2].status is Status.REJECTED and bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_what_overlaps_never_crashes(bench: Bench, run: Run) -> None:
    async def story() -> None:
        one, two = (on("calc.py", "    return a - b", f"    return {n}") for n in (1, 2))
        session, _ = await bench.open([[*patch(one), *done()], [*patch(two, "c2"), *done()]])
        await session.run("change calc.py")
        await session.run("otherwise")
        h2 = HunkId("t2h1")
        assert session.state.hunks[H1].status is Status.SUPERSEDED
        await session.decide([H1], Decision.OPEN)
        result = await session.decide([H1, h2], Decision.ACCEPTED)
        assert result.written == (H1,) and result.conflicts == (h2,)
        assert (await session.decide([h2], Decision.ACCEPTED)).conflicts == (h2,)
        assert bench.read("calc.py") == CALC.replace("a - b", "1")
        assert (await session.undo()).done
        assert (await session.decide([h2], Decision.ACCEPTED)).written == (h2,)
        await session.close()

    run(story())


def test_neighbours_are_accepted_one_by_one_beside_the_persons_edits(
    bench: Bench, run: Run
) -> None:
    async def story() -> None:
        second = "@@\n-    return a - b\n+    return -b + a\n*** End"
        text = on("calc.py", "def sub(a, b):", "def minus(a, b):").replace("*** End", second)
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("change calc.py")
        bench.write("calc.py", "# mine\n" + CALC)
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        assert (await session.decide([H2], Decision.ACCEPTED)).written == (H2,)
        assert (await session.decide([H1], Decision.OPEN)).reopened == (H1,)
        assert bench.read("calc.py") == "# mine\n" + SWAPPED
        await session.close()

    run(story())
