"""What is there without any model: files, git marks, changes from outside.

The rule kept here: everything is read-only but `init`, which is asked for by name. Blocking
functions run in a read thread; the watcher has a thread of its own that ends with the session.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping

from spark_tui.repo import watch
from spark_tui.repo.repository import Repository, plain_files
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import Event


class Browsing:
    """Looks at one work tree."""

    def __init__(
        self,
        worktree: Worktree,
        repository: Callable[[], Repository | None],
        environ: Mapping[str, str],
    ) -> None:
        self._worktree = worktree
        self._repository = repository
        self._environ = environ
        self._ended = threading.Event()
        self._branch = ""

    def look(self, *, has_open: bool) -> tuple[Event, ...]:
        """Status and file list, and a warning when the branch changed. Blocking."""
        repository = self._repository()
        if repository is None:
            files = plain_files(self._worktree.root)
            return (ev.RepositoryLooked("", False, tuple(files), ()),)
        status = repository.status()
        at = status.head[:8] if status.head else ""
        branch = status.branch or (f"detached at {at}" if at else "no commit")
        marks = tuple((p, xy.replace(".", " ")) for p, xy in sorted(status.marks.items()))
        operation = repository.operation() or ""
        looked = ev.RepositoryLooked(branch, True, repository.files(), marks, operation)
        before, self._branch = self._branch, branch
        if not before or before == branch or not has_open:
            return (looked,)
        warning = ev.Noticed(
            "warning",
            f"The branch changed from {before} to {branch} since you asked.",
            "Open hunks would be written here; each is checked against the file as it is now.",
        )
        return (looked, warning)

    def init(self) -> Repository:
        """`git init`. Blocking."""
        return Repository.init(self._worktree.root, environ=self._environ)

    async def watch(self) -> AsyncIterator[None]:
        """Yields after changes on disk, bursts joined."""
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def listen() -> None:
            for _ in watch.changes(self._worktree.root, self._ended):
                if self._ended.is_set():
                    return
                loop.call_soon_threadsafe(changed.set)

        thread = threading.Thread(target=listen, name="spark-tui-watch", daemon=True)
        thread.start()
        while not self._ended.is_set():
            await changed.wait()
            changed.clear()
            yield None

    def stop(self) -> None:
        """End the watcher."""
        self._ended.set()
