"""Earlier bytes of the paths a write is about to touch, in a private bare repository.

The rule kept here: when `save` returns, the bytes, modes and absences are on the disk and
reachable from refs/spark/<session>/<turn>/<n>; the user's repository is not involved at all, and
there need not be one. Writing files is worktree.py's business, what a note means recovering.py's,
the repository itself storage.py's, how much may be kept bounds.py's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spark_tui.errors import DiskFault, GitFault
from spark_tui.repo.durable import (
    durable_folder,
    empty,
    overwrite,
    private_folder,
    put,
    read_whole,
    sync_folder,
)
from spark_tui.repo.places import as_fault
from spark_tui.repo.record import Files, read_message, script
from spark_tui.repo.run import Git, Ran
from spark_tui.repo.storage import Storage, is_full, words_of

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_OID = re.compile(r"[0-9a-f]{40,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DUPLICATES = re.compile(rb"Total objects:\s+\d+ \(\s*(\d+) duplicates")
_OVERHEAD = 16 << 10
"""Blocks that a save takes beside its bytes, at most."""


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """One checkpoint without its bytes."""

    id: str
    session: str
    turn: int
    n: int
    """Counts within the turn, from 1."""
    time: float
    """Seconds since 1970."""
    paths: tuple[str, ...]
    size: int | None = None
    """Bytes that it holds; None: it was saved before that was noted."""
    is_damaged: bool = False
    """It cannot be read: nothing else is known of it."""

    @property
    def ref(self) -> str:
        return _ref(self.session, self.turn, self.n)


class CheckpointGone(GitFault):
    """No such checkpoint, or not all of it: pruned, deleted or damaged."""

    code = "checkpoint_gone"


class CheckpointStore:
    """The checkpoints of one work tree. Safe to use from several threads of one process."""

    def __init__(self, folder: Path, git: Git) -> None:
        """Nothing is made: a store that is not there holds nothing."""
        self.folder = folder
        self.storage = Storage(folder / "store.git", git)
        self.blobs_folder = folder / "blobs"
        self._intent = folder / "intent"
        self._numbers: dict[tuple[str, int], int] = {}
        self.written = 0
        """Bytes that were put into it since it was opened, or some more."""

    @classmethod
    def open(cls, state_dir: Path, root: Path, *, environ: Mapping[str, str]) -> CheckpointStore:
        """`state_dir` is the folder of this work tree; it is made when it is missing."""
        store = cls.there(state_dir, root, environ=environ)
        store._make()
        return store

    @classmethod
    def there(cls, state_dir: Path, root: Path, *, environ: Mapping[str, str]) -> CheckpointStore:
        """For reading: nothing is made."""
        return cls(state_dir, Git(None, environ=environ, distrusted=root))

    def save(self, session: str, turn: int, files: Files) -> str:
        """Keep what `files` were (None: did not exist) and return the checkpoint's id. For the
        holder of the lock only."""
        if not _SESSION.fullmatch(session) or turn < 0:
            raise ValueError(f"not a session and turn: {session!r}, {turn}")
        size = sum(len(kept[0]) for kept in files.values() if kept)
        above = self.storage.folder / "refs" / "spark" / session / str(turn)
        if not self.storage.is_there:  # deleted under our feet
            self._make()
        with self.storage.guard:
            is_new = not above.is_dir()
            number, told, said = self._import(session, turn, files)
            if said.status != 0 and not self._is_full(said):
                # Another process took the number, or a killed one left its lock: ask, step over.
                self._numbers.pop((session, turn), None)
                number, told, said = self._import(session, turn, files, skip=1)
            if said.status != 0:
                self.storage.clear()
                raise self._failed(said, size)
            self._numbers[session, turn] = number
            id = said.out.decode("ascii").strip()
            if _shares(said) and (self.storage.is_dropping or not self._holds(id, files)):
                # What git took for there already is damaged, or about to go.
                self._add_whole(told)
                if not self._holds(id, files):
                    raise self._damaged()
        self.written += size + _OVERHEAD
        try:
            # git syncs the files it writes, but not the folders which name them.
            sync_folder(self.storage.packs_folder)
            sync_folder(above)
            for _ in range(3 if is_new else 0):
                above = above.parent
                sync_folder(above)
        except OSError as cause:
            raise DiskFault(
                "Could not save a checkpoint; nothing was applied.", hint=str(cause)
            ) from cause
        return id

    def load(self, checkpoint: str) -> Files:
        """What `save` was given. Raises CheckpointGone."""
        if not _OID.fullmatch(checkpoint):
            raise GitFault(f"{checkpoint!r} is not a checkpoint.")
        ((_, commit),) = self.storage.objects([checkpoint])
        if commit is None:
            raise self._gone(checkpoint)
        _, modes, _ = read_message(commit.partition(b"\n\n")[2])
        listing = self.storage.look("ls-tree", "-r", "-z", "--full-tree", checkpoint)
        if listing.status != 0:
            raise self._gone(checkpoint)
        oids: dict[str, str] = {}
        for entry in listing.out.split(b"\0")[:-1]:
            meta, _, name = entry.partition(b"\t")
            oids[os.fsdecode(name)] = meta.split(b" ")[2].decode("ascii")
        there = [(path, mode) for path, mode in modes.items() if mode is not None]
        files: dict[str, tuple[bytes, int] | None] = dict.fromkeys(modes)
        answers = self.storage.objects([oids[path] for path, _ in there])
        for (path, mode), (_, data) in zip(there, answers, strict=True):
            if data is None:
                raise self._gone(checkpoint)
            files[path] = (data, mode)
        return files

    def list(self) -> tuple[CheckpointInfo, ...]:
        """All checkpoints, oldest first; a damaged one is listed, too."""
        if not self.storage.is_there:
            return ()
        said = self.storage.ask("for-each-ref", "--format=%(objectname) %(refname)", "refs/spark/")
        refs = [line.split(" ") for line in said.decode("ascii").splitlines()]
        infos = [
            _info(id, ref, commit)
            for (id, ref), (_, commit) in zip(
                refs, self.storage.objects([id for id, _ in refs]), strict=True
            )
        ]
        return tuple(sorted(infos, key=lambda i: (i.time, i.session, i.turn, i.n)))

    def forget(self, infos: Collection[CheckpointInfo]) -> None:
        """Let go of these; their bytes go with the next `storage.join(drop=True)`."""
        if infos:
            self.storage.delete_refs([(info.ref, info.id) for info in infos])

    def keep_blob(self, data: bytes) -> str:
        """Keep bytes the model was shown under their sha256. Not synced: losing them costs ease."""
        digest = hashlib.sha256(data).hexdigest()
        place = self._place(digest)
        try:
            if self.blob(digest) is not None:
                with contextlib.suppress(FileNotFoundError):  # it went at this very moment
                    os.utime(place)  # it is not among the oldest any more
                    return digest
            small = zlib.compress(data, 1)
            kept = small if len(small) < len(data) else data
            if not self.blobs_folder.is_dir():
                self._make()
            place.parent.mkdir(mode=0o700, exist_ok=True)
            put(place, kept, durable=False)
            self.written += len(kept) + 4096
        except OSError as cause:
            raise as_fault(cause, str(place), needed=len(data)) from cause
        return digest

    def blob(self, digest: str) -> bytes | None:
        """The bytes with this sha256, if they are here and whole."""
        if not _DIGEST.fullmatch(digest):
            return None
        try:
            kept = self._place(digest).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if hashlib.sha256(kept).hexdigest() == digest:
            return kept
        with contextlib.suppress(zlib.error):
            data = zlib.decompress(kept)
            if hashlib.sha256(data).hexdigest() == digest:
                return data
        return None

    def blobs(self) -> Iterator[tuple[str, float, int]]:
        """(sha256, when it was kept, bytes on the disk) of all that are here."""
        for folder in self.blobs_folder.glob("??"):
            for entry in folder.iterdir():
                if _DIGEST.fullmatch(folder.name + entry.name):
                    found = entry.stat()
                    yield folder.name + entry.name, found.st_mtime, found.st_blocks * 512

    def drop_blob(self, digest: str, *, unless_after: float) -> None:
        """Unless it was shown again since."""
        with contextlib.suppress(OSError):
            if self._place(digest).stat().st_mtime <= unless_after:
                self._place(digest).unlink()

    def begin(self, note: bytes) -> None:
        """Say durably what is about to be written (see `intent`)."""
        try:
            overwrite(self._intent, note)
        except OSError as cause:
            fault = as_fault(cause, str(self._intent), needed=len(note))
            raise DiskFault(f"{fault.message} Nothing was changed.", hint=fault.hint) from cause

    def done(self) -> None:
        """The write has ended, whole or not at all."""
        try:
            empty(self._intent)
        except OSError as cause:
            raise as_fault(cause, str(self._intent)) from cause

    def unfinished(self) -> bytes | None:
        """The note of a write that was begun and never ended."""
        return read_whole(self._intent)

    def _import(
        self, session: str, turn: int, files: Files, *, skip: int = 0
    ) -> tuple[int, bytes, Ran]:
        """(number, what git was told, what it said). One process writes blobs, trees, commit and
        ref: 5 ms where four processes take 12."""
        if (session, turn) not in self._numbers:
            self.storage.clear()
            above = f"refs/spark/{session}/{turn}/"
            refs = self.storage.ask("for-each-ref", "--format=%(refname)", above).decode("ascii")
            self._numbers[session, turn] = max(
                (int(ref.rpartition("/")[2]) for ref in refs.split()), default=0
            )
        number = self._numbers[session, turn] + 1 + skip
        told = script(_ref(session, turn, number), files)
        said = self.storage.run(
            "fast-import", "--stats", "--done", input=told, timeout_s=30 + len(told) / 1e6
        )
        return number, told, said

    def _holds(self, checkpoint: str, files: Files) -> bool:
        """Whether it can be read back, and is what was saved."""
        try:
            return self.load(checkpoint) == files
        except CheckpointGone:
            return False

    def _add_whole(self, told: bytes) -> None:
        """The same objects once more, in a pack that leaves nothing to others."""
        aside = Storage(self.folder / "again.git", self.storage.git)
        shutil.rmtree(aside.folder, ignore_errors=True)
        aside.make()
        said = aside.run("fast-import", "--quiet", "--done", input=told)
        if said.status == 0:
            for stem in aside.packs():
                for kind in ("pack", "idx"):
                    made = aside.packs_folder / f"{stem}.{kind}"
                    made.replace(self.storage.packs_folder / made.name)
        shutil.rmtree(aside.folder, ignore_errors=True)

    def _damaged(self) -> GitFault:
        return GitFault(
            "Could not save a checkpoint: the store is damaged. Nothing was applied.",
            hint=f"Move {self.storage.folder} away: a new one is made, without what was in it.",
        )

    def _make(self) -> None:
        """The folders and the repository, or what is missing of them."""
        self._numbers.clear()
        try:
            durable_folder(self.folder)
            if not self.storage.is_there:  # somebody else may have made the way here just now
                for above in self.folder.parents[:3]:
                    sync_folder(above)
            private_folder(self.blobs_folder)
            self.storage.make()
        except OSError as cause:
            raise as_fault(cause, str(self.folder)) from cause

    def _place(self, digest: str) -> Path:
        return self.blobs_folder / digest[:2] / digest[2:]

    def _is_full(self, said: Ran) -> bool:
        return is_full(said) or said.status == -signal.SIGXFSZ

    def _failed(self, said: Ran, size: int) -> GitFault | DiskFault:
        message = "Could not save a checkpoint; nothing was applied."
        if not self._is_full(said):
            hint = f"Look at the space and the permissions of {self.folder}. {words_of(said)}"
            return GitFault(message, hint=hint)
        found = os.statvfs(self.folder)
        free = found.f_bavail * found.f_frsize
        return DiskFault(
            f"Disk full: the checkpoint needs {size:,} bytes, {free:,} are free in {self.folder}."
            " Nothing was applied.",
            hint="Free some space, or set SPARK_TUI_STATE_DIR to a folder with more.",
        )

    def _gone(self, checkpoint: str) -> CheckpointGone:
        return CheckpointGone(
            f"Checkpoint {checkpoint[:9]} is not in the store any more, or not whole.",
            hint=f"It was pruned, or {self.storage.folder} was changed by hand. "
            "See spark-tui checkpoints.",
        )


def _shares(said: Ran) -> bool:
    """Whether an import left objects out that lie in an earlier pack, as far as it tells."""
    told = _DUPLICATES.search(said.err)
    return told is None or int(told[1]) > 0


def _info(id: str, ref: str, commit: bytes | None) -> CheckpointInfo:
    session, turn, number = ref.split("/")[2:]
    if commit is None:
        return CheckpointInfo(id, session, int(turn), int(number), 0.0, (), is_damaged=True)
    time, modes, size = read_message(commit.partition(b"\n\n")[2])
    return CheckpointInfo(id, session, int(turn), int(number), time, tuple(modes), size)


def _ref(session: str, turn: int, number: int) -> str:
    return f"refs/spark/{session}/{turn}/{number}"
