"""One prompt from Enter to the end of its turn: plan, stream, answer the model's calls, settle.

The rule kept here: automatic acceptance happens only after the format's own end and the wire's
done event, and only if every hunk is placed. The engine spawns no task: a turn is one coroutine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault, UsageFault
from spark_tui.model.provider import Item, ToolCall, ToolOutput, WireChanged
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.repository import Repository
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.context import Context, Plan
from spark_tui.session.conversation import OwedOutput, cut_note, fate
from spark_tui.session.events import Decision, Event, HunkId, Outcome, TokenUse
from spark_tui.session.link import Link
from spark_tui.session.meter import Meter
from spark_tui.session.review import Review
from spark_tui.session.state import HunkState, SessionState, Status
from spark_tui.session.tools import MAX_ROUNDS, ReadTools
from spark_tui.session.turn import EDIT_TOOLS, Round, SessionTree, TurnRun

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a face may say about one request beyond its words."""

    accept: str = "ask"
    """ask, none, safe, all."""
    allow_sensitive: frozenset[str] = frozenset()
    refines: HunkId | None = None
    steered: bool = False
    model: str = ""
    """"" = the model of the current role."""
    whole: bool = False
    """Take every hunk or none (`spark-tui apply`)."""
    preface: str = ""
    """Text for the model in front of the prompt (the hunk that is refined)."""


class Asking:
    """Runs turns, one at a time."""

    def __init__(
        self,
        *,
        state: SessionState,
        link: Link,
        meter: Meter,
        context: Context,
        review: Review,
        worktree: Worktree,
        repository: Callable[[], Repository | None],
        store: CheckpointStore,
        reads: Executor,
        emit: Callable[[Event], None],
        promise: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._state = state
        self._link = link
        self._meter = meter
        self._context = context
        self._review = review
        self._worktree = worktree
        self._repository = repository
        self._store = store
        self._reads = reads
        self._emit = emit
        self._promise = promise
        self._run: TurnRun | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_running(self) -> bool:
        return not self._idle.is_set()

    def stop(self) -> None:
        """Silence the running turn at once; finished hunks stay."""
        if self._run is not None:
            self._run.stop()

    async def idle(self) -> None:
        """Until no turn runs."""
        await self._idle.wait()

    async def run(self, prompt: str, plan: Plan, asked: Asked) -> Outcome:
        """Stream one turn. Network and model faults end the turn, they are not raised."""
        if self.is_running:
            raise UsageFault("A turn is streaming already.", hint="Stop it first.")
        self._idle.clear()
        turn = max(self._state.turns, default=0) + 1
        try:
            return await self._turn(turn, prompt, plan, asked)
        except asyncio.CancelledError:
            self.stop()
            if (state := self._state.turns.get(turn)) and state.is_streaming:
                self._emit(self._ended(turn, Outcome.INTERRUPTED, None))
            raise
        finally:
            self._run = None
            self._idle.set()

    async def apply(self, reply: str, asked: Asked, seen: Mapping[str, Snapshot]) -> Outcome:
        """A reply that is there already, as a turn of its own; all or nothing."""
        self._idle.clear()
        turn = max(self._state.turns, default=0) + 1
        try:
            await self._off(self._keep, list(seen.values()))
            for snapshot in seen.values():
                self._state.snapshots[snapshot.digest] = snapshot
            await self._promise(ev.TurnStarted(turn, "apply", "", "", (), 0, time.time()))
            self._meter.start(0)
            tree = SessionTree(self._worktree, self._state.files, seen, all_seen=True)
            run = TurnRun(
                turn=turn, tree=tree, state=self._state, meter=self._meter,
                emit=self._emit, read=self._read, ignored=self._is_ignored,
            )  # fmt: skip
            result = await run.take_text(reply)
            await self.accept_automatically(turn, result, asked)
            return await self._end(turn, run, result)
        finally:
            self._idle.set()

    # -- one turn --------------------------------------------------------------
    async def _turn(self, turn: int, prompt: str, plan: Plan, asked: Asked) -> Outcome:
        model = asked.model or self._link.model
        started = ev.TurnStarted(
            turn, prompt, self._link.role, model, (), plan.tokens, time.time(),
            asked.steered, asked.refines or "",
        )  # fmt: skip
        try:
            provider = self._link.provider()
            request, sent = self._context.request(
                plan, model=model, wire=provider.wire_hint(), preface=asked.preface
            )
        except SparkFault as fault:
            await self._promise(started)
            return await self._failed(turn, fault)
        shown = {**plan.known, **plan.snapshots}
        for snapshot in shown.values():
            self._state.snapshots[snapshot.digest] = snapshot
        await self._off(self._keep, list(shown.values()))
        await self._promise(
            ev.TurnStarted(
                turn,
                prompt,
                self._link.role,
                model,
                sent,
                plan.tokens,
                started.at,
                asked.steered,
                asked.refines or "",
            )
        )
        self._meter.start(plan.tokens)
        tree = SessionTree(self._worktree, self._state.files, shown)
        run = self._run = TurnRun(
            turn=turn, tree=tree, state=self._state, meter=self._meter,
            emit=self._emit, read=self._read, ignored=self._is_ignored,
        )  # fmt: skip
        if asked.refines:
            run.to_replace.append(asked.refines)
        for left in range(MAX_ROUNDS, -1, -1):
            result = await run.play(provider, request)
            if isinstance(result.fault, WireChanged) and not result.stopped:
                # Nothing was generated; the same words again, in the format of the other wire.
                request = self._context.next_request(model, provider.wire_hint())
                result = await run.play(provider, request)
            again = await self._settle(run, result, asked, may_go_on=left > 0)
            if not again:
                return await self._end(turn, run, result)
            run.to_replace += [
                h for h in result.hunks if self._state.hunks[h].status is Status.UNPLACED
            ]
            request = self._context.next_request(model, provider.wire_hint())
        raise AssertionError("the last round never goes on")

    async def _settle(self, run: TurnRun, result: Round, asked: Asked, *, may_go_on: bool) -> bool:
        """Record the answer, take what may be taken, answer calls; True: the model goes on."""
        talk = self._context.conversation
        if not result.done or result.stopped:
            said = "".join(p.text for p in self._state.turns[run.turn].parts if p.kind == "said")
            talk.items.append(cut_note(said, "\n".join(run.raw_edits)))
            return False
        talk.items.extend(result.items)
        if result.usage:
            self._meter.calibrate(self._meter.context, result.usage.input_tokens)
        automatic = asked.accept in ("safe", "all")
        if automatic:
            await self.accept_automatically(run.turn, result, asked)
        outputs: list[Item] = []
        owed: list[OwedOutput] = []
        for call in result.calls:
            if call.name in EDIT_TOOLS:
                hunks = tuple(result.call_hunks.get(call.call_id, ()))
                owed.append(
                    OwedOutput(ToolCall(call.call_id, call.name, call.input, call.custom), hunks)
                )
            elif may_go_on:
                outputs.append(await self._use_tool(run, call.call_id, call.name, call.input))
            else:
                outputs.append(ToolOutput(call.call_id, "error: no more calls in this turn"))
        if not outputs and not (owed and automatic):
            talk.owed.extend(owed)
            return False
        talk.told |= {h for o in owed for h in o.hunks}
        outputs.extend(
            ToolOutput(o.call.call_id, fate(self._state, o.hunks), custom=o.call.custom)
            for o in owed
        )
        talk.items.extend(outputs)
        return may_go_on

    async def accept_automatically(self, turn: int, result: Round, asked: Asked) -> None:
        """Write what the level takes, if the reply is whole and each hunk of the turn is placed."""
        hunks = [h for h in self._state.hunks.values() if h.turn == turn]
        if not result.whole or any(h.status is Status.UNPLACED for h in hunks):
            return
        placed = [h for h in hunks if h.status is Status.PLACED]
        taken = [h.id for h in placed if self._takes(h, asked)]
        if taken and not (asked.whole and len(taken) < len(placed)):
            await self._review.decide(taken, Decision.ACCEPTED, by="policy")

    def _takes(self, hunk: HunkState, asked: Asked) -> bool:
        score = hunk.place.score if hunk.place else 0.0
        allowed = hunk.path in asked.allow_sensitive
        return policy.takes(asked.accept, hunk.flags, score, allowed=allowed)

    async def _use_tool(self, run: TurnRun, call_id: str, name: str, arguments: str) -> Item:
        tools = ReadTools(
            self._worktree, self._repository(), self._state.files, self._context.allows
        )
        answer = await self._off(tools.answer, name, arguments)
        for snapshot in answer.snapshots:
            self._state.snapshots[snapshot.digest] = snapshot
            self._context.conversation.seen[snapshot.path] = snapshot.digest
            run.tree.show(snapshot)
        await self._off(self._keep, answer.snapshots)
        self._emit(ev.ToolUsed(run.turn, name, answer.detail, answer.result))
        return ToolOutput(call_id, answer.output)

    async def _end(self, turn: int, run: TurnRun, result: Round) -> Outcome:
        usage = None
        if result.usage:
            usage = TokenUse(
                result.usage.input_tokens, result.usage.cached_tokens,
                result.usage.output_tokens, result.usage.reasoning_tokens,
            )  # fmt: skip
        if result.stopped:
            return await self._close(self._ended(turn, Outcome.INTERRUPTED, usage))
        if result.fault is not None:
            return await self._failed(turn, result.fault)
        if result.cut:
            message = f"The answer was cut ({result.cut.replace('_', ' ')})."
            hint = "Finished hunks are kept. Type “continue” to go on."
            event = self._ended(turn, Outcome.INCOMPLETE, usage, message, hint, "cut")
            return await self._close(event)
        if not result.whole:
            message = "An edit ended without its own end." if not result.issues else (
                f"The reply is not sound: {result.issues[0]}.")  # fmt: skip
            hint = "Nothing was written by itself; finished hunks can be reviewed one by one."
            event = self._ended(turn, Outcome.INCOMPLETE, usage, message, hint, "incomplete")
            return await self._close(event)
        return await self._close(self._ended(turn, Outcome.COMPLETE, usage))

    async def _failed(self, turn: int, fault: SparkFault) -> Outcome:
        event = self._ended(turn, Outcome.FAILED, None, fault.message, fault.hint, fault.code)
        return await self._close(event)

    async def _close(self, event: ev.TurnEnded) -> Outcome:
        await self._promise(event)
        return event.outcome

    def _ended(
        self,
        turn: int,
        outcome: Outcome,
        usage: TokenUse | None,
        message: str = "",
        hint: str = "",
        code: str = "",
    ) -> ev.TurnEnded:
        if usage is None:
            usage = TokenUse(self._meter.context, 0, self._meter.tokens, 0, estimated=True)
        return ev.TurnEnded(turn, outcome, usage, self._meter.elapsed_ms, message, hint, code)

    # -- off the loop ----------------------------------------------------------
    def _keep(self, snapshots: Sequence[Snapshot]) -> None:
        for snapshot in snapshots:
            self._store.keep_blob(snapshot.data)

    async def _read(self, path: str) -> Snapshot | None:
        try:
            snapshot = await self._off(self._worktree.read, path)
        except SparkFault:
            return None
        if snapshot is not None:
            await self._off(self._keep, [snapshot])
        return snapshot

    async def _is_ignored(self, path: str) -> bool:
        repository = self._repository()
        if repository is None or path in self._state.files:
            return False
        try:
            return bool(await self._off(repository.ignored, [path]))
        except SparkFault:
            return True

    async def _off(self, job: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reads, lambda: job(*args))
