"""The sessions of a folder, for those who have none open.

The rule kept here: it only looks, without a lock; what is in use by somebody is said. Blocking.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from spark_tui.errors import SparkFault, UsageFault
from spark_tui.repo.lock import WorktreeLock
from spark_tui.repo.repository import Repository
from spark_tui.session.opened import worktree_state_dir
from spark_tui.session.sessions import SessionRow as SessionRow
from spark_tui.session.sessions import last_of, rows


def home_of(where: Path, environ: Mapping[str, str]) -> Path:
    """The state folder of the work tree that holds `where`. Raises UsageFault."""
    if not where.exists():
        raise UsageFault(f"There is no folder {where}.", hint="Name a folder that exists.")
    folder = where.resolve() if where.is_dir() else where.resolve().parent
    repository = Repository.discover(folder, environ=environ)
    return worktree_state_dir(environ, repository.root if repository else folder)


def sessions_of(where: Path, environ: Mapping[str, str]) -> list[SessionRow]:
    """The last used first."""
    home = home_of(where, environ)
    return rows(home, live=_live(home)) if home.is_dir() else []


def current(where: Path, environ: Mapping[str, str]) -> str:
    """What `-c` would open, ""."""
    home = home_of(where, environ)
    return last_of(home, live=_live(home)) if home.is_dir() else ""


def _live(home: Path) -> str:
    """The session that somebody works in just now, ""."""
    lock = WorktreeLock(home / "lock")
    with contextlib.suppress(SparkFault):
        holder = lock.holder
        if holder is not None and not lock.is_free():
            return holder.session
    return ""
