"""The user's index after a commit that was made beside it: what became out of date follows.

The rule kept here: an entry that was the old HEAD's becomes the new one's, anything else is the
person's and stays; a lock is waited for and never taken away. Doing it twice changes nothing more,
so a process that was killed in between can be followed by another.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spark_tui.errors import GitFault
from spark_tui.repo.repository import Entry, Repository
from spark_tui.repo.run import Ran

LOCK_WAIT_S = 3.0
_LOCK_STEP_S = 0.05


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the user's index."""

    note: str = ""
    """What the person should know."""
    is_late: bool = False
    """It was locked: the entries are still the old HEAD's."""


def settle(repo: Repository, base: str, made: str, asked: frozenset[str]) -> str:
    """Index entries which were `base`'s become `made`'s; the user's own stay."""
    return settle_index(repo, base, made, asked).note


def settle_index(repo: Repository, base: str, made: str, asked: frozenset[str]) -> Settled:
    """The same, with a word on whether it could be done now. `asked` are the paths we meant."""
    before, after = changed(repo, base, made)
    paths = sorted(before.keys() | after.keys())
    staged = repo.staged(paths)
    lines: list[bytes] = []
    merged: list[str] = []
    kept: list[str] = []
    for path in paths:
        old, new, own = before.get(path), after.get(path), staged.get(path)
        if own == new:
            continue
        if own != old:
            combined = combine(repo, old, own, new)
            if combined is None:
                kept.append(path)
                continue
            merged.append(path)
            new = combined
        lines.append(no_line(repo, path) if new is None else index_line(new.mode, new.oid, path))
    flagged = _flagged(repo, paths) if lines else {}
    is_late = bool(lines) and not _update_users(repo, b"".join(lines))
    if not is_late:
        _flag(repo, flagged)
    notes: list[str] = []
    if is_late:
        notes.append(f"{lock_words(repo)} The commit is made; the index follows when it is free.")
    if kept:
        notes.append(f"Your staged version was kept: {', '.join(kept)}.")
    if merged:
        notes.append(f"Your staged changes were kept on top: {', '.join(merged)}.")
    added = [p for p in paths if p not in asked]
    if added:
        notes.append(f"A hook also changed: {', '.join(added)}.")
    return Settled(" ".join(notes), is_late)


def changed(repo: Repository, old: str, new: str) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Entries before and after, of the paths in which two commits or trees differ."""
    before: dict[str, Entry] = {}
    after: dict[str, Entry] = {}
    out = done(repo.git.run("diff-tree", "-r", "-z", "--no-renames", old, new))
    fields = out.decode("utf-8", "surrogateescape").split("\0")
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old_oid, new_oid, _ = meta.removeprefix(":").split(" ")
        if old_mode != "000000":
            before[path] = Entry(old_mode, old_oid)
        if new_mode != "000000":
            after[path] = Entry(new_mode, new_oid)
    return before, after


def combine(
    repo: Repository, old: Entry | None, own: Entry | None, new: Entry | None
) -> Entry | None:
    """The user's staged change on top of the commit, when both fit together."""
    if own is None or new is None or own.mode != new.mode or not own.mode.startswith("100"):
        return None
    try:
        with tempfile.TemporaryDirectory(prefix="spark-tui-") as folder:
            names: list[str] = []
            for name, entry in (("own", own), ("old", old), ("new", new)):
                place = Path(folder) / name
                data = done(repo.git.run("cat-file", "blob", entry.oid)) if entry else b""
                place.write_bytes(data)
                names.append(str(place))
            said = repo.git.run("merge-file", "-p", "-q", "--", *names)
    except OSError:  # no room for it: the user's version stays
        return None
    if said.status != 0:
        return None
    stored = done(repo.git.run("hash-object", "-w", "--stdin", "--no-filters", input=said.out))
    return Entry(own.mode, stored.decode("ascii").strip())


# -- the lock ----------------------------------------------------------------------
def wait_for_index(
    repo: Repository,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Until nobody holds the user's index; after 3 s a sentence about who seems to."""
    deadline = clock() + LOCK_WAIT_S
    while (repo.git_dir / "index.lock").exists():
        if clock() > deadline:
            return lock_words(repo)
        sleep(_LOCK_STEP_S)
    return ""


def lock_words(repo: Repository, *, now: Callable[[], float] = time.time) -> str:
    """Which lock, how old, and who has it, as far as can be seen."""
    lock = repo.git_dir / "index.lock"
    try:
        age = max(0, round(now() - lock.stat().st_mtime))
    except OSError:
        return "The index was locked a moment ago."
    holders = [f"{name} (pid {pid})" for pid, name in _gits(repo.root)]
    if holders:
        who = f"{', '.join(holders[:3])} runs here and has it, it seems"
    else:
        who = "no git is seen here that has it: it may be left of one that was killed"
    return f"The index is locked: {lock} is {age} s old; {who}."


def _gits(root: Path) -> Iterator[tuple[int, str]]:
    """Other gits in this work tree; nothing where the system does not tell."""
    with contextlib.suppress(OSError):
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                is_git = words[0].rpartition(b"/")[2] == b"git"
                if is_git and (process / "cwd").readlink().is_relative_to(root):
                    yield int(process.name), f"git {_verb(words)}".strip()


def _verb(words: list[bytes]) -> str:
    """The command in a call of git.

    >>> _verb([b"git", b"-C", b"/x", b"commit", b"-m", b"y"])
    'commit'
    """
    for before, word in itertools.pairwise(words):
        if word and not word.startswith(b"-") and before not in (b"-C", b"-c"):
            return os.fsdecode(word)
    return ""


def _flagged(repo: Repository, paths: Sequence[str]) -> dict[str, list[str]]:
    """Entries that the person marked, by the option that marks them: a new entry has no mark."""
    marks: dict[str, list[str]] = {}
    for start in range(0, len(paths), 500):
        some = paths[start : start + 500]
        for record in done(repo.git.run("ls-files", "-v", "-z", "--", *some)).split(b"\0"):
            letter, path = record[:1], os.fsdecode(record[2:])
            if letter.islower():
                marks.setdefault("--assume-unchanged", []).append(path)
            if letter in (b"S", b"s"):
                marks.setdefault("--skip-worktree", []).append(path)
    return marks


def _flag(repo: Repository, marks: Mapping[str, Sequence[str]]) -> None:
    for option, paths in marks.items():
        names = b"".join(os.fsencode(path) + b"\0" for path in paths)
        repo.git.run("update-index", option, "-z", "--stdin", input=names)


def _update_users(repo: Repository, lines: bytes) -> bool:
    """Another git may hold the index for a moment."""
    deadline = time.monotonic() + LOCK_WAIT_S
    while update(repo, lines, None).status != 0:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOCK_STEP_S)
    return True


# -- plumbing ----------------------------------------------------------------------
def update(repo: Repository, lines: bytes, index: Path | None) -> Ran:
    """Put these lines into an index; ours is never split."""
    whole = ("-c", "core.splitIndex=false") if index is not None else ()
    return repo.git.run(*whole, "update-index", "-z", "--index-info", input=lines, index=index)


def index_line(mode: str, oid: str, path: str) -> bytes:
    return f"{mode} {oid}\t{path}\0".encode("utf-8", "surrogateescape")


def no_line(repo: Repository, path: str) -> bytes:
    """The path goes away."""
    return index_line("0", "0" * repo.oid_length, path)


def empty_tree(repo: Repository) -> str:
    """git knows it without having it; its name depends on the hash."""
    said = repo.git.run("hash-object", "-t", "tree", "--stdin", input=b"")
    return done(said).decode("ascii").strip()


def done(ran: Ran) -> bytes:
    if ran.status != 0:
        raise GitFault("git failed; nothing was committed.", hint=text(ran.err))
    return ran.out


def text(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip()
