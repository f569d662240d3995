"""Stories: speaking while the model speaks, and a focus that stays where it is."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from spark_tui.model.provider import UserText
from spark_tui.model.scripted import done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import Outcome
from tests.support.bench import CALC, Bench
from tests.support.desk import at_desk

Run = Callable[[Awaitable[None]], None]

STRICT = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return int(a) + int(b)
*** End Patch
"""
OTHER = STRICT.replace("int(a) + int(b)", "float(a) + float(b)")
WORDS = ("yes", "no", "all", "add", "done", "commit", "yy", *"ynadAuUCcEq[]{}")


def test_enter_steers(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first = (*say("Let me think about integers. " * 20), *patch(STRICT), *done())
        second = (*say("Floats then.\n"), *patch(OTHER), *done())
        async with at_desk(bench, [first, second], gate=True) as desk:
            await desk.prompt.say("make it strict")
            await desk.until(ev.FirstToken)
            await desk.provider.step(5)
            await desk.prompt.say("no, floats")
            ended = await desk.until(ev.TurnEnded)
            assert ended.outcome is Outcome.INTERRUPTED
            started = await desk.until(ev.TurnStarted, 2)
            assert started.prompt == "no, floats"
            assert started.steered
            desk.provider.step(1000)
            await desk.until(ev.TurnEnded, 2)
            desk.transcript.shows("no, floats", "steered", "Floats then.")
            desk.diff.shows("float(a) + float(b)")
            sent = "".join(
                i.text for i in desk.provider.requests[1].items if isinstance(i, UserText)
            )
            assert "make it strict" in sent

    run(story())


def test_two_prompts_at_once_are_both_sent(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [(*say("One. " * 30), *done()) for _ in range(3)]
        async with at_desk(bench, replies, gate=True) as desk:
            await desk.prompt.say("first")
            await desk.until(ev.FirstToken)
            await desk.type("second")
            await desk.press("enter")
            await desk.type("third")
            await desk.press("enter")
            desk.provider.step(1000)
            await desk.until_true(lambda: "third" in desk.of(ev.TurnStarted)[-1].prompt)
            await desk.until_true(lambda: desk.session.state.streaming is None)
            said = "\n".join(event.prompt for event in desk.of(ev.TurnStarted))
            assert "second" in said

    run(story())


def test_tab_sends_after_this_answer(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [(*say("One. " * 10), *done()), (*say("Two."), *done())]
        async with at_desk(bench, replies, gate=True) as desk:
            await desk.prompt.say("first")
            await desk.until(ev.FirstToken)
            await desk.type("second")
            await desk.press("tab")
            await desk.until(ev.PromptQueued)
            desk.transcript.shows("after this answer: second")
            assert desk.prompt.draft == ""
            desk.provider.step(1000)
            started = await desk.until(ev.TurnStarted, 2)
            assert started.prompt == "second"
            assert not started.steered
            assert desk.of(ev.TurnEnded)[0].outcome is Outcome.COMPLETE
            await desk.until(ev.TurnEnded, 2)

    run(story())


def test_a_stopped_answer_gives_the_queue_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [(*say("One. " * 10), *done())], gate=True) as desk:
            await desk.prompt.say("first")
            await desk.until(ev.FirstToken)
            await desk.type("second")
            await desk.press("tab")
            await desk.until(ev.PromptQueued)
            await desk.press("escape")
            await desk.until(ev.TurnEnded)
            await desk.until(ev.PromptUnqueued)
            await desk.until_true(lambda: desk.prompt.draft == "second")

    run(story())


def test_typed_sentences_decide_nothing(bench: Bench, run: Run) -> None:
    """200 random sentences at random moments of a stream; the words are the review's keys."""

    async def story() -> None:
        chance = random.Random(7)
        replies = [(*say("Well. "), *patch(STRICT, chunk=2), *done())] * 40
        async with at_desk(bench, replies, gate=True) as desk:
            for number in range(200):
                if desk.session.state.streaming is None:
                    desk.app.desk.chat.prompt.take()
                    await desk.prompt.say("go on")
                    await desk.until(ev.TurnStarted, len(desk.of(ev.TurnEnded)) + 1)
                words = chance.choices(WORDS, k=chance.randint(1, 4))
                await desk.type(" ".join(words) + ("\n" if number % 9 == 0 else " "))
                desk.provider.step(chance.randint(0, 12))
                assert desk.prompt.has_focus
            desk.provider.step(1000)
            await desk.until_true(lambda: desk.session.state.streaming is None)
            assert not desk.of(ev.HunksDecided)
            assert not desk.of(ev.FilesWritten)
            assert bench.read("calc.py") == CALC

    run(story())


def test_a_pasted_block_never_decides_or_sends(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [(*patch(STRICT), *done())]) as desk:
            await desk.prompt.say("strict")
            await desk.until(ev.TurnEnded)
            await desk.paste("y\nA\ny\n")
            assert desk.prompt.draft == "y\nA\ny\n"
            await desk.press("ctrl+n")
            assert desk.diff.has_focus
            await desk.paste("y\n")
            assert desk.diff.has_focus
            assert desk.prompt.draft == "y\nA\ny\ny\n"
            assert not desk.of(ev.HunksDecided)
            assert len(desk.of(ev.TurnStarted)) == 1

    run(story())


def test_focus_walks_only_by_keys(bench: Bench, run: Run) -> None:
    async def story() -> None:
        reply = (*say("Here. " * 5), *patch(STRICT, chunk=8), *done())
        async with at_desk(bench, [reply], gate=True) as desk:
            await desk.press("tab")
            assert desk.diff.has_focus
            await desk.press("tab")
            assert desk.files.has_focus
            await desk.press("tab")
            assert desk.prompt.has_focus
            await desk.prompt.say("strict")
            for _ in range(60):
                desk.provider.step()
                await desk.settle()
                assert desk.prompt.has_focus
            await desk.until(ev.TurnEnded)
            assert desk.prompt.has_focus
            await desk.press("enter")
            assert desk.diff.has_focus
            await desk.press("q")
            assert desk.prompt.has_focus
            assert not desk.of(ev.HunksDecided)

    run(story())


def test_keys_that_arrive_together_keep_their_order(bench: Bench, run: Run) -> None:
    """A slow line delivers "back to the prompt" and a sentence in one packet."""

    async def story() -> None:
        async with at_desk(bench, [(*patch(STRICT), *done())]) as desk:
            await desk.prompt.say("strict")
            await desk.until(ev.TurnEnded)
            await desk.prompt.press("enter")
            await desk.diff.type("iyes, a new day")
            assert desk.prompt.draft == "yes, a new day"
            await desk.press("ctrl+c", "enter")
            assert desk.diff.has_focus
            await desk.diff.type("cAdd y")
            assert desk.prompt.draft == "Add y"
            await desk.press("escape")
            assert desk.diff.has_focus
            assert not desk.of(ev.HunksDecided)
            assert bench.read("calc.py") == CALC

    run(story())
