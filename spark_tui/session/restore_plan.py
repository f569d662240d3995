"""What a restore would do, and what it did: values, with their sentence.

The rule kept here: pure; a preview and the restore itself are the same value. How it is found and
done is restoring.py's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from spark_tui.edits.rebase import line_edits
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.events import HunkStood
from spark_tui.session.putting import Put
from spark_tui.session.reindexing import Entries
from spark_tui.session.versions import Kept, is_link

Change = Literal["add", "update", "delete", "mode", ""]


@dataclass(frozen=True, slots=True)
class RestoredFile:
    """One file of a restore."""

    path: str
    change: Change
    """"" where it is as it was."""
    added: int = 0
    removed: int = 0
    clash: str = ""
    """Why it is left alone, or what stands in the way of a file that is taken all the same."""


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore would do."""

    to: int
    files: tuple[RestoredFile, ...]
    hunks: tuple[HunkStood, ...]
    """Those that stand otherwise now."""
    commits: tuple[str, ...]
    """Made since: they stay."""
    notes: tuple[str, ...]
    """What cannot be taken back."""
    put: Put = field(default_factory=lambda: Put({}, {}))
    index: Entries = field(default_factory=Entries)
    """Of the user's index: what was staged or unstaged since."""

    @property
    def clashes(self) -> tuple[RestoredFile, ...]:
        """Files that are left alone."""
        return tuple(f for f in self.files if f.clash and not f.change)

    @property
    def does_nothing(self) -> bool:
        return not self.put.after and not self.hunks and not self.index.back


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    plan: RestorePlan
    done: bool
    checkpoint: str = ""
    op: int = 0
    """Its own entry."""
    what: str = ""
    """As the beginning of a sentence."""
    late: str = ""
    """Why the index could not follow."""

    @property
    def acted(self) -> bool:
        """It is an entry of the log."""
        return self.done and self.op > 0

    @property
    def has_left(self) -> bool:
        """Something could not go back."""
        return bool(self.plan.clashes or self.plan.index.left or self.late)

    @property
    def told(self) -> str:
        """For the person."""
        plan = self.plan
        why = [*(f.clash for f in plan.clashes), *plan.index.left]
        why += [f"the index ({self.late})"] if self.late else []
        left = f" Left alone: {'; '.join(why)}." if why else ""
        if plan.does_nothing:
            return (
                f"{self.what}: nothing could be restored.{left}"
                if why
                else (f"{self.what}: all of it is as it was.")
            )
        paths = tuple(plan.put.after)
        named = ", ".join(paths) if len(paths) <= 3 else f"{len(paths)} files"
        rows = f"{len(plan.hunks)} hunk{'s' * (len(plan.hunks) != 1)}" if plan.hunks else ""
        staged = "the index" if plan.index.back and not self.late else ""
        return f"{self.what}: {', '.join(part for part in (named, rows, staged) if part)}.{left}"


def counts(path: str, now: Kept, to: Kept) -> tuple[int, int]:
    """Lines that come and go; 0 for what has none."""
    old, new = (Snapshot.of(path, kept[0] if kept else b"") for kept in (now, to))
    if old.binary or new.binary or is_link(now) or is_link(to):
        return 0, 0
    edits = line_edits(old, new)
    return sum(len(e.lines) for e in edits), sum(e.end - e.start for e in edits)
