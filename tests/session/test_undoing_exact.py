"""Undo gives every byte, mode and folder back, and touches nothing else: index, refs, stash and
settings are the person's; redo gives all of it again. Any history of decisions and commits."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_tui.session.events import Decision
from spark_tui.session.session import CommitDone, Session
from spark_tui.session.state import Status
from tests.support.bench import Bench

Tree = Mapping[str, tuple[bytes, int] | None]
BOM = b"\xef\xbb\xbf"
BODY = b"one\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix\r\nseven\r\n"


def diff(path: str, *lines: str) -> str:
    return "\n".join((f"diff --git a/{path} b/{path}", *lines, ""))


def edit(path: str, *hunks: str) -> str:
    return diff(path, f"--- a/{path}", f"+++ b/{path}", *hunks)


TOP = "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"
LOW = "@@ -5,3 +5,3 @@\n five\n-six\n+6\n seven"
REPLIES = (
    "".join(
        (
            edit("crlf.txt", TOP, LOW),
            edit("bom.txt", TOP),
            edit("last.txt", "@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+2"),
            diff("tool.sh", "old mode 100755", "new mode 100644"),
            diff("new/pkg/run.sh", "new file mode 100755", "--- /dev/null",
                 "+++ b/new/pkg/run.sh", "@@ -0,0 +1 @@", "+hello"),
            diff("gone/only.txt", "deleted file mode 100600", "--- a/gone/only.txt",
                 "+++ /dev/null", "@@ -1 +0,0 @@", "-secret"),
        )
    ),
    "".join(
        (
            edit("bom.txt", LOW),
            edit("tool.sh", "@@ -1,2 +1,2 @@\n #!/bin/sh\n-true\n+false"),
            diff("old/name.txt", "similarity index 90%", "rename from old/name.txt",
                 "rename to box/name.txt"),
        )
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A repository in which everything that undo must leave alone is there."""
    home = tmp_path_factory.mktemp("exact")
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
    }  # fmt: skip
    bench = Bench(home / "repo", environ)
    bench.root.mkdir()
    bench.git("init", "-q", "-b", "main")
    bench.git("config", "user.name", "Ada")
    bench.git("config", "user.email", "ada@example.org")
    bench.write("crlf.txt", BODY)
    bench.write("bom.txt", BOM + BODY.replace(b"\r\n", b"\n"))
    bench.write("last.txt", b"one\ntwo")
    bench.write("tool.sh", b"#!/bin/sh\ntrue\n")
    bench.write("gone/only.txt", b"secret\n")
    bench.write("old/name.txt", b"name\n")
    bench.write("own.txt", b"own\n")
    bench.write("held.txt", b"held\n")
    for path, mode in (("tool.sh", 0o755), ("gone/only.txt", 0o600), ("old/name.txt", 0o640)):
        (bench.root / path).chmod(mode)
    bench.git("add", "-A")
    bench.git("commit", "-qm", "Start")
    bench.write("own.txt", b"stashed\n")
    bench.git("stash", "-q")
    bench.git("tag", "-a", "-m", "x", "v1")
    bench.git("update-ref", "refs/remotes/origin/main", "HEAD")
    bench.write("own.txt", b"staged\n")
    bench.git("add", "own.txt")
    bench.write("own.txt", b"staged, and more\n")
    bench.write("later.txt", b"later\n")
    bench.git("add", "-N", "later.txt")
    bench.write("mine.txt", b"untracked\n")
    (bench.root / "empty").mkdir()
    bench.git("update-index", "--assume-unchanged", "held.txt", "last.txt")
    return bench


def tree(root: Path) -> Tree:
    found: dict[str, tuple[bytes, int] | None] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.split("/")[0] != ".git":
            is_folder = path.is_dir()
            found[name] = (
                None if is_folder else (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
            )
    return found


def theirs(bench: Bench) -> tuple[str, ...]:
    """Index with flags and stages, refs, stash, settings, HEAD."""
    times = ("  ctime", "  mtime", "  dev", "  uid", "  size")
    entries = bench.git("ls-files", "-s", "-v", "--debug").splitlines()
    return (
        "\n".join(line for line in entries if not line.startswith(times)),
        bench.git("for-each-ref"),
        bench.git("stash", "list", "--format=%H"),
        bench.git("config", "--local", "--list"),
        bench.git("rev-parse", "HEAD"),
        bench.git("symbolic-ref", "HEAD"),
    )


ACTS = st.one_of(
    st.tuples(st.just("accept"), st.sets(st.integers(0, 9), min_size=1, max_size=4)),
    st.tuples(st.just("reject"), st.sets(st.integers(0, 9), min_size=1, max_size=2)),
    st.tuples(st.sampled_from(["undo", "redo", "commit"]), st.just(frozenset[int]())),
    st.tuples(st.just("turn"), st.sets(st.integers(1, 2), min_size=1, max_size=1)),
)
History = list[tuple[str, set[int]]]


async def act(session: Session, word: str, about: set[int]) -> None:
    ids = list(session.state.hunks)
    some = [ids[n % len(ids)] for n in sorted(about)]
    match word:
        case "accept":
            await session.decide(some, Decision.ACCEPTED)
        case "reject":
            await session.decide(some, Decision.REJECTED)
        case "turn":
            await session.undo_turn(next(iter(about)))
        case "undo":
            await session.undo()
        case "redo":
            await session.redo()
        case "commit" if session.commit_preview():
            assert isinstance(await session.commit("Some"), CommitDone)


async def undo_all(session: Session) -> int:
    """As a person would: U while the newest thing is a commit, u for decisions."""
    count = 0
    while session.state.commits or any(session.state.accepted_hunks()):
        if session.undoing.is_about_commit:
            acted = await session.undoing.undo_commit()
        else:
            acted = await session.undo()
        assert acted.done and not acted.proposals, acted
        count += 1
    return count


@settings(
    max_examples=12, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(history=st.lists(ACTS, min_size=1, max_size=7))
def test_undo_all_is_before_and_redo_all_is_after(
    template: Bench, tmp_path_factory: pytest.TempPathFactory, history: History
) -> None:
    async def story() -> None:
        home = tmp_path_factory.mktemp("run")
        shutil.copytree(template.root, home / "repo", symlinks=True)
        environ = {**template.environ, "SPARK_TUI_STATE_DIR": str(home / "state"),
                   "SPARK_TUI_CONFIG_DIR": str(home / "config")}  # fmt: skip
        bench = Bench(home / "repo", environ)
        bench.git("update-index", "-q", "--refresh")
        session, _ = await bench.open()
        before = (tree(bench.root), theirs(bench))
        for reply in REPLIES:
            await session.apply_reply(reply, accept="none")
        assert all(h.status is Status.PLACED for h in session.state.hunks.values())
        for word, about in history:
            await act(session, word, about)
        after = (tree(bench.root), theirs(bench))
        count = await undo_all(session)
        assert (tree(bench.root), theirs(bench)) == before
        for _ in range(count):
            acted = await session.redo()
            assert acted.done, acted
        assert (tree(bench.root), theirs(bench)) == after
        await session.close()

    asyncio.run(story())


def test_decisions_leave_a_merge_and_the_rest_alone(template: Bench, tmp_path: Path) -> None:
    """Conflict stages, what is staged, and every file that is not ours: not even rewritten."""

    async def story() -> None:
        shutil.copytree(template.root, tmp_path / "repo", symlinks=True)
        environ = {**template.environ, "SPARK_TUI_STATE_DIR": str(tmp_path / "state"),
                   "SPARK_TUI_CONFIG_DIR": str(tmp_path / "config")}  # fmt: skip
        bench = Bench(tmp_path / "repo", environ)
        conflict(bench)
        (bench.root / ".git/MERGE_HEAD").write_text(bench.git("rev-parse", "HEAD"))
        session, _ = await bench.open()
        before = (tree(bench.root), theirs(bench), untouched(bench.root))
        for reply in REPLIES:
            await session.apply_reply(reply, accept="none")
        await session.decide(list(session.state.hunks), Decision.ACCEPTED)
        after = tree(bench.root)
        assert after != before[0]
        assert (theirs(bench), untouched(bench.root)) == before[1:]
        for _ in range(2):
            assert (await session.undo()).done
            assert (tree(bench.root), theirs(bench), untouched(bench.root)) == before
            assert (await session.redo()).done and tree(bench.root) == after
        for turn in (2, 1):
            assert (await session.undo_turn(turn)).done
        assert (tree(bench.root), theirs(bench), untouched(bench.root)) == before
        await session.close()

    asyncio.run(story())


def conflict(bench: Bench) -> None:
    """Three stages of a path in the index."""
    blob = bench.git("rev-parse", "HEAD:own.txt").strip()
    stages = "".join(f"100644 {blob} {stage}\tboth.txt\n" for stage in (1, 2, 3))
    command = ["git", "update-index", "--index-info"]
    subprocess.run(command, cwd=bench.root, env=bench.environ, input=stages.encode(), check=True)


def untouched(root: Path) -> Mapping[str, tuple[int, int]]:
    """The files that no hunk is about: the very same ones, not copies."""
    names = ("own.txt", "held.txt", "mine.txt", "later.txt")
    found = {name: (root / name).stat() for name in names}
    return {name: (seen.st_ino, seen.st_mtime_ns) for name, seen in found.items()}
