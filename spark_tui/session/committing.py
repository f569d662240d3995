"""A commit of the chosen hunks, or of what the person staged, and the message for it.

The rule kept here: what is about to be done is promised before git runs, and what came of it after,
so a process that is killed in between loses nothing (commit_recovery.py). What a commit holds is
made in commit_versions.py, its message in drafting.py, the commit itself in repo/.
"""

from __future__ import annotations

import asyncio
import codecs
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from spark_tui.errors import SparkFault
from spark_tui.repo.amending import not_to_amend
from spark_tui.repo.commits import (
    CommitDone,
    CommitRefused,
    CommitRequest,
    Identity,
    Prepared,
    carry_out,
    message_of,
    prepare,
    signs,
)
from spark_tui.repo.message_sources import Staged, recent_messages, staged, staged_diff
from spark_tui.repo.repository import Repository
from spark_tui.repo.terminal import Terminal
from spark_tui.repo.worktree import Worktree
from spark_tui.session import drafting
from spark_tui.session import events as ev
from spark_tui.session.commit_recovery import FOLDER, Open, carried, note_session, outcome_of
from spark_tui.session.commit_versions import CommitFile as CommitFile
from spark_tui.session.commit_versions import Impossible, Versions, chosen_of
from spark_tui.session.commit_versions import preview as preview
from spark_tui.session.events import Event, HunkId
from spark_tui.session.link import Link
from spark_tui.session.review import Review
from spark_tui.session.state import HunkState, SessionState

T = TypeVar("T")
NO_GIT = CommitRefused(
    "no_git", "This folder is not a git repository.", "", "Make it one first (Ctrl+P, git init)."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What shall be committed, and how."""

    hunks: tuple[HunkId, ...] | None = None
    """None: all accepted hunks."""
    is_staged: bool = False
    """The person's own index as it is, and no hunk."""
    amend: bool = False
    anyway: bool = False
    """Amend also what is pushed or another's: the person said it twice."""
    identity: Identity | None = None


ALL = Choice()


class Hand(Protocol):
    """A face that can hand its terminal to git."""

    def tell(self, text: str) -> None:
        """What git and the hooks say, as it comes."""

    def lend(self, job: Callable[[], T]) -> T | None:
        """Run it with the screen put away; None: there is no screen, and it may run aside."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last commit, as an amend would find it."""

    commit: str
    message: str
    objection: str = ""
    """Why it should not be amended; saying it twice helps where `is_final` is not set."""
    is_final: bool = False


class Committing:
    """Drafts messages and makes commits for one session."""

    def __init__(
        self,
        *,
        state: SessionState,
        link: Link,
        repository: Callable[[], Repository | None],
        worktree: Worktree,
        reads: Executor,
        review: Review,
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
        home: Path,
        is_writable: bool,
    ) -> None:
        self._state = state
        self._link = link
        self._repository = repository
        self._worktree = worktree
        self._reads = reads
        self._review = review
        self._emit = emit
        self._promise = promise
        self._folder = home / FOLDER
        self._is_writable = is_writable
        self._ticket: object | None = None
        self._is_committing = False
        self._is_stopped = False

    # -- before ----------------------------------------------------------------
    async def last(self) -> Last | None:
        """The commit that `amend` would replace; None where there is none."""
        repository = self._repository()
        if repository is None:
            return None
        return await self._read(self._last, repository)

    async def staged(self) -> tuple[Staged, ...]:
        """What the person has staged."""
        repository = self._repository()
        return await self._read(staged, repository) if repository is not None else ()

    async def asks(self) -> bool:
        """The commit may need the terminal: it is to be signed."""
        repository = self._repository()
        return repository is not None and await self._read(signs, repository)

    def keep(self, text: str, choice: Choice) -> None:
        """Remember the message that is being written, also over a restart; "" forgets it."""
        kept = ev.CommitDraftKept(text, choice.hunks, choice.amend, choice.is_staged)
        if self._is_writable and kept != (self._state.commit_draft or ev.CommitDraftKept("")):
            self._emit(kept)

    # -- the message -------------------------------------------------------------
    async def draft(self, choice: Choice, *, busy: Callable[[], bool]) -> None:
        """Stream a message; a plain one where no model can be asked now."""
        ticket = self._ticket = object()
        repository = self._repository()
        material = await self._material(repository, choice)
        if self._ticket is not ticket:
            return
        plain = drafting.plain_message(material)
        target = self._link.target("fast")
        can_ask = self._link.is_ready("fast") and bool(target.model)
        if not can_ask or busy() or repository is None or not material.changes:
            self._emit(ev.MessageDrafted(plain, True))
            return
        drafted = await drafting.stream(
            self._link.provider_for(target),
            drafting.request_for(material, target.model),
            goes_on=lambda: self._ticket is ticket and not busy(),
            tell=lambda text: self._emit(ev.MessageDrafted(text, False)),
        )
        if self._ticket is ticket:
            self._emit(ev.MessageDrafted(drafted.text or plain, True, drafted.error))

    async def _material(self, repository: Repository | None, choice: Choice) -> drafting.Material:
        log = await self._read(recent_messages, repository) if repository is not None else ()
        if not choice.is_staged or repository is None:
            return drafting.of_hunks(self._state, self._chosen(choice), log)
        changes = {s.path: s.change for s in await self._read(staged, repository)}
        paths = drafting.may_be_sent(changes)
        return drafting.of_diff(changes, await self._read(staged_diff, repository, paths), log)

    # -- the commit --------------------------------------------------------------
    async def commit(
        self, message: str, choice: Choice, *, trailer: str, hand: Hand | None = None
    ) -> CommitDone | CommitRefused:
        """Commit as one shielded job. With a `hand` git gets the terminal."""
        self._ticket = None
        repository = self._repository()
        if repository is None:
            return NO_GIT
        return await self._review.exclusive(
            lambda: self._commit(repository, message, choice, trailer, hand)
        )

    def stop(self) -> None:
        """End the git of a running commit and what it started."""
        self._is_stopped = True
        repository = self._repository()
        if repository is not None:
            repository.git.stop()

    async def catch_up(self) -> None:
        """See what became of a commit that a killed process had begun, and let the user's index
        follow one that was made while it was locked."""
        repository, state = self._repository(), self._state
        if repository is None or not self._is_writable or self._is_committing:
            return
        if state.commit_begun is None and not state.index_late:
            return

        async def look() -> None:
            if self._is_committing:
                return
            outcome = await asyncio.to_thread(
                outcome_of, repository, self._folder, Open.of(state), wait_s=0.0
            )
            if outcome.events:
                await self._promise(*outcome.events)
                if outcome.message:
                    self._emit(ev.Noticed("warning", outcome.message))

        await self._review.exclusive(look)

    async def _commit(
        self,
        repository: Repository,
        message: str,
        choice: Choice,
        trailer: str,
        hand: Hand | None,
    ) -> CommitDone | CommitRefused:
        hunks = self._chosen(choice)
        if not hunks and not choice.is_staged and not choice.amend:
            return CommitRefused(
                "nothing", "There is no accepted hunk to commit.", "", "Accept hunks with y first."
            )
        versions = Versions(repository, self._worktree, self._state)
        line = self.trailer_line(trailer, hunks)
        self._is_committing, self._is_stopped = True, False
        try:
            prepared = await asyncio.to_thread(
                self._prepare, repository, versions, hunks, message, choice, line
            )
            if isinstance(prepared, CommitRefused):
                return prepared
            try:
                return await self._carry_out(repository, prepared, versions, hunks, hand)
            finally:
                await asyncio.to_thread(prepared.close)
        finally:
            self._is_committing = False

    def _prepare(
        self,
        repository: Repository,
        versions: Versions,
        hunks: list[HunkState],
        message: str,
        choice: Choice,
        line: str | None,
    ) -> Prepared | CommitRefused:
        files = {} if choice.is_staged else versions.of(hunks)
        if isinstance(files, Impossible):
            return CommitRefused("conflict", files.message, hint=files.hint)
        request = CommitRequest(
            files, message, line, is_staged=choice.is_staged, amend=choice.amend,
            anyway=choice.anyway, identity=choice.identity, ours=self._ours(),
        )  # fmt: skip
        note_session(self._folder, self._state.session)
        prepared = prepare(repository, request, self._folder)
        if isinstance(prepared, CommitRefused) and prepared.code != "running":
            shutil.rmtree(self._folder, ignore_errors=True)
        return prepared

    async def _carry_out(
        self,
        repository: Repository,
        prepared: Prepared,
        versions: Versions,
        hunks: list[HunkState],
        hand: Hand | None,
    ) -> CommitDone | CommitRefused:
        ids = tuple(h.id for h in hunks)
        paths = tuple(sorted(prepared.paths))
        subject = prepared.message.partition("\n")[0]
        await self._promise(
            ev.CommitBegun(prepared.head or "", ids, paths, subject, prepared.amends, prepared.tree)
        )
        try:
            done = await self._run(repository, prepared, hand)
        except SparkFault as fault:
            self._emit(ev.CommitEnded(fault.message))
            raise
        if isinstance(done, CommitRefused):
            self._emit(ev.CommitEnded(done.message))
            return done
        held = () if hunks or not paths else await asyncio.to_thread(versions.held_by_head, paths)
        before = carried(self._state, prepared.amends)
        every = tuple(dict.fromkeys((*ids, *held, *before)))
        now = time.time()
        committed = ev.Committed(done.commit, done.subject, every, paths, now, prepared.amends)
        await self._record(committed, note=_ran(done))
        if done.is_late:
            self._emit(ev.IndexLate(prepared.base, done.commit, paths))
        return done

    async def _run(
        self, repository: Repository, prepared: Prepared, hand: Hand | None
    ) -> CommitDone | CommitRefused:
        def job(terminal: Terminal | None = None) -> CommitDone | CommitRefused:
            return carry_out(
                repository, prepared, terminal=terminal, goes_on=lambda: not self._is_stopped
            )

        if hand is None:
            return await asyncio.to_thread(job)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        terminal = Terminal.open(lambda piece: hand.tell(decoder.decode(piece)))
        if terminal is None:
            return await asyncio.to_thread(job)
        try:
            lent = hand.lend(lambda: job(terminal))
            return lent if lent is not None else await asyncio.to_thread(job, terminal)
        finally:
            terminal.close()

    # -- inside --------------------------------------------------------------------
    async def _record(self, committed: ev.Committed, *, note: str) -> None:
        """It has happened already: promised if the disk allows it, else told."""
        entry = ev.Operated(
            len(self._state.operations) + 1, committed.at,
            "amend" if committed.amends else "commit", committed.hunks, committed.paths,
            commit=committed.commit, note=note,
        )  # fmt: skip
        try:
            await self._promise(committed, entry)
        except SparkFault as fault:
            for event in (committed, entry, ev.Noticed("error", fault.message, fault.hint)):
                self._emit(event)

    def _chosen(self, choice: Choice) -> list[HunkState]:
        return [] if choice.is_staged else chosen_of(self._state, choice.hunks)

    def _ours(self) -> frozenset[str]:
        return frozenset(c.commit for c in self._state.commits)

    def _last(self, repository: Repository) -> Last | None:
        tip = repository.tip()
        if tip is None:
            return None
        message = message_of(repository, tip)
        no = not_to_amend(repository, self._ours(), anyway=False)
        if no is None:
            return Last(tip, message)
        code, why, hint = no
        return Last(tip, message, f"{why} {hint}", code == "amend")

    def trailer_line(self, trailer: str, hunks: Iterable[HunkState]) -> str | None:
        mine = list(hunks)
        turns = self._state.turns
        models = [turns[h.turn].model for h in mine if h.turn in turns]
        model = models[0] if models else self._link.model
        match trailer:
            case "none":
                return None
            case _ if not mine or not model:  # nobody knows whose it is, or it is the person's
                return None
            case "co-authored-by":
                return f"Co-authored-by: spark-tui:{model} <noreply@spark-tui.invalid>"
            case _:
                return f"Assisted-by: spark-tui:{model}"

    async def _read(self, job: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reads, job, *args)


def _ran(done: CommitDone) -> str:
    """What cannot be taken back with the commit."""
    return f"hooks ran: {', '.join(done.hooks)}" if done.hooks else ""
