"""What differs, in three scopes: work tree against index, index against HEAD, branch against base.

The rule kept here: looking changes and runs nothing. One `git status` finds the paths, one
`cat-file --batch` all their bytes, however many there are. How versions become hunks, and what is
done with them, is others' business (edits/exact.py, staging.py).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from spark_tui.errors import GitFault, SparkFault
from spark_tui.repo.cleaning import AS_IT_IS, Rule, Rules, cleaned
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree

Scope = Literal["worktree", "staged", "branch"]

MAX_FILES = 300
MAX_BYTES = 1_000_000

TOO_LARGE = "too large to show"
UNREAD = "too large to show, or not fetched"

FILE, RUNS, LINK, SUBMODULE = "100644", "100755", "120000", "160000"


@dataclass(frozen=True, slots=True)
class Version:
    """One side of a difference."""

    mode: str
    """Octal as git writes it."""
    oid: str = ""
    """"" for a file of the work tree."""
    data: bytes | None = None
    """As the index has it, or would; of a link its target. None: not read."""
    digest: str = ""
    """Of the bytes on the disk."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One path and its two versions; None: there is none."""

    path: str
    old: Version | None
    new: Version | None
    rule: Rule = AS_IT_IS
    note: str = ""
    """Why its bytes are not shown."""
    held: str = ""
    """Why nothing can be done with it here: the sentence names it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The differences of one scope."""

    scope: Scope
    base: str = ""
    """Of a branch: what it is compared with, as a name."""
    pairs: tuple[Pair, ...] = ()
    more: int = 0
    """Paths beyond those that are shown."""


@dataclass(frozen=True, slots=True)
class _Record:
    """One line of `git status`: modes and names in HEAD and index, mode on the disk."""

    path: str
    xy: str
    sub: str = "N..."
    modes: tuple[str, str, str] = ("000000", "000000", "000000")
    oids: tuple[str, str] = ("", "")


def look(repository: Repository, worktree: Worktree, scope: Scope) -> Looked:
    """What differs there now. Blocking."""
    if scope == "branch":
        return _branch(repository)
    records = _status(repository)
    if scope == "staged":
        wanted = [r for r in records if r.xy[0] not in ".?" and not r.xy.startswith("u")]
        pairs = [_staged(record) for record in wanted[:MAX_FILES]]
        return Looked(scope, "", _filled(repository, pairs), max(0, len(wanted) - MAX_FILES))
    wanted = [r for r in records if r.xy[1] != "."]
    paths = [record.path for record in wanted[:MAX_FILES]]
    rules = Rules(repository, paths)
    pairs = [_on_disk(record, rules.of(record.path)) for record in wanted[:MAX_FILES]]
    filled = _filled(repository, pairs)
    read = [_read(worktree, pair, sees_bits=rules.sees_bits) for pair in filled]
    shown = tuple(pair for pair in read if not _is_same(pair))
    return Looked(scope, "", shown, max(0, len(wanted) - MAX_FILES))


def blobs(repository: Repository, oids: Iterable[str]) -> dict[str, bytes | None]:
    """Bytes by name; None where they are too large to show or not here."""
    wanted = list(dict.fromkeys(oid for oid in oids if oid.strip("0")))
    known = sizes(repository, wanted)
    small = [oid for oid in wanted if 0 <= known.get(oid, -1) <= MAX_BYTES]
    found: dict[str, bytes | None] = dict.fromkeys(wanted)
    if small:
        asked = "".join(f"{oid}\n" for oid in small).encode("ascii")
        answer = _ok(repository, "cat-file", "--batch", input=asked)
        start = 0
        for oid in small:
            end = answer.index(b"\n", start) + 1
            size = known[oid]
            found[oid] = answer[end : end + size]
            start = end + size + 1
    return found


def read_disk(worktree: Worktree, path: str) -> tuple[str, bytes] | None:
    """Mode and bytes of what is there, a link's target for a link; None: nothing is."""
    if worktree.kind(path) == "directory":
        return None
    kept = worktree.read_kept(path)
    if kept is None:
        return None
    data, mode = kept
    if stat.S_ISLNK(mode):
        return LINK, data
    return (RUNS if mode & 0o100 else FILE), data


# -- private -----------------------------------------------------------------------
def _status(repository: Repository) -> list[_Record]:
    """Sorted by path."""
    said = repository.git.run(
        *("status", "--porcelain=v2", "-z", "--untracked-files=all"),
        *("--ignore-submodules=dirty", "--no-renames"),
        timeout_s=120,
    )
    if said.status != 0:
        raise GitFault("git failed.", hint=said.err.decode("utf-8", "replace").strip())
    records: list[_Record] = []
    for record in os.fsdecode(said.out).split("\0"):
        match record[:2]:
            case "1 ":
                _, xy, sub, head, index, disk, was, now, path = record.split(" ", 8)
                records.append(_Record(path, xy, sub, (head, index, disk), (was, now)))
            case "u ":
                records.append(_Record(record.split(" ", 10)[10], "uu"))
            case "? ":
                records.append(_Record(record[2:], "??"))
    return sorted(records, key=lambda record: record.path)


def _staged(record: _Record) -> Pair:
    head, index, _ = record.modes
    was, now = record.oids
    pair = Pair(record.path, _version(head, was), _version(index, now))
    if SUBMODULE in (head, index):
        return replace(pair, note="submodule", held=_submodule(record.path))
    return pair


def _on_disk(record: _Record, rule: Rule) -> Pair:
    path = record.path
    if record.xy == "uu":
        words = f"{path} has conflicts: resolve them, then git add -- {path}"
        return Pair(path, None, None, rule, "conflict", words)
    if record.xy == "??":
        if path.endswith("/"):
            words = f"{path} is a repository of its own: spark-tui {path}"
            return Pair(path, None, None, rule, "repository", words)
        return Pair(path, None, Version(FILE), rule)
    _, index, disk = record.modes
    if SUBMODULE in (index, disk):
        return Pair(path, _version(index, record.oids[1]), _version(disk, ""), rule,
                    "submodule", _submodule(path))  # fmt: skip
    if record.xy == ".A":
        words = f"{path} was announced by git add -N: git add -- {path}"
        return Pair(path, None, _version(disk, ""), rule, "announced", words)
    return Pair(path, _version(index, record.oids[1]), _version(disk, ""), rule)


def _version(mode: str, oid: str) -> Version | None:
    return None if mode == "000000" else Version(mode, oid)


def _submodule(path: str) -> str:
    return f"{path} is a submodule: git add -- {path}, or git reset -- {path}"


def _filled(repository: Repository, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """With the bytes that git holds."""
    versions = [v for p in pairs if p.note != "submodule" for v in (p.old, p.new) if v and v.oid]
    kept = blobs(repository, (version.oid for version in versions))

    def fill(version: Version | None) -> Version | None:
        if version is None or version.oid not in kept:
            return version
        return replace(version, data=kept[version.oid])

    done = (replace(pair, old=fill(pair.old), new=fill(pair.new)) for pair in pairs)
    return tuple(_sized(pair) if not pair.note else pair for pair in done)


def _sized(pair: Pair) -> Pair:
    is_unread = any(v is not None and v.oid and v.data is None for v in (pair.old, pair.new))
    return replace(pair, note=UNREAD) if is_unread else pair


def _read(worktree: Worktree, pair: Pair, *, sees_bits: bool) -> Pair:
    """With the bytes on the disk."""
    if pair.new is None or pair.note in ("submodule", "repository", "conflict"):
        return pair
    try:
        there = read_disk(worktree, pair.path)
    except SparkFault as fault:
        return replace(pair, note="not read", held=fault.message)
    if there is None:
        return replace(pair, new=None)
    mode, raw = there
    if pair.old is not None and pair.new.mode != mode:
        # git was told not to look at executable bits, or keeps links as files.
        if LINK in (pair.new.mode, mode):
            words = (
                f"{pair.path} is a link in the index and none on the disk: git add -- {pair.path}"
            )
            return replace(pair, note="link", held=words)
        mode = pair.new.mode
    elif mode == RUNS and not sees_bits:
        mode = pair.new.mode
    digest = hashlib.sha256(raw).hexdigest()
    if len(raw) > MAX_BYTES:
        return replace(pair, new=Version(mode, digest=digest), note=pair.note or TOO_LARGE)
    data = raw if mode == LINK else cleaned(pair.rule, raw, pair.old.data if pair.old else None)
    return replace(pair, new=Version(mode, "", data, digest))


def _is_same(pair: Pair) -> bool:
    """git was not sure; the bytes are."""
    old, new = pair.old, pair.new
    if pair.held or pair.rule.filter:
        return False
    if old is None or new is None:
        return old is new
    return old.mode == new.mode and old.data is not None and old.data == new.data


def _branch(repository: Repository) -> Looked:
    head = repository.tip()
    named = _base(repository) if head else None
    if head is None or named is None:
        return Looked("branch")
    name, base = named
    fields = os.fsdecode(
        _ok(repository, "diff-tree", "-r", "-z", "--no-renames", base, head)
    ).split("\0")
    pairs: list[Pair] = []
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old, new, _ = meta.removeprefix(":").split(" ")
        note = "submodule" if SUBMODULE in (old_mode, new_mode) else ""
        pairs.append(Pair(path, _version(old_mode, old), _version(new_mode, new), note=note))
    shown = _filled(repository, pairs[:MAX_FILES])
    return Looked("branch", name, shown, max(0, len(pairs) - MAX_FILES))


def _base(repository: Repository) -> tuple[str, str] | None:
    """What this branch is compared with, by name, and the commit where they part."""
    for name in ("@{upstream}", "refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/master"):
        said = repository.git.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if said.status != 0:
            continue
        parted = repository.git.run("merge-base", "HEAD", said.out.decode("ascii").strip())
        if parted.status == 0 and parted.out:
            shown = repository.git.run("rev-parse", "--abbrev-ref", name)
            text = os.fsdecode(shown.out.strip()) if shown.status == 0 else name
            return text.removeprefix("heads/"), parted.out.decode("ascii").strip()
    return None


def sizes(repository: Repository, oids: Sequence[str]) -> dict[str, int]:
    """The sizes of those blobs that are here. In a partial clone git gives up at the first that is
    not: then it is asked for each."""
    if not oids:
        return {}
    form = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
    asked = "".join(f"{oid}\n" for oid in oids).encode("ascii")
    said = repository.git.run("cat-file", form, input=asked, timeout_s=120)
    if said.status != 0 and len(oids) > 1:
        return {oid: size for one in oids for oid, size in sizes(repository, (one,)).items()}
    found: dict[str, int] = {}
    for line in said.out.decode("utf-8", "replace").splitlines():
        match line.split(" "):
            case [oid, "blob", size]:
                found[oid] = int(size)
            case _:
                pass
    return found


def _ok(repository: Repository, *args: str, input: bytes | None = None) -> bytes:
    said = repository.git.run(*args, input=input, timeout_s=120)
    if said.status != 0:
        raise GitFault("git failed.", hint=said.err.decode("utf-8", "replace").strip())
    return said.out
