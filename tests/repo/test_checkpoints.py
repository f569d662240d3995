"""Checkpoints come back exactly, and a write that was killed is put right."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, GitFault
from spark_tui.repo.checkpoints import CheckpointStore, intent, recover
from spark_tui.repo.ops import Ops
from spark_tui.repo.worktree import Change, NotPutBack, Worktree

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


# --- a write that was killed ---------------------------------------------------------------


class Killed(BaseException):
    """The process ended here: nothing after it is done, not even putting back."""


class Mortal(Ops):
    """Dies at the n-th call; before it, or half way through a write."""

    def __init__(self, at: int, *, exchanges: bool) -> None:
        self.left = at
        self.exchanges = exchanges

    def _step(self) -> None:
        if self.left <= 0:
            raise Killed
        self.left -= 1

    def create(self, name: str, mode: int, folder: int) -> int:
        self._step()
        return super().create(name, mode, folder)

    def write(self, file: int, data: bytes) -> None:
        if self.left == 0:
            super().write(file, data[: len(data) // 2])
        self._step()
        super().write(file, data)

    def truncate(self, file: int, size: int) -> None:
        self._step()
        super().truncate(file, size)

    def fsync(self, file: int) -> None:
        self._step()
        super().fsync(file)

    def mkdir(self, name: str, folder: int) -> None:
        self._step()
        super().mkdir(name, folder)

    def rmdir(self, name: str, folder: int) -> None:
        self._step()
        super().rmdir(name, folder)

    def link(self, name: str, new: str, folder: int) -> bool:
        self._step()
        return super().link(name, new, folder)

    def rename(self, name: str, new: str, folder: int) -> None:
        self._step()
        super().rename(name, new, folder)

    def exchange(self, name: str, other: str, folder: int) -> bool:
        self._step()
        return super().exchange(name, other, folder) if self.exchanges else False

    def unlink(self, name: str, folder: int) -> None:
        self._step()
        super().unlink(name, folder)


OLD = {"a.txt": b"old a", "src/b.txt": b"old b", "gone/d.txt": b"old d"}
CHANGES = [
    Change("a.txt", b"new a"),
    Change("src/b.txt", b"new b"),
    Change("gone/d.txt", None),
    Change("add/c.txt", b"new c"),
]
NEW = {"a.txt": b"new a", "src/b.txt": b"new b", "add/c.txt": b"new c"}


@pytest.mark.parametrize("exchanges", [True, False])
def test_killed_at_each_step(tmp_path: Path, environ: dict[str, str], exchanges: bool) -> None:
    outcomes = set()
    old = {**OLD, "hard": b"the old hard-linked bytes"}
    new = {**NEW, "hard": b"the new ones"}
    changes = [*CHANGES, Change("hard", b"the new ones")]
    store = CheckpointStore.open(tmp_path / "state", tmp_path, environ=environ)
    kept = store.save("s", 1, {c.path: _kept(old.get(c.path)) for c in changes})
    for at in range(100):
        root = tmp_path / f"{at}"
        for path, data in old.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        os.link(root / "hard", tmp_path / f"second{at}")
        expected = {c.path: _digest(old.get(c.path)) for c in changes}
        store.begin(intent(kept, changes))
        try:
            Worktree(root, ops=Mortal(at, exchanges=exchanges)).write_all(
                changes, expected=expected
            )
        except Killed:
            between = {p: d for p, d in _tree(root).items() if ".tmp" not in p}
            for path in {*old, *new} - {"hard"}:
                assert between.get(path) in (old.get(path), new.get(path)), (at, path)
            recovery = recover(store, Worktree(root))
            assert recovery is not None
            outcomes.add(recovery.outcome)
            assert _tree(root) == (new if recovery.outcome == "finished" else old), at
            assert recovery.kept == ()
        else:
            break
        assert store.unfinished() is None
    assert outcomes == {"finished", "untouched", "restored"}
    assert at > 15


def test_nothing_to_recover(store: CheckpointStore, root: Path) -> None:
    assert recover(store, Worktree(root)) is None


def test_recovery_says_what_it_did(store: CheckpointStore, root: Path) -> None:
    paths = ("a", "b", "c")
    kept = store.save("s", 1, {p: (b"old", 0o755) for p in paths})
    store.begin(intent(kept, [Change(p, b"new") for p in paths]))
    for path, data in zip(paths, (b"new", b"new", b"old"), strict=True):
        (root / path).write_bytes(data)
    recovery = recover(store, Worktree(root))
    assert recovery is not None
    assert recovery.message == "Interrupted apply: 2 of 3 files written. Restored. Nothing lost."
    assert {p.read_bytes() for p in root.iterdir()} == {b"old"}
    assert (root / "a").stat().st_mode & 0o100


def test_later_work_is_left_alone(store: CheckpointStore, root: Path) -> None:
    kept = store.save("s", 1, {p: (b"old", 0o644) for p in "abcd"})
    store.begin(intent(kept, [Change(p, b"new") for p in "abcd"]))
    (root / "a").write_bytes(b"new")
    (root / "b").write_bytes(b"edited since")
    (root / "c").symlink_to("a")
    (root / "d").write_bytes(b"old")
    recovery = recover(store, Worktree(root))
    assert recovery is not None
    assert (recovery.restored, recovery.kept) == (("a",), ("b", "c"))
    assert (root / "a").read_bytes() == b"old"
    assert (root / "b").read_bytes() == b"edited since"
    assert "Left as found: b, c." in recovery.message


@pytest.mark.parametrize("gone", [False, True])
def test_a_note_that_came_back_undoes_nothing(
    store: CheckpointStore, root: Path, gone: bool
) -> None:
    """All was written, then edited; or the checkpoint was deleted: nobody can tell."""
    kept = store.save("s", 1, {p: (b"old", 0o644) for p in "ab"})
    store.begin(intent("0" * 40 if gone else kept, [Change(p, b"new") for p in "ab"]))
    (root / "a").write_bytes(b"new")
    (root / "b").write_bytes(b"old" if gone else b"new, and edited since")
    before = _tree(root)
    recovery = recover(store, Worktree(root))
    assert recovery is not None
    assert (recovery.outcome, recovery.kept) == ("left", ("b",))
    assert _tree(root) == before
    assert recover(store, Worktree(root)) is None


def test_what_could_not_be_put_back_is_restored_later(store: CheckpointStore, root: Path) -> None:
    class Dying(Ops):
        """A disk that takes one more change of names, then none."""

        left = 1

        def exchange(self, name: str, other: str, folder: int) -> bool:
            self.left -= 1
            if self.left < 0:
                raise OSError(5, "Input/output error")
            return super().exchange(name, other, folder)

    (root / "a").write_bytes(b"old")
    (root / "b").write_bytes(b"old")
    changes = [Change(p, b"new") for p in "ab"]
    store.begin(intent(store.save("s", 1, {p: (b"old", 0o644) for p in "ab"}), changes))
    with pytest.raises(NotPutBack, match="put back: a") as caught:
        Worktree(root, ops=Dying()).write_all(
            changes, expected=dict.fromkeys("ab", _digest(b"old"))
        )
    assert "checkpoint" in caught.value.hint
    recovery = recover(store, Worktree(root))
    assert recovery is not None
    assert recovery.restored == ("a",)
    assert _tree(root) == {"a": b"old", "b": b"old"}


def test_a_recovery_that_fails_is_tried_again(store: CheckpointStore, root: Path) -> None:
    kept = store.save("s", 1, {p: (b"old", 0o644) for p in "ab"})
    store.begin(intent(kept, [Change(p, b"new") for p in "ab"]))
    (root / "a").write_bytes(b"new")
    (root / "b").write_bytes(b"old")

    class Full(Ops):
        def write(self, file: int, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(DiskFault):
        recover(store, Worktree(root, ops=Full()))
    assert store.unfinished() is not None
    recovery = recover(store, Worktree(root))
    assert recovery is not None
    assert recovery.outcome == "restored"


def _tree(root: Path) -> dict[str, bytes]:
    return {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}


def _kept(data: bytes | None) -> tuple[bytes, int] | None:
    return None if data is None else (data, 0o644)


def _digest(data: bytes | None) -> str | None:
    return None if data is None else sha256(data).hexdigest()


def _git(store: CheckpointStore, *args: str) -> str:
    done = subprocess.run(
        ["git", "--git-dir", str(store.folder / "store.git"), *args],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
