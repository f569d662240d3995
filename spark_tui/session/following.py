"""The journal of somebody else, read as it grows.

The rule kept here: a bounded piece at a time, whole lines only, in order; what an earlier piece
began is finished by the next. Blocking, without a lock; nothing is ever written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from spark_tui.edits.snapshot import Snapshot
from spark_tui.session import encoding
from spark_tui.session import events as ev
from spark_tui.session.events import Event
from spark_tui.session.journal import LONGEST

PIECE = 256 << 10
"""Bytes read at a time."""

Bases = Callable[[str, str], Snapshot | None]
"""Path and digest to the bytes that the model was shown."""


class Follower:
    """`read` in a thread, then `take` on the loop."""

    def __init__(self, path: Path, base: Bases, snapshots: dict[str, Snapshot]) -> None:
        self._path = path
        self._base = base
        self._snapshots = snapshots
        """The state's: what hunks that come refer to is put there with them."""
        self._at = 0
        self._rest = b""
        self._paths: dict[str, str] = {}
        """Of each hunk that was begun."""
        self.is_torn = False
        """What was read is no longer what stands there: start again."""
        self._events: list[Event] = []
        self._found: dict[str, Snapshot] = {}

    def read(self) -> bool:
        """The next piece; False when there is none."""
        try:
            with self._path.open("rb") as file:
                self.is_torn = self.is_torn or file.seek(0, os.SEEK_END) < self._at
                file.seek(self._at)
                piece = file.read(PIECE)
        except OSError:
            return False  # gone or not there yet: asked again
        if not piece or self.is_torn:
            return False
        self._at += len(piece)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST:
            self._rest = b""  # no line of ours
        for line in lines:
            try:
                raw = json.loads(line)
                event = encoding.decode(raw) if isinstance(raw, dict) else None
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue
            if event is not None:
                self._look_up(event)
                self._events.append(event)
        return True

    def take(self) -> list[Event]:
        """What was read since the last time."""
        self._snapshots.update(self._found)
        events, self._events, self._found = self._events, [], {}
        return events

    def _look_up(self, event: Event) -> None:
        """The bytes that a hunk's place refers to."""
        match event:
            case ev.HunkOpened():
                self._paths[event.hunk] = event.path
            case ev.HunkPlaced(hunk, str(digest)) | ev.HunkUnplaced(hunk, str(digest)):
                if digest in self._snapshots or digest in self._found:
                    return
                found = self._base(self._paths.get(hunk, ""), digest)
                if found is not None:
                    self._found[digest] = found
            case _:
                pass
