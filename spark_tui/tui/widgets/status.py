"""The status line: branch, model, link, moments of the turn, context, cost, open hunks.

The rule kept here: it shows figures that others measured, and repaints only when its text changed.
What does not fit is left out whole, the least urgent first. Time alone changes it only while a
turn streams or the link has bad news: then it looks again once a second, else no timer runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from spark_tui.session.linking import sentence
from spark_tui.session.state import SessionState
from spark_tui.text import one_line
from spark_tui.tui.widgets.chips import tokens

if TYPE_CHECKING:
    from spark_tui.session.events import LinkNews
    from spark_tui.session.meter import Meter

TICK_S = 1.0
THINKS_FROM_S = 3.0
"""A turn of which nothing came for so long says for how long."""
_SAID = -2
LOW = 5
"""One part in so many of the largest pool seen is little."""


@dataclass(frozen=True, slots=True)
class Item:
    """One field; of those that do not fit, the one with the highest `rank` goes first."""

    text: str
    rank: int
    look: str = ""


@dataclass(slots=True)
class Seen:
    """What the line remembers between two looks."""

    requests: int = 0
    tokens: int = 0
    """The most that was ever left in the pool: its size, as far as anybody can tell."""
    waited: int = 0
    """The last turn that had to wait."""
    summed: tuple[int, bool] = (-1, False)
    """When the sums were made: turns, and whether one was streaming."""
    cost: str = ""
    cached: str = ""


class Status(Widget, can_focus=False):
    """One row."""

    def __init__(self, *, id: str = "status", clock: Callable[[], float] = time.time) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._items: tuple[Item, ...] = ()
        self._seen = Seen()
        self._tick: Timer | None = None
        self._said = ""

    @property
    def is_ticking(self) -> bool:
        """It looks again by itself."""
        return self._tick is not None

    def say(self, text: str) -> None:
        """In front of everything, as long as it is so; "" takes it away."""
        self._said = text
        self._items = tuple(item for item in self._items if item.rank != _SAID)
        self._items = (*((Item(text, _SAID, "bold $warning"),) if text else ()), *self._items)
        self.refresh()

    def show(self, state: SessionState, meter: Meter) -> None:
        """Read the figures of now."""
        items = fields(state, meter, self._clock(), self._seen)
        if self._said:
            items = (Item(self._said, _SAID, "bold $warning"), *items)
        if items != self._items:
            self._items = items
            self.refresh()
        if self._tick is None and (state.streaming is not None or state.link is not None):
            self._tick = self.set_timer(TICK_S, lambda: self._look_again(state, meter))

    def _look_again(self, state: SessionState, meter: Meter) -> None:
        self._tick = None
        self.show(state, meter)

    def render(self) -> Content:
        return assemble(self._items, self.content_size.width)


def fields(
    state: SessionState, meter: Meter, now: float = 0.0, seen: Seen | None = None
) -> tuple[Item, ...]:
    """What the line says, in its order."""
    seen = seen or Seen()
    streaming = state.streaming
    open_hunks = sum(1 for _ in state.open_hunks())
    accepted = sum(1 for _ in state.accepted_hunks())
    items = [
        *_news(state, now, seen),
        Item(_branch(state), 4),
        Item(f"{state.role}: {one_line(state.model)}" if state.model else state.role, 2),
        Item(*_connection(state), "$warning" if not state.ready else ""),
    ]
    if streaming is not None:
        silent = meter.silent_s
        thinks = silent > THINKS_FROM_S and state.link is None
        items.append(Item(f"thinking {silent:.0f} s" if thinks else "streaming", 1, "$success"))
    items += _moments(meter)
    if meter.window:
        used = meter.context + (meter.tokens if streaming is not None else 0)
        items.append(Item(f"{tokens(used)}/{tokens(meter.window).lstrip('~')}", 7))
    items += _sums(state, seen)
    if accepted:
        items.append(Item(f"{accepted} to commit", 3))
    if open_hunks:
        items.append(Item(f"{open_hunks} open", 0, "bold $accent"))
    return tuple(item for item in items if item.text)


def _news(state: SessionState, now: float, seen: Seen) -> Iterator[Item]:
    """Why nothing comes, and how little is left: above all else while it is so."""
    link = state.link
    if link is not None:
        if link.kind == "waiting":
            seen.waited = max(state.turns, default=0)
        ends = " · Esc ends it" if link.kind == "waiting" and state.streaming else ""
        yield Item(one_line(sentence(link, now)) + ends, -1, "bold $warning")
    if state.pool is not None and (left := _left(state, state.pool, now, seen)):
        yield Item(left, 1, "$warning")


def _left(state: SessionState, pool: LinkNews, now: float, seen: Seen) -> str:
    """What is left in the pool, where that is little or somebody had to wait for it."""
    seen.requests = max(seen.requests, pool.requests_left or 0)
    seen.tokens = max(seen.tokens, pool.tokens_left or 0)
    if pool.until and now >= pool.until:
        return ""
    has_waited = bool(seen.waited) and seen.waited == max(state.turns, default=0)
    told = [
        f"{tokens(left).lstrip('~')} {word}"
        for left, most, word in (
            (pool.requests_left, seen.requests, "requests"),
            (pool.tokens_left, seen.tokens, "tokens"),
        )
        if left is not None and (has_waited or left * LOW < most or left == 0)
    ]
    return f"{', '.join(told)} left" if told else ""


def _moments(meter: Meter) -> Iterator[Item]:
    """Of the turn that streams, or of the last one."""
    if meter.sent_ms is None and meter.ttft_ms is None:
        return
    from spark_tui.session.figures import written  # deferred: nothing is measured at the start

    for name, value, rank in (
        ("connect", meter.connect_ms or None, 13),
        ("round trip", meter.round_trip_ms, 12),
        ("TTFT", meter.ttft_ms, 6),
        ("first hunk", meter.first_hunk_ms, 10),
    ):
        if value is not None:
            yield Item(f"{name} {written(value, 'ms')}", rank)
    if meter.rate:
        yield Item(written(meter.rate, "tok/s"), 5)


def _sums(state: SessionState, seen: Seen) -> Iterator[Item]:
    """Of the whole session; made anew only when a turn has begun or ended."""
    now = (len(state.turns), state.streaming is not None)
    if seen.summed != now:
        seen.summed = now
        seen.cost, seen.cached = _told_sums(state) if state.turns else ("", "")
    yield Item(seen.cached, 11)
    yield Item(seen.cost, 8)


def _told_sums(state: SessionState) -> tuple[str, str]:
    from spark_tui.session.figures import dollars, spent_by, written

    spent = spent_by(state.turns.values())
    share = spent.cached_share
    return (
        dollars(spent.cost, estimated=spent.cost_estimated) if spent.cost is not None else "",
        f"{written(share, 'share')} cached" if share else "",
    )


def _branch(state: SessionState) -> str:
    name = one_line(state.branch) if state.branch else ("" if state.has_git else "no git")
    return f"{name} ({one_line(state.operation)})" if state.operation else name


def _connection(state: SessionState) -> tuple[str, int]:
    """The endpoint and the wire of the last turn."""
    label = one_line(state.endpoint)
    if "demo" in label:
        return "scripted model", 1
    wire = next((t.wire for t in reversed(state.turns.values()) if t.wire), "")
    return f"{label} {wire}".strip(), 1 if not state.ready else 9


def assemble(items: tuple[Item, ...], width: int) -> Content:
    """The fields that fit, with gaps between; the last one is cut if it has to be."""
    kept = list(items)
    while len(kept) > 1 and sum(cell_len(item.text) + 3 for item in kept) - 3 > width:
        kept.remove(max(kept, key=lambda item: item.rank))
    if len(kept) == 1 and cell_len(kept[0].text) > width > 1:
        kept = [Item(set_cell_size(kept[0].text, width - 1) + "…", 0, kept[0].look)]
    gap = Content(" · ").stylize("dim")
    return gap.join([Content(item.text).stylize(item.look) for item in kept])
