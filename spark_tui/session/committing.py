"""A commit of exactly the accepted hunks, and the message for it.

The rule kept here: what is committed is HEAD plus the accepted hunks, never the file as it lies on
disk; so a person's other edits in the same file stay out. The index work is repo/commits.py's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from spark_tui.edits.changeset import Kind
from spark_tui.edits.diff import unified
from spark_tui.edits.snapshot import Snapshot
from spark_tui.model.provider import Completed, Failed, Request, TextDelta, UserText
from spark_tui.repo.commits import CommitDone, CommitRefused, CommitRequest, commit
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.events import Event, HunkId
from spark_tui.session.link import Link
from spark_tui.session.merging import merge_in
from spark_tui.session.review import Review
from spark_tui.session.state import HunkState, SessionState

MAX_DIFF_CHARS = 24_000
MESSAGE_INSTRUCTIONS = """\
Write the commit message for the diff you are given. First line: at most 60 characters, imperative,
in the style of the repository's recent subjects. Then, only where it helps, a blank line and one
or two short sentences saying why. No code fences, no quotes, no trailers, no list of files.
"""


@dataclass(frozen=True, slots=True)
class CommitFile:
    """One file of the commit that is being prepared."""

    path: str
    change: str
    """add, update, delete, move."""
    hunks: tuple[HunkId, ...]
    added: int
    removed: int


def preview(state: SessionState) -> tuple[CommitFile, ...]:
    """Exactly what a commit would hold, by path."""
    rows: dict[str, list[HunkState]] = {}
    for hunk in state.accepted_hunks():
        rows.setdefault(hunk.path, []).append(hunk)
    return tuple(
        CommitFile(
            path,
            _change(hunks),
            tuple(h.id for h in hunks),
            sum(h.added for h in hunks),
            sum(h.removed for h in hunks),
        )
        for path, hunks in rows.items()
    )


def _change(hunks: Sequence[HunkState]) -> str:
    kinds = {h.kind for h in hunks}
    for kind, word in ((Kind.DELETE, "delete"), (Kind.MOVE, "move"), (Kind.ADD, "add")):
        if kind in kinds:
            return word
    return "update"


def diff_text(state: SessionState) -> str:
    """The accepted hunks as unified text, for the message prompt; secrets masked, bounded."""
    out: list[str] = []
    for hunk in state.accepted_hunks():
        if hunk.place and not policy.is_secret_name(hunk.path):
            base = state.snapshots.get(hunk.base or "")
            out.append(unified(hunk.path, base, hunk.place.edits, context=1))
    text = policy.redact("".join(out))
    return text[:MAX_DIFF_CHARS]


def message_request(state: SessionState, model: str, subjects: Sequence[str]) -> Request:
    """Ask for a commit message in the style of the log."""
    recent = "\n".join(f"- {s}" for s in subjects) or "- (no commits yet)"
    prompts = "\n".join(
        f"- {t.prompt[:300]}" for t in state.turns.values()
        if any(state.hunks[h].status == "accepted" for h in t.hunks)
    )  # fmt: skip
    text = f"Recent subjects:\n{recent}\n\nThe user asked:\n{prompts}\n\nDiff:\n{diff_text(state)}"
    return Request(
        model=model, instructions=MESSAGE_INSTRUCTIONS,
        items=(UserText(text),), max_output_tokens=400,
    )  # fmt: skip


def plain_message(state: SessionState) -> str:
    """A message without a model: what was asked, else which files."""
    files = preview(state)
    prompts = [
        t.prompt for t in state.turns.values()
        if any(state.hunks[h].status == "accepted" for h in t.hunks)
    ]  # fmt: skip
    if len(prompts) == 1 and len(prompts[0]) <= 72 and "\n" not in prompts[0]:
        return prompts[0][:1].upper() + prompts[0][1:]
    names = [f.path.rsplit("/", 1)[-1] for f in files]
    verb = {"add": "Add", "delete": "Remove", "move": "Rename"}.get(
        files[0].change if len(files) == 1 else "", "Update"
    )
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{verb} {shown}"


def make_commit(
    repository: Repository,
    worktree: Worktree,
    hunks: Sequence[HunkState],
    bases: Mapping[str, Snapshot],
    message: str,
    *,
    trailer: str | None,
) -> tuple[CommitDone | CommitRefused, tuple[str, ...]]:
    """Commit these accepted hunks through the user's own git. Blocking."""
    if not hunks:
        return CommitRefused("nothing", "There is no accepted hunk to commit.", "",
                             "Accept hunks with y first."), ()  # fmt: skip
    files: dict[str, tuple[bytes, int] | None] = {}
    for path in dict.fromkeys(h.path for h in hunks):
        mine = [h for h in hunks if h.path == path]
        problem = _commit_version(repository, worktree, path, mine, bases, files)
        if problem:
            return CommitRefused(
                "conflict", problem, "",
                "Nothing was committed. Commit your own changes of this file first.",
            ), ()  # fmt: skip
    return commit(repository, CommitRequest(files, message, trailer)), tuple(files)


def _commit_version(
    repository: Repository,
    worktree: Worktree,
    path: str,
    mine: Sequence[HunkState],
    bases: Mapping[str, Snapshot],
    files: dict[str, tuple[bytes, int] | None],
) -> str:
    """Put HEAD's version plus these hunks into `files`; a sentence when that is impossible."""
    content = [h for h in mine if h.kind is not Kind.MOVE]
    now = _start(repository, worktree, path, mine, bases, files)
    if now is None and content and content[0].kind is not Kind.ADD:
        return f"{path} is not in the last commit and its earlier bytes are unknown."
    merged = merge_in(path, now, content, (), bases)
    if merged.conflicts:
        return f"{path} has changes of yours, not committed, on the same lines as accepted hunks."
    kept = (merged.now.data, merged.now.mode) if merged.now else None
    move = next((h for h in mine if h.kind is Kind.MOVE and h.move_to), None)
    if move is not None and move.move_to:
        files[path] = None
        files[move.move_to] = kept
    else:
        files[path] = kept
    return ""


def _start(
    repository: Repository,
    worktree: Worktree,
    path: str,
    mine: Sequence[HunkState],
    bases: Mapping[str, Snapshot],
    files: Mapping[str, tuple[bytes, int] | None],
) -> Snapshot | None:
    """What the accepted hunks are put into: the version of this commit so far, else HEAD's; a
    file that was never committed goes in as it was."""
    if path in files:
        so_far = files[path]
        return Snapshot.of(path, *so_far) if so_far else None
    if mine[0].kind is Kind.ADD:
        return None  # The file was not there when it was added, whatever HEAD has.
    head = repository.committed(path)
    if head is not None:
        entry = repository.tree([path]).get(path)
        return Snapshot.of(path, head, 0o755 if entry and entry.mode == "100755" else 0o644)
    base = bases.get(mine[0].base or "")
    if base is None:
        return None
    now = worktree.read(path)
    return Snapshot.of(path, base.data, now.mode if now else base.mode)


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
        writes: Executor,
        review: Review,
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
        record: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._state = state
        self._link = link
        self._repository = repository
        self._worktree = worktree
        self._reads = reads
        self._writes = writes
        self._review = review
        self._emit = emit
        self._promise = promise
        self._record = record
        self._ticket: object | None = None

    async def draft(self, *, busy: Callable[[], bool]) -> None:
        """Stream a message; a plain one where no model can be asked now."""
        ticket = self._ticket = object()
        plain = plain_message(self._state)
        repository = self._repository()
        target = self._link.target("fast")
        can_ask = self._link.is_ready("fast") and bool(target.model)
        if not can_ask or busy() or repository is None:
            self._emit(ev.MessageDrafted(plain, True))
            return
        loop = asyncio.get_running_loop()
        subjects = await loop.run_in_executor(self._reads, repository.log_subjects, 8)
        request = message_request(self._state, target.model, subjects)
        if busy() or self._ticket is not ticket:
            return
        text = error = ""
        is_whole = False
        deltas = self._link.provider_for(target).stream(request)
        try:
            async for delta in deltas:
                if self._ticket is not ticket or busy():
                    break
                match delta:
                    case TextDelta(part):
                        text += part
                        self._emit(ev.MessageDrafted(text, False))
                    case Failed(fault):
                        error = fault.message
                    case Completed():
                        is_whole = True
                    case _:
                        pass
        finally:
            if isinstance(deltas, AsyncGenerator):
                await deltas.aclose()
        if self._ticket is ticket:
            message = text.strip() if is_whole else ""
            self._emit(ev.MessageDrafted(message or plain, True, error))

    async def commit(self, message: str, *, trailer: str) -> CommitDone | CommitRefused:
        """Commit the accepted hunks as one shielded job."""
        self._ticket = None
        repository = self._repository()
        if repository is None:
            return CommitRefused(
                "no_git", "This folder is not a git repository.", "",
                "Make it one first (Ctrl+P, git init).",
            )  # fmt: skip
        return await self._review.exclusive(lambda: self._commit(repository, message, trailer))

    def stop(self) -> None:
        """End the git of a running commit and what it started."""
        repository = self._repository()
        if repository is not None:
            repository.git.stop()

    async def _commit(
        self, repository: Repository, message: str, trailer: str
    ) -> CommitDone | CommitRefused:
        hunks = tuple(self._state.accepted_hunks())
        line = self._line(trailer)
        bases = dict(self._state.snapshots)
        await self._promise(await self._begun(repository, hunks, message))
        done, paths = await asyncio.get_running_loop().run_in_executor(
            self._writes,
            lambda: make_commit(repository, self._worktree, hunks, bases, message, trailer=line),
        )
        if isinstance(done, CommitDone):
            ids = tuple(h.id for h in hunks)
            await self._record(ev.Committed(done.commit, done.subject, ids, paths, time.time()))
        else:
            self._emit(ev.CommitEnded(done.message))
        return done

    async def _begun(
        self, repository: Repository, hunks: Sequence[HunkState], message: str
    ) -> ev.CommitBegun:
        loop = asyncio.get_running_loop()
        head = await loop.run_in_executor(self._reads, repository.tip)
        ids = tuple(h.id for h in hunks)
        paths = tuple(dict.fromkeys(h.path for h in hunks))
        return ev.CommitBegun(head or "", ids, paths, message.strip().partition("\n")[0])

    def _line(self, trailer: str) -> str | None:
        turns = self._state.turns
        models = [turns[h.turn].model for h in self._state.accepted_hunks() if h.turn in turns]
        model = models[0] if models else self._link.model
        match trailer:
            case "none":
                return None
            case _ if not model:  # a reply that came by `apply`: nobody knows whose it is
                return None
            case "co-authored-by":
                return f"Co-authored-by: spark-tui:{model} <noreply@spark-tui.invalid>"
            case _:
                return f"Assisted-by: spark-tui:{model}"
