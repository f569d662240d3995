"""A DiffView in a small app, as a person sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip

from spark_tui.tui.highlight import Highlighter
from spark_tui.tui.widgets.diff_changes import ChangesView
from tests.support.story import Story


class DiffApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.view = ChangesView(Highlighter(), empty=["nothing yet"])

    def compose(self) -> ComposeResult:
        yield self.view


class Look:
    """The view as a person sees it."""

    def __init__(self, view: ChangesView) -> None:
        self.view = view

    def strips(self) -> list[Strip]:
        size = self.view.size
        return self.view.render_lines(Region(0, 0, size.width, size.height))

    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.strips()]

    def text(self) -> str:
        return "\n".join(self.lines())

    def follow(self, story: Story) -> None:
        self.view.apply(story.take(), story.state)


def see(body: Callable[[Look], Awaitable[None]], *, width: int = 80, height: int = 24) -> None:
    async def main() -> None:
        app = DiffApp()
        async with app.run_test(size=(width, height)) as pilot:
            await pilot.pause()
            await body(Look(app.view))
            await app.workers.wait_for_complete()

    asyncio.run(main())
