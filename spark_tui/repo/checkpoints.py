"""Earlier bytes of the paths a write is about to touch, in a private bare repository.

The rule kept here: when `save` returns, the bytes, modes and absences are on the disk and
reachable from refs/spark/<session>/<turn>/<n>; the user's repository is not involved at all, and
there need not be one. Writing files is worktree.py's business, what a note means recovering.py's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from spark_tui.errors import DiskFault, GitFault
from spark_tui.repo.durable import (
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

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_OID = re.compile(r"[0-9a-f]{40,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


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


class CheckpointStore:
    """The checkpoints of one work tree. Safe to use from several threads of one process."""

    def __init__(self, folder: Path, git: Git) -> None:
        self.folder = folder
        self._git = git
        self._store = folder / "store.git"
        self._blobs = folder / "blobs"
        self._intent = folder / "intent"
        self._numbers: dict[tuple[str, int], int] = {}
        self._guard = threading.Lock()

    @classmethod
    def open(cls, state_dir: Path, root: Path, *, environ: Mapping[str, str]) -> CheckpointStore:
        """`state_dir` is the folder of this work tree; it is made when it is missing."""
        store = cls(state_dir, Git(None, environ=environ, distrusted=root))
        try:
            private_folder(state_dir)
            private_folder(store._blobs)
            private_folder(store._store)
            if not (store._store / "HEAD").exists():
                store._ask("init", "--quiet", "--bare", "--template=")
                sync_folder(store._store)
                sync_folder(state_dir)
        except OSError as cause:
            raise as_fault(cause, str(state_dir)) from cause
        return store

    def save(self, session: str, turn: int, files: Files) -> str:
        """Keep what `files` were (None: did not exist) and return the checkpoint's id. For the
        holder of the lock only."""
        if not _SESSION.fullmatch(session) or turn < 0:
            raise ValueError(f"not a session and turn: {session!r}, {turn}")
        with self._guard:
            number, said = self._import(session, turn, files)
            if said.status != 0:
                # Another process took the number, or a killed one left its lock: ask, step over.
                self._numbers.pop((session, turn), None)
                number, said = self._import(session, turn, files, skip=1)
            if said.status != 0:
                self._clear()
                raise GitFault(
                    "Could not save a checkpoint; nothing was applied.",
                    hint=said.err.decode("utf-8", "replace").strip(),
                )
            self._numbers[session, turn] = number
        try:
            # git syncs the files it writes, but not the folders which name them.
            sync_folder(self._store / "objects" / "pack")
            above = (self._store / _ref(session, turn, number)).parent
            sync_folder(above)
            for _ in range(3 if number == 1 else 0):
                above = above.parent
                sync_folder(above)
        except OSError as cause:
            raise DiskFault(
                "Could not save a checkpoint; nothing was applied.", hint=str(cause)
            ) from cause
        return said.out.decode("ascii").strip()

    def load(self, checkpoint: str) -> Files:
        """What `save` was given."""
        if not _OID.fullmatch(checkpoint):
            raise GitFault(f"{checkpoint!r} is not a checkpoint.")
        commit = self._ask("cat-file", "commit", checkpoint)
        _, modes = read_message(commit.partition(b"\n\n")[2])
        oids: dict[str, bytes] = {}
        for entry in self._ask("ls-tree", "-r", "-z", "--full-tree", checkpoint).split(b"\0")[:-1]:
            meta, _, name = entry.partition(b"\t")
            oids[os.fsdecode(name)] = meta.split(b" ")[2]
        there = [(path, mode) for path, mode in modes.items() if mode is not None]
        answer = b""
        if there:
            asked = b"".join(oids[path] + b"\n" for path, _ in there)
            answer = self._ask("cat-file", "--batch", input=asked)
        files: dict[str, tuple[bytes, int] | None] = dict.fromkeys(modes)
        start = 0
        for path, mode in there:
            end = answer.index(b"\n", start) + 1
            size = int(answer[start:end].split(b" ")[2])
            files[path] = (answer[end : end + size], mode)
            start = end + size + 1
        return files

    def list(self) -> tuple[CheckpointInfo, ...]:
        """All checkpoints, oldest first."""
        form = "%(objectname)%00%(refname)%00%(contents)%00"
        fields = self._ask("for-each-ref", f"--format={form}", "refs/spark/").split(b"\0")
        infos: list[CheckpointInfo] = []
        for oid, ref, message in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
            session, turn, number = ref.decode("ascii").split("/")[2:]
            time, modes = read_message(message)
            id = oid.decode("ascii").strip()
            infos.append(CheckpointInfo(id, session, int(turn), int(number), time, tuple(modes)))
        return tuple(sorted(infos, key=lambda i: (i.time, i.session, i.turn, i.n)))

    def prune(self, keep: int = 20, *, protect: Collection[str] = ()) -> tuple[str, ...]:
        """Forget the oldest checkpoints but the last `keep` and those in `protect`."""
        infos = self.list()
        doomed = [i for i in infos[: max(0, len(infos) - keep)] if i.id not in protect]
        if doomed:
            lines = [f"delete {_ref(i.session, i.turn, i.n)} {i.id}\n" for i in doomed]
            with self._guard:
                self._ask("update-ref", "--stdin", input="".join(lines).encode("ascii"))
            self.tidy(packs=0)
        return tuple(i.id for i in doomed)

    def tidy(self, packs: int = 64) -> bool:
        """Join the packs when there are more than `packs`: each makes every save a bit slower.

        For a quiet moment; it takes a second or two.
        """
        with self._guard:
            if sum(1 for _ in (self._store / "objects" / "pack").glob("*.pack")) <= packs:
                return False
            self._ask("repack", "-a", "-d", "-q", timeout_s=300)
            self._ask("prune", "--expire=now", timeout_s=300)
        return True

    def size_bytes(self) -> int:
        """What the store takes on the disk."""
        kept = (self._store, self._blobs)
        return sum(f.stat().st_size for k in kept for f in k.rglob("*") if f.is_file())

    def keep_blob(self, data: bytes) -> str:
        """Keep bytes the model was shown under their sha256. Not synced: losing them costs ease."""
        digest = hashlib.sha256(data).hexdigest()
        place = self._blobs / digest[:2] / digest[2:]
        try:
            if not place.exists() or place.stat().st_size != len(data):
                place.parent.mkdir(mode=0o700, exist_ok=True)
                put(place, data, durable=False)
        except OSError as cause:
            raise as_fault(cause, str(place), needed=len(data)) from cause
        return digest

    def blob(self, digest: str) -> bytes | None:
        """The bytes with this sha256, if they are here and whole."""
        if not _DIGEST.fullmatch(digest):
            return None
        try:
            data = (self._blobs / digest[:2] / digest[2:]).read_bytes()
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def begin(self, note: bytes) -> None:
        """Say durably what is about to be written (see `intent`)."""
        try:
            overwrite(self._intent, note)
        except OSError as cause:
            raise as_fault(cause, str(self._intent), needed=len(note)) from cause

    def done(self) -> None:
        """The write has ended, whole or not at all."""
        try:
            empty(self._intent)
        except OSError as cause:
            raise as_fault(cause, str(self._intent)) from cause

    def unfinished(self) -> bytes | None:
        """The note of a write that was begun and never ended."""
        return read_whole(self._intent)

    def _import(self, session: str, turn: int, files: Files, *, skip: int = 0) -> tuple[int, Ran]:
        """One process writes blobs, trees, commit and ref: 5 ms where four processes take 12."""
        if (session, turn) not in self._numbers:
            self._clear()
            above = f"refs/spark/{session}/{turn}/"
            refs = self._ask("for-each-ref", "--format=%(refname)", above).decode("ascii").split()
            self._numbers[session, turn] = max((int(r.rpartition("/")[2]) for r in refs), default=0)
        number = self._numbers[session, turn] + 1 + skip
        said = self._git.run(
            *("fast-import", "--quiet", "--done"),
            input=script(_ref(session, turn, number), files),
            git_dir=self._store,
        )
        return number, said

    def _clear(self) -> None:
        """What an import that failed, or was killed, left behind: half a pack, and a report."""
        for pattern in ("objects/pack/tmp_*", "fast_import_crash_*"):
            for left in self._store.glob(pattern):
                with contextlib.suppress(OSError):
                    left.unlink()

    def _ask(self, *args: str, input: bytes | None = None, timeout_s: float = 30) -> bytes:
        said = self._git.run(*args, input=input, timeout_s=timeout_s, git_dir=self._store)
        if said.status != 0:
            raise GitFault(
                "The checkpoint store did not answer.",
                hint=said.err.decode("utf-8", "replace").strip(),
            )
        return said.out


def _ref(session: str, turn: int, number: int) -> str:
    return f"refs/spark/{session}/{turn}/{number}"
