"""The jobs behind a decision: accept, reject, reopen; and what became of them.

The rule kept here: a file that is not what we expect is merged three-way or left alone as a
conflict; what a person's later edit holds fast becomes a hunk that says so (stuck.py). That one job
runs at a time is review.py's business, the way back taking_back.py's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.events import Decision, HunkId, HunksDecided
from spark_tui.session.state import HunkState, SessionState, Status
from spark_tui.session.stuck import Stuck
from spark_tui.session.writes import WritePlan, Writes


@dataclass(slots=True)
class Decided:
    """What became of a decision."""

    written: tuple[HunkId, ...] = ()
    rejected: tuple[HunkId, ...] = ()
    reopened: tuple[HunkId, ...] = ()
    already: tuple[HunkId, ...] = ()
    conflicts: tuple[HunkId, ...] = ()
    refused: tuple[tuple[HunkId, str], ...] = ()
    proposals: tuple[HunkId, ...] = ()
    """Hunks that would take out over a later edit what could not be taken out beside it."""
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Acted:
    """What undo or redo did, as a sentence for the person."""

    done: bool
    message: str
    hunks: tuple[HunkId, ...] = ()
    paths: tuple[str, ...] = ()
    proposals: tuple[HunkId, ...] = ()
    """As of `Decided`."""
    code: str = ""
    """Why it was refused, in a word."""
    hint: str = ""
    output: str = ""
    """What git and hooks said."""


class Deciding:
    """Its caller holds the lock of the review."""

    def __init__(
        self,
        state: SessionState,
        writes: Writes,
        stuck: Stuck,
        promise: Callable[..., Awaitable[None]],
    ) -> None:
        self._state = state
        self._writes = writes
        self._promise = promise
        self.stuck = stuck

    async def decide(self, hunks: Iterable[HunkId], decision: Decision, by: str) -> Decided:
        """In order of appearance, whatever order they were named in: a later turn builds upon
        an earlier one."""
        chosen = self.ordered(hunks)
        early = [(h.id, why) for h in chosen if (why := self._not_now(h))]
        ready = [h for h in chosen if not self._not_now(h)]
        if decision is Decision.ACCEPTED:
            result = await self.accept(ready, by)
        else:
            result = await self.take_out(ready, decision, by)
        result.refused += tuple(early)
        return result

    async def accept(self, hunks: Sequence[HunkState], by: str) -> Decided:
        """Put them into their files."""
        result = Decided()
        takable: list[HunkState] = []
        refused: list[tuple[HunkId, str]] = []
        already: list[HunkId] = []
        for hunk in hunks:
            if hunk.status in (Status.ACCEPTED, Status.ALREADY_THERE):
                already.append(hunk.id)
            elif hunk.place is None:
                refused.append((hunk.id, "it has no place yet"))
            elif hunk.status is Status.SUPERSEDED and len(hunks) > 1:
                refused.append((hunk.id, f"{hunk.message} replaced it: accept it alone"))
            elif by == "person" and policy.needs_own_yes(hunk.flags, together=len(hunks)):
                why = policy.summary(sorted(hunk.flags & policy.ALONE))
                refused.append((hunk.id, f"{why}: wants a yes of its own"))
            else:
                takable.append(hunk)
        plan = await self._writes.plan(takable, into=True)
        if by == "policy" and plan.conflicts:
            plan.put_off()
        accepted = _in_order((*plan.done, *plan.already), hunks)
        decided = HunksDecided(accepted, Decision.ACCEPTED, by) if accepted else None
        why = "redo" if by == "redo" else "accept"
        result.checkpoint = await self._writes.write(plan, why=why, decided=decided)
        await self.tell_conflicts(plan)
        result.written = tuple(plan.done)
        result.already = tuple(already) + tuple(plan.already)
        result.conflicts = tuple(plan.conflicts)
        result.refused = tuple(refused)
        return result

    async def take_out(self, hunks: Sequence[HunkState], decision: Decision, by: str) -> Decided:
        """Reject or reopen; what we put into a file is taken out of it first."""
        result = Decided()
        target = Status.REJECTED if decision is Decision.REJECTED else Status.PLACED
        result.already = tuple(h.id for h in hunks if _stands(h, target))
        held = [h for h in hunks if h.status is Status.ACCEPTED and h.committed]
        result.refused = tuple((h.id, in_commit(h)) for h in held)
        still = {*result.already, *(h.id for h in held)}
        moving = [h for h in hunks if h.id not in still]
        plan = await self.out_plan(moving)
        free = tuple(h.id for h in moving if h.id not in plan.conflicts)
        decided = HunksDecided(free, decision, by) if free else None
        why = "undo" if decision is Decision.OPEN else "reject"
        result.checkpoint = await self._writes.write(plan, why=why, decided=decided)
        free = tuple(h for h in free if h not in plan.conflicts)
        result.conflicts = tuple(plan.conflicts)
        result.proposals = await self.stuck.propose(plan.conflicts)
        if decision is Decision.REJECTED:
            result.rejected = free
        else:
            result.reopened = free
        return result

    async def out_plan(self, hunks: Iterable[HunkState]) -> WritePlan:
        """Only what we put in is taken out: lines that were there already are the person's."""
        ours = [h for h in hunks if h.status is Status.ACCEPTED and h.written]
        return await self._writes.plan(ours, into=False)

    async def tell_conflicts(self, plan: WritePlan) -> None:
        by_message: dict[str, list[HunkId]] = {}
        for hid, message in plan.conflicts.items():
            by_message.setdefault(message, []).append(hid)
        for message, ids in by_message.items():
            await self._promise(ev.HunksConflicted(tuple(ids), message))

    def ordered(self, hunks: Iterable[HunkId]) -> list[HunkState]:
        """Those that are known, in order of appearance."""
        chosen = frozenset(hunks)
        found = [h for h in self._state.hunks.values() if h.id in chosen]
        return sorted(found, key=lambda h: h.turn)  # parts are the youngest, whatever their turn

    def _not_now(self, hunk: HunkState) -> str:
        """Why nothing can be decided about it, or ""."""
        if not hunk.is_finished:
            return "it is not finished yet"
        if hunk.parts:
            return f"{names(hunk.parts)} took its place"
        return "" if self._state.standing((hunk.id,)) else f"{hunk.whole} is in its place again"


def in_commit(hunk: HunkState) -> str:
    """Why a decision about it cannot be taken back, and what would do it."""
    return f"it is in commit {hunk.committed[:9]} (U, or undo --commit, takes that back)"


def names(ids: Sequence[HunkId]) -> str:
    """For a sentence."""
    return ", ".join(ids) if len(ids) <= 3 else f"{len(ids)} hunks"


def _stands(hunk: HunkState, target: Status) -> bool:
    """The decision would change nothing."""
    if target is Status.REJECTED:
        return hunk.status is Status.REJECTED
    return hunk.status in (Status.PLACED, Status.UNPLACED, Status.ALREADY_THERE)


def _in_order(ids: Iterable[HunkId], hunks: Sequence[HunkState]) -> tuple[HunkId, ...]:
    chosen = frozenset(ids)
    return tuple(h.id for h in hunks if h.id in chosen)
