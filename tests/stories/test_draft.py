"""Stories: what was written and not sent is never lost; code from the chat becomes a hunk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.errors import LimitFault
from spark_tui.model.scripted import Scripted, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.opening import open_session
from spark_tui.settings.config import load
from tests.support.bench import Bench
from tests.support.desk import at_desk, at_session

Run = Callable[[Awaitable[None]], None]

STRICT = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return int(a) + int(b)
*** End Patch
"""


def test_a_draft_outlives_the_program(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench) as desk:
            await desk.prompt.type("half a thought")
            await desk.press("ctrl+q")
        settings = load(environ=bench.environ)
        provider = Scripted([])
        session = await open_session(
            bench.root, settings, environ=bench.environ, provider=provider, fresh=False
        )
        async with at_session(bench, session, provider) as desk:
            assert desk.prompt.draft == "half a thought"

    run(story())


def test_a_session_that_is_opened_again_shows_its_turns(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [(*say("I make it strict."), *patch(STRICT), *done())]) as desk:
            await desk.prompt.say("strict")
            await desk.until(ev.TurnEnded)
        settings = load(environ=bench.environ)
        provider = Scripted([])
        session = await open_session(
            bench.root, settings, environ=bench.environ, provider=provider, fresh=False
        )
        async with at_session(bench, session, provider) as desk:
            desk.transcript.shows("strict", "I make it strict.", "1 hunk in 1 file")
            await desk.press("enter")
            await desk.diff.press("y")
            await desk.until(ev.FilesWritten)
            assert "int(a) + int(b)" in bench.read("calc.py")

    run(story())


def test_the_draft_waits_while_a_hunk_is_refined(bench: Bench, run: Run) -> None:
    async def story() -> None:
        replies = [(*patch(STRICT), *done()), (*patch(STRICT.replace("int(", "float(")), *done())]
        async with at_desk(bench, replies) as desk:
            await desk.prompt.say("strict")
            await desk.until(ev.TurnEnded)
            await desk.prompt.type("my next idea")
            await desk.press("ctrl+n")
            await desk.diff.press("c")
            assert desk.prompt.draft == ""
            desk.hint.shows("what is wrong with this hunk?")
            await desk.prompt.say("floats, please")
            assert desk.diff.has_focus
            started = await desk.until(ev.TurnStarted, 2)
            assert started.refines == "t1h1"
            await desk.until(ev.TurnEnded, 2)
            assert desk.prompt.draft == "my next idea"
            desk.diff.shows("float(a) + float(b)")

    run(story())


def test_a_request_that_cannot_leave_gives_its_words_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench) as desk:

            async def too_large(*_args: object, **_more: object) -> None:
                raise LimitFault("That is more than the window holds.", hint="Drop a file.")

            desk.session.run = too_large  # type: ignore[method-assign, assignment]
            await desk.prompt.say("everything at once")
            await desk.until_true(lambda: desk.prompt.draft == "everything at once")
            await desk.until_true(lambda: not desk.tidying)
            desk.hint.shows("That is more than the window holds. Drop a file.")
            await desk.press("enter")  # once more, and the same is said
            await desk.until_true(lambda: desk.prompt.draft == "everything at once")
            await desk.until_true(lambda: not desk.tidying)
            desk.hint.shows("That is more than the window holds. Drop a file.")

    run(story())


def test_code_of_the_chat_becomes_a_hunk(bench: Bench, run: Run) -> None:
    async def story() -> None:
        text = "Use this:\n```python\ndef mul(a, b):\n    return a * b\n```\n"
        async with at_desk(bench, [(*say(text), *done())]) as desk:
            await desk.prompt.say("how do I multiply?")
            await desk.until(ev.TurnEnded)
            desk.app.desk.action_insert_code()
            desk.hint.shows("show the file first")
            await desk.press("ctrl+n", "ctrl+n")
            await desk.files.press("end", "enter")
            await desk.until_true(lambda: desk.app.desk.diff.view.mode == "file")
            desk.app.desk.action_insert_code()
            await desk.until(ev.HunkPlaced)
            await desk.until_true(lambda: "is the code block" in desk.hint.text())
            await desk.diff.press("y")
            await desk.until(ev.FilesWritten)
            assert bench.read("calc.py").startswith("def mul(a, b):\n    return a * b\ndef add")

    run(story())
