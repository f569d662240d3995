"""Repositories that are not plain: filters, line ends, sparse trees, submodules, odd names, merges.

The rule kept here: each state is right or refused by name with git's own command, and showing it
runs nothing.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Awaitable, Callable

from spark_tui.session.changing import Act, ChangePage, FileChange, Pick
from spark_tui.session.session import Session
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]


def named(page: ChangePage, path: str) -> FileChange:
    return next(file for file in page.files if file.path == path)


async def act(session: Session, act: Act, path: str, *numbers: int) -> str:
    page = await session.staging.page("staged" if act == "unstage" else "worktree")
    file = named(page, path)
    wanted = frozenset(numbers or (hunk.number for hunk in file.hunks))
    return (await session.staging.act(act, [Pick(file, wanted)])).message


def output(bench: Bench, *args: str) -> bytes:
    """What git says, in bytes."""
    done = subprocess.run(
        ["git", *args], cwd=bench.root, env=bench.environ, capture_output=True, check=True
    )
    return done.stdout


def staged(bench: Bench, path: str) -> bytes:
    return output(bench, "cat-file", "blob", f":{path}")


def numbered(*changed: int, end: str = "\n") -> bytes:
    lines = [f"{'new' if n in changed else 'line'} {n}{end}" for n in range(1, 41)]
    return "".join(lines).encode()


def test_a_filter_runs_by_an_act_and_never_by_a_look(bench: Bench, run: Run) -> None:
    async def story() -> None:
        ran = bench.root.parent / "ran"
        bench.write(".gitattributes", "*.up filter=up\n")
        bench.git("config", "filter.up.clean", f"touch '{ran}'; tr a-z A-Z")
        bench.write("a.up", "abc\n")
        bench.git("add", "-A")
        bench.git("commit", "-qm", "Filtered")
        ran.unlink()
        bench.write("a.up", "abc\nlonger\n")
        session, _ = await bench.open()
        file = named(await session.staging.page("worktree"), "a.up")
        assert file.note == "filter up: whole file only, as it is on the disk"
        assert [hunk.kind for hunk in file.hunks] == ["whole"]
        assert not ran.exists()
        assert (await act(session, "discard", "a.up")).endswith("git restore -- a.up")
        assert not ran.exists()
        assert "staged 1 hunk" in await act(session, "stage", "a.up")
        assert ran.exists()
        assert staged(bench, "a.up") == b"ABC\nLONGER\n"
        ran.unlink()
        assert (await session.staging.undo()).done
        assert staged(bench, "a.up") == b"ABC\n"
        assert not ran.exists()
        await session.close()

    run(story())


def test_crlf_on_the_disk_and_lf_in_the_index(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.git("config", "core.autocrlf", "true")
        bench.write("a.txt", numbered(end="\r\n"))
        bench.write("b.txt", numbered(end="\r\n"))
        bench.git("add", "-A")
        bench.git("commit", "-qm", "Ends")
        bench.write("b.txt", numbered(end="\n"))  # only the ends: no change for git
        bench.write("a.txt", numbered(3, 30, end="\r\n"))
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        assert [file.path for file in page.files] == ["a.txt"]
        assert [(h.added, h.removed) for h in page.files[0].hunks] == [(1, 1), (1, 1)]
        await act(session, "stage", "a.txt", 1)
        assert staged(bench, "a.txt") == numbered(3)
        await act(session, "discard", "a.txt", 1)
        assert (bench.root / "a.txt").read_bytes() == numbered(3, end="\r\n")
        assert bench.git("diff", "--stat") == ""
        (bench.root / "a.txt").unlink()
        await act(session, "discard", "a.txt")
        assert (bench.root / "a.txt").read_bytes() == numbered(3, end="\r\n")
        bench.git("config", "core.safecrlf", "true")
        bench.write("a.txt", numbered(3, 9, end="\n"))
        assert "core.safecrlf forbids" in await act(session, "stage", "a.txt")
        await session.close()

    run(story())


def test_other_ends_are_another_line_where_git_says_so(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("a.txt", b"one\ntwo\nthree\n")
        bench.git("add", "-A")
        bench.git("commit", "-qm", "Ends")
        bench.write("a.txt", b"one\r\ntwo\nthree\r")
        session, _ = await bench.open()
        file = named(await session.staging.page("worktree"), "a.txt")
        texts = [(row.sign, row.text) for row in file.hunks[0].rows]
        assert texts == [
            ("-", "one"), ("+", "one\r"), (" ", "two"), ("-", "three"), ("+", "three\r"),
            ("\\", "No newline at end of file"),
        ]  # fmt: skip
        await act(session, "stage", "a.txt")
        assert staged(bench, "a.txt") == b"one\r\ntwo\nthree\r"
        await session.close()

    run(story())


def test_sparse_and_submodule(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("in/a.txt", "a\n")
        bench.write("out/b.txt", "b\n")
        bench.git("add", "-A")
        bench.git("commit", "-qm", "Two")
        bench.git("init", "-q", "inner")
        bench.write("inner/x", "x\n")
        bench.git("-C", "inner", "add", "x")
        bench.git(
            "-C", "inner", "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "X"
        )
        bench.git("-c", "advice.addEmbeddedRepo=false", "add", "inner")
        bench.git("sparse-checkout", "set", "--no-cone", "in", "inner", "*.py")
        index = bench.git("ls-files", "-s", "-v")
        assert not (bench.root / "out").exists()
        bench.write("in/a.txt", "A\n")
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        assert [file.path for file in page.files] == ["in/a.txt"]
        file = named(await session.staging.page("staged"), "inner")
        assert (file.change, file.hunks) == ("submodule", ())
        refused = await session.staging.act("unstage", [Pick(file, frozenset())])
        assert "git reset -- inner" in refused.message
        await act(session, "stage", "in/a.txt")
        await session.staging.undo()
        assert bench.git("ls-files", "-s", "-v") == index
        await session.close()

    run(story())


def test_names_of_any_bytes(bench: Bench, run: Run) -> None:
    async def story() -> None:
        names = ["-rf", "new\nline", "tab\t", 'quo"te', ":(glob)*", "\udcff\udcfe", "é", "back\\s"]
        for name in names:
            bench.write(name, "one\n")
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        assert sorted(file.path for file in page.files) == sorted(names)
        picks = [Pick(file, frozenset((1,))) for file in page.files]
        assert (await session.staging.act("stage", picks)).done
        listed = output(bench, "ls-files", "-z").decode("utf-8", "surrogateescape").split("\0")
        assert set(names) <= set(listed)
        staged_page = await session.staging.page("staged")
        assert sorted(file.path for file in staged_page.files) == sorted(names)
        await session.staging.undo()
        page = await session.staging.page("worktree")
        picks = [Pick(file, frozenset((1,))) for file in page.files]
        assert (await session.staging.act("discard", picks)).done
        assert sorted(p.name for p in bench.root.iterdir()) == [".git", "README.md", "calc.py"]
        await session.staging.undo()
        assert all((bench.root / name).read_text() == "one\n" for name in names)
        await session.close()

    run(story())


def test_a_folder_in_place_of_a_file(bench: Bench, run: Run) -> None:
    """git would drop the one entry to make room for the other: never unseen."""

    async def story() -> None:
        bench.write("a", "file\n")
        bench.git("add", "-A")
        bench.git("commit", "-qm", "A file")
        (bench.root / "a").unlink()
        bench.write("a/b", "in a folder\n")
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        assert {f.path: f.change for f in page.files} == {"a": "delete", "a/b": "add"}
        assert "cannot be staged while the index has a" in await act(session, "stage", "a/b")
        picks = [Pick(file, frozenset((1,))) for file in page.files]
        assert (await session.staging.act("stage", picks)).done
        assert bench.git("status", "--porcelain").split("\n")[:-1] == ["D  a", "A  a/b"]
        await session.staging.undo()
        assert bench.git("ls-files") == "README.md\na\ncalc.py\n"
        await session.close()

    run(story())


def test_unborn_detached_and_linked(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.git("checkout", "-q", "--orphan", "fresh")
        session, _ = await bench.open()
        page = await session.staging.page("staged")
        assert {f.change for f in page.files} == {"add"}
        assert (await session.staging.page("branch")).files == ()
        assert "unstaged 1 hunk" in await act(session, "unstage", "calc.py")
        assert bench.git("ls-files") == "README.md\n"
        await session.close()
        bench.git("checkout", "-qf", "--detach", "main")
        bench.write("calc.py", "1\n")
        bench.git("commit", "-qam", "Detached")
        session, _ = await bench.open()
        page = await session.staging.page("branch")
        assert (page.base, [f.path for f in page.files]) == ("main", ["calc.py"])
        await session.close()

    run(story())


def test_many_files_and_a_large_one(bench: Bench, run: Run) -> None:
    async def story() -> None:
        for number in range(310):
            bench.write(f"many/{number:03}", "x\n")
        bench.write("0large", b"x\n" * 600_000)
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        assert (len(page.files), page.more) == (300, 11)
        large = named(page, "0large")
        assert (large.note, [h.kind for h in large.hunks]) == ("too large to show", ["whole"])
        await act(session, "stage", "0large")
        assert len(staged(bench, "0large")) == 1_200_000
        await session.staging.undo()
        picks = [Pick(file, frozenset((1,))) for file in page.files]
        acted = await session.staging.act("stage", picks)
        assert acted.message == "staged 300 hunks of 300 files (u takes it back)"
        await session.close()

    run(story())


def test_a_link_in_place_of_a_file_and_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        (bench.root / "calc.py").unlink()
        (bench.root / "calc.py").symlink_to("README.md")
        session, _ = await bench.open()
        file = named(await session.staging.page("worktree"), "calc.py")
        assert (file.change, file.hunks[0].kind) == ("type", "whole")
        await act(session, "stage", "calc.py")
        assert bench.git("ls-files", "-s", "calc.py").startswith("120000")
        assert staged(bench, "calc.py") == b"README.md"
        await act(session, "unstage", "calc.py")
        await act(session, "discard", "calc.py")
        assert bench.git("status", "--porcelain") == ""
        assert bench.read("calc.py").startswith("def add")
        await session.staging.undo()
        assert (bench.root / "calc.py").readlink().name == "README.md"
        assert bench.read("README.md") == "# Calc\n"
        await session.close()

    run(story())


def test_bits_that_git_was_told_not_to_see(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.git("config", "core.filemode", "false")
        (bench.root / "calc.py").chmod(0o755)
        bench.write("calc.py", "1\n")
        bench.write("new.sh", "#!/bin/sh\n")
        (bench.root / "new.sh").chmod(0o755)
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        assert [(f.path, [h.kind for h in f.hunks]) for f in page.files] == [
            ("calc.py", ["lines"]), ("new.sh", ["whole"])
        ]  # fmt: skip
        picks = [Pick(file, frozenset((1,))) for file in page.files]
        assert (await session.staging.act("stage", picks)).done
        assert {line[:6] for line in bench.git("ls-files", "-s").splitlines()} == {"100644"}
        await session.close()

    run(story())


def test_a_merge_in_progress(bench: Bench, run: Run) -> None:
    """The paths that are fought over are refused by name, others are staged, stages stay."""

    async def story() -> None:
        bench.git("checkout", "-q", "-b", "other")
        bench.write("calc.py", "other\n")
        bench.git("commit", "-qam", "Other")
        bench.git("checkout", "-q", "main")
        bench.write("calc.py", "main\n")
        bench.git("commit", "-qam", "Main")
        with contextlib.suppress(subprocess.CalledProcessError):
            bench.git("merge", "-q", "other")
        bench.write("README.md", "# Mine\n")
        stages = bench.git("ls-files", "-u")
        assert stages
        session, _ = await bench.open()
        assert session.state.operation == "merge"
        assert "resolve them, then git add -- calc.py" in await act(session, "stage", "calc.py")
        assert "staged 1 hunk of README.md" in await act(session, "stage", "README.md")
        assert "unstaged 1 hunk of README.md" in await act(session, "unstage", "README.md")
        assert bench.git("ls-files", "-u") == stages
        await session.close()

    run(story())


def test_shallow_and_partial_fetch_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("calc.py", "2\n")
        bench.git("commit", "-qam", "Second")
        bench.git("config", "uploadpack.allowFilter", "true")
        copy = Bench(bench.root.parent / "copy", bench.environ)
        url = f"file://{bench.root}"
        bench.git("clone", "-q", "--depth=1", "--filter=blob:none", "--no-checkout", url,
                  str(copy.root))  # fmt: skip
        session, _ = await copy.open()
        before = copy.git("count-objects", "-v")
        page = await session.staging.page("staged")
        shown = {(file.change, file.note) for file in page.files}
        assert shown == {("delete", "too large to show, or not fetched")}
        assert copy.git("count-objects", "-v") == before
        assert (await session.staging.page("branch")).files == ()
        await session.close()

    run(story())
