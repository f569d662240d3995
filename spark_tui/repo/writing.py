"""One write of several files, step by step, with the way back of every step.

    check     each file still has the bytes it should have
    stage     the new bytes lie beside their targets, synced; folders are made
    swap      targets and staged files change names; what came out is looked at
    in place  hard-linked files are overwritten
    aside     files to delete get a staged name
    sync      every folder concerned
    discard   the old bytes, now under staged names; empty folders

The rule kept here: until `discard` each step can be taken back without needing space on the
disk, and nothing that another program wrote meanwhile is lost: it comes out of the swap and is
put back. Paths are judged in places.py.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spark_tui.errors import DiskFault, RefusedFault
from spark_tui.repo.files import dress, look, new_mode
from spark_tui.repo.ops import Ops
from spark_tui.repo.places import as_fault, components, open_parent, opened_parent, status

_TOGETHER = 100
"""Files open at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one path shall be."""

    path: str
    data: bytes | None
    """None: no file."""
    mode: int | None = None
    """Only its executable bit counts; None keeps the file's own."""


class Stale(RefusedFault):
    """Files changed since they were read; nothing was written."""

    code = "stale"

    def __init__(self, paths: Sequence[str]) -> None:
        names = ", ".join(paths)
        super().__init__(
            f"Changed on disk meanwhile: {names}. Nothing was written.",
            hint="Look at the file again; the proposal is kept.",
        )
        self.paths = tuple(paths)


class NotPutBack(DiskFault):
    """A write failed half way and so did the way back: the intent must stay for `recover`."""

    code = "not_put_back"


@dataclass(slots=True)
class _Target:
    """One path on its way."""

    change: Change
    parts: tuple[str, ...]
    found: os.stat_result | None
    old: bytes | None
    folder: int = -1
    staged: str = field(default_factory=lambda: f".spark-tui-{secrets.token_hex(6)}.tmp")

    @property
    def path(self) -> str:
        return self.change.path

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def in_place(self) -> bool:
        """Replacing would cut a hard link, or take a file away from its owner."""
        found = self.found
        if found is None or self.change.data is None:
            return False
        return found.st_nlink > 1 or os.geteuid() not in (0, found.st_uid)


class Writing:
    """Used once."""

    def __init__(
        self,
        root: Path,
        changes: Sequence[Change],
        expected: Mapping[str, str | None],
        ops: Ops,
    ) -> None:
        self._root = root
        self._changes = changes
        self._expected = expected
        self._ops = ops
        self._back: list[tuple[str, Callable[[], None]]] = []
        self._open: dict[tuple[str, ...], int] = {}
        self._made_in: list[int] = []
        self._at = ""
        self._settled = False

    def run(self) -> None:
        """All or nothing."""
        try:
            targets = self._check()
            for start in range(0, len(targets), _TOGETHER):
                self._stage(targets[start : start + _TOGETHER])
            self._still_reachable(targets)
            for target in targets:
                if target.change.data is not None:
                    self._overwrite(target) if target.in_place else self._swap(target)
            for target in targets:
                if target.change.data is None:
                    self._set_aside(target)
            for folder in (*self._open.values(), *self._made_in):
                self._ops.fsync(folder)
            self._settled = True
            for target in targets:
                self._discard(target)
        except FileNotFoundError as cause:
            raise Stale([self._at]) from cause
        except OSError as cause:
            raise self._failed(cause) from cause
        finally:
            if not self._settled:
                self._go_back()
            for folder in (*self._open.values(), *self._made_in):
                os.close(folder)

    def _check(self) -> list[_Target]:
        targets: list[_Target] = []
        stale: list[str] = []
        for change in self._changes:
            self._at = change.path
            parts = components(change.path)
            with opened_parent(self._root, parts) as folder:
                seen = None if folder is None else look(change.path, parts[-1], folder)
            found, old = seen if seen is not None else (None, None)
            if _digest(old) != self._expected[change.path]:
                stale.append(change.path)
            target = _Target(change, parts, found, old)
            if _same(target):
                continue
            if found is not None and change.data is not None and not found.st_mode & 0o222:
                raise DiskFault(
                    f"{change.path} is read-only. Nothing was changed.",
                    hint=f"chmod u+w {change.path}, then do it again.",
                )
            targets.append(target)
        if stale:
            raise Stale(stale)
        return targets

    def _stage(self, targets: Sequence[_Target]) -> None:
        """All are written, then all are synced: the first sync does most of the others' work."""
        with contextlib.ExitStack() as files:
            written: list[tuple[str, int]] = []
            for target in targets:
                self._at = target.path
                target.folder = self._folder(target)
                if target.change.data is None or target.in_place:
                    continue
                file = self._create(target)
                files.callback(os.close, file)
                written.append((target.path, file))
                self._ops.write(file, target.change.data)
                self._dress(file, target, target.change.mode)
            for path, file in written:
                self._at = path
                self._ops.fsync(file)

    def _create(self, target: _Target) -> int:
        mode = 0o600 if target.found else 0o666
        file = self._ops.create(target.staged, mode, target.folder)
        self._back.append((target.path, lambda: self._drop(target.staged, target.folder)))
        return file

    def _folder(self, target: _Target) -> int:
        """One descriptor for all targets in the same folder."""
        above = target.parts[:-1]
        if above not in self._open:
            folder = open_parent(self._root, target.parts, make=self._make_folder)
            if folder is None:
                raise Stale([target.path])
            self._open[above] = folder
        return self._open[above]

    def _make_folder(self, name: str, folder: int) -> None:
        keep = os.dup(folder)
        self._made_in.append(keep)
        with contextlib.suppress(FileExistsError):
            self._ops.mkdir(name, folder)
            self._back.append((self._at, lambda: self._remove_folder(name, keep)))

    def _still_reachable(self, targets: Sequence[_Target]) -> None:
        """A folder that was moved or replaced since it was opened is not written to."""
        for target in {t.parts[:-1]: t for t in targets}.values():
            with opened_parent(self._root, target.parts) as now:
                if now is None or not os.path.samestat(os.fstat(now), os.fstat(target.folder)):
                    raise Stale([target.path])

    def _swap(self, target: _Target) -> None:
        self._at = target.path
        if target.found is None:
            self._add(target)
            return
        self._exchange(target)
        self._back.append((target.path, lambda: self._exchange(target)))
        if not _unchanged(target.staged, target):
            raise Stale([target.path])

    def _add(self, target: _Target) -> None:
        name, staged, folder = target.name, target.staged, target.folder
        try:
            linked = self._ops.link(staged, name, folder)
        except FileExistsError as cause:
            raise Stale([target.path]) from cause
        if not linked:
            if status(name, folder) is not None:
                raise Stale([target.path])
            self._ops.rename(staged, name, folder)
        self._back.append((target.path, lambda: self._ops.unlink(name, folder)))

    def _exchange(self, target: _Target) -> None:
        """Target and staged file change names; where that is not one step, by a third name."""
        name, staged, folder = target.name, target.staged, target.folder
        if self._ops.exchange(staged, name, folder):
            return
        spare = f".spark-tui-{secrets.token_hex(6)}.tmp"
        try:
            if not self._ops.link(name, spare, folder):
                self._copy(spare, target)
            self._ops.rename(staged, name, folder)
        except OSError:
            self._drop(spare, folder)
            raise
        try:
            self._ops.rename(spare, staged, folder)
        except OSError:
            self._ops.rename(spare, name, folder)
            raise

    def _copy(self, spare: str, target: _Target) -> None:
        seen = look(target.path, target.name, target.folder)
        if seen is None:
            raise Stale([target.path])
        file = self._ops.create(spare, 0o600, target.folder)
        try:
            self._ops.write(file, seen[1])
            self._dress(file, target, None)
            self._ops.fsync(file)
        finally:
            os.close(file)

    def _dress(self, file: int, target: _Target, mode: int | None) -> None:
        if target.found is None:
            os.fchmod(file, new_mode(os.fstat(file), mode))
            return
        dress(file, mode, like=target.name, found=target.found, folder=target.folder)

    def _overwrite(self, target: _Target) -> None:
        self._at = target.path
        data, old = target.change.data, target.old
        if data is None or old is None:
            return
        if not _unchanged(target.name, target):
            raise Stale([target.path])
        self._back.append((target.path, lambda: self._pour(target, old, None)))
        self._pour(target, data, target.change.mode)

    def _pour(self, target: _Target, data: bytes, mode: int | None) -> None:
        flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.open(target.name, flags, dir_fd=target.folder)
        try:
            found = target.found
            if found is None or not os.path.samestat(os.fstat(file), found):
                raise Stale([target.path])
            self._ops.write(file, data)
            self._ops.truncate(file, len(data))
            os.fchmod(file, new_mode(found, mode))
            self._ops.fsync(file)
        finally:
            os.close(file)

    def _set_aside(self, target: _Target) -> None:
        self._at = target.path
        name, staged, folder = target.name, target.staged, target.folder
        self._ops.rename(name, staged, folder)
        self._back.append((target.path, lambda: self._ops.rename(staged, name, folder)))
        if not _unchanged(staged, target):
            raise Stale([target.path])

    def _discard(self, target: _Target) -> None:
        """The new state holds and is durable; what cannot be cleaned up now is swept later."""
        with contextlib.suppress(OSError):
            self._drop(target.staged, target.folder)
        if target.change.data is None:
            with contextlib.suppress(OSError, RefusedFault, DiskFault):
                self._remove_empty(target.parts[:-1])

    def _remove_empty(self, parts: tuple[str, ...]) -> None:
        """As git does: a folder whose last file went goes too."""
        while parts:
            with opened_parent(self._root, parts) as folder:
                if folder is None:
                    return
                self._ops.rmdir(parts[-1], folder)
            parts = parts[:-1]

    def _drop(self, name: str, folder: int) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._ops.unlink(name, folder)

    def _remove_folder(self, name: str, folder: int) -> None:
        try:
            self._ops.rmdir(name, folder)
        except OSError as cause:
            if cause.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise

    def _go_back(self) -> None:
        lost: list[str] = []
        for path, step in reversed(self._back):
            try:
                step()
            except (OSError, Stale):
                lost.append(path)
        self._back.clear()
        if lost:
            names = ", ".join(dict.fromkeys(lost))
            raise NotPutBack(
                f"A write failed, and these files could not be put back: {names}.",
                hint="Their earlier bytes are in the checkpoint; start again to restore them.",
            )

    def _failed(self, cause: OSError) -> DiskFault:
        needed = next((len(c.data) for c in self._changes if c.path == self._at and c.data), None)
        fault = as_fault(cause, self._at, needed=needed)
        return DiskFault(f"{fault.message} Nothing was changed.", hint=fault.hint)


def _unchanged(name: str, target: _Target) -> bool:
    """Whether the file that now has this name is the one that was checked."""
    now = status(name, target.folder)
    then = target.found
    if now is None or then is None or not stat.S_ISREG(now.st_mode):
        return False
    if (now.st_ino, now.st_size, now.st_mtime_ns) == (then.st_ino, then.st_size, then.st_mtime_ns):
        return True
    seen = look(target.path, name, target.folder)
    return seen is not None and seen[1] == target.old


def _same(target: _Target) -> bool:
    change, found = target.change, target.found
    if change.data != target.old:
        return False
    if found is None or change.mode is None:
        return True
    return bool(found.st_mode & 0o100) == bool(change.mode & 0o100)


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
