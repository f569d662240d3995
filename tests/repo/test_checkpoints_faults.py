"""A store that is damaged, full, locked or deleted under our feet: said, and never relied upon."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, GitFault
from spark_tui.repo.checkpoints import CheckpointGone, CheckpointStore

FILES: dict[str, tuple[bytes, int] | None] = {
    "src/app.py": (b"x = 1\n" * 200, 0o644),
    "absent": None,
}
NOISE = os.urandom(3000)
MORE: dict[str, tuple[bytes, int] | None] = {
    "src/app.py": (b"y = 2\n" * 200, 0o755),
    "other": (NOISE, 0o644),
}
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path, root: Path, environ: dict[str, str]) -> CheckpointStore:
    return CheckpointStore.open(tmp_path / "state/worktrees/ab", root, environ=environ)


GONE: dict[str, Callable[[CheckpointStore], None]] = {
    "the store": lambda s: shutil.rmtree(s.storage.folder),
    "the state folder": lambda s: shutil.rmtree(s.folder.parents[1]),
    "HEAD": lambda s: (s.storage.folder / "HEAD").unlink(),
    "what HEAD says": lambda s: os.truncate(s.storage.folder / "HEAD", 0),
    "objects": lambda s: shutil.rmtree(s.storage.folder / "objects"),
    "packs": lambda s: shutil.rmtree(s.storage.packs_folder),
    "refs": lambda s: shutil.rmtree(s.storage.folder / "refs"),
    "the settings": lambda s: (s.storage.folder / "config").unlink(),
}


@pytest.mark.parametrize("what", GONE)
def test_the_next_save_works_whatever_was_deleted(store: CheckpointStore, what: str) -> None:
    store.save("s", 1, FILES)
    first = store.save("s", 1, MORE)
    store.keep_blob(b"shown")
    GONE[what](store)
    kept = store.save("s", 1, FILES)
    assert store.load(kept) == FILES
    assert kept in [i.id for i in store.list()]
    assert store.blob(store.keep_blob(b"shown again")) == b"shown again"
    assert store.folder.stat().st_mode & 0o077 == 0
    assert store.blobs_folder.stat().st_mode & 0o077 == 0
    store.begin(b"note")
    assert store.unfinished() == b"note"
    try:
        assert store.load(first) == MORE
    except CheckpointGone as fault:
        assert what in ("the store", "the state folder", "objects", "packs")
        assert first[:9] in fault.message


def test_a_reader_makes_nothing(tmp_path: Path, root: Path, environ: dict[str, str]) -> None:
    store = CheckpointStore.there(tmp_path / "state/x", root, environ=environ)
    assert store.list() == ()
    assert list(store.blobs()) == []
    with pytest.raises(CheckpointGone):
        store.load("a" * 40)
    assert not (tmp_path / "state").exists()


def test_deleted_references_are_said(store: CheckpointStore) -> None:
    kept = store.save("s", 1, FILES)
    shutil.rmtree(store.storage.folder / "refs/spark")
    _git(store, "gc", "--prune=now", "-q")
    assert store.list() == ()
    with pytest.raises(CheckpointGone, match="not in the store any more"):
        store.load(kept)
    assert store.load(store.save("s", 1, MORE)) == MORE


def test_a_pack_that_was_cut_off_takes_only_its_own(store: CheckpointStore) -> None:
    ids = [store.save("s", n, f) for n, f in enumerate((FILES, MORE, FILES | {"z": None}))]
    pack = next(p for p in _packs(store) if NOISE[:50] in p.read_bytes())
    pack.chmod(0o600)
    os.truncate(pack, pack.stat().st_size // 2)
    assert store.load(ids[0]) == FILES
    with pytest.raises(CheckpointGone):
        store.load(ids[1])
    assert store.load(ids[2]) == FILES | {"z": None}
    assert store.load(store.save("s", 3, MORE)) == MORE
    assert list(store.folder.glob("again*")) == []
    assert {i.id for i in store.list()} >= set(ids)
    before = _packs(store)
    with pytest.raises(GitFault, match="nothing is lost by it"):
        store.storage.join(drop=True)
    assert set(before) <= set(_packs(store))
    store.forget([i for i in store.list() if i.id == ids[1]])


def test_one_object_that_is_damaged(store: CheckpointStore) -> None:
    """Loose, as after a git gc of the person's; each in turn."""
    kept = store.save("s", 1, FILES)
    for pack in _packs(store):
        moved = pack.rename(store.folder / pack.name)
        pack.with_suffix(".idx").unlink()
        with moved.open("rb") as packed:
            _git(store, "unpack-objects", "-q", stdin=packed.fileno())
    loose = [p for p in (store.storage.folder / "objects").glob("??/*") if p.parent.name != "pa"]
    assert len(loose) >= 4
    for one in loose:
        data = one.read_bytes()
        one.chmod(0o600)
        one.write_bytes(data[: len(data) // 2])
        with pytest.raises(CheckpointGone):
            store.load(kept)
        assert [i.id for i in store.list()] == [kept]
        one.write_bytes(data)
    assert store.load(kept) == FILES
    assert not store.list()[0].is_damaged
    for one in loose:
        one.write_bytes(b"")
    assert store.load(store.save("s", 1, FILES)) == FILES


def test_a_damaged_commit_is_listed_as_such(store: CheckpointStore) -> None:
    ids = [store.save("s", n, FILES) for n in range(3)]
    ref = store.storage.folder / "refs/spark/s/1/1"
    ref.write_text("1" * 40 + "\n")
    infos = store.list()
    assert [i.id for i in infos] == ["1" * 40, ids[0], ids[2]]
    assert [i.is_damaged for i in infos] == [True, False, False]
    assert infos[1].size == 1200


def test_locks_that_stay_are_a_fault_and_the_next_save_works(store: CheckpointStore) -> None:
    store.save("s", 1, FILES)
    above = store.storage.folder / "refs/spark/s/1"
    locks = [above / f"{n}.lock" for n in (2, 3)]
    for lock in locks:
        lock.touch()
    with pytest.raises(GitFault, match="nothing was applied") as caught:
        store.save("s", 1, MORE)
    assert "lock" in caught.value.hint
    for lock in locks:
        lock.unlink()
    assert store.load(store.save("s", 1, MORE)) == MORE
    assert len(store.list()) == 2


def test_locks_of_a_killed_git_hold_nothing_up_for_long(store: CheckpointStore) -> None:
    ids = [store.save("s", n, FILES) for n in range(3)]
    folder = store.storage.folder
    locks = [folder / "packed-refs.lock", folder / "refs/spark/s/1/1.lock"]
    locks += [folder / "packed-refs.new"]
    for lock in locks:
        lock.touch()
    with pytest.raises(GitFault):  # its holder may be alive
        store.storage.gather_refs()
    with pytest.raises(GitFault):
        store.forget(store.list()[:2])
    assert [i.id for i in store.list()] == ids
    for lock in locks:
        os.utime(lock, (5, 5))
    store.forget(store.list()[:2])
    locks[0].touch()
    os.utime(locks[0], (5, 5))
    store.storage.gather_refs()
    assert [i.id for i in store.list()] == ids[2:]
    assert store.load(store.save("s", 1, FILES)) == FILES


def test_no_place_for_packs_is_a_fault(store: CheckpointStore) -> None:
    kept = store.save("s", 1, FILES)
    folder = store.storage.packs_folder
    aside = folder.rename(folder.with_name("aside"))
    folder.write_bytes(b"")
    with pytest.raises(GitFault, match="nothing was applied"):
        store.save("s", 1, MORE)
    folder.unlink()
    aside.rename(folder)
    assert [i.id for i in store.list()] == [kept]
    assert store.load(store.save("s", 1, MORE)) == MORE


READ_ONLY = """
import sys, os, subprocess
from pathlib import Path
from spark_tui.errors import GitFault
from spark_tui.repo.checkpoints import CheckpointStore
folder = Path(sys.argv[1])
store = CheckpointStore.open(folder / "state", folder / "work", environ=dict(os.environ))
kept = store.save("s", 1, {"a": (b"one", 0o644)})
objects = str(store.storage.folder / "objects")
subprocess.run(["mount", "--bind", objects, objects], check=True)
subprocess.run(["mount", "-o", "remount,ro,bind", objects], check=True)
try:
    store.save("s", 1, {"a": (b"two", 0o644)})
except GitFault as fault:
    assert "nothing was applied" in fault.message, fault.message
    assert "ead-only" in fault.hint, fault.hint
else:
    raise SystemExit("saved")
assert store.load(kept) == {"a": (b"one", 0o644)}
assert [i.id for i in store.list()] == [kept]
subprocess.run(["umount", objects], check=True)
store.load(store.save("s", 1, {"a": (b"two", 0o644)}))
print("done")
"""

FULL = """
import sys, os
from pathlib import Path
from spark_tui.errors import DiskFault
from spark_tui.repo.checkpoints import CheckpointStore
folder = Path(sys.argv[1])
store = CheckpointStore.open(folder / "state", folder / "work", environ=dict(os.environ))
noise = os.urandom(1 << 20)
kept, full = {}, 0
ballast = folder / "ballast"
for level in range(64):
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    room = level * 3000
    ballast.write_bytes(b"b" * max(0, free - room))
    files = {"a": (noise[level * 100 : level * 100 + 60000], 0o644), "b": None}
    try:
        kept[store.save("s", level, files)] = files
    except DiskFault as fault:
        full += 1
        assert "Nothing was applied" in fault.message, fault.message
        assert "needs 60,000 bytes" in fault.message, fault.message
    ballast.unlink()
    assert {i.id for i in store.list()} == set(kept)
    left = [p.name for p in store.storage.packs_folder.glob("tmp_*")]
    assert not left, left
    for id, was in kept.items():
        assert store.load(id) == was
    if len(kept) > 6:
        store.forget(store.list()[:5])
        store.storage.join(drop=True)
        kept = dict(list(kept.items())[5:])
assert full > 10, full
assert kept
print("done")
"""


def test_objects_that_cannot_be_written(tmp_path: Path) -> None:
    _in_a_namespace(READ_ONLY, tmp_path, "true")


def test_sixty_four_levels_of_a_full_disk(tmp_path: Path) -> None:
    _in_a_namespace(FULL, tmp_path, f"mount -t tmpfs -o size=2m none {tmp_path}")


def test_a_file_size_limit_is_a_full_disk(
    tmp_path: Path, root: Path, store: CheckpointStore
) -> None:
    script = (
        "import resource, sys, os; from pathlib import Path\n"
        "from spark_tui.repo.checkpoints import CheckpointStore\n"
        "from spark_tui.errors import DiskFault\n"
        "store = CheckpointStore.open(Path(sys.argv[1]), Path(sys.argv[2]), environ=os.environ)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try: store.save('s', 1, {'a': (os.urandom(50000), 0o644)})\n"
        "except DiskFault as fault: print(fault.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(store.folder), str(root)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert done.stdout.startswith("Disk full: the checkpoint needs 50,000 bytes")
    assert store.list() == ()
    store.load(store.save("s", 1, FILES))


def test_a_full_disk_is_no_reason_to_lose_a_blob_quietly(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spark_tui.repo.checkpoints.put", full)
    with pytest.raises(DiskFault, match="Disk full"):
        store.keep_blob(b"shown")


def _in_a_namespace(script: str, folder: Path, mount: str) -> None:
    done = subprocess.run(
        [
            *("unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh"),
            *(sys.executable, "-c", script, str(folder)),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mounts here")
    assert done.stdout == "done\n", done.stderr


def _packs(store: CheckpointStore) -> list[Path]:
    return sorted(store.storage.packs_folder.glob("*.pack"))


def _git(store: CheckpointStore, *args: str, stdin: int | None = None) -> None:
    subprocess.run(["git", "--git-dir", str(store.storage.folder), *args], check=True, stdin=stdin)
