"""What a commit of some accepted hunks holds: files, counts, and the bytes of each path.

The rule kept here: HEAD plus the chosen hunks, never the file as it lies on disk; so a person's
other edits and the hunks that were not chosen stay out. A choice that cannot stand without a hunk
that is not in it is refused, and says which. The index work is repo/commits.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from spark_tui.edits.changeset import Kind
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import UsageFault
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session.events import HunkId
from spark_tui.session.merging import Merged, merge_in
from spark_tui.session.state import HunkState, SessionState, Status

Files = dict[str, tuple[bytes, int] | None]


@dataclass(frozen=True, slots=True)
class CommitFile:
    """One file of the commit that is being prepared."""

    path: str
    change: str
    """add, update, delete, move."""
    hunks: tuple[HunkId, ...]
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Impossible:
    """Why these hunks cannot be committed, and what would help."""

    message: str
    hint: str


def preview(state: SessionState) -> tuple[CommitFile, ...]:
    """Exactly what a commit of all accepted hunks would hold, by path."""
    rows: dict[str, list[HunkState]] = {}
    for hunk in state.accepted_hunks():
        rows.setdefault(hunk.path, []).append(hunk)
    return tuple(
        CommitFile(
            path,
            change_of(hunks),
            tuple(h.id for h in hunks),
            sum(h.added for h in hunks),
            sum(h.removed for h in hunks),
        )
        for path, hunks in rows.items()
    )


def change_of(hunks: Iterable[HunkState]) -> str:
    kinds = {h.kind for h in hunks}
    for kind, word in ((Kind.DELETE, "delete"), (Kind.MOVE, "move"), (Kind.ADD, "add")):
        if kind in kinds:
            return word
    return "update"


def chosen_of(state: SessionState, hunks: Iterable[HunkId] | None) -> list[HunkState]:
    """The accepted hunks among these, in their order; None: all of them. Raises UsageFault for one
    that cannot be committed."""
    accepted = {h.id: h for h in state.accepted_hunks()}
    if hunks is None:
        return list(accepted.values())
    wanted = set()
    for hid in hunks:
        hunk = state.hunk(hid)
        if hid not in accepted:
            why = (
                f"is in commit {hunk.committed[:9]} already"
                if hunk.committed
                else "is not accepted"
            )
            raise UsageFault(f"{hid} {why}.", hint="Accepted hunks can be committed.")
        wanted.add(hid)
    return [h for h in accepted.values() if h.id in wanted]


class Versions:
    """Makes the bytes of a commit. Blocking; works on copies of what the state holds."""

    def __init__(self, repository: Repository, worktree: Worktree, state: SessionState) -> None:
        self._repository = repository
        self._worktree = worktree
        self._bases = dict(state.snapshots)
        self._accepted = list(state.accepted_hunks())
        self._committed = [
            h for h in state.hunks.values() if h.committed and h.status is Status.ACCEPTED
        ]

    def of(self, chosen: Sequence[HunkState]) -> Files | Impossible:
        """HEAD with the chosen hunks, for each path that they touch."""
        files: Files = {}
        for path in dict.fromkeys(h.path for h in chosen):
            mine = [h for h in chosen if h.path == path]
            if problem := self._put(path, mine, chosen, files):
                return problem
        return files

    def held_by_head(self, paths: Sequence[str]) -> tuple[HunkId, ...]:
        """Accepted hunks of these paths that the last commit holds, whoever put them there."""
        held: list[HunkId] = []
        for path in paths:
            mine = [h for h in self._accepted if h.path == path and h.kind is not Kind.MOVE]
            if mine:
                held += merge_in(path, self._start_at_head(path), mine, (), self._bases).already
        return tuple(held)

    def _put(
        self, path: str, mine: Sequence[HunkState], chosen: Sequence[HunkState], files: Files
    ) -> Impossible | None:
        content = [h for h in mine if h.kind is not Kind.MOVE]
        left = [h for h in self._accepted if h not in chosen and path in (h.path, h.move_to)]
        now = self._start(path, mine, files)
        if content and content[0].kind is not Kind.ADD and self._is_new(path, files):
            # Its earlier bytes are known only together with what was done to it before.
            first = content[0]
            before = [h for h in left if h.base != first.base and h.turn <= first.turn]
            if before:
                return _needs(path, content, before, "was never committed")
        if now is None and content and content[0].kind is not Kind.ADD:
            return Impossible(
                f"{path} is not in the last commit and its earlier bytes are unknown.", _OWN
            )
        merged = self._merged(path, now, content)
        if merged.conflicts:
            if needed := self._needed(path, now, content, left):
                return _needs(path, content, needed, "")
            return Impossible(
                f"{path} has changes of yours, not committed, on the same lines as accepted hunks.",
                _OWN,
            )
        kept = (merged.now.data, merged.now.mode) if merged.now else None
        move = next((h for h in mine if h.kind is Kind.MOVE and h.move_to), None)
        if move is not None and move.move_to:
            files[path] = None
            files[move.move_to] = kept
        else:
            files[path] = kept
        return None

    def _merged(self, path: str, now: Snapshot | None, content: Sequence[HunkState]) -> Merged:
        """Beside hunks of the same bases that HEAD holds already, where it does."""
        held = [h for h in self._committed if h.path == path and h.kind is Kind.EDIT]
        merged = merge_in(path, now, content, held, self._bases)
        if merged.conflicts and held:
            return merge_in(path, now, content, (), self._bases)
        return merged

    def _needed(
        self,
        path: str,
        now: Snapshot | None,
        content: Sequence[HunkState],
        left: Sequence[HunkState],
    ) -> list[HunkState]:
        """Which of those left out the chosen ones build upon; none: it is not that."""
        needed = [h for h in left if h.kind is not Kind.MOVE and h.path == path]

        def fits(with_these: Sequence[HunkState]) -> bool:
            both = [h for h in self._accepted if h in content or h in with_these]
            return not self._merged(path, now, both).conflicts

        if not needed or not fits(needed):
            return []
        for hunk in list(needed):
            rest = [h for h in needed if h is not hunk]
            if fits(rest):
                needed = rest
        return needed

    def _is_new(self, path: str, files: Mapping[str, tuple[bytes, int] | None]) -> bool:
        return path not in files and self._repository.committed(path) is None

    def _start(
        self, path: str, mine: Sequence[HunkState], files: Mapping[str, tuple[bytes, int] | None]
    ) -> Snapshot | None:
        """What the hunks are put into: the version of this commit so far, else HEAD's; a file
        that was never committed goes in as it was."""
        if path in files:
            so_far = files[path]
            return Snapshot.of(path, *so_far) if so_far else None
        if mine[0].kind is Kind.ADD:
            return None  # The file was not there when it was added, whatever HEAD has.
        if (head := self._start_at_head(path)) is not None:
            return head
        base = self._bases.get(mine[0].base or "")
        if base is None:
            return None
        now = self._worktree.read(path)
        return Snapshot.of(path, base.data, now.mode if now else base.mode)

    def _start_at_head(self, path: str) -> Snapshot | None:
        head = self._repository.committed(path)
        if head is None:
            return None
        entry = self._repository.tree([path]).get(path)
        return Snapshot.of(path, head, 0o755 if entry and entry.mode == "100755" else 0o644)


_OWN = "Nothing was committed. Commit your own changes of this file first."


def _needs(
    path: str, content: Sequence[HunkState], left: Sequence[HunkState], why: str
) -> Impossible:
    mine = ", ".join(h.id for h in content)
    others = ", ".join(h.id for h in left)
    reason = f"{path} {why}: {mine} goes together with {others}" if why else ""
    return Impossible(
        f"{reason or f'{mine} builds upon {others} in {path}'}, which is not chosen.",
        f"Nothing was committed. Choose {others} too, or leave {mine} out.",
    )
