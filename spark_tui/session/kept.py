"""The checkpoints of a work tree as they lie in its state folder, for those without a session.

The rule kept here: looking takes no lock and leaves no trace, also where there is no state yet;
pruning takes the lock of the work tree. Blocking. What may go is said by keeping.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spark_tui.repo.bounds import Bounds, Doomed
from spark_tui.repo.checkpoints import CheckpointInfo as CheckpointInfo
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.lock import WorktreeLock
from spark_tui.repo.run import Git
from spark_tui.repo.storage import Quiet
from spark_tui.session.counting import root_of
from spark_tui.session.keeping import needs_of_all
from spark_tui.session.opening import worktree_state_dir

_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """What is there."""

    store: Path
    """The repository, for plain git."""
    checkpoints: tuple[CheckpointInfo, ...]
    """The oldest first."""
    needed: frozenset[str]
    """Those that no pruning takes: open hunks, and undo, refer to them."""
    total_bytes: int
    limit_bytes: int
    """0: no limit."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went."""

    checkpoints: tuple[CheckpointInfo, ...] = ()
    blobs: int = 0
    """Files as a model was shown them."""


class KeptStore:
    """The checkpoints of the work tree that holds `where`. Raises UsageFault."""

    def __init__(self, where: Path, environ: Mapping[str, str], most_mb: int) -> None:
        root = root_of(where, environ)
        self._home = worktree_state_dir(environ, root)
        self._store = CheckpointStore.there(self._home, root, environ=environ)
        self._quiet = Quiet(Git(None, environ=environ, distrusted=root))
        self._bounds = Bounds(self._store, most_mb << 20, quiet=self._quiet)

    def look(self) -> Kept:
        needs = needs_of_all(self._home)
        infos = self._store.list()
        total = self._bounds.count()
        return Kept(
            self._store.storage.folder,
            infos,
            frozenset(info.id for info in infos if needs.holds(info)),
            total,
            self._bounds.limit_bytes(total),
        )

    def prune(self) -> Pruned:
        """To the limit, now. Raises LockHeld, Stopped."""
        if not self._home.is_dir():
            return Pruned()
        gone: list[Doomed] = []
        with WorktreeLock(self._home / "lock"):
            for _ in range(_ROUNDS):
                needs = needs_of_all(self._home, quiet=self._quiet)
                doomed = self._bounds.plan(needs)
                if not doomed:
                    break
                gone.append(self._bounds.drop(doomed, needs))
                self._bounds.settle(gone[-1])
            self._bounds.tidy()
        return Pruned(
            tuple(info for some in gone for info in some.checkpoints),
            sum(len(some.blobs) for some in gone),
        )

    def stop(self) -> None:
        """End the pruning; what went is gone, the rest stays."""
        self._quiet.stop()
