"""Back to an entry of the operation log: bytes, modes, links, hunks, and back again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, patch
from spark_tui.session.events import Decision
from spark_tui.session.since import Moment
from tests.support.bench import Bench
from tests.support.restoring import (
    ADD,
    FIRST,
    MOVING,
    NEW,
    README,
    SECOND,
    SUB,
    after,
    statuses,
    tree,
    two_turns,
)

Run = Callable[[Awaitable[None]], None]


def test_files_and_hunks_are_as_they_were(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open([(*patch(FIRST), *done()), (*patch(SECOND), *done())])
        trees, stands = [tree(bench)], []
        await first.run("swap both")
        stands.append(statuses(first))
        for hunk in (ADD, SUB, NEW):
            await first.decide([hunk], Decision.ACCEPTED)
            trees.append(tree(bench))
            stands.append(statuses(first))
        await first.run("rename")
        await first.decide([README], Decision.ACCEPTED)
        trees.append(tree(bench))
        stands.append(statuses(first))
        for op in (1, 3, 0, 4, 2):
            restored = await first.restoring.restore(after(op))
            assert restored.acted and restored.op == len(first.state.operations)
            assert tree(bench) == trees[op]
            assert statuses(first) == {hunk: "placed" for hunk in statuses(first)} | stands[op], op
            entry = first.state.operations[-1]
            assert (entry.kind, entry.checkpoint) == ("restore", restored.checkpoint)
        await first.close()

    run(story())


def test_a_restore_is_taken_back_and_done_again(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        full, stand = tree(bench), statuses(session)
        await session.restoring.restore(after(1))
        small, low = tree(bench), statuses(session)
        assert small != full
        undone = await session.undo()
        assert undone.done and undone.message.startswith("The restore o5 is taken back: ")
        assert (tree(bench), statuses(session)) == (full, stand)
        assert session.state.operations[-1].takes_back == 5
        again = await session.redo()
        assert again.done and (tree(bench), statuses(session)) == (small, low)
        await session.undo()
        # and the act before it is still there to be taken back
        undone = await session.undo()
        assert undone.done and bench.read("README.md") == "# Calc\n"
        await session.close()

    run(story())


def test_undo_of_a_restore_leaves_alone_what_came_after_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        full = tree(bench)
        await session.restoring.restore(after(3))  # takes README back
        bench.write("notes.txt", "mine\n")
        bench.write("calc.py", bench.read("calc.py") + "# mine\n")
        assert (await session.undo()).done
        assert bench.read("README.md") == "# Calculator\n"
        assert bench.read("notes.txt") == "mine\n"
        assert bench.read("calc.py").encode() == full["calc.py"][0] + b"# mine\n"
        await session.close()

    run(story())


def test_it_holds_after_a_start(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        full, stand = tree(bench), statuses(session)
        await session.restoring.restore(after(1))
        low = statuses(session)
        await session.close()
        later, _ = await bench.open(fresh=False)
        assert statuses(later) == low
        assert (await later.undo()).done
        assert (tree(bench), statuses(later)) == (full, stand)
        await later.close()

    run(story())


def test_later_work_of_the_person_is_kept(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        bench.write("calc.py", "# mine\n" + bench.read("calc.py"))
        restored = await session.restoring.restore(after(0))
        assert restored.acted and not restored.plan.clashes
        assert bench.read("calc.py") == (
            "# mine\ndef add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"
        )
        await session.close()

    run(story())


def test_the_same_lines_changed_leave_the_file_alone(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        mine = bench.read("calc.py").replace("b + a\n\n", "b + a  # mine\n\n")
        bench.write("calc.py", mine)
        restored = await session.restoring.restore(after(0))
        assert bench.read("calc.py") == mine
        assert not (bench.root / "new.py").exists() and bench.read("README.md") == "# Calc\n"
        assert [f.path for f in restored.plan.clashes] == ["calc.py"]
        assert "calc.py" in restored.told and "was changed" in restored.told
        stand = statuses(session)
        assert (stand[ADD], stand[SUB], stand[NEW]) == ("accepted", "accepted", "placed")
        # by the person's own word it goes all the same, and what was theirs is kept
        taken = await session.restoring.restore(after(0), take=True)
        assert bench.read("calc.py") == "def add(a, b):\n    return a + b\n\n\n" + (
            "def sub(a, b):\n    return a - b\n"
        )
        kept = session.restoring._store.load(taken.checkpoint)["calc.py"]
        assert kept is not None and kept[0].decode() == mine
        assert (await session.undo()).done
        assert bench.read("calc.py") == mine
        await session.close()

    run(story())


def test_named_files_only(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        restored = await session.restoring.restore(after(0), ["README.md"])
        assert list(restored.plan.put.after) == ["README.md"]
        assert bench.read("README.md") == "# Calc\n" and (bench.root / "new.py").exists()
        stand = statuses(session)
        assert (stand[README], stand[ADD], stand[NEW]) == ("placed", "accepted", "accepted")
        await session.restoring.restore(after(0), ["."])
        assert set(statuses(session).values()) == {"placed"}
        await session.close()

    run(story())


def test_a_checkpoint_gives_its_files_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        second = session.state.operations[1].checkpoint
        restored = await session.restoring.restore(Moment(checkpoint=second))
        assert restored.told.startswith(f"Back to checkpoint {second[:9]}: calc.py")
        assert "return b + a" in bench.read("calc.py") and "return a - b" in bench.read("calc.py")
        assert (bench.root / "new.py").exists()
        stand = statuses(session)
        assert (stand[ADD], stand[SUB], stand[NEW]) == ("accepted", "placed", "accepted")
        await session.close()

    run(story())


def test_moves_deletions_and_modes(bench: Bench, run: Run) -> None:
    async def story() -> None:
        (bench.root / "calc.py").chmod(0o600)
        (bench.root / "README.md").chmod(0o640)
        start = tree(bench)
        session, _ = await bench.open([(*patch(MOVING), *done())])
        await session.run("move")
        await session.decide(list(session.state.hunks), Decision.ACCEPTED)
        moved, stand = tree(bench), statuses(session)
        assert set(moved) == {"src/sums.py"}
        await session.restoring.restore(after(0))
        assert tree(bench) == start and set(statuses(session).values()) == {"placed"}
        await session.undo()
        assert (tree(bench), statuses(session)) == (moved, stand)
        await session.close()

    run(story())


def test_one_side_of_a_move_is_not_torn_from_the_other(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([(*patch(MOVING), *done())])
        await session.run("move")
        await session.decide(list(session.state.hunks), Decision.ACCEPTED)
        mine = bench.read("src/sums.py") + "# mine\n"
        bench.write("src/sums.py", mine)
        restored = await session.restoring.restore(after(0))
        assert bench.read("src/sums.py") == mine and not (bench.root / "calc.py").exists()
        assert {f.path for f in restored.plan.clashes} == {"calc.py", "src/sums.py"}
        assert bench.read("README.md") == "# Calc\n"
        await session.close()

    run(story())


def test_a_link_at_the_path_is_not_followed(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        outside = bench.root.parent / "outside.txt"
        outside.write_text("not ours\n")
        (bench.root / "README.md").unlink()
        (bench.root / "README.md").symlink_to(outside)
        restored = await session.restoring.restore(after(0))
        assert [f.path for f in restored.plan.clashes] == ["README.md"]
        await session.restoring.restore(after(0), take=True)
        assert not (bench.root / "README.md").is_symlink()
        assert bench.read("README.md") == "# Calc\n" and outside.read_text() == "not ours\n"
        await session.undo()
        assert (bench.root / "README.md").readlink() == outside
        await session.close()

    run(story())


def test_commits_stay_and_are_named(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        await session.commit("Swap")
        commit = bench.git("rev-parse", "HEAD").strip()
        plan = await session.restoring.preview(after(0))
        assert plan.commits == (commit,)
        await session.restoring.restore(after(0))
        assert bench.git("rev-parse", "HEAD").strip() == commit
        assert bench.git("status", "--porcelain").splitlines()[0] == " M README.md"
        await session.close()

    run(story())


def test_a_reshaped_hunk_is_whole_again(bench: Bench, run: Run) -> None:
    async def story() -> None:
        reply = FIRST.replace("+    return b + a\n", "+    c = b\n+    return c + a\n")
        session, _ = await bench.open([(*patch(reply), *done())])
        await session.run("swap")
        await session.keep_lines(ADD, [1])
        parts = session.state.hunks[ADD].parts
        await session.decide(parts[:1], Decision.ACCEPTED)
        changed, stand = tree(bench), statuses(session)
        await session.restoring.restore(after(0))
        assert session.state.hunks[ADD].status == "placed" and not session.state.hunks[ADD].parts
        assert session.state.standing([ADD]) == [ADD]
        await session.undo()
        assert (tree(bench), statuses(session)) == (changed, stand)
        assert session.state.hunks[ADD].parts == parts
        await session.close()

    run(story())
