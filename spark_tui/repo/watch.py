"""Which files changed on disk, as they change.

The rule kept here: of git's own folder only HEAD, the index and the refs are told, as paths
under ".git/"; our own staged files are not told at all. It blocks; the thread is the caller's.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

_GIT = re.compile(r"HEAD|index|packed-refs|refs/.*(?<!\.lock)")
_STAGED = re.compile(r"(.*/)?\.spark-tui-[0-9a-f]{12}\.tmp")


_STEP_MS = 150
"""The watcher wakes this often, and a burst is over after so long without a change. Three times
the library's own step: waking up is much of what a program does that waits."""


def changes(root: Path, stop: threading.Event) -> Iterator[frozenset[str]]:
    """Relative paths that were added, changed or deleted, one set for each burst."""
    from watchfiles import Change, watch

    real = root.resolve()
    git_dir = _git_dir(real)
    watched = [real] if git_dir.is_relative_to(real) or not git_dir.is_dir() else [real, git_dir]

    def told(kind: Change, path: str) -> bool:
        return _name(real, git_dir, path) is not None

    bursts = watch(
        *watched, watch_filter=told, stop_event=stop, raise_interrupt=False, step=_STEP_MS
    )
    for burst in bursts:
        yield frozenset(name for _, path in burst if (name := _name(real, git_dir, path)))


def _name(root: Path, git_dir: Path, path: str) -> str | None:
    for folder, prefix in ((git_dir, ".git/"), (root / ".git", ".git/"), (root, "")):
        below = path.removeprefix(f"{folder}/")
        if below == path:
            continue
        if prefix:
            return prefix + below if _GIT.fullmatch(below) else None
        return None if below == ".git" or _STAGED.fullmatch(below) else below
    return None


def _git_dir(root: Path) -> Path:
    """A linked work tree's .git is a file that says where its HEAD and index are."""
    link = root / ".git"
    if link.is_file():
        target = os.fsdecode(link.read_bytes().removeprefix(b"gitdir:").strip())
        return (root / target).resolve()
    return link
