"""What goes to the model, what each part costs, and the hard stop before the window is full.

The rule kept here: the person sees a Plan before it is sent, and one count serves the plan, the
list of parts, the hard stop at 90 % of the window and the request: `_budget`. Sizes are estimates.
Nothing is left out or summed up by itself; what a person left out stays here and may come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeVar

from spark_tui.edits.formats.table import Name
from spark_tui.errors import LimitFault
from spark_tui.model.provider import Item, Request, UserText
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import briefing
from spark_tui.session.context_items import (
    PROJECT,
    Budget,
    Choice,
    Part,
    Prompt,
    Rows,
    Shown,
    length,
)
from spark_tui.session.conversation import Conversation
from spark_tui.session.events import FileSent
from spark_tui.session.meter import Meter
from spark_tui.session.planning import Chip as Chip
from spark_tui.session.planning import Plan as Plan
from spark_tui.session.planning import Planning, Wanted
from spark_tui.session.state import SessionState
from spark_tui.session.tallying import Formats
from spark_tui.session.targets import Sampling
from spark_tui.session.terms import FILE, file_key

T = TypeVar("T")
_SCALE = 10**9
"""Characters whose estimate tells whether the meter has learned."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the next request goes."""

    model: str
    wire: str


class Context:
    """Owner of what the model is told in one session."""

    def __init__(
        self,
        *,
        state: SessionState,
        meter: Meter,
        worktree: Worktree,
        repository: Callable[[], Repository | None],
        reads: Executor,
        formats: Formats,
        aim: Callable[[], Aim],
        window_of: Callable[[str], int],
        sampling: Callable[[str], Sampling],
    ) -> None:
        self.conversation = Conversation()
        self.formats = formats
        self.model = ""
        """Of the last request."""
        self.format: Name = "v4a"
        """That the last request asked for."""
        self._wire = ""
        """Of the last request."""
        self._state = state
        self._meter = meter
        self._reads = reads
        self._aim = aim
        self._window_of = window_of
        self._sampling = sampling
        self.role = ""
        """Of the last request; "" is the current one."""
        self._planning = Planning(state, worktree, repository, meter.estimate)
        self.confirm = self._planning.confirm
        """The person said yes to sending this file."""
        self.allows = self._planning.allows
        """Why a file stays home without a yes, or ""."""
        self._over: tuple[object, Rows] = (None, Rows([], {}))
        """Rows of the turns that are over, and what they were made from."""
        self._owing: tuple[object, int, int] = (None, 0, 0)
        """Characters of the outputs and of the note that the next prompt brings."""

    @property
    def choice(self) -> Choice:
        """What the person keeps and leaves out."""
        return Choice(frozenset(self._state.pinned), frozenset(self._state.dropped))

    # -- before Enter ----------------------------------------------------------
    async def plan(
        self,
        prompt: str,
        *,
        named: Sequence[str] = (),
        dropped: frozenset[str] = frozenset(),
        shown: str | None = None,
    ) -> Plan:
        """Look up what the prompt means and count it. Reads off the loop; sends nothing."""
        left_out = self.choice.dropped
        seen = self.conversation.still_seen(left_out)
        wanted = Wanted(prompt, tuple(named), dropped, left_out, shown, seen)

        def look() -> Plan:
            self.formats.load()  # another process may know more by now
            plan = self._planning.plan(wanted)
            agents = briefing.project(self._planning.agents)
            if agents and PROJECT not in left_out:
                chip = Chip(PROJECT, self._meter.estimate(len(agents)), "instructions")
                plan = replace(plan, files=(*plan.files, chip))
            return plan

        plan = await self._off(look)
        budget = self.budget(plan)
        return replace(plan, tokens=budget.tokens, window=budget.window)

    def current(self, plan: Plan) -> Plan:
        """The plan, where files were left out since it was made."""
        seen = self.conversation.still_seen(self.choice.dropped)
        known = {p: s for p, s in plan.known.items() if seen.get(p) == s.digest}
        return plan if len(known) == len(plan.known) else replace(plan, known=known)

    def sees(self, path: str) -> bool:
        """The model has this file before it, as it is or as it was."""
        return path in self.conversation.still_seen(self.choice.dropped)

    # -- requests --------------------------------------------------------------
    def joint(self, plan: Plan) -> str:
        """What a prompt that joins a running answer says: the new files and its words. "" where
        the request would not fit."""
        budget = self._budget(plan, self.choice, Aim(self.model, self._wire), is_running=True)
        if not budget.fits:
            return ""
        return Prompt.of(0, plan.prompt, plan.blocks.values()).text

    def request(
        self, plan: Plan, *, model: str, wire: str, preface: str = "", joined: bool = False
    ) -> tuple[Request, tuple[FileSent, ...]]:
        """The request for this plan. Raises LimitFault over 90 % of the window; the conversation
        is as it was then. `joined`: its prompt was handed to the last answer as `joint` says."""
        budget = self._budget(plan, self.choice, Aim(model, wire), preface=preface)
        self._check(budget)
        self._ask(plan, Aim(model, wire), preface, joined=joined)
        sent = tuple(
            FileSent(c.path, plan.snapshots[c.path].digest, c.tokens, c.reason)
            for c in plan.files
            if c.path in plan.snapshots
        )
        return self.next_request(model, wire), sent

    def beginning(self, model: str, wire: str) -> Request:
        """What the next request will begin with: all but its prompt. Nothing is changed by it."""
        kept = self.model, self.format, self._wire
        try:
            self._choose(Aim(model, wire))
            return self.next_request(model, wire)
        finally:
            self.model, self.format, self._wire = kept

    def further_request(self, model: str, wire: str) -> Request:
        """The next round of a turn. Raises LimitFault where the answers have filled the window."""
        self._check(self._budget(None, self.choice, Aim(model, wire), is_running=True))
        return self.next_request(model, wire)

    def next_request(self, model: str, wire: str) -> Request:
        """The conversation as it stands. A turn keeps its format, unless the wire changes."""
        if briefing.has_custom_tools(self._wire) is not briefing.has_custom_tools(wire):
            self._choose(Aim(model, wire))
        dropped, sampling = self.choice.dropped, self._sampling(self.role)
        return Request(
            model=model,
            instructions=briefing.instructions(self.format),
            items=(*self._project(dropped), *self.conversation.sent(dropped)),
            tools=briefing.tools(self.format, wire),
            max_output_tokens=sampling.max_output_tokens,
            effort=sampling.effort,
            temperature=sampling.temperature,
            service_tier=sampling.service_tier,
            cache_key=self._state.session or None,
        )

    def preview(self, plan: Plan | None) -> tuple[Request, Aim]:
        """What would be sent now, with this plan or without a prompt. Nothing is changed."""
        aim, talk = self._aim(), self.conversation
        mark, kept = talk.mark(), (self.model, self.format, self._wire, self.role)
        self.role = ""
        try:
            if plan is not None:
                self._ask(self.current(plan), aim, "")
                return self.next_request(aim.model, aim.wire), aim
            self._choose(aim)
            is_running = self._state.streaming is not None
            if not is_running:
                talk.items += talk.settle(self._state)[0]
            dropped = self.choice.dropped
            items = (*self._project(dropped), *talk.sent(dropped, whole_last=is_running))
            return replace(self.next_request(aim.model, aim.wire), items=items), aim
        finally:
            talk.back_to(mark)
            self.model, self.format, self._wire, self.role = kept

    def _ask(self, plan: Plan, aim: Aim, preface: str, *, joined: bool = False) -> None:
        """The prompt and its files are part of the conversation now."""
        talk, dropped = self.conversation, self.choice.dropped
        shown = {*plan.snapshots, *plan.known}
        before = ""
        if joined:
            outputs = talk.settle_calls(self._state, shown)
        else:
            outputs, note = talk.settle(self._state, shown)
            before = f"{_status(note)}{talk.repeated(plan.prompt)}{preface}"
            talk.unanswered.clear()
        if anew := [path for path in plan.blocks if file_key(path) in dropped]:
            talk.forget(anew)
        turn = max(self._state.turns, default=0) + 1
        talk.ask(Prompt.of(turn, plan.prompt, plan.blocks.values(), before), outputs)
        for snapshot in plan.snapshots.values():
            talk.saw(snapshot)
        self._choose(aim)

    def _choose(self, aim: Aim) -> None:
        """The format that suits the wire and has not failed this model lately."""
        self.model, self._wire = aim.model, aim.wire
        self.format = self._format_for(aim)

    def _format_for(self, aim: Aim) -> Name:
        has_tool = briefing.has_custom_tools(aim.wire)
        return self.formats.choose(aim.model, has_custom_tool=has_tool)

    def _project(self, dropped: Container[str]) -> tuple[Item, ...]:
        """The project's own instructions, as the first item: a chain sends it once, while what
        stands in `instructions` goes along with each request."""
        agents = "" if PROJECT in dropped else briefing.project(self._planning.agents)
        return (UserText(agents),) if agents else ()

    # -- counting --------------------------------------------------------------
    def size(self) -> int:
        """Estimated tokens of the request that runs, or of the last one and its answer."""
        aim = Aim(self.model, self._wire)
        return self._budget(None, self.choice, aim, is_running=True).tokens

    def budget(
        self,
        plan: Plan | None = None,
        choice: Choice | None = None,
        left_out: frozenset[str] = frozenset(),
    ) -> Budget:
        """The parts of the next request, with this plan or without a prompt; `left_out` are paths
        that the plan brings and that stay home all the same."""
        return self._budget(plan, choice or self.choice, self._aim(), left_out=left_out)

    def _budget(
        self,
        plan: Plan | None,
        choice: Choice,
        aim: Aim,
        *,
        preface: str = "",
        is_running: bool = False,
        left_out: frozenset[str] = frozenset(),
    ) -> Budget:
        """One count for all. `is_running`: the last turn is being asked, nothing of it may go."""
        brought = plan.without(left_out) if plan is not None else None
        running = is_running or (plan is None and self._state.streaming is not None)
        rows = self._history(choice, running=running, plan=brought)
        parts = [*self._fixed(choice, aim, is_running=is_running), *rows.parts]
        parts += self._files(rows, plan, choice, left_out)
        if brought is not None:
            _, note = self._owed(brought)
            told = len(self.conversation.repeated(brought.prompt)) + len(preface)
            tokens = self._meter.estimate(len(brought.prompt) + note + told)
            parts.append(Part("prompt", "prompt", tokens, note=brought.prompt, fixed=True))
        is_other = aim.model != self._aim().model
        window = self._window_of(aim.model) if is_other else self._meter.window
        return Budget(tuple(parts), window, aim.model, max(self._state.turns, default=0) + 1)

    def _fixed(self, choice: Choice, aim: Aim, *, is_running: bool) -> Iterator[Part]:
        name = self.format if is_running else self._format_for(aim)
        estimate = self._meter.estimate
        rules = briefing.instructions(name)
        yield Part("instructions", "instructions", estimate(len(rules)), fixed=True)
        tools = briefing.length(briefing.tools(name, aim.wire))
        yield Part("tools", "tools", estimate(tools), fixed=True)
        if agents := briefing.project(self._planning.agents):
            yield Part(
                PROJECT, "project", estimate(len(agents)), PROJECT, "instructions",
                pinned=PROJECT in choice.pinned, dropped=PROJECT in choice.dropped,
            )  # fmt: skip

    def _history(self, choice: Choice, *, running: bool, plan: Plan | None) -> Rows:
        """The turns so far. Those that are over are added up once."""
        over, last = self.conversation.tallies()
        estimate = self._meter.estimate
        key = (self.conversation.revision, estimate(_SCALE), choice)
        if self._over[0] != key:
            self._over = (key, Rows([], {}))
        known = self._over[1]
        for one in over[known.turns :]:
            known.add(one, choice, estimate)
        rows = known.copy()
        if last is not None:
            more = 0 if running else self._owed(plan)[0]
            rows.add(last, choice, estimate, now=running, more=more)
        return rows

    def _owed(self, plan: Plan | None) -> tuple[int, int]:
        """Characters that the fate of earlier hunks adds: to the last turn, and to the prompt."""
        state, talk = self._state, self.conversation
        fresh = [hunk for name, hunk in state.hunks.items() if name not in talk.told]
        if not fresh and not talk.owed:
            return 0, 0
        shown = frozenset((*plan.snapshots, *plan.known)) if plan is not None else frozenset()
        fates = tuple((hunk.id, hunk.status, hunk.parts) for hunk in fresh)
        key = (fates, len(talk.owed), shown, len(state.writes), talk.revision)
        if self._owing[0] != key:
            outputs, note = talk.owing(state, shown)
            self._owing = (key, sum(length(item) for item in outputs), len(_status(note)))
        return self._owing[1:]

    def _files(
        self, rows: Rows, plan: Plan | None, choice: Choice, left_out: frozenset[str]
    ) -> Iterator[Part]:
        """Each file once: what was shown of it, and what the plan brings."""
        brought = {c.path: c for c in plan.files if c.path in plan.blocks} if plan else {}
        gone = {key for key in choice.dropped if key.startswith(FILE)}
        known = {**rows.files, **{path: Shown() for path in brought if path not in rows.files}}
        known |= {path: Shown() for key in sorted(gone) if (path := key[len(FILE) :]) not in known}
        for path, shown in known.items():
            key, chip = file_key(path), brought.get(path)
            comes = shown.now > 0 or (chip is not None and path not in left_out)
            is_out = not comes and (key in gone or not shown.before)
            tokens = shown.now + (chip.tokens if chip and (comes or is_out) else 0)
            if key not in gone or is_out:
                tokens += shown.before
            yield Part(
                key, "file", tokens, path, chip.reason if chip else "history",
                turn=0 if chip else shown.turn, pinned=key in choice.pinned,
                dropped=is_out, fixed=shown.now > 0,
            )  # fmt: skip

    def _check(self, budget: Budget) -> None:
        if not budget.fits:
            raise over_the_window(budget)

    async def _off(self, job: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reads, lambda: job(*args))


def over_the_window(budget: Budget) -> LimitFault:
    """Nothing was sent: both numbers, and what may be left out."""
    message = (
        f"The request has ~{budget.tokens:,} tokens, and 90 % of the window of {budget.model} "
        f"({budget.window:,}) are {budget.limit:,}."
    )
    parts = [part for part in budget.droppable if part.tokens]
    if not parts:
        hint = "Shorten the prompt, or take a model with a larger window (Ctrl+T)."
        return LimitFault(message, hint=f"Nothing was sent. {hint}")
    listed = ", ".join(f"{part.key} ~{part.tokens:,}" for part in parts[:3])
    many = f"{len(parts)} parts" if len(parts) > 1 else "1 part"
    named = [p.path for p in parts[:3] if p.reason == "named"]
    more = f" The prompt names {named[0]}: unnamed it stays home." if named else ""
    hint = f"{many} can be dropped, the largest: {listed}. Ctrl+F lists them; without a screen: "
    return LimitFault(
        message, hint=f"Nothing was sent. {hint}spark-tui context -c --drop KEY.{more}"
    )


def _status(note: str) -> str:
    return f"[state of your earlier proposals]\n{note}\n\n" if note else ""
