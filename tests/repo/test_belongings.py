"""What belongs to a file besides its bytes: permissions, owner, attributes; and the little time
between a look at a file and the change of its name."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault
from spark_tui.repo.ops import Ops
from spark_tui.repo.worktree import Change, Stale, Worktree

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextlib.contextmanager
def umask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture
def open_root() -> Iterator[Path]:
    """A folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "work"
        root.mkdir()
        yield root


@contextlib.contextmanager
def somebody() -> Iterator[None]:
    """A person without rights, and in no group."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


# --- a file that moves, or comes back -------------------------------------------------------


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o711, 0o755, 0o444])
def test_a_move_keeps_the_permissions(root: Path, bits: int) -> None:
    (root / "a").write_bytes(b"old")
    (root / "a").chmod(bits)
    kind = 0o755 if bits & 0o100 else 0o644
    with umask(0o077):
        Worktree(root).write_all(
            [Change("a", None), Change("b/c", b"new", kind, source="a")],
            expected={"a": digest(b"old"), "b/c": None},
        )
    assert mode(root / "b/c") == bits and not (root / "a").exists()


def test_a_move_that_makes_it_executable(root: Path) -> None:
    (root / "a").write_bytes(b"old")
    (root / "a").chmod(0o640)
    Worktree(root).write_all(
        [Change("a", None), Change("b", b"old", 0o755, source="a")],
        expected={"a": digest(b"old"), "b": None},
    )
    assert mode(root / "b") == 0o750


@pytest.mark.parametrize("gone", ["file", "link"])
def test_a_move_of_what_is_no_file_any_more_is_private(root: Path, gone: str) -> None:
    """Whose permissions it should have is not known."""
    if gone == "link":
        (root / "a").symlink_to("/etc/passwd")
    Worktree(root).write_all([Change("b", b"x", 0o755, source="a")], expected={"b": None})
    assert mode(root / "b") == 0o700


def test_a_move_keeps_the_attributes(root: Path) -> None:
    (root / "a").write_bytes(b"old")
    try:
        os.setxattr(root / "a", "user.note", b"mine")
    except (OSError, AttributeError):
        pytest.skip("no extended attributes here")
    Worktree(root).write_all(
        [Change("a", None), Change("b", b"new", 0o644, source="a")],
        expected={"a": digest(b"old"), "b": None},
    )
    assert os.getxattr(root / "b", "user.note") == b"mine"


@pytest.mark.parametrize("change", ["moves", "comes back"])
def test_the_bytes_of_a_private_file_are_never_readable(root: Path, change: str) -> None:
    seen: list[int] = []

    class Looking(Ops):
        def write(self, file: int, data: bytes) -> None:
            super().write(file, data)
            seen.append(stat.S_IMODE(os.fstat(file).st_mode))

    (root / "a").write_bytes(b"secret")
    (root / "a").chmod(0o600)
    new = (
        Change("b", b"secret", 0o644, source="a")
        if change == "moves"
        else Change("b", b"secret", 0o644, bits=0o600)
    )
    Worktree(root, ops=Looking()).write_all([new], expected={"b": None})
    assert seen == [0o600] and mode(root / "b") == 0o600


@pytest.mark.parametrize("bits", [0o600, 0o644, 0o755, 0o711])
def test_a_file_comes_back_with_its_permissions(root: Path, bits: int) -> None:
    with umask(0o077):
        Worktree(root).write_all([Change("a", b"x", 0o644, bits=bits)], expected={"a": None})
    assert mode(root / "a") == bits


def test_no_new_file_is_set_id(root: Path) -> None:
    Worktree(root).write_all([Change("a", b"x", bits=0o6755)], expected={"a": None})
    assert mode(root / "a") == 0o755


def test_a_folder_passes_its_group_on(root: Path) -> None:
    """The set-group-id bit of a folder works for new files and new folders in it."""
    (root / "team").mkdir()
    if os.geteuid() == 0:
        os.chown(root / "team", -1, NOBODY)
    (root / "team").chmod(0o2775)
    with umask(0o002):
        Worktree(root).write_all([Change("team/new/a", b"x")], expected={"team/new/a": None})
    group = (root / "team").stat().st_gid
    assert (root / "team/new/a").stat().st_gid == (root / "team/new").stat().st_gid == group
    assert mode(root / "team/new/a") == 0o664


# --- another's file ------------------------------------------------------------------------


@as_root
def test_anothers_writable_file_is_written(open_root: Path) -> None:
    """It stays theirs: written in place, and its mode is not ours to set."""
    file = open_root / "a"
    file.write_bytes(b"old and longer")
    file.chmod(0o666)
    with somebody():
        worktree = Worktree(open_root)
        assert worktree.in_place("a")
        worktree.write_all([Change("a", b"new", 0o644)], expected={"a": digest(b"old and longer")})
    assert file.read_bytes() == b"new"
    assert (file.stat().st_uid, mode(file)) == (0, 0o666)


@as_root
def test_the_mode_of_anothers_file_cannot_be_changed(open_root: Path) -> None:
    file = open_root / "a"
    file.write_bytes(b"old")
    file.chmod(0o666)
    with somebody(), pytest.raises(DiskFault, match=r"No permission for a\. Nothing was changed"):
        Worktree(open_root).write_all([Change("a", b"new", 0o755)], expected={"a": digest(b"old")})
    assert file.read_bytes() == b"old"


@as_root
def test_a_read_only_folder(open_root: Path) -> None:
    """No name can be made in it: that is said, and the files elsewhere stay as they are too."""
    open_root.chmod(0o777)
    (open_root / "locked").mkdir()
    for name in ("a", "locked/b"):
        (open_root / name).write_bytes(b"old")
        os.chown(open_root / name, NOBODY, NOBODY)
    for changes in (
        [Change("a", b"new"), Change("locked/b", b"new")],
        [Change("a", b"new"), Change("locked/b", None)],
        [Change("a", b"new"), Change("locked/c/d", b"new")],
    ):
        expected = {c.path: digest(b"old") if c.path[-1] in "ab" else None for c in changes}
        with somebody(), pytest.raises(DiskFault, match=r"No permission for locked/.*\. Nothing"):
            Worktree(open_root).write_all(changes, expected=expected)
        assert sorted(os.listdir(open_root)) == ["a", "locked"]  # noqa: PTH208
        assert os.listdir(open_root / "locked") == ["b"]  # noqa: PTH208
        assert {(open_root / n).read_bytes() for n in ("a", "locked/b")} == {b"old"}


@as_root
def test_set_id_bits_do_not_pass_to_another_group(open_root: Path) -> None:
    """We own the file and may not give the new one its group."""
    open_root.chmod(0o777)
    file = open_root / "a"
    file.write_bytes(b"old")
    os.chown(file, NOBODY, 12345)
    file.chmod(0o2755)
    with somebody():
        Worktree(open_root).write_all([Change("a", b"new")], expected={"a": digest(b"old")})
    assert (file.stat().st_gid, mode(file)) == (NOBODY, 0o755)


def test_set_id_bits_of_our_own_file_stay(root: Path) -> None:
    (root / "a").write_bytes(b"old")
    (root / "a").chmod(0o4755)
    Worktree(root).write_all([Change("a", b"new")], expected={"a": digest(b"old")})
    assert mode(root / "a") == 0o4755


# --- between the look and the change ---------------------------------------------------------


class Between(Ops):
    """When the first new file is made, somebody does something."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act: Callable[[], None] | None = act

    def create(self, name: str, mode: int, folder: int) -> int:
        act, self._act = self._act, None
        if act is not None:
            act()
        return super().create(name, mode, folder)


@pytest.mark.parametrize("how", ["replaced", "hard-linked", "deleted"])
def test_an_edit_of_equal_size_and_time_is_seen(root: Path, tmp_path: Path, how: str) -> None:
    file = root / "a"
    file.write_bytes(b"old bytes")
    if how == "hard-linked":
        os.link(file, tmp_path / "second")

    def edit() -> None:
        before = file.stat()
        with file.open("r+b") as opened:
            opened.write(b"their own")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    changes = [Change("a", None if how == "deleted" else b"new"), Change("b", b"new")]
    with pytest.raises(Stale):
        Worktree(root, ops=Between(edit)).write_all(
            changes, expected={"a": digest(b"old bytes"), "b": None}
        )
    assert file.read_bytes() == b"their own" and os.listdir(root) == ["a"]  # noqa: PTH208


@pytest.mark.parametrize("what", ["file", "folder", "link", "nothing"])
@pytest.mark.parametrize("linked", [False, True])
def test_something_else_takes_the_name(root: Path, tmp_path: Path, what: str, linked: bool) -> None:
    file = root / "a"
    file.write_bytes(b"old")
    (tmp_path / "theirs").write_bytes(b"theirs")
    if linked:
        os.link(file, tmp_path / "second")

    def turn() -> None:
        file.unlink()
        match what:
            case "file":
                file.write_bytes(b"their own")
            case "folder":
                file.mkdir()
            case "link":
                file.symlink_to(tmp_path / "theirs")

    with pytest.raises((Stale, DiskFault)) as caught:
        Worktree(root, ops=Between(turn)).write_all(
            [Change("b", b"new"), Change("a", b"new")], expected={"a": digest(b"old"), "b": None}
        )
    assert "Nothing was" in caught.value.message
    assert os.listdir(root) == ([] if what == "nothing" else ["a"])  # noqa: PTH208
    assert what != "file" or file.read_bytes() == b"their own"
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not linked or (tmp_path / "second").read_bytes() == b"old"
