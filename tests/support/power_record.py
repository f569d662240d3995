"""Writes down what a verb does to the disk, for power.py.

The rule kept here: nothing of the product is changed: it finds other functions under the names it
uses in `os`. What git does in a repository of ours is taken as one step that syncs its files and
none of its folders, as it is told to (DURABLE in repo/gitenv.py).
"""

from __future__ import annotations

import fcntl
import io
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from spark_tui.repo.ops import Ops
from spark_tui.repo.run import Git
from tests.support.power import Act, Cut, Data, Disk, Key, Mode, Names, Node, Sync


class Recorder:
    """Writes down what this process does below a folder, from `start` on."""

    def __init__(self, root: Path) -> None:
        self.disk = Disk(root)
        self._keys: dict[tuple[int, int], Key] = {}
        self._guard = threading.RLock()
        self.is_on = False
        self._add(root, root.lstat())
        for path, seen in _walk(root):
            self.disk.nodes[self._keys[_id(path.parent.lstat())]].names[path.name] = self._add(
                path, seen
            )

    def install(self) -> None:
        """In this process, for good."""
        real = {name: getattr(os, name) for name in _CALLS}
        for name in _CALLS:
            setattr(os, name, self._wrapped(real[name], getattr(self, f"_{name}")))
        exchange, run = Ops.exchange, Git.run
        seen = self._wrapped(exchange, self._exchange)
        Ops.exchange = lambda o, *a: seen(o, *a)  # type: ignore[method-assign]

        def ran(git: Git, *words: Any, git_dir: Path | None = None, **more: Any) -> Any:
            if git_dir is None or not self.is_on:
                return run(git, *words, git_dir=git_dir, **more)
            with self._guard:
                said = run(git, *words, git_dir=git_dir, **more)
                self._look_again(git_dir)
                return said

        Git.run = ran  # type: ignore[method-assign, assignment]
        vars(os)["fdopen"] = _fdopen(os.fdopen)

    def _wrapped(self, call: Callable[..., Any], note: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if not self.is_on:
                return call(*args, **kwargs)
            with self._guard:
                return note(call, *args, **kwargs)

        return wrapped

    # -- bytes --------------------------------------------------------------------
    def _write(self, call: Any, file: int, data: Any) -> Any:
        at = os.lseek(file, 0, os.SEEK_CUR) if (key := self._of(file)) is not None else 0
        if key is not None and _appends(file):
            at = os.fstat(file).st_size
        size = call(file, data)
        self._put(Data(key, at, bytes(data)[:size]) if key is not None else None)
        return size

    def _pwrite(self, call: Any, file: int, data: Any, at: int) -> Any:
        size, key = call(file, data, at), self._of(file)
        self._put(Data(key, at, bytes(data)[:size]) if key is not None else None)
        return size

    def _ftruncate(self, call: Any, file: int, size: int) -> None:
        call(file, size)
        key = self._of(file)
        self._put(Cut(key, size) if key is not None else None)

    def _truncate(self, call: Any, path: Any, size: int) -> None:
        call(path, size)
        key = self._keys.get(_id(Path(path).stat()))
        self._put(Cut(key, size) if key is not None else None)

    def _fsync(self, call: Any, file: int) -> None:
        call(file)
        key = self._of(file)
        self._put(Sync(key) if key is not None else None)

    def _fchmod(self, call: Any, file: int, bits: int) -> None:
        call(file, bits)
        key = self._of(file)
        self._put(Mode(key, bits) if key is not None else None)

    def _chmod(self, call: Any, path: Any, bits: int, **more: Any) -> None:
        call(path, bits, **more)
        key = self._keys.get(_id(os.stat(path, dir_fd=more.get("dir_fd"))))
        self._put(Mode(key, bits) if key is not None else None)

    # -- names --------------------------------------------------------------------
    def _open(self, call: Any, path: Any, flags: int, *args: Any, **more: Any) -> Any:
        there = bool(flags & os.O_CREAT) and _there(path, more.get("dir_fd"))
        file = call(path, flags, *args, **more)
        if flags & os.O_CREAT and not there:
            self._born(path, more.get("dir_fd"), os.fstat(file))
        return file

    def _mkdir(self, call: Any, path: Any, *args: Any, **more: Any) -> None:
        call(path, *args, **more)
        where = more.get("dir_fd")
        self._born(path, where, os.stat(path, dir_fd=where, follow_symlinks=False))

    def _gone(self, call: Any, path: Any, **more: Any) -> None:
        folder = self._folder(path, more.get("dir_fd"))
        call(path, **more)
        self._put(Names(((folder, _name(path), None),)) if folder is not None else None)

    _unlink = _rmdir = _gone

    def _link(self, call: Any, one: Any, two: Any, **more: Any) -> None:
        call(one, two, **more)
        folder = self._folder(two, more.get("dst_dir_fd"))
        key = self._keys.get(_id(os.stat(two, dir_fd=more.get("dst_dir_fd"))))
        self._put(Names(((folder, _name(two), key),)) if folder is not None else None)

    def _rename(self, call: Any, one: Any, two: Any, **more: Any) -> None:
        source, target = more.get("src_dir_fd"), more.get("dst_dir_fd")
        above, below = self._folder(one, source), self._folder(two, target)
        call(one, two, **more)
        if above is not None and below is not None:
            key = self._keys[_id(os.stat(two, dir_fd=target, follow_symlinks=False))]
            self._put(Names(((above, _name(one), None), (below, _name(two), key))))

    _replace = _rename

    def _exchange(self, call: Any, ops: Ops, name: str, other: str, folder: int) -> bool:
        done = bool(call(ops, name, other, folder))
        key = self._of(folder)
        if done and key is not None:
            now = [self._keys[_id(os.stat(n, dir_fd=folder))] for n in (name, other)]
            self._put(Names(((key, name, now[0]), (key, other, now[1]))))
        return done

    # -- git -----------------------------------------------------------------------
    def _look_again(self, store: Path) -> None:
        """What git made of the store: files that came are whole and synced, names are not."""
        nodes, acts = self.disk.nodes, self.disk.acts
        now = self.disk.after(acts)
        seen: dict[tuple[Key, str], None] = {}
        for path, found in _walk(store):
            folder = self._keys[_id(path.parent.lstat())]
            seen[folder, path.name] = None
            key = self._keys.get(_id(found))
            data = path.read_bytes() if stat.S_ISREG(found.st_mode) else b""
            was = now[folder].names.get(path.name) if folder in now else None
            if key is not None and key == was and now[key].data == data:
                continue
            key = self._add(path, found, fresh=True)
            if data:
                acts.append(Data(key, 0, data))
            acts.extend((Sync(key), Names(((folder, path.name, key),))))
        top = self._keys[_id(store.lstat())]
        for folder in _below(nodes, now, top):
            for name in now[folder].names:
                if (folder, name) not in seen:
                    acts.append(Names(((folder, name, None),)))

    # -- keys ----------------------------------------------------------------------
    def _add(self, path: Path, seen: os.stat_result, *, fresh: bool = False) -> Key:
        if _id(seen) in self._keys and not fresh:
            return self._keys[_id(seen)]
        key = self._keys[_id(seen)] = len(self.disk.nodes)
        kind = "folder" if stat.S_ISDIR(seen.st_mode) else "file"
        data = b""
        if stat.S_ISLNK(seen.st_mode):
            kind, data = "link", os.fsencode(path.readlink())
        elif kind == "file" and not self.is_on:
            data = path.read_bytes()
        self.disk.nodes[key] = Node(kind, stat.S_IMODE(seen.st_mode), data)
        return key

    def _born(self, path: Any, where: int | None, seen: os.stat_result) -> None:
        folder = self._folder(path, where)
        if folder is not None:
            key = self._add(Path(os.fspath(path)), seen, fresh=True)
            self._put(Names(((folder, _name(path), key),)))

    def _folder(self, path: Any, where: int | None) -> Key | None:
        if where is not None:
            return self._of(where)
        return self._keys.get(_id(Path(os.fspath(path)).parent.stat()))

    def _of(self, file: int) -> Key | None:
        return self._keys.get(_id(os.fstat(file)))

    def _put(self, act: Act | None) -> None:
        if act is not None:
            self.disk.acts.append(act)


_CALLS = ("write", "pwrite", "fsync", "truncate", "ftruncate", "fchmod", "chmod", "open", "mkdir",
          "rmdir", "unlink", "link", "rename", "replace")  # fmt: skip


class _Raw(io.FileIO):
    """A file that is written by the functions of `os`."""

    def write(self, data: Any, /) -> int:
        return os.write(self.fileno(), data)

    def truncate(self, size: int | None = None, /) -> int:
        size = self.tell() if size is None else size
        os.ftruncate(self.fileno(), size)
        return size


def _fdopen(real: Callable[..., Any]) -> Callable[..., Any]:
    def opened(file: int, mode: str = "r", *args: Any, **more: Any) -> Any:
        if mode == "wb":
            return io.BufferedWriter(_Raw(file, "wb"))
        return real(file, mode, *args, **more)

    return opened


def _appends(file: int) -> bool:
    return bool(fcntl.fcntl(file, fcntl.F_GETFL) & os.O_APPEND)


def _walk(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything below, folders before what is in them; links are not followed."""
    for path in sorted(root.iterdir()):
        seen = path.lstat()
        yield path, seen
        if stat.S_ISDIR(seen.st_mode):
            yield from _walk(path)


def _below(nodes: dict[Key, Node], now: dict[Key, Node], top: Key) -> Iterator[Key]:
    yield top
    for key in now[top].names.values():
        if nodes[key].kind == "folder":
            yield from _below(nodes, now, key)


def _there(path: Any, where: int | None) -> bool:
    try:
        os.stat(path, dir_fd=where, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _id(seen: os.stat_result) -> tuple[int, int]:
    return seen.st_dev, seen.st_ino


def _name(path: Any) -> str:
    return Path(os.fsdecode(os.fspath(path))).name
