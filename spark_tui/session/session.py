"""The verbs of a session: ask, decide, undo, commit, browse. What faces call; nothing else.

The rule kept here: whatever happens becomes an event that goes journal, state, listeners, in this
order. Each verb is one coroutine which the face runs as it likes; the engine starts no task. The
work itself is done in asking.py, review.py, committing.py and browsing.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault
from spark_tui.model.catalog import LocalServer
from spark_tui.model.provider import Endpoint, ModelInfo, News
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.commits import CommitDone, CommitRefused, Identity
from spark_tui.repo.hooks import Finding
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import committing, lookup
from spark_tui.session import events as ev
from spark_tui.session.anchoring import Anchoring
from spark_tui.session.answering import Answering
from spark_tui.session.asking import Asking
from spark_tui.session.browsing import Browsing
from spark_tui.session.changing import ChangePage, FileChange, Pick
from spark_tui.session.choosing import Choosing, aim_of, window_of
from spark_tui.session.committing import ALL, Choice, CommitFile, Committing, Hand, Last
from spark_tui.session.context import Chip, Context, Plan
from spark_tui.session.events import Decision, Event, HunkId
from spark_tui.session.ground import Ground
from spark_tui.session.history import History
from spark_tui.session.journal import Journal
from spark_tui.session.keeping import Keeping
from spark_tui.session.link import Link, ModelOffer
from spark_tui.session.linking import news_event
from spark_tui.session.lookup import FileHit
from spark_tui.session.meter import Meter
from spark_tui.session.placing import Placing
from spark_tui.session.prompting import Prompting
from spark_tui.session.putting import Putting
from spark_tui.session.reindexing import Reindexing
from spark_tui.session.reshaping import Refused, Reshaped, Reshaping
from spark_tui.session.restoring import Restoring
from spark_tui.session.review import Acted, Decided, Review
from spark_tui.session.service import Service
from spark_tui.session.sessions import Sessions
from spark_tui.session.settling import Settling
from spark_tui.session.shelf import Shelf
from spark_tui.session.spine import Listener, Spine
from spark_tui.session.staging import Staging
from spark_tui.session.state import SessionState
from spark_tui.session.stuck import Stuck
from spark_tui.session.takeover import Access
from spark_tui.session.tallying import Formats
from spark_tui.session.uncommit_recovery import UNCOMMIT
from spark_tui.session.undoing import Undoing
from spark_tui.session.writes import Writes
from spark_tui.settings.config import Settings

__all__ = [
    "ALL", "Acted", "ChangePage", "Chip", "Choice", "CommitDone", "CommitFile", "CommitRefused",
    "Decided", "Endpoint", "FileChange", "FileHit", "Finding", "Hand", "Identity", "Last",
    "LocalServer", "ModelInfo", "ModelOffer", "Pick", "Plan", "Refused", "Reshaped", "Session",
]  # fmt: skip

LONG_DRAFT = 200
"""Characters of a draft that are not written again while they stay the same."""
CLOSE_S = 1.5
"""Quitting waits so long for a write, and so long for the rest."""


class Session(Prompting):
    """One conversation about one work tree. Made by opening.open_session."""

    def __init__(
        self,
        *,
        state: SessionState,
        settings: Settings,
        environ: Mapping[str, str],
        worktree: Worktree,
        repository: Repository | None,
        store: CheckpointStore,
        journal: Journal | None,
        link: Link,
        reads: Executor,
        writes: Executor,
        release: Callable[[], None],
        access: Access,
        home: Path,
    ) -> None:
        self.state = state
        self.settings = settings
        self.meter = Meter()
        self.meter.window = link.window
        self._repository = repository
        self._worktree = worktree
        self._link = link
        self._reads = reads
        self._writes = writes
        self._release = release
        self.access = access
        """Whether this session may write, and who does if not."""
        self._spine = Spine(journal, state, writes)
        self._shelf = Shelf(state=state, worktree=worktree, repository=lambda: self._repository,
                            store=store, reads=reads, emit=self.emit)  # fmt: skip
        self._context = Context(
            state=state, meter=self.meter, worktree=worktree, reads=reads,
            repository=lambda: self._repository, formats=Formats(environ),
            aim=lambda: aim_of(link), window_of=lambda model: window_of(link, model),
            sampling=lambda role: link.sampling(link.target(role)),
        )  # fmt: skip
        self.plan = self._context.plan
        """What Enter would send: files with their cost, and what needs a yes first."""
        self.confirm = self._context.confirm
        """The person said yes to sending this secret-looking or ignored file."""
        self.context = Choosing(self._context, self.promise)
        """What the next request holds, and what of it is left out."""
        settling = Settling(worktree=worktree, store=store, threads=writes, emit=self.emit,
                            promise=self.promise)  # fmt: skip
        write = Writes(state=state, worktree=worktree, store=store, settling=settling,
                       repository=lambda: self._repository, threads=writes,
                       emit=self.emit, promise=self.promise)  # fmt: skip
        putting = Putting(state=state, worktree=worktree, store=store, threads=writes,
                          settling=settling, emit=self.emit,
                          promise=self.promise)  # fmt: skip
        reindexing = Reindexing(state=state, store=store, putting=putting, promise=self.promise,
                                repository=lambda: self._repository)  # fmt: skip
        self.restoring = Restoring(state=state, worktree=worktree, store=store, putting=putting,
                                   reindexing=reindexing, promise=self.promise)  # fmt: skip
        """Back to an entry of the operation log, or to a checkpoint."""
        self.history = History(state=state, worktree=worktree, store=store, reads=reads,
                               repository=lambda: self._repository)  # fmt: skip
        """The operation log, and what brought a line."""
        self._review = Review(state=state, writes=write, settling=settling, emit=self.emit,
                              promise=self.promise, restoring=self.restoring,
                              stuck=Stuck(state, self._shelf, self.emit))  # fmt: skip
        self.restoring.alone = self._review.exclusive
        ground = Ground(state=state, repository=lambda: self._repository,
                        off=self._shelf.off, emit=self.emit)  # fmt: skip
        self._review.ground = ground
        answering = Answering(state=state, context=self._context, review=self._review,
                              shelf=self._shelf, ground=ground,
                              emit=self.emit)  # fmt: skip
        self._asking = Asking(
            state=state, link=link, meter=self.meter, context=self._context, answering=answering,
            shelf=self._shelf, emit=self.emit, promise=self.promise, record=self._spine.record,
        )  # fmt: skip
        self._browsing = Browsing(worktree, lambda: self._repository, environ)
        self.staging = Staging(
            state=state, repository=lambda: self._repository, worktree=worktree, store=store,
            putting=putting, reads=reads, writes=writes, exclusive=self._review.exclusive,
            emit=self.emit, promise=self.promise,
            may_write=lambda: journal is not None and not access.is_reader,
        )  # fmt: skip
        """The person's own changes: seen, staged, unstaged, discarded."""
        self.keeping = Keeping(state=state, store=store, environ=environ, root=worktree.root,
                               most_mb=settings.checkpoints_mb, alone=self._review.exclusive,
                               may_write=lambda: journal is not None and not access.is_reader,
                               emit=self.emit)  # fmt: skip
        """Prunes checkpoints: let it `tend` to them when nothing else is to be done."""
        self._placing = Placing(state, self._shelf, self.emit)
        self.anchor = Anchoring(state, self._shelf, self.emit).look
        """Say where undecided hunks stand in their files as these are now."""
        self._reshaping = Reshaping(state, self._review.exclusive, self.promise)
        self.committing = Committing(
            state=state, link=link, repository=lambda: self._repository, worktree=worktree,
            reads=reads, review=self._review, emit=self.emit, promise=self.promise,
            home=home, is_writable=journal is not None,
        )  # fmt: skip
        """Commits: what one would hold, what can be amended, the message that is begun."""
        self.undoing = Undoing(
            state=state, repository=lambda: self._repository, review=self._review, writes=write,
            threads=writes, emit=self.emit, promise=self.promise, record=self._spine.record,
            trailer=lambda hunks: self.committing.trailer_line(self.settings.trailer, hunks),
            look=self.look, folder=home / UNCOMMIT,
        )  # fmt: skip
        """Commits taken back and brought back; what undo would do."""
        self.service = Service(link, self._use_settings, self.emit)
        self._review.door = self._asking.door = access.check
        self.sessions = Sessions(home, lambda: self.state.session, self._shelf.off)
        """The other sessions of this work tree."""
        self._context.conversation.recall(state)

    # -- events ----------------------------------------------------------------
    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told of every event, on the loop. Call the result to stop listening."""
        return self._spine.listen(listener)

    def emit(self, event: Event) -> None:
        """Journal, then state, then listeners."""
        self._spine.emit(event)

    def hear(self, news: News) -> None:
        """What the provider tells beside its stream."""
        self.emit(news_event(news, self._link.label, time.time()))

    async def promise(self, *events: Event) -> None:
        """The same, on the disk with fsync before anybody acts on it; together or not at all."""
        self.access.check()
        await self._spine.promise(*events)

    # -- looking around --------------------------------------------------------
    async def look(self) -> None:
        """Ask git (or the folder) what is there, off the loop."""
        has_open = any(self.state.open_hunks())  # here: a thread must not walk through the state
        for event in await self._shelf.off(lambda: self._browsing.look(has_open=has_open)):
            self.emit(event)
        await self.anchor()
        await self.staging.settle()
        await self.committing.catch_up()

    def watch(self) -> AsyncIterator[None]:
        """Yields when something in the work tree changed."""
        return self._browsing.watch()

    async def text_of(self, path: str) -> Snapshot | None:
        """A file to show."""
        return await self._shelf.off(self._worktree.read, path)

    def find(self, query: str, *, limit: int = 30) -> tuple[FileHit, ...]:
        """The @ finder."""
        return lookup.find(query, self.state.files, self.state.marks, limit=limit)

    async def init_repository(self) -> None:
        """`git init` in the root, by the person's explicit word."""
        self.access.check()
        job = asyncio.get_running_loop().run_in_executor(self._writes, self._browsing.init)
        self._repository = await job
        await self.look()

    # -- before Enter ----------------------------------------------------------
    def keep_draft(self, text: str) -> None:
        """Remember the unsent prompt; of a long one only what is new is written down."""
        if self.access.is_reader or text == self.state.draft:
            return
        kept = len(os.path.commonprefix((self.state.draft, text)))  # noqa: RUF071 - is meant
        kept = kept if kept >= LONG_DRAFT else 0
        self.emit(ev.DraftKept(text[kept:], kept))

    def keep_view(self, view: ev.ViewKept) -> None:
        """Remember where the person is on the screen."""
        if not self.access.is_reader and view != self.state.view:
            self.emit(view)

    def follow(self) -> AsyncIterator[str]:
        """Read along while somebody else writes; see Access.follow."""
        return self.access.follow(self.emit, self._shelf.off)

    # -- deciding --------------------------------------------------------------
    async def decide(
        self, hunks: Sequence[HunkId], decision: Decision, *, by: str = "person"
    ) -> Decided:
        """Accept (written at once), reject or reopen."""
        return await self._review.decide(hunks, decision, by=by)

    async def undo(self) -> Acted:
        """Take the last act back: a decision, or that a commit was taken back."""
        if self.undoing.can_bring_back and (acted := await self.undoing.bring_back()).done:
            return acted
        return await self._review.undo()

    async def undo_turn(self, turn: int | None = None) -> Acted:
        """Take a whole turn back; the last one with anything to undo by default."""
        return await self._review.undo_turn(turn)

    async def undo_preview(self, turn: int | None = None) -> tuple[str, ...]:
        """Paths that undo_turn would touch."""
        return self._review.paths_of(turn)

    async def redo(self) -> Acted:
        """Do again what was taken back last."""
        if self.undoing.can_bring_back:
            acted = await self.undoing.bring_back()
            if acted.done or self.state.taken_back[-1].uncommitted is not None:
                return acted
        return await self._review.redo()

    async def split(self, hunk: HunkId) -> Reshaped:
        """Cut an undecided hunk into its next finer parts."""
        return await self._reshaping.split(self.state.hunk(hunk))

    async def keep_lines(self, hunk: HunkId, rows: Collection[int]) -> Reshaped:
        """Keep only these changed lines of it, counted from 0 as the diff shows them."""
        return await self._reshaping.keep_lines(self.state.hunk(hunk), rows)

    def hunk_text(self, hunk: HunkId) -> str | Refused:
        """What it makes of its lines: the text that `edit_hunk` takes back."""
        return self._reshaping.text(self.state.hunk(hunk))

    async def edit_hunk(self, hunk: HunkId, text: str) -> Reshaped:
        """Let its lines become this text instead."""
        return await self._reshaping.edit(self.state.hunk(hunk), text)

    async def place_at(self, hunk: HunkId, line: int) -> bool:
        """Put an unplaced hunk before this 0-based line of the file as it is now."""
        self.access.check()
        return await self._placing.place_at(self.state.hunk(hunk), line)

    async def insert_code(self, code: str, path: str, line: int) -> HunkId:
        """A code block of the chat as a hunk of the last turn, before this 0-based line."""
        self.access.check()
        return await self._placing.insert_code(code, path, line)

    # -- committing ------------------------------------------------------------
    def commit_preview(self) -> tuple[CommitFile, ...]:
        """Exactly what a commit would hold."""
        return committing.preview(self.state)

    async def draft_message(self, choice: Choice = ALL) -> None:
        """Stream a commit message for the choice as MessageDrafted events."""
        await self.committing.draft(choice, busy=lambda: self._asking.is_running)

    async def commit(
        self, message: str, choice: Choice = ALL, *, hand: Hand | None = None
    ) -> CommitDone | CommitRefused:
        """Commit the chosen hunks, and only them, through the user's own git. With a `hand` git
        and its hooks have the terminal."""
        self.access.check()
        await self.committing.catch_up()
        trailer = self.settings.trailer
        done = await self.committing.commit(message, choice, trailer=trailer, hand=hand)
        if isinstance(done, CommitDone):
            await self.look()
        return done

    def stop_commit(self) -> None:
        """End the commit that runs, with its hooks: it is refused, nothing is lost."""
        self.committing.stop()

    async def close(self) -> None:
        """Seal the journal and let go of the work tree; bounded."""
        if self._spine.is_closed:
            return
        self.stop()
        self.stop_commit()
        self._browsing.stop()
        await self.keeping.close(CLOSE_S)
        # A decision that is being written goes to its end; a turn says that it ended.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._asking.idle()
                await self._review.seal()
        try:
            with contextlib.suppress(SparkFault, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._spine.close()
                    await self._link.close()
        finally:
            # Behind whatever the write thread has begun: nobody else writes before that is over.
            released = asyncio.wrap_future(self._writes.submit(self._release))
            self._reads.shutdown(wait=False, cancel_futures=True)
            self._writes.shutdown(wait=False)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(released), CLOSE_S)

    # -- inside ----------------------------------------------------------------
    def _use_settings(self, settings: Settings) -> None:
        """Requests go elsewhere from now on."""
        self.settings = settings
        self.meter.window = self._link.window
