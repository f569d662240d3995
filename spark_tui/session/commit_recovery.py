"""What became of a commit whose process was killed, or whose index was locked; and telling it.

The rule kept here: HEAD decides. A commit that is there is recorded and the user's index follows
it, one that is not leaves everything as it was; while its git still runs nothing is said for sure.
Blocking, under the lock of the work tree.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from spark_tui.errors import DiskFault, SparkFault
from spark_tui.repo.carrying import Found, found
from spark_tui.repo.repository import Repository
from spark_tui.repo.settling import empty_tree, settle_index
from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId
from spark_tui.session.journal import Journal, replay
from spark_tui.session.journals import current_of, journal_of
from spark_tui.session.operations import entry_of
from spark_tui.session.state import SessionState

FOLDER = "commit"
"""Of the work tree's state folder: what a commit needs while it is made."""
_WAIT_S = 2.0
_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Open:
    """What a session does not know the end of, apart from the state that goes on changing."""

    begun: ev.CommitBegun | None
    late: tuple[ev.IndexLate, ...]
    carried: tuple[HunkId, ...]
    """Hunks of the commit that was to be replaced."""

    @classmethod
    def of(cls, state: SessionState) -> Open:
        begun = state.commit_begun
        amends = begun.amends if begun is not None else ""
        return cls(begun, tuple(state.index_late), carried(state, amends))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known now, and what has to be recorded."""

    events: tuple[Event, ...] = ()
    message: str = ""


def note_session(folder: Path, session: str) -> None:
    """Whoever finds the folder knows whose commit it was."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "session").write_text(json.dumps(session), "ascii")
    except OSError as error:
        raise DiskFault(
            f"The commit cannot be prepared in {folder}: {error.strerror or error}.",
            hint="Nothing was committed. Free some space, or fix the permissions there.",
        ) from error


def settle_commit(repository: Repository | None, home: Path) -> str:
    """At a start: end the story of a commit that a killed process had begun. A sentence, or ""."""
    folder = home / FOLDER
    journal = journal_of(home, _session_of(folder) or current_of(home) or "none")
    if repository is None or not journal.exists():
        return ""
    state = SessionState()
    for event in replay(journal):
        state.apply(event)
    left = Open.of(state)
    if left.begun is None and not left.late and not folder.is_dir():
        return ""
    outcome = outcome_of(repository, folder, left)
    if outcome.events:
        sealed = Journal(journal)
        try:
            sealed.write(_with_entry(state, outcome.events), sync=True)
        finally:
            sealed.close()
    return outcome.message


def outcome_of(
    repository: Repository,
    folder: Path,
    left: Open,
    *,
    sleep: Callable[[float], None] = time.sleep,
    wait_s: float = _WAIT_S,
) -> Outcome:
    """What became of the commit that was begun, if one was; a git that still runs is given a
    moment."""
    late = _catch_up(repository, left.late)
    begun = left.begun
    if begun is None:
        _forget(repository, folder)
        return Outcome(late)
    rest_s = wait_s
    while (look := _look(repository, folder, begun)).state == "running" and rest_s > 0:
        sleep(_STEP_S)
        rest_s -= _STEP_S
    name = f"“{begun.subject}”"
    match look.state:
        case "running":
            return Outcome(late, f"git still commits {name}: its hooks run. It is looked at again.")
        case "made" if look.done is not None:
            done = look.done
            hunks = tuple(dict.fromkeys((*begun.hunks, *left.carried)))
            committed = ev.Committed(
                done.commit, done.subject, hunks, begun.paths, time.time(),
                begun.amends,
            )  # fmt: skip
            after: tuple[Event, ...] = (committed,)
            if done.is_late:
                base = begun.head or empty_tree(repository)
                after += (ev.IndexLate(base, done.commit, begun.paths),)
            note = f" {done.note}" if done.note else ""
            return Outcome(
                (*late, *after),
                f"spark-tui was ended while it committed {name}: the commit is made, "
                f"{done.commit[:9]}.{note}",
            )
        case _:
            why = f"spark-tui was ended while it committed {name}: nothing was committed."
            return Outcome((*late, ev.CommitEnded(why)), why)


def carried(state: SessionState, amends: str) -> tuple[HunkId, ...]:
    """Hunks of the commit that is replaced."""
    return tuple(h.id for h in state.hunks.values() if amends and h.committed == amends)


def _look(repository: Repository, folder: Path, begun: ev.CommitBegun) -> Found:
    return found(
        repository, folder, head=begun.head, paths=frozenset(begun.paths), tree=begun.tree,
        subject=begun.subject, amends=begun.amends,
    )  # fmt: skip


def _catch_up(repository: Repository, behind: Iterable[ev.IndexLate]) -> tuple[Event, ...]:
    """The user's index follows commits that it could not follow before."""
    over: list[Event] = []
    for late in behind:
        if (repository.git_dir / "index.lock").exists():
            break
        try:
            settled = settle_index(repository, late.base, late.commit, frozenset(late.paths))
        except SparkFault:  # the commit is gone: whoever took it away saw to the index
            settled = None
        if settled is None or not settled.is_late:
            over.append(ev.IndexLate(late.base, late.commit, late.paths, is_over=True))
    return tuple(over)


def _forget(repository: Repository, folder: Path) -> None:
    """Nothing was begun: what was prepared is of no use."""
    if folder.is_dir():
        found(repository, folder, head=repository.tip() or "", paths=frozenset(), tree="",
              subject="")  # fmt: skip


def _session_of(folder: Path) -> str:
    try:
        name = json.loads((folder / "session").read_text("ascii"))
    except (OSError, ValueError):
        return ""
    return name if isinstance(name, str) and "/" not in name else ""


def _with_entry(state: SessionState, events: tuple[Event, ...]) -> list[Event]:
    entry = entry_of(state, events, op=len(state.operations) + 1, at=time.time())
    return [*events, *([entry] if entry is not None else [])]
