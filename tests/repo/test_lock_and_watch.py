"""One writer at a time; and what changed on disk is told."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, LockHeld
from spark_tui.repo.lock import WorktreeLock
from spark_tui.repo.repository import Repository
from spark_tui.repo.watch import _name, changes

Shell = Callable[..., str]

HOLDER = """
import sys; from pathlib import Path; from spark_tui.repo.lock import WorktreeLock
lock = WorktreeLock(Path(sys.argv[1])); lock.acquire(); print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "state/lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_holder_is_named(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(LockHeld, match=str(holder.pid)) as caught:
        WorktreeLock(tmp_path / "state/lock", wait_s=0.1).acquire()
    assert caught.value.exit_code == 7


def test_it_is_waited_for(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    threading.Timer(0.1, holder.kill).start()
    with WorktreeLock(tmp_path / "state/lock", wait_s=20) as lock:
        assert lock.held
        assert (tmp_path / "state/lock").read_text() == f"{os.getpid()}\n"
    assert not lock.held


def test_a_dead_holder_leaves_no_lock(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    lock = WorktreeLock(tmp_path / "state/lock", wait_s=0)
    lock.acquire()
    lock.acquire()
    lock.release()
    lock.release()
    assert (tmp_path / "state/lock").stat().st_mode & 0o077 == 0


def test_two_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with WorktreeLock(path), pytest.raises(LockHeld):
        WorktreeLock(path, wait_s=0).acquire()


def test_a_full_disk_is_said_and_leaves_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(DiskFault, match=r"Disk full at .*lock"):
            WorktreeLock(tmp_path / "lock").acquire()
    with WorktreeLock(tmp_path / "lock", wait_s=0):
        pass


def test_changes_are_told(repo: Repository, shell: Shell) -> None:
    stop = threading.Event()
    seen: set[str] = set()
    arrived = threading.Event()
    wanted = {"a.txt", "src/new.txt", ".git/index", ".git/HEAD", ".git/refs/heads/x"}

    def listen() -> None:
        for burst in changes(repo.root, stop):
            seen.update(burst)
            if wanted <= seen:
                arrived.set()
        arrived.set()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        # The watch says nowhere when it is ready: change things until it has seen them.
        for n in range(200):
            (repo.root / "a.txt").write_text(f"{n}\n")
            (repo.root / "src/new.txt").write_text(f"{n}\n")
            (repo.root / ".git/objects/noise").write_text("x")
            (repo.root / "src/.spark-tui-0123456789ab.tmp").write_text("x")
            shell("checkout", "-q", "-B", "x")
            shell("commit", "-qam", f"{n}")
            if arrived.wait(0.2):
                break
    finally:
        stop.set()
        thread.join(20)
    assert wanted <= seen
    assert not any("noise" in path or ".tmp" in path for path in seen)


def test_names(tmp_path: Path) -> None:
    git_dir = tmp_path / "main/.git/worktrees/w"
    root = tmp_path / "w"

    def name(path: Path) -> str | None:
        return _name(root, git_dir, str(path))

    assert name(root / "src/a.py") == "src/a.py"
    assert name(root / ".gitignore") == ".gitignore"
    assert name(git_dir / "HEAD") == ".git/HEAD"
    assert name(git_dir / "index.lock") is None
    assert name(root / ".git") is None
    assert name(root / ".git/objects/ab/cd") is None
    assert name(root / ".git/refs/heads/x") == ".git/refs/heads/x"
    assert name(root / ".git/refs/heads/x.lock") is None
    assert name(tmp_path / "elsewhere") is None
