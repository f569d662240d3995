"""What happened in a session after a moment of its past, and how its hunks stood then.

The rule kept here: it is read from the journal, which holds every promise in its order; nothing is
guessed from how things are now. Blocking: callers on a loop go through a thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from spark_tui.errors import DiskFault, UsageFault
from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId, HunkStood
from spark_tui.session.journals import Unreadable, read
from spark_tui.session.state import SessionState, Status

_KINDS = (
    ev.SessionOpened, ev.TurnStarted, ev.TurnEnded, ev.HunkOpened, ev.HunkPlaced, ev.HunkUnplaced,
    ev.HunksDecided, ev.HunksConflicted, ev.HunkSuperseded, ev.HunkReshaped, ev.FilesWritten,
    ev.TurnUndone, ev.Committed, ev.CommitUndone, ev.HunksRestored, ev.IndexChanged, ev.Operated,
)  # fmt: skip
"""All that moves a hunk, a file or the log."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in the log. Exactly one of the three is set."""

    after: int | None = None
    """Right after this entry; 0: before the first."""
    only: int | None = None
    """Right before this entry, and only what it did counts."""
    checkpoint: str = ""
    """Right before the write that has this checkpoint."""

    @property
    def words(self) -> str:
        if self.checkpoint:
            return f"checkpoint {self.checkpoint[:9]}"
        return f"o{self.after}" if self.after else "the beginning"


@dataclass(slots=True)
class Since:
    """What came after it, oldest first."""

    to: int = 0
    """The last entry before it."""
    found: bool = False
    """The moment is in this journal."""
    stood: dict[HunkId, HunkStood] = field(default_factory=dict)
    """How the hunks stood that were touched since."""
    writes: list[ev.FilesWritten] = field(default_factory=list)
    index: list[ev.IndexChanged] = field(default_factory=list)
    operations: list[ev.Operated] = field(default_factory=list)


def since(journal: Path, moment: Moment) -> Since:
    """Read it. Raises DiskFault."""
    state, result = SessionState(), Since()
    try:
        for event in read(journal, *_KINDS):
            done = state.operations[-1].op if state.operations else 0
            if isinstance(event, ev.IndexChanged):
                if _is_changed_since(moment, event, result):
                    result.index.append(event)
            elif _is_past(moment, done, event, result):
                if not result.found:
                    result.found, result.to = True, done
                _note(result, state, event)
            state.apply(event)
    except Unreadable as cause:
        raise DiskFault(
            f"The journal of this session {cause}.", hint=f"Look at {journal}. Nothing was changed."
        ) from cause
    last = state.operations[-1].op if state.operations else 0
    if moment.after is not None and moment.after == last:
        result.found, result.to = True, last
    return result


def _is_past(moment: Moment, done: int, event: Event, result: Since) -> bool:
    if moment.only is not None:  # a conflict is no act, and may stand before the entry's own
        return done == moment.only - 1 and not isinstance(event, ev.HunksConflicted)
    if moment.after is not None:
        return done >= moment.after
    return result.found or (
        isinstance(event, ev.FilesWritten) and event.checkpoint == moment.checkpoint
    )


def _is_changed_since(moment: Moment, event: ev.IndexChanged, result: Since) -> bool:
    """It names its entry, and may stand on either side of it."""
    if moment.only is not None:
        return event.op == moment.only
    return event.op > moment.after if moment.after is not None else result.found


def _note(result: Since, state: SessionState, event: Event) -> None:
    for hid in _touched(event):
        hunk = state.hunks.get(hid)
        for each in (hid, hunk.undoes if hunk is not None else None):
            if each is not None and each not in result.stood:
                result.stood[each] = stood(state, each)
    match event:
        case ev.FilesWritten():
            result.writes.append(event)
        case ev.Operated():
            result.operations.append(event)
        case _:
            pass


def stood(state: SessionState, hid: HunkId) -> HunkStood:
    """How a hunk stands; a part that is not made yet stands aside."""
    hunk = state.hunks.get(hid)
    if hunk is None:
        return HunkStood(hid, Status.UNDONE.value)
    status, message = hunk.status, hunk.message
    if status is Status.CONFLICT:  # whether it still is one is seen when it is accepted
        status, message = Status.PLACED, ""
    return HunkStood(hid, status.value, message, hunk.by, hunk.written, hunk.parts)


def _touched(event: Event) -> Iterable[HunkId]:
    """The hunks that an event of an act is about."""
    match event:
        case ev.HunksDecided() | ev.TurnUndone() | ev.HunksConflicted() | ev.FilesWritten():
            return event.hunks
        case ev.HunkReshaped():
            return (event.hunk, *(part.hunk for part in event.parts))
        case ev.HunksRestored():
            return (row.hunk for row in event.hunks)
        case _:
            return ()


def moment_of(name: str) -> tuple[str, Moment]:
    """The session ("" for the one at hand) and the moment that a name on the command line means:
    o17, SESSION/o17, or a checkpoint's id. Raises UsageFault.

    >>> moment_of("o17"), moment_of("20260101-120000-ab12/o3")[0]
    (('', Moment(after=17, only=None, checkpoint='')), '20260101-120000-ab12')
    """
    session, _, short = name.rpartition("/")
    if short[:1] == "o" and short[1:].isascii() and short[1:].isdecimal():
        return session, Moment(after=int(short[1:]))
    if not session and len(name) >= 4 and set(name) <= set("0123456789abcdef"):
        return "", Moment(checkpoint=name)
    raise UsageFault(
        f"{name} is neither an entry of the log (o17) nor a checkpoint.", hint="See spark-tui log."
    )
