"""Opening a session: find the work tree, recover what was half done, compose the engine.

The rule kept here: opening runs nothing from the repository and touches no network; git status
and the file list come later by `Session.look`. What blocks is done in opened.py, in a thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from spark_tui.errors import LockHeld
from spark_tui.model.provider import Provider
from spark_tui.session import events as ev
from spark_tui.session.endpoints import Endpoints
from spark_tui.session.events import Outcome, TokenUse
from spark_tui.session.link import Link
from spark_tui.session.opened import Opened
from spark_tui.session.opened import worktree_state_dir as worktree_state_dir
from spark_tui.session.session import Session
from spark_tui.session.state import HunkState
from spark_tui.settings.config import Settings


async def open_session(
    where: Path,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    provider: Provider | None = None,
    lock: bool = True,
    lock_wait_s: float = 3.0,
    resume: str | None = None,
    fresh: bool = True,
    or_along: bool = False,
    kept_from: LockHeld | None = None,
) -> Session:
    """Open a session on the work tree that holds `where`.

    fresh: a new session, else the current one of this work tree; resume: that one by its id.
    Without `lock` it is for reading: a new one leaves no trace. With `or_along`, where it cannot
    be opened for writing it is opened for reading along: `Session.access` says why. `kept_from`:
    why that is so whatever the lock says.
    Raises RepositoryFault (no such folder, lock held, hostile set-up) and UsageFault (no session).
    """
    reads = ThreadPoolExecutor(2, "spark-tui-read")
    writes = ThreadPoolExecutor(1, "spark-tui-write")
    loop = asyncio.get_running_loop()
    endpoints = Endpoints(environ)

    def opened_now() -> Opened:
        if or_along:
            return Opened.or_along(
                where, environ, lock_wait_s=lock_wait_s, resume=resume, fresh=fresh,
                kept_from=kept_from,
            )  # fmt: skip
        return Opened(
            where, environ, lock=lock, lock_wait_s=lock_wait_s, resume=resume, fresh=fresh
        )

    try:
        await loop.run_in_executor(reads, endpoints.load)
        opened = await loop.run_in_executor(reads, opened_now)
    except BaseException:
        reads.shutdown(wait=False)
        writes.shutdown(wait=False)
        raise
    link = Link(settings, environ, provider, tell=lambda news: session.hear(news), memory=endpoints)
    if opened.state.role in ("fast", "smart"):
        link.role = opened.state.role
    session = Session(
        state=opened.state, settings=settings, environ=environ, worktree=opened.worktree,
        repository=opened.repository, store=opened.store, journal=opened.journal, link=link,
        reads=reads, writes=writes, release=opened.release, access=opened.access,
        home=opened.home,
    )  # fmt: skip
    try:
        if opened.is_new:
            started = ev.SessionOpened(opened.session, str(opened.worktree.root), time.time())
            if opened.journal is None:
                session.emit(started)
            else:
                await session.promise(started)
                # Only now: who opens the current session finds its beginning.
                await loop.run_in_executor(reads, opened.make_current)
        if not opened.follows:
            await _end_turns(session, is_told=opened.journal is None)
    except BaseException:
        await session.close()
        raise
    session.service.tell()
    _say(opened, session)
    return session


async def _end_turns(session: Session, *, is_told: bool) -> None:
    """A process that was killed did not say so."""
    for turn in list(session.state.turns.values()):
        if turn.is_streaming:
            ended = ev.TurnEnded(
                turn.turn,
                Outcome.INTERRUPTED,
                TokenUse(estimated=True),
                0.0,
                "spark-tui ended in the middle of this answer.",
                "Finished hunks are kept.",
            )
            if is_told:  # we only read: it is so for us, and for nobody else
                session.emit(ended)
            else:
                await session.promise(ended)


def _say(opened: Opened, session: Session) -> None:
    """What the person should know of how it was found."""
    if opened.recovered:
        session.emit(ev.Noticed("warning", opened.recovered, "Look at git diff, then go on."))
    gone = [h.id for h in session.state.open_hunks() if _lost_its_base(session, h)]
    if gone:
        session.emit(ev.Noticed(
            "warning", f"The text that {', '.join(gone)} was made for is gone.",
            "Such a hunk cannot be accepted as it is: place it by hand, or ask for it again.",
        ))  # fmt: skip
    if opened.damage:
        count = len(opened.damage)
        lines = f"{count} lines" if count > 1 else "1 line"
        session.emit(ev.Noticed(
            "warning", f"{lines} of this session's journal cannot be read and were left out.",
            "Files are as they are; look at git diff before you undo anything older.",
        ))  # fmt: skip


def _lost_its_base(session: Session, hunk: HunkState) -> bool:
    """A new file has none; a secret one's is not kept."""
    return hunk.base is not None and hunk.base not in session.state.snapshots
