"""The first thing at a start: end the story of a process that was killed while it wrote.

The rule kept here: files and journal tell the same afterwards. A write that the journal knows is
over, whatever the files have become since; one that reached all its files is completed in the
journal; any other is taken back. Blocking, under the lock of the work tree.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.recovering import Recovery, end, recover
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import Event
from spark_tui.session.journal import Journal, replay
from spark_tui.session.operations import entry_of
from spark_tui.session.state import SessionState


def settle_interrupted(store: CheckpointStore, worktree: Worktree, journal: Path) -> str:
    """What was found and done, as a sentence; "" when nothing was interrupted.

    `journal` is that of the session which was in use last.
    """
    note = store.unfinished()
    if note is None:
        return ""
    known = _Known.by(journal, str(json.loads(note)["checkpoint"]))
    if known.since is not None:
        # Everything was written and recorded; only the note was left. What the person has done
        # with the files since is theirs.
        _complete(journal, known)
        end(store, worktree)
        return ""

    def record(found: Recovery) -> None:
        if found.outcome == "finished":
            _complete(journal, known)

    recovery = recover(store, worktree, record=record)
    return "" if recovery is None else recovery.message


@dataclass(slots=True)
class _Known:
    """What the journal says of one write."""

    state: SessionState
    saved: ev.CheckpointSaved | None = None
    """Its announcement."""
    since: list[Event] | None = None
    """All that stands behind the write; None: it was not recorded."""

    @classmethod
    def by(cls, journal: Path, checkpoint: str) -> _Known:
        known = cls(SessionState())
        for event in replay(journal) if journal.exists() else ():
            match event:
                case ev.CheckpointSaved() if event.checkpoint == checkpoint:
                    known.saved = event
                case ev.FilesWritten() if event.checkpoint == checkpoint:
                    known.since = []
                case _ if known.since is not None:
                    known.since.append(event)
                case _:
                    pass
            known.state.apply(event)
        return known


def _complete(journal: Path, known: _Known) -> None:
    """Put down what the killed process was about to."""
    saved, since = known.saved, known.since or []
    if saved is None:
        return
    meant = (saved.decided, saved.undone, saved.restored, saved.uncommitted)
    follows = [event for event in meant if event is not None]
    act: list[Event] = [saved.write, *follows] if saved.write is not None else [*follows]
    missing: list[Event] = [event for event in follows if event not in since]
    if known.since is None and saved.write is not None:
        missing.insert(0, saved.write)
    if not any(isinstance(e, ev.Operated) and e.checkpoint == saved.checkpoint for e in since):
        number = len(known.state.operations) + 1
        entry = saved.operated or entry_of(known.state, act, op=number, at=time.time())
        missing += [entry] if entry is not None else []
    if missing:
        sealed = Journal(journal)
        try:
            sealed.write(missing, sync=True)
        finally:
            sealed.close()
