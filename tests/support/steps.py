"""Every system call by which a process changes the disk, counted; at one of them it dies.

The rule kept here: product code is not touched. It finds other functions under the names it uses
in `os`, and a buffered file is made to write by them too. What is run, and what must be true
afterwards, is for the tests.
"""

from __future__ import annotations

import io
import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spark_tui.repo.ops import Ops

CALLS = (
    *("write", "pwrite", "fsync", "truncate", "ftruncate", "mkdir", "rmdir", "link", "rename"),
    *("replace", "unlink", "chmod", "fchmod", "fchown", "setxattr"),
)

_BY_CHANCE = (
    (re.compile(r"^\.spark-tui-[0-9a-f]{12}\.tmp$"), "staged"),
    (re.compile(r"^\.[0-9a-f]{12}\.tmp$"), "temporary"),
    (re.compile(r"^\d{8}-\d{6}-[0-9a-f]{4}$"), "session"),
    (re.compile(r"^[0-9a-f]{16}$"), "state"),
    (re.compile(r"^pipe:\[\d+\]$"), "pipe"),
)
"""Names that differ from run to run, and how they are called here."""


@dataclass
class Steps:
    """Counts while `is_armed`, and dies once: "before" a step, "after" it, "torn" in its middle."""

    name: str = ""
    nth: int = 0
    """The step is the n-th, from 1, of this name: when the journal is flushed is a matter of
    time, so that a plain count would drift."""
    how: str = "before"
    last_words: Callable[[list[str]], None] = print
    """Is told the names of all steps, right before the end."""
    names: list[str] = field(default_factory=list)
    is_armed: bool = False

    def install(self, *, plain: bool = False) -> None:
        """In this process, for good. `plain`: on a file system without exchange and links."""
        if plain:
            Ops.exchange = Ops.link = lambda *_: False  # type: ignore[method-assign, assignment]
        else:
            Ops.exchange = self._counted("exchange", Ops.exchange)  # type: ignore[method-assign]
        for name in CALLS:
            if hasattr(os, name):
                setattr(os, name, self._counted(name, getattr(os, name)))
        self._install_open()
        self._install_fdopen()

    def die(self) -> None:
        self.is_armed = False
        self.last_words(self.names)
        os.kill(os.getpid(), signal.SIGKILL)

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            return self._step(_told(name, args), lambda: call(*args, **kwargs), _half(call, args))

        return counted

    def _step(
        self, name: str, call: Callable[[], Any], half: Callable[[], Any] | None = None
    ) -> Any:
        if not self.is_armed:
            return call()
        self.names.append(name)
        mine = name == self.name and self.names.count(name) == self.nth
        if mine and self.how == "torn" and half is not None:
            half()
        if mine and self.how != "after":
            self.die()
        try:
            return call()
        finally:
            if mine:
                self.die()

    def _install_open(self) -> None:
        real = os.open

        def opened(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
            def call() -> int:
                return real(path, flags, *args, **kwargs)

            makes = flags & os.O_CREAT
            return int(self._step(_told("create", (path,)), call)) if makes else call()

        os.open = opened

    def _install_fdopen(self) -> None:
        real = os.fdopen

        def stream(file: int, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if mode == "wb":
                return io.BufferedWriter(_Raw(file, "wb"))
            return real(file, mode, *args, **kwargs)

        vars(os)["fdopen"] = stream


class _Raw(io.FileIO):
    """A file that is written by the functions of `os`."""

    def write(self, data: Any, /) -> int:
        return os.write(self.fileno(), data)

    def truncate(self, size: int | None = None, /) -> int:
        size = self.tell() if size is None else size
        os.ftruncate(self.fileno(), size)
        return size


def _told(name: str, args: tuple[Any, ...]) -> str:
    """The call and what it was about: "fsync intent", "rename tool.sh", "write pipe"."""
    names = [Path(a).name for a in args if isinstance(a, str | Path)]
    if not names:
        try:
            names = [Path(f"/proc/self/fd/{args[0]}").readlink().name]
        except OSError:
            return name  # Not Linux: the names are poorer.
    about = names[-1]
    for pattern, word in _BY_CHANCE:
        about = pattern.sub(word, about)
    return f"{name} {about}"


def _half(call: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], Any] | None:
    """A write that got half of its bytes to the disk."""
    if len(args) != 2 or not isinstance(args[1], bytes | memoryview):
        return None
    file, data = args
    return lambda: call(file, bytes(data)[: len(data) // 2])
