"""From the prompt to the model: what is planned, sent, queued, stopped.

The rule kept here: what goes out was shown as chips before, and the draft is never lost: it is
kept while somebody writes, put aside while a hunk is refined, given back when it could not leave.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from spark_tui.errors import SparkFault
from spark_tui.session.events import HunkId
from spark_tui.tui.panes.chat import ChatPane
from spark_tui.tui.screens import words
from spark_tui.tui.screens.turns import Ask, Turns
from spark_tui.tui.widgets.hint import Hint

if TYPE_CHECKING:
    from spark_tui.session.session import ModelOffer, Plan, Session
    from spark_tui.tui.screens.context import Answer

PLAN_AFTER_S = 0.12
DRAFT_AFTER_S = 0.3
TIDY_AFTER_S = 0.04

Job = Callable[[], Awaitable[object]]


class Start(Protocol):
    """Run a job as a worker of the screen; faults are said in the hint line."""

    def __call__(self, job: Job, *, group: str, exclusive: bool = False) -> object: ...


class Asking:
    """The chat's half of the desk, for one session."""

    def __init__(
        self,
        session: Session,
        chat: ChatPane,
        hint: Hint,
        *,
        start: Start,
        shown: Callable[[], str | None],
        offer: Callable[[str, ModelOffer], object],
    ) -> None:
        self._session = session
        self._chat = chat
        self._hint = hint
        self._start = start
        self._shown = shown
        """Path of the file in the diff pane."""
        self._offer = offer
        """Show what may be taken instead of a model that is not listed."""
        self._turns = Turns(
            session, may_go=self._may_go, failed=self._failed, returned=self.give_back
        )
        self._dropped: set[str] = set()
        self._refines: HunkId | None = None
        self._put_aside = ""
        """The draft while the prompt is used to refine a hunk."""
        self._is_warm = False

    @property
    def is_running(self) -> bool:
        """An answer streams or is about to."""
        return self._turns.is_running

    @property
    def refines(self) -> HunkId | None:
        """The hunk whose reason is being written."""
        return self._refines

    @property
    def draft(self) -> str:
        """What the person has written and not sent."""
        return self._put_aside if self._refines is not None else self._chat.prompt.text

    # -- sending -----------------------------------------------------------------
    def send(self, text: str) -> None:
        """Ask this now; a running answer stops for it."""
        if self.is_refused():
            return
        prompt = self._chat.prompt
        self._is_warm = False
        plan = self._chat.chips.plan
        plan = plan if plan and plan.prompt.strip() == text else None
        if plan is not None and not plan.fits:
            self.give_back(text)
            self._hint.say(words.too_large(plan.tokens, plan.window), level="warning")
            return
        if prompt.text.strip() == text:
            prompt.take()
        news = self._hint.news
        self.ask(Ask(text, plan=plan))
        self._dropped.clear()
        self._start(lambda: self._tidy(news), group="tidy", exclusive=True)

    async def _tidy(self, news: int) -> None:
        """Take the chips away once the request has left: a layout takes longer than it does. What
        was said since stays."""
        await sleep(TIDY_AFTER_S)
        if self._hint.news == news:
            self._hint.say("")
        if not self._chat.prompt.text:
            self._chat.chips.show(None)

    def queue(self, text: str) -> None:
        """Ask this after the running answer."""
        if not self._turns.is_running:
            self.send(text)
            return
        if self.is_refused():
            return
        self._chat.prompt.take()
        self._start(lambda: self._session.queue(text), group="queue")

    def go_on(self) -> bool:
        """Go on with what is unfinished; False when nothing is."""
        left = self._session.unfinished
        if left is None or self._turns.is_running or self._session.access.is_reader:
            return False
        if not self._session.state.ready:
            return False
        self.ask(Ask(left.prompt, goes_on=True))
        return True

    def take_back_queue(self) -> bool:
        """While nothing streams: what waits in the queue is a draft again. False: nothing does."""
        if self._turns.is_running or not self._session.state.queue:
            return False
        self._start(self._turns.return_queue, group="queue")
        return True

    def is_refused(self) -> bool:
        """Somebody else writes here: said, and what was typed stays."""
        access = self._session.access
        if access.is_reader:
            self._hint.say(f"Read only: {access.why} {access.hint}", level="warning")
        return access.is_reader

    def ask(self, ask: Ask) -> None:
        """Put something in line."""
        if self.is_refused():
            return
        if self._turns.put(ask):
            self._start(self._turns.drain, group="turn")
        else:
            self._start(self._turns.make_room, group="room")

    def stop(self) -> bool:
        """Stop the answer; False when none runs."""
        return self._turns.stop()

    def insist(self) -> None:
        """A turn has just begun: was it stopped meanwhile?"""
        self._turns.insist()

    async def _may_go(self, ask: Ask) -> bool:
        """Is the model there at all? Asked once for each; never a first "model not found"."""
        role = "smart" if ask.escalates else ""
        offer = await self._session.service.check_model(role)
        if offer is not None:
            self._offer("" if ask.refines or ask.escalates else ask.text, offer)
        return offer is None

    async def offer_models(self) -> None:
        """Show what the service lists, because the person asked."""
        from spark_tui.session.link import ModelOffer  # deferred: the engine comes after the frame

        session = self._session
        if session.state.ready:
            listed = await session.service.models()
            suggestion = session.service.suggest(listed)
            self._offer("", ModelOffer(session.state.model, listed, suggestion))

    def _failed(self, ask: Ask, fault: SparkFault) -> None:
        """A request that could not leave: the words go back where they came from."""
        self.give_back(ask.text)
        self._hint.say(f"{fault.message} {fault.hint}".strip(), level="error")

    def give_back(self, text: str) -> None:
        """Words that did not leave: into the prompt if it is empty, else into its history."""
        prompt = self._chat.prompt
        prompt.remember(text)
        if not prompt.text:
            prompt.write(text)

    # -- what does not fit ---------------------------------------------------------
    @property
    def left_out(self) -> frozenset[str]:
        """Files that stay home this time."""
        return frozenset(self._dropped)

    def leave_out(self, paths: Iterable[str]) -> None:
        """These stay home, as they did before."""
        self._dropped.update(paths)

    def too_large(self) -> str:
        """What to do where the next request would not fit, or ""."""
        self.edited()
        budget = self._session.context.budget(self._chat.chips.plan)
        return "" if budget.fits else words.too_large(budget.tokens, budget.window)

    def refused(self, turn: int) -> None:
        """A request was too large. If nothing was sent, the prompt is a draft again."""
        known = self._session.state.turns.get(turn)
        if known is None:
            return
        if not known.wire and not known.refines:
            self.give_back(known.prompt)
        self._start(self._offer_list, group="tidy", exclusive=True)  # after it: the words stay

    async def _offer_list(self) -> None:
        count = len(self._session.context.budget().droppable)
        if count:
            parts = f"{count} parts" if count > 1 else "1 part"
            self._hint.say(f"Ctrl+F lists {parts} that can be left out", level="warning")

    async def plan_without(self, left_out: frozenset[str]) -> Plan | None:
        """The plan for the prompt that waits, without these files."""
        prompt = self._chat.prompt
        text = prompt.text.strip()
        if not text or self._refines is not None:
            return None
        return await self._session.plan(
            text, named=prompt.named(), dropped=left_out, shown=self._shown()
        )

    def chosen(self, answer: Answer | None) -> None:
        """The person came back from the list; a plan is to be sent."""
        if answer is None:
            return
        self._dropped = set(answer.left_out)
        self._hint.say("")
        if answer.plan is None:
            self.edited()
            return
        self._chat.chips.show(answer.plan)
        self.send(answer.plan.prompt)

    # -- while somebody writes -----------------------------------------------------
    def edited(self) -> None:
        """The prompt changed: plan, keep the draft, open the connection."""
        if self._refines is not None:
            return
        if not self._is_warm and self._chat.prompt.text:
            self._is_warm = True
            self._start(self._session.warm, group="warm")
        self._start(self._plan, group="plan", exclusive=True)
        self._start(self._keep_draft, group="draft", exclusive=True)

    def drop_chip(self) -> None:
        """Leave the last file out."""
        path = self._chat.chips.droppable()
        if path:
            self._dropped.add(path)
            self._start(self._plan, group="plan", exclusive=True)

    def confirm_chip(self) -> None:
        """Yes to the first file that needs it."""
        plan = self._chat.chips.plan
        if plan is not None and plan.blocked:
            self._session.confirm(plan.blocked[0].path)
            self._start(self._plan, group="plan", exclusive=True)

    async def _plan(self) -> None:
        """What Enter would send, a moment after the last key."""
        await sleep(PLAN_AFTER_S)
        prompt = self._chat.prompt
        text = prompt.text.strip()
        if not text:
            self._dropped.clear()
            self._chat.chips.show(None)
            return
        plan = await self._session.plan(
            text,
            named=prompt.named(),
            dropped=frozenset(self._dropped),
            shown=self._shown(),
        )
        if prompt.text.strip() == text:
            self._chat.chips.show(plan)

    async def _keep_draft(self) -> None:
        await sleep(DRAFT_AFTER_S)
        self._session.keep_draft(self.draft)

    # -- one hunk again --------------------------------------------------------------
    def begin_refine(self, hunk: HunkId) -> None:
        """The prompt now takes the reason for this hunk; the draft waits."""
        prompt = self._chat.prompt
        if self._refines is None:
            self._put_aside = prompt.text
        self._refines = hunk
        prompt.write("")
        prompt.add_class("-refining")

    def end_refine(self) -> None:
        """The draft is back in the prompt."""
        self._refines = None
        self._chat.prompt.write(self._put_aside)
        self._chat.prompt.remove_class("-refining")

    def refine(self, reason: str) -> None:
        """Ask for the hunk again."""
        hunk = self._refines
        self.end_refine()
        if hunk is not None:
            self.ask(Ask(reason, refines=hunk))
