"""One prompt from Enter to the end of its turn: plan, stream, settle, go on or end.

The rule kept here: a turn that started always ends with TurnEnded, and a request of which nothing
came leaves the transcript as it was. The engine spawns no task: a turn is one coroutine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace

from spark_tui.edits.formats.table import NAMES, Name
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault, UsageFault
from spark_tui.model.provider import Provider, Request, WireChanged
from spark_tui.session import events as ev
from spark_tui.session.answering import Answering
from spark_tui.session.answering import Asked as Asked
from spark_tui.session.context import Context, Plan
from spark_tui.session.events import Event, Outcome, TokenUse
from spark_tui.session.figures import cost_of
from spark_tui.session.link import Link
from spark_tui.session.meter import Meter
from spark_tui.session.shelf import Shelf
from spark_tui.session.state import SessionState, Status
from spark_tui.session.tools import MAX_ROUNDS
from spark_tui.session.turn import Round, SessionTree, TurnRun


class Asking:
    """Runs turns, one at a time."""

    def __init__(
        self,
        *,
        state: SessionState,
        link: Link,
        meter: Meter,
        context: Context,
        answering: Answering,
        shelf: Shelf,
        emit: Callable[[Event], None],
        promise: Callable[..., Awaitable[None]],
        record: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._state = state
        self._link = link
        self._meter = meter
        self._context = context
        self._answering = answering
        self._shelf = shelf
        self._emit = emit
        self._promise = promise
        self._record = record
        self._run: TurnRun | None = None
        self._halted = False
        """Stop was said, maybe before there was anything to stop."""
        self._joined: Plan | None = None
        """The prompt that was handed to the running answer."""
        self.door: Callable[[], None] = lambda: None
        """Raises where nothing may be asked."""
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_running(self) -> bool:
        return not self._idle.is_set()

    def stop(self) -> None:
        """Silence the running turn at once; finished hunks stay."""
        self._halted = True
        if self._run is not None:
            self._run.stop()

    async def warm(self, *, also_read: bool) -> None:
        """Open the connection; `also_read`: let the service read what is known already."""
        provider, model = self._link.provider(), self._link.target().model
        await provider.connect()
        if also_read and model and not self.is_running:
            await provider.warm(self._context.beginning(model, provider.wire_hint()))

    async def join(self, prompt: str, plan: Plan) -> bool:
        """Hand this prompt to the running answer; False where that cannot take it."""
        run = self._run
        if run is None or plan.prompt != prompt or not (text := self._context.joint(plan)):
            return False
        if not await run.join(text) or run.stopped:
            return False
        self._joined = plan
        return True

    async def idle(self) -> None:
        """Until no turn runs."""
        await self._idle.wait()

    async def run(self, prompt: str, plan: Plan | None, asked: Asked) -> Outcome:
        """Stream one turn. Network and model faults end the turn, they are not raised."""
        turn = self._begin()
        try:
            if plan is None:
                plan = await self._context.plan(prompt, named=asked.named)
            return await self._turn(turn, self._context.current(plan), asked)
        finally:
            self._leave(turn)

    async def apply(
        self,
        reply: str,
        asked: Asked,
        seen: Mapping[str, Snapshot],
        formats: Collection[Name] = NAMES,
    ) -> Outcome:
        """A reply that is there already, as a turn of its own; all or nothing."""
        turn = self._begin()
        try:
            await self._shelf.remember(seen.values())
            branch, head = await self._answering.ground.now()
            await self._promise(
                ev.TurnStarted(turn, "apply", "", "", (), 0, time.time(), branch=branch, head=head)
            )
            run = self._new_run(turn, seen, all_seen=True)
            try:
                result = await run.take_text(reply, formats=formats)
                await self._answering.accept_automatically(run, result, asked)
            except SparkFault as fault:
                return await self._failed(turn, run, fault)
            return await self._end(turn, run, result)
        finally:
            self._leave(turn)

    # -- one turn --------------------------------------------------------------
    def _begin(self) -> int:
        self.door()
        if self.is_running:
            raise UsageFault("A turn is streaming already.", hint="Stop it first.")
        self._idle.clear()
        self._halted = False
        self._meter.begin()
        return max(self._state.turns, default=0) + 1

    def _leave(self, turn: int) -> None:
        """However it came here, cancelled or by a bug of ours: the turn does not stream on."""
        run, self._run = self._run, None
        state = self._state.turns.get(turn)
        if state is not None and state.is_streaming:
            if run is not None:
                run.stop()
                if self._meter.round_trip_ms is not None and run.used == TokenUse():
                    run.used = self._estimated(run.used)
            self._measure(turn, run)
            self._emit(ev.TurnEnded(turn, Outcome.INTERRUPTED, self._use(run), 0.0))
        self._idle.set()

    def _new_run(
        self, turn: int, shown: Mapping[str, Snapshot], *, all_seen: bool = False
    ) -> TurnRun:
        tree = SessionTree(self._shelf.worktree, self._state.files, shown, all_seen=all_seen)
        run = self._run = TurnRun(
            turn=turn, tree=tree, state=self._state, meter=self._meter,
            emit=self._emit, read=self._shelf.read, ignored=self._shelf.is_ignored,
        )  # fmt: skip
        if self._halted:
            run.stop()
        return run

    async def _turn(self, turn: int, plan: Plan, asked: Asked) -> Outcome:
        target = self._link.target(asked.role)
        given, self._joined = self._joined, None
        joined = asked.steered and given is not None and given.prompt == plan.prompt
        started = ev.TurnStarted(
            turn, plan.prompt, target.role, self._link.model_of(target.role), (), plan.tokens,
            time.time(),
            asked.steered, asked.refines or "", asked.continues,
        )  # fmt: skip
        talk = self._context.conversation
        before = talk.mark()
        is_recorded = False
        branch, head = await self._answering.ground.now()
        started = replace(started, branch=branch, head=head)
        try:
            provider = self._link.provider_for(target)
            model, wire = target.model, provider.wire_hint()
            self._context.role = target.role
            request, sent = self._context.request(
                plan, model=model, wire=wire, preface=asked.preface, joined=joined
            )
        except SparkFault as fault:
            await self._promise(started)
            return await self._failed(turn, None, fault)
        try:
            shown = {**plan.known, **plan.snapshots}
            size = self._context.size()
            promised = self._promise(replace(started, files=sent, tokens=size))
            await asyncio.gather(self._shelf.remember(shown.values()), promised)
            self._meter.go_on(size)
            run = self._new_run(turn, shown)
            run.earlier.holds = asked.is_automatic
            if asked.refines:
                run.earlier.asked_for.append(asked.refines)
            first = True
            for left in range(MAX_ROUNDS, -1, -1):
                result = await self._play(run, provider, request)
                if first and result.is_silent:
                    if result.stopped and self._meter.round_trip_ms is not None:
                        self._count(run, result)  # the service had begun with it
                    return await self._end(turn, run, result)
                goes_on = await self._answering.settle(run, result, asked, may_go_on=left > 0)
                is_recorded = True
                self._count(run, result)
                if not goes_on:
                    return await self._end(turn, run, result)
                run.earlier.asked_for += [
                    h for h in result.hunks if self._state.hunks[h].status is Status.UNPLACED
                ]
                request = self._context.further_request(model, provider.wire_hint())
                self._meter.go_on(self._context.size())
                first = False
            raise AssertionError("the last round never goes on")
        except SparkFault as fault:
            if self._run is None:
                raise  # The journal did not take the start: there is no turn.
            return await self._failed(turn, self._run, fault)
        finally:
            if is_recorded:
                talk.drop_unanswered()
            else:
                talk.back_to(before)
                if turn in self._state.turns:
                    talk.unanswered.append(asked.preface + plan.prompt)

    async def _play(self, run: TurnRun, provider: Provider, request: Request) -> Round:
        result = await run.play(provider, request)
        if isinstance(result.fault, WireChanged) and not result.stopped:
            # Nothing was generated; the same words again, in the format of the other wire.
            request = self._context.next_request(request.model, provider.wire_hint())
            result = await run.play(provider, request)
        return result

    def _count(self, run: TurnRun, result: Round) -> None:
        """Add the round to what the turn used, and learn from what the service counted."""
        said, used = result.usage, run.used
        if said is None:
            run.used = self._estimated(used)
            return
        self._meter.learn(said.input_tokens)
        run.used = TokenUse(
            used.input + said.input_tokens, used.cached + said.cached_tokens,
            used.output + said.output_tokens, used.reasoning + said.reasoning_tokens,
            used.estimated,
        )  # fmt: skip

    def _estimated(self, used: TokenUse) -> TokenUse:
        """With the request that runs, of which the service has said nothing."""
        return TokenUse(
            used.input + self._meter.context, used.cached, used.output + self._meter.tokens,
            used.reasoning, estimated=True,
        )  # fmt: skip

    def _use(self, run: TurnRun | None) -> TokenUse:
        return run.used if run is not None else TokenUse(estimated=True)

    # -- its end ---------------------------------------------------------------
    async def _end(self, turn: int, run: TurnRun, result: Round) -> Outcome:
        said = result.usage
        used = said.input_tokens + said.output_tokens if said else 0
        if result.stopped or result.cut == "steered":
            return await self._close(turn, run, Outcome.INTERRUPTED, used=used)
        if result.fault is not None:
            self._link.refused(self._state.turns[turn].role, result.fault)
            return await self._failed(turn, run, result.fault, used=used)
        if result.cut:
            return await self._close(
                turn, run, Outcome.INCOMPLETE, used=used, code="cut",
                message=f"The answer was cut ({result.cut.replace('_', ' ')}).",
                hint="Finished hunks are kept.",
            )  # fmt: skip
        if not result.whole:
            message = "An edit ended without its own end." if not result.issues else (
                f"The reply is not sound: {result.issues[0]}.")  # fmt: skip
            return await self._close(
                turn, run, Outcome.INCOMPLETE, used=used, code="incomplete", message=message,
                hint="Nothing was written by itself; finished hunks can be reviewed one by one.",
            )  # fmt: skip
        return await self._close(turn, run, Outcome.COMPLETE, used=used)

    async def _failed(
        self, turn: int, run: TurnRun | None, fault: SparkFault, *, used: int = 0
    ) -> Outcome:
        return await self._close(
            turn, run, Outcome.FAILED, used=used,
            message=fault.message, hint=fault.hint, code=fault.code,
        )  # fmt: skip

    async def _close(
        self,
        turn: int,
        run: TurnRun | None,
        outcome: Outcome,
        *,
        used: int,
        message: str = "",
        hint: str = "",
        code: str = "",
    ) -> Outcome:
        took_ms = self._meter.elapsed_ms if run is not None else 0.0
        event = ev.TurnEnded(turn, outcome, self._use(run), took_ms, message, hint, code)
        self._measure(turn, run)
        if run is not None:
            self._meter.end(used)
        await self._record(event)
        return outcome

    def _measure(self, turn: int, run: TurnRun | None) -> None:
        """Say what the turn took; one that asked nobody has nothing to say."""
        state = self._state.turns.get(turn)
        if run is None or state is None or not self._meter.rounds:
            return
        target = self._link.target(state.role)
        price = target.price if target.model == state.model else None
        figures = self._meter.figures(
            cost=cost_of(self._use(run), price),
            service_tier=run.service_tier,
            wire=state.wire,
            edit_format=self._context.format,
        )
        self._emit(ev.TurnMeasured(turn, figures))
