"""What a person may ask about the next request, and what of the conversation they leave out.

The rule kept here: looking sends nothing and changes nothing; a choice is journaled before it
counts, so it holds after a restart, and every choice may be taken back. Counting is context.py's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spark_tui.model.provider import (
    AssistantText,
    FunctionTool,
    Item,
    Request,
    Tool,
    ToolCall,
    ToolOutput,
    UserText,
)
from spark_tui.session.context import Aim, Context
from spark_tui.session.context_items import Budget, Choice
from spark_tui.session.events import ContextChosen
from spark_tui.session.link import Link
from spark_tui.session.planning import Plan

_NOT_SAMPLING = frozenset({"model", "instructions", "items", "tools", "cache_key"})


@dataclass(frozen=True, slots=True)
class Preview:
    """The request that would be sent, and what it costs."""

    wire: str
    budget: Budget
    request: Request

    def plain(self) -> dict[str, Any]:
        """The request as JSON values."""
        return {
            "instructions": self.request.instructions,
            "items": [_item(item) for item in self.request.items],
            "tools": [_tool(tool) for tool in self.request.tools],
            "sampling": {
                f.name: getattr(self.request, f.name)
                for f in dataclasses.fields(self.request)
                if f.name not in _NOT_SAMPLING
            },
        }


class Choosing:
    """Reached as `session.context`."""

    def __init__(self, context: Context, promise: Callable[[ContextChosen], Awaitable[None]]):
        self._context = context
        self._promise = promise

    @property
    def choice(self) -> Choice:
        """What is pinned and what is left out."""
        return self._context.choice

    def budget(
        self,
        plan: Plan | None = None,
        choice: Choice | None = None,
        left_out: frozenset[str] = frozenset(),
    ) -> Budget:
        """The parts of the next request and the window; `choice`: as if that were chosen, and
        `left_out`: as if these paths of the plan stayed home."""
        return self._context.budget(plan, choice, left_out)

    def preview(self, plan: Plan | None = None) -> Preview:
        """The request itself; without a plan, what every next one begins with."""
        request, aim = self._context.preview(plan)
        return Preview(aim.wire, self._context.budget(plan), request)

    async def choose(self, choice: Choice) -> None:
        """From the next request on."""
        if choice != self.choice:
            pinned, dropped = sorted(choice.pinned), sorted(choice.dropped)
            await self._promise(ContextChosen(tuple(pinned), tuple(dropped)))


def aim_of(link: Link) -> Aim:
    """Model and wire of the next request; without a key, the wire that would be tried first."""
    if link.ready:
        return Aim(link.model, link.provider().wire_hint())
    wire = link.endpoint.wire
    return Aim(link.model, "responses-ws" if wire == "auto" else wire)


def window_of(link: Link, model: str) -> int:
    """Of another model than the one in use."""
    for role in ("fast", "smart"):
        if link.model_of(role) == model:
            return link.target(role).window
    return link.window


def _item(item: Item) -> Mapping[str, Any]:
    kind = {
        UserText: "user", AssistantText: "assistant", ToolCall: "call", ToolOutput: "output",
    }.get(type(item), "opaque")  # fmt: skip
    return {"type": kind, **dataclasses.asdict(item)}


def _tool(tool: Tool) -> Mapping[str, Any]:
    kind = "function" if isinstance(tool, FunctionTool) else "custom"
    return {"type": kind, **dataclasses.asdict(tool)}
