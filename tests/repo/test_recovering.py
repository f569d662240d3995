"""A write that was killed, or could not be put back, is put right at the next start."""

from __future__ import annotations

import contextlib
import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.ops import Ops
from spark_tui.repo.recovering import intent, recover
from spark_tui.repo.worktree import Change, NotPutBack, Worktree


@pytest.fixture
def store(tmp_path: Path, root: Path, environ: dict[str, str]) -> CheckpointStore:
    return CheckpointStore.open(tmp_path / "state/worktrees/ab", root, environ=environ)


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

    def symlink(self, target: bytes, name: str, folder: int) -> None:
        self._step()
        super().symlink(target, name, folder)

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


OLD = {"src": None, "gone": None, "a.txt": b"old a", "src/b.txt": b"old b", "gone/d.txt": b"old d"}
CHANGES = [
    Change("a.txt", b"new a"),
    Change("src/b.txt", b"new b"),
    Change("gone/d.txt", None),
    Change("add/c.txt", b"new c"),
]
NEW = {"src": None, "a.txt": b"new a", "src/b.txt": b"new b", "add": None, "add/c.txt": b"new c"}


@pytest.mark.parametrize("exchanges", [True, False])
def test_killed_at_each_step(tmp_path: Path, environ: dict[str, str], exchanges: bool) -> None:
    outcomes = set()
    old = {**OLD, "hard": b"the old hard-linked bytes", "empty": None}
    new = {**NEW, "hard": b"the new ones", "empty": None}
    changes = [*CHANGES, Change("hard", b"the new ones")]
    store = CheckpointStore.open(tmp_path / "state", tmp_path, environ=environ)
    kept = store.save("s", 1, {c.path: _kept(old.get(c.path)) for c in changes})
    for at in range(100):
        root = tmp_path / f"{at}"
        for path, data in old.items():
            if data is None:
                (root / path).mkdir(parents=True)
            else:
                (root / path).write_bytes(data)
        os.link(root / "hard", tmp_path / f"second{at}")
        expected = {c.path: _digest(old.get(c.path)) for c in changes}
        made = Worktree(root).missing_folders(c.path for c in changes if c.data)
        store.begin(intent(kept, changes, made))
        try:
            Worktree(root, ops=Mortal(at, exchanges=exchanges)).write_all(
                changes, expected=expected
            )
        except Killed:
            between = _tree(root)
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


def begun(store: CheckpointStore, worktree: Worktree, changes: list[Change], at: str) -> None:
    """All that comes before the write of `changes`, and the write up to its first call of `at`."""
    old = {c.path: worktree.read(c.path) for c in changes}
    was = {p: (s.data, worktree.bits(p) or 0) if s else None for p, s in old.items()}
    made = worktree.missing_folders(c.path for c in changes if c.data is not None)
    store.begin(intent(store.save("s", 1, was), changes, made))

    ops = Ops()

    def die(*_: object) -> None:
        """From here on nothing works any more, the way back neither."""
        for name in [n for n in vars(Ops) if not n.startswith("_")]:
            setattr(ops, name, die)
        raise Killed

    setattr(ops, at, die)
    with contextlib.suppress(Killed):
        expected = {p: s.digest if s else None for p, s in old.items()}
        Worktree(worktree.root, ops=ops).write_all(changes, expected=expected)


def test_a_folder_that_was_there_stays(store: CheckpointStore, root: Path) -> None:
    (root / "box").mkdir()
    (root / "a").write_bytes(b"old")
    before = _tree(root)
    changes = [Change("box/in/b", b"new"), Change("c/d", b"new"), Change("a", b"new")]
    for at in ("link", "exchange"):
        begun(store, Worktree(root), changes, at)
        assert (root / "box/in").is_dir() and (root / "c").is_dir()
        recovery = recover(store, Worktree(root))
        assert recovery is not None and recovery.outcome != "finished"
        assert _tree(root) == before, at


def test_somebody_has_put_a_file_into_a_folder_we_made(store: CheckpointStore, root: Path) -> None:
    begun(store, Worktree(root), [Change("box/in/b", b"new")], "link")
    (root / "box/theirs").write_bytes(b"x")
    assert recover(store, Worktree(root)) is not None
    assert _tree(root) == {"box": None, "box/theirs": b"x"}


def test_the_folder_of_a_deleted_file_goes_when_the_write_is_finished(
    store: CheckpointStore, root: Path
) -> None:
    (root / "gone/deep").mkdir(parents=True)
    (root / "gone/deep/a").write_bytes(b"old")
    (root / "empty").mkdir()
    begun(store, Worktree(root), [Change("gone/deep/a", None), Change("b", b"new")], "unlink")
    recovery = recover(store, Worktree(root))
    assert recovery is not None and recovery.outcome == "finished"
    assert _tree(root) == {"b": b"new", "empty": None}


def test_a_private_file_comes_back_private(store: CheckpointStore, root: Path) -> None:
    for name, mode in (("a", 0o600), ("b", 0o711), ("c", 0o644)):
        (root / name).write_bytes(b"old")
        (root / name).chmod(mode)
    changes = [Change("a", None), Change("b", b"new", 0o644), Change("c", None)]
    before = os.umask(0o077)
    try:
        begun(store, Worktree(root), changes, "unlink")
        assert not (root / "a").exists() and not (root / "b").stat().st_mode & 0o111
        (root / "b").unlink()  # so that it is not finished
        (root / "b").write_bytes(b"old")
        recovery = recover(store, Worktree(root))
    finally:
        os.umask(before)
    assert recovery is not None and recovery.restored == ("a", "c")
    assert [(root / n).stat().st_mode & 0o777 for n in "ac"] == [0o600, 0o644]


def test_only_the_mode_was_to_change(store: CheckpointStore, root: Path) -> None:
    """The bytes do not tell then how far it came."""
    for name in "ab":
        (root / name).write_bytes(b"same")
    changes = [Change("a", b"same", 0o755), Change("b", b"same", 0o755)]
    begun(store, Worktree(root), changes, "unlink")
    assert all((root / n).stat().st_mode & 0o100 for n in "ab")
    (root / "b").chmod(0o640)
    recovery = recover(store, Worktree(root))
    assert recovery is not None
    assert (recovery.outcome, recovery.written) == ("restored", ("a",))
    assert [(root / n).stat().st_mode & 0o777 for n in "ab"] == [0o644, 0o640]


@pytest.mark.parametrize("at", ["truncate", "fsync"])
def test_anothers_file_is_restored_from_its_torn_state(
    store: CheckpointStore, root: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Like a hard-linked one it is overwritten in place."""
    (root / "a").write_bytes(b"old bytes, and more of them")
    monkeypatch.setattr(os, "geteuid", lambda: (root / "a").stat().st_uid + 1)
    begun(store, Worktree(root), [Change("a", b"new", 0o755)], at)
    if at == "fsync":
        (root / "a").chmod(0o644)  # died before the mode
    recovery = recover(store, Worktree(root))
    assert recovery is not None and recovery.outcome == "restored"
    assert (root / "a").read_bytes() == b"old bytes, and more of them"
    assert (root / "a").stat().st_mode & 0o777 == 0o644


def test_work_in_a_linked_file_that_was_to_be_deleted_is_kept(
    store: CheckpointStore, root: Path, tmp_path: Path
) -> None:
    (root / "a").write_bytes(b"old")
    (root / "b").write_bytes(b"old")
    os.link(root / "a", tmp_path / "second")
    begun(store, Worktree(root), [Change("a", None), Change("b", b"new")], "exchange")
    (root / "a").write_bytes(b"later work")
    recovery = recover(store, Worktree(root))
    assert recovery is not None and recovery.kept == ("a",)
    assert _tree(root) == {"a": b"later work", "b": b"old"}


def test_a_note_of_an_earlier_version_is_read(store: CheckpointStore, root: Path) -> None:
    kept = store.save("s", 1, {p: (b"old", 0o644) for p in "ab"})
    new = [[p, _digest(b"new")] for p in "ab"]
    store.begin(json.dumps({"format": 1, "checkpoint": kept, "new": new}).encode())
    (root / "a").write_bytes(b"new")
    (root / "b").write_bytes(b"old")
    recovery = recover(store, Worktree(root))
    assert recovery is not None and recovery.outcome == "restored"
    assert _tree(root) == {"a": b"old", "b": b"old"}


def _tree(root: Path) -> dict[str, bytes | None]:
    """Folders are None."""
    return {
        str(f.relative_to(root)): None if f.is_dir() else f.read_bytes() for f in root.rglob("*")
    }


def _kept(data: bytes | None) -> tuple[bytes, int] | None:
    return None if data is None else (data, 0o644)


def _digest(data: bytes | None) -> str | None:
    return None if data is None else sha256(data).hexdigest()
