"""The list of what the next request would hold: what to keep, what to leave out, then send.

The rule kept here: it opens by the person's own key, and nothing is left out by itself. What is
chosen here is journaled at once and may be taken back; the prompt waits below, untouched, and is
sent only if it fits then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from spark_tui.errors import SparkFault
from spark_tui.session.context_items import Budget, Choice, Part, largest_first, unpinned
from spark_tui.text import one_line
from spark_tui.tui import keys
from spark_tui.tui.compositor import TightCompositor
from spark_tui.tui.widgets.chips import tokens
from spark_tui.tui.widgets.hint import Hint
from spark_tui.tui.widgets.part_list import PartList

if TYPE_CHECKING:
    from spark_tui.session.session import Plan, Session

_KEYS = "d drop/back · p pin · a drop all unpinned · o order · Enter send · Esc back · j k move"

Replan = Callable[[frozenset[str]], "Awaitable[Plan | None]"]
"""The plan for the waiting prompt without these paths; None: no prompt waits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person left with."""

    left_out: frozenset[str]
    """Paths that stay home this time, whatever the prompt names."""
    plan: Plan | None = None
    """To be sent at once."""


class Sum(Widget, can_focus=False):
    """All of it against the window: two rows that change at once."""

    def __init__(self) -> None:
        super().__init__(id="sum")
        self._budget = Budget(())

    def show(self, budget: Budget) -> None:
        self._budget = budget
        self.set_class(not budget.fits, "-over")
        self.refresh()

    def render(self) -> Content:
        budget, width = self._budget, self.content_size.width
        limit = tokens(budget.limit).lstrip("~")
        head = f"Next request: {tokens(budget.tokens)}"
        if not budget.window:
            return Content(f"{head} tokens; the window of {one_line(budget.model)} is not known")
        over = budget.tokens - budget.limit
        verdict = f"{tokens(over)} too many" if over > 0 else f"{tokens(-over)} free"
        window = tokens(budget.window).lstrip("~")
        first = f"{head} of {limit} tokens · {verdict}"
        second = f"{bar(budget, min(40, max(0, width - 40)))} 90 % of {window}"
        where = f" · {one_line(budget.model)}"
        if len(second) + len(where) <= width:
            second += where
        return Content(f"{first}\n{second}")


def bar(budget: Budget, width: int) -> str:
    """How full it is; what is over the limit has another sign.

    >>> bar(Budget((), 100), 4)
    '····'
    """
    if not budget.limit or width <= 0:
        return ""
    share = budget.tokens / budget.limit
    if share <= 1:
        full = round(share * width)
        return "█" * full + "·" * (width - full)
    fitting = max(1, round(width / share))
    return "█" * min(fitting, width - 1) + "!" * max(1, width - fitting)


class ContextScreen(Screen[Answer]):
    """Dismissed with what was chosen."""

    CSS_PATH = "context.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("context")]

    def __init__(
        self,
        session: Session,
        *,
        replan: Replan,
        left_out: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__()
        self._compositor = TightCompositor()
        self._session = session
        self._plan: Plan | None = None
        self._replan = replan
        self._left_out = left_out
        self._choice = session.context.choice
        self._by_size = True
        self._order = asyncio.Lock()
        """Choices are written down one after the other."""
        self._list = PartList()
        self._sum = Sum()
        self._hint = Hint()

    def compose(self) -> ComposeResult:
        yield self._sum
        yield self._list
        yield self._hint

    def on_mount(self) -> None:
        self._hint.rest(_KEYS)
        self._show()
        self._load()

    # -- keys ------------------------------------------------------------------------
    def action_line_down(self) -> None:
        self._list.move(1)

    def action_line_up(self) -> None:
        self._list.move(-1)

    def action_page_down(self) -> None:
        self._list.move(max(1, self._list.height - 2))

    def action_page_up(self) -> None:
        self._list.move(-max(1, self._list.height - 2))

    def action_top(self) -> None:
        self._list.move(-self._list.line_count())

    def action_bottom(self) -> None:
        self._list.move(self._list.line_count())

    def action_pin(self) -> None:
        """Keep the part under the cursor whatever happens, or no longer."""
        if (part := self._free()) is not None:
            self._choose(self._choice.pin(part.key), back=[part] if part.dropped else [])

    def action_drop(self) -> None:
        """Leave the part under the cursor out, or take it back."""
        if (part := self._free()) is None:
            return
        if part.dropped:
            self._choose(self._choice.take_back([part.key]), back=[part])
        else:
            self._choose(self._choice.leave_out([part.key]), out=[part])

    def action_drop_all(self) -> None:
        """Everything that may go and is not pinned; where nothing is left, all of it back."""
        parts = unpinned(self._budget().parts)
        if out := [part for part in parts if not part.dropped]:
            self._choose(self._choice.leave_out(part.key for part in out), out=out)
        else:
            self._choose(self._choice.take_back(part.key for part in parts), back=parts)

    def action_order(self) -> None:
        """The largest first, or as it is sent."""
        self._by_size = not self._by_size
        self._show()
        self._hint.say("the largest first" if self._by_size else "in the order it is sent")

    def action_send(self) -> None:
        """Send the prompt that waits, if everything fits now."""
        self._send()

    def action_leave(self) -> None:
        """Back to the prompt; what was chosen stays chosen."""
        self._leave()

    # -- inside ----------------------------------------------------------------------
    def _free(self) -> Part | None:
        """The part under the cursor, if it may be left out."""
        part = self._list.current
        if part is None or part.fixed:
            self._hint.say("this part goes along always")
            return None
        return part

    def _choose(
        self, choice: Choice, *, out: Iterable[Part] = (), back: Iterable[Part] = ()
    ) -> None:
        """Show it at once, then write it down."""
        self._left_out = (self._left_out - _paths(back)) | _paths(out)
        self._choice = choice
        self._hint.say("")
        self._show()
        self._write_down()

    @work(group="choice")
    async def _write_down(self) -> None:
        await self._keep()

    @work(group="leave", exclusive=True)
    async def _leave(self) -> None:
        await self._keep()
        self.dismiss(Answer(self._left_out))

    async def _keep(self) -> bool:
        """In the journal. False: the disk did not take it, and it does not count."""
        try:
            async with self._order:
                await self._session.context.choose(self._choice)
        except SparkFault as fault:
            self._choice = self._session.context.choice
            self._hint.say(f"{fault.message} {fault.hint}".strip(), level="error")
            self._show()
            return False
        return True

    @work(group="plan")
    async def _load(self) -> None:
        """The plan for the prompt that waits, with all that may be left out of it."""
        try:
            self._plan = await self._replan(self._left_out)
        except SparkFault as fault:
            self._hint.say(f"{fault.message} {fault.hint}".strip(), level="error")
        self._show()

    @work(group="leave", exclusive=True)
    async def _send(self) -> None:
        """What goes out is planned anew: a file that came back may have changed."""
        if not await self._keep():
            return
        try:
            plan = await self._replan(self._left_out)
        except SparkFault as fault:
            self._hint.say(f"{fault.message} {fault.hint}".strip(), level="error")
            return
        budget = self._session.context.budget(plan, self._choice)
        if plan is None:
            self._hint.say("no prompt waits: Esc goes back to it")
        elif budget.fits:
            self.dismiss(Answer(self._left_out, plan))
        else:
            over = tokens(budget.tokens - budget.limit)
            self._hint.say(f"still {over} too many: nothing was sent", level="warning")

    def _budget(self) -> Budget:
        return self._session.context.budget(self._plan, self._choice, self._left_out)

    def _show(self) -> None:
        budget = self._budget()
        self._sum.show(budget)
        parts = largest_first(budget.parts) if self._by_size else budget.parts
        self._list.show(parts, budget.turn)


def _paths(parts: Iterable[Part]) -> frozenset[str]:
    return frozenset(part.path for part in parts if part.kind == "file")
