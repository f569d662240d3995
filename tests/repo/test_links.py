"""Symbolic links in what is restored or discarded: replaced and put back, never followed."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from stat import S_IFLNK

import pytest

from spark_tui.errors import DiskFault, RefusedFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.files import digest_of
from spark_tui.repo.recovering import intent, recover
from spark_tui.repo.worktree import Change, NotPutBack, Stale, Worktree
from tests.support.recording import NoExchange, NoLinksEither, Recording

Kept = tuple[bytes, int] | None

BEFORE: dict[str, Kept] = {
    "file to link": (b"text", 0o644),
    "link to file": (b"../outside/secret", S_IFLNK),
    "link to link": (b"one", S_IFLNK),
    "link to none": (b"gone/nowhere", S_IFLNK),
    "none to link": None,
    "sub/dir/none to link": None,
    "same": (b"same", S_IFLNK),
    "raw\udcff": (b"\xff\n", S_IFLNK),
}
AFTER: dict[str, Kept] = {
    "file to link": (b"../outside/secret", S_IFLNK),
    "link to file": (b"#!/bin/sh\n", 0o750),
    "link to link": (b"../outside", S_IFLNK),
    "link to none": None,
    "none to link": (b"/etc/passwd", S_IFLNK),
    "sub/dir/none to link": (b"x", S_IFLNK),
    "same": (b"same", S_IFLNK),
    "raw\udcff": (b"other", 0o644),
}
KINDS = [Recording, NoExchange, NoLinksEither]


def lay_out(root: Path) -> Path:
    root.mkdir(parents=True)
    outside = root.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret").write_bytes(b"not ours")
    for path, kept in BEFORE.items():
        if kept is not None and kept[1] == S_IFLNK:
            (root / path).symlink_to(os.fsdecode(kept[0]))
        elif kept is not None:
            (root / path).write_bytes(kept[0])
            (root / path).chmod(kept[1])
    return root


def found(root: Path) -> dict[str, Kept]:
    return {path: Worktree(root).read_kept(path) for path in BEFORE}


def leftovers(root: Path) -> list[Path]:
    known = {root / p for p in BEFORE} | {root / "sub", root / "sub/dir"}
    assert (root.parent / "outside/secret").read_bytes() == b"not ours"
    return [p for p in root.rglob("*") if p not in known]


def changes(target: dict[str, Kept]) -> list[Change]:
    return [
        Change(path, None, links=True)
        if kept is None
        else Change(path, kept[0], kept[1], bits=kept[1], links=True)
        for path, kept in target.items()
    ]


def digests(of: dict[str, Kept]) -> dict[str, str | None]:
    return {path: None if kept is None else digest_of(*kept) for path, kept in of.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_links_come_and_go(tmp_path: Path, kind: type[Recording]) -> None:
    root = lay_out(tmp_path / "r")
    Worktree(root, ops=kind()).write_all(changes(AFTER), expected=digests(BEFORE))
    assert found(root) == AFTER
    assert leftovers(root) == []
    Worktree(root, ops=kind()).write_all(changes(BEFORE), expected=digests(AFTER))
    assert found(root) == BEFORE
    assert leftovers(root) == []
    assert not (root / "sub").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_step_leaves_old_or_new(tmp_path: Path, kind: type[Recording]) -> None:
    ops = kind()
    root = lay_out(tmp_path / "count")
    Worktree(root, ops=ops).write_all(changes(AFTER), expected=digests(BEFORE))

    def fail() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for at in range(len(ops.calls)):
        root = lay_out(tmp_path / f"{at}/r")
        try:
            Worktree(root, ops=kind(at, fail)).write_all(changes(AFTER), expected=digests(BEFORE))
        except NotPutBack:
            raise AssertionError(at) from None
        except DiskFault:
            assert found(root) == BEFORE
            assert leftovers(root) == []
        else:
            assert found(root) == AFTER


def test_a_link_that_was_turned_meanwhile_is_kept(tmp_path: Path) -> None:
    ops = Recording()
    Worktree(lay_out(tmp_path / "count"), ops=ops).write_all(
        changes(AFTER), expected=digests(BEFORE)
    )
    for at in range(len(ops.calls)):
        root = lay_out(tmp_path / f"{at}/r")

        def turn(root: Path = root) -> None:
            (root / "theirs").symlink_to("elsewhere")
            (root / "theirs").rename(root / "link to link")

        try:
            Worktree(root, ops=Recording(at, turn)).write_all(
                changes(AFTER), expected=digests(BEFORE)
            )
        except Stale:
            assert found(root) == {**BEFORE, "link to link": (b"elsewhere", S_IFLNK)}


@pytest.mark.parametrize("path", [p for p, kept in BEFORE.items() if kept and kept[1] == S_IFLNK])
def test_what_does_not_say_links_is_refused(tmp_path: Path, path: str) -> None:
    """A model's reply is such a write."""
    root = lay_out(tmp_path / "r")
    for change in (Change(path, b"x"), Change(path, None)):
        with pytest.raises(RefusedFault, match="is a link"):
            Worktree(root).write_all([change], expected=digests(BEFORE))
    with pytest.raises(ValueError, match="no link"):
        Change(path, b"x", S_IFLNK)
    assert found(root) == BEFORE


def test_a_link_is_no_way_into_a_folder(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "r")
    (root / "way").symlink_to(root.parent / "outside")
    with pytest.raises(RefusedFault, match="is a link"):
        Worktree(root).read_kept("way/secret")
    with pytest.raises(RefusedFault, match="is a link"):
        Worktree(root).write_all(
            [Change("way/secret", None, links=True)],
            expected={"way/secret": digest_of(b"not ours", 0o644)},
        )
    assert (root.parent / "outside/secret").read_bytes() == b"not ours"


def test_a_file_with_the_same_bytes_is_another_thing(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "r")
    (root / "same").unlink()
    (root / "same").write_bytes(b"same")
    change = Change("same", None, links=True)
    with pytest.raises(Stale):
        Worktree(root).write_all([change], expected=digests(BEFORE))
    assert (root / "same").read_bytes() == b"same"


def test_a_checkpoint_holds_links(tmp_path: Path, environ: dict[str, str]) -> None:
    root = lay_out(tmp_path / "r")
    store = CheckpointStore.open(tmp_path / "state", root, environ=environ)
    kept = store.save("s", 1, found(root))
    assert store.load(kept) == BEFORE


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_restore_is_taken_back_or_finished(
    tmp_path: Path, environ: dict[str, str], kind: type[Recording]
) -> None:
    ops = kind()
    root = lay_out(tmp_path / "count/r")
    Worktree(root, ops=ops).write_all(changes(AFTER), expected=digests(BEFORE))
    store = CheckpointStore.open(tmp_path / "state", root, environ=environ)
    kept = store.save("s", 1, BEFORE)

    def die() -> None:
        raise Killed

    ends = set()
    for at in range(len(ops.calls)):
        root = lay_out(tmp_path / f"{at}/r")
        dying = kind(at, die)
        worktree = Worktree(root, ops=dying)
        store.begin(intent(kept, changes(AFTER), worktree.missing_folders(AFTER)))
        _die_at(worktree, dying)
        recovery = recover(store, Worktree(root))
        assert recovery is not None
        assert found(root) == (AFTER if recovery.outcome == "finished" else BEFORE)
        assert leftovers(root) == []
        ends.add(recovery.outcome)
    assert ends == {"finished", "restored"}


def _die_at(worktree: Worktree, ops: Recording) -> None:
    """Nothing is put back: the process is gone."""
    for name in ("symlink", "create", "rename", "exchange", "link", "unlink", "rmdir", "mkdir"):
        _end_after(ops, name)
    with pytest.raises(Killed):
        worktree.write_all(changes(AFTER), expected=digests(BEFORE))


def _end_after(ops: Recording, name: str) -> None:
    real = getattr(ops, name)

    def step(*args: object) -> object:
        if len(ops.calls) > ops._at:
            raise Killed
        return real(*args)

    setattr(ops, name, step)
