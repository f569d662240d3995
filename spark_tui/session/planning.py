"""Which files go along with a prompt: looked up, read, and held back where they must be.

The rule kept here: a file that is ignored or looks like a secret is named, never taken, before a
yes; what a person left out comes back only if it is named. Blocking: context.py goes through a
thread, so nothing is looked at here that the loop may change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import lookup, policy
from spark_tui.session.context_items import PROJECT, Block
from spark_tui.session.conversation import file_block
from spark_tui.session.state import SessionState
from spark_tui.session.terms import file_key, limit_of

FOUND_CHARS = 60_000
"""A looked-up file larger than this is left out: the model can read it."""
NAMED_CHARS = 400_000
GREP_ROWS = 120
_PROJECT_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of what is about to be sent."""

    path: str
    tokens: int
    reason: str
    """named, found, shown, changed, instructions, history."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What Enter would send."""

    prompt: str
    files: tuple[Chip, ...] = ()
    tokens: int = 0
    window: int = 0
    blocked: tuple[Chip, ...] = ()
    """Named, but secret-looking or ignored: `confirm` first."""
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    known: Mapping[str, Snapshot] = field(default_factory=dict)
    """Files the model has seen as they are now: not sent again."""
    blocks: Mapping[str, Block] = field(default_factory=dict)
    """The snapshots as the model will see them."""

    @property
    def fits(self) -> bool:
        """Not over the hard stop."""
        return not self.window or self.tokens <= limit_of(self.window)

    def without(self, paths: frozenset[str]) -> Plan:
        """The same but for these files; what is counted is the caller's."""
        if paths.isdisjoint(self.blocks) and paths.isdisjoint(self.known):
            return self
        return replace(
            self,
            files=tuple(chip for chip in self.files if chip.path not in paths),
            snapshots={p: s for p, s in self.snapshots.items() if p not in paths},
            known={p: s for p, s in self.known.items() if p not in paths},
            blocks={p: b for p, b in self.blocks.items() if p not in paths},
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a plan is made from."""

    prompt: str
    named: tuple[str, ...]
    dropped: frozenset[str]
    """Paths that stay home this time, named or not."""
    left_out: frozenset[str]
    """Keys of the parts that a person left out."""
    shown: str | None
    seen: Mapping[str, str]
    """Files that the model has before it, by digest."""


class Planning:
    """Reads the work tree for plans."""

    def __init__(
        self,
        state: SessionState,
        worktree: Worktree,
        repository: Callable[[], Repository | None],
        estimate: Callable[[int], int],
    ) -> None:
        self._state = state
        self._worktree = worktree
        self._repository = repository
        self._estimate = estimate
        self._confirmed: set[str] = set()
        self._agents: str | None = None

    def confirm(self, path: str) -> None:
        """The person said yes to sending this file."""
        self._confirmed.add(path)

    def allows(self, snapshot: Snapshot) -> str:
        """Why this file stays home without a yes, or ""."""
        if snapshot.path in self._confirmed:
            return ""
        if policy.is_secret_name(snapshot.path):
            return "looks like a secret"
        if policy.holds_secret("\n".join(snapshot.lines)):
            return "holds what looks like a key"
        if snapshot.binary:
            return "is binary"
        return ""

    @property
    def agents(self) -> str:
        """The project's own instructions, read once."""
        if self._agents is None:
            snapshot = self._read(PROJECT)
            text = "\n".join(snapshot.lines)[:_PROJECT_CHARS] if snapshot else ""
            self._agents = "" if policy.holds_secret(text) else text
        return self._agents

    def plan(self, wanted: Wanted) -> Plan:
        """The files and what each costs; the sum is the caller's."""
        snapshots: dict[str, Snapshot] = {}
        blocks: dict[str, Block] = {}
        known: dict[str, Snapshot] = {}
        chips: list[Chip] = []
        blocked: list[Chip] = []
        reasons = self._reasons(wanted)
        ignored = self._ignored([p for p in reasons if p not in self._state.files])
        for path, reason in reasons.items():
            if path in wanted.dropped:
                continue
            if reason != "named" and file_key(path) in wanted.left_out:
                continue
            snapshot = self._read(path)
            if snapshot is None:
                continue
            if wanted.seen.get(path) == snapshot.digest:
                known[path] = snapshot
                if reason != "history":
                    chips.append(Chip(path, 0, "history"))
                continue
            chars = len(snapshot.data)
            why = self.allows(snapshot)
            if not why and path in ignored and path not in self._confirmed:
                why = "is ignored by git"
            if why:
                if reason in ("named", "shown"):
                    blocked.append(Chip(path, self._estimate(chars), reason, why))
                continue
            if chars > (NAMED_CHARS if reason in ("named", "history") else FOUND_CHARS):
                if reason == "named":
                    why = "is too large to send whole"
                    blocked.append(Chip(path, self._estimate(chars), reason, why))
                continue
            snapshots[path] = snapshot
            block = blocks[path] = Block(path, file_block(snapshot))
            tokens = self._estimate(len(block.text))
            chips.append(Chip(path, tokens, "changed" if reason == "history" else reason))
        return Plan(
            wanted.prompt, tuple(chips), blocked=tuple(blocked),
            snapshots=snapshots, known=known, blocks=blocks,
        )  # fmt: skip

    def _reasons(self, wanted: Wanted) -> dict[str, str]:
        files, prompt, named = self._state.files, wanted.prompt, wanted.named
        reasons = {p: "named" for p in (*named, *lookup.mentioned(prompt, files))}
        if len(prompt) > 3:
            # Who names a file has said where; then only names of code bring others along.
            terms = lookup.identifiers(prompt) if reasons else lookup.words(prompt)
            grep = self._grep if self._repository() is not None else None
            for path in lookup.related(terms, files, grep):
                reasons.setdefault(path, "found")
        if wanted.shown:
            reasons.setdefault(wanted.shown, "shown")
        if PROJECT not in named:
            reasons.pop(PROJECT, None)
        for path in wanted.seen:
            reasons.setdefault(path, "history")
        return reasons

    def _grep(self, word: str) -> Sequence[tuple[str, int, str]]:
        repository = self._repository()
        if repository is None:
            return ()
        try:
            return repository.grep(word, limit=GREP_ROWS, fixed=True)
        except SparkFault:
            return ()

    def _ignored(self, paths: Sequence[str]) -> frozenset[str]:
        repository = self._repository()
        if repository is None or not paths:
            return frozenset()
        return repository.ignored(paths)

    def _read(self, path: str) -> Snapshot | None:
        try:
            return self._worktree.read(path)
        except SparkFault:
            return None
