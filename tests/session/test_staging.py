"""The person's own changes through a session: acts, their way back, what is stale or refused."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Awaitable, Callable, Sequence

import pytest

from spark_tui.errors import LockHeld
from spark_tui.repo import staging as index
from spark_tui.session.changing import ChangePage, FileChange, Pick
from spark_tui.session.session import Session
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

TEN = "".join(f"line {n}\n" for n in range(1, 41))


def with_lines(*changed: int) -> str:
    """Forty lines, some of them other ones, far apart from each other."""
    return "".join(f"{'new' if n in changed else 'line'} {n}\n" for n in range(1, 41))


def start(bench: Bench) -> None:
    """Three hunks in one file, and one untracked file."""
    bench.write("a.txt", TEN)
    bench.git("add", "-A")
    bench.git("commit", "-qm", "Lines")
    bench.write("a.txt", with_lines(3, 20, 38))
    bench.write("new.txt", "mine\n")


def picked(page: ChangePage, path: str, *numbers: int, lines: Sequence[int] = ()) -> Pick:
    file = named(page, path)
    wanted = frozenset(numbers or (h.number for h in file.hunks))
    return Pick(file, wanted, tuple(lines) or None)


def named(page: ChangePage, path: str) -> FileChange:
    return next(file for file in page.files if file.path == path)


def entries(bench: Bench) -> str:
    return bench.git("ls-files", "-s", "-v")


async def stage(session: Session, path: str, *numbers: int, lines: Sequence[int] = ()) -> None:
    page = await session.staging.page("worktree")
    acted = await session.staging.act("stage", [picked(page, path, *numbers, lines=lines)])
    assert acted.done, acted.message


def test_two_of_three_and_all_the_way_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        start(bench)
        before = entries(bench)
        session, _ = await bench.open()
        work = session.staging
        page = await work.page("worktree")
        assert [(f.path, f.change, len(f.hunks)) for f in page.files] == [
            ("a.txt", "update", 3), ("new.txt", "add", 1)
        ]  # fmt: skip
        assert page.counts == (4, 3)
        acted = await work.act("stage", [picked(page, "a.txt", 1, 3)])
        assert acted.message == "staged 2 hunks of a.txt (u takes it back)"
        assert bench.git("show", ":a.txt") == with_lines(3, 38)
        assert len(named(await work.page("worktree"), "a.txt").hunks) == 1
        staged = await work.page("staged")
        await work.act("unstage", [picked(staged, "a.txt", 1)])
        assert bench.git("show", ":a.txt") == with_lines(38)
        page = await work.page("worktree")
        await work.act("discard", [picked(page, "a.txt", 2)])
        assert bench.read("a.txt") == with_lines(3, 38)
        for word in ("discard", "unstage", "stage"):
            assert (await work.undo()).message == f"The {word} of a.txt is taken back."
        assert not (await work.undo()).done
        assert (entries(bench), bench.read("a.txt")) == (before, with_lines(3, 20, 38))
        for _ in range(3):
            assert (await work.redo()).done
        assert not (await work.redo()).done
        assert bench.git("show", ":a.txt") == with_lines(38)
        assert bench.read("a.txt") == with_lines(3, 38)
        kinds = [o.kind for o in session.state.operations]
        assert kinds == ["stage", "unstage", "discard", *["undo"] * 3, *["redo"] * 3]
        assert [o.takes_back for o in session.state.operations] == [0, 0, 0, 3, 2, 1, 1, 2, 3]
        await session.close()

    run(story())


def test_the_way_back_survives_a_restart_and_gc(bench: Bench, run: Run) -> None:
    async def story() -> None:
        start(bench)
        bench.write("a.txt", with_lines(5))
        bench.git("add", "a.txt")  # a blob that only the index knows
        bench.write("a.txt", with_lines(5, 20))
        before = entries(bench)
        session, _ = await bench.open()
        await stage(session, "a.txt")
        after = entries(bench)
        await session.close()
        bench.git("gc", "-q", "--prune=now")
        session, _ = await bench.open(fresh=False)
        assert (await session.staging.undo()).done
        assert entries(bench) == before
        assert bench.git("show", ":a.txt") == with_lines(5)
        bench.git("gc", "-q", "--prune=now")
        assert (await session.staging.redo()).done
        assert entries(bench) == after
        assert bench.git("show", ":a.txt") == with_lines(5, 20)
        await session.close()

    run(story())


def test_lines_and_parts(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("a.txt", "one\ntwo\nthree\nfour\n")
        bench.git("add", "-A")
        bench.write("a.txt", "ONE\ntwo\nTHREE\nfour\nfive")
        session, _ = await bench.open()
        work = session.staging
        page = await work.page("worktree")
        file = named(page, "a.txt")
        assert len(file.hunks) == 1
        cut = work.split(file, 1)
        assert [(h.removed, h.added) for h in cut.hunks] == [(1, 1), (1, 1), (0, 1)]
        await work.act("stage", [Pick(cut, frozenset({2}))])
        assert bench.git("show", ":a.txt") == "one\ntwo\nTHREE\nfour\n"
        # -one +ONE +five: only the last line, which has no newline.
        await stage(session, "a.txt", 1, lines=[2])
        assert bench.git("show", ":a.txt") == "one\ntwo\nTHREE\nfour\nfive"
        page = await work.page("worktree")
        acted = await work.act("discard", [picked(page, "a.txt", 1, lines=[1])])
        assert acted.message.startswith("discarded 1 line of a.txt")
        assert bench.read("a.txt") == "two\nTHREE\nfour\nfive"
        await session.close()

    run(story())


def test_untracked_deleted_link_and_mode(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("run.sh", "#!/bin/sh\n")
        (bench.root / "link").symlink_to("calc.py")
        bench.git("add", "-A")
        bench.git("commit", "-qm", "More")
        (bench.root / "run.sh").chmod(0o755)
        (bench.root / "link").unlink()
        (bench.root / "link").symlink_to("README.md")
        (bench.root / "README.md").unlink()
        bench.write("deep/new.bin", b"\0\1\2")
        session, _ = await bench.open()
        work = session.staging
        page = await work.page("worktree")
        shown = {f.path: (f.change, f.hunks[0].kind) for f in page.files}
        assert shown == {
            "README.md": ("delete", "whole"), "deep/new.bin": ("add", "whole"),
            "link": ("update", "whole"), "run.sh": ("mode", "mode"),
        }  # fmt: skip
        everything = [picked(page, f.path) for f in page.files]
        await work.act("stage", everything)
        assert bench.git("status", "--porcelain").split("\n")[:-1] == [
            "D  README.md", "A  deep/new.bin", "M  link", "M  run.sh"
        ]  # fmt: skip
        await work.undo()
        assert bench.git("diff", "--cached") == ""
        page = await work.page("worktree")
        await work.act("discard", [picked(page, f.path) for f in page.files])
        assert bench.git("status", "--porcelain") == ""
        assert not (bench.root / "deep").exists()
        assert (bench.root / "link").readlink().name == "calc.py"
        assert (await work.undo()).done
        assert bench.git("status", "--porcelain").split("\n")[:-1] == [
            " D README.md", " M link", " M run.sh", "?? deep/"
        ]  # fmt: skip
        assert (bench.root / "deep/new.bin").read_bytes() == b"\0\1\2"
        assert (bench.root / "run.sh").stat().st_mode & 0o777 == 0o755
        await session.close()

    run(story())


def test_what_changed_since_is_found_again_or_refused(bench: Bench, run: Run) -> None:
    async def story() -> None:
        start(bench)
        session, _ = await bench.open()
        work = session.staging
        page = await work.page("worktree")
        # Elsewhere in the file and in the index: the lines are found again.
        bench.write("a.txt", "first\n" + with_lines(3, 20, 38))
        assert (await work.act("stage", [picked(page, "a.txt", 2)])).done
        assert bench.git("show", ":a.txt") == with_lines(20)
        assert (await work.act("stage", [picked(page, "a.txt", 3)])).done
        assert bench.git("show", ":a.txt") == with_lines(20, 38)
        # On the very lines: refused, in the index as in the file.
        bench.write("a.txt", with_lines(20, 38).replace("line 3\n", "other 3\n"))
        acted = await work.act("stage", [picked(page, "a.txt", 1)])
        assert acted.message == "a.txt changed since it was shown: look again"
        acted = await work.act("discard", [picked(page, "a.txt", 1)])
        assert "look again" in acted.message
        assert bench.git("show", ":a.txt") == with_lines(20, 38)
        assert "other 3" in bench.read("a.txt")
        await session.close()

    run(story())


def test_later_work_stays_when_an_act_is_taken_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        start(bench)
        session, _ = await bench.open()
        work = session.staging
        await stage(session, "a.txt", 1)
        bench.write("a.txt", with_lines(3, 38))
        bench.git("add", "a.txt")
        assert (await work.undo()).done
        assert bench.git("show", ":a.txt") == with_lines(38)
        page = await work.page("worktree")
        await work.act("discard", [picked(page, "a.txt", 1)])
        assert bench.read("a.txt") == with_lines(38)
        bench.write("a.txt", with_lines(20, 38))
        await work.undo()
        assert bench.read("a.txt") == with_lines(3, 20, 38)
        await stage(session, "a.txt", 1)
        bench.write("a.txt", TEN.replace("line 3\n", "mine 3\n"))
        bench.git("add", "a.txt")
        acted = await work.undo()
        assert acted.message == "a.txt was staged anew since on the same lines; it stays"
        assert "mine 3" in bench.git("show", ":a.txt")
        await session.close()

    run(story())


def test_what_was_committed_is_not_unstaged_into_its_opposite(bench: Bench, run: Run) -> None:
    async def story() -> None:
        start(bench)
        session, _ = await bench.open()
        await stage(session, "a.txt", 1)
        bench.write("else.txt", "x\n")
        bench.git("add", "else.txt")
        bench.git("commit", "-qm", "Only that", "--", "else.txt")
        assert (await session.staging.undo()).done, "HEAD moved, a.txt did not"
        await session.staging.redo()
        bench.git("commit", "-qm", "Staged")
        acted = await session.staging.undo()
        assert "HEAD has another a.txt since then" in acted.message
        assert bench.git("diff", "--cached") == ""
        await session.close()

    run(story())


def test_conflicts_flags_and_announced_files_are_named(bench: Bench, run: Run) -> None:
    async def story() -> None:
        start(bench)
        bench.git("stash", "-q")
        bench.write("a.txt", with_lines(3).replace("new", "other"))
        bench.git("commit", "-qam", "Other")
        with contextlib.suppress(subprocess.CalledProcessError):
            bench.git("stash", "pop", "-q")
        bench.write("calc.py", "1\n")
        bench.write("soon.txt", "x\n")
        bench.git("add", "-N", "soon.txt")
        before = bench.git("ls-files", "-s", "-v")
        session, _ = await bench.open()
        work = session.staging
        page = await work.page("worktree")
        fought = named(page, "a.txt")
        assert (fought.change, fought.hunks) == ("conflict", ())
        acted = await work.act("stage", [Pick(fought, frozenset())])
        assert acted.message == "a.txt has conflicts: resolve them, then git add -- a.txt"
        acted = await work.act("stage", [Pick(named(page, "soon.txt"), frozenset())])
        assert "git add -- soon.txt" in acted.message
        assert bench.git("ls-files", "-s", "-v") == before
        assert (await work.act("stage", [picked(page, "calc.py")])).done
        bench.git("update-index", "--skip-worktree", "calc.py")
        staged = await work.page("staged")
        acted = await work.act("unstage", [picked(staged, "calc.py")])
        assert "skip-worktree" in acted.message
        await session.close()

    run(story())


def test_a_lock_is_named_and_stays(bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    start(bench)
    lock = bench.root / ".git/index.lock"
    lock.touch()
    from spark_tui.repo.repository import Repository

    repository = Repository.discover(bench.root, environ=bench.environ)
    assert repository is not None
    ticks = iter(range(100))
    slept: list[float] = []
    with lock.open() as held, pytest.raises(LockHeld) as said:
        index.write(repository, {"a.txt": None}, clock=lambda: next(ticks), sleep=slept.append)
        assert held
    assert "index.lock, 0 s old, held by process" in said.value.message
    assert len(slept) == 2
    assert lock.exists()
    assert "a.txt" in bench.git("ls-files")

    async def story() -> None:
        monkeypatch.setattr(index, "_WAIT_S", 0.0)
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        acted = await session.staging.act("stage", [picked(page, "a.txt")])
        assert "The index is locked" in acted.message
        assert session.state.index_begun is None
        assert not session.state.operations
        await session.close()

    run(story())


def test_without_git_and_for_reading_only(bench: Bench, run: Run) -> None:
    async def story() -> None:
        start(bench)
        session, _ = await bench.open()
        work = session.staging
        page = await work.page("worktree")
        work._may_write = lambda: False
        acted = await work.act("stage", [picked(page, "a.txt")])
        assert "for reading only" in acted.message
        work._repository = lambda: None
        assert (await work.page("worktree")).files == ()
        assert "not a git repository" in (await work.act("discard", [])).message
        assert bench.git("diff", "--cached") == ""
        await session.close()

    run(story())
