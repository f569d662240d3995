"""A person takes a hunk in hand: cuts it, keeps some of its lines, writes others.

The rule kept here: only an undecided hunk gets another shape, and nothing is written by that; its
parts are hunks with numbers of their own, which no hunk of an answer can get, and undo brings the
whole back. What shapes there are is edits/reshape.py's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from spark_tui.edits import reshape
from spark_tui.edits.changeset import Edit, Kind, Placed
from spark_tui.edits.claims import Claims
from spark_tui.edits.diff import count
from spark_tui.edits.reshape import Refused as Refused
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.events import HunkId, HunkPart, HunkReshaped
from spark_tui.session.state import HunkState, SessionState, Status

T = TypeVar("T")


class Exclusive(Protocol):
    """Runs a job alone, as decisions are."""

    async def __call__(self, job: Callable[[], Awaitable[T]]) -> T: ...


@dataclass(frozen=True, slots=True)
class Reshaped:
    """What stands for the hunk now, or why it stays as it is."""

    parts: tuple[HunkId, ...] = ()
    refused: str = ""


class Reshaping:
    """The verbs of one session."""

    def __init__(
        self, state: SessionState, exclusive: Exclusive, promise: Callable[..., Awaitable[None]]
    ) -> None:
        self._state = state
        self._exclusive = exclusive
        self._promise = promise

    async def split(self, hunk: HunkState) -> Reshaped:
        """Into the next finer parts."""

        async def job() -> Reshaped:
            found = self._at_hand(hunk)
            if isinstance(found, Refused):
                return Reshaped(refused=found.reason)
            place, base = found
            parts = reshape.split(place, base)
            if len(parts) == 1:
                return Reshaped(refused="it cannot be split any further")
            return await self._stand(hunk, "split", parts)

        return await self._exclusive(job)

    async def keep_lines(self, hunk: HunkState, rows: Collection[int]) -> Reshaped:
        """Only these of its removed and added lines, counted from 0 in the order of the diff."""

        async def job() -> Reshaped:
            found = self._at_hand(hunk)
            if isinstance(found, Refused):
                return Reshaped(refused=found.reason)
            place, _ = found
            total = reshape.row_count(place)
            if not all(0 <= row < total for row in rows):
                return Reshaped(refused=f"it has {total} lines")
            kept = reshape.keep(place, rows)
            if kept == place:
                return Reshaped((hunk.id,))
            if not kept.edits:
                return Reshaped(refused="no line of it would be left: reject it instead")
            return await self._stand(hunk, "chosen", (kept,))

        return await self._exclusive(job)

    def text(self, hunk: HunkState) -> str | Refused:
        """What the hunk makes of its lines, to be edited."""
        found = self._at_hand(hunk)
        if isinstance(found, Refused):
            return found
        place, base = found
        return reshape.result_text(place, base, self._room(hunk, place))

    async def edit(self, hunk: HunkState, text: str) -> Reshaped:
        """The hunk with this text as the result of its lines."""

        async def job() -> Reshaped:
            found = self._at_hand(hunk)
            if isinstance(found, Refused):
                return Reshaped(refused=found.reason)
            place, base = found
            within = self._room(hunk, place)
            new = reshape.rewritten(place, base, text, within)
            if isinstance(new, Refused):
                return Reshaped(refused=new.reason)
            if new == place:
                return Reshaped((hunk.id,))
            if not new.edits:
                return Reshaped(refused="that is what the file has: reject it instead")
            return await self._stand(hunk, "edited", (new,))

        return await self._exclusive(job)

    # -- inside ----------------------------------------------------------------
    def _at_hand(self, hunk: HunkState) -> tuple[Placed, Snapshot | None] | Refused:
        """Its place and its file as it was; or why nothing can be done with it."""
        if hunk.status in (Status.GROWING, Status.WAITING):
            return Refused("it is still being written")
        if hunk.status is Status.ACCEPTED:
            return Refused("it is accepted: take that back first")
        if hunk.status is not Status.PLACED or hunk.place is None:
            return Refused("only an open hunk with a place can be changed")
        if hunk.kind not in (Kind.EDIT, Kind.ADD) or not hunk.place.edits:
            return Refused("it has no lines to choose from")
        base = self._state.snapshots.get(hunk.base) if hunk.base is not None else None
        if hunk.base is not None and base is None:
            return Refused(f"what {hunk.path} was like is not known any more")
        return hunk.place, base

    async def _stand(self, hunk: HunkState, how: str, places: Sequence[Placed]) -> Reshaped:
        """Let these places stand for the hunk."""
        claims = Claims()
        for other in self._beside(hunk):
            if claims.holder(other) is None:
                claims.add(0, other)
        if any(claims.holder(place.edits) is not None for place in places):
            return Reshaped(refused="another hunk touches these lines")
        root = hunk.id.partition(".")[0]
        made = [h for h in self._state.hunks if h.startswith(f"{root}.")]
        first = max((int(h.rpartition(".")[2]) for h in made), default=0) + 1
        parts = tuple(_part(HunkId(f"{root}.{first + k}"), place) for k, place in enumerate(places))
        await self._promise(HunkReshaped(hunk.id, how, parts))
        return Reshaped(tuple(part.hunk for part in parts))

    def _beside(self, hunk: HunkState) -> list[tuple[Edit, ...]]:
        """The edits of the other hunks that were made for the same bytes."""
        return [
            other.place.edits
            for other in self._state.hunks.values()
            if other.id != hunk.id
            and other.path == hunk.path
            and other.base == hunk.base
            and other.kind is Kind.EDIT
            and other.status in (Status.PLACED, Status.ACCEPTED)
            and other.place is not None
        ]

    def _room(self, hunk: HunkState, place: Placed) -> tuple[int, int]:
        return reshape.room(place, [edit for edits in self._beside(hunk) for edit in edits])


def _part(hunk: HunkId, place: Placed) -> ev.HunkPart:
    added, removed = count(None, place)
    risk = policy.risk_of(line for edit in place.edits for line in edit.lines)
    return HunkPart(hunk, place, added, removed, risk)
