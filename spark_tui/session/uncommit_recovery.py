"""A process was killed while it took a commit back, or brought one back: the end of its story.

The rule kept here: what git did not get to do is not done by a start; what it did is recorded, and
the index follows. What of files was under way has been settled before (recovery.py): a hunk that
had no time to leave its file is accepted, not committed, and undo takes it out.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from spark_tui.repo import uncommit
from spark_tui.repo.preparing import HELD, lock_folder
from spark_tui.repo.repository import Repository
from spark_tui.session import events as ev
from spark_tui.session.events import CommitUndone, Event
from spark_tui.session.journal import Journal, replay
from spark_tui.session.operations import entry_of
from spark_tui.session.state import SessionState

UNCOMMIT = "uncommit"
"""The folder, beside the journals, in which a commit against another is made."""
_NEAR = 8 << 20
"""Behind it stands at most the record of one write."""


def settle_uncommit(repository: Repository | None, journal: Path, folder: Path) -> str:
    """What was found and done, as a sentence; "" when nothing was interrupted. Blocking, under the
    lock of the work tree. `folder` is where the killed process made a commit."""
    if repository is None or not journal.exists() or not _may_be_open(journal):
        return ""
    state = SessionState()
    for event in replay(journal):
        state.apply(event)
    begun = state.uncommit_begun
    if begun is None:
        return ""
    if _is_running(folder):
        return f"git still makes the commit against {begun.commit[:9]}: it is looked at again."
    events, said = _outcome(repository, begun)
    entry = entry_of(state, events, op=len(state.operations) + 1, at=time.time())
    sealed = Journal(journal)
    try:
        sealed.write([*events, *([entry] if entry is not None else [])], sync=True)
    finally:
        sealed.close()
    shutil.rmtree(folder, ignore_errors=True)
    return said


def _may_be_open(journal: Path) -> bool:
    """Cheaply: it stands near the end, and most journals hold no such thing."""
    with journal.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _NEAR))
        tail = file.read()
    begun = tail.rfind(b'"e":"UncommitBegun"')
    ends = (tail.rfind(b'"e":"%s"' % kind) for kind in (b"CommitUndone", b"CommitEnded"))
    return begun > max(ends)


def _is_running(folder: Path) -> bool:
    """A git, or a hook of it, outlived the process that had started it."""
    if not folder.is_dir():
        return False
    lock = lock_folder(folder)
    if lock is not None and lock != HELD:
        os.close(lock)
    return lock == HELD


def _outcome(repository: Repository, begun: ev.UncommitBegun) -> tuple[list[Event], str]:
    short = begun.commit[:9]
    match begun.how:
        case "drop" if not uncommit.holds(repository, begun.commit):
            is_at = repository.tip() == uncommit.parent_of(repository, begun.commit)
            if begun.hunks and is_at:
                uncommit.settle_dropped(repository, begun.commit)
            said = (
                f"Commit {short} is off the branch; what is left of it in your files is accepted."
            )
            return [CommitUndone(begun.commit, "drop", begun.hunks)], f"Interrupted undo: {said}"
        case "revert" if made := uncommit.revert_made(repository, begun.commit, begun.head):
            if repository.tip() == made:
                uncommit.settle_back(repository, made)
            said = f"Commit {made[:9]} takes {short} out; what is left in your files is accepted."
            event = CommitUndone(begun.commit, "revert", begun.hunks, by=made)
            return [event], f"Interrupted undo: {said}"
        case "redo" if _is_back(repository, begun):
            if begun.by:
                uncommit.settle_dropped(repository, begun.by)
            else:
                uncommit.settle_back(repository, begun.commit)
            event = CommitUndone(begun.commit, "redo", begun.hunks, by=begun.by)
            return [event], f"Interrupted redo: commit {short} is back."
        case _:
            said = f"Interrupted undo of commit {short}: no commit was moved."
            return [ev.CommitEnded(said)], said


def _is_back(repository: Repository, begun: ev.UncommitBegun) -> bool:
    if not begun.by:
        return uncommit.holds(repository, begun.commit)
    return not uncommit.holds(repository, begun.by)
