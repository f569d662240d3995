"""The note of a write, and what is made of it after the process that wrote was killed.

The rule kept here: afterwards all files of the write are old, or all are new, folders included;
what somebody else has done with a file since is never touched. Keeping bytes and notes is
checkpoints.py's business, changing files is worktree.py's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from spark_tui.errors import RefusedFault
from spark_tui.repo.checkpoints import CheckpointGone, CheckpointStore
from spark_tui.repo.files import digest_of
from spark_tui.repo.places import folders_above
from spark_tui.repo.worktree import Change, Worktree


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found and done about a write that did not end."""

    outcome: Literal["finished", "untouched", "restored", "left"]
    """All files had their new bytes; none had; some had, and the old ones were put back; none
    had the old ones, so that nothing could be told and everything was left as found."""
    checkpoint: str
    paths: tuple[str, ...]
    written: tuple[str, ...]
    """Had their new bytes when we came."""
    restored: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Had neither old nor new bytes: somebody's later work, left alone."""

    @property
    def message(self) -> str:
        """For the person, at the start."""
        count = f"Interrupted apply: {len(self.written)} of {len(self.paths)} files written."
        kept = f" Left as found: {', '.join(self.kept)}." if self.kept else ""
        match self.outcome:
            case "finished":
                return f"{count} It is complete."
            case "untouched":
                return f"{count}{kept} Nothing was changed."
            case "restored":
                return f"{count} Restored.{kept} Nothing lost."
            case "left":
                return f"{count}{kept} Look at them."


def intent(checkpoint: str, changes: Sequence[Change], made: Iterable[str] = ()) -> bytes:
    """The note for `begin`: enough to know afterwards how far `write_all` came. `made` are the
    folders that it will make."""
    new = [[c.path, None if c.data is None else digest_of(c.data, c.mode or 0), c.mode]
           for c in changes]  # fmt: skip
    document = {"format": 1, "checkpoint": checkpoint, "new": new, "made": list(made)}
    return json.dumps(document).encode("ascii")


def recover(
    store: CheckpointStore,
    worktree: Worktree,
    *,
    record: Callable[[Recovery], None] = lambda _: None,
    keeps_finished: bool = False,
) -> Recovery | None:
    """At the start, under the lock: finish or take back what was begun. None: nothing was.

    `record` keeps what was found before the note goes: if this process dies as well, the next
    start comes here again. A note whose removal a power cut undid finds the new bytes, or later
    work: neither is touched. With `keeps_finished` the note of a finished write stays: the caller
    records it, then calls `store.done`.
    """
    note = store.unfinished()
    if note is None:
        return None
    found = _Found.by(json.loads(note), store, worktree)
    worktree.sweep(found.paths, keep=found.keep)
    for path in found.paths:
        found.judge(path)
    paths, written, kept = tuple(found.paths), tuple(found.written), tuple(found.kept)
    if written == paths:
        recovery = Recovery("finished", found.checkpoint, paths, written)
        worktree.remove_empty(found.emptied())
        worktree.sync((*paths, *found.made))
    elif not found.unwritten:
        recovery = Recovery("left", found.checkpoint, paths, written, kept=kept)
    else:
        outcome: Literal["untouched", "restored"] = "restored" if found.back else "untouched"
        worktree.write_all(
            [_as_change(path, found.old[path]) for path in found.back],
            expected=found.back,
            removable=found.made,
            keep=lambda _, data, __: bool(store.keep_blob(data)),
        )
        worktree.remove_empty(found.made)
        recovery = Recovery(outcome, found.checkpoint, paths, written, tuple(found.back), kept)
    record(recovery)
    if recovery.outcome != "finished" or not keeps_finished:
        store.done()
    return recovery


def end(store: CheckpointStore, worktree: Worktree) -> None:
    """The write of the note is over and told: no file of it is touched, whatever it has become.
    What lay beside them goes: that it went may not have reached the disk."""
    note = store.unfinished()
    if note is None:
        return
    found = _Found.by(json.loads(note), store, worktree)
    worktree.sweep(found.paths, keep=found.keep)
    worktree.remove_empty(found.emptied())
    store.done()


@dataclass(slots=True)
class _Found:
    """How far each path of a write came."""

    checkpoint: str
    paths: Mapping[str, tuple[str | None, int | None]]
    """Path → digest and mode that it was to get."""
    made: tuple[str, ...]
    old: Mapping[str, tuple[bytes, int] | None]
    store: CheckpointStore
    worktree: Worktree
    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    back: dict[str, str | None] = field(default_factory=dict)
    """To be put back → what is there now."""
    unwritten: bool = False

    @classmethod
    def by(cls, document: Mapping[str, Any], store: CheckpointStore, worktree: Worktree) -> _Found:
        checkpoint = str(document["checkpoint"])
        paths = {path: (digest, *mode, None)[:2] for path, digest, *mode in document["new"]}
        try:
            old = store.load(checkpoint)
        except CheckpointGone:
            old = {}
        return cls(checkpoint, paths, tuple(document.get("made", ())), old, store, worktree)

    def keep(self, data: bytes) -> None:
        """What lay beside a path: where it is neither old nor new it may be somebody's own."""
        digest = digest_of(data, 0)
        known = {_digest(kept) for kept in self.old.values()}
        if digest not in known and all(digest != new for new, _ in self.paths.values()):
            self.store.keep_blob(data)

    def judge(self, path: str) -> None:
        try:
            found = self.worktree.read_kept(path)
        except RefusedFault:
            self.kept.append(path)
            return
        now = _digest(found)
        match self._state(path, found):
            case "new":
                self.written.append(path)
                self.back[path] = now
            case "old":
                self.unwritten = True
            case "torn" if found is not None:
                self.store.keep_blob(found[0])
                self.back[path] = now
                self.unwritten = True
            case _:
                self.kept.append(path)

    def _state(
        self, path: str, found: tuple[bytes, int] | None
    ) -> Literal["new", "old", "torn", "other"]:
        digest, mode = self.paths[path]
        is_known = path in self.old
        kept = self.old.get(path)
        was, now = _digest(kept), _digest(found)
        # A file that is overwritten in place gets its bytes and then its mode.
        in_steps = digest is not None and is_known and self.worktree.in_place(path)
        if now == digest and now == was and is_known:
            return "new" if found is None or mode is None or _runs(found[1], mode) else "old"
        if now == digest:
            half = in_steps and found and mode is not None and not _runs(found[1], mode)
            return "torn" if half else "new"
        if is_known and now == was:
            half = in_steps and found and kept and not _runs(found[1], kept[1])
            return "torn" if half else "old"
        return "torn" if in_steps else "other"

    def emptied(self) -> tuple[str, ...]:
        """The folders of what was to be deleted, outermost first."""
        gone = [path for path, (digest, _) in self.paths.items() if digest is None]
        return tuple(dict.fromkeys(f for path in gone for f in folders_above(path)))


def _runs(one: int, other: int) -> bool:
    """Whether both are executable, or neither is."""
    return bool(one & 0o100) == bool(other & 0o100)


def _as_change(path: str, kept: tuple[bytes, int] | None) -> Change:
    if kept is None:
        return Change(path, None, links=True)
    return Change(path, kept[0], kept[1], bits=kept[1], links=True)


def _digest(kept: tuple[bytes, int] | None) -> str | None:
    return None if kept is None else digest_of(*kept)
