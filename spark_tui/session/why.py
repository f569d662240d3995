"""What brought a line of a file as it is now: followed back through our writes, all sessions'.

The rule kept here: a line is a hunk's only where the bytes prove it, or, where they are gone, where
one accepted hunk alone brings that very line, and then it is said. Everything else is the person's,
or was there before. Blocking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spark_tui.edits.changeset import Kind
from spark_tui.edits.linediff import changes
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import GitFault, RefusedFault, UsageFault
from spark_tui.repo.blame import Blamed, blame
from spark_tui.repo.repository import Repository
from spark_tui.session.events import HunkId
from spark_tui.session.past import Facts, Past, Wrote
from spark_tui.session.versions import Kept, is_link


@dataclass(frozen=True, slots=True)
class Why:
    """The answer for one line."""

    path: str
    line: int
    text: str
    origin: str
    """hunk; person: changed after our last write there; before: no write of ours; put-back: an
    undo or restore brought it and its story before that is not known."""
    facts: Facts | None = None
    """The hunk."""
    wrote: Wrote | None = None
    """The write that brought it; of a person's line: our last write before it."""
    is_certain: bool = True
    """False: the bytes in between are gone, and it is known by its text alone."""
    blamed: Blamed | None = None
    """The commit that last touched it, as git tells now."""
    uncommitted: str = ""
    """Why there is none, where there is git."""


def why(past: Past, repository: Repository | None, path: str, line: int) -> Why:
    """Raises UsageFault where there is no such line."""
    now = _read(past, path)
    if not 1 <= line <= len(now.lines):
        count = f"{len(now.lines)} line{'s' * (len(now.lines) != 1)}"
        raise UsageFault(f"{path} has {count}, no line {line}.", hint="Lines count from 1.")
    found = _Trace(past, path, now, line - 1).follow()
    answer = Why(path, line, now.lines[line - 1], found.origin, found.facts, found.wrote,
                 found.is_certain)  # fmt: skip
    return answer if repository is None else _blamed(repository, answer, now)


def _read(past: Past, path: str) -> Snapshot:
    try:
        now = past.worktree.read(path)
    except RefusedFault as fault:
        raise UsageFault(fault.message, hint="Name a file of this work tree.") from fault
    if now is None:
        gone = [wrote for wrote in past.writes_to(path) if wrote.row.after is None]
        hint = f"{gone[-1].session}/o{gone[-1].op} took it away." if gone else "Look at the name."
        raise UsageFault(f"There is no file {path}.", hint=hint)
    if now.binary:
        raise UsageFault(f"{path} is binary: it has no lines.")
    return now


def _blamed(repository: Repository, answer: Why, now: Snapshot) -> Why:
    """With what git tells of it."""
    try:
        committed = repository.committed(answer.path)
    except GitFault:
        return answer
    if committed is None:
        return replace(answer, uncommitted="the last commit has no such file")
    there = back(Snapshot.of(answer.path, committed), now, answer.line - 1)
    if there is None:
        return replace(answer, uncommitted="the last commit does not have this line")
    return replace(answer, blamed=blame(repository, answer.path, there + 1))


def back(old: Snapshot, new: Snapshot, at: int) -> int | None:
    """Where a line of the newer version stood in the older one; None: it did not."""
    if old.digest == new.digest or old.lines[: at + 1] == new.lines[: at + 1]:
        return at
    behind = len(new.lines) - at
    if at + behind <= len(old.lines) and old.lines[-behind:] == new.lines[at:]:
        return len(old.lines) - behind
    shift = 0
    for run in changes(old.lines, new.lines):
        if at < run.new_start:
            break
        if at < run.new_end:
            return None
        shift = run.new_end - run.end
    return at - shift


@dataclass(frozen=True, slots=True)
class _Answer:
    origin: str
    facts: Facts | None = None
    wrote: Wrote | None = None
    is_certain: bool = True


@dataclass(slots=True)
class _Trace:
    """A line on its way back in time."""

    past: Past
    path: str
    now: Snapshot
    at: int

    def follow(self) -> _Answer:
        writes = self.past.writes_to(self.path)
        i = len(writes)
        while i > 0:
            i -= 1
            wrote = writes[i]
            if wrote.row.after is None:
                return _Answer("person", wrote=wrote)
            after = self._version(wrote)
            if after is None:
                return self._by_text(wrote)
            there = back(after, self.now, self.at)
            if there is None:
                return _Answer("person", wrote=wrote)
            self.now, self.at = after, there
            i, wrote = _first_of(writes, i, after.digest)
            if wrote.row.before == after.digest:
                continue  # the bytes were there before it: it is older
            before = self._before(wrote)
            if before is None:
                return self._by_text(wrote)
            there = back(before, after, self.at)
            if there is not None:
                self.now, self.at = before, there
            elif not wrote.puts_in:
                older = self._put_back(writes, i)
                if older is None:
                    return _Answer("put-back", wrote=wrote)
                i = older
            elif (moved := self._moved(wrote)) is not None:
                writes, i = moved
            else:
                return self._by_hunk(wrote, before)
        return _Answer("before")

    def _version(self, wrote: Wrote) -> Snapshot | None:
        if wrote.row.after == self.now.digest:
            return self.now
        data = self.past.bytes_of(self.path, wrote.row.after or "")
        return None if data is None else Snapshot.of(self.path, data)

    def _before(self, wrote: Wrote) -> Snapshot | None:
        """What was there before a write, empty where nothing was; None: not kept any more."""
        name = wrote.row.before
        if name is None:
            return Snapshot.of(self.path, b"")
        data = self.past.store.blob(name)
        if data is not None:
            return Snapshot.of(self.path, data)
        try:
            return _snapshot(self.path, self.past.kept(wrote.checkpoint, self.path))
        except KeyError:
            return None

    def _put_back(self, writes: Sequence[Wrote], i: int) -> int | None:
        """An undo or a restore brought it: where the line stood before, to go on from there."""
        for k in range(i - 1, -1, -1):
            earlier = writes[k]
            if earlier.row.after is not None and (after := self._version(earlier)) is not None:
                there = back(after, self.now, self.at)
                if there is not None:
                    self.now, self.at = after, there
                    return k + 1
            before = self._before(earlier)
            there = None if before is None else back(before, self.now, self.at)
            if before is not None and there is not None:
                self.now, self.at = before, there
                return k
        return None

    def _moved(self, wrote: Wrote) -> tuple[list[Wrote], int] | None:
        """The file came from another path with this line in it: the story goes on there."""
        if wrote.row.before is not None:
            return None
        facts = self.past.facts(wrote.session, wrote.hunks).values()
        source = next((f.path for f in facts if f.kind is Kind.MOVE and f.move_to == self.path), "")
        if not source or source not in wrote.others:
            return None
        kept = self.past.kept(wrote.checkpoint, source)
        before = _snapshot(source, kept)
        there = back(before, self.now, self.at)
        if there is None:
            return None
        older = [w for w in self.past.writes_to(source)
                 if w.at <= wrote.at and w.checkpoint != wrote.checkpoint]  # fmt: skip
        self.path, self.now, self.at = source, before, there
        return older, len(older)

    # -- which hunk ------------------------------------------------------------------
    def _by_hunk(self, wrote: Wrote, before: Snapshot) -> _Answer:
        """The hunk of this write whose lines stand where the line is."""
        facts = self.past.facts(wrote.session, wrote.hunks)
        own = [facts[h] for h in wrote.hunks if h in facts and facts[h].place is not None]
        for base in dict.fromkeys(f.base for f in own):
            found = self._owner(base, [f for f in own if f.base == base])
            if found is not None:
                return _Answer("hunk", facts[found], wrote)
        text = self.now.lines[self.at]
        bringing = [f for f in own if f.place and any(text in e.lines for e in f.place.edits)]
        if len(bringing) == 1:
            return _Answer("hunk", bringing[0], wrote)
        if len(own) == 1:
            return _Answer("hunk", own[0], wrote)
        return _Answer("hunk", bringing[0] if bringing else None, wrote, is_certain=False)

    def _owner(self, base: str | None, own: Sequence[Facts]) -> HunkId | None:
        """By the lines that these hunks alone make of their base."""
        data = b"" if base is None else self.past.bytes_of(self.path, base)
        if data is None:
            return None
        old = Snapshot.of(self.path, data)
        edits = sorted(
            ((e, f.hunk) for f in own if f.place for e in f.place.edits),
            key=lambda pair: (pair[0].start, pair[0].end),
        )
        lines: list[str] = []
        owners: list[HunkId | None] = []
        at = 0
        for edit, hunk in edits:
            if edit.start < at:
                continue
            lines += [*old.lines[at : edit.start], *edit.lines]
            owners += [None] * (edit.start - at) + [hunk] * len(edit.lines)
            at = edit.end
        lines += old.lines[at:]
        owners += [None] * (len(old.lines) - at)
        made = replace(old, lines=tuple(lines), digest="")
        there = back(made, self.now, self.at)
        return None if there is None else owners[there]

    def _by_text(self, wrote: Wrote) -> _Answer:
        """The bytes in between are gone: one hunk alone that brings this very line will do."""
        text = self.now.lines[self.at]
        found = self.past.accepted_with(self.path, text) if text.strip() else []
        if len(found) == 1:
            return _Answer("hunk", found[0], None, is_certain=False)
        return _Answer("person", wrote=wrote, is_certain=False)


def _first_of(writes: Sequence[Wrote], i: int, digest: str) -> tuple[int, Wrote]:
    """The oldest write that found or left these very bytes: what came between cancels out."""
    for k in range(i + 1):
        if digest in (writes[k].row.before, writes[k].row.after):
            return k, writes[k]
    return i, writes[i]


def _snapshot(path: str, kept: Kept) -> Snapshot:
    data = b"" if kept is None or is_link(kept) else kept[0]
    return Snapshot.of(path, data)
