"""Two programs in one work tree: who writes, who reads along, and how the pen changes hands.

The rule kept here: nothing is forced. Who wants to write leaves a note; the holder sees it, ends
what it writes, seals its journal and lets the lock go; who does not answer keeps it. A reader
follows the other's journal and writes nothing. Nothing here starts a task: the face runs these
coroutines as long as it likes.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from spark_tui.errors import DiskFault, LockHeld
from spark_tui.repo.durable import put
from spark_tui.repo.lock import Holder as Holder
from spark_tui.repo.lock import WorktreeLock, myself, read_holder
from spark_tui.session.events import Event
from spark_tui.session.following import Follower

LOOK_S = 0.4
"""The holder looks for a note this often: one stat."""
QUICK_S = 0.05
"""A reader looks at a journal that grows this often, at one that rests as often as LOOK_S."""
FREE_EVERY = 4
"""And asks in every so many of its looks whether the holder is still there."""
STEP_S = 0.05
ANSWER_S = 5.0
"""So long may a holder take to see the note."""
LEAVE_S = 30.0
"""So long may one that saw it finish what it writes."""

Sleep = Callable[[float], Awaitable[None]]


class Access:
    """May this session write, and if not, who does? Made by opening.py."""

    def __init__(
        self,
        lock: WorktreeLock | None = None,
        home: Path | None = None,
        *,
        why: str = "",
        hint: str = "",
        found: str = "",
        died_in: str = "",
        follower: Follower | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._lock = lock
        self._note = home / "takeover" if home is not None else None
        self._follower = follower
        self._sleep = sleep
        self.why = why
        """Why it is for reading only, as a sentence; "" when it may write."""
        self.hint = hint
        self.found = found
        """How the one before us ended, when that was not in order."""
        self.died_in = died_in
        """The session that it was in then."""
        self.holder: Holder | None = None
        """Who writes instead, as far as it says."""
        if lock is not None and why:
            self.holder = lock.holder
        if lock is not None and lock.held:
            self._forget_note()  # left by somebody who asked the one before us

    @property
    def is_reader(self) -> bool:
        return bool(self.why)

    def check(self) -> None:
        """Raises LockHeld where nothing may be written."""
        if self.why:
            raise LockHeld(f"Read only: {self.why}", hint=self.hint)

    # -- who holds it ----------------------------------------------------------
    async def asked(self) -> AsyncIterator[Holder]:
        """Yields who wants to take over, once for each note."""
        seen: Holder | None = None
        while True:
            note = self._note
            asker = read_holder(note) if note is not None and note.exists() else None
            if asker is None:
                seen = None
            elif asker != seen:
                seen = asker
                if not asker.is_here or _lives(asker.pid):
                    yield asker
            await self._sleep(LOOK_S)

    def leave(self) -> None:
        """Say that the note was read: the lock comes free as soon as everything is sealed."""
        if self._lock is not None:
            self._lock.tell(is_leaving=True)
        self._forget_note()

    def is_free(self) -> bool:
        """Nobody holds the lock just now."""
        return self._lock is None or self._lock.is_free()

    # -- who would like to ------------------------------------------------------
    async def follow(
        self, tell: Callable[[Event], None], off: Callable[..., Awaitable[object]]
    ) -> AsyncIterator[str]:
        """Tell the other's events as they come. Yields what is to be known of it: "free" when
        nobody holds the lock any more, "held" when somebody does again, "torn" when the journal
        must be read anew."""
        looks, was_free, wait_s = 0, False, LOOK_S
        while True:
            if (follower := self._follower) is not None:
                await off(follower.read)
                events = follower.take()
                for event in events:
                    tell(event)
                if follower.is_torn:
                    yield "torn"
                wait_s = QUICK_S if events else min(LOOK_S, wait_s * 1.5)
            looks += 1
            if looks % FREE_EVERY == 0 and self._lock is not None:
                is_free = self._lock.is_free()
                if is_free != was_free:
                    was_free = is_free
                    self.holder = self._lock.holder or (self.holder if is_free else None)
                    yield "free" if is_free else "held"
            await self._sleep(wait_s)

    async def ask(self, *, answer_s: float = ANSWER_S, leave_s: float = LEAVE_S) -> str:
        """Leave a note and wait until the lock is free: "", or why it did not come free."""
        lock = self._lock
        if lock is None or self._note is None or lock.is_free():
            return ""
        self.holder = lock.holder
        try:
            put(self._note, json.dumps(asdict(myself())).encode("ascii"), durable=False)
        except OSError as cause:
            raise DiskFault(
                f"{self._note} cannot be written: {cause.strerror}.", hint="Free some space."
            ) from cause
        waited = 0.0
        try:
            while not lock.is_free():
                told = lock.holder
                limit = leave_s if told is not None and told.is_leaving else answer_s
                if waited >= limit:
                    return self._no_answer(told)
                await self._sleep(STEP_S)
                waited += STEP_S
        finally:
            self._forget_note()
        return ""

    # -- inside ----------------------------------------------------------------
    def _no_answer(self, holder: Holder | None) -> str:
        name = holder.words if holder is not None else "The other spark-tui"
        if holder is None:
            return f"{name} does not answer; nothing was changed."
        end = f"kill {holder.pid} ends it" if holder.is_here else f"it runs on {holder.host}"
        return f"{name} does not answer; nothing was changed. If it hangs: {end}, then try again."

    def _forget_note(self) -> None:
        if self._note is not None:
            try:
                self._note.unlink(missing_ok=True)
            except OSError:
                return  # it is read once; the next holder tries again


def ended_words(left: Holder | None, session: str) -> str:
    """What is said of a holder that ended without letting go; "" when there was none."""
    if left is None:
        return ""
    goes_on = ": its session goes on" if session and left.session == session else ""
    return f"{left.words} ended without closing{goes_on}."


def ago(at: float, now: float | None = None) -> str:
    """How long since, in words; a clock that jumped back says "just now".

    >>> ago(0, 12), ago(0, 200), ago(0, 7300), ago(0, 200_000), ago(9, 3)
    ('12 s ago', '3 min ago', '2 h ago', '2 days ago', 'just now')
    """
    seconds = int((time.time() if now is None else now) - at)
    if seconds < 1:
        return "just now"
    for size, word in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word.removesuffix('s') if count == 1 else word} ago"
    return f"{seconds} s ago"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
