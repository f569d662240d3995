"""The first thing at a start: end the story of a process that was killed while it wrote.

The rule kept here: files and journal tell the same afterwards. A write that the journal knows is
over, whatever the files have become since; one that reached all its files is completed in the
journal; any other is taken back. Blocking, under the lock of the work tree.
"""

from __future__ import annotations

import json
from pathlib import Path

from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.recovering import recover
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import Event
from spark_tui.session.journal import Journal, replay


def settle_interrupted(store: CheckpointStore, worktree: Worktree, journal: Path) -> str:
    """What was found and done, as a sentence; "" when nothing was interrupted.

    `journal` is that of the session which was in use last.
    """
    note = store.unfinished()
    if note is None:
        return ""
    saved, written = _known(journal, str(json.loads(note)["checkpoint"]))
    if written is not None:
        # Everything was written and recorded; only the note was left. What the person has done
        # with the files since is theirs.
        _complete(journal, saved, written)
        store.done()
        return ""
    recovery = recover(store, worktree)
    if recovery is None:
        return ""
    if recovery.outcome == "finished" and saved is not None:
        _complete(journal, saved, None)
    return recovery.message


def _known(
    journal: Path, checkpoint: str
) -> tuple[ev.CheckpointSaved | None, tuple[Event, ...] | None]:
    """The announcement of the write, and everything the journal holds from the write on."""
    saved: ev.CheckpointSaved | None = None
    since: list[Event] | None = None
    for event in replay(journal) if journal.exists() else ():
        match event:
            case ev.CheckpointSaved() if event.checkpoint == checkpoint:
                saved = event
            case ev.FilesWritten() if event.checkpoint == checkpoint:
                since = []
            case _ if since is not None:
                since.append(event)
            case _:
                pass
    return saved, None if since is None else tuple(since)


def _complete(
    journal: Path, saved: ev.CheckpointSaved | None, since: tuple[Event, ...] | None
) -> None:
    """Put down what the killed process was about to."""
    if saved is None:
        return
    missing: list[Event] = []
    if since is None and saved.write is not None:
        missing.append(saved.write)
    for event in (saved.decided, saved.undone):
        if event is not None and event not in (since or ()):
            missing.append(event)
    if missing:
        sealed = Journal(journal)
        try:
            sealed.write(missing, sync=True)
        finally:
            sealed.close()
