"""Checkpoints come back exactly, and keep nothing of what failed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from spark_tui.errors import GitFault
from spark_tui.repo.checkpoints import CheckpointGone, CheckpointStore
from spark_tui.repo.run import Git, Ran
from spark_tui.repo.storage import Storage, taken

FILES = {
    "src/app.py": (b"x = 1\n", 0o644),
    "run.sh": (b"#!/bin/sh\n", 0o755),
    "private": (b"", 0o600),
    os.fsdecode(b'latin\xe9\n\t"quo\\te'): (bytes(range(256)) * 20, 0o644),
    "日本/ü": (b"no newline at end", 0o644),
    "absent": None,
    "src/absent too": None,
}
SAVED_MEANWHILE = {"b": (b"the same bytes", 0o644), "c": None}


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


def test_what_is_forgotten_goes_with_its_bytes(store: CheckpointStore) -> None:
    ids = [store.save("s", 1, {"a": (os.urandom(5000), 0o644)}) for _ in range(8)]
    size = taken(store.storage.folder)
    store.forget([i for i in store.list() if i.id != ids[1]][:5])
    assert [i.id for i in store.list()] == [ids[1], *ids[6:]]
    store.storage.join(drop=True)
    assert all(store.load(id) for id in (ids[1], *ids[6:]))
    assert taken(store.storage.folder) < size - 5 * 5000
    with pytest.raises(CheckpointGone, match=ids[0][:9]):
        store.load(ids[0])
    _git(store, "fsck", "--strict", "--no-dangling")


def test_joined_packs_hold_the_same(store: CheckpointStore) -> None:
    ids = [store.save("s", n, {"a": (b"%d" % n, 0o644)}) for n in range(4)]
    assert len(store.storage.packs()) == 4
    store.storage.gather_refs()
    store.storage.join()
    assert len(store.storage.packs()) == 1
    store.storage.join()  # nothing to do, and nothing lost
    assert [store.load(id)["a"] for id in ids] == [(b"%d" % n, 0o644) for n in range(4)]
    ids.append(store.save("s", 3, FILES))
    assert [(i.id, i.turn, i.n) for i in store.list()][-1] == (ids[-1], 3, 2)
    store.storage.join(drop=True)
    assert [i.id for i in store.list()] == ids
    assert store.load(ids[-1]) == FILES


def test_what_is_saved_while_packs_are_joined_stays(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save between any two steps of the joining, also one that is the first of its turn."""
    ids = [store.save("s", 1, {"a": (b"%d" % n, 0o644)}) for n in range(3)]
    for drop in (True, False):
        for at in range(4):
            # The very bytes of a checkpoint that is forgotten, but still in its pack.
            store.save("s", 1, SAVED_MEANWHILE)
            store.forget(store.list()[-1:])
            with monkeypatch.context() as patch:
                saved = _save_at(store, patch, at)
                store.storage.join(drop=drop)
            ids += saved
            assert saved
            assert [i.id for i in store.list()] == ids
            assert all(store.load(id) for id in ids)
            assert store.load(saved[0]) == SAVED_MEANWHILE
            assert list(store.folder.glob("again*")) == []
            store.forget(store.list()[-1:])
            ids = ids[:-1]
            store.storage.join(drop=True)
    assert left_behind(store) == []


def _save_at(store: CheckpointStore, patch: pytest.MonkeyPatch, at: int) -> list[str]:
    """Before pack-objects, after it, before the old packs go, and after that."""
    saved: list[str] = []
    done = [0]

    def step() -> None:
        if done[0] == at:
            turn = len(store.list()) + 10
            saved.append(store.save("s", turn, SAVED_MEANWHILE))
        done[0] += 1

    real_run, real_remove = Git.run, Storage._remove

    def run(self: Git, *args: str, **kwargs: Any) -> Ran:
        if args[0] != "pack-objects":
            return real_run(self, *args, **kwargs)
        step()
        said = real_run(self, *args, **kwargs)
        step()
        return said

    def remove(self: Storage, stems: Iterable[str]) -> None:
        step()
        real_remove(self, stems)
        step()

    patch.setattr(Git, "run", run)
    patch.setattr(Storage, "_remove", remove)
    return saved


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
    data = b"shown to the model\x00" * 50
    digest = store.keep_blob(data)
    assert digest == sha256(data).hexdigest() == store.keep_blob(data)
    assert store.blob(digest) == data
    assert store.blob("0" * 64) is None
    assert store.blob("../../intent") is None
    (store.folder / "blobs" / digest[:2] / digest[2:]).write_bytes(b"")
    assert store.blob(digest) is None
    store.keep_blob(data)
    assert store.blob(digest) == data
    noise = os.urandom(200)
    assert store.blob(store.keep_blob(noise)) == noise
    kept_at = {name: at for name, at, size in store.blobs() if size}
    assert set(kept_at) == {digest, sha256(noise).hexdigest()}
    store.drop_blob(digest, unless_after=0)
    assert store.blob(digest) == data
    store.drop_blob(digest, unless_after=kept_at[digest])
    store.drop_blob(digest, unless_after=kept_at[digest])
    assert store.blob(digest) is None


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
