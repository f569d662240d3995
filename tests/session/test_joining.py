"""A prompt that joins the running answer: the turn ends by itself, the next request takes up what
the service says to it, every call is answered once, and nothing that was finished is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from spark_tui.model.provider import ToolCall, ToolOutput, UserText
from spark_tui.model.scripted import Scripted, done, patch, say
from spark_tui.session.events import Connected, Decision, Event, HunkId, Outcome
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.session.state import Status
from spark_tui.settings.config import load
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

EDIT = """*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
*** End Patch
"""


async def opened(bench: Bench, provider: Scripted) -> Session:
    session = await open_session(
        bench.root, load(environ=bench.environ), environ=bench.environ, provider=provider
    )
    await session.look()
    return session


async def begun(session: Session, turn: int) -> None:
    """Until the request of this turn is on its way."""
    came = asyncio.Event()

    def hear(event: Event) -> None:
        if isinstance(event, Connected) and event.turn == turn:
            came.set()

    forget = session.listen(hear)
    if turn not in session.state.turns or not session.state.turns[turn].wire:
        await came.wait()
    forget()


def test_a_prompt_joins_the_running_answer(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first = (*patch(EDIT), *say("And now something else. " * 20), *done())
        provider = Scripted([first, (*say("Floats."), *done())], gate=True, steers=True)
        session = await opened(bench, provider)
        running = asyncio.ensure_future(session.run("swap calc.py"))
        await begun(session, 1)
        await provider.step(len(patch(EDIT)) + 3)
        plan = await session.plan("no, floats please")
        assert await session.join("no, floats please", plan)
        assert await running is Outcome.INTERRUPTED
        assert provider.steered == ["no, floats please"]
        assert session.state.hunks[HunkId("t1h1")].status is Status.PLACED
        provider.step(1000)
        assert await session.run("no, floats please", plan=plan, steered=True) is Outcome.COMPLETE
        items = provider.requests[1].items
        last = items[-1]
        assert isinstance(last, UserText) and last.text == provider.steered[0]
        calls = [i.call_id for i in items if isinstance(i, ToolCall)]
        assert calls == [i.call_id for i in items if isinstance(i, ToolOutput)] == ["call_1"]
        await session.close()

    run(story())


def test_what_does_not_steer_is_stopped_and_asked_anew(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first = (*say("One. " * 20), *done())
        provider = Scripted([first, (*say("Two."), *done())], gate=True)
        session = await opened(bench, provider)
        running = asyncio.ensure_future(session.run("explain"))
        await begun(session, 1)
        await provider.step(3)
        plan = await session.plan("shorter")
        provider.step(1000)
        assert not await session.join("shorter", plan)
        assert await session.steer("shorter", plan=plan) is Outcome.COMPLETE
        await running
        assert not await session.join("nobody speaks", plan), "nothing runs"
        await session.close()

    run(story())


def test_news_that_had_no_room_in_the_joined_prompt_are_told_later(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [
            (*say(EDIT), *done()),
            (*say("Well. " * 20), *done()),
            (*say("Yes."), *done()),
            (*say("Good."), *done()),
        ]
        provider = Scripted(replies, gate=True, steers=True)
        session = await opened(bench, provider)
        provider.step(1000)
        await session.run("swap calc.py")
        provider._allowed = 0
        running = asyncio.ensure_future(session.run("explain"))
        await begun(session, 2)
        await provider.step(3)
        await session.decide([HunkId("t1h1")], Decision.REJECTED)
        plan = await session.plan("and shorter")
        assert await session.join("and shorter", plan)
        await running
        provider.step(1000)
        await session.run("and shorter", plan=plan, steered=True)
        last = provider.requests[2].items[-1]
        assert isinstance(last, UserText) and last.text == provider.steered[0]
        await session.run("thanks")
        after = provider.requests[3].items[-1]
        assert isinstance(after, UserText) and "rejected by the user" in after.text
        await session.close()

    run(story())
