"""One write of several files, step by step, with the way back of every step.

    check     each file still has the bytes it should have
    stage     the new bytes lie beside their targets, synced; folders are made
    swap      targets and staged files change names; what came out is looked at
    in place  hard-linked files are overwritten
    aside     files to delete get a staged name
    look      nobody saved meanwhile, and nobody still can
    sync      every folder concerned
    discard   the old bytes, now under staged names; empty folders

The rule kept here: until `discard` each step can be taken back without needing space on the
disk, and nothing that another program wrote meanwhile is lost: it comes out of the swap and is
put back. Paths are judged in places.py.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from spark_tui.errors import DiskFault, RefusedFault
from spark_tui.repo.change import Busy, Change, NotPutBack, Stale, Target
from spark_tui.repo.dressing import dress_as
from spark_tui.repo.files import digest_of
from spark_tui.repo.ops import Ops
from spark_tui.repo.others import Keep, holds, is_written_to, may_go, same
from spark_tui.repo.places import as_fault, components, open_parent, opened_parent, status
from spark_tui.repo.pouring import pour, pour_back

_TOGETHER = 100
"""Files open at once."""


class Writing:
    """Used once."""

    def __init__(
        self,
        root: Path,
        changes: Sequence[Change],
        expected: Mapping[str, str | None],
        ops: Ops,
        *,
        removable: Collection[str] | None = None,
        keep: Keep | None = None,
    ) -> None:
        self._root = root
        self._changes = changes
        self._expected = expected
        self._ops = ops
        self._removable = removable
        self._keep = keep
        self._back: list[tuple[str, Callable[[], None]]] = []
        self._open: dict[tuple[str, ...], int] = {}
        self._made_in: list[int] = []
        self._poured: list[int] = []
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
            self._undisturbed(targets)
            self._sync_folders()
            self._settled = True
            self._discard(targets)
        except FileNotFoundError as cause:
            raise Stale([self._at]) from cause
        except OSError as cause:
            raise self._failed(cause) from cause
        except MemoryError as cause:
            raise DiskFault(
                f"Not enough memory to write {self._at}. Nothing was changed.",
                hint="Close other programs, then do it again.",
            ) from cause
        finally:
            try:
                if not self._settled:
                    self._go_back()
            finally:
                for opened in (*self._open.values(), *self._made_in, *self._poured):
                    os.close(opened)

    def _check(self) -> list[Target]:
        targets: list[Target] = []
        stale: list[str] = []
        for change in self._changes:
            self._at = change.path
            parts = components(change.path)
            with opened_parent(self._root, parts) as folder:
                seen = None if folder is None else change.look(parts[-1], folder)
                if seen is not None and folder is not None and is_written_to(parts[-1], folder):
                    raise Busy([change.path])
            found, old = seen if seen is not None else (None, None)
            now = None if seen is None else digest_of(seen[1], seen[0].st_mode)
            if now != self._expected[change.path]:
                stale.append(change.path)
            target = Target(change, parts, found, old)
            if target.is_done:
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

    def _stage(self, targets: Sequence[Target]) -> None:
        """All are written, then all are synced: the first sync does most of the others' work."""
        with contextlib.ExitStack() as files:
            written: list[tuple[str, int]] = []
            for target in targets:
                self._at = target.path
                target.folder = self._folder(target)
                if target.change.data is None or target.in_place:
                    continue
                if target.change.makes_link:
                    self._create_link(target, target.change.data)
                    continue
                file = self._create(target)
                files.callback(os.close, file)
                written.append((target.path, file))
                self._ops.write(file, target.change.data)
                dress_as(self._root, file, target, target.change)
            for path, file in written:
                self._at = path
                self._ops.fsync(file)

    def _create_link(self, target: Target, to: bytes) -> None:
        """It is on the disk with its folder."""
        self._ops.symlink(to, target.staged, target.folder)
        self._back.append((target.path, lambda: self._let_go(target)))

    def _create(self, target: Target) -> int:
        change = target.change
        is_new = target.found is None or target.has_link
        is_new = is_new and change.bits is None and change.source is None
        mode = 0o666 if is_new else 0o600
        file = self._ops.create(target.staged, mode, target.folder)
        self._back.append((target.path, lambda: self._let_go(target)))
        return file

    def _folder(self, target: Target) -> int:
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

    def _still_reachable(self, targets: Sequence[Target]) -> None:
        """A folder that was moved or replaced since it was opened is not written to."""
        for target in {t.parts[:-1]: t for t in targets}.values():
            with opened_parent(self._root, target.parts) as now:
                if now is None or not os.path.samestat(os.fstat(now), os.fstat(target.folder)):
                    raise Stale([target.path])

    def _swap(self, target: Target) -> None:
        self._at = target.path
        if target.found is None:
            self._add(target)
            return
        self._exchange(target)
        target.was_swapped = True
        self._back.append((target.path, lambda: self._unswap(target)))
        if not target.is_at(target.staged):
            raise Stale([target.path])

    def _add(self, target: Target) -> None:
        name, staged, folder = target.name, target.staged, target.folder
        try:
            linked = self._ops.link(staged, name, folder)
        except FileExistsError as cause:
            raise Stale([target.path]) from cause
        if not linked:
            if status(name, folder) is not None:
                raise Stale([target.path])
            self._ops.rename(staged, name, folder)
        target.was_swapped = True
        self._back.append((target.path, lambda: self._unadd(target)))

    def _unswap(self, target: Target) -> None:
        """What another program saved here since the swap stays: it is the newest."""
        try:
            self._exchange(target)
        except FileNotFoundError:
            return self._return(target, target.staged)
        if not self._is_ours(target, target.staged):
            self._exchange(target)

    def _unadd(self, target: Target) -> None:
        spare = f".spark-tui-{secrets.token_hex(6)}.tmp"
        try:
            self._ops.rename(target.name, spare, target.folder)
        except FileNotFoundError:
            return
        if self._is_ours(target, spare):
            self._drop(spare, target.folder)
        else:
            self._return(target, spare)

    def _is_ours(self, target: Target, name: str) -> bool:
        """It is what we wrote, and nobody is about to change it."""
        if not target.change.makes_link:
            return holds(name, target.folder, (target.change.data,))
        seen = target.change.look(name, target.folder)
        return seen is not None and seen[1] == target.change.data

    def _return(self, target: Target, spare: str) -> None:
        """What lies under this name gets the path again, unless there is something new."""
        name, folder = target.name, target.folder
        try:
            linked = self._ops.link(spare, name, folder)
        except FileExistsError:
            linked = True
        except OSError:
            linked = False
        if not linked and status(name, folder) is None:
            self._ops.rename(spare, name, folder)
        elif self._may_go(target, spare):
            self._drop(spare, folder)

    def _exchange(self, target: Target) -> None:
        """Both change names; where that is not one step, by a third name, and what somebody saves
        just before the second of its steps is lost."""
        name, staged, folder = target.name, target.staged, target.folder
        if self._ops.exchange(staged, name, folder):
            return
        spare = f".spark-tui-{secrets.token_hex(6)}.tmp"
        try:
            if not self._ops.link(name, spare, folder):
                self._copy(spare, target)
            elif not same(name, spare, folder):
                raise Stale([target.path])
            self._ops.rename(staged, name, folder)
        except (OSError, Stale):
            self._drop(spare, folder)
            raise
        try:
            self._ops.rename(spare, staged, folder)
        except OSError:
            self._ops.rename(spare, name, folder)
            raise

    def _copy(self, spare: str, target: Target) -> None:
        seen = target.change.look(target.name, target.folder)
        if seen is None:
            raise Stale([target.path])
        if stat.S_ISLNK(seen[0].st_mode):
            self._ops.symlink(seen[1], spare, target.folder)
            return
        file = self._ops.create(spare, 0o600, target.folder)
        try:
            self._ops.write(file, seen[1])
            dress_as(self._root, file, target, Change(target.path, None))
            self._ops.fsync(file)
        finally:
            os.close(file)

    def _overwrite(self, target: Target) -> None:
        self._at = target.path
        data, old = target.change.data, target.old
        if data is None or old is None:
            return

        def begun(file: int) -> None:
            self._poured.append(file)
            self._back.append((target.path, lambda: pour_back(target, file, old, self._ops)))

        pour(target, data, self._ops, begun=begun)

    def _set_aside(self, target: Target) -> None:
        self._at = target.path
        name, staged, folder = target.name, target.staged, target.folder
        self._ops.rename(name, staged, folder)
        target.was_swapped = True
        self._back.append((target.path, lambda: self._return(target, staged)))
        if not target.is_at(staged):
            raise Stale([target.path])

    def _undisturbed(self, targets: Sequence[Target]) -> None:
        """Nobody saved meanwhile, and nobody can write to an old file any more."""
        self._still_reachable(targets)
        for target in targets:
            if target.found is None or target.has_link:
                continue
            now = status(target.name, target.folder)
            if target.in_place:
                is_quiet = now is not None and os.path.samestat(now, target.found)
            else:
                is_quiet = holds(target.staged, target.folder, (target.old,))
            if not is_quiet:
                raise Stale([target.path])

    def _sync_folders(self) -> None:
        """Each folder in which a name came, went or changed, once."""
        opened = (*self._open.values(), *self._made_in)
        kinds = [(os.fstat(folder), folder) for folder in opened]
        for folder in {(found.st_dev, found.st_ino): folder for found, folder in kinds}.values():
            self._ops.fsync(folder)

    def _discard(self, targets: Sequence[Target]) -> None:
        """The new state holds and is durable: what is not let go of at once is asked once more,
        and is no reason to fail."""
        left = [t for t in targets if not self._dropped(t)]
        for target in left:
            self._dropped(target)
        for target in targets:
            if target.change.data is None:
                with contextlib.suppress(OSError, MemoryError, RefusedFault, DiskFault):
                    self._remove_empty(target.parts[:-1])

    def _dropped(self, target: Target) -> bool:
        try:
            self._let_go(target)
        except (OSError, MemoryError):
            return False
        return True

    def _remove_empty(self, parts: tuple[str, ...]) -> None:
        """As git does: a folder whose last file went goes too."""
        while parts and (self._removable is None or "/".join(parts) in self._removable):
            with opened_parent(self._root, parts) as folder:
                if folder is None:
                    return
                self._ops.rmdir(parts[-1], folder)
            parts = parts[:-1]

    def _let_go(self, target: Target) -> None:
        """Remove what lies under the staged name, once nobody could miss it."""
        if not target.was_swapped or self._may_go(target, target.staged):
            self._drop(target.staged, target.folder)

    def _may_go(self, target: Target, name: str) -> bool:
        known = (target.old, target.change.data)
        return may_go(target.path, name, target.folder, known, self._keep)

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
            except (OSError, Stale, MemoryError):
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
