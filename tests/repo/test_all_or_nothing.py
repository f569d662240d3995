"""The order of the steps of a write, and a fault at each of them: all new or all as it was."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.recovering import intent, recover
from spark_tui.repo.worktree import Change, NotPutBack, Worktree
from tests.support.recording import NoExchange, NoLinksEither, Recording

Tree = dict[str, tuple[bytes, int] | None]

OLD: Tree = {
    "a.txt": (b"old a\r\n", 0o600),
    "empty": None,
    "gone": None,
    "gone/d.txt": (b"old d", 0o640),
    "hard": (b"the old hard one", 0o644),
    "src": None,
    "src/b.txt": (b"old b", 0o644),
    "tool.sh": (b"#!old", 0o755),
}
NEW: Tree = {
    "a.txt": (b"new a", 0o600),
    "add": None,
    "add/ed": None,
    "add/ed/c.txt": (b"new c", 0o755),
    "empty": None,
    "hard": (b"the new", 0o755),
    "src": None,
    "src/b.txt": (b"new b", 0o644),
    "tool.sh": (b"#!new", 0o644),
}
CHANGES = [
    Change("a.txt", b"new a"),
    Change("gone/d.txt", None),
    Change("src/b.txt", b"new b", 0o644),
    Change("add/ed/c.txt", b"new c", 0o755),
    Change("hard", b"the new", 0o755),
    Change("tool.sh", b"#!new", 0o644),
]
KINDS = [Recording, NoExchange, NoLinksEither]
SAID = {
    errno.ENOSPC: "Disk full",
    errno.EIO: "Input/output error",
    errno.EACCES: "No permission",
}


def lay_out(root: Path) -> Path:
    root.mkdir(parents=True)
    for path, kept in OLD.items():
        if kept is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(kept[0])
            (root / path).chmod(kept[1])
    os.link(root / "hard", root.parent / "second")
    return root


def look(root: Path) -> Tree:
    found: Tree = {}
    for path in root.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        found[str(path.relative_to(root))] = None if path.is_dir() else (path.read_bytes(), mode)
    return found


def write(root: Path, ops: Recording) -> None:
    expected = {c.path: _digest(OLD.get(c.path)) for c in CHANGES}
    Worktree(root, ops=ops).write_all(CHANGES, expected=expected)


def steps(root: Path, kind: type[Recording]) -> list[str]:
    ops = kind(root=lay_out(root))
    write(root, ops)
    return ops.told


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_steps(tmp_path: Path, kind: type[Recording]) -> None:
    root = tmp_path / "work"
    told = steps(root, kind)
    assert look(root) == NEW and (root / "hard").samefile(tmp_path / "second")
    words = [t.split()[0] for t in told]
    renames = [n for n, w in enumerate(words) if w in ("exchange", "link", "rename")]

    # All new bytes are written, then all are on the disk, then the first name changes.
    staged = told[: renames[0]]
    new = [f"new {n}" for n in (1, 2, 3, 4)]
    assert [t for t in staged if t.startswith("write ")] == [f"write {n}" for n in new]
    assert staged[-4:] == [f"fsync file {n}" for n in new]
    assert {t for t in staged if "mkdir" in t} == {"mkdir add", "mkdir add/ed"}

    # What is overwritten in place is on the disk before anything goes away; deletes come last.
    aside = told.index("rename gone/d.txt aside")
    assert renames[-1] == aside
    assert told.index("write hard") < told.index("truncate hard") < told.index("fsync file hard")
    assert max(n for n, w in enumerate(words) if w in ("write", "truncate")) < aside

    # Then every folder, also those that hold a new folder, once; then the old bytes go.
    let_go = next(n for n, w in enumerate(words) if w == "unlink" and n > aside)
    synced = told[aside + 1 : let_go]
    folders = (".", "add", "add/ed", "gone", "src")
    assert sorted(synced) == [f"fsync folder {folder}" for folder in folders]
    assert set(words[let_go:]) == {"unlink", "rmdir"}
    assert told[-1] == "rmdir gone"


@pytest.mark.parametrize("number", SAID)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_step(tmp_path: Path, kind: type[Recording], number: int) -> None:
    """One call fails: nothing is changed and one fault says why. Behind the last sync of a folder
    the new state holds, and what is left to clean up is done all the same."""
    told = steps(tmp_path / "count/work", kind)
    held = max(n for n, t in enumerate(told) if t.startswith("fsync folder")) + 1
    for at in range(len(told)):
        root = lay_out(tmp_path / f"{at}/work")
        try:
            write(root, kind(at, _failing(number)))
        except DiskFault as fault:
            assert at < held and type(fault) is DiskFault, (at, told[at], fault)
            assert SAID[number] in fault.message, (at, told[at])
            assert "Nothing was changed" in fault.message, (at, told[at])
            assert look(root) == OLD, (at, told[at])
        else:
            expected = NEW | ({"gone": None} if told[at] == "rmdir gone" else {})
            assert at >= held and look(root) == expected, (at, told[at])
        assert (root / "hard").samefile(root.parent / "second")


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_fails_from_some_step_on(
    tmp_path: Path, environ: dict[str, str], kind: type[Recording]
) -> None:
    """The way back fails as well. It is said, and the next start does it."""
    told = steps(tmp_path / "count/work", kind)
    store = CheckpointStore.open(tmp_path / "state", tmp_path, environ=environ)
    kept = store.save("s", 1, {c.path: OLD.get(c.path) for c in CHANGES})
    ends: set[str] = set()
    for at in range(len(told)):
        root = lay_out(tmp_path / f"{at}/work")
        made = Worktree(root).missing_folders(c.path for c in CHANGES if c.data is not None)
        store.begin(intent(kept, CHANGES, made))
        ops = _dying(kind, at)
        try:
            write(root, ops)
        except NotPutBack:
            recovery = recover(store, Worktree(root))
            assert recovery is not None
            ends.add(recovery.outcome)
            assert look(root) == (NEW if recovery.outcome == "finished" else OLD), (at, told[at])
        except DiskFault:
            ends.add("put back")
            assert look(root) == OLD, (at, told[at])
        else:
            ends.add("done")
            recover(store, Worktree(root))
            assert look(root) == NEW, (at, told[at])
    assert ends >= {"untouched", "restored", "done", "put back"}


def _failing(number: int) -> Callable[[], None]:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


def _dying(kind: type[Recording], at: int) -> Recording:
    class Dying(kind):  # type: ignore[misc, valid-type]
        def _step(self, name: str, where: str = "") -> None:
            super()._step(name, where)
            if len(self.calls) > at:
                raise OSError(errno.EIO, "Input/output error")

    return Dying()


def _digest(kept: tuple[bytes, int] | None) -> str | None:
    return None if kept is None else sha256(kept[0]).hexdigest()
