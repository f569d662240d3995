"""The system calls of a write, told one by one, and a moment between any two of them.

The rule kept here: the real thing is done, unless the test does something else instead of it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from spark_tui.repo.ops import Ops

_STAGED = re.compile(r"^\.spark-tui-[0-9a-f]{12}\.tmp$")


class Recording(Ops):
    """Says what was called; before the n-th call does something, which may raise."""

    def __init__(
        self,
        at: int = -1,
        instead: Callable[[], None] | None = None,
        *,
        root: Path | None = None,
    ) -> None:
        self.calls: list[str] = []
        self.told: list[str] = []
        """The same with folders and names, if the root is known: "exchange src/b.txt"."""
        self._at = at
        self._instead = instead
        self._root = root
        self._files: dict[tuple[int, int], str] = {}

    def _step(self, name: str, where: str = "") -> None:
        self.calls.append(name)
        self.told.append(f"{name} {where}".strip())
        if self._instead is not None and len(self.calls) - 1 == self._at:
            self._instead()

    def create(self, name: str, mode: int, folder: int) -> int:
        self._step("create", self._path(folder, name))
        file = super().create(name, mode, folder)
        found = os.fstat(file)
        self._files[found.st_dev, found.st_ino] = f"new {len(self._files) + 1}"
        return file

    def write(self, file: int, data: bytes) -> None:
        self._step("write", self._name(file))
        super().write(file, data)

    def truncate(self, file: int, size: int) -> None:
        self._step("truncate", self._name(file))
        super().truncate(file, size)

    def fsync(self, file: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(file).st_mode)
        self._step("fsync folder" if is_folder else "fsync file", self._name(file))
        super().fsync(file)

    def mkdir(self, name: str, folder: int) -> None:
        self._step("mkdir", self._path(folder, name))
        super().mkdir(name, folder)

    def rmdir(self, name: str, folder: int) -> None:
        self._step("rmdir", self._path(folder, name))
        super().rmdir(name, folder)

    def link(self, name: str, new: str, folder: int) -> bool:
        self._step("link", self._path(folder, new))
        return super().link(name, new, folder)

    def symlink(self, target: bytes, name: str, folder: int) -> None:
        self._step("symlink", self._path(folder, name))
        super().symlink(target, name, folder)

    def rename(self, name: str, new: str, folder: int) -> None:
        gone = " aside" if _STAGED.match(new) else ""
        self._step("rename", self._path(folder, name if gone else new) + gone)
        super().rename(name, new, folder)

    def exchange(self, name: str, other: str, folder: int) -> bool:
        self._step("exchange", self._path(folder, other))
        return super().exchange(name, other, folder)

    def unlink(self, name: str, folder: int) -> None:
        self._step("unlink", self._path(folder, name))
        super().unlink(name, folder)

    def _path(self, folder: int, name: str) -> str:
        name = "staged" if _STAGED.match(name) else name
        return f"{self._name(folder)}/{name}".removeprefix("./")

    def _name(self, opened: int) -> str:
        """By its inode; one of ours as the n-th that was created."""
        if self._root is None:
            return ""
        found = os.fstat(opened)
        known = self._files.get((found.st_dev, found.st_ino))
        if known is not None:
            return known
        for path in (self._root, *self._root.rglob("*")):
            if os.path.samestat(path.lstat(), found):
                return path.relative_to(self._root).as_posix()
        return "gone"


class NoExchange(Recording):
    """A file system which cannot swap names."""

    def exchange(self, name: str, other: str, folder: int) -> bool:
        self._step("exchange", self._path(folder, other))
        return False


class NoLinksEither(NoExchange):
    def link(self, name: str, new: str, folder: int) -> bool:
        self._step("link", self._path(folder, new))
        return False
