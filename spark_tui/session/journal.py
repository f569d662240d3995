"""The events of a session on disk: append-only lines, folded again to come back.

The rule kept here: when `write` returns, the events are in the kernel's hands (and so survive the
death of the process), with `sync` on the disk; when it raises, the file is as it was before. A torn
last line is dropped on reading, and what comes next begins a line of its own. What events mean is
state.py's business.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from spark_tui.errors import DiskFault, RepositoryFault
from spark_tui.repo.durable import private_folder, sync_folder
from spark_tui.session import encoding
from spark_tui.session.events import Durability, Event, Said

LONGEST = 64 << 20
"""Bytes of a line up to which it is read in one piece: no line of ours is longer."""

_BEGINS = (b'{"e":"', b'{"format":')
"""What a line of ours begins with."""
_PLAIN = re.compile(rb"[ -~]*")
"""The signs that it is made of."""
_LONGEST_WORD = 6
"""Of what JSON is made of: an escape."""


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
            made = _make_folders(path.parent)
            is_new = not path.exists()
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(path, flags, 0o600)
            self._torn = not _ends_whole(path)
            if is_new:
                self._append((json.dumps({"format": encoding.VERSION}) + "\n").encode("ascii"))
                # What is promised in it can be found after a power cut: its name is on the disk.
                for folder in made:
                    sync_folder(folder)
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
        try:
            lines = [json.dumps(encoding.encode(e), separators=(",", ":")) + "\n" for e in events]
            data = "".join(lines).encode("ascii")
            size = os.fstat(self._fd).st_size
            try:
                if data:
                    self._append(b"\n" + data if self._torn else data)
                if sync:
                    os.fsync(self._fd)
            except (OSError, MemoryError):
                self._cut_to(size)
                raise
        except (OSError, MemoryError) as error:
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


def replay(path: Path, damage: list[int] | None = None) -> Iterator[Event]:
    """The events of a journal in order, one line in memory at a time. A torn line and kinds that
    this version does not know are left out; numbers of lines that somebody else spoilt go into
    `damage`. Raises DiskFault, and RepositoryFault for a journal of a later version."""
    try:
        with path.open("rb") as file:
            check_version(path, file.readline(LONGEST))
            file.seek(0)
            number = 0
            while line := file.readline(LONGEST):
                number += 1
                try:
                    raw: Any = json.loads(line)
                    event = encoding.decode(raw) if isinstance(raw, dict) else None
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    if damage is not None and _is_spoilt(line):
                        damage.append(number)
                    continue
                if event is not None:
                    yield event
    except OSError as error:
        raise DiskFault(
            f"The journal {path} cannot be read: {error.strerror or error}.",
            hint="Your files are unchanged. Another session can be opened: spark-tui sessions",
        ) from error


def check_version(path: Path, first: bytes) -> None:
    """A later version may mean something else by the same words: then nothing is guessed."""
    try:
        version = json.loads(first)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return  # it has lost its beginning: the rest is still ours
    if isinstance(version, int) and version > encoding.VERSION:
        raise RepositoryFault(
            f"The journal {path} was written by a newer spark-tui (format {version}).",
            hint="Update spark-tui to go on with this session; a new one can be started here.",
        )


def _is_spoilt(line: bytes) -> bool:
    """Not just cut short by the death of the process that wrote it."""
    text = line.strip(b"\n")
    if not text:
        return False
    is_ours = any(begin.startswith(text[: len(begin)]) for begin in _BEGINS)
    if not is_ours or _PLAIN.fullmatch(text) is None:
        return True
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        is_cut = error.msg.startswith("Unterminated") or error.pos >= len(text) - _LONGEST_WORD
        return not is_cut
    except (ValueError, RecursionError):
        pass
    return True


def _make_folders(folder: Path) -> list[Path]:
    """Make it and what is missing above, for their owner only; those that hold a new name."""
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    for one in reversed(missing):
        private_folder(one)
    return [folder, *(one.parent for one in missing)]


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _fault(path: Path, error: OSError | MemoryError) -> DiskFault:
    why = "not enough memory" if isinstance(error, MemoryError) else error.strerror or error
    return DiskFault(
        f"The session's journal cannot be written: {why}.",
        hint=f"Your files are unchanged. Free space or fix the permissions of {path.parent}.",
    )
