"""How much the checkpoints of one work tree may take on the disk, and what goes when it is more.

The rule kept here: the oldest go first, whether earlier bytes of files or files as a model was
shown them; never one of the last 20 checkpoints, never what `Needs` names. Whoever is killed in
the middle of it has lost only what was to go. What is needed is for session/keeping.py to say.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from spark_tui.repo.checkpoints import CheckpointInfo, CheckpointStore
from spark_tui.repo.durable import put
from spark_tui.repo.storage import Quiet, taken

KEPT_ALWAYS = 20
"""So many of the newest checkpoints stay, whatever they take."""
FLOOR = 64 << 20
"""A disk with little room leaves so much all the same."""
PACKS = 16
"""Each makes every save a bit slower, and holds what others hold, too, all but a line of it."""
_AT_ONCE = 2000
"""So many things go in one step: a decision may wait behind it."""
_MEASURED_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Needs:
    """What may not go: open hunks and their undo refer to it."""

    checkpoints: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    """All checkpoints of these: nobody could say which ones they need."""
    blobs: frozenset[str] | None = frozenset()
    """sha256 of files as they were shown; None: nobody could say, so that all stay."""

    def __or__(self, other: Needs) -> Needs:
        both = None if self.blobs is None or other.blobs is None else self.blobs | other.blobs
        return Needs(self.checkpoints | other.checkpoints, self.sessions | other.sessions, both)

    def holds(self, info: CheckpointInfo) -> bool:
        return info.id in self.checkpoints or info.session in self.sessions


@dataclass(frozen=True, slots=True)
class Doomed:
    """What is to go, oldest first."""

    checkpoints: tuple[CheckpointInfo, ...] = ()
    blobs: tuple[str, ...] = ()
    at: float = 0.0
    """When that was found: a blob that was shown again since stays."""

    def __bool__(self) -> bool:
        return bool(self.checkpoints or self.blobs)


@dataclass(frozen=True, slots=True)
class _Note:
    """What is remembered from one quiet moment to the next."""

    bytes: int = 0
    measured: float = float("-inf")
    """When they were counted on the disk, in seconds since 1970."""
    is_owed: bool = False
    """Checkpoints were forgotten and the disk has not got their bytes back yet."""


class Bounds:
    """Blocking, for a quiet moment; the lock of the work tree is held wherever something goes."""

    def __init__(
        self,
        store: CheckpointStore,
        most_bytes: int,
        *,
        quiet: Quiet | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`most_bytes` 0: no limit."""
        self._store = store
        self._most = most_bytes
        self._quiet = quiet
        self._now = now
        self._note = store.folder / "usage"
        self._counted = 0
        """Of what the store counts as written, how much `usage` knows."""

    # -- how much there is ---------------------------------------------------------
    def count(self) -> int:
        """Bytes of store and blobs, file by file."""
        folders = (self._store.storage.folder, self._store.blobs_folder)
        return sum(taken(folder, self._quiet) for folder in folders)

    def total_bytes(self) -> int:
        """The same, and noted for the next one who asks."""
        counted = self._store.written
        total = self.count()
        self._counted = counted
        self._put_note(_Note(total, self._now(), self._noted().is_owed))
        return total

    def limit_bytes(self, total: int) -> int:
        """The setting, or a twentieth of what the disk has for us where that is less; 0: none."""
        if not self._most:
            return 0
        try:
            found = os.statvfs(self._store.folder)
        except OSError:
            return self._most
        room = found.f_bavail * found.f_frsize + total
        return min(self._most, max(FLOOR, room // 20))

    def is_over(self) -> bool:
        """Whether something should go. Mostly one small file is read and written."""
        note = self._noted()
        added = self._store.written - self._counted
        total = note.bytes + added
        is_old = not 0 <= self._now() - note.measured < _MEASURED_S
        if is_old or 0 < self.limit_bytes(note.bytes) < total:
            total = self.total_bytes()
        elif added:
            self._counted += added
            self._put_note(replace(note, bytes=total))
        return 0 < self.limit_bytes(total) < total

    # -- what goes -----------------------------------------------------------------
    def plan(self, needs: Needs) -> Doomed:
        """The oldest, until the rest fits into nine tenths of the limit; as well as that can be
        known before packs are joined anew."""
        if self._noted().is_owed:
            self._give_back()
        at = self._now()
        total = self.total_bytes()
        limit = self.limit_bytes(total)
        if not limit or total <= limit:
            return Doomed()
        surplus = total - limit * 9 // 10
        infos = self._store.list()
        in_packs = taken(self._store.storage.folder, self._quiet)
        raw = sum(info.size or 0 for info in infos)
        share = min(1.0, in_packs / raw) if raw else 1.0
        things: list[tuple[float, int, CheckpointInfo | str]] = [
            (info.time, int((info.size or 0) * share) + 4096, info)
            for info in infos[: max(0, len(infos) - KEPT_ALWAYS)]
            if not needs.holds(info)
        ]
        if needs.blobs is not None:
            things += [
                (at, size, digest)
                for digest, at, size in self._store.blobs()
                if digest not in needs.blobs
            ]
        going: list[CheckpointInfo | str] = []
        for _, size, thing in sorted(things, key=lambda t: t[0]):
            if surplus <= 0 or len(going) >= _AT_ONCE:
                break
            going.append(thing)
            surplus -= size
        return Doomed(
            tuple(thing for thing in going if isinstance(thing, CheckpointInfo)),
            tuple(thing for thing in going if isinstance(thing, str)),
            at,
        )

    def drop(self, doomed: Doomed, needs: Needs) -> Doomed:
        """Let these go, but for what is needed by now; what went. Short: its caller holds up the
        decisions."""
        checkpoints = tuple(info for info in doomed.checkpoints if not needs.holds(info))
        blobs = () if needs.blobs is None else doomed.blobs
        blobs = tuple(digest for digest in blobs if digest not in (needs.blobs or ()))
        if checkpoints:
            self._put_note(replace(self._noted(), is_owed=True))
        self._store.forget(checkpoints)
        for digest in blobs:
            self._store.drop_blob(digest, unless_after=doomed.at)
        return Doomed(checkpoints, blobs, doomed.at)

    def settle(self, gone: Doomed) -> None:
        """Give the disk back what went. Where it is stopped, the next quiet moment goes on."""
        if gone.checkpoints:
            self._give_back()

    def tidy(self, packs: int = PACKS) -> bool:
        """Join the small packs when there are more than `packs` of them."""
        storage = self._store.storage
        if len(storage.packs()) <= packs:
            return False
        storage.gather_refs()
        storage.join(quiet=self._quiet)
        return True

    def _give_back(self) -> None:
        self._store.storage.gather_refs()
        self._store.storage.join(drop=True, quiet=self._quiet)
        self._put_note(replace(self._noted(), is_owed=False))

    # -- the note --------------------------------------------------------------------
    def _noted(self) -> _Note:
        """Long ago where nothing is known."""
        try:
            note = json.loads(self._note.read_bytes())
            return _Note(int(note["bytes"]), float(note["measured"]), bool(note["is_owed"]))
        except (OSError, ValueError, KeyError, TypeError):
            return _Note()

    def _put_note(self, note: _Note) -> None:
        with contextlib.suppress(OSError):  # then it is measured again
            put(self._note, json.dumps(asdict(note)).encode("ascii"), durable=False)
