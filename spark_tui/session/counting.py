"""What became of everything that was ever asked: counts per model, from the journals.

The rule kept here: it only reads, line by line and without a lock, and it counts what SessionState
says of a journal's events; events that say nothing about turns and hunks are not even parsed. What
cannot be read is left out and counted. Blocking: callers on a loop go through a thread.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from spark_tui.errors import UsageFault
from spark_tui.repo.repository import Repository
from spark_tui.session import encoding
from spark_tui.session import events as ev
from spark_tui.session.events import Event
from spark_tui.session.figures import METRICS, Spent
from spark_tui.session.opening import worktree_state_dir
from spark_tui.session.state import SessionState, TurnState
from spark_tui.settings import paths

_KIND = re.compile(rb'\{"e":"(\w+)"')
_UNCOUNTED = frozenset(
    kind.__name__.encode()
    for kind in (
        ev.Said, ev.HunkGrew, ev.ToolUsed, ev.ReplyIssue, ev.DraftKept, ev.PromptQueued,
        ev.PromptUnqueued, ev.CheckpointSaved, ev.Noticed, ev.RoleSwitched, ev.ContextChosen,
    )
)  # fmt: skip
"""Most of a journal by far, and nothing that moves a hunk or a turn."""


class _LeftOut(Exception):
    """This journal cannot be counted."""


class _Newer(_LeftOut):
    """A later version wrote it."""


@dataclass(slots=True)
class LeftOut:
    """What could not be counted."""

    newer: int = 0
    """Journals of a later version."""
    unreadable: int = 0
    """Journals that cannot be opened, or have no beginning."""
    torn: int = 0
    """Journals of which lines are damaged; their other lines count."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted apart."""

    model: str
    """"" for replies that came by `apply`."""
    role: str
    wire: str
    """"" where the journal does not say: it was written before figures were kept."""
    edit_format: str


@dataclass(slots=True)
class Row:
    """The counts of one key."""

    turns: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """Of TurnState.outcome; "unfinished" for a turn whose end was never written."""
    hunks: Counter[str] = field(default_factory=Counter)
    """By status, of what stands for the hunks now: parts in place of what was reshaped."""
    refined: int = 0
    """Hunks that somebody asked for again, whatever became of them."""
    committed: int = 0
    """Hunks that went into a commit, whatever became of them."""
    spent: Spent = field(default_factory=Spent)
    values: dict[str, list[float]] = field(default_factory=dict)
    """Of each metric that was measured, by its key."""

    def add(self, other: Row) -> None:
        self.turns += other.turns
        self.outcomes += other.outcomes
        self.hunks += other.hunks
        self.refined += other.refined
        self.committed += other.committed
        self.spent += other.spent
        for name, values in other.values.items():
            self.values.setdefault(name, []).extend(values)


@dataclass(slots=True)
class Counted:
    """Everything that was found."""

    rows: dict[Key, Row] = field(default_factory=dict)
    sessions: int = 0
    worktrees: int = 0
    left_out: LeftOut = field(default_factory=LeftOut)


# -- which journals ------------------------------------------------------------------
def root_of(where: Path, environ: Mapping[str, str]) -> Path:
    """The work tree that holds `where`, as sessions name it. Raises UsageFault."""
    if not where.exists():
        raise UsageFault(f"There is no folder {where}.", hint="Name a folder that exists.")
    folder = where.resolve() if where.is_dir() else where.resolve().parent
    found = Repository.discover(folder, environ=environ)
    return found.root if found is not None else folder


def homes(environ: Mapping[str, str], root: Path | None) -> list[Path]:
    """The state folder of this work tree, or of all."""
    if root is not None:
        return [worktree_state_dir(environ, root)]
    return sorted((paths.state_dir(environ) / "worktrees").glob("*"))


def journals(home: Path) -> list[Path]:
    """Of one work tree, the oldest first."""
    return sorted((home / "sessions").glob("*/journal.jsonl"))


# -- one journal -------------------------------------------------------------------------
def fold(path: Path, left_out: LeftOut) -> SessionState | None:
    """The state that its turns and hunks are in, without their text; None: left out."""
    state = SessionState()
    try:
        for event in _events(path, left_out):
            state.apply(event)
    except _Newer:
        left_out.newer += 1
        return None
    except (OSError, _LeftOut):
        left_out.unreadable += 1
        return None
    if not state.session:
        left_out.unreadable += 1
        return None
    return state


def _events(path: Path, left_out: LeftOut) -> Iterator[Event]:
    if not path.is_file():
        raise _LeftOut
    is_torn = False
    with path.open("rb") as file:
        _check_version(file.readline())
        for line in file:
            kind = _KIND.match(line)
            if kind is not None and kind[1] in _UNCOUNTED and line.endswith(b"}\n"):
                continue
            try:
                event = encoding.decode(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                is_torn = is_torn or bool(line.strip())
                continue
            if event is not None:
                yield _lean(event)
    left_out.torn += is_torn


def _check_version(line: bytes) -> None:
    try:
        version = json.loads(line)["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        raise _LeftOut from cause
    if not isinstance(version, int) or version > encoding.VERSION:
        raise _Newer


def _lean(event: Event) -> Event:
    """Without the text, which a long history would fill the memory with."""
    match event:
        case ev.HunkPlaced():
            return replace(event, place=replace(event.place, edits=()))
        case ev.HunkReshaped():
            parts = tuple(
                replace(part, place=replace(part.place, edits=())) for part in event.parts
            )
            return replace(event, parts=parts)
        case ev.TurnStarted():
            return replace(event, prompt="", files=())
        case _:
            return event


# -- counts ----------------------------------------------------------------------------
def count(state: SessionState, *, since: float = 0.0) -> dict[Key, Row]:
    """The rows of one session; only turns that started at `since` or later."""
    refined = {turn.refines for turn in state.turns.values() if turn.refines}
    rows: dict[Key, Row] = {}
    for turn in state.turns.values():
        if turn.at >= since:
            rows.setdefault(_key(turn), Row()).add(_row(state, turn, refined))
    return rows


def _key(turn: TurnState) -> Key:
    figures = turn.figures
    if figures is None:
        return Key(turn.model, turn.role, turn.wire, "")
    return Key(turn.model, turn.role, figures.wire, figures.edit_format)


def _row(state: SessionState, turn: TurnState, refined: Iterable[str]) -> Row:
    hunks = [state.hunks[h] for h in state.standing(h for h in turn.hunks if h in state.hunks)]
    known = {*turn.hunks, *(h.id for h in hunks)}
    measured = {metric.key: metric.of(turn) for metric in METRICS}
    return Row(
        turns=1,
        outcomes=Counter([turn.outcome.value if turn.outcome else "unfinished"]),
        hunks=Counter(hunk.status.value for hunk in hunks),
        refined=len(known.intersection(refined)),
        committed=sum(1 for hunk in hunks if hunk.committed),
        spent=Spent.of(turn),
        values={name: [value] for name, value in measured.items() if value is not None},
    )


def count_all(environ: Mapping[str, str], root: Path | None, *, since: float = 0.0) -> Counted:
    """Over all sessions of one work tree, or of every one."""
    counted = Counted()
    for home in homes(environ, root):
        has_any = False
        for path in journals(home):
            state = fold(path, counted.left_out)
            if state is None:
                continue
            rows = count(state, since=since)
            counted.sessions += bool(rows)
            has_any = has_any or bool(rows)
            for key, row in rows.items():
                counted.rows.setdefault(key, Row()).add(row)
        counted.worktrees += has_any
    return counted


def turns_of(
    environ: Mapping[str, str], root: Path, *, but: str = ""
) -> tuple[list[TurnState], LeftOut]:
    """The turns of all sessions of a work tree, oldest first, without the session `but`."""
    left_out = LeftOut()
    found: list[TurnState] = []
    for path in journals(worktree_state_dir(environ, root)):
        if path.parent.name != but:
            state = fold(path, left_out)
            found += state.turns.values() if state is not None else ()
    return found, left_out
