"""What a discard makes of the files on the disk, and what takes it back.

The rule kept here: a discard goes back to the index, and only for what was shown; later work in
the same file stays, or nothing is done. Line ends are those that the file has on the disk. Writing
is putting.py's business. Blocking.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence

from spark_tui.edits.exact import carried, exact, exact_edits, with_endings
from spark_tui.errors import RefusedFault, SparkFault
from spark_tui.repo import staging
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.cleaning import cleaned, smudged
from spark_tui.repo.repository import Entry, Repository
from spark_tui.repo.scopes import LINK, RUNS, Pair
from spark_tui.repo.worktree import Worktree
from spark_tui.session.changing import Pick, data_of
from spark_tui.session.events import FilesWritten, Operated
from spark_tui.session.putting import Put
from spark_tui.session.state import SessionState
from spark_tui.session.versions import Clash, Kept, Step, digest, same, taken_out


def discarded(
    repository: Repository, worktree: Worktree, picks: Sequence[Pick]
) -> tuple[Put, list[str]]:
    """The files without what was picked, and why some cannot be had."""
    before: dict[str, Kept] = {}
    after: dict[str, Kept] = {}
    refused: list[str] = []
    now = staging.held(repository, [pick.file.path for pick in picks])
    for pick in picks:
        path, pair = pick.file.path, pick.file.pair
        if pick.file.held or pair is None:
            refused.append(pick.file.held)
            continue
        try:
            there = worktree.read_kept(path)
            made = _without(repository, pick, pair, now[path], there)
        except SparkFault as fault:
            refused.append(fault.message)
            continue
        if not same(there, made):
            before[path], after[path] = there, made
    return Put(before, after), refused


def put_back(
    state: SessionState, worktree: Worktree, store: CheckpointStore, act: Operated, *, is_undo: bool
) -> Put:
    """What takes a discard back, or does it again. Raises RefusedFault when one of the files was
    changed since on the same lines."""
    before: dict[str, Kept] = {}
    after: dict[str, Kept] = {}
    wrote = _written_by(state, act)
    was = store.load(wrote.checkpoint)
    for write in wrote.writes:
        path = write.path
        now = worktree.read_kept(path)
        if is_undo:
            step = Step(was[path], write.after, write.mode)
        else:
            left = None if write.after is None else store.blob(write.after)
            if write.after is not None and left is None:
                raise RefusedFault(f"What the discard made of {path} is not kept any more.")
            to: Kept = None if left is None else (left, write.mode)
            mode = 0o644 if (kept := was[path]) is None else kept[1]
            step = Step(to, digest(was[path]), mode)
        found = taken_out(path, now, step, store.blob)
        if isinstance(found, Clash):
            raise RefusedFault(f"{found.message}; nothing was changed.")
        if not same(now, found):
            before[path], after[path] = now, found
    return Put(before, after)


# -- private -----------------------------------------------------------------------
def _written_by(state: SessionState, act: Operated) -> FilesWritten:
    """The write that this entry of the log stands for."""
    discards = [write for write in state.writes if write.why == "discard"]
    entries = [entry.op for entry in state.operations if entry.kind == "discard"]
    return discards[entries.index(act.op)]


def _without(
    repository: Repository, pick: Pick, pair: Pair, held: staging.Held, there: Kept
) -> Kept:
    path = pair.path
    stale = RefusedFault(f"{path} changed since it was shown: look again")
    shown = None if pair.old is None else Entry(pair.old.mode, pair.old.oid)
    if held.why or held.entry != shown:
        raise RefusedFault(held.why or f"{path} was staged anew since it was shown: look again")
    if pair.rule.filter:
        raise RefusedFault(f"{path} goes through a filter: git restore -- {path}")
    is_as_shown = _is_shown(pair, there)
    if pick.is_whole:
        if not is_as_shown:
            raise stale
        return _from_index(repository, pair, there)
    made = data_of(pick, "discard")
    if made is None or there is None or stat.S_ISLNK(there[1]):
        raise stale
    mode, data = made
    raw, bits = there
    in_index = (pair.old.data if pair.old else None) or b""
    clean = cleaned(pair.rule, raw, in_index)
    wanted: bytes | None = data
    if not is_as_shown:
        was = (pair.new.data if pair.new else None) or b""
        wanted = carried(exact(path, was), exact(path, data), exact(path, clean))
    if wanted is None:
        raise stale
    edits = exact_edits(exact(path, clean), exact(path, wanted))
    crlf = clean != raw and raw.count(b"\r\n") * 2 > raw.count(b"\n")
    result = with_endings(exact(path, raw), edits, crlf=crlf)
    if cleaned(pair.rule, result, in_index) != wanted:
        raise RefusedFault(f"{path} has line ends of both kinds: git restore -p -- {path}")
    return result, _bits(bits, mode) if pair.new and mode != pair.new.mode else bits


def _from_index(repository: Repository, pair: Pair, there: Kept) -> Kept:
    """The whole file as a checkout would write it."""
    if pair.old is None:
        return None
    data = pair.old.data
    if data is None:
        data = staging.blob(repository, pair.old.oid)
    if data is None:
        raise RefusedFault(f"{pair.path} is not here: git restore -- {pair.path}")
    if pair.old.mode == LINK:
        return data, stat.S_IFLNK
    raw = smudged(pair.rule, data)
    if there is None or stat.S_ISLNK(there[1]):
        return raw, 0o755 if pair.old.mode == RUNS else 0o644
    is_other = pair.new is not None and pair.new.mode != pair.old.mode
    return raw, _bits(there[1], pair.old.mode) if is_other else there[1]


def _is_shown(pair: Pair, there: Kept) -> bool:
    if pair.new is None or there is None:
        return pair.new is None and there is None
    is_link = stat.S_ISLNK(there[1])
    return is_link == (pair.new.mode == LINK) and pair.new.digest == staging.digest(there[0])


def _bits(bits: int, mode: str) -> int:
    return bits | ((bits & 0o444) >> 2) if mode == RUNS else bits & ~0o111
