"""Hunks that a person puts into place by hand: an unplaced one, or code taken from the chat.

The rule kept here: the place is a line of the file as it is now; what follows is an ordinary hunk
that is accepted, rejected and undone like any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.edits.changeset import Edit, Kind, Placed
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import UnknownHunk
from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId
from spark_tui.session.state import HunkState, SessionState


class Placing:
    """Places hunks by a person's word."""

    def __init__(
        self,
        state: SessionState,
        read: Callable[[str], Awaitable[Snapshot | None]],
        emit: Callable[[Event], None],
    ) -> None:
        self._state = state
        self._read = read
        self._emit = emit

    async def place_at(self, hunk: HunkState, line: int) -> bool:
        """Insert the hunk's new lines before this 0-based line; False: the file cannot take it."""
        disk = await self._read(hunk.path)
        if disk is None or disk.binary:
            return False
        new = tuple(text for sign, text in hunk.lines if sign == "+")
        at = max(0, min(line, len(disk.lines)))
        self._state.snapshots[disk.digest] = disk
        place = Placed(at, at, (Edit(at, at, new),))
        self._emit(ev.HunkPlaced(hunk.id, disk.digest, place, len(new), 0))
        return True

    async def insert_code(self, code: str, path: str, line: int) -> HunkId:
        """A code block as a new hunk of the last turn. Raises UnknownHunk without any turn."""
        turn = max(self._state.turns, default=0)
        if not turn:
            raise UnknownHunk("There is no answer to take code from yet.")
        disk = await self._read(path)
        hid = HunkId(f"t{turn}h{len(self._state.turns[turn].hunks) + 1}")
        self._emit(ev.HunkOpened(hid, turn, path, Kind.EDIT if disk else Kind.ADD))
        for text in code.rstrip("\n").split("\n"):
            self._emit(ev.HunkGrew(hid, "+", text))
        hunk = self._state.hunks[hid]
        if disk is not None:
            await self.place_at(hunk, line)
        else:
            new = tuple(text for _, text in hunk.lines)
            place = Placed(0, 0, (Edit(0, 0, new),))
            self._emit(ev.HunkPlaced(hid, None, place, len(new), 0))
        return hid
