"""The status line: branch, model, connection, speed, context, open hunks.

The rule kept here: it shows figures that others measured, and repaints only when its text changed.
What does not fit is left out whole, the least urgent first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from spark_tui.session.state import SessionState
from spark_tui.text import one_line
from spark_tui.tui.widgets.chips import tokens

if TYPE_CHECKING:
    from spark_tui.session.meter import Meter


@dataclass(frozen=True, slots=True)
class Item:
    """One field; of those that do not fit, the one with the highest `rank` goes first."""

    text: str
    rank: int
    look: str = ""


class Status(Widget, can_focus=False):
    """One row."""

    def __init__(self, *, id: str = "status") -> None:
        super().__init__(id=id)
        self._items: tuple[Item, ...] = ()

    def show(self, state: SessionState, meter: Meter) -> None:
        """Read the figures of now."""
        items = fields(state, meter)
        if items != self._items:
            self._items = items
            self.refresh()

    def render(self) -> Content:
        return assemble(self._items, self.content_size.width)


def fields(state: SessionState, meter: Meter) -> tuple[Item, ...]:
    """What the line says, in its order."""
    streaming = state.streaming
    open_hunks = sum(1 for _ in state.open_hunks())
    accepted = sum(1 for _ in state.accepted_hunks())
    items = [
        Item(_branch(state), 4),
        Item(f"{state.role}: {one_line(state.model)}" if state.model else state.role, 2),
        Item(*_connection(state), "$warning" if not state.ready else ""),
    ]
    if streaming is not None:
        items.append(Item("streaming", 1, "$success"))
    if meter.ttft_ms is not None:
        items.append(Item(f"TTFT {meter.ttft_ms:.0f} ms", 6))
    if meter.rate:
        items.append(Item(f"{meter.rate:,.0f} tok/s", 5))
    if meter.window:
        used = meter.context + (meter.tokens if streaming is not None else 0)
        items.append(Item(f"{tokens(used)}/{tokens(meter.window).lstrip('~')}", 7))
    if accepted:
        items.append(Item(f"{accepted} to commit", 3))
    if open_hunks:
        items.append(Item(f"{open_hunks} open", 0, "bold $accent"))
    return tuple(item for item in items if item.text)


def _branch(state: SessionState) -> str:
    name = one_line(state.branch) if state.branch else ("" if state.has_git else "no git")
    return f"{name} ({one_line(state.operation)})" if state.operation else name


def _connection(state: SessionState) -> tuple[str, int]:
    """The endpoint and the wire of the last turn."""
    label = one_line(state.endpoint)
    if "demo" in label:
        return "scripted model", 1
    wire = next((t.wire for t in reversed(state.turns.values()) if t.wire), "")
    return f"{label} {wire}".strip(), 1 if not state.ready else 8


def assemble(items: tuple[Item, ...], width: int) -> Content:
    """The fields that fit, with gaps between."""
    kept = list(items)
    while len(kept) > 1 and sum(cell_len(item.text) + 3 for item in kept) - 3 > width:
        kept.remove(max(kept, key=lambda item: item.rank))
    gap = Content(" · ").stylize("dim")
    return gap.join([Content(item.text).stylize(item.look) for item in kept])
