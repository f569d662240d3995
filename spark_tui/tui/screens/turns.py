"""Prompts, one after the other: what Enter, Tab, refine and escalate put in line.

The rule kept here: no prompt of a person is ever dropped. A new one stops the answer that streams
and goes out as soon as it is silent; several that arrive before that go out together. One worker
of the screen drains the line; the engine streams one turn at a time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_tui.errors import ModelMissing, SparkFault
from spark_tui.session.events import HunkId, Outcome

if TYPE_CHECKING:
    from spark_tui.session.session import Plan, Session


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to ask the model for."""

    text: str
    plan: Plan | None = None
    refines: HunkId | None = None
    """Ask for this hunk again, `text` is the reason."""
    escalates: HunkId | None = None
    """Ask the smart model for this hunk."""
    goes_on: bool = False
    """Go on with what is unfinished; `text` is what that will be."""

    @property
    def is_plain(self) -> bool:
        """A prompt of a person, which may be joined with others."""
        return not (self.refines or self.escalates or self.goes_on)


class Turns:
    """The line of asks of one session."""

    def __init__(
        self,
        session: Session,
        *,
        may_go: Callable[[Ask], Awaitable[bool]],
        failed: Callable[[Ask, SparkFault], None],
        returned: Callable[[str], None],
    ) -> None:
        self._session = session
        self._may_go = may_go
        self._failed = failed
        self._returned = returned
        self._waiting: list[Ask] = []
        self._running = False
        self._silenced = False
        """The person stopped the answer; holds until it has ended."""
        self._joining = False
        """What waits is being handed to the running answer, or has been."""

    @property
    def is_running(self) -> bool:
        """A turn streams or is about to."""
        return self._running

    def put(self, ask: Ask) -> bool:
        """Next in line. True: somebody must call `drain` now; False: `make_room`."""
        self._waiting.append(ask)
        return not self._running

    async def make_room(self) -> None:
        """End the answer that streams for what waits: a single prompt joins it where the model
        can take that, else it stops."""
        if self._joining or self._silenced or len(self._waiting) != 1:
            self._joining = False
            self._session.stop()
            return
        ask = self._waiting[0]
        if not ask.is_plain or ask.plan is None:
            self._session.stop()
            return
        self._joining = True
        try:
            self._joining = await self._session.join(ask.text, ask.plan)
        finally:
            if not self._joining:
                self.insist()

    def stop(self) -> bool:
        """Silence the answer that streams. False when there is none."""
        if not self._running:
            return False
        self._silenced = True
        self._session.stop()
        return True

    def insist(self) -> None:
        """Say stop again: a turn that was just starting may not have heard it."""
        if self._silenced or (self._waiting and not self._joining):
            self._session.stop()

    async def drain(self) -> None:
        """Send what is in line until nothing is left. One caller at a time."""
        self._running = True
        steered = False
        try:
            while self._waiting:
                ask = self._next()
                self._silenced = False
                try:
                    outcome = await self._send(ask, steered=steered)
                    if outcome is Outcome.FAILED and self._lacks_model():
                        await self._may_go(ask)
                except SparkFault as fault:
                    self._failed(ask, fault)
                    outcome = Outcome.FAILED
                steered = bool(self._waiting)
                if not self._waiting:
                    await self._from_queue(outcome)
        finally:
            self._running = False

    def _lacks_model(self) -> bool:
        """The service did not have the model: something else is offered."""
        turns = self._session.state.turns
        return bool(turns) and turns[max(turns)].code == ModelMissing.code

    def _next(self) -> Ask:
        """The first ask, joined with plain prompts right behind it."""
        ask = self._waiting.pop(0)
        self._joining = False
        texts = [ask.text]
        if not ask.is_plain:
            return ask
        while self._waiting and self._waiting[0].is_plain:
            texts.append(self._waiting.pop(0).text)
        return ask if len(texts) == 1 else Ask("\n\n".join(texts))

    async def _send(self, ask: Ask, *, steered: bool) -> Outcome:
        session = self._session
        if not await self._may_go(ask):
            return Outcome.FAILED
        if ask.refines:
            return await session.refine(ask.refines, ask.text)
        if ask.escalates:
            return await session.escalate(ask.escalates)
        if ask.goes_on:
            return await session.go_on()
        return await session.run(ask.text, plan=ask.plan, steered=steered)

    async def _from_queue(self, outcome: Outcome) -> None:
        """After a whole answer the next queued prompt; after a failed one they wait, after one
        that was stopped or cut they come back."""
        queue = list(self._session.state.queue)
        if not queue or outcome is Outcome.FAILED:
            return
        if outcome is Outcome.COMPLETE:
            await self._session.unqueue(queue[0])
            self._waiting.append(Ask(queue[0]))
            return
        await self.return_queue()

    async def return_queue(self) -> None:
        """What waits in the queue is a draft again."""
        queue = list(self._session.state.queue)
        for text in queue:
            await self._session.unqueue(text)
        if queue:
            self._returned("\n\n".join(queue))
