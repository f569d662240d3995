"""Reading and writing the user's files: byte-exact, inside the root, all or nothing."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, RefusedFault
from spark_tui.repo.places import names_git
from spark_tui.repo.worktree import Change, Stale, Worktree


def digest(data: bytes | None) -> str | None:
    return None if data is None else sha256(data).hexdigest()


@pytest.fixture
def worktree(root: Path) -> Worktree:
    (root / "a.txt").write_bytes(b"old a\r\n")
    (root / "src").mkdir()
    (root / "src/b.txt").write_bytes(b"old b")
    return Worktree(root)


# --- what is there -------------------------------------------------------------------------


def test_read_keeps_bytes_and_the_executable_bit(worktree: Worktree) -> None:
    (worktree.root / "run").write_bytes(b"\xff\x00\r\n")
    (worktree.root / "run").chmod(0o755)
    snapshot = worktree.read("run")
    assert snapshot is not None
    assert (snapshot.data, snapshot.mode) == (b"\xff\x00\r\n", 0o755)
    assert worktree.read("none") is None
    assert worktree.read("none/deeper") is None


def test_kinds(worktree: Worktree) -> None:
    root = worktree.root
    (root / "link").symlink_to("a.txt")
    (root / "dangling").symlink_to("nowhere")
    (root / "loop").symlink_to("loop")
    (root / "dir").symlink_to("src")
    os.mkfifo(root / "pipe")
    (root / "sub/.git").mkdir(parents=True)
    (root / "file-sub").mkdir()
    (root / "file-sub/.git").write_text("gitdir: x")
    for name in ("objects", "refs"):
        (root / "bare" / name).mkdir(parents=True)
    (root / "bare/HEAD").write_text("x")
    expected = {
        "a.txt": "file",
        "src": "directory",
        "src/b.txt": "file",
        "none": "missing",
        "none/deeper": "missing",
        "a.txt/below": "special",
        "pipe": "special",
        "link": "link",
        "dangling": "link",
        "loop": "link",
        "dir/b.txt": "link",
        "sub": "nested",
        "sub/x": "nested",
        "file-sub/x": "nested",
        "bare/config": "nested",
        "x" * 300: "missing",
    }
    assert {path: worktree.kind(path) for path in expected} == expected


HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "a/../../x",
    "a/./b",
    "a//b",
    "/etc/passwd",
    "a\0b",
    ".git/config",
    "src/.git/hooks/pre-commit",
    ".GIT/config",
    ".Git",
    "git~1/config",
    "GIT~1",
    ".git./x",
    ".git /x",
    ".git...",
    ".git::$INDEX_ALLOCATION/x",
    ".g\u200cit/config",
    "\u200d.git/config",
    ".gi\ufefft/x",
    ".g\u2068it/x",
    "a\\.git\\config",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths_are_outside(worktree: Worktree, path: str) -> None:
    assert worktree.kind(path) == "outside"
    with pytest.raises(RefusedFault):
        worktree.read(path)
    with pytest.raises(RefusedFault):
        worktree.write_all([Change(path, b"x")], expected={path: None})


@pytest.mark.parametrize("name", [".gitignore", ".github", "git", "a.git", "git~2", "dotgit"])
def test_harmless_names(name: str) -> None:
    assert not names_git(name)


@pytest.mark.parametrize("path", ["link", "dir/b.txt", "out/x", "pipe", "src", "sub/x", "a.txt/x"])
def test_links_and_special_files_are_refused(worktree: Worktree, tmp_path: Path, path: str) -> None:
    root = worktree.root
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"theirs")
    (root / "link").symlink_to("a.txt")
    (root / "dir").symlink_to("src")
    (root / "out").symlink_to(outside)
    os.mkfifo(root / "pipe")
    (root / "sub/.git").mkdir(parents=True)
    before = tree(tmp_path)
    with pytest.raises(RefusedFault):
        worktree.read(path)
    for wrong in (None, digest(b"old a\r\n"), digest(b"theirs")):
        for data in (b"evil", None):
            with pytest.raises(RefusedFault):
                worktree.write_all([Change(path, data)], expected={path: wrong})
    assert tree(tmp_path) == before


def test_a_large_file_is_refused_before_it_is_read(worktree: Worktree) -> None:
    with (worktree.root / "big").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RefusedFault, match="too large"):
        worktree.read("big")


# --- writing -------------------------------------------------------------------------------


def test_write_edit_add_delete(worktree: Worktree) -> None:
    root = worktree.root
    worktree.write_all(
        [
            Change("a.txt", b"new a"),
            Change("deep/er/c.txt", b"new c"),
            Change("src/b.txt", None),
            Change("tool", b"#!/bin/sh\n", 0o755),
        ],
        expected={
            "a.txt": digest(b"old a\r\n"),
            "deep/er/c.txt": None,
            "src/b.txt": digest(b"old b"),
            "tool": None,
        },
    )
    assert tree(root) == {
        "a.txt": b"new a",
        "deep/er/c.txt": b"new c",
        "tool": b"#!/bin/sh\n",
    }
    assert not (root / "src").exists()
    assert (root / "tool").stat().st_mode & 0o777 == 0o755


def test_modes_are_kept_and_changed(worktree: Worktree) -> None:
    file = worktree.root / "a.txt"
    file.chmod(0o640)
    worktree.write_all([Change("a.txt", b"1")], expected={"a.txt": digest(b"old a\r\n")})
    assert file.stat().st_mode & 0o777 == 0o640
    worktree.write_all([Change("a.txt", b"1", 0o755)], expected={"a.txt": digest(b"1")})
    assert file.stat().st_mode & 0o777 == 0o750
    worktree.write_all([Change("a.txt", b"2", 0o644)], expected={"a.txt": digest(b"1")})
    assert file.stat().st_mode & 0o777 == 0o640


def test_new_files_obey_the_umask(worktree: Worktree) -> None:
    before = os.umask(0o027)
    try:
        worktree.write_all(
            [Change("x", b"x"), Change("y", b"y", 0o755)], expected={"x": None, "y": None}
        )
    finally:
        os.umask(before)
    modes = [(worktree.root / name).stat().st_mode & 0o777 for name in ("x", "y")]
    assert modes == [0o640, 0o750]


def test_hard_links_stay_linked(worktree: Worktree, tmp_path: Path) -> None:
    os.link(worktree.root / "a.txt", tmp_path / "second")
    assert worktree.in_place("a.txt")
    worktree.write_all([Change("a.txt", b"n")], expected={"a.txt": digest(b"old a\r\n")})
    assert (tmp_path / "second").read_bytes() == b"n"
    assert (worktree.root / "a.txt").stat().st_nlink == 2


def test_extended_attributes_are_kept(worktree: Worktree) -> None:
    file = worktree.root / "a.txt"
    try:
        os.setxattr(file, "user.note", b"mine")
    except (OSError, AttributeError):
        pytest.skip("no extended attributes here")
    worktree.write_all([Change("a.txt", b"n")], expected={"a.txt": digest(b"old a\r\n")})
    assert os.getxattr(file, "user.note") == b"mine"


def test_stale_names_every_changed_file_and_writes_none(worktree: Worktree) -> None:
    before = tree(worktree.root)
    with pytest.raises(Stale) as caught:
        worktree.write_all(
            [Change("a.txt", b"x"), Change("src/b.txt", b"y"), Change("c.txt", b"z")],
            expected={"a.txt": digest(b"other"), "src/b.txt": None, "c.txt": None},
        )
    assert caught.value.paths == ("a.txt", "src/b.txt")
    assert caught.value.exit_code == 6
    assert tree(worktree.root) == before


def test_equal_content_is_not_touched(worktree: Worktree) -> None:
    before = (worktree.root / "a.txt").stat()
    old = b"old a\r\n"
    worktree.write_all([Change("a.txt", old, 0o644)], expected={"a.txt": digest(old)})
    after = (worktree.root / "a.txt").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_read_only_file_is_not_replaced(worktree: Worktree) -> None:
    (worktree.root / "a.txt").chmod(0o444)
    with pytest.raises(DiskFault, match="read-only"):
        worktree.write_all([Change("a.txt", b"n")], expected={"a.txt": digest(b"old a\r\n")})


def test_every_name_can_be_written(worktree: Worktree) -> None:
    names = ["new\nline", "-rf", os.fsdecode(b"latin\xe9"), "ü日", "y" * 255, "*", " "]
    worktree.write_all([Change(n, b"x") for n in names], expected=dict.fromkeys(names))
    worktree.write_all(
        [Change(n, b"y") for n in names], expected=dict.fromkeys(names, digest(b"x"))
    )
    for name in names:
        found = worktree.read(name)
        assert found is not None
        assert found.data == b"y"


def test_sweep_removes_only_our_leftovers(worktree: Worktree) -> None:
    root = worktree.root
    (root / "src/.spark-tui-0123456789ab.tmp").write_text("x")
    (root / "src/.spark-tui-mine.tmp").write_text("x")
    kept: list[bytes] = []
    worktree.sweep(["src/b.txt", "none/x"], keep=kept.append)
    assert tree(root).keys() == {"a.txt", "src/b.txt", "src/.spark-tui-mine.tmp"}


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(f.relative_to(root)): f.read_bytes()
        for f in root.rglob("*")
        if f.is_file() and not f.is_symlink()
    }
