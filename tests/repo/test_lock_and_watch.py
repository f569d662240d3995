"""One writer at a time; and what changed on disk is told."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, LockHeld, RepositoryFault
from spark_tui.repo.lock import Holder, WorktreeLock, read_holder
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
        me = read_holder(tmp_path / "state/lock")
        assert me is not None and me.pid == os.getpid() and me.is_here
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


def test_who_died_without_letting_go_is_known(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait()
    with WorktreeLock(tmp_path / "state/lock", wait_s=0) as lock:
        assert lock.left is not None and lock.left.pid == holder.pid
        lock.tell(session="20261127-100200-abcd", is_leaving=True)
        told = lock.holder
        assert told is not None and told.session == "20261127-100200-abcd" and told.is_leaving
    with WorktreeLock(tmp_path / "state/lock", wait_s=0) as lock:
        assert lock.left is None, "we let go in order"


def test_asking_whether_it_is_free_takes_nothing(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    lock = WorktreeLock(tmp_path / "state/lock", wait_s=0)
    assert not lock.is_free()
    holder.kill()
    holder.wait()
    assert lock.is_free() and not lock.held
    lock.acquire()
    lock.release()


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        (b"4711\n", Holder(4711)),
        (b"", None),
        (b"{", None),
        (b"[1]", None),
        (b'{"pid": "4711"}', None),
        (b"\x00\xff" * 9000, None),
        (b'{"pid": 4711, "since": "soon", "tty": "pts/3"}', Holder(4711, tty="pts/3")),
    ],
)
def test_words_of_others_are_read_with_care(
    tmp_path: Path, text: bytes, holder: Holder | None
) -> None:
    (tmp_path / "lock").write_bytes(text)
    assert read_holder(tmp_path / "lock") == holder


def test_the_words_for_a_person() -> None:
    here = os.uname().nodename
    assert Holder(4711, here, 0.0, "", "pts/3").words == "spark-tui 4711 on pts/3"
    assert Holder(4711, "far away", 0.0).words == "spark-tui 4711 of far away"
    assert Holder(1, here, 1e300).words == "spark-tui 1 since ?"
    assert "since 19" in Holder(1, here, 100_000.0).words


def test_a_file_system_without_locks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(RepositoryFault, match="file system without locks") as caught:
        WorktreeLock(tmp_path / "lock", wait_s=0).acquire()
    assert "SPARK_TUI_STATE_DIR" in caught.value.hint


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
