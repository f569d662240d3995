"""The operation log, as somebody reads it: what was done, for which prompt, what took it back.

The rule kept here: it only reads, from the journals, session by session and no more of each than is
asked for; what cannot be read is left out and named. How one is restored is restoring.py's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from spark_tui.edits.changeset import Edit
from spark_tui.edits.diff import unified
from spark_tui.edits.rebase import line_edits
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import GitFault, UsageFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId, Written
from spark_tui.session.journals import Unreadable, current_of, journal_of, read, sessions_of
from spark_tui.session.past import Asked, Past
from spark_tui.session.policy import is_below
from spark_tui.session.state import SessionState
from spark_tui.session.versions import Kept, digest, is_link
from spark_tui.session.why import Why as Why
from spark_tui.session.why import why

T = TypeVar("T")
MOST = 1000
"""Entries that are listed at most, where nobody says how many."""
_WORDS = {
    "accept": "accepted", "reject": "rejected", "reopen": "opened again", "undo": "undid",
    "undo-turn": "took a turn back:", "redo": "did again", "reshape": "reshaped",
    "commit": "committed", "amend": "amended", "drop-commit": "dropped the commit of",
    "revert-commit": "reverted the commit of", "stage": "staged", "unstage": "unstaged",
    "discard": "discarded", "restore": "restored",
}  # fmt: skip
_KINDS = (
    ev.SessionOpened, ev.TurnStarted, ev.FilesWritten, ev.Committed, ev.HunksRestored, ev.Operated
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the log."""

    session: str
    op: int
    at: float
    kind: str
    hunks: tuple[HunkId, ...] = ()
    paths: tuple[str, ...] = ()
    checkpoint: str = ""
    commit: str = ""
    subject: str = ""
    """Of the commit."""
    note: str = ""
    """What cannot be taken back with it."""
    takes_back: int = 0
    to: int | None = None
    """Of a restore: the entry it went back to."""
    taken_back_by: int = 0
    """The entry that took it back, if it is so now; 0: it stands."""
    asked: tuple[Asked, ...] = ()
    writes: tuple[Written, ...] = ()

    @property
    def name(self) -> str:
        return f"o{self.op}"

    @property
    def full_name(self) -> str:
        return f"{self.session}/o{self.op}"

    @property
    def words(self) -> str:
        """What was done, without the names of hunks and files."""
        word = _WORDS.get(self.kind, self.kind)
        if self.kind in ("undo", "redo") and self.takes_back:
            return f"{word} o{self.takes_back}:"
        if self.kind == "restore" and self.to is not None:
            return f"{word} {f'o{self.to}' if self.to else 'the beginning'}:"
        return word


@dataclass(frozen=True, slots=True)
class Log:
    """Entries, newest first."""

    operations: tuple[Operation, ...] = ()
    left_out: tuple[str, ...] = ()
    """Sessions whose journal could not be read, and why."""


# -- reading ---------------------------------------------------------------------------
def log_of(
    home: Path, sessions: Sequence[str], *, limit: int = MOST, paths: Collection[str] = ()
) -> Log:
    """The newest entries of these sessions, those about `paths` (files, or folders of
    them) if there are any. Blocking."""
    found: list[Operation] = []
    left_out: list[str] = []
    for session in sessions:
        fold = _Fold(session, limit, frozenset(paths))
        try:
            for event in read(journal_of(home, session), *_KINDS):
                fold.add(event)
        except Unreadable as cause:
            left_out.append(f"{session} {cause}")
        found += fold.operations()
    found.sort(key=lambda o: (o.at, o.op), reverse=True)
    return Log(tuple(found[:limit]), tuple(left_out))


@dataclass(slots=True)
class _Fold:
    """One journal: its last entries, and a few words of what they are about."""

    session: str
    limit: int
    paths: frozenset[str]
    turns: dict[int, Asked] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)
    """Entry -> the one that took it back."""
    kept: deque[Operation] = field(default_factory=deque)
    written: ev.FilesWritten | None = None
    committed: ev.Committed | None = None
    restored: ev.HunksRestored | None = None
    restores: dict[int, int] = field(default_factory=dict)
    """Restore -> the entry it went back to."""

    def add(self, event: Event) -> None:
        match event:
            case ev.TurnStarted():
                self.turns[event.turn] = Asked.of(event)
            case ev.FilesWritten():
                self.written = event
            case ev.Committed():
                self.committed = event
            case ev.HunksRestored():
                self.restored = event
            case ev.Operated():
                self._operated(event)
            case _:
                pass

    def operations(self) -> list[Operation]:
        return [replace(o, taken_back_by=self.gone.get(o.op, 0)) for o in self.kept]

    def _operated(self, event: ev.Operated) -> None:
        self._follow(event)
        written, committed = self.written, self.committed
        if self.paths and not any(is_below(path, self.paths) for path in event.paths):
            return
        has_files = written is not None and written.checkpoint == event.checkpoint
        is_made = committed is not None and committed.commit == event.commit
        asked = dict.fromkeys(_turn_of(h) for h in event.hunks)
        self.kept.append(
            Operation(
                self.session, event.op, event.at, event.kind, event.hunks, event.paths,
                event.checkpoint, event.commit,
                subject=committed.subject if is_made and committed is not None else "",
                note=event.note, takes_back=event.takes_back, to=self.restores.get(event.op),
                asked=tuple(self.turns[t] for t in asked if t in self.turns),
                writes=written.writes if has_files and written is not None else (),
            )
        )  # fmt: skip
        if len(self.kept) > self.limit:
            self.kept.popleft()

    def _follow(self, event: ev.Operated) -> None:
        """Which entries stand after this one."""
        target = event.takes_back
        match event.kind:
            case "undo" if target:
                self.gone[target] = event.op
                if target in self.restores:
                    self.gone = {o: by for o, by in self.gone.items() if by != target}
            case "redo" if target:
                self.gone.pop(target, None)
                self._gone_since(target)
            case "restore" if self.restored is not None and self.restored.op == event.op:
                self.restores[event.op] = self.restored.to
                self._gone_since(event.op)
            case _:
                pass

    def _gone_since(self, restore: int) -> None:
        """A restore takes back what was done between its entry and itself."""
        for op in range(self.restores.get(restore, restore) + 1, restore):
            self.gone.setdefault(op, restore)


def _turn_of(hunk: HunkId) -> int:
    """
    >>> _turn_of(HunkId("t3h2.1"))
    3
    """
    number = hunk.partition("h")[0][1:]
    return int(number) if number.isdecimal() else 0


# -- one entry ----------------------------------------------------------------------------
def diff_of(store: CheckpointStore, past: Past, operation: Operation) -> tuple[str, ...]:
    """What it did to files, as unified text per file. Blocking."""
    if not operation.checkpoint:
        return ()
    try:
        kept = store.load(operation.checkpoint)
    except GitFault:
        return tuple(f"{row.path}: what it was is not kept any more\n" for row in operation.writes)
    out: list[str] = []
    for row in operation.writes:
        before = kept.get(row.path)
        if row.after is None:
            out.append(_unified(row.path, before, None))
            continue
        data = past.bytes_of(row.path, row.after)
        if data is None:
            out.append(f"{row.path}: what it became is not kept any more\n")
        else:
            out.append(_unified(row.path, before, (data, row.mode)))
    return tuple(out)


def _unified(path: str, before: Kept, after: Kept) -> str:
    if is_link(before) or is_link(after):
        return f"{path}: a link\n"
    old = Snapshot.of(path, before[0]) if before else None
    new = Snapshot.of(path, after[0]) if after else None
    if (old is not None and old.binary) or (new is not None and new.binary):
        return f"{path}: binary\n"
    if before and after and digest(before) == digest(after):
        return f"{path}: mode {before[1] & 0o777:o} -> {after[1] & 0o777:o}\n"
    if new is None:
        edits: tuple[Edit, ...] = (Edit(0, len(old.lines) if old else 0, ()),)
    elif old is None:
        edits = (Edit(0, 0, new.lines, bool(not new.eols or new.eols[-1])),)
    else:
        edits = line_edits(old, new)
    return unified(path, old, edits)


# -- for faces ----------------------------------------------------------------------------
class History:
    """The past of one work tree; nothing of it is read before somebody asks."""

    def __init__(
        self,
        *,
        state: SessionState,
        worktree: Worktree,
        repository: Callable[[], Repository | None],
        store: CheckpointStore,
        reads: Executor,
    ) -> None:
        self._state = state
        self._worktree = worktree
        self._repository = repository
        self._store = store
        self._reads = reads

    async def operations(
        self,
        session: str | None = None,
        *,
        every: bool = False,
        limit: int = MOST,
        paths: Collection[str] = (),
    ) -> Log:
        """Of this session, of that one ("" is none), or of every session of the work tree."""
        home = self._store.folder
        chosen = self._state.session if session is None else session

        def job() -> Log:
            names = sessions_of(home) if every else [chosen] if chosen else []
            return log_of(home, names, limit=limit, paths=paths)

        return await self._off(job)

    async def current(self) -> str:
        """The session that was in use last, ""."""
        return await self._off(lambda: current_of(self._store.folder))

    async def has(self, session: str) -> bool:
        """Whether there is a session of this name."""
        return await self._off(lambda: journal_of(self._store.folder, session).is_file())

    async def checkpoint(self, beginning: str) -> tuple[str, str]:
        """The checkpoint whose id begins so, and its session. Raises UsageFault."""
        listed = await self._off(self._store.list)
        found = [(i.id, i.session) for i in listed if i.id.startswith(beginning)]
        if len(found) != 1:
            many = "More than one" if found else "No"
            raise UsageFault(
                f"{many} checkpoint begins with {beginning}.", hint="See spark-tui checkpoints."
            )
        return found[0]

    async def diff(self, operation: Operation) -> tuple[str, ...]:
        """What an entry did to files, as unified text per file."""
        past = Past(self._store, self._worktree)
        return await self._off(lambda: diff_of(self._store, past, operation))

    async def why(self, path: str, line: int) -> Why:
        """What brought this line (from 1) of a file, as the file is now. Raises UsageFault."""
        past = Past(self._store, self._worktree)
        return await self._off(lambda: why(past, self._repository(), path, line))

    async def _off(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reads, job)
