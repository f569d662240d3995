"""Checkpoints come back exactly, and keep nothing of what failed."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from spark_tui.errors import GitFault
from spark_tui.repo.checkpoints import CheckpointStore

FILES = {
    "src/app.py": (b"x = 1\n", 0o644),
    "run.sh": (b"#!/bin/sh\n", 0o755),
    "private": (b"", 0o600),
    os.fsdecode(b'latin\xe9\n\t"quo\\te'): (bytes(range(256)) * 20, 0o644),
    "日本/ü": (b"no newline at end", 0o644),
    "absent": None,
    "src/absent too": None,
}


@pytest.fixture
def store(tmp_path: Path, root: Path, environ: dict[str, str]) -> CheckpointStore:
    return CheckpointStore.open(tmp_path / "state/worktrees/ab", root, environ=environ)


def test_what_was_saved_comes_back(store: CheckpointStore) -> None:
    kept = store.save("s-1", 3, FILES)
    assert store.load(kept) == FILES
    assert store.load(store.save("s-1", 3, {"only": None})) == {"only": None}
    assert store.load(store.save("s-1", 4, {})) == {}


def test_checkpoints_are_commits_on_their_own_refs(
    store: CheckpointStore, tmp_path: Path, root: Path, environ: dict[str, str]
) -> None:
    ids = [store.save("s", 1, {"a": (b"%d" % n, 0o644)}) for n in range(3)]
    again = CheckpointStore.open(tmp_path / "state/worktrees/ab", root, environ=environ)
    ids.append(again.save("s", 1, {"a": None}))
    refs = _git(store, "for-each-ref", "--format=%(objecttype) %(objectname) %(refname)")
    assert refs.splitlines() == [
        f"commit {id} refs/spark/s/1/{n}" for n, id in enumerate(ids, start=1)
    ]
    assert [(i.id, i.session, i.turn, i.n, i.paths) for i in again.list()] == [
        (id, "s", 1, n, ("a",)) for n, id in enumerate(ids, start=1)
    ]
    _git(store, "fsck", "--strict", "--no-dangling")


def test_two_stores_never_overwrite_each_other(
    store: CheckpointStore, tmp_path: Path, root: Path, environ: dict[str, str]
) -> None:
    other = CheckpointStore.open(tmp_path / "state/worktrees/ab", root, environ=environ)
    ids = [s.save("s", 1, {"a": (b"%d" % n, 0o644)}) for n in range(3) for s in (store, other)]
    assert {i.id for i in store.list()} == set(ids)
    assert len(set(ids)) == 6


def test_a_lock_left_by_a_killed_git_is_stepped_over(store: CheckpointStore) -> None:
    store.save("s", 1, {"a": None})
    (store.folder / "store.git/refs/spark/s/1/2.lock").touch()
    kept = store.save("s", 1, FILES)
    assert store.load(kept) == FILES
    assert store.list()[-1].n == 3


def test_it_works_without_home_identity_or_repository(tmp_path: Path, root: Path) -> None:
    bare = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    store = CheckpointStore.open(tmp_path / "state", root, environ=bare)
    assert store.load(store.save("s", 1, FILES)) == FILES
    assert not (root / ".git").exists()


def test_everything_is_private(store: CheckpointStore) -> None:
    store.save("s", 1, FILES)
    store.keep_blob(b"shown")
    store.begin(b"note")
    for folder in (store.folder, store.folder / "store.git", store.folder / "blobs"):
        assert folder.stat().st_mode & 0o077 == 0
    assert (store.folder / "intent").stat().st_mode & 0o077 == 0


def test_the_users_gc_breaks_nothing(store: CheckpointStore) -> None:
    kept = [store.save("s", turn, FILES) for turn in range(3)]
    _git(store, "gc", "--prune=now", "-q")
    kept.append(store.save("s", 1, {"a": None}))
    assert all(store.load(id) for id in kept)
    assert store.list()[-1].n == 2


def test_prune_keeps_the_last_and_the_protected(store: CheckpointStore) -> None:
    ids = [store.save("s", 1, {"a": (os.urandom(5000), 0o644)}) for _ in range(8)]
    size = store.size_bytes()
    gone = store.prune(3, protect=[ids[1]])
    assert set(gone) == {ids[0], *ids[2:5]}
    assert {i.id for i in store.list()} == {ids[1], *ids[5:]}
    assert all(store.load(id) for id in (ids[1], *ids[5:]))
    assert store.size_bytes() < size - 4 * 4000
    with pytest.raises(GitFault):
        store.load(ids[0])
    assert store.prune(100) == ()


def test_tidy_joins_the_packs(store: CheckpointStore) -> None:
    ids = [store.save("s", 1, {"a": (b"%d" % n, 0o644)}) for n in range(4)]
    assert not store.tidy(packs=4)
    assert store.tidy(packs=3)
    assert len(list((store.folder / "store.git/objects/pack").glob("*.pack"))) == 1
    assert [store.load(id)["a"] for id in ids] == [(b"%d" % n, 0o644) for n in range(4)]


def test_a_failed_checkpoint_is_a_fault(store: CheckpointStore) -> None:
    (store.folder / "store.git/HEAD").unlink()
    with pytest.raises(GitFault):
        store.save("s", 1, FILES)


def test_an_import_that_fails_leaves_nothing_behind(store: CheckpointStore) -> None:
    store.save("s", 1, FILES)
    with pytest.raises(GitFault, match="nothing was applied"):
        store.save("s", 1, {"no//path": (b"x", 0o644)})
    assert left_behind(store) == []


def test_what_a_killed_import_left_goes_with_the_next_one(
    store: CheckpointStore, tmp_path: Path, root: Path, environ: dict[str, str]
) -> None:
    kept = store.save("s", 1, FILES)
    folder = store.folder / "store.git"
    for name in ("objects/pack/tmp_pack_aBcDeF", "objects/pack/tmp_idx_x", "fast_import_crash_12"):
        (folder / name).write_bytes(b"x")
    again = CheckpointStore.open(tmp_path / "state/worktrees/ab", root, environ=environ)
    assert again.load(again.save("s", 1, FILES)) == again.load(kept) == FILES
    assert left_behind(again) == []


def left_behind(store: CheckpointStore) -> list[Path]:
    folder = store.folder / "store.git"
    return [*folder.glob("objects/pack/tmp_*"), *folder.glob("fast_import_crash_*")]


def test_bad_ids_never_reach_git(store: CheckpointStore) -> None:
    for wrong in ("--exec=x", "HEAD", "", "a" * 39):
        with pytest.raises(GitFault):
            store.load(wrong)
    for session in ("../x", "", "-x", "a/b", "a b"):
        with pytest.raises(ValueError, match="session"):
            store.save(session, 1, {})


def test_blobs(store: CheckpointStore) -> None:
    data = b"shown to the model\x00"
    digest = store.keep_blob(data)
    assert digest == sha256(data).hexdigest() == store.keep_blob(data)
    assert store.blob(digest) == data
    assert store.blob("0" * 64) is None
    assert store.blob("../../intent") is None
    (store.folder / "blobs" / digest[:2] / digest[2:]).write_bytes(b"")
    assert store.blob(digest) is None
    store.keep_blob(data)
    assert store.blob(digest) == data


def test_an_intent_is_found_until_it_is_done(store: CheckpointStore) -> None:
    assert store.unfinished() is None
    store.begin(b"note")
    assert store.unfinished() == b"note"
    store.begin(b"no\n")
    assert store.unfinished() == b"no\n"
    with (store.folder / "intent").open("r+b") as file:
        file.truncate(66)
    assert store.unfinished() is None  # a power cut while it was written: nothing was begun
    store.done()
    store.done()
    assert store.unfinished() is None


def _git(store: CheckpointStore, *args: str) -> str:
    done = subprocess.run(
        ["git", "--git-dir", str(store.folder / "store.git"), *args],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
