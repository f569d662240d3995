"""Which index entries an act makes, and which ones take it back.

The rule kept here: an entry that is not the one that was shown is merged by lines or left alone;
what cannot be done right is refused by name, with the git command to use. Blobs may be written,
the index is not: that is staging.py's. Blocking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from spark_tui.edits.exact import carried, exact
from spark_tui.edits.rebase import Already, Meanwhile
from spark_tui.errors import SparkFault
from spark_tui.repo import staging
from spark_tui.repo.cleaning import cleaned, is_lossy
from spark_tui.repo.repository import Entry, Repository
from spark_tui.repo.scopes import LINK, Pair, Version, blobs, read_disk
from spark_tui.repo.worktree import Worktree
from spark_tui.session.changing import Act, Pick, data_of, picked_edits
from spark_tui.session.events import IndexChanged

_NEW_MODES = ("100644", "100755")


@dataclass(slots=True)
class Plan:
    """Entries as they are and as they shall be; the same paths in both."""

    before: dict[str, Entry | None] = field(default_factory=dict)
    after: dict[str, Entry | None] = field(default_factory=dict)
    kept: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    """The bytes of the entries before."""
    refused: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Wanted:
    """What an entry shall hold: bytes still to be stored, or a name."""

    mode: str
    data: bytes | None = None
    oid: str = ""


class _Blobs:
    """The bytes of entries, read together; large ones one by one, when they are asked for."""

    def __init__(self, repository: Repository, entries: Iterable[Entry | None]) -> None:
        self._repository = repository
        self._known = blobs(repository, (e.oid for e in entries if e is not None))

    def of(self, entry: Entry | None) -> bytes | None:
        if entry is None:
            return None
        data = self._known.get(entry.oid)
        return staging.blob(self._repository, entry.oid) if data is None else data


def planned(repository: Repository, worktree: Worktree, act: Act, picks: Sequence[Pick]) -> Plan:
    """The entries after a stage or unstage of these."""
    plan = Plan()
    paths = [pick.file.path for pick in picks]
    now = staging.held(repository, paths)
    held = _Blobs(repository, (found.entry for found in now.values()))
    head = repository.tree(paths) if act == "unstage" else {}
    wanted: dict[str, _Wanted | None] = {}
    for pick in picks:
        path, pair = pick.file.path, pick.file.pair
        why = pick.file.held or now[path].why
        if not why and pair is not None:
            if act == "stage":
                found = _staged(repository, worktree, pick, pair, now[path].entry, held)
            elif head.get(path) != _entry(pair.old):
                found = f"HEAD has another {path} by now: look again"
            else:
                found = _unstaged(pick, pair, now[path].entry, held)
            if isinstance(found, str):
                why = found
            else:
                wanted[path] = found
        if why:
            plan.refused.append(why)
    for path, other in _displaced(repository, wanted, now).items():
        plan.refused.append(
            f"{path} cannot be staged while the index has {other}: stage that first"
        )
        del wanted[path]
    _settle(repository, plan, wanted, {path: found.entry for path, found in now.items()}, held)
    return plan


def taken_back(
    repository: Repository,
    entries: Mapping[str, tuple[str, str]],
    kept: Callable[[str], Sequence[bytes]],
) -> Plan:
    """The entries after an act is taken back: by path, (wanted, left by the act) as text. What was
    staged since is kept by lines, or nothing is done."""
    plan = Plan()
    now = staging.held(repository, list(entries))
    held = _Blobs(repository, (found.entry for found in now.values()))
    earlier = [entry.oid for to, _ in entries.values() if (entry := staging.as_entry(to))]
    gone = staging.missing(repository, earlier)
    wanted: dict[str, _Wanted | None] = {}
    for path, (to_text, left_text) in entries.items():
        to, left, here = staging.as_entry(to_text), staging.as_entry(left_text), now[path].entry
        if now[path].why:
            plan.refused.append(now[path].why)
        elif here == left:
            wanted[path] = _known(repository, path, to, gone, kept)
        elif here != to:
            merged = _merged(repository, path, left, to, here, kept)
            if merged is None:
                plan.refused.append(f"{path} was staged anew since on the same lines; it stays")
            else:
                wanted[path] = merged
    if plan.refused:
        return plan
    _settle(repository, plan, wanted, {path: found.entry for path, found in now.items()}, held)
    return plan


def head_changed(repository: Repository, change: IndexChanged) -> list[str]:
    """The paths that HEAD has otherwise by now: after a commit the way back of a stage would stage
    the opposite."""
    paths = [entry.path for entry in change.entries]
    if (repository.tip() or "") == change.head:
        return []
    now = repository.tree(paths)
    then = repository.tree(paths, change.head) if change.head else {}
    return [path for path in paths if now.get(path) != then.get(path)]


# -- one file ----------------------------------------------------------------------
def _staged(
    repository: Repository,
    worktree: Worktree,
    pick: Pick,
    pair: Pair,
    now: Entry | None,
    held: _Blobs,
) -> _Wanted | str | None:
    path = pair.path
    try:
        disk = read_disk(worktree, path)
    except SparkFault as fault:
        return fault.message
    is_as_shown = _is_shown(pair.new, disk)
    stale = f"{path} changed since it was shown: look again"
    index = held.of(now)
    if disk is not None and disk[0] != LINK and is_lossy(pair.rule, disk[1], index):
        return f"core.safecrlf forbids to stage {path}: its line ends would not come back"
    if pick.is_whole or pair.rule.filter:
        if not is_as_shown or now != _entry(pair.old):
            return stale
        if disk is None or pair.new is None:
            return None
        mode, raw = pair.new.mode, disk[1]
        if pair.rule.filter and mode != LINK:
            return _Wanted(mode, oid=staging.store_filtered(repository, path, raw))
        return _Wanted(mode, raw if mode == LINK else cleaned(pair.rule, raw, index))
    made = data_of(pick, "stage")
    if made is None or pair.old is None or now is None or index is None or disk is None:
        return stale
    mode, data = made
    shown = exact(path, pair.old.data or b"")
    if now != _entry(pair.old):
        found = carried(shown, exact(path, data), exact(path, index))
        if found is None or now.mode != pair.old.mode:
            return stale
        data = found
    if not is_as_shown:
        there = exact(path, cleaned(pair.rule, disk[1], index))
        holds = isinstance(Meanwhile(shown, there).rebased(picked_edits(pick)), Already)
        if not holds or disk[0] not in _NEW_MODES or mode != pair.old.mode:
            return stale
    return _Wanted(mode, data)


def _unstaged(pick: Pick, pair: Pair, now: Entry | None, held: _Blobs) -> _Wanted | str | None:
    path = pair.path
    stale = f"{path} was staged anew since it was shown: look again"
    if pick.is_whole:
        if now != _entry(pair.new):
            return stale
        return None if pair.old is None else _Wanted(pair.old.mode, oid=pair.old.oid)
    made = data_of(pick, "unstage")
    if made is None or pair.new is None or now is None:
        return stale
    mode, data = made
    if now != _entry(pair.new):
        index = held.of(now)
        shown = exact(path, pair.new.data or b"")
        found = None if index is None else carried(shown, exact(path, data), exact(path, index))
        if found is None or now.mode != pair.new.mode:
            return stale
        data = found
    return _Wanted(mode, data)


def _known(
    repository: Repository,
    path: str,
    entry: Entry | None,
    gone: frozenset[str],
    kept: Callable[[str], Sequence[bytes]],
) -> _Wanted | None:
    """An earlier entry; its bytes are stored again where git has thrown them away."""
    if entry is None:
        return None
    if entry.oid in gone:
        for data in kept(path):
            if staging.name_of(repository, data) == entry.oid:
                return _Wanted(entry.mode, data)
    return _Wanted(entry.mode, oid=entry.oid)


def _merged(
    repository: Repository,
    path: str,
    left: Entry | None,
    to: Entry | None,
    now: Entry | None,
    kept: Callable[[str], Sequence[bytes]],
) -> _Wanted | None:
    """`now` with what makes `to` of what the act had left."""
    if left is None or to is None or now is None:
        return None
    if not {left.mode, to.mode, now.mode} <= frozenset(_NEW_MODES):
        return None
    base, goal, here = (_any_bytes(repository, path, e, kept) for e in (left, to, now))
    if base is None or goal is None or here is None or b"\0" in base + goal + here:
        return None
    data = carried(exact(path, base), exact(path, goal), exact(path, here))
    mode = to.mode if now.mode == left.mode else now.mode
    return None if data is None else _Wanted(mode, data)


# -- shared ------------------------------------------------------------------------
def _settle(
    repository: Repository,
    plan: Plan,
    wanted: Mapping[str, _Wanted | None],
    now: Mapping[str, Entry | None],
    held: _Blobs,
) -> None:
    """Names for the bytes; what would change nothing is left out."""
    new = [path for path, want in wanted.items() if want is not None and want.data is not None]
    contents = [want.data for p in new if (want := wanted[p]) and want.data is not None]
    names = dict(zip(new, staging.store(repository, contents), strict=True))
    for path, want in wanted.items():
        entry = None if want is None else Entry(want.mode, names.get(path, want.oid))
        if entry == now[path]:
            continue
        plan.before[path], plan.after[path] = now[path], entry
        data = held.of(now[path])
        if data is not None:
            plan.kept[path] = (data, 0o644)


def _displaced(
    repository: Repository,
    wanted: Mapping[str, _Wanted | None],
    now: Mapping[str, staging.Held],
) -> dict[str, str]:
    """New entries which git would make room for by dropping others that are to stay."""
    new = [path for path, want in wanted.items() if want is not None and now[path].entry is None]
    gone = {path for path, want in wanted.items() if want is None}
    found = staging.in_the_way(repository, new) if new else {}
    return {path: other for path, other in found.items() if other not in gone}


def _is_shown(new: Version | None, disk: tuple[str, bytes] | None) -> bool:
    if new is None or disk is None:
        return new is None and disk is None
    kinds = (new.mode == LINK) == (disk[0] == LINK)
    return kinds and new.digest == staging.digest(disk[1])


def _entry(version: Version | None) -> Entry | None:
    return None if version is None else Entry(version.mode, version.oid)


def _any_bytes(
    repository: Repository, path: str, entry: Entry, kept: Callable[[str], Sequence[bytes]]
) -> bytes | None:
    data = staging.blob(repository, entry.oid)
    if data is not None:
        return data
    found = (d for d in kept(path) if staging.name_of(repository, d) == entry.oid)
    return next(found, None)
