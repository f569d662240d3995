"""A commit of ours is taken back with its files, later edits stay, and it comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from spark_tui.errors import DiskFault, UsageFault
from spark_tui.model.scripted import done, patch
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import Decision
from spark_tui.session.session import CommitDone, Session
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.hunks import ADD, BOTH, H1, H2, SUB, v4a

Run = Callable[[Awaitable[None]], None]
REPLY = v4a(ADD, SUB)


async def committed(bench: Bench, *, subject: str = "Swap") -> tuple[Session, str]:
    session, _ = await bench.open([[*patch(REPLY), *done()]])
    await session.run("swap calc.py")
    await session.decide([H1, H2], Decision.ACCEPTED)
    made = await session.commit(subject)
    assert isinstance(made, CommitDone), made
    return session, made.commit


def index(bench: Bench) -> list[str]:
    """Entries and flags, without what the file system adds."""
    times = ("  ctime", "  mtime", "  dev", "  uid", "  size")
    lines = bench.git("ls-files", "-s", "-v", "--debug").splitlines()
    return [line for line in lines if not line.startswith(times)]


def head(bench: Bench) -> str:
    return bench.git("rev-parse", "HEAD").strip()


def statuses(session: Session) -> dict[str, Status]:
    return {h.id: h.status for h in session.state.hunks.values()}


def test_a_commit_goes_with_its_changes_and_comes_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        before, first = index(bench), head(bench)
        session, oid = await committed(bench)
        after = index(bench)
        acted = await session.undoing.undo_commit()
        assert acted.done and acted.paths == ("calc.py",), acted
        assert (head(bench), index(bench), bench.read("calc.py")) == (first, before, CALC)
        assert bench.git("status", "--porcelain") == ""
        assert statuses(session) == {H1: Status.PLACED, H2: Status.PLACED}
        assert not session.state.commits and session.state.hunks[H1].committed == ""
        last = session.state.operations[-1]
        assert (last.kind, last.commit, last.paths) == ("drop-commit", oid, ("calc.py",))
        assert last.checkpoint and last.hunks == (H1, H2)

        back = await session.redo()
        assert back.done and back.message == f"Commit {oid[:9]} is back."
        assert (head(bench), index(bench), bench.read("calc.py")) == (oid, after, BOTH)
        assert statuses(session) == {H1: Status.ACCEPTED, H2: Status.ACCEPTED}
        assert session.state.hunks[H1].committed == oid
        assert [c.commit for c in session.state.commits] == [oid]
        assert not (await session.redo()).done

        assert (await session.undoing.undo_commit()).done and bench.read("calc.py") == CALC
        assert (await session.undo()).done, "u brings it back as well"
        assert (head(bench), bench.read("calc.py")) == (oid, BOTH)
        await session.close()

    run(story())


def test_the_same_by_another_process(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, oid = await committed(bench)
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert (await session.undoing.undo_commit(oid[:7])).done
        await session.close()
        assert bench.read("calc.py") == CALC
        session, _ = await bench.open(fresh=False)
        assert (await session.redo()).done
        assert (head(bench), bench.read("calc.py")) == (oid, BOTH)
        await session.close()

    run(story())


def test_only_the_commit_its_changes_stay(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, oid = await committed(bench)
        acted = await session.undoing.undo_commit(keep=True)
        assert acted.done and bench.read("calc.py") == BOTH
        assert bench.git("status", "--porcelain") == " M calc.py\n"
        assert [f.hunks for f in session.commit_preview()] == [(H1, H2)]
        assert session.state.operations[-1].checkpoint == ""
        assert (await session.redo()).done and head(bench) == oid
        assert (await session.undoing.undo_commit(keep=True)).done
        again = await session.commit("Swap both")
        assert isinstance(again, CommitDone) and bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())


def test_later_edits_of_the_person_stay(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await committed(bench)
        bench.write("calc.py", f"# mine\n\n\n{BOTH}")
        bench.write("README.md", "# mine too\n")
        bench.git("add", "README.md")
        acted = await session.undoing.undo_commit()
        assert acted.done and bench.read("calc.py") == f"# mine\n\n\n{CALC}"
        assert bench.git("status", "--porcelain").splitlines() == ["M  README.md", " M calc.py"]
        await session.redo()
        assert bench.read("calc.py") == f"# mine\n\n\n{BOTH}"
        await session.close()

    run(story())


def test_what_a_later_edit_holds_becomes_a_hunk(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await committed(bench)
        mine = BOTH.replace("return b + a", "return b + a + 0")
        bench.write("calc.py", mine)
        acted = await session.undoing.undo_commit()
        assert acted.done and acted.hunks == (H2,) and len(acted.proposals) == 1
        assert bench.read("calc.py") == mine.replace("-b + a", "a - b")
        (new,) = acted.proposals
        hunk = session.state.hunk(new)
        assert (hunk.status, hunk.turn, hunk.undoes) == (Status.PLACED, 1, H1)
        assert hunk.risk == f"undo of {H1}: your later edit of these lines would go"
        assert statuses(session)[H1] is Status.ACCEPTED
        assert (await session.decide([new], Decision.ACCEPTED)).written == (new,)
        assert bench.read("calc.py") == CALC and statuses(session)[H1] is Status.UNDONE
        assert not session.commit_preview() or session.commit_preview()[0].hunks == (new,)
        await session.close()

    run(story())


def test_the_rest_can_be_committed_after_that(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await committed(bench)
        bench.write("calc.py", BOTH.replace("return b + a", "return b + a + 0"))
        (new,) = (await session.undoing.undo_commit()).proposals
        await session.decide([new], Decision.ACCEPTED)
        await session.decide([H2], Decision.ACCEPTED)
        made = await session.commit("Only the second")
        assert isinstance(made, CommitDone), made
        assert bench.git("show", "HEAD:calc.py") == bench.read("calc.py")
        assert bench.read("calc.py") == CALC.replace("a - b", "-b + a")
        assert bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())


def test_a_pushed_commit_is_answered_by_another(bench: Bench, run: Run) -> None:
    async def story() -> None:
        hook = bench.root / ".git/hooks/pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 0\n")
        hook.chmod(0o755)
        session, oid = await committed(bench)
        bench.git("update-ref", "refs/remotes/origin/main", oid)
        acted = await session.undoing.undo_commit()
        assert not acted.done and acted.code == "pushed"
        assert acted.message == f"Commit {oid[:9]} stays: it is on origin/main."
        assert "--revert" in acted.hint and head(bench) == oid
        bench.write("README.md", "# mine\n")
        acted = await session.undoing.undo_commit(revert=True)
        assert acted.done and bench.read("calc.py") == CALC
        assert bench.git("rev-parse", "HEAD^").strip() == oid
        assert bench.git("diff", "HEAD^^", "HEAD") == ""
        assert bench.git("status", "--porcelain") == " M README.md\n"
        words = bench.git("log", "-1", "--format=%B")
        assert words.startswith(f'Revert "Swap"\n\nThis reverts commit {oid}.\n')
        last = session.state.operations[-1]
        assert (last.kind, last.commit) == ("revert-commit", oid) and last.checkpoint
        assert last.note == "hooks ran: pre-commit" and "Hooks ran: pre-commit." in acted.message
        assert statuses(session) == {H1: Status.PLACED, H2: Status.PLACED}
        assert (await session.redo()).done
        assert (head(bench), bench.read("calc.py")) == (oid, BOTH)
        assert bench.git("status", "--porcelain") == " M README.md\n"
        await session.close()

    run(story())


def test_a_revert_that_is_pushed_too_stays(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, oid = await committed(bench)
        await session.undoing.undo_commit(revert=True)
        bench.git("update-ref", "refs/remotes/origin/main", "HEAD")
        tip = head(bench)
        acted = await session.redo()
        assert (
            not acted.done and "it is on origin/main" in acted.message and oid[:9] in acted.message
        )
        assert (head(bench), bench.read("calc.py")) == (tip, CALC)
        await session.close()

    run(story())


def test_a_revert_that_conflicts_commits_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await committed(bench)
        bench.write("calc.py", BOTH.replace("return b + a", "return 0"))
        bench.git("commit", "-qam", "mine")
        tip, ops = head(bench), len(session.state.operations)
        acted = await session.undoing.undo_commit(revert=True)
        assert not acted.done and acted.code == "conflict" and "calc.py" in acted.message
        assert head(bench) == tip and len(session.state.operations) == ops
        assert bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())


def test_a_hook_that_refuses_the_revert_loses_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, oid = await committed(bench)
        hook = bench.root / ".git/hooks/commit-msg"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
        hook.chmod(0o755)
        acted = await session.undoing.undo_commit(revert=True)
        assert not acted.done and acted.code == "hook" and "not today" in acted.output
        assert (head(bench), bench.read("calc.py")) == (oid, BOTH)
        assert session.state.uncommit_begun is None
        await session.close()

    run(story())


def test_head_that_moved_keeps_a_dropped_commit_away(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await committed(bench)
        await session.undoing.undo_commit()
        bench.git("commit", "-q", "--allow-empty", "-m", "mine")
        tip = head(bench)
        acted = await session.redo()
        assert not acted.done and "HEAD is no longer where it was" in acted.message
        assert (head(bench), bench.read("calc.py")) == (tip, CALC)
        assert (await session.undo()).done, "u still puts the hunks back"
        assert bench.read("calc.py") == BOTH and head(bench) == tip
        await session.close()

    run(story())


def test_files_that_no_longer_fit_keep_it_away(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await committed(bench)
        await session.undoing.undo_commit()
        mine = CALC.replace("a + b", "mine")
        bench.write("calc.py", mine)
        tip = head(bench)
        acted = await session.redo()
        assert not acted.done and acted.code == "conflict" and H1 in acted.message
        assert (head(bench), bench.read("calc.py")) == (tip, mine)
        await session.close()

    run(story())


@pytest.mark.parametrize("where", [(Worktree, "write_all"), (CheckpointStore, "save")])
def test_a_full_disk_takes_nothing_away(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch, where: tuple[type, str]
) -> None:
    """The files cannot follow, or no checkpoint can be made: the commit stays on its branch."""

    async def story() -> None:
        session, oid = await committed(bench)
        before = index(bench)

        def full(*_: object, **__: object) -> None:
            raise DiskFault("Disk full.")

        with monkeypatch.context() as patched:
            patched.setattr(*where, full)
            with pytest.raises(DiskFault):
                await session.undoing.undo_commit()
        assert (head(bench), index(bench), bench.read("calc.py")) == (oid, before, BOTH)
        assert session.state.hunks[H1].committed == oid and session.state.uncommit_begun is None
        assert (await session.undoing.undo_commit()).done and bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_the_newest_thing_is_what_is_meant(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(REPLY), *done()]])
        await session.run("swap calc.py")
        await session.decide([H1], Decision.ACCEPTED)
        assert not session.undoing.is_about_commit
        await session.commit("One")
        assert session.undoing.is_about_commit
        seen = await session.undoing.preview_newest()
        assert seen.about == "commit"
        await session.decide([H2], Decision.ACCEPTED)
        seen = await session.undoing.preview_newest()
        assert (seen.about, seen.turn, [f.hunks for f in seen.files]) == ("turn", 1, [(H2,)])
        await session.undo()
        assert session.undoing.is_about_commit
        await session.close()

    run(story())


def test_two_commits_go_and_come_back_one_by_one(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(REPLY), *done()]])
        await session.run("swap calc.py")
        heads, texts = [head(bench)], [bench.read("calc.py")]
        for hunk in (H1, H2):
            await session.decide([hunk], Decision.ACCEPTED)
            await session.commit(str(hunk))
            heads.append(head(bench))
            texts.append(bench.read("calc.py"))
        for n in (1, 0):
            assert (await session.undoing.undo_commit()).done
            assert (head(bench), bench.read("calc.py")) == (heads[n], texts[n])
        for n in (1, 2):
            assert (await session.redo()).done
            assert (head(bench), bench.read("calc.py")) == (heads[n], texts[n])
        assert not (await session.redo()).done
        await session.close()

    run(story())


def test_which_commit_is_meant(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, oid = await committed(bench)
        with pytest.raises(UsageFault, match="made no commit 123"):
            await session.undoing.undo_commit("123")
        assert (await session.undoing.undo_commit(oid)).done
        with pytest.raises(UsageFault, match="no commit that still stands"):
            await session.undoing.undo_commit()
        assert [type(e) for e in bench.events if isinstance(e, ev.CommitUndone)]
        await session.close()

    run(story())


def test_u_names_the_way_to_a_committed_hunk(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, oid = await committed(bench)
        acted = await session.undo()
        assert not acted.done
        assert f"in commit {oid[:9]} (U, or undo --commit, takes that back)" in acted.message
        assert session.undoing.is_about_commit
        await session.close()

    run(story())


def test_the_preview_names_what_would_happen(bench: Bench, run: Run) -> None:
    async def story() -> None:
        hook = bench.root / ".git/hooks/pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 0\n")
        hook.chmod(0o755)
        session, oid = await committed(bench)
        bench.write("calc.py", BOTH.replace("return b + a", "return b + a + 0"))
        seen = await session.undoing.preview(commit="")
        assert seen.commit is not None and (seen.commit.commit, seen.commit.how) == (oid, "drop")
        (file,) = seen.files
        assert (file.path, file.change, file.added, file.removed) == ("calc.py", "update", 1, 1)
        assert file.is_merged and file.hunks == (H2,)
        assert [hid for hid, _ in seen.stuck] == [H1]
        assert any("pre-commit" in s for s in seen.stays), seen.stays
        bench.git("tag", "v1")
        seen = await session.undoing.preview(commit=oid[:8])
        assert seen.commit is not None
        assert (seen.commit.how, seen.commit.why) == ("revert", "the tag v1 holds it")
        assert head(bench) == oid and session.state.hunks[H2].status is Status.ACCEPTED
        await session.close()

    run(story())
