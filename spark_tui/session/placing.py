"""Hunks that a person puts into place by hand: an unplaced one, or code taken from the chat.

The rule kept here: the place is a line of the file as it is now; what follows is an ordinary hunk
that is accepted, rejected and undone like any other.
"""

from __future__ import annotations

from collections.abc import Callable

from spark_tui.edits.changeset import Edit, Kind, Placed
from spark_tui.edits.compose import cannot_encode
from spark_tui.edits.names import check_path
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import RefusedFault, UnknownHunk
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.events import Event, HunkId
from spark_tui.session.shelf import Shelf
from spark_tui.session.state import HunkState, SessionState, Status


class Placing:
    """Places hunks by a person's word."""

    def __init__(self, state: SessionState, shelf: Shelf, emit: Callable[[Event], None]) -> None:
        self._state = state
        self._shelf = shelf
        self._emit = emit

    async def place_at(self, hunk: HunkState, line: int) -> bool:
        """Insert the hunk's new lines before this 0-based line; False: the file cannot take it."""
        if hunk.kind is not Kind.EDIT or hunk.status not in _MOVABLE or hunk.parts:
            return False
        new = tuple(text for sign, text in hunk.lines if sign == "+")
        disk = await self._shelf.read(hunk.path)
        if disk is None or disk.binary or not new or cannot_encode(disk, new):
            return False
        place = await self._place(hunk.path, disk, line, new)
        if hunk.status not in _MOVABLE or hunk.parts:  # decided while the file was read
            return False
        self._tell(hunk.id, disk, place)
        return True

    async def insert_code(self, code: str, path: str, line: int) -> HunkId:
        """A code block as a new hunk of the last turn. Raises UnknownHunk without any turn, and
        RefusedFault where the file cannot take it."""
        turn = max(self._state.turns, default=0)
        if not turn:
            raise UnknownHunk("There is no answer to take code from yet.")
        checked = check_path(path)
        if not isinstance(checked, str):
            raise RefusedFault(checked.message)
        new = tuple(part.removesuffix("\r") for part in code.rstrip("\r\n").split("\n"))
        kind = await self._shelf.off(self._shelf.worktree.kind, checked)
        disk = await self._shelf.read(checked) if kind == "file" else None
        if kind != "missing" and disk is None:
            raise RefusedFault(f"{checked} is not a file that can be edited.")
        if disk is not None and (disk.binary or cannot_encode(disk, new)):
            raise RefusedFault(cannot_encode(disk, new) or f"{checked} holds binary data.")
        place = await self._place(checked, disk, line, new)
        hid = next_hunk_id(self._state, turn)
        self._emit(ev.HunkOpened(hid, turn, checked, Kind.ADD if disk is None else Kind.EDIT))
        for text in new:
            self._emit(ev.HunkGrew(hid, "+", text))
        self._tell(hid, disk, place)
        return hid

    async def _place(
        self, path: str, disk: Snapshot | None, line: int, new: tuple[str, ...]
    ) -> Placed:
        at = max(0, min(line, len(disk.lines))) if disk is not None else 0
        ignored = await self._shelf.is_ignored(path)
        flags = policy.path_flags(path, ignored=ignored)
        return Placed(at, at, (Edit(at, at, new),), flags=flags)

    def _tell(self, hunk: HunkId, disk: Snapshot | None, place: Placed) -> None:
        new = place.edits[0].lines
        base = disk.digest if disk is not None else None
        self._emit(ev.HunkPlaced(hunk, base, place, len(new), 0, policy.risk_of(new)))


def next_hunk_id(state: SessionState, turn: int) -> HunkId:
    """A number that no hunk of the answer will have, though it may still stream."""
    of_turn = state.turns[turn]
    numbers = (h.rpartition("h")[2].partition(".")[0] for h in of_turn.hunks)
    last = max(map(int, numbers), default=0)
    if of_turn.is_streaming:
        last = max(last, _APART)
    return HunkId(f"t{turn}h{last + 1}")


_MOVABLE = frozenset(
    {Status.PLACED, Status.UNPLACED, Status.CONFLICT, Status.REJECTED, Status.SUPERSEDED,
     Status.UNDONE}
)  # fmt: skip
"""What is in a file already, or still grows, has no other place."""
_APART = 1000
"""More hunks than an answer has: from here on ids are free while it streams."""
