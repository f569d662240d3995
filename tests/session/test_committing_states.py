"""Commits of a part in every kind of repository: HEAD plus the choice, the rest as it was."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from spark_tui.model.scripted import done, patch
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import Choice, CommitDone
from tests.support.bench import CALC, Bench
from tests.support.killed import TEXT

KINDS = ("unborn", "detached", "linked", "sha256", "split", "sparse")


def made(bench: Bench, tmp_path: Path, kind: str) -> Bench:
    """The same two files, and a third that is staged, in a repository of this kind."""
    match kind:
        case "unborn" | "sha256":
            other = replace(bench, root=tmp_path / "other")
            other.root.mkdir()
            more = ("--object-format=sha256",) if kind == "sha256" else ()
            other.git("init", "-q", "-b", "main", *more)
            other.git("config", "user.name", "Ada")
            other.git("config", "user.email", "ada@example.org")
            for path in ("calc.py", "README.md"):
                other.write(path, bench.read(path))
            if kind == "sha256":
                other.git("add", "-A")
                other.git("commit", "-q", "-m", "Start")
            bench = other
        case "detached":
            bench.git("checkout", "-q", "--detach")
        case "linked":
            bench.git("worktree", "add", "-q", str(tmp_path / "linked"))
            bench = replace(bench, root=tmp_path / "linked")
        case "split":
            bench.git("config", "core.splitIndex", "true")
            bench.git("update-index", "--split-index")
        case _:
            bench.write("away/gone.txt", "kept\n")
            bench.git("add", "-A")
            bench.git("commit", "-q", "-m", "Away")
            bench.git("sparse-checkout", "set", "--cone", "--sparse-index")
            assert not (bench.root / "away").exists()
    bench.write("mine.txt", "staged\n")
    bench.git("add", "mine.txt")
    return bench


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_and_then_the_rest(bench: Bench, tmp_path: Path, kind: str) -> None:
    bench = made(bench, tmp_path, kind)
    first, second = HunkId("t1h1"), HunkId("t1h2")

    async def story() -> None:
        session, _ = await bench.open([[*patch(TEXT), *done()]])
        await session.run("change calc.py and README.md")
        await session.decide([first, second], Decision.ACCEPTED)
        assert isinstance(await session.commit("First", Choice((first,))), CommitDone)
        rest = "?? README.md" if kind == "unborn" else " M README.md"
        assert sorted(bench.git("status", "--porcelain").splitlines()) == sorted(
            [rest, "A  mine.txt"]
        )
        assert isinstance(await session.commit("Second", Choice((second,))), CommitDone)
        await session.close()
        again, _ = await bench.open(fresh=False)
        assert [c.subject for c in again.state.commits] == ["First", "Second"]
        await again.close()

    asyncio.run(story())
    assert bench.git("status", "--porcelain") == "A  mine.txt\n"
    assert bench.git("show", "HEAD:calc.py") == CALC.replace("a - b", "-b + a")
    assert bench.git("show", "HEAD:README.md") == "# Sums\n"
    assert bench.git("log", "--format=%s").split()[:2] == ["Second", "First"]
    bench.git("fsck", "--strict")
    if kind == "sparse":
        assert bench.git("show", "HEAD:away/gone.txt") == "kept\n"
        assert not (bench.root / "away").exists()
