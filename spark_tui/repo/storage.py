"""The private repository in which checkpoints lie: made, asked, read object by object, kept small.

The rule kept here: an object that a reference reaches is never lost: packs are joined beside the
old ones, which go when the new one is on the disk, and only those that were there before it was
begun; a save meanwhile counts on none of them (`is_dropping`). What a checkpoint is, and which may
go, is for checkpoints.py and bounds.py.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from spark_tui.errors import GitFault, RepositoryFault
from spark_tui.repo.durable import private_folder, sync_folder
from spark_tui.repo.run import Git, Ran

_SMALL = 32 << 20
"""A pack that is larger is joined with others only when something was forgotten."""
_LONG_S = 600.0
_STALE_S = 10.0
_FULL = (b"No space left", b"quota exceeded", b"File too large", b"Out of diskspace")


class Stopped(RepositoryFault):
    """Work for a quiet moment was stopped; nothing is different, or the rest waits."""

    code = "stopped"


class Quiet:
    """Work for a quiet moment, which anybody may stop at any time."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._stopped = threading.Event()

    def stop(self) -> None:
        """From any thread, and once more as long as the work has not ended."""
        self._stopped.set()
        self._git.stop()

    def check(self) -> None:
        """Raises Stopped."""
        if self._stopped.is_set():
            raise Stopped("The checkpoint store is tidied another time.")

    def run(self, *args: str, input: bytes, git_dir: Path) -> Ran:
        self.check()
        said = self._git.run(*args, input=input, timeout_s=_LONG_S, git_dir=git_dir)
        self.check()
        return said


class Storage:
    """One bare repository of our own. `guard` keeps a save and the joining of packs apart."""

    def __init__(self, folder: Path, git: Git) -> None:
        self.folder = folder
        self.packs_folder = folder / "objects" / "pack"
        self.guard = threading.Lock()
        self.git = git
        self._is_joining = False
        self.is_dropping = False
        """Objects that no reference reaches are about to go: what lies in a pack that is there
        may be gone in a moment. To be looked at under the guard."""

    # -- being there -------------------------------------------------------------
    @property
    def is_there(self) -> bool:
        """Whether git would take it for a repository; three looks, no process."""
        try:
            head = (self.folder / "HEAD").read_bytes()
        except OSError:
            return False
        folders = (self.folder / "objects", self.folder / "refs")
        return head.startswith(b"ref: refs/") and all(f.is_dir() for f in folders)

    def make(self) -> None:
        """Make it, or what is missing of it; what is there stays."""
        private_folder(self.folder)
        if self.is_there:
            return
        (self.folder / "HEAD").unlink(missing_ok=True)
        self.ask("init", "--quiet", "--bare", "--template=")
        for folder in (*self.folder.glob("*/"), self.folder, self.folder.parent):
            sync_folder(folder)

    # -- asking ------------------------------------------------------------------
    def run(self, *args: str, input: bytes | None = None, timeout_s: float = 30) -> Ran:
        return self.git.run(*args, input=input, timeout_s=timeout_s, git_dir=self.folder)

    def look(self, *args: str, input: bytes | None = None, timeout_s: float = 30) -> Ran:
        """A git that was killed has said nothing: it must not pass for "there is no such thing".
        Raises GitFault then."""
        said = self.run(*args, input=input, timeout_s=timeout_s)
        if said.status < 0:
            raise GitFault(
                f"git was killed (signal {-said.status}) while it read the checkpoint store.",
                hint="Nothing was changed. Do it again.",
            )
        return said

    def ask(self, *args: str, input: bytes | None = None, timeout_s: float = 30) -> bytes:
        """What git says. Raises GitFault where it fails."""
        said = self.run(*args, input=input, timeout_s=timeout_s)
        if said.status != 0:
            raise GitFault(
                "The checkpoint store did not answer.",
                hint=f"{words_of(said)} Look at {self.folder}.",
            )
        return said.out

    def objects(self, names: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """(name, bytes) of each; None for one that is missing or damaged."""
        rest = list(names)
        while rest:
            asked = "".join(f"{name}\n" for name in rest).encode("ascii")
            said = self.look("cat-file", "--batch", input=asked, timeout_s=_LONG_S)
            told = 0
            for data in _batch(said.out):
                yield rest[told], data
                told += 1
            if told < len(rest):  # git gave up at this one
                yield rest[told], None
                told += 1
            rest = rest[told:]

    # -- keeping it small ----------------------------------------------------------
    def packs(self) -> tuple[str, ...]:
        """The stems of all packs that are whole."""
        names = {name.name for name in _entries(self.packs_folder)}
        return tuple(
            sorted(n[:-4] for n in names if n.endswith(".idx") and f"{n[:-4]}.pack" in names)
        )

    def join(self, *, drop: bool = False, quiet: Quiet | None = None) -> None:
        """One pack in place of the small ones; with `drop`, of all, without what no reference
        reaches. Saves go on meanwhile. Raises Stopped, and nothing is different."""
        quiet = quiet or Quiet(self.git)
        if not self.is_there:
            return
        with self.guard:
            self._is_joining, self.is_dropping = True, drop
            # All that a finished save made is reachable now; what comes later is not in `old`.
            old = self.packs() if drop else self._small_packs()
            old = tuple(stem for stem in old if not self._pack(stem, "keep").exists())
            names = b"" if drop else self._names_in(old)
        try:
            how = ("--all",) if drop else ()
            said = quiet.run(
                *("pack-objects", "-q", "--non-empty", "--delta-base-offset", *how),
                str(self.packs_folder / "pack"),
                input=names,
                git_dir=self.folder,
            )
            if said.status != 0 or said.err:  # a reference that it could not follow is only said
                raise GitFault(
                    "The checkpoint store is damaged and was not tidied; nothing is lost by it.",
                    hint=f"{words_of(said)} Look at {self.folder}.",
                )
            made = {f"pack-{name}" for name in said.out.decode("ascii").split()}
            sync_folder(self.packs_folder)
            self._remove(stem for stem in old if stem not in made)
        finally:
            with self.guard:
                self._is_joining = self.is_dropping = False
                self._clear_packs()
        if drop:
            self._drop_loose()

    def gather_refs(self) -> None:
        """References in one file, each of which took a block; none is ever only half there."""
        with self.guard:
            self._change_refs("pack-refs", "--all", "--no-prune")
            sync_folder(self.folder)
            self._change_refs("pack-refs", "--all", "--prune")

    def delete_refs(self, refs: Iterable[tuple[str, str]]) -> None:
        """These (reference, object), all or none."""
        told = "".join(f"delete {ref} {name}\n" for ref, name in refs)
        with self.guard:
            self._change_refs("update-ref", "--stdin", input=told.encode("ascii"))

    def clear(self) -> None:
        """What an import that failed, or was killed, left behind: half a pack, and a report. The
        caller holds the guard."""
        if not self._is_joining:
            self._clear_packs()
        for left in self.folder.glob("fast_import_crash_*"):
            with contextlib.suppress(OSError):
                left.unlink()

    def _change_refs(self, *args: str, input: bytes | None = None) -> None:
        """Once more without the locks that a killed git has left: we hold that of the work tree,
        and nobody else has business here for longer than a moment."""
        if self.run(*args, input=input).status == 0:
            return
        for lock in (
            *(self.folder / name for name in ("packed-refs.lock", "packed-refs.new")),
            *self.folder.glob("refs/**/*.lock"),
        ):
            with contextlib.suppress(OSError):
                if abs(time.time() - lock.stat().st_mtime) > _STALE_S:
                    lock.unlink()
        self.ask(*args, input=input)

    def _clear_packs(self) -> None:
        whole = set(self.packs())
        for entry in _entries(self.packs_folder):
            # A pack without its index is one of which a removal, or an import, was cut short.
            is_half = entry.name.startswith("pack-") and entry.name.split(".")[0] not in whole
            if entry.name.startswith("tmp_") or is_half:
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()

    def _small_packs(self) -> tuple[str, ...]:
        return tuple(s for s in self.packs() if self._pack(s, "pack").stat().st_size < _SMALL)

    def _names_in(self, stems: Iterable[str]) -> bytes:
        """All objects in these packs, one a line, as their indexes say."""
        return b"".join(
            name.hex().encode("ascii") + b"\n"
            for stem in stems
            for name in _index_names(self._pack(stem, "idx").read_bytes())
        )

    def _remove(self, stems: Iterable[str]) -> None:
        """The index first: without it nobody looks into the pack."""
        for stem in stems:
            for kind in ("idx", "pack", "rev", "bitmap"):
                self._pack(stem, kind).unlink(missing_ok=True)

    def _pack(self, stem: str, kind: str) -> Path:
        return self.packs_folder / f"{stem}.{kind}"

    def _drop_loose(self) -> None:
        """There are loose objects only where the person ran `git gc` in here."""
        if any(len(entry.name) == 2 for entry in _entries(self.folder / "objects")):
            with self.guard:
                self.ask("prune", "--expire=now", timeout_s=_LONG_S)


def words_of(said: Ran) -> str:
    """The first line of what git said when it failed."""
    first = said.err.decode("utf-8", "replace").strip().partition("\n")[0]
    return f"git: {first}" if first else f"git ended with {said.status}."


def is_full(said: Ran) -> bool:
    """It failed for want of space."""
    return any(words in said.err for words in _FULL)


def taken(folder: Path, quiet: Quiet | None = None) -> int:
    """What a folder takes on the disk, in bytes."""
    total = 0
    folders = [folder]
    while folders:
        if quiet is not None:
            quiet.check()
        for entry in _entries(folders.pop()):
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _batch(out: bytes) -> Iterator[bytes | None]:
    """The answers of `cat-file --batch`; a last one that is cut off is left out."""
    start = 0
    while (line_end := out.find(b"\n", start)) >= 0:
        words = out[start:line_end].split(b" ")
        start = line_end + 1
        if len(words) != 3 or not words[2].isdigit():
            yield None
            continue
        end = start + int(words[2])
        if end >= len(out):
            return
        yield out[start:end]
        start = end + 1


def _index_names(index: bytes) -> list[bytes]:
    """The objects of a pack, from its index (version 2)."""
    if index[:8] != b"\xfftOc\0\0\0\x02":
        raise GitFault("A pack of the checkpoint store has an index that cannot be read.")
    (count,) = struct.unpack(">I", index[8 + 255 * 4 : 8 + 256 * 4])
    first = 8 + 256 * 4
    return [index[at : at + 20] for at in range(first, first + count * 20, 20)]
