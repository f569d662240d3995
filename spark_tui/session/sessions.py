"""The sessions of one work tree: what each one holds, which was in use last, what it left open.

The rule kept here: it only reads, without a lock. A session in which nothing was asked and nothing
written down is none: it is not listed, and "the last one" passes over it. What cannot be read is
listed with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from spark_tui.edits.changeset import Unplaced
from spark_tui.session import events as ev
from spark_tui.session.journals import Unreadable, current_of, journal_of, read, sessions_of
from spark_tui.session.state import SessionState, Status
from spark_tui.session.unfinished import unfinished

T = TypeVar("T")


class Off(Protocol):
    """Run something that blocks in a thread."""

    async def __call__(self, job: Callable[[], T], /) -> T: ...


MOST = 50
"""So many of the last sessions are looked at: each costs a pass over its journal."""
_OPENING = (ev.TurnStarted, ev.DraftKept, ev.PromptQueued, ev.HunksDecided, ev.ContextChosen)
"""With one of these a session holds something of the person's."""
_ACTS = (ev.IndexChanged, ev.HunksRestored, ev.Committed, ev.FilesWritten, ev.Operated)
_COUNTED = (
    *_OPENING, *_ACTS, ev.SessionOpened, ev.PromptUnqueued, ev.TurnEnded, ev.HunkOpened,
    ev.HunkPlaced, ev.HunkUnplaced, ev.HunkReshaped, ev.HunkSuperseded, ev.HunksConflicted,
    ev.TurnUndone, ev.CommitUndone,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session, in counts."""

    session: str
    opened_at: float = 0.0
    """Seconds since the epoch."""
    used_at: float = 0.0
    """When its journal was last written."""
    prompt: str = ""
    """The first thing that was asked."""
    turns: int = 0
    open: int = 0
    """Placed hunks that await a decision."""
    accepted: int = 0
    """In their files and not committed."""
    committed: int = 0
    lost: int = 0
    """Hunks of the last answer that were cut in the middle."""
    queued: int = 0
    has_draft: bool = False
    is_cut: bool = False
    """Its last answer broke off, was stopped or failed."""
    is_unsealed: bool = False
    """An answer streams, or its process ended without a word."""
    is_live: bool = False
    """Somebody works in it just now."""
    problem: str = ""
    """Why it cannot be read."""

    @property
    def is_unfinished(self) -> bool:
        """There is something to go on with."""
        return bool(self.open or self.queued or self.has_draft or self.is_cut or self.is_unsealed)


class Sessions:
    """Those beside our own, for the session that is open."""

    def __init__(self, home: Path, own: Callable[[], str], off: Off) -> None:
        self._home = home
        self._own = own
        self._off = off

    async def others(self) -> list[SessionRow]:
        """All but ours, the last one first."""
        found = await self._off(lambda: rows(self._home))
        return [row for row in found if row.session != self._own()]

    async def left(self) -> SessionRow | None:
        """The last one but ours, if it has anything to go on with."""
        own = self._own()
        return await self._off(lambda: left(self._home, but=own))


def rows(home: Path, *, live: str = "", most: int = MOST) -> list[SessionRow]:
    """The sessions of a work tree, the last used first. `live`: somebody works in this one."""
    found: list[SessionRow] = []
    for session in by_use(home):
        if len(found) == most:
            break
        if not is_bare(journal_of(home, session)):
            found.append(row_of(home, session, is_live=session == live))
    return found


def left(home: Path, *, but: str = "") -> SessionRow | None:
    """What the session that was used last has to go on with; None: nothing."""
    for session in by_use(home):
        if session != but and not is_bare(journal_of(home, session)):
            row = row_of(home, session)
            return row if row.is_unfinished else None
    return None


def last_of(home: Path, *, live: str = "") -> str:
    """The session that "the last one" means, "". One that is bare counts only while it lives."""
    current = current_of(home)
    path = journal_of(home, current)
    if current and path.exists() and (current == live or not is_bare(path)):
        return current
    for session in by_use(home):
        if not is_bare(journal_of(home, session)):
            return session
    return current if current and path.exists() else ""


def by_use(home: Path) -> list[str]:
    """Ids, the last used first."""
    used = {session: _used_at(journal_of(home, session)) for session in sessions_of(home)}
    return sorted(used, key=lambda session: (used[session], session), reverse=True)


def is_bare(journal: Path) -> bool:
    """Nothing was asked, decided or written down in it."""
    try:
        for event in read(journal, *_OPENING, *_ACTS):
            if not isinstance(event, ev.DraftKept) or event.text:
                return False
    except Unreadable:
        return False
    return True


def row_of(home: Path, session: str, *, is_live: bool = False) -> SessionRow:
    """The counts of one session."""
    path = journal_of(home, session)
    state = SessionState()
    try:
        for event in read(path, *_COUNTED):
            state.apply(event)
    except Unreadable as why:
        return SessionRow(session, used_at=_used_at(path), is_live=is_live, problem=str(why))
    last = state.turns[max(state.turns)] if state.turns else None
    hunks = state.hunks.values()
    mine = [state.hunks[hid] for hid in last.hunks if hid in state.hunks] if last else []
    goes_on = unfinished(state)
    unsealed = last is not None and last.is_streaming
    return SessionRow(
        session=session,
        opened_at=state.opened_at,
        used_at=_used_at(path),
        prompt=next((t.prompt for t in state.turns.values() if t.prompt), ""),
        turns=len(state.turns),
        open=sum(1 for _ in state.open_hunks()),
        accepted=sum(1 for _ in state.accepted_hunks()),
        committed=sum(1 for hunk in hunks if hunk.committed),
        lost=sum(1 for hunk in mine if hunk.status is Status.GROWING or _is_cut(hunk.why)),
        queued=len(state.queue),
        has_draft=bool(state.draft.strip()),
        is_cut=not unsealed and goes_on is not None and goes_on.how != "queued",
        is_unsealed=unsealed,
        is_live=is_live,
    )


def _is_cut(why: Unplaced | None) -> bool:
    return why is not None and why.code == "truncated"


def _used_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
