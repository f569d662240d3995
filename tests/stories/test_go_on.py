"""Stories: an answer that broke off is gone on with by one key, never by itself; what waited in
the queue waits on, over a restart too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.errors import ConnectFault, StreamFault
from spark_tui.model.provider import Delta, Failed
from spark_tui.model.scripted import done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import Outcome
from tests.support.bench import Bench
from tests.support.desk import Reply, at_desk, at_session

Run = Callable[[Awaitable[None]], None]

EDIT = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** End Patch
"""
BROKE: tuple[Delta, ...] = (*patch(EDIT)[:-14], Failed(StreamFault("The line went dead.")))


def unwrapped(text: str) -> str:
    return " ".join(text.replace("└", " ").split())


def test_ctrl_s_goes_on_with_a_cut_answer(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [BROKE, (*say("The rest."), *done())]) as desk:
            await desk.prompt.say("swap both")
            await desk.until(ev.TurnEnded)
            await desk.until_true(
                lambda: "Ctrl+S goes on with it" in unwrapped(desk.transcript.text())
            )
            assert len(desk.of(ev.TurnStarted)) == 1
            await desk.type("a draft")
            await desk.press("ctrl+s")
            ended = await desk.until(ev.TurnEnded, 2)
            assert ended.outcome is Outcome.COMPLETE
            assert desk.of(ev.TurnStarted)[1].continues == 1
            assert desk.prompt.draft == "a draft"
            await desk.press("ctrl+s")
            await desk.until_true(lambda: "nothing to go on with" in desk.hint.text())

    run(story())


def test_a_failed_request_keeps_the_queue_and_goes_out_again(bench: Bench, run: Run) -> None:
    async def story() -> None:
        def fails(_: object) -> tuple[Delta, ...]:
            return (Failed(ConnectFault("Nobody answers.")),)

        replies: list[Reply] = [(*say("One. " * 5), Failed(StreamFault("Broken."))), fails,
                   (*say("Good."), *done()), (*say("Second."), *done())]  # fmt: skip
        async with at_desk(bench, replies, gate=True) as desk:
            await desk.prompt.say("first")
            await desk.until(ev.FirstToken)
            await desk.type("second")
            await desk.press("tab")
            await desk.until(ev.PromptQueued)
            desk.provider.step(1000)
            await desk.until(ev.TurnEnded)
            await desk.until_true(lambda: not desk.app.desk._asking.is_running)  # type: ignore[union-attr]
            assert desk.session.state.queue == ["second"]
            await desk.press("ctrl+s")
            await desk.until(ev.TurnEnded, 2)
            await desk.until_true(lambda: not desk.app.desk._asking.is_running)  # type: ignore[union-attr]
            assert desk.session.state.queue == ["second"], "it waits until an answer is whole"
            await desk.press("ctrl+s")
            await desk.until(ev.TurnEnded, 4)
            assert desk.session.state.queue == []
            assert desk.of(ev.TurnStarted)[-1].prompt == "second"

    run(story())


def test_the_queue_of_an_earlier_run_is_offered(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([])
        await session.queue("add tests")
        await session.queue("and docs")
        await session.close()
        session, provider = await bench.open([(*say("One."), *done())], fresh=False)
        async with at_session(bench, session, provider) as desk:
            await desk.until_true(lambda: "Ctrl+S sends the prompt" in desk.hint.text())
            desk.transcript.shows("waits in the queue: add tests")
            assert desk.of(ev.TurnStarted) == []
            await desk.press("escape")
            await desk.until_true(lambda: desk.prompt.draft == "add tests\n\nand docs")
            assert desk.session.state.queue == []

    run(story())
