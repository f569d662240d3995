"""Stories: somebody else takes the session over while a page is open; what was typed goes along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import Scripted, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.settings.config import load
from tests.support.bench import Bench
from tests.support.desk import Desk, at_desk

Run = Callable[[Awaitable[None]], None]

STRICT = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return int(a) + int(b)
*** End Patch
"""


async def take_over(bench: Bench, desk: Desk) -> Session:
    """Another one asks for the session, waits until it is let in, and goes on with it."""

    async def along(lock_wait_s: float) -> Session:
        return await open_session(
            bench.root, load(environ=bench.environ), environ=bench.environ,
            provider=Scripted([]), or_along=True, lock_wait_s=lock_wait_s,
            resume=desk.session.state.session,
        )  # fmt: skip

    other = await along(0)
    assert await other.access.ask() == ""
    await other.close()
    taken = await along(2)
    assert not taken.access.is_reader
    return taken


def test_a_message_that_is_being_written_is_the_others_now(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [(*patch(STRICT), *done()), (*say("Of the model"), *done())]
        async with at_desk(bench, replies) as desk:
            await desk.prompt.say("strict")
            await desk.until(ev.TurnEnded)
            await desk.prompt.press("enter")
            await desk.diff.press("y")
            await desk.until(ev.HunksDecided)
            await desk.diff.press("C")
            await desk.until_true(lambda: "Of the model" in desk.text())
            await desk.type(", and mine")
            taken = await take_over(bench, desk)
            kept = taken.state.commit_draft
            assert kept is not None and kept.text == "Of the model, and mine"
            await desk.until_true(lambda: "Read only" in desk.hint.text())
            await taken.close()

    run(story())
