"""Back to a moment of the operation log: files, and how the hunks stood, by one act of its own.

The rule kept here: what later acts of ours changed is taken out of the files as they are now, the
newest first, so what a person has done since stays; where both touched the same lines nothing of
that file is written, unless they say so. Commits are never moved. How bytes merge is versions.py's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from spark_tui.edits.changeset import Kind
from spark_tui.errors import GitFault, RefusedFault, SparkFault, UsageFault
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session.events import HunkStood
from spark_tui.session.journals import journal_of
from spark_tui.session.policy import is_below
from spark_tui.session.putting import Put, Putting
from spark_tui.session.reindexing import Entries, Reindexing
from spark_tui.session.restore_plan import Change, Restored, RestoredFile, RestorePlan, counts
from spark_tui.session.since import Moment, Since, since, stood
from spark_tui.session.standing import Act, HunkState, path_now
from spark_tui.session.state import SessionState
from spark_tui.session.versions import (
    Clash,
    Kept,
    Step,
    digest,
    in_a_row,
    is_link,
    runs,
    same,
    taken_out,
)

_INDEX = "(index)/"
"""What a checkpoint of staging.py has in front of its paths."""


class Alone(Protocol):
    """`Review.exclusive`."""

    def __call__(self, job: Callable[[], Awaitable[Any]]) -> Awaitable[Any]: ...


class Restoring:
    """Restores of one session."""

    def __init__(
        self,
        *,
        state: SessionState,
        worktree: Worktree,
        store: CheckpointStore,
        putting: Putting,
        reindexing: Reindexing,
        promise: Callable[..., Awaitable[None]],
    ) -> None:
        self._state = state
        self._worktree = worktree
        self._store = store
        self._putting = putting
        self._reindexing = reindexing
        self._promise = promise
        self.alone: Alone | None = None
        """The review's lock: set by whoever composes the two."""

    async def preview(
        self, moment: Moment, named: Collection[str] | None = None, *, take: bool = False
    ) -> RestorePlan:
        """What `restore` would do now, for these files or folders; nothing is changed."""
        paths = None if named is None else _Below(named)
        found = await self._putting.off(lambda: self._look(moment, paths, take=take))
        return self._plan(found, paths)

    async def restore(
        self, moment: Moment, paths: Collection[str] | None = None, *, take: bool = False
    ) -> Restored:
        """Do it, as one act. `take`: also files in which a person's later work is in the way;
        that is in the checkpoint then."""
        assert self.alone is not None  # noqa: S101 - composed so
        job = self.alone(lambda: self.restore_now(moment, paths, take=take))
        done: Restored = await job
        return done

    async def restore_now(
        self,
        moment: Moment,
        paths: Collection[str] | None = None,
        *,
        take: bool = False,
        by: str = "person",
        what: str = "",
    ) -> Restored:
        """The same, for who holds the review lock already."""
        plan = await self.preview(moment, paths, take=take)
        what = what or f"Back to {moment.words}"
        if plan.does_nothing and (by == "person" or plan.clashes):
            return Restored(plan, not plan.clashes, what=what)
        op = len(self._state.operations) + 1
        event = ev.HunksRestored(op, plan.to, plan.hunks, by)
        checkpoint = ""
        if plan.put.after:
            ids = [row.hunk for row in plan.hunks]
            checkpoint = await self._putting.put(plan.put, why="restore", about=ids, restored=event)
        else:
            await self._promise(event)
        late = ""
        try:
            await self._reindexing.put_back(plan.index, op)
        except SparkFault as fault:  # what is done stays done
            late = f"{fault.message} {fault.hint}".strip()
        return Restored(plan, True, checkpoint, op, what, late)

    async def take_back(self, act: Act) -> Restored:
        """Undo of a restore: what it did, and only that, is taken out again."""
        what = f"The restore o{act.op} is taken back"
        return await self.restore_now(Moment(only=act.op), by="undo", what=what)

    async def do_again(self, act: Act) -> Restored:
        """Redo of a restore: what its undo did is taken out again."""
        undo = next(
            (o.op for o in reversed(self._state.operations)
             if o.kind == "undo" and o.takes_back == act.op), 0,
        )  # fmt: skip
        what = f"The restore o{act.op} is done again"
        return await self.restore_now(Moment(only=undo), by="redo", what=what)

    # -- files: in the write thread ------------------------------------------------
    def _look(self, moment: Moment, paths: Container[str] | None, *, take: bool) -> _Found:
        journal = journal_of(self._store.folder, self._state.session)
        past = since(journal, moment)
        found = _Found(past)
        if past.found:
            self._take_out(found, paths, take=take)
        elif moment.checkpoint:
            self._from_checkpoint(found, moment.checkpoint, paths, take=take)
        else:
            raise UsageFault(
                f"There is no entry o{moment.after or moment.only} in this session.",
                hint="See spark-tui log.",
            )
        if moment.checkpoint and past.found:
            kept = self._load(found, moment.checkpoint)
            found.results = {p: r for p, r in found.results.items() if p in kept}
        if past.found and past.index and not moment.checkpoint:
            found.index = self._reindexing.look(past.index, paths)
        return found

    def _take_out(self, found: _Found, paths: Container[str] | None, *, take: bool) -> None:
        steps: dict[str, list[Step]] = {}
        for write in found.past.writes:
            for row in write.writes:
                own = steps.setdefault(row.path, [])
                last = own[-1] if own else None
                if last and last.after == row.before and runs(last.mode) == runs(row.mode):
                    own[-1] = Step(last.before, row.after, row.mode)  # nobody came between
                    continue
                files = self._load(found, write.checkpoint)
                if row.path not in files:
                    why = f"what {row.path} was then is not kept any more"
                    found.results[row.path] = _Result(None, None, why, is_out=True)
                own.append(Step(files.get(row.path), row.after, row.mode))
        found.touched = frozenset(steps)
        for path, own in steps.items():
            if paths is not None and path not in paths:
                found.results.pop(path, None)
            if path in found.results or (paths is not None and path not in paths):
                continue
            now: Kept = None
            try:
                now = self._worktree.read_kept(path)
                result: Kept | Clash = self._without(path, now, own, found)
            except RefusedFault as fault:
                found.results[path] = _Result(None, None, fault.message, is_out=True)
                continue
            if isinstance(result, Clash):
                to = own[0].before if take else now
                found.results[path] = _Result(now, to, result.message, is_out=not take)
            else:
                found.results[path] = _Result(now, result)

    def _load(self, found: _Found, checkpoint: str) -> Mapping[str, Kept]:
        """Its files; none where it was pruned."""
        if checkpoint not in found.kept:
            try:
                found.kept[checkpoint] = self._store.load(checkpoint)
            except GitFault:
                found.kept[checkpoint] = {}
        return found.kept[checkpoint]

    def _without(self, path: str, now: Kept, steps: Sequence[Step], found: _Found) -> Kept | Clash:
        for step in reversed(in_a_row(steps)):
            result = taken_out(path, now, step, lambda name: self._bytes(name, found))
            if isinstance(result, Clash):
                return result
            now = result
        return now

    def _from_checkpoint(
        self, found: _Found, checkpoint: str, paths: Container[str] | None, *, take: bool
    ) -> None:
        """A checkpoint that no write of this session has: its bytes, and nothing to merge with."""
        files = self._store.load(checkpoint)
        if any(path.startswith(_INDEX) for path in files):
            raise UsageFault(
                f"Checkpoint {checkpoint[:9]} is of the index, not of files.",
                hint="Restore the entry of the log before it: spark-tui log.",
            )
        for path, kept in files.items():
            if paths is not None and path not in paths:
                continue
            now = self._worktree.read_kept(path)
            if same(now, kept) or take:
                found.results[path] = _Result(now, kept)
            else:
                why = f"{path} differs, and what it became by our hand is not known"
                found.results[path] = _Result(now, now, why, is_out=True)

    def _bytes(self, name: str, found: _Found) -> bytes | None:
        for files in found.kept.values():
            for kept in files.values():
                if kept is not None and digest(kept) == name:
                    return kept[0]
        snapshot = self._state.snapshots.get(name)
        return snapshot.data if snapshot is not None else self._store.blob(name)

    # -- hunks: on the loop ----------------------------------------------------------
    def _plan(self, found: _Found, paths: Container[str] | None) -> RestorePlan:
        past, state = found.past, self._state
        self._hold_together(found)
        done = {p for p, r in found.results.items() if not r.is_out}
        hunks = tuple(
            row for row in past.stood.values()
            if row.hunk in state.hunks and _differs(row, stood(state, row.hunk))
            and self._follows(state.hunks[row.hunk], found, done, paths)
        )  # fmt: skip
        made = [o.commit for o in past.operations if o.kind in ("commit", "amend")]
        standing = {c.commit for c in state.commits}
        changing = {
            p: r for p, r in found.results.items() if not same(r.now, r.to) and not r.is_out
        }
        return RestorePlan(
            past.to,
            tuple(_file(path, result) for path, result in sorted(found.results.items())),
            hunks,
            tuple(c for c in dict.fromkeys(made) if c in standing),
            tuple(dict.fromkeys(o.note for o in past.operations if o.note)),
            Put({p: r.now for p, r in changing.items()}, {p: r.to for p, r in changing.items()}),
            found.index,
        )

    def _hold_together(self, found: _Found) -> None:
        """Where one side of a move is left alone, so is the other."""
        for hid in found.past.stood:
            hunk = self._state.hunks.get(hid)
            if hunk is None or hunk.kind is not Kind.MOVE or not hunk.move_to:
                continue
            for one, other in ((hunk.path, hunk.move_to), (hunk.move_to, hunk.path)):
                left, result = found.results.get(one), found.results.get(other)
                if left is not None and left.is_out and result is not None and not result.is_out:
                    why = f"it belongs to {one}, which is left alone"
                    found.results[other] = _Result(result.now, result.now, why, is_out=True)

    def _follows(
        self, hunk: HunkState, found: _Found, done: set[str], paths: Container[str] | None
    ) -> bool:
        """A hunk goes back with its files, all of them."""
        own = {hunk.path, hunk.move_to or hunk.path, path_now(hunk, self._state.moves())}
        if paths is not None and not any(path in paths for path in own):
            return False
        return own & found.touched <= done


@dataclass(frozen=True, slots=True)
class _Result:
    """What becomes of a path."""

    now: Kept
    to: Kept
    clash: str = ""
    is_out: bool = False
    """It is left alone."""


@dataclass(slots=True)
class _Found:
    """What was read for one restore."""

    past: Since
    kept: dict[str, Mapping[str, Kept]] = field(default_factory=dict)
    """Checkpoints that were loaded."""
    touched: frozenset[str] = frozenset()
    """All paths that were written since."""
    results: dict[str, _Result] = field(default_factory=dict)
    index: Entries = field(default_factory=Entries)


class _Below:
    """Files, and whatever is in folders."""

    def __init__(self, places: Collection[str]) -> None:
        self._places = tuple(places)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and is_below(path, self._places)


def _differs(one: HunkStood, other: HunkStood) -> bool:
    return (one.status, one.is_written, one.parts) != (other.status, other.is_written, other.parts)


def _file(path: str, result: _Result) -> RestoredFile:
    now, to = result.now, result.to
    if same(now, to) or result.is_out:
        return RestoredFile(path, "", clash=result.clash)
    added, removed = counts(path, now, to)
    change: Change = "add" if now is None else "delete" if to is None else "update"
    if now is not None and to is not None and now[0] == to[0] and is_link(now) == is_link(to):
        change = "mode"
    return RestoredFile(path, change, added, removed, result.clash)
