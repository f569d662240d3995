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
from spark_tui.errors import RepositoryFault, UsageFault
from spark_tui.model.provider import Provider
from spark_tui.repo.checkpoints import CheckpointStore, recover
from spark_tui.repo.lock import WorktreeLock
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.journal import Journal, replay
from spark_tui.session.link import Link
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
    resume: str | None = None,
    fresh: bool = True,
) -> Session:
    """Open a session on the work tree that holds `where`.

    fresh: a new session, else the current one of this work tree; resume: that one by its id.
    Raises RepositoryFault (no such folder, lock held, hostile set-up) and UsageFault (no session).
    """
    reads = ThreadPoolExecutor(2, "spark-tui-read")
    writes = ThreadPoolExecutor(1, "spark-tui-write")
    loop = asyncio.get_running_loop()
    try:
        opened = await loop.run_in_executor(
            reads, lambda: _Opened(where, environ, lock=lock, resume=resume, fresh=fresh)
        )
    except BaseException:
        reads.shutdown(wait=False)
        writes.shutdown(wait=False)
        raise
    link = Link(settings, environ, provider)
    session = Session(
        state=opened.state, settings=settings, environ=environ, worktree=opened.worktree,
        repository=opened.repository, store=opened.store, journal=opened.journal, link=link,
        reads=reads, writes=writes, release=opened.release,
    )  # fmt: skip
    if opened.is_new:
        started = ev.SessionOpened(opened.session, str(opened.worktree.root), time.time())
        await session.promise(started)
    session.tell_link()
    if opened.recovered:
        session.emit(ev.Noticed("warning", opened.recovered, "Look at git diff, then go on."))
    return session


class _Opened:
    """The blocking half of opening."""

    def __init__(
        self,
        where: Path,
        environ: Mapping[str, str],
        *,
        lock: bool,
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
        self._lock = WorktreeLock(self.home / "lock")
        self.release: Callable[[], None] = self._lock.release
        if lock:
            self._lock.acquire()
        try:
            self.store = CheckpointStore.open(self.home, self.worktree.root, environ=environ)
            self.recovered = self._recover()
            self.state = SessionState()
            self.session, self.is_new = self._choose(resume, fresh=fresh)
            path = self.home / "sessions" / self.session / "journal.jsonl"
            if not self.is_new:
                self._replay(path)
            self.journal = Journal(path)
            current = self.home / "current"
            if self.is_new or resume:
                current.write_text(self.session + "\n")
        except BaseException:
            self._lock.release()
            raise

    def _recover(self) -> str:
        recovery = recover(self.store, self.worktree)
        return recovery.message if recovery else ""

    def _choose(self, resume: str | None, *, fresh: bool) -> tuple[str, bool]:
        """(session id, is it new)."""
        if resume:
            if not (self.home / "sessions" / resume / "journal.jsonl").exists():
                raise UsageFault(f"There is no session {resume} for this work tree.")
            return resume, False
        current = self.home / "current"
        if not fresh and current.exists():
            name = current.read_text().strip()
            if name and (self.home / "sessions" / name / "journal.jsonl").exists():
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
                data = self.store.blob(digest)
                if data is None:
                    continue
                mode = _mode_of(self.state, digest)
                self.state.snapshots[digest] = Snapshot.of(hunk.path, data, mode)
        if not self.state.session:
            raise RepositoryFault(f"The journal {path} has no beginning.", hint="Start anew.")


def _mode_of(state: SessionState, digest: str) -> int:
    for act in state.writes:
        for write in act.writes:
            if digest in (write.before, write.after):
                return write.mode
    return 0o644
