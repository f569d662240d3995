"""The events of a session on disk: append-only lines, folded again to come back.

The rule kept here: when `write` returns, the events are in the kernel's hands (and so survive the
death of the process), with `sync` on the disk; when it raises, the file is as it was before. A torn
last line is dropped on reading. What events mean is state.py's business.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from spark_tui.errors import DiskFault
from spark_tui.session import encoding
from spark_tui.session.events import Durability, Event, Said


class Journal:
    """Append-only JSON lines of one session. `append` and `take` belong to the loop; `write` may
    run in a thread, one at a time: spine.py sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending: list[Event] = []
        self._torn = False
        """The last line may be half a line that could not be taken back."""
        self._fd = -1
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not path.exists()
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(path, flags, 0o600)
            self._torn = not _ends_whole(path)
            if is_new:
                self._append((json.dumps({"format": encoding.VERSION}) + "\n").encode("ascii"))
        except OSError as error:
            self._let_go()
            raise _fault(path, error) from error

    @property
    def is_open(self) -> bool:
        return self._fd >= 0

    # -- what waits ------------------------------------------------------------
    def append(self, event: Event) -> None:
        """Remember the event for the next write; views are dropped, runs of prose are joined."""
        if event.durability is Durability.VIEW:
            return
        last = self._pending[-1] if self._pending else None
        if isinstance(event, Said) and isinstance(last, Said) and last.turn == event.turn:
            self._pending[-1] = Said(event.turn, last.text + event.text)
        else:
            self._pending.append(event)

    def take(self) -> list[Event]:
        """What waits, in order; the caller writes it or gives it back."""
        events, self._pending = self._pending, []
        return events

    def give_back(self, events: Sequence[Event]) -> None:
        """It could not be written and waits again, before everything that came since."""
        self._pending[:0] = events

    # -- writing ---------------------------------------------------------------
    def write(self, events: Sequence[Event], *, sync: bool) -> None:
        """All of these events in one write, or none. Raises DiskFault."""
        lines = [json.dumps(encoding.encode(e), separators=(",", ":")) + "\n" for e in events]
        data = "".join(lines).encode("ascii")
        try:
            size = os.fstat(self._fd).st_size
            try:
                if data:
                    self._append(b"\n" + data if self._torn else data)
                if sync:
                    os.fsync(self._fd)
            except OSError:
                self._cut_to(size)
                raise
        except OSError as error:
            raise _fault(self.path, error) from error

    def flush(self) -> None:
        """Hand what waits to the kernel. Raises DiskFault; it waits again then."""
        events = self.take()
        if not events:
            return
        try:
            self.write(events, sync=False)
        except DiskFault:
            self.give_back(events)
            raise

    def close(self) -> None:
        """Seal: everything told so far is on the disk."""
        if not self.is_open:
            return
        try:
            self.write(self.take(), sync=True)
        finally:
            self._let_go()

    def _append(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]
        self._torn = False

    def _cut_to(self, size: int) -> None:
        """Half a line must not swallow the next one, nor an unsynced one count as promised."""
        self._torn = True
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, size)
            self._torn = not _ends_whole(self.path)

    def _let_go(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


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
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
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
