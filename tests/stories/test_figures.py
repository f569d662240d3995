"""Stories: how fast it was, how dear, and why nothing comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from spark_tui.model.provider import Usage
from spark_tui.model.scripted import Scripted, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import LinkNews
from spark_tui.session.opening import open_session
from spark_tui.settings.config import Prices, load
from spark_tui.tui.screens.figures import FiguresScreen
from spark_tui.tui.widgets.figure_page import EMPTY
from tests.support.bench import Bench
from tests.support.desk import at_desk, at_session

Run = Callable[[Awaitable[None]], None]

SWAP = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
*** End Patch
"""
REPLY = (*say("Swapped. " * 20), *patch(SWAP), *done(Usage(1000, 600, 50)))
PRICES = Prices(fast_input=2.0, fast_cached=0.5, fast_output=10.0)
COST = "$0.0016"


def test_the_line_says_how_fast_and_how_dear(bench: Bench, run: Run) -> None:
    async def story() -> None:
        provider = Scripted([REPLY])
        settings = replace(load(environ=bench.environ), prices=PRICES)
        session = await open_session(bench.root, settings, environ=bench.environ, provider=provider)
        async with at_session(bench, session, provider, size=(200, 50)) as desk:
            desk.status.lacks("TTFT").lacks("$")
            await desk.prompt.say("swap")
            await desk.until(ev.TurnEnded)
            desk.status.shows("round trip", "TTFT", "first hunk", "60 % cached", COST)

    run(story())


def test_the_page_of_figures_and_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY, REPLY], size=(80, 24)) as desk:
            await desk.press("f2")
            assert EMPTY[:30] in desk.text()
            await desk.press("escape")
            await desk.prompt.say("swap")
            await desk.until(ev.TurnEnded)
            await desk.press("f2")
            assert isinstance(desk.app.screen, FiguresScreen)
            assert "1 turn · 1.0k tokens in, 60 % cached" in desk.text()
            assert "› TTFT" in desk.text()
            for key, chosen in (("j", "first hunk"), ("k", "TTFT"), ("k", "round trip")):
                await desk.press(key)
                assert f"› {chosen}" in desk.text()
            await desk.press("q")
            assert desk.prompt.has_focus and desk.prompt.draft == ""
            assert not desk.of(ev.HunksDecided)

    run(story())


def test_it_follows_a_turn_that_ends_meanwhile(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY], gate=True) as desk:
            await desk.prompt.say("swap")
            await desk.until(ev.FirstToken)
            await desk.press("f2")
            assert EMPTY[:30] in desk.text()
            desk.provider.step(1000)
            await desk.until_true(lambda: "1 turn" in desk.text())

    run(story())


def test_all_sessions_of_the_work_tree(bench: Bench, run: Run) -> None:
    async def story() -> None:
        earlier, _ = await bench.open([REPLY, REPLY])
        await earlier.run("one")
        await earlier.run("two")
        await earlier.close()
        async with at_desk(bench, [REPLY]) as desk:
            await desk.prompt.say("three")
            await desk.until(ev.TurnEnded)
            await desk.press("f2")
            assert "1 turn " in desk.text()
            await desk.press("w")
            await desk.until_true(lambda: "3 turns" in desk.text())
            assert "all sessions of this work tree" in desk.text()
            await desk.press("w")
            assert "1 turn " in desk.text()

    run(story())


def test_models_are_shown_apart(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY, REPLY]) as desk:
            await desk.prompt.say("one")
            await desk.until(ev.TurnEnded)
            await desk.press("ctrl+t")
            await desk.prompt.say("two")
            await desk.until(ev.TurnEnded, 2)
            await desk.press("f2")
            assert "all models  [ ] 1 of 3" in desk.text() and "2 turns" in desk.text()
            await desk.press("right_square_bracket")
            assert "2 of 3" in desk.text() and "1 turn " in desk.text()
            await desk.press("left_square_bracket", "left_square_bracket")
            assert "3 of 3" in desk.text()

    run(story())


def test_the_page_is_copied_as_text(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY]) as desk:
            await desk.prompt.say("swap")
            await desk.until(ev.TurnEnded)
            await desk.press("f2", "x")
            copied = desk.app.clipboard
            assert copied.startswith("Figures of this session\n") and "› TTFT" in copied
            assert "copied" in desk.text()

    run(story())


def test_the_palette_has_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench) as desk:
            await desk.press("ctrl+p")
            await desk.type("figures")
            await desk.until_true(lambda: "how dear" in desk.text())
            await desk.press("down", "enter")
            await desk.until_true(lambda: isinstance(desk.app.screen, FiguresScreen))

    run(story())


def test_a_wait_is_counted_down_where_everybody_looks(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [REPLY], gate=True, size=(80, 24)) as desk:
            line = desk.app.desk.status
            now = 1_000.0
            line._clock = lambda: now
            assert not line.is_ticking, "nothing happens: no timer"
            await desk.prompt.say("swap")
            await desk.until(ev.FirstToken)
            wait = LinkNews("waiting", "api.example.org asks to wait", until=now + 7)
            desk.session.emit(wait)
            await desk.settle()
            desk.status.shows("waits 7 s: api.example.org asks to wait · Esc ends it")
            assert line.is_ticking
            now += 2
            line.show(desk.session.state, desk.session.meter)  # as the tick does
            await desk.settle()
            desk.status.shows("waits 5 s")
            await desk.press("escape")
            await desk.until(ev.TurnEnded)
            desk.status.lacks("waits")
            line._look_again(desk.session.state, desk.session.meter)
            assert not line.is_ticking, "it is over: the last tick sets no other"

    run(story())
