"""A commit of ours is taken back, or comes back: its branch, the index and the files.

    drop        off its branch, where only that holds it; then its hunks leave the files
    revert      else, by a person's word: a commit against it; then the same
    bring back  its hunks go into the files again; then the branch goes back to it

The rule kept here: only commits that this session made, only their hunks; a person's later edits
stay. The order is one in which every moment is a state that makes sense: a commit that left its
branch before its hunks left the files is "accepted, not committed". A process that is killed in
between is followed by uncommit_recovery.py. git is repo/uncommit.py's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

from spark_tui.errors import SparkFault, UsageFault
from spark_tui.repo import uncommit
from spark_tui.repo.commits import CommitRefused, CommitRequest, carry_out, prepare
from spark_tui.repo.repository import Repository
from spark_tui.repo.uncommit import Kept, Tip
from spark_tui.repo.worktree import NotPutBack
from spark_tui.session import events as ev
from spark_tui.session.deciding import Acted, names
from spark_tui.session.events import CommitUndone, Decision, Event, HunkId, HunksDecided
from spark_tui.session.review import Review
from spark_tui.session.state import Act, HunkState, SessionState, Status
from spark_tui.session.undo_preview import Preview, of_commit, of_hunks, of_restore
from spark_tui.session.writes import Writes

T = TypeVar("T")


class Undoing:
    """The verbs of one session that are about its commits, and what undo would do."""

    def __init__(
        self,
        *,
        state: SessionState,
        repository: Callable[[], Repository | None],
        review: Review,
        writes: Writes,
        threads: Executor,
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
        record: Callable[[Event], Awaitable[None]],
        trailer: Callable[[Sequence[HunkState]], str | None],
        look: Callable[[], Awaitable[None]],
        folder: Path,
    ) -> None:
        self._state = state
        self._repository = repository
        self._review = review
        self._writes = writes
        self._threads = threads
        self._emit = emit
        self._promise = promise
        self._record = record
        self._trailer = trailer
        self._look = look
        self._folder = folder

    # -- looking ---------------------------------------------------------------
    @property
    def is_about_commit(self) -> bool:
        """The newest thing that can be taken back is a commit, not a turn."""
        state = self._state
        if not state.commits:
            return False
        newest = state.commits[-1].commit
        made = max((o.op for o in state.operations if o.commit == newest), default=0)
        later = (o for o in state.operations if o.op > made and o.kind in ("accept", "redo"))
        waiting = {h.id for h in state.accepted_hunks() if not h.undoes}
        return not waiting or (made > 0 and not any(waiting & {*o.hunks} for o in later))

    @property
    def can_bring_back(self) -> bool:
        """A commit was taken back last, whether or not its hunks are in their files again."""
        return self._taken_back() is not None

    def _taken_back(self) -> Act | None:
        back = self._state.taken_back
        last = back[-1] if back else None
        if last is None or last.uncommitted is not None:
            return last
        below = back[-2] if len(back) > 1 else None
        is_one = below is not None and below.uncommitted is not None and below.op == last.op
        return below if is_one else None

    async def preview_newest(self) -> Preview:
        """Of the newest commit, where that is the newest thing; else of the last turn."""
        if self.is_about_commit:
            return await self.preview(commit="")
        return await self.preview(turn=self._review.back.turn_to_undo(None))

    async def preview(self, *, turn: int | None = None, commit: str | None = None) -> Preview:
        """What undo would do, with nothing done: of the last decision, of a turn, or of a commit
        ("" is the newest). Raises UsageFault for a commit that is not known."""
        if commit is not None:
            made = self._made(commit)
            return await self._review.exclusive(lambda: self._preview_commit(made))
        if turn is not None:
            hunks = self._review.back.accepted_of(turn)
            return await self._review.exclusive(
                lambda: of_hunks("turn", self._state, self._review.deciding, hunks, turn=turn)
            )
        if (plan := await self._review.back.restored_next()) is not None:
            return of_restore(plan)
        hunks = self._review.back.undone_next()
        return await self._review.exclusive(
            lambda: of_hunks("decision", self._state, self._review.deciding, hunks)
        )

    async def _preview_commit(self, made: ev.Committed) -> Preview:
        repository = self._git()
        found = await self._off(lambda: self._found(repository, made))
        hunks = self._of(made.commit)
        return await of_commit(self._state, self._review.deciding, made, hunks, found)

    # -- taking a commit back --------------------------------------------------
    async def undo_commit(
        self, commit: str = "", *, keep: bool = False, revert: bool = False
    ) -> Acted:
        """Take a commit of this session back, by default the newest. `keep`: its changes stay in
        the files, accepted. `revert`: by a commit against it, also where it is pushed. Raises
        UsageFault for a commit that is not known."""
        made = self._made(commit)
        acted = await self._review.verb(lambda: self._undo_commit(made, keep=keep, revert=revert))
        await self._look()
        return acted

    async def _undo_commit(self, made: ev.Committed, *, keep: bool, revert: bool) -> Acted:
        repository = self._git()
        found = await self._off(lambda: self._found(repository, made))
        if isinstance(found, Kept) and not (revert and found.can_revert):
            return _kept(made.commit, found)
        hunks = tuple(h.id for h in self._of(made.commit))
        # Read and merge first: a file that cannot be read stops it before anything moves.
        await self._review.deciding.out_plan(self._of(made.commit))
        if revert or isinstance(found, Kept):
            return await self._revert(repository, made, hunks, keep=keep)
        return await self._drop(repository, made, found, hunks, keep=keep)

    async def _drop(
        self,
        repository: Repository,
        made: ev.Committed,
        tip: Tip,
        hunks: tuple[HunkId, ...],
        *,
        keep: bool,
    ) -> Acted:
        await self._promise(ev.UncommitBegun(made.commit, "drop", made.commit, hunks))
        try:
            # A commit of what was staged leaves it staged.
            note = await self._off(lambda: uncommit.drop(repository, tip, index=bool(hunks)))
        except SparkFault as fault:
            self._emit(ev.CommitEnded(fault.message))
            raise
        if isinstance(note, Kept):
            self._emit(ev.CommitEnded(note.message))
            return _kept(made.commit, note)
        said = f"Commit {made.commit[:9]} is off the branch"
        said += "" if hunks else "; what it held is staged again"
        undone = CommitUndone(made.commit, "drop", hunks)
        try:
            return await self._files_follow(undone, said, note, keep=keep)
        except NotPutBack:
            await self._record(undone)
            raise
        except SparkFault as fault:
            if undone in self._state.uncommitted:
                raise
            # Its files could not follow (a full disk): all of it or nothing.
            back = await self._off(lambda: uncommit.bring_back(repository, made.commit))
            if isinstance(back, Kept):
                await self._record(undone)
            else:
                self._emit(ev.CommitEnded(fault.message))
            raise

    async def _revert(
        self, repository: Repository, made: ev.Committed, hunks: tuple[HunkId, ...], *, keep: bool
    ) -> Acted:
        files = await self._off(lambda: uncommit.reverted(repository, made.commit))
        if isinstance(files, Kept):
            return _kept(made.commit, files)
        head = await self._off(repository.tip)
        message = await self._off(lambda: uncommit.revert_message(repository, made.commit))
        request = CommitRequest(files, message, self._trailer(self._of(made.commit)))
        # In a place of its own: who finds a killed process's git still at work there waits.
        prepared = await self._off(lambda: prepare(repository, request, self._folder))
        if isinstance(prepared, CommitRefused):
            return _refused(prepared)
        try:
            await self._promise(ev.UncommitBegun(made.commit, "revert", head or "", hunks))
            done = await self._off(lambda: carry_out(repository, prepared))
        except SparkFault as fault:
            self._emit(ev.CommitEnded(fault.message))
            raise
        finally:
            prepared.close()
        if isinstance(done, CommitRefused):
            self._emit(ev.CommitEnded(done.message))
            return _refused(done)
        ran = f"hooks ran: {', '.join(done.hooks)}" if done.hooks else ""
        undone = CommitUndone(made.commit, "revert", hunks, by=done.commit, note=ran)
        said = f"Commit {done.commit[:9]} takes {made.commit[:9]} out"
        try:
            note = f"{done.note} {ran and f'{ran.capitalize()}.'}".strip()
            return await self._files_follow(undone, said, note, keep=keep)
        except SparkFault:
            if undone not in self._state.uncommitted:
                await self._record(undone)
            raise

    async def _files_follow(
        self, undone: CommitUndone, said: str, note: str, *, keep: bool
    ) -> Acted:
        """Its hunks leave the files; recorded together with what became of the commit."""
        state, deciding = self._state, self._review.deciding
        note = f" {note}" if note else ""
        if keep:
            await self._record(undone)
            message = f"{said}; its changes stay in your files.{note}"
            return Acted(True, message, undone.hunks)
        ours = [h for h in deciding.ordered(undone.hunks) if h.status is Status.ACCEPTED]
        plan = await deciding.out_plan(ours)
        free = tuple(h.id for h in ours if h.id not in plan.conflicts)
        decided = HunksDecided(free, Decision.OPEN, "commit") if free else None
        await self._writes.write(plan, why="undo", decided=decided, uncommitted=undone)
        if undone not in state.uncommitted:  # a file changed meanwhile: nothing was written
            await self._record(undone)
        proposals = await deciding.stuck.propose(plan.conflicts)
        out = tuple(h for h in free if h not in plan.conflicts)
        left = f" {names(list(plan.conflicts))} left in your files." if plan.conflicts else ""
        if proposals:
            left += f" {names(proposals)} would take it out over your edit."
        paths = tuple(plan.after)
        message = (
            f"{said}, and out of {', '.join(paths)}.{left}{note}"
            if paths
            else (f"{said}.{left}{note}")
        )
        return Acted(True, message, out, paths, proposals)

    # -- and back again --------------------------------------------------------
    async def bring_back(self) -> Acted:
        """The commit that was taken back last is on its branch again, with its files."""
        acted = await self._review.verb(self._bring_back)
        await self._look()
        return acted

    async def _bring_back(self) -> Acted:
        state, deciding = self._state, self._review.deciding
        act = self._taken_back()
        if act is None or act.uncommitted is None:
            return Acted(False, "There is no commit to bring back.")
        undone = act.uncommitted
        repository = self._git()
        look = self._returns(repository, undone)
        found = await self._off(look)
        if isinstance(found, Kept):
            return Acted(False, f"Commit {undone.commit[:9]} cannot come back: {found.message}.",
                         code=found.code)  # fmt: skip
        gone = [h for h in deciding.ordered(undone.hunks) if h.status is not Status.ACCEPTED]
        plan = await self._writes.plan(gone, into=True)
        if plan.conflicts:
            ids = names(list(plan.conflicts))
            why = f"{ids} no longer fits your files"
            return Acted(False, f"Commit {undone.commit[:9]} cannot come back: {why}.",
                         code="conflict")  # fmt: skip
        begun = ev.UncommitBegun(undone.commit, "redo", found, undone.hunks, by=undone.by)
        await self._promise(begun)
        try:
            if gone:
                is_last = bool(state.acts) and state.acts[-1].op == act.op
                by = "undo" if is_last else "person"
                decided = HunksDecided(tuple(h.id for h in gone), Decision.ACCEPTED, by)
                await self._writes.write(plan, why="redo", decided=decided)
            stale = bool(plan.conflicts)
            move = self._return(repository, undone)
            note = Kept("moved", "the files changed meanwhile") if stale else await self._off(move)
        except SparkFault as fault:
            self._emit(ev.CommitEnded(fault.message))
            raise
        if isinstance(note, Kept):
            self._emit(ev.CommitEnded(note.message))
            return Acted(False, f"Commit {undone.commit[:9]} is not back: {note.message}.",
                         code=note.code)  # fmt: skip
        await self._record(CommitUndone(undone.commit, "redo", undone.hunks, by=undone.by))
        tail = f" {note}" if note else ""
        paths = tuple(plan.after)
        message = f"Commit {undone.commit[:9]} is back.{tail}"
        return Acted(True, message, undone.hunks, paths)

    def _returns(self, repository: Repository, undone: CommitUndone) -> Callable[[], str | Kept]:
        """May it come back? Says where HEAD is."""

        def look() -> str | Kept:
            if undone.how == "drop":
                return uncommit.may_return(repository, undone.commit)
            found = uncommit.look(repository, undone.by)
            if isinstance(found, Tip):
                return found.commit
            return Kept(found.code, f"{undone.by[:9]}, which takes it out, stays: {found.message}")

        return look

    def _return(self, repository: Repository, undone: CommitUndone) -> Callable[[], str | Kept]:
        def move() -> str | Kept:
            if undone.how == "drop":
                return uncommit.bring_back(repository, undone.commit)
            found = uncommit.look(repository, undone.by)
            return found if isinstance(found, Kept) else uncommit.drop(repository, found)

        return move

    # -- inside ----------------------------------------------------------------
    def _git(self) -> Repository:
        repository = self._repository()
        if repository is None:
            raise UsageFault("This folder is not a git repository: there is no commit to undo.")
        return repository

    def _made(self, commit: str) -> ev.Committed:
        """The commit of this session that is meant. Raises UsageFault."""
        made = [c for c in self._state.commits if c.commit.startswith(commit)]
        if not made:
            what = f"made no commit {commit}" if commit else "made no commit that still stands"
            raise UsageFault(f"This session {what}.", hint="See git log, and spark-tui log.")
        if commit and len(made) > 1:
            raise UsageFault(f"{commit} can be several commits: use more of its name.")
        return made[-1]

    def _found(self, repository: Repository, made: ev.Committed) -> Tip | Kept:
        """What can be done about it; what took the place of a person's own commit is theirs."""
        if made.amends and not any(o.commit == made.amends for o in self._state.operations):
            return Kept("foreign", f"it holds {made.amends[:9]} too, which is not this session's")
        return uncommit.look(repository, made.commit)

    def _of(self, commit: str) -> list[HunkState]:
        return [h for h in self._state.hunks.values() if h.committed == commit]

    async def _off(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, job)


def _refused(refused: CommitRefused) -> Acted:
    return Acted(
        False, refused.message, code=refused.code, hint=refused.hint, output=refused.output
    )


def _kept(commit: str, kept: Kept) -> Acted:
    message = f"Commit {commit[:9]} stays: {kept.message}."
    hint = "undo --commit --revert makes a commit that takes it out." if kept.can_revert else ""
    return Acted(False, message, code=kept.code, hint=hint)
