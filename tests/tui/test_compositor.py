"""The tight compositor paints what the stock one paints, cell for cell."""

from __future__ import annotations

import asyncio
import random

from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.screen import Screen
from textual.widgets import Static

from spark_tui.tui.compositor import TightCompositor


class Desk(Screen[None]):
    """Panes beside each other and rows above each other, with borders and a scroll bar."""

    CSS = "Horizontal { height: 1fr; } Vertical { width: 1fr; overflow-y: scroll; border: round; }"

    def __init__(self) -> None:
        super().__init__()
        self._compositor = TightCompositor()

    def compose(self) -> ComposeResult:
        with Horizontal():
            for pane in range(3):
                with Vertical():
                    for row in range(12):
                        yield Static(f"pane {pane} row {row} " * 3, markup=False)
        yield Static("status", markup=False)


def cells(update: ChopsUpdate | None) -> dict[tuple[int, int], tuple[str, object]]:
    """What an update paints: place -> character and style."""
    assert update is not None
    painted: dict[tuple[int, int], tuple[str, object]] = {}
    for y, x1, x2 in update.spans:
        for x, strip in update.chops[y].items():
            if strip is None:
                continue
            at = x
            for text, style, _ in Segment.filter_control(strip):
                for character in text:
                    if x1 <= at < x2:
                        painted[at, y] = (character, style)
                    at += 1
    return painted


def test_both_paint_the_same() -> None:
    async def story() -> None:
        app: App[None] = App()
        async with app.run_test(size=(80, 24)) as pilot:
            screen = Desk()
            await app.push_screen(screen)
            await pilot.pause()
            tight = screen._compositor
            chance = random.Random(7)
            for _ in range(40):
                boxes = {
                    Region(x, y, width, height).intersection(tight.size.region)
                    for x, y, width, height in (
                        (chance.choice([0, 2, 30, 77]), chance.randrange(24),
                         chance.randrange(1, 40), chance.randrange(1, 9))
                        for _ in range(chance.randrange(1, 4))
                    )
                }  # fmt: skip
                tight._dirty_regions = set(boxes)
                mine = cells(tight.render_partial_update())
                tight.__class__ = Compositor
                tight._dirty_regions = set(boxes)
                stock = cells(tight.render_partial_update())
                tight.__class__ = TightCompositor
                assert mine == stock

    asyncio.run(story())
