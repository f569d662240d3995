"""The user's own index, by the person's explicit word: entries read, written, put back.

The rule kept here: entries that are not named stay exactly as they are, flags and conflict stages
included; all named ones change in one step of git's own, or none. A lock of another process is
waited for and named, never taken away. What an entry shall hold is the session's business.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spark_tui.errors import GitFault, LockHeld, RefusedFault
from spark_tui.repo.places import components, folders_above
from spark_tui.repo.repository import Entry, Repository
from spark_tui.repo.scopes import sizes

_WAIT_S = 3.0
_STEP_S = 0.05
_SOME = 500
_MOST_PROCESSES = 2_000


@dataclass(frozen=True, slots=True)
class Held:
    """One path in the index as it is now."""

    entry: Entry | None = None
    why: str = ""
    """Why it cannot be changed here: conflicts, a flag that would be lost."""


def held(repository: Repository, paths: Sequence[str]) -> dict[str, Held]:
    """How each of these paths stands in the index."""
    found: dict[str, Held] = dict.fromkeys(paths, Held())
    for at in range(0, len(paths), _SOME):
        some = frozenset(paths[at : at + _SOME])
        out = _done(repository, "ls-files", "-s", "-v", "-z", "--", *sorted(some))
        for record in os.fsdecode(out).split("\0"):
            meta, _, path = record.partition("\t")
            if path not in some:
                continue
            tag, mode, oid, stage = meta.split(" ")
            found[path] = Held(Entry(mode, oid), _flagged(path, tag, stage))
    return found


def in_the_way(repository: Repository, paths: Sequence[str]) -> dict[str, str]:
    """Entries that git would drop to make room for new ones: a folder's, or a file in place of a
    folder. By the new path."""
    above = {path: folders_above(path) for path in paths}
    tops = held_exactly(repository, sorted({top for some in above.values() for top in some}))
    found = {path: top for path, some in above.items() for top in some if top in tops}
    for at in range(0, len(paths), _SOME):
        some = paths[at : at + _SOME]
        for name in os.fsdecode(_done(repository, "ls-files", "-z", "--", *some)).split("\0"):
            if name and name not in above:
                found |= {top: name for top in folders_above(name) if top in above}
    return found


def held_exactly(repository: Repository, paths: Sequence[str]) -> frozenset[str]:
    """Those of the paths that are entries themselves, not folders of entries."""
    plain = [path for path in paths if "\n" not in path]
    asked = b"".join(b":" + os.fsencode(path) + b"\n" for path in plain)
    said = repository.git.run("cat-file", "--batch-check=%(objecttype)", input=asked)
    if said.status != 0:
        plain = []  # a partial clone does not have one of them
    lines = zip(plain, said.out.split(b"\n"), strict=False)
    found = {path for path, line in lines if line == b"blob"}
    for path in frozenset(paths) - frozenset(plain):
        name = repository.git.run("rev-parse", "--verify", "--quiet", f":{path}")
        found |= {path} if name.status == 0 else set()
    return frozenset(found)


def store(repository: Repository, contents: Sequence[bytes]) -> list[str]:
    """Keep these bytes, exactly, as blobs of the user's repository; one process for all."""
    if not contents:
        return []
    with tempfile.TemporaryDirectory(prefix="spark-tui-") as folder:
        names: list[str] = []
        for number, data in enumerate(contents):
            place = Path(folder) / str(number)
            place.write_bytes(data)
            names.append(f"{place}\n")
        out = _done(
            repository,
            *("hash-object", "-w", "--no-filters", "--stdin-paths"),
            input="".join(names).encode(),
        )
    return out.decode("ascii").split()


def store_filtered(repository: Repository, path: str, data: bytes) -> str:
    """The same through the user's own filter for this path: they asked for it."""
    said = repository.git.run(
        *("hash-object", "-w", "--stdin", f"--path={path}"), input=data, as_user=True,
        timeout_s=120,
    )  # fmt: skip
    if said.status != 0:
        raise GitFault(f"git's filter refused {path}; nothing was staged.", hint=_text(said.err))
    return said.out.decode("ascii").strip()


def blob(repository: Repository, oid: str) -> bytes | None:
    """The bytes of a blob of any size; None when it is not there (any more)."""
    said = repository.git.run("cat-file", "blob", oid, timeout_s=120)
    return said.out if said.status == 0 else None


def write(
    repository: Repository,
    entries: Mapping[str, Entry | None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Let these paths have these entries, None: no entry; nothing else changes. Raises LockHeld
    when another process keeps the index for more than 3 s."""
    for path in entries:
        components(path)
    gone = [path for path, entry in entries.items() if entry is None]
    zero = "0" * repository.oid_length
    lines = [f"0 {zero}\t{path}\0" for path in gone]
    lines += [f"{e.mode} {e.oid}\t{path}\0" for path, e in entries.items() if e is not None]
    data = "".join(lines).encode("utf-8", "surrogateescape")
    lock = repository.git_dir / "index.lock"
    deadline = clock() + _WAIT_S
    while True:
        said = repository.git.run("update-index", "-z", "--index-info", input=data, timeout_s=120)
        if said.status == 0:
            return
        if b"index.lock" not in said.err:
            raise GitFault("git could not change the index; nothing was.", hint=_text(said.err))
        if clock() >= deadline:
            raise LockHeld(
                f"The index is locked: {lock}{_age(lock)}{_holder(lock)}. Nothing was changed.",
                hint="Wait for that git to end; if none runs any more, remove the lock file.",
            )
        sleep(_STEP_S)


def exchange(
    repository: Repository, entries: Mapping[str, tuple[Entry | None, Entry | None]]
) -> None:
    """Put the second entry where the first is now; all of them or none. Raises RefusedFault when
    one is another by now."""
    now = held(repository, list(entries))
    for path, (expected, _) in entries.items():
        if now[path].why:
            raise RefusedFault(now[path].why)
        if now[path].entry != expected:
            raise RefusedFault(f"{path} was staged anew meanwhile; nothing was changed.")
    wanted = {path: new for path, (old, new) in entries.items() if old != new}
    if wanted:
        write(repository, wanted)


def as_entry(text: str) -> Entry | None:
    """`mode oid`, as the journal has it; "" for no entry."""
    mode, _, oid = text.partition(" ")
    return Entry(mode, oid) if oid else None


def as_text(entry: Entry | None) -> str:
    """The other way."""
    return f"{entry.mode} {entry.oid}" if entry is not None else ""


def name_of(repository: Repository, data: bytes) -> str:
    """How git names a blob with these bytes; nothing is stored."""
    head = b"blob %d\0" % len(data)
    kind = hashlib.sha256 if repository.oid_length == 64 else hashlib.sha1
    return kind(head + data).hexdigest()


def digest(data: bytes) -> str:
    """As `scopes.Version.digest`."""
    return hashlib.sha256(data).hexdigest()


def missing(repository: Repository, oids: Sequence[str]) -> frozenset[str]:
    """Those of the blobs that the repository does not have (any more)."""
    wanted = list(dict.fromkeys(oids))
    return frozenset(wanted) - sizes(repository, wanted).keys()


def _flagged(path: str, tag: str, stage: str) -> str:
    if stage != "0":
        return f"{path} has conflicts: resolve them, then git add -- {path}"
    if tag in ("S", "s"):
        cure = f"git update-index --no-skip-worktree -- {path}"
        return f"{path} is left out of the work tree (skip-worktree): {cure}"
    if tag.islower():
        cure = f"git update-index --no-assume-unchanged -- {path}"
        return f"git was told not to look at {path}: {cure}"
    return ""


def _age(lock: Path) -> str:
    try:
        age = max(0, int(time.time() - lock.stat().st_mtime))
    except OSError:
        return ""
    return f", {age} s old" if age < 120 else f", {age // 60} min old"


def _holder(lock: Path) -> str:
    """Who has the file open, where the system tells."""
    try:
        wanted = lock.stat()
        processes = [place for place in Path("/proc").iterdir() if place.name.isdigit()]
    except OSError:
        return ""
    for process in processes[:_MOST_PROCESSES]:
        with contextlib.suppress(OSError):
            for opened in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.path.samestat(opened.stat(), wanted):
                        return f", held by process {process.name}{_called(process)}"
    return ", no process of yours has it open"


def _called(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")[:2]
    except OSError:
        return ""
    return f" ({os.fsdecode(b' '.join(words))})" if words else ""


def _done(repository: Repository, *args: str, input: bytes | None = None) -> bytes:
    said = repository.git.run(*args, input=input, timeout_s=120)
    if said.status != 0:
        raise GitFault("git failed; nothing was changed.", hint=_text(said.err))
    return said.out


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip()
