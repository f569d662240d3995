"""A start that cannot repair leaves everything as it found it, so that the next one can."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, GitFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.ops import Ops
from spark_tui.repo.recovering import intent, recover
from spark_tui.repo.worktree import Change, Worktree

OLD = {"a.txt": b"old a\n", "b.txt": b"old b\n"}
NEW = {path: data.replace(b"old", b"new") for path, data in OLD.items()}
HALF = {"a.txt": NEW["a.txt"], "b.txt": OLD["b.txt"]}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def half(root: Path, home: Path, environ: dict[str, str]) -> Path:
    """A work tree in which the first of two files was written."""
    for path, data in OLD.items():
        (root / path).write_bytes(data)
    store = CheckpointStore.open(home, root, environ=environ)
    kept = store.save("s", 1, {path: (data, 0o644) for path, data in OLD.items()})
    store.begin(intent(kept, [Change(path, data) for path, data in NEW.items()]))
    Worktree(root).write_all(
        [Change("a.txt", NEW["a.txt"])], expected={"a.txt": sha256(OLD["a.txt"]).hexdigest()}
    )
    return root


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir()}


def whole(root: Path, home: Path, environ: dict[str, str]) -> None:
    recovery = recover(CheckpointStore.open(home, root, environ=environ), Worktree(root))
    assert recovery is not None and recovery.outcome == "restored"
    assert files(root) == OLD


@pytest.mark.parametrize("word", ["cat-file", "ls-tree"])
def test_a_git_that_is_killed_is_no_lost_checkpoint(
    half: Path, home: Path, environ: dict[str, str], tmp_path: Path, word: str
) -> None:
    shim = tmp_path / "bin/git"
    shim.parent.mkdir()
    shim.write_text(
        f'#!/bin/sh\ncase " $* " in *" {word} "*) kill -9 $$ ;; esac\n'
        f'PATH={environ["PATH"]!r} exec git "$@"\n'
    )
    shim.chmod(0o755)
    deadly = environ | {"PATH": f"{shim.parent}:{environ['PATH']}"}
    with pytest.raises(GitFault):
        recover(CheckpointStore.open(home, half, environ=deadly), Worktree(half))
    assert files(half) == HALF
    whole(half, home, environ)


def test_a_checkpoint_that_is_gone_is_said(half: Path, home: Path, environ: dict[str, str]) -> None:
    for pack in (home / "store.git/objects/pack").iterdir():
        pack.unlink()
    recovery = recover(CheckpointStore.open(home, half, environ=environ), Worktree(half))
    assert recovery is not None and recovery.outcome == "left" and recovery.kept == ("b.txt",)
    assert files(half) == HALF


def test_a_disk_that_is_full(half: Path, home: Path, environ: dict[str, str]) -> None:
    class Full(Ops):
        def write(self, file: int, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(DiskFault, match="Disk full"):
        recover(CheckpointStore.open(home, half, environ=environ), Worktree(half, ops=Full()))
    assert files(half) == HALF
    whole(half, home, environ)


def test_what_was_found_is_kept_before_the_note_goes(
    half: Path, home: Path, environ: dict[str, str]
) -> None:
    def dies(_: object) -> None:
        raise KeyboardInterrupt

    store = CheckpointStore.open(home, half, environ=environ)
    with pytest.raises(KeyboardInterrupt):
        recover(store, Worktree(half), record=dies)
    assert store.unfinished() is not None


def test_what_is_complete_is_synced_before_the_note_goes(
    half: Path, home: Path, environ: dict[str, str]
) -> None:
    """The process may have been killed between the names and their sync."""
    (half / "b.txt").write_bytes(NEW["b.txt"])
    synced: set[int] = set()

    class Seen(Ops):
        def fsync(self, file: int) -> None:
            synced.add(Path(f"/dev/fd/{file}").stat().st_ino)
            super().fsync(file)

    store = CheckpointStore.open(home, half, environ=environ)
    recovery = recover(store, Worktree(half, ops=Seen()))
    assert recovery is not None and recovery.outcome == "finished"
    assert synced == {path.stat().st_ino for path in (half, half / "a.txt", half / "b.txt")}
