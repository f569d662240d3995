"""Where HEAD was when a turn asked, and whether it is elsewhere now.

The rule kept here: nothing is written by itself onto another branch or commit than the one that
was there when the request was made; a person is told so once, and their yes still works: the bytes
of each file are looked at before it is written. Undo brings bytes back, never branches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from spark_tui.errors import SparkFault
from spark_tui.repo.repository import Head, Repository
from spark_tui.session.events import Event, Noticed
from spark_tui.session.standing import HunkState
from spark_tui.session.state import SessionState

HINT = "Each hunk is checked against its file as it is now; a yes still works."


class Ground:
    """Compares two looks at HEAD."""

    def __init__(
        self,
        *,
        state: SessionState,
        repository: Callable[[], Repository | None],
        off: Callable[..., Awaitable[Any]],
        emit: Callable[[Event], None],
    ) -> None:
        self._state = state
        self._repository = repository
        self._off = off
        self._emit = emit
        self._before = len(state.notices)
        """What an earlier process said, it said to somebody else."""

    async def now(self) -> tuple[str, str]:
        """(branch or "", commit or ""); "" twice without git, or where git does not say."""
        repository = self._repository()
        if repository is None:
            return "", ""
        try:
            head: Head = await self._off(repository.position)
        except SparkFault:
            return "", ""
        return head.branch or "", head.commit or ""

    async def moved(self, turn: int) -> str:
        """What is different since this turn asked, as a sentence; "" when nothing is."""
        asked = self._state.turns.get(turn)
        if asked is None or not (asked.branch or asked.head):
            return ""
        branch, head = await self.now()
        if not (branch or head) or (branch, head) == (asked.branch, asked.head):
            return ""
        if branch != asked.branch:
            was, now = _name(asked.branch, asked.head), _name(branch, head)
            return f"The branch changed from {was} to {now} since you asked."
        if any(made.commit == head for made in self._state.commits):
            return ""  # our own commit, by the person's word
        name = branch or "HEAD"
        return f"{name} moved from {_short(asked.head)} to {_short(head)} since you asked."

    async def holds_back(self, turn: int) -> bool:
        """Whether nothing of this turn may be written by itself; it is said why."""
        message = await self.moved(turn)
        if message:
            self._emit(Noticed("warning", f"{message} Nothing was written by itself.", HINT))
        return bool(message)

    async def warn(self, hunks: Iterable[HunkState]) -> None:
        """Before a person's yes is carried out; each thing is said once."""
        said = {notice.message for notice in self._state.notices[self._before :]}
        for turn in dict.fromkeys(hunk.turn for hunk in hunks if hunk.is_undecided):
            message = await self.moved(turn)
            if message and not any(earlier.startswith(message) for earlier in said):
                said.add(message)
                self._emit(Noticed("warning", message, HINT))


def _name(branch: str, head: str) -> str:
    return branch or f"detached at {head[:8]}"


def _short(head: str) -> str:
    return head[:8] or "no commit"
