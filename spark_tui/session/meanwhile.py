"""What two other programs saved, one after the other, in the very moment of a write.

The rule kept here: the later version stays in the file; the earlier one goes into a checkpoint of
its own, and the person is told which. How it is noticed is the business of the write (repo).
"""

from __future__ import annotations

from collections.abc import Callable

from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.others import Keep
from spark_tui.session.events import Event, Noticed
from spark_tui.session.state import SessionState


class Meanwhile:
    """Keeps in the write thread, tells on the loop."""

    def __init__(
        self, store: CheckpointStore, state: SessionState, emit: Callable[[Event], None]
    ) -> None:
        self._store = store
        self._state = state
        self._emit = emit
        self._kept: list[tuple[str, str]] = []
        """Path, and the checkpoint that holds the bytes; "" where there is none."""

    def keeper(self, turn: int) -> Keep:
        """For one write."""

        def keep(path: str, data: bytes, _: str) -> bool:
            self._kept.append((path, ""))
            saved = self._store.save(self._state.session, turn, {path: (data, 0o644)})
            self._kept[-1] = (path, saved)
            return True

        return keep

    def tell(self) -> None:
        """After the write, however it ended."""
        for path, checkpoint in self._kept:
            where = f"Get it back: spark-tui restore --take {checkpoint[:12]} (see checkpoints)."
            if not checkpoint:
                where = "It could not be put elsewhere: it lies beside it as .spark-tui-*.tmp."
            what = f"{path} was saved twice elsewhere while it was written here"
            self._emit(Noticed("warning", f"{what}; the earlier version is kept.", where))
        self._kept.clear()
