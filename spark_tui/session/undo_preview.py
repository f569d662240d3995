"""What undo would do, before it does: the files first, what later edits keep, what stays done.

The rule kept here: it comes from the same plan as the undo itself, and nothing is written. What a
process of somebody else did (hooks, a push) is named, because no undo reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from spark_tui.edits.linediff import changes
from spark_tui.edits.snapshot import Snapshot
from spark_tui.repo.uncommit import Kept, Tip
from spark_tui.session import events as ev
from spark_tui.session.deciding import Deciding
from spark_tui.session.events import HunkId
from spark_tui.session.restore_plan import RestorePlan
from spark_tui.session.state import HunkState, SessionState
from spark_tui.session.writes import WritePlan

Change = Literal["add", "update", "delete", "move", "mode"]


@dataclass(frozen=True, slots=True)
class FileUndone:
    """One file as it would change."""

    path: str
    change: Change
    added: int
    removed: int
    is_merged: bool
    """Somebody has edited it since; that stays."""
    hunks: tuple[HunkId, ...]


@dataclass(frozen=True, slots=True)
class CommitUndoing:
    """The commit that it is about."""

    commit: str
    subject: str
    how: Literal["drop", "revert", ""]
    """off the branch; by a commit against it; not at all."""
    why: str
    """Why it is not simply dropped, or ""."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Nothing of it is done."""

    about: Literal["decision", "turn", "commit"]
    files: tuple[FileUndone, ...]
    stuck: tuple[tuple[HunkId, str], ...] = ()
    """Hunks that cannot be taken out beside a later edit, and why: they become hunks to decide."""
    stays: tuple[str, ...] = ()
    """What cannot be undone, as sentences."""
    turn: int = 0
    commit: CommitUndoing | None = None

    @property
    def is_empty(self) -> bool:
        """Undo would find nothing to do."""
        return not self.files and not self.stuck and self.commit is None


async def of_hunks(
    about: Literal["decision", "turn", "commit"],
    state: SessionState,
    deciding: Deciding,
    hunks: Sequence[HunkState],
    *,
    turn: int = 0,
    commit: CommitUndoing | None = None,
    stays: Sequence[str] = (),
) -> Preview:
    """What taking these out would do. Its caller holds the lock of the review."""
    plan = await deciding.out_plan(hunks)
    files = tuple(_file(state, plan, path) for path in plan.after)
    stuck = tuple(plan.conflicts.items())
    return Preview(about, files, stuck, tuple(stays), turn, commit)


async def of_commit(
    state: SessionState,
    deciding: Deciding,
    made: ev.Committed,
    hunks: Sequence[HunkState],
    found: Tip | Kept,
) -> Preview:
    """What taking this commit back would do."""
    stays = [f"Of the commit: {note}." for note in _notes(state, made.commit)]
    if isinstance(found, Tip):
        about = CommitUndoing(made.commit, made.subject, "drop", "")
        return await of_hunks("commit", state, deciding, hunks, commit=about, stays=stays)
    about = CommitUndoing(
        made.commit, made.subject, "revert" if found.can_revert else "", found.message
    )
    if not found.can_revert:
        return Preview("commit", (), (), (), commit=about)
    stays.insert(0, f"The commit itself: {found.message}.")
    return await of_hunks("commit", state, deciding, hunks, commit=about, stays=stays)


def of_restore(plan: RestorePlan) -> Preview:
    """What taking a restore back would do."""
    files = tuple(
        FileUndone(f.path, f.change, f.added, f.removed, False, ())
        for f in plan.files if f.change
    )  # fmt: skip
    return Preview("decision", files, (), tuple(f"{f.clash}." for f in plan.clashes))


def _notes(state: SessionState, commit: str) -> Iterable[str]:
    return (o.note for o in state.operations if o.commit == commit and o.note)


def _file(state: SessionState, plan: WritePlan, path: str) -> FileUndone:
    before, after = plan.before.get(path), plan.after[path]
    runs = changes(_lines(before), _lines(after))
    hunks = tuple(h for h in plan.done if path in (state.hunks[h].path, state.hunks[h].move_to))
    return FileUndone(
        path,
        _change(plan, path, before, after),
        sum(run.new_end - run.new_start for run in runs),
        sum(run.end - run.start for run in runs),
        _is_edited(state, path, before),
        hunks,
    )


def _change(plan: WritePlan, path: str, before: Snapshot | None, after: Snapshot | None) -> Change:
    if path in plan.moved or path in plan.moved.values():
        return "move"
    if after is None:
        return "delete"
    if before is None:
        return "add"
    return "mode" if before.data == after.data else "update"


def _is_edited(state: SessionState, path: str, now: Snapshot | None) -> bool:
    """Its bytes are not those that our last write left."""
    for write in reversed(state.writes):
        for row in write.writes:
            if row.path == path:
                return row.after != (now.digest if now else None)
    return False


def _lines(snapshot: Snapshot | None) -> Sequence[str]:
    return snapshot.lines if snapshot else ()
