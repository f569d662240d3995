"""Opening a session: find the work tree, recover what was half done, compose the engine.

The rule kept here: opening runs nothing from the repository and touches no network; git status
and the file list come later by `Session.look`.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import DiskFault, RepositoryFault, SparkFault, UsageFault
from spark_tui.model.provider import Provider
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.durable import put
from spark_tui.repo.lock import WorktreeLock
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.endpoints import Endpoints
from spark_tui.session.events import Outcome, TokenUse
from spark_tui.session.journal import Journal, replay
from spark_tui.session.link import Link
from spark_tui.session.recovery import settle_interrupted
from spark_tui.session.session import Session
from spark_tui.session.state import SessionState
from spark_tui.settings import paths
from spark_tui.settings.config import Settings


def worktree_state_dir(environ: Mapping[str, str], root: Path) -> Path:
    """The private folder of this work tree below the state folder."""
    name = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return paths.state_dir(environ) / "worktrees" / name


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
) -> Session:
    """Open a session on the work tree that holds `where`.

    fresh: a new session, else the current one of this work tree; resume: that one by its id.
    Without `lock` it is for reading: a new one leaves no trace.
    Raises RepositoryFault (no such folder, lock held, hostile set-up) and UsageFault (no session).
    """
    reads = ThreadPoolExecutor(2, "spark-tui-read")
    writes = ThreadPoolExecutor(1, "spark-tui-write")
    loop = asyncio.get_running_loop()
    endpoints = Endpoints(environ)
    try:
        await loop.run_in_executor(reads, endpoints.load)
        opened = await loop.run_in_executor(
            reads,
            lambda: _Opened(
                where, environ, lock=lock, lock_wait_s=lock_wait_s, resume=resume, fresh=fresh
            ),
        )
    except BaseException:
        reads.shutdown(wait=False)
        writes.shutdown(wait=False)
        raise
    link = Link(settings, environ, provider, tell=lambda news: session.hear(news), memory=endpoints)
    session = Session(
        state=opened.state, settings=settings, environ=environ, worktree=opened.worktree,
        repository=opened.repository, store=opened.store, journal=opened.journal, link=link,
        reads=reads, writes=writes, release=opened.release,
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
        _end_turns(session)
    except BaseException:
        await session.close()
        raise
    session.service.tell()
    if opened.recovered:
        session.emit(ev.Noticed("warning", opened.recovered, "Look at git diff, then go on."))
    return session


def _end_turns(session: Session) -> None:
    """A process that was killed did not say so."""
    for turn in session.state.turns.values():
        if turn.is_streaming:
            session.emit(
                ev.TurnEnded(
                    turn.turn,
                    Outcome.INTERRUPTED,
                    TokenUse(estimated=True),
                    0.0,
                    "spark-tui ended in the middle of this answer.",
                    "Finished hunks are kept.",
                )
            )


class _Opened:
    """The blocking half of opening."""

    def __init__(
        self,
        where: Path,
        environ: Mapping[str, str],
        *,
        lock: bool,
        lock_wait_s: float,
        resume: str | None,
        fresh: bool,
    ) -> None:
        if not where.exists():
            raise UsageFault(f"There is no folder {where}.", hint="Name a folder that exists.")
        folder = where.resolve() if where.is_dir() else where.resolve().parent
        self.repository = Repository.discover(folder, environ=environ)
        root = self.repository.root if self.repository else folder
        self.worktree = Worktree(root)
        self.home = worktree_state_dir(environ, self.worktree.root)
        paths.private_folder(self.home)
        self._lock = WorktreeLock(self.home / "lock", wait_s=lock_wait_s)
        self.release: Callable[[], None] = self._lock.release
        if lock:
            self._lock.acquire()
        try:
            self.store = CheckpointStore.open(self.home, self.worktree.root, environ=environ)
            # Without the lock another process may be in the middle of it: only look.
            self.recovered = self._recover() if lock else ""
            self.state = SessionState()
            self.session, self.is_new = self._choose(resume, fresh=fresh)
            path = self._journal_of(self.session)
            if not self.is_new:
                self._replay(path)
            self.journal = Journal(path) if lock else None
            if not self.is_new and resume and lock:
                self.make_current()
        except BaseException:
            self._lock.release()
            raise

    def _recover(self) -> str:
        name = self._current()
        journal = self._journal_of(name) if name else self.home / "none"
        return settle_interrupted(self.store, self.worktree, journal)

    def _journal_of(self, session: str) -> Path:
        return self.home / "sessions" / session / "journal.jsonl"

    def _current(self) -> str:
        """The session that was in use last, ""."""
        try:
            name = (self.home / "current").read_text().strip()
        except OSError:
            return ""
        return name if name and "/" not in name else ""

    def make_current(self) -> None:
        """From now on this is the session that was in use last."""
        path = self.home / "current"
        try:
            put(path, f"{self.session}\n".encode())
        except OSError as cause:
            raise DiskFault(
                f"{path} cannot be written: {cause.strerror}.",
                hint="Free some space, or set SPARK_TUI_STATE_DIR to another folder.",
            ) from cause

    def _choose(self, resume: str | None, *, fresh: bool) -> tuple[str, bool]:
        """(session id, is it new)."""
        if resume:
            if "/" in resume or not self._journal_of(resume).exists():
                raise UsageFault(f"There is no session {resume} for this work tree.")
            return resume, False
        name = "" if fresh else self._current()
        if name and self._journal_of(name).exists():
            return name, False
        if not fresh:
            raise UsageFault(
                "There is no session for this work tree yet.",
                hint="Start one with spark-tui, spark-tui edit or spark-tui apply.",
            )
        return time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2), True

    def _replay(self, path: Path) -> None:
        for event in replay(path):
            self.state.apply(event)
        for hunk in self.state.hunks.values():
            digest = hunk.base
            if digest and digest not in self.state.snapshots:
                base = self._base(hunk.path, digest)
                if base is not None:
                    self.state.snapshots[digest] = base
        if not self.state.session:
            raise RepositoryFault(f"The journal {path} has no beginning.", hint="Start anew.")

    def _base(self, path: str, digest: str) -> Snapshot | None:
        """What the model was shown: kept by us, or still on the disk (a secret is not kept)."""
        try:
            disk = self.worktree.read(path)
        except SparkFault:
            disk = None
        if disk is not None and disk.digest == digest:
            return disk
        data = self.store.blob(digest)
        if data is None:
            return None
        return Snapshot.of(path, data, disk.mode if disk else 0o644)
