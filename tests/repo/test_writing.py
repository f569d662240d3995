"""All or nothing, with another writer at every single step, and on a disk that is really full."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, RefusedFault
from spark_tui.repo.ops import Ops
from spark_tui.repo.worktree import Change, Stale, Worktree
from tests.support.recording import Recording


def digest(data: bytes | None) -> str | None:
    return None if data is None else sha256(data).hexdigest()


OLD = {"a.txt": b"old a\r\n", "src/b.txt": b"old b", "gone/d.txt": b"old d", "hard": b"old hard"}
NEW = {"a.txt": b"new a", "src/b.txt": b"new b", "add/ed/c.txt": b"new c", "hard": b"new"}
CHANGES = [
    Change("a.txt", b"new a"),
    Change("src/b.txt", b"new b"),
    Change("gone/d.txt", None),
    Change("add/ed/c.txt", b"new c"),
    Change("hard", b"new"),
]
EXPECTED = {c.path: digest(OLD.get(c.path)) for c in CHANGES}


def lay_out(root: Path) -> None:
    for path, data in OLD.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(data)
    os.link(root / "hard", root.parent / "second")


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(f.relative_to(root)): f.read_bytes()
        for f in root.rglob("*")
        if f.is_file() and not f.is_symlink()
    }


def steps(root: Path) -> list[str]:
    lay_out(root)
    ops = Recording()
    Worktree(root, ops=ops).write_all(CHANGES, expected=EXPECTED)
    return ops.calls


def test_another_writer_at_any_step_loses_nothing(tmp_path: Path) -> None:
    """An editor saves between our steps, by rename: its bytes are on the disk afterwards."""
    total = steps(_fresh(tmp_path, "count"))
    for at in range(len(total)):
        root = _fresh(tmp_path, f"{at}")
        lay_out(root)
        saved: list[bytes] = []

        def save(root: Path = root, saved: list[bytes] = saved) -> None:
            (root / "editor~").write_bytes(b"the user's own")
            saved.append((root / "a.txt").read_bytes())
            (root / "editor~").rename(root / "a.txt")

        try:
            Worktree(root, ops=Recording(at, save)).write_all(CHANGES, expected=EXPECTED)
        except Stale:
            rest = tree(root)
            assert rest.pop("a.txt") == b"the user's own"
            assert rest == {p: d for p, d in OLD.items() if p != "a.txt"}
        else:
            assert saved == [b"new a"] or tree(root)["a.txt"] == b"the user's own"


def test_a_file_that_appears_is_not_overwritten(root: Path) -> None:
    calls = steps(_fresh(root.parent, "count"))

    def appear() -> None:
        (root / "c").write_bytes(b"theirs")

    for at in range(calls.index("link")):
        ops = Recording(at, appear)
        (root / "c").unlink(missing_ok=True)
        try:
            Worktree(root, ops=ops).write_all([Change("c", b"ours")], expected={"c": None})
        except Stale:
            assert (root / "c").read_bytes() == b"theirs"


def test_a_folder_turned_into_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    """At every step: the folder goes away and a link out of the root takes its name."""
    total = steps(_fresh(tmp_path, "count"))
    for at in range(len(total)):
        place = _fresh(tmp_path, f"swap{at}")
        lay_out(place)
        outside = place.parent / "outside"
        outside.mkdir()
        (outside / "b.txt").write_bytes(b"old b")

        def turn(place: Path = place, outside: Path = outside) -> None:
            (place / "src").rename(place / "moved")
            (place / "src").symlink_to(outside)

        try:
            Worktree(place, ops=Recording(at, turn)).write_all(CHANGES, expected=EXPECTED)
        except (RefusedFault, DiskFault):
            assert (place / "moved/b.txt").read_bytes() == b"old b"
        assert tree(outside) == {"b.txt": b"old b"}


def test_a_flipping_folder_never_leads_outside(root: Path, tmp_path: Path) -> None:
    lay_out(root)
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "other").symlink_to(outside)
    ended = threading.Event()
    folder = os.open(root, os.O_RDONLY)

    def flip() -> None:
        while not ended.is_set():
            Ops().exchange("src", "other", folder)

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        for n in range(200):
            try:
                Worktree(root).write_all([Change(f"src/{n}", b"x")], expected={f"src/{n}": None})
            except (RefusedFault, DiskFault):
                continue
    finally:
        ended.set()
        thread.join()
        os.close(folder)
    assert tree(outside) == {}


def test_many_files_at_once(root: Path) -> None:
    changes = [Change(f"d{n % 7}/{n}", b"%d" % n) for n in range(350)]
    Worktree(root).write_all(changes, expected=dict.fromkeys(c.path for c in changes))
    assert tree(root) == {c.path: c.data for c in changes}
    Worktree(root).write_all(
        [Change(c.path, None) for c in changes], expected={c.path: digest(c.data) for c in changes}
    )
    assert list(root.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a small file system of its own")
def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """A real one: 64 KiB of tmpfs, at growing sizes of the write."""
    script = (
        "import sys; from pathlib import Path; from hashlib import sha256\n"
        "from spark_tui.repo.worktree import *; from spark_tui.errors import DiskFault\n"
        "root = Path(sys.argv[1]); old = b'o' * 9000; (root / 'a').write_bytes(old)\n"
        "for size in range(1000, 90000, 3000):\n"
        "    try:\n"
        "        Worktree(root).write_all([Change('a', b'n' * size), Change('b', b'm' * size)],\n"
        "            expected={'a': sha256(old).hexdigest(), 'b': None})\n"
        "    except DiskFault as fault:\n"
        "        print('full'); assert 'Nothing was changed' in fault.message\n"
        "        assert [f.name for f in root.iterdir()] == ['a'], list(root.iterdir())\n"
        "        assert (root / 'a').read_bytes() == old\n"
        "    else:\n"
        "        old = b'n' * size; (root / 'b').unlink()\n"
    )
    small = tmp_path / "small"
    small.mkdir()
    command = f'mount -t tmpfs -o size=64k none {small} && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command, "sh", *_python(script), str(small)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("no mounts here")
    assert done.returncode == 0, done.stderr
    assert "full" in done.stdout


def _python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def _fresh(tmp_path: Path, name: str) -> Path:
    root = tmp_path / name / "work"
    root.mkdir(parents=True)
    return root
