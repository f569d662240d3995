"""Where undecided hunks stand now that their files changed: moved, in conflict, there already.

The rule kept here: this is what a decision would find, said before it is made; it decides nothing
and is forgotten with the process. Bytes are read again when a hunk is accepted (writes.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from spark_tui.edits.changeset import Edit, Kind, Placed
from spark_tui.edits.compose import EncodeRefused
from spark_tui.edits.rebase import Already, Conflict, Rebased
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault
from spark_tui.session.events import Anchor, Event, HunksAnchored
from spark_tui.session.merging import Standing, edits_of
from spark_tui.session.shelf import Shelf
from spark_tui.session.standing import HunkState, Status, path_now
from spark_tui.session.state import SessionState


class Anchoring:
    """Follows the files of undecided hunks."""

    def __init__(self, state: SessionState, shelf: Shelf, emit: Callable[[Event], None]) -> None:
        self._state = state
        self._shelf = shelf
        self._emit = emit
        self._shown: dict[str, Snapshot] = {}
        """By path: what we put into state.snapshots for anchors to refer to."""

    async def look(self) -> None:
        """Read the files again, off the loop, and say what is different from last time."""
        moves = self._state.moves()
        by_path: dict[str, list[HunkState]] = {}
        for hunk in self._state.open_hunks():
            if hunk.kind is Kind.EDIT and hunk.base in self._state.snapshots:
                by_path.setdefault(path_now(hunk, moves), []).append(hunk)
        for path, hunks in by_path.items():
            others = [
                h
                for h in self._state.hunks.values()
                if h.status is Status.ACCEPTED and h.kind is Kind.EDIT
                and path_now(h, moves) == path
            ]  # fmt: skip
            bases = {h.base: self._state.snapshots[h.base] for h in hunks if h.base is not None}
            now, anchors = await self._shelf.off(
                lambda: self._anchors(path, hunks, others, bases)  # noqa: B023 - awaited here
            )
            self._tell(path, now, anchors)

    def _anchors(
        self,
        path: str,
        hunks: Sequence[HunkState],
        others: Sequence[HunkState],
        bases: dict[str, Snapshot],
    ) -> tuple[Snapshot | None, list[Anchor]]:
        """In a read thread."""
        try:
            now = self._shelf.worktree.read(path)
        except SparkFault:
            now = None
        found: list[Anchor] = []
        for digest, base in bases.items():
            mine = [h for h in hunks if h.base == digest]
            there = edits_of([h for h in others if h.base == digest])
            found += anchors_of(mine, base, there, now)
        return now, found

    def _tell(self, path: str, now: Snapshot | None, anchors: Iterable[Anchor]) -> None:
        """What is news; a hunk that was decided meanwhile is left alone."""
        news = [
            anchor
            for anchor in anchors
            if (hunk := self._state.hunks[anchor.hunk]).is_undecided
            and hunk.anchor != (anchor if anchor.now != hunk.base else None)
        ]
        old = self._shown.pop(path, None)
        if old is not None and self._state.snapshots.get(old.digest) is old:
            del self._state.snapshots[old.digest]
        if now is not None and now.digest not in self._state.snapshots:
            self._shown[path] = self._state.snapshots[now.digest] = now
        if news:
            self._emit(HunksAnchored(tuple(news)))


def anchors_of(
    hunks: Sequence[HunkState], base: Snapshot, there: tuple[Edit, ...], now: Snapshot | None
) -> list[Anchor]:
    """What each of these hunks of one base meets in the file `now`, the edits `there` in it."""
    if now is None or now.binary:
        what = "is gone" if now is None else "holds binary data now"
        digest = now.digest if now else ""
        return [Anchor(h.id, digest, message=f"{base.path} {what}") for h in hunks]
    if now.digest == base.digest:
        return [Anchor(h.id, base.digest) for h in hunks]
    try:
        standing = Standing(base, there, now)
    except EncodeRefused:
        return []
    return [_anchor(hunk, hunk.place, standing, now) for hunk in hunks if hunk.place is not None]


def _anchor(hunk: HunkState, place: Placed, standing: Standing, now: Snapshot) -> Anchor:
    match standing.of(edits_of([hunk])):
        case Already():
            return Anchor(hunk.id, now.digest, already=True)
        case Conflict(message, start, end):
            return Anchor(hunk.id, now.digest, message=message, start=start, end=end)
        case Rebased(edits, moved_by):
            # Only a part of it is left to do: it is shown as it was meant.
            moved = _moved(place, edits, now) if len(edits) == len(place.edits) else None
            return Anchor(hunk.id, now.digest, moved, moved_by)


def _moved(place: Placed, edits: tuple[Edit, ...], now: Snapshot) -> Placed:
    if not edits:
        return place
    old = edits_of_place(place)
    start = edits[0].start - (old[0].start - place.start)
    end = edits[-1].end + place.end - old[-1].end
    return replace(place, start=max(0, start), end=min(len(now.lines), end), edits=edits)


def edits_of_place(place: Placed) -> list[Edit]:
    """In file order."""
    return sorted(place.edits, key=lambda e: (e.start, e.end))
