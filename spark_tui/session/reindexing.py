"""The user's index, where a restore goes back behind what was staged and unstaged.

The rule kept here: an entry is put back only where it is still what we left; what the person has
staged since stays, and is named. Only entries that an act of the log changed are touched. How the
index is written is repo/staging.py's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, field

from spark_tui.errors import DiskFault, SparkFault
from spark_tui.repo import staging
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.repository import Repository
from spark_tui.session import events as ev
from spark_tui.session.events import EntryChanged, IndexChanged
from spark_tui.session.putting import Putting
from spark_tui.session.restaging import taken_back
from spark_tui.session.state import SessionState


@dataclass(frozen=True, slots=True)
class Entries:
    """What becomes of index entries."""

    back: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Path -> the entry as it was, and as it is: `mode oid`, "" for none."""
    left: tuple[str, ...] = ()
    """Why others stay, as sentences."""


class Reindexing:
    """Index entries of one session's restores."""

    def __init__(
        self,
        *,
        state: SessionState,
        repository: Callable[[], Repository | None],
        store: CheckpointStore,
        putting: Putting,
        promise: Callable[..., Awaitable[None]],
    ) -> None:
        self._state = state
        self._repository = repository
        self._store = store
        self._putting = putting
        self._promise = promise

    def look(self, changes: Sequence[IndexChanged], paths: Container[str] | None) -> Entries:
        """The entries before these changes, where they can be put back. Blocking."""
        repository = self._repository()
        rows: dict[str, tuple[str, str]] = {}
        for change in changes:
            for entry in change.entries:
                first = rows.get(entry.path, (entry.before, ""))[0]
                rows[entry.path] = first, entry.after
        rows = {p: row for p, row in rows.items() if paths is None or p in paths}
        if not rows or repository is None:
            return Entries()
        held = staging.held(repository, list(rows))
        back: dict[str, tuple[str, str]] = {}
        left: list[str] = []
        for path, (was, ours) in rows.items():
            now = staging.as_text(held[path].entry)
            if held[path].why:
                left.append(held[path].why)
            elif now == ours and was != ours:
                back[path] = was, ours
            elif now not in (ours, was):
                left.append(f"{path} was staged anew since: its index entry stays")
        return Entries(back, tuple(left))

    async def put_back(self, entries: Entries, op: int) -> None:
        """As one step of git's own, for the entry of the log that is made already. What cannot be
        done is raised; the index is unchanged then."""
        repository = self._repository()
        if not entries.back or repository is None:
            return
        changes = [c for c in self._state.index_changes if c.kept]
        kept = [c.kept for c in reversed(changes)]
        plan = await self._putting.off(
            lambda: taken_back(repository, entries.back, lambda path: self._kept(kept, path))
        )
        if not plan.after:
            return
        held = {f"(index)/{path}": data for path, data in plan.kept.items()}
        session = self._state.session
        checkpoint = await self._putting.off(lambda: self._store.save(session, 0, held))
        rows = tuple(
            EntryChanged(path, staging.as_text(plan.before[path]), staging.as_text(entry))
            for path, entry in plan.after.items()
        )
        index = IndexChanged(op, rows, checkpoint)
        await self._promise(ev.CheckpointSaved(checkpoint, 0, tuple(held), index=index))
        swap = {path: (plan.before[path], entry) for path, entry in plan.after.items()}
        try:
            await self._putting.off(lambda: staging.exchange(repository, swap))
        except SparkFault:
            await self._promise(IndexChanged(op, ()))
            raise
        try:
            await self._promise(index)
        except DiskFault:
            turned = {path: (new, old) for path, (old, new) in swap.items()}
            await self._putting.off(lambda: staging.exchange(repository, turned))
            raise

    def _kept(self, checkpoints: Sequence[str], path: str) -> list[bytes]:
        found: list[bytes] = []
        for checkpoint in checkpoints:
            try:
                kept = self._store.load(checkpoint).get(f"(index)/{path}")
            except SparkFault:
                continue  # pruned
            if kept is not None:
                found.append(kept[0])
        return found
