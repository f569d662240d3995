"""The events of a session on disk: append-only lines, folded again to come back.

The rule kept here: a promised event is on the disk (fsync) when `sync` returns; a told one is in
the kernel's hands after the next flush and so survives the death of the process. A torn last line
is dropped on reading. What events mean is state.py's business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spark_tui.errors import DiskFault
from spark_tui.session import encoding
from spark_tui.session.events import Durability, Event, Said


class Journal:
    """Append-only JSON lines of one session; `append` on the loop, `sync` in the write thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending: list[Event] = []
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not path.exists()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._fd = os.open(path, flags, 0o600)
            if is_new:
                self._write(json.dumps({"format": encoding.VERSION}) + "\n")
            elif not _ends_whole(path):
                self._write("\n")
        except OSError as error:
            raise _fault(path, error) from error

    def append(self, event: Event) -> None:
        """Remember the event for the next flush; views are dropped, runs of prose are joined."""
        if event.durability is Durability.VIEW:
            return
        last = self._pending[-1] if self._pending else None
        if isinstance(event, Said) and isinstance(last, Said) and last.turn == event.turn:
            self._pending[-1] = Said(event.turn, last.text + event.text)
        else:
            self._pending.append(event)

    @property
    def has_pending(self) -> bool:
        return bool(self._pending)

    def flush(self) -> None:
        """Hand what is pending to the kernel in one write. Raises DiskFault; keeps it then."""
        if not self._pending:
            return
        events, self._pending = self._pending, []
        text = "".join(json.dumps(encoding.encode(e), separators=(",", ":")) + "\n" for e in events)
        try:
            self._write(text)
        except OSError as error:
            self._pending = events + self._pending
            raise _fault(self.path, error) from error

    def sync(self) -> None:
        """Flush and fsync: what was promised is on the disk when this returns."""
        self.flush()
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise _fault(self.path, error) from error

    def close(self) -> None:
        """Seal: everything told so far is on the disk."""
        if self._fd < 0:
            return
        try:
            self.sync()
        finally:
            os.close(self._fd)
            self._fd = -1

    def _write(self, text: str) -> None:
        data = text.encode("ascii")
        while data:
            data = data[os.write(self._fd, data) :]


def replay(path: Path) -> Iterator[Event]:
    """The events of a journal in order; lines that are torn or of a later version are left out."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise _fault(path, error) from error
    for line in lines:
        try:
            raw: Any = json.loads(line)
            event = encoding.decode(raw) if isinstance(raw, dict) else None
        except (ValueError, KeyError, TypeError):
            continue
        if event is not None:
            yield event


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _fault(path: Path, error: OSError) -> DiskFault:
    return DiskFault(
        f"The session's journal cannot be written: {error.strerror or error}.",
        hint=f"Your files are unchanged. Free space or fix the permissions of {path.parent}.",
    )
