"""A story: effort and tier are chosen from the palette and go along with the next request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, say
from spark_tui.session import events as ev
from tests.support.bench import Bench
from tests.support.desk import at_desk

Run = Callable[[Awaitable[None]], None]


def test_effort_and_tier_from_the_palette(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [(*say("One."), *done()), (*say("Two."), *done())]) as desk:
            for words, told in (
                ("effort: high", "Reasoning effort: high"),
                ("tier: flex", "Service tier: flex"),
            ):
                await desk.press("ctrl+p")
                await desk.until_true(lambda: "Search for commands" in desk.text())
                await desk.type(words)
                await desk.until_true(lambda words=words: words in desk.text())  # type: ignore[misc]
                await desk.press("enter")
                await desk.until_true(lambda told=told: told in desk.hint.text())  # type: ignore[misc]
            await desk.prompt.say("explain")
            await desk.until(ev.TurnEnded)
            request = desk.provider.requests[0]
            assert (request.effort, request.service_tier) == ("high", "flex")

    run(story())
