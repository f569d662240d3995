"""Starts a server of others, waits for its own word that it listens, and ends it.

The rule kept here: a wait ends with a line of output, with the end of the process, or with a
watchdog that ends it; nothing is polled. Only what was started here is ended.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


class NotStarted(Exception):
    """The process ended, or was ended, before it said that it listens."""


@contextmanager
def running(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    says: str,
    patience_s: float = 120,
) -> Iterator[re.Match[str]]:
    """The match of `says` in the output of a process that lives until the block ends."""
    process = subprocess.Popen(
        command,
        env=dict(environ),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    watchdog = threading.Timer(patience_s, process.kill)
    watchdog.start()
    said: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said.append(line)
            if found := re.search(says, line):
                break
        else:
            raise NotStarted(f"{' '.join(command)}\n{''.join(said[-30:])}")
        watchdog.cancel()
        # Its further words are read and dropped: a full pipe would stop it.
        reader = threading.Thread(target=_drain, args=(process,), daemon=True)
        reader.start()
        yield found
    finally:
        watchdog.cancel()
        _end(process)


def _drain(process: subprocess.Popen[str]) -> None:
    with suppress(ValueError, OSError):  # closed under our hands: the process has ended
        for _ in process.stdout or ():
            pass


def _end(process: subprocess.Popen[str]) -> None:
    """The process and its children: they are a group of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
            break
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
