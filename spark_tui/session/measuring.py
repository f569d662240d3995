"""How an endpoint answers: a number of real turns in one session, for the figures of each.

The rule kept here: a turn is what a person's would be: a prompt about a small repository, its hunks
accepted when the answer is there, the next one in the same conversation. Nothing that a model wrote
is executed, and nothing of the person's own state is read or written.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from spark_tui.errors import LimitFault
from spark_tui.session.benching import (
    LIMIT_S,
    Ended,
    Open,
    Patience,
    failure_of,
    find_model,
    lay_out_all,
    private,
)
from spark_tui.session.events import Decision
from spark_tui.session.session import Session
from spark_tui.session.state import TurnState
from spark_tui.session.tasks import Task, load_tasks
from spark_tui.settings.config import Settings


class Measuring:
    """Turns at one endpoint; `turns` grows while it runs."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        open_session: Open,
        *,
        tell: Callable[[TurnState], None],
        limit_s: float = LIMIT_S,
    ) -> None:
        self.turns: list[TurnState] = []
        self.ended: Ended | None = None
        self.endpoint = ""
        self._settings = settings
        self._environ = environ
        self._open = open_session
        self._tell = tell
        self._limit_s = limit_s
        self._session: Session | None = None
        self._stopped = False
        self._patience = Patience()

    def stop(self) -> None:
        """End the turn that runs; what was measured stays."""
        self._stopped = True
        if self._session is not None:
            self._session.stop()

    async def run(self, turns: int) -> None:
        """So many turns. Each prompt is asked once in a session, then comes another session; also
        when the conversation has filled the model's window."""
        tasks = load_tasks()
        left = [tasks[number % len(tasks)] for number in range(turns)]
        loop = asyncio.get_running_loop()
        top = Path(tempfile.mkdtemp(prefix="spark-tui-bench-"))
        environ = private(self._environ, top / "state")
        try:
            while left and not self._is_over:
                tree = top / f"{len(left)}" / "tree"
                await loop.run_in_executor(None, lay_out_all, tasks, tree, environ)
                done = await self._session_of(left[: len(tasks)], tree, environ)
                left = left[done:]
        finally:
            await loop.run_in_executor(None, lambda: shutil.rmtree(top, ignore_errors=True))

    @property
    def _is_over(self) -> bool:
        return self._stopped or self.ended is not None

    async def _session_of(
        self, tasks: Sequence[Task], tree: Path, environ: Mapping[str, str]
    ) -> int:
        """Ask in one session; how many of these tasks were asked."""
        session = self._session = await self._open(tree, self._settings, environ)
        try:
            await find_model(session, self._settings, self._environ)
            self.endpoint = session.state.base_url
            await session.look()
            for number, task in enumerate(tasks):
                if self._is_over or not await self._turn(session, task, is_first=not number):
                    return number
            return len(tasks)
        finally:
            self._session = None
            await session.close()

    async def _turn(self, session: Session, task: Task, *, is_first: bool) -> bool:
        """One turn; False when it was not asked because the window is full."""
        late = asyncio.get_running_loop().call_later(self._limit_s, session.stop)
        try:
            await session.run(task.prompt, accept="none")
        finally:
            late.cancel()
        if self._stopped:
            return True
        turn = session.state.turns[max(session.state.turns)]
        if turn.code == LimitFault.code and not is_first:
            return False
        self.turns.append(turn)
        self._tell(turn)
        if turn.code == LimitFault.code:
            self.ended = Ended(turn.code, turn.message, turn.hint)
            return True
        self.ended = self._patience.after(failure_of(turn))
        placed = [hunk.id for hunk in session.state.open_hunks()]
        if placed:
            await session.decide(placed, Decision.ACCEPTED)
        return True
