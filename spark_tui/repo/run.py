"""The only caller of git: argument lists in, bytes out, a time limit, its own process group.

The rule kept here: a run starts nothing that the repository names (hooks, filters, monitors,
pagers, helpers), except with `as_user=True`, which is the user's own commit. What the words of
git mean is for repository.py, checkpoints.py and commits.py.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_tui.errors import GitFault
from spark_tui.repo.gitenv import (
    DURABLE,
    HARDENED,
    PRIVATE,
    QUIET,
    as_settings,
    find_git,
    hardened_environ,
    silenced_drivers,
    users_environ,
    without_filters,
)
from spark_tui.repo.terminal import Terminal

if TYPE_CHECKING:
    from git.cmd import Git as Runner

Process = subprocess.Popen[bytes]

_ENV = "/usr/bin/env"
_SLICE_S = 0.2
"""How long a pipe may stay open after git itself has ended (a hook left a child behind)."""

_MOST = 4 << 20
"""Bytes that are kept of what the user's own hooks say on one pipe: the first half and the last."""

_GRACE_S = 1.0
"""How long a git that was asked to end may take before it is killed."""


class GitStopped(GitFault):
    """git did not end by itself: it was stopped, or it took too long."""

    code = "git_stopped"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of git left behind."""

    status: int
    """Exit status; negative: ended by this signal."""
    out: bytes
    err: bytes
    cut: bool = False
    """`max_out` was reached and the rest was thrown away."""


class Git:
    """Runs git for one work tree. Safe to use from several threads."""

    def __init__(
        self,
        root: Path | None,
        *,
        environ: Mapping[str, str],
        distrusted: Path | None = None,
    ) -> None:
        """`distrusted` is the folder no git is taken from: the root, unless that is not known."""
        self.root = root
        self.executable = find_git(distrusted or root, environ)
        self._hardened = hardened_environ(distrusted or root, environ)
        self._users = users_environ(environ)
        self.broken_filters: set[str] = set()
        """Filters of the user's own that could not be run: left out, but for their own commits."""
        self._running: set[Process] = set()
        self._guard = threading.Lock()

    def run(
        self,
        *args: str | bytes,
        input: bytes | None = None,
        timeout_s: float = 30,
        env: Mapping[str, str] | None = None,
        index: Path | None = None,
        git_dir: Path | None = None,
        as_user: bool = False,
        max_out: int | None = None,
        terminal: Terminal | None = None,
        inherit: int | None = None,
    ) -> Ran:
        """Run git and wait. A failure of git is a status, not an exception.

        `git_dir` names a repository of our own: the user's settings are then not read. With a
        `terminal` git has it for as long as it runs. `inherit` is a file that git and what it
        starts keep open: who holds a lock on it knows by that when the last of them has ended.
        """
        words = [os.fsdecode(a) for a in args]
        target = dict(self._users if as_user else self._hardened)
        settings: list[tuple[str, str]] = []
        if not as_user:
            settings += HARDENED
            if git_dir is None and words[0] not in QUIET:
                settings += self._drivers(env)
                settings += without_filters(self.broken_filters)
        if git_dir is not None:
            target.update(PRIVATE, GIT_DIR=str(git_dir))
            settings += DURABLE
        if settings:
            target.update(as_settings(settings))
        if index is not None:
            target["GIT_INDEX_FILE"] = str(index)
        target.update(env or {})
        if terminal is not None:
            target.update(terminal.environ(target))

        where = git_dir if git_dir is not None else self.root
        command = [self.executable, "--no-pager"]
        if where is not None:
            command += ["-C", str(where)]
        feed = subprocess.PIPE if input is not None else terminal.fd if terminal else None
        process = self._start(
            [*command, *words], target, stdin=feed, borrows=terminal is not None, inherit=inherit
        )
        deadline = time.monotonic() + timeout_s
        try:
            if terminal is not None:
                terminal.lend(process.pid)
            most = _MOST if as_user else None
            return _Pump(process, input, deadline, max_out, terminal, most).run()
        except TimeoutError as late:
            raise GitStopped(
                f"git {words[0]} did not end within {timeout_s:g} s and was stopped.",
                hint="Run the same command in a shell to see what it waits for.",
            ) from late
        finally:
            with self._guard:
                self._running.discard(process)
            if process.returncode is None:
                _end_group(process)
            if terminal is not None:
                terminal.take_back()
            _close(process)

    def stop(self) -> None:
        """End every running git together with what it started."""
        with self._guard:
            running = list(self._running)
        for process in running:
            _end_group(process)

    def _drivers(self, env: Mapping[str, str] | None) -> list[tuple[str, str]]:
        """Asked anew each time: an included file of the work tree may change under our feet."""
        listing = self.run(
            "config",
            "--show-scope",
            "-z",
            "--name-only",
            "--get-regexp",
            r"^(filter|diff|merge)\.",
            env=env,
        )
        return silenced_drivers(listing.out)

    def _start(
        self,
        command: list[str],
        target: Mapping[str, str],
        *,
        stdin: int | None,
        borrows: bool,
        inherit: int | None,
    ) -> Process:
        """GitPython adds to the process's environment and cannot take away: `env -u` does."""
        surplus = [n for n in {*os.environ, "LC_ALL", "LANGUAGE"} if n not in target]
        if surplus:
            command = [_ENV, *(w for name in sorted(surplus) for w in ("-u", name)), *command]
        # In a session of its own there is no terminal; who borrows ours stays in this one.
        apart: dict[str, Any] = {"process_group": 0} if borrows else {"start_new_session": True}
        if inherit is not None:
            apart["pass_fds"] = (inherit,)
        holder = _runner(self.executable).execute(
            command, istream=stdin, as_process=True, env=target, **apart
        )
        process: Process | None = holder.proc
        if process is None:
            raise GitFault("git could not be started.")
        holder.proc = None  # GitPython would end it when the holder is collected; we do that.
        with self._guard:
            self._running.add(process)
        return process


class _Pump:
    """Feeds one process and gathers what it says, without ever waiting on one pipe alone."""

    def __init__(
        self,
        process: Process,
        data: bytes | None,
        deadline: float,
        max_out: int | None,
        terminal: Terminal | None,
        most: int | None,
    ) -> None:
        self._most = most
        self._process = process
        self._terminal = terminal
        self._rest = memoryview(data or b"")
        self._deadline = deadline
        self._max_out = max_out

    def run(self) -> Ran:
        process = self._process
        said: dict[int, _Said] = {}
        size = 0
        with selectors.DefaultSelector() as waiting:
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    said[pipe.fileno()] = _Said(self._most)
                    waiting.register(pipe.fileno(), selectors.EVENT_READ)
            if process.stdin is not None:
                os.set_blocking(process.stdin.fileno(), False)
                waiting.register(process.stdin.fileno(), selectors.EVENT_WRITE)
            pieces = list(said.values())
            while waiting.get_map():
                ready = waiting.select(_SLICE_S)
                if not ready and process.poll() is not None:
                    break
                if not ready and self._terminal is not None:
                    self._terminal.keep_awake(process.pid)
                if time.monotonic() > self._deadline:
                    raise TimeoutError
                for key, _ in ready:
                    if key.fd not in said:
                        if not self._feed(key.fd):
                            waiting.unregister(key.fd)
                            _quietly_close(process.stdin)
                        continue
                    piece = os.read(key.fd, 1 << 16)
                    if not piece:
                        waiting.unregister(key.fd)
                    said[key.fd].add(piece)
                    size += len(piece)
                    if self._terminal is not None:
                        self._terminal.tell(piece)
                if self._max_out is not None and size > self._max_out:
                    _end_group(process)
                    return Ran(0, pieces[0].all()[: self._max_out], pieces[1].all(), True)
        self._wait()
        return Ran(process.returncode, pieces[0].all(), pieces[1].all())

    def _feed(self, pipe: int) -> bool:
        """Write what the pipe takes; False when there is no more to say or nobody listens."""
        try:
            sent = os.write(pipe, self._rest[: 1 << 16]) if self._rest else 0
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        self._rest = self._rest[sent:]
        return bool(self._rest)

    def _wait(self) -> None:
        try:
            self._process.wait(max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired as late:
            raise TimeoutError from late


class _Said:
    """What came out of one pipe; with `most` only its beginning and its end."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._head: list[bytes] = []
        self._size = 0
        self._tail = bytearray()
        self._lost = 0

    def add(self, piece: bytes) -> None:
        half = self._most // 2 if self._most is not None else None
        if half is None or self._size < half:
            self._head.append(piece)
            self._size += len(piece)
            return
        self._tail += piece
        if len(self._tail) > 2 * half:
            self._lost += len(self._tail) - half
            del self._tail[:-half]

    def all(self) -> bytes:
        gap = b"\n[%d bytes left out]\n" % self._lost if self._lost else b""
        return b"".join([*self._head, gap, self._tail])


def _runner(executable: str) -> Runner:
    """GitPython looks for git when it is imported; it is told where, and told to be quiet."""
    said = {"GIT_PYTHON_GIT_EXECUTABLE": executable, "GIT_PYTHON_REFRESH": "quiet"}
    first = "git.cmd" not in sys.modules
    if first:
        os.environ.update(said)
    from git.cmd import Git as Runner

    if first:
        for name in said:
            os.environ.pop(name, None)
    return Runner()


def _end_group(process: Process) -> None:
    """git takes its lock files away when it is asked to end, and not when it is killed."""
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _close(process: Process) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        _quietly_close(pipe)
    if process.returncode is None:
        process.wait()


def _quietly_close(pipe: object) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()  # type: ignore[attr-defined]
