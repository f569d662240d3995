"""The blocking half of opening a session: the work tree, its lock, recovery, the journal's past.

The rule kept here: whatever fails lets the lock go again. Who may not write reads along: the
session of the one who does, as far as it has come, and nothing of it is changed on disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import (
    DiskFault,
    GitFault,
    LockHeld,
    RepositoryFault,
    SparkFault,
    UsageFault,
)
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.durable import put
from spark_tui.repo.lock import WorktreeLock
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session.commit_recovery import settle_commit
from spark_tui.session.following import Follower
from spark_tui.session.journal import Journal, check_version, replay
from spark_tui.session.journals import current_of, journal_of
from spark_tui.session.recovery import settle_interrupted
from spark_tui.session.sessions import is_bare, last_of
from spark_tui.session.state import SessionState
from spark_tui.session.takeover import Access, ended_words
from spark_tui.session.uncommit_recovery import UNCOMMIT, settle_uncommit
from spark_tui.settings import paths

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
TAKE_OVER = "Ctrl+S asks to take over."
TRY_AGAIN = "Ctrl+S tries again."


def worktree_state_dir(environ: Mapping[str, str], root: Path) -> Path:
    """The private folder of this work tree below the state folder."""
    name = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return paths.state_dir(environ) / "worktrees" / name


class Opened:
    """Everything that a session is made of, but the loop."""

    def __init__(
        self,
        where: Path,
        environ: Mapping[str, str],
        *,
        lock_wait_s: float,
        resume: str | None,
        fresh: bool,
        lock: bool = True,
        kept_from: SparkFault | None = None,
    ) -> None:
        """`kept_from`: why there is no lock for one who wants to write."""
        if not where.exists():
            raise UsageFault(f"There is no folder {where}.", hint="Name a folder that exists.")
        folder = where.resolve() if where.is_dir() else where.resolve().parent
        self.repository = Repository.discover(folder, environ=environ)
        root = self.repository.root if self.repository else folder
        self.worktree = Worktree(root)
        self.home = worktree_state_dir(environ, self.worktree.root)
        paths.private_folder(self.home)
        self.lock = WorktreeLock(self.home / "lock", wait_s=lock_wait_s)
        self.release: Callable[[], None] = self.lock.release
        if lock:
            self.lock.acquire()
        try:
            self.store = CheckpointStore.open(self.home, self.worktree.root, environ=environ)
            # Without the lock another process may be in the middle of it: only look.
            self.recovered = self._recover() if lock else ""
            self.state = SessionState()
            self.damage: list[int] = []
            """Numbers of lines of the journal that cannot be read."""
            self.session, self.is_new = self._choose(resume, fresh, follows=kept_from is not None)
            self.lock.tell(session=self.session)
            path = journal_of(self.home, self.session)
            follower = None
            if kept_from is not None and not self.is_new:
                follower = self._follow(path)
            elif not self.is_new:
                self._replay(path)
            self.journal = Journal(path) if lock else None
            if not self.is_new and resume and lock:
                self.make_current()
            self.access = self._access(kept_from, follower, lock=lock)
        except BaseException:
            self.lock.release()
            raise

    @classmethod
    def or_along(
        cls,
        where: Path,
        environ: Mapping[str, str],
        *,
        lock_wait_s: float,
        resume: str | None,
        fresh: bool,
        kept_from: SparkFault | None = None,
    ) -> Opened:
        """For writing, or, where that cannot be now (or shall not be), for reading."""
        try:
            if kept_from is not None:
                raise kept_from
            return cls(where, environ, lock_wait_s=lock_wait_s, resume=resume, fresh=fresh)
        except (LockHeld, DiskFault) as fault:
            return cls(
                where, environ, lock_wait_s=0, resume=resume, fresh=fresh, lock=False,
                kept_from=fault,
            )  # fmt: skip

    @property
    def follows(self) -> bool:
        """Somebody else writes this session's journal."""
        return self.access.is_reader and not self.is_new

    def make_current(self) -> None:
        """From now on this is the session that was in use last. One before it in which nothing
        was asked goes: each start would leave one."""
        path = self.home / "current"
        before = current_of(self.home)
        try:
            put(path, f"{self.session}\n".encode())
        except OSError as cause:
            raise DiskFault(
                f"{path} cannot be written: {cause.strerror}.",
                hint="Free some space, or set SPARK_TUI_STATE_DIR to another folder.",
            ) from cause
        bare = journal_of(self.home, before)
        if before and before != self.session and bare.exists() and is_bare(bare):
            with contextlib.suppress(OSError):
                bare.unlink()
                bare.parent.rmdir()

    # -- inside ----------------------------------------------------------------
    def _recover(self) -> str:
        name = current_of(self.home)
        journal = journal_of(self.home, name) if name else self.home / "none"
        said = (
            settle_interrupted(self.store, self.worktree, journal),
            settle_commit(self.repository, self.home),
            settle_uncommit(self.repository, journal, self.home / UNCOMMIT),
        )
        return " ".join(words for words in said if words)

    def _choose(self, resume: str | None, fresh: bool, *, follows: bool) -> tuple[str, bool]:
        """(session id, is it new)."""
        if resume:
            if not _NAME.fullmatch(resume) or not journal_of(self.home, resume).exists():
                raise UsageFault(
                    f"There is no session {resume} for this work tree.",
                    hint="spark-tui sessions lists them.",
                )
            return resume, False
        live = self._live()
        if follows and live and journal_of(self.home, live).exists():
            return live, False
        name = "" if fresh else last_of(self.home, live=live)
        if name:
            return name, False
        if not fresh:
            raise UsageFault(
                "There is no session for this work tree yet.",
                hint="Start one with spark-tui, spark-tui edit or spark-tui apply.",
            )
        return time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2), True

    def _live(self) -> str:
        """The session that another process works in just now, ""."""
        with contextlib.suppress(SparkFault):
            if not self.lock.held and not self.lock.is_free():
                holder = self.lock.holder
                return holder.session if holder is not None else ""
        return ""

    def _replay(self, path: Path) -> None:
        for event in replay(path, self.damage):
            self.state.apply(event)
        for hunk in self.state.hunks.values():
            digest = hunk.base
            if digest and digest not in self.state.snapshots:
                base = self._base(hunk.path, digest)
                if base is not None:
                    self.state.snapshots[digest] = base
        if not self.state.session:
            raise RepositoryFault(f"The journal {path} has no beginning.", hint="Start anew.")

    def _follow(self, path: Path) -> Follower:
        with path.open("rb") as file:
            check_version(path, file.readline(4096))
        follower = Follower(path, self._base, self.state.snapshots)
        while follower.read():
            for event in follower.take():
                self.state.apply(event)
        return follower

    def _access(
        self, kept_from: SparkFault | None, follower: Follower | None, *, lock: bool
    ) -> Access:
        if kept_from is None:
            found = "" if self.is_new else ended_words(self.lock.left, self.session)
            died = self.lock.left.session if self.lock.left is not None else ""
            return Access(
                self.lock if lock else None, self.home if lock else None, found=found, died_in=died
            )
        hint = TAKE_OVER if isinstance(kept_from, LockHeld) else TRY_AGAIN
        return Access(self.lock, self.home, why=kept_from.message, hint=hint, follower=follower)

    def _base(self, path: str, digest: str) -> Snapshot | None:
        """What the model was shown: still on the disk, kept by us (a secret is not), or in the
        checkpoint of the write that replaced it."""
        try:
            disk = self.worktree.read(path) if path else None
        except SparkFault:
            disk = None
        if disk is not None and disk.digest == digest:
            return disk
        data = self.store.blob(digest)
        if data is None:
            data = self._replaced(digest)
        return Snapshot.of(path, data, disk.mode if disk else 0o644) if data is not None else None

    def _replaced(self, digest: str) -> bytes | None:
        """These bytes, if a write of this session put others in their place."""
        for write in reversed(self.state.writes):
            for path in (w.path for w in write.writes if w.before == digest):
                try:
                    kept = self.store.load(write.checkpoint).get(path)
                except GitFault:
                    continue
                if kept is not None and Snapshot.of(path, kept[0]).digest == digest:
                    return kept[0]
        return None
