"""Models at work on the shipped tasks: each task a repository and a session of its own.

    lay out     the files, in a repository with one commit, in a temporary folder
    ask         the prompt, as a person would type it, accepted as `--accept all` does
    check       the tests of the task, if something was written

The rule kept here: whoever is compared works under the same conditions, in turn, task by task; what
would fail each further task as well (key, quota, no such model) ends it all at once and is said.
Nothing of the person's own state is read or written. What a side is, the face says.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from spark_tui.errors import (
    ConnectFault,
    KeyFault,
    KeyMissing,
    KeyRefused,
    ModelMissing,
    QuotaUsed,
    RateLimited,
    RepositoryFault,
)
from spark_tui.repo.commits import CommitRefused, CommitRequest, commit
from spark_tui.repo.repository import Repository, plain_files
from spark_tui.session.checking import CACHES, check, lay_out
from spark_tui.session.events import Outcome
from spark_tui.session.session import Session
from spark_tui.session.state import Status, TurnState
from spark_tui.session.targets import read_word, table_of
from spark_tui.session.tasks import Task
from spark_tui.settings.config import Settings
from spark_tui.settings.spec import words_of

LIMIT_S = 120.0
"""For one task; who needs longer has not done it."""
FAULTS_IN_A_ROW = 3
HOPELESS = frozenset(
    fault.code
    for fault in (
        KeyFault,
        KeyMissing,
        KeyRefused,
        RateLimited,
        QuotaUsed,
        ModelMissing,
        ConnectFault,
    )
)
"""What the next task would meet, too."""

Open = Callable[[Path, Settings, Mapping[str, str]], Awaitable[Session]]


class Ending(StrEnum):
    """How a task went; everything but the first is a failure."""

    PASSED = "passed"
    TEST = "test"
    """Written, and its tests fail."""
    NO_EDIT = "no_edit"
    UNPLACED = "unplaced"
    REFUSED = "refused"
    """A hunk would need a person's own yes, or is in conflict."""
    INCOMPLETE = "incomplete"
    """The answer was cut."""
    LATE = "timeout"
    FAULT = "fault"
    """Network or model; the turn's code says which."""


@dataclass(frozen=True, slots=True)
class Side:
    """Who is compared with whom."""

    name: str
    """As the person named it."""
    role: str
    """fast or smart, in these settings."""
    settings: Settings
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What one side made of one task."""

    side: str
    task: str
    ending: Ending
    why: str
    """A line about what went wrong, "" when nothing did."""
    turn: TurnState
    """Its tokens, its figures, the word of its fault."""

    @property
    def is_passed(self) -> bool:
        return self.ending is Ending.PASSED


@dataclass(frozen=True, slots=True)
class Ended:
    """Why it ended before the last task."""

    code: str
    message: str
    hint: str = ""


class Patience:
    """How many failures are enough."""

    def __init__(self) -> None:
        self._in_a_row: dict[str, int] = {}

    def after(self, failed: Ended | None, who: str = "") -> Ended | None:
        """Why to go no further after this turn, if it failed; None: go on."""
        if failed is None:
            self._in_a_row[who] = 0
            return None
        said = f"{who}: {failed.message}" if who else failed.message
        if failed.code in HOPELESS:
            return replace(failed, message=said)
        self._in_a_row[who] = self._in_a_row.get(who, 0) + 1
        if self._in_a_row[who] < FAULTS_IN_A_ROW:
            return None
        return replace(failed, message=f"{said} That was {FAULTS_IN_A_ROW} times in a row.")


def failure_of(turn: TurnState) -> Ended | None:
    """Why the turn has no answer; None: it has one."""
    match turn.outcome:
        case Outcome.FAILED:
            return Ended(turn.code, turn.message, turn.hint)
        case Outcome.INTERRUPTED:
            return Ended("timeout", "The answer took too long.", "--timeout 5m waits longer.")
        case _:
            return None


class Comparison:
    """All tasks on all sides; `results` grows while it runs."""

    def __init__(
        self,
        sides: Sequence[Side],
        tasks: Sequence[Task],
        open_session: Open,
        *,
        tell: Callable[[TaskResult], None],
        limit_s: float = LIMIT_S,
    ) -> None:
        self.results: list[TaskResult] = []
        self.ended: Ended | None = None
        self._sides = sides
        self._tasks = tasks
        self._open = open_session
        self._tell = tell
        self._limit_s = limit_s
        self._session: Session | None = None
        self._stopped = False
        self._patience = Patience()

    def stop(self) -> None:
        """End after what runs now, and end that at once; what was measured stays."""
        self._stopped = True
        if self._session is not None:
            self._session.stop()

    async def run(self) -> None:
        """One task after the other, on each side in turn."""
        loop = asyncio.get_running_loop()
        top = Path(tempfile.mkdtemp(prefix="spark-tui-bench-"))
        try:
            for task in self._tasks:
                for number, side in enumerate(self._sides):
                    place = top / f"{number}" / task.name
                    result = await self._work(task, side, place, top / f"{number}" / "state")
                    if result is None:
                        return
                    self.results.append(result)
                    self._tell(result)
                    self.ended = self._patience.after(failure_of(result.turn), side.name)
                    if self.ended is not None:
                        return
        finally:
            await loop.run_in_executor(None, lambda: shutil.rmtree(top, ignore_errors=True))

    async def _work(self, task: Task, side: Side, place: Path, state: Path) -> TaskResult | None:
        """One task on one side; None when it was stopped."""
        if self._stopped:
            return None
        environ = private(side.environ, state)
        loop = asyncio.get_running_loop()
        tree = await loop.run_in_executor(None, _lay_out, task, place, environ)
        turn, ending, why = await self._ask(task, side, tree, environ)
        if self._stopped:
            return None
        if ending is Ending.PASSED:
            checked = await check(task, place, side.environ)
            if not checked.is_passed:
                more = f" (and {len(checked.wrong) - 1} more)" if len(checked.wrong) > 1 else ""
                ending, why = Ending.TEST, f"{checked.wrong[0]}{more}"
        await loop.run_in_executor(None, lambda: shutil.rmtree(place, ignore_errors=True))
        return TaskResult(side.name, task.name, ending, why, turn)

    async def _ask(
        self, task: Task, side: Side, tree: Path, environ: Mapping[str, str]
    ) -> tuple[TurnState, Ending, str]:
        session = self._session = await self._open(tree, side.settings, environ)
        late = asyncio.get_running_loop().call_later(self._limit_s, session.stop)
        try:
            if session.state.role != side.role:
                session.switch_role()
            await find_model(session, side.settings, side.environ)
            await session.look()
            # A person's connection is open before they press Enter.
            await session.warm()
            if self._stopped:
                session.stop()
            await session.run(task.prompt, accept="all")
            turn = session.state.turns[max(session.state.turns)]
            return turn, *_ending(session, turn)
        finally:
            self._session = None
            late.cancel()
            await session.close()


async def find_model(session: Session, settings: Settings, environ: Mapping[str, str]) -> None:
    """A server that is named without a model is asked which one it has. Raises ModelMissing."""
    words = words_of(getattr(settings.models, session.state.role))
    if not words or read_word(words[0], settings, table_of(settings, environ)).model:
        return
    offer = await session.service.check_model()
    if offer is not None:
        named = ", ".join(instead.word for instead in offer.chain[:5])
        raise ModelMissing(offer.why, hint=f"Name one: {named}" if named else "")


def private(given: Mapping[str, str], state: Path) -> dict[str, str]:
    """State of its own, and a git that knows neither the person's settings nor their name."""
    who = {"NAME": "spark-tui bench", "EMAIL": "bench@localhost"}
    return {
        **given,
        "SPARK_TUI_STATE_DIR": str(state),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{role}_{what}": of for role in ("AUTHOR", "COMMITTER") for what, of in who.items()
        },
    }


def lay_out_all(tasks: Sequence[Task], tree: Path, environ: Mapping[str, str]) -> None:
    """The files of all these tasks in one repository with one commit. Blocking."""
    for task in tasks:
        shutil.copytree(task.before, tree, ignore=CACHES, dirs_exist_ok=True)
    _commit(tree, environ)


def _lay_out(task: Task, place: Path, environ: Mapping[str, str]) -> Path:
    tree = lay_out(task, place)
    _commit(tree, environ)
    return tree


def _commit(tree: Path, environ: Mapping[str, str]) -> None:
    files = {path: ((tree / path).read_bytes(), 0o644) for path in plain_files(tree)}
    made = commit(Repository.init(tree, environ=environ), CommitRequest(files, "Start"))
    if isinstance(made, CommitRefused):
        raise RepositoryFault(f"No repository can be made: {made.message}", hint=made.hint)


def _ending(session: Session, turn: TurnState) -> tuple[Ending, str]:
    """How the answer ended; PASSED here means only that there is something to check."""
    match turn.outcome:
        case Outcome.FAILED:
            return Ending.FAULT, turn.message
        case Outcome.INTERRUPTED:
            return Ending.LATE, ""
        case Outcome.INCOMPLETE:
            return Ending.INCOMPLETE, turn.message
        case _:
            hunks = [session.state.hunks[hunk] for hunk in turn.hunks]
    for hunk in hunks:
        match hunk.status:
            case Status.UNPLACED:
                return Ending.UNPLACED, f"{hunk.path}: {hunk.why.message if hunk.why else ''}"
            case Status.CONFLICT:
                return Ending.REFUSED, f"{hunk.path}: {hunk.message}"
            case Status.PLACED:
                flags = ", ".join(sorted(hunk.flags)) or "not taken"
                return Ending.REFUSED, f"{hunk.path}: {flags}"
            case _:
                pass
    if not any(hunk.status is Status.ACCEPTED for hunk in hunks):
        return Ending.NO_EDIT, "the answer holds no edit"
    return Ending.PASSED, ""
