"""Stories: a request that does not fit, the list of its parts, and the way out by a key each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import call, done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.context_items import Choice
from spark_tui.tui.screens.context import ContextScreen
from spark_tui.tui.widgets.part_list import PartList
from tests.support.bench import Bench
from tests.support.desk import Desk, Part, at_desk

Run = Callable[[Awaitable[None]], None]

OK = (*say("ok"), *done())
BIG = "word " * 8_000


def rows(desk: Desk) -> list[str]:
    """The list as it is read, without cursor."""
    part = Part(desk, lambda: desk.app.screen.query_one(PartList))
    return [line.strip("▌ ▁▂▃▄▅▆▇█") for line in part.text().splitlines() if line.strip()]


def row(desk: Desk, word: str) -> str:
    return next(line for line in rows(desk) if word in line)


async def open_list(desk: Desk) -> None:
    awaited = "this prompt" if desk.prompt.draft else "Next request"
    await desk.press("ctrl+f")
    await desk.until_true(lambda: isinstance(desk.app.screen, ContextScreen))
    await desk.until_true(lambda: awaited in desk.text())


async def leave(desk: Desk, key: str = "escape") -> None:
    await desk.press(key)
    await desk.until_true(lambda: desk.app.screen is desk.app.desk)


async def go_to(desk: Desk, key: str) -> None:
    """The cursor on this part, by keys."""
    await desk.press("g")
    for _ in range(desk.app.screen.query_one(PartList).line_count()):
        current = desk.app.screen.query_one(PartList).current
        if current is not None and current.key == key:
            return
        await desk.press("j")
    raise AssertionError(f"no {key} in:\n{desk.text()}")


async def fill(desk: Desk) -> None:
    """A turn with a file that is too much for the window from then on."""
    await desk.prompt.say("read big.txt")
    await desk.until(ev.TurnEnded)
    desk.session.meter.window = 8_000


def test_what_does_not_fit_is_not_sent_and_one_key_leads_on(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("big.txt", BIG)
        async with at_desk(bench, [OK, OK]) as desk:
            await fill(desk)
            await desk.prompt.type("what is in there?")
            await desk.until_true(lambda: "does not fit" in desk.chips.text()
                                  or desk.app.desk.chat.chips.plan is not None)  # fmt: skip
            await desk.press("enter")
            assert desk.prompt.draft == "what is in there?", "the prompt is kept"
            assert desk.prompt.has_focus
            desk.hint.shows("Ctrl+F lists what can be left out")
            assert len(desk.provider.requests) == 1
            await open_list(desk)
            assert "too many" in desk.text() and "big.txt" in rows(desk)[0]
            await desk.press("enter")
            await desk.until_true(lambda: "nothing was sent" in desk.text())
            await desk.press("d")
            assert "free" in desk.text() and " out " in rows(desk)[0], "at once"
            await desk.press("enter")
            await desk.until(ev.TurnEnded, 2)
            assert "word word" not in repr(desk.provider.requests[1].items)
            assert "what is in there?" in repr(desk.provider.requests[1].items[-1])
            assert desk.prompt.draft == ""

    run(story())


def test_a_prompt_sent_before_it_was_counted_comes_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("big.txt", BIG)
        async with at_desk(bench, [OK, OK]) as desk:
            await fill(desk)
            await desk.prompt.say("again, please")
            await desk.until(ev.TurnEnded, 2)
            await desk.until_true(lambda: desk.prompt.draft == "again, please")
            desk.hint.shows("Ctrl+F lists 2 parts")
            told = " ".join(desk.transcript.text().split())
            assert "90 % of the window of gpt-5.3-codex-spark (8,000) are 7,200" in told
            assert "2 parts can be dropped" in told
            assert len(desk.provider.requests) == 1
            assert not isinstance(desk.app.screen, ContextScreen), "it never opens by itself"

    run(story())


def test_leaving_loses_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        async with at_desk(bench, [OK, OK]) as desk:
            await desk.prompt.say("look at calc.py")
            await desk.until(ev.TurnEnded)
            await desk.prompt.type("a draft\nof two lines")
            for key in ("escape", "q"):
                await open_list(desk)
                await leave(desk, key)
                assert desk.prompt.draft == "a draft\nof two lines" and desk.prompt.has_focus
            assert desk.session.context.choice == Choice()
            await open_list(desk)
            await go_to(desk, "t1")
            await desk.press("space")
            await desk.until(ev.ContextChosen)
            await leave(desk)
            assert len(desk.session.context.choice.dropped) == 1, "what was chosen stays so"
            await open_list(desk)
            await go_to(desk, "t1")
            await desk.press("d")
            await desk.until(ev.ContextChosen, 2)
            assert desk.session.context.choice == Choice(), "and may be taken back"
            await desk.type("ddd")
            await leave(desk)
            assert desk.session.context.choice.dropped == {"t1"}, "each key counted, in order"

    run(story())


def test_pins_and_all(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("AGENTS.md", "Use tabs.\n")
        look = (*say("So."), *call("search", {"pattern": "return"}), *done())
        bench.write("many.py", "    return 1\n" * 40)
        async with at_desk(bench, [look, OK, OK]) as desk:
            await desk.prompt.say("look at calc.py")
            await desk.until(ev.TurnEnded)
            await open_list(desk)
            await go_to(desk, "file:calc.py")
            await desk.press("p")
            assert " pin " in row(desk, "sent before")
            await desk.press("a")
            await desk.until(ev.ContextChosen, 2)
            choice = desk.session.context.choice
            assert choice.pinned == {"file:calc.py"}
            assert choice.dropped == {"t1", "t1o1", "AGENTS.md"}
            assert " out " in row(desk, "search return") and " out " in row(desk, "AGENTS.md")
            await desk.press("a")
            await desk.until(ev.ContextChosen, 3)
            assert desk.session.context.choice == Choice(frozenset({"file:calc.py"}))
            await go_to(desk, "tools")
            await desk.press("d")
            assert "goes along always" in desk.text()
            await desk.press("o")
            assert "in the order it is sent" in desk.text()
            assert "ground rules" in rows(desk)[0]
            await desk.press("enter")
            await desk.until_true(lambda: "no prompt waits" in desk.text())

    run(story())


def test_a_file_of_this_prompt_stays_home_this_time(bench: Bench, run: Run) -> None:
    """Also one that the prompt names."""

    async def story() -> None:
        async with at_desk(bench, [OK, OK]) as desk:
            await desk.prompt.type("look at calc.py")
            await open_list(desk)
            await desk.until_true(lambda: "named in the prompt" in desk.text())
            await go_to(desk, "file:calc.py")
            await desk.press("d")
            assert " out " in row(desk, "calc.py") and "~0 " not in row(desk, "calc.py")
            await desk.press("enter")
            await desk.until(ev.TurnEnded)
            assert "def add" not in repr(desk.provider.requests[0].items)
            await desk.prompt.say("look at calc.py again")
            await desk.until(ev.TurnEnded, 2)
            assert "def add" in repr(desk.provider.requests[1].items), "named again"

    run(story())


def test_a_smaller_window_is_said_at_the_switch(bench: Bench, run: Run) -> None:
    async def story() -> None:
        for name in ("one.txt", "two.txt"):
            bench.write(name, "word " * 50_000)
        async with at_desk(bench, [OK]) as desk:
            await desk.press("ctrl+t")
            desk.hint.shows("goes to smart")
            await desk.prompt.say("read one.txt and two.txt")
            await desk.until(ev.TurnEnded)
            await desk.press("ctrl+t")
            desk.hint.shows("goes to fast", "more than fit")
            assert len(desk.provider.requests) == 1

    run(story())


def test_names_and_prompts_are_inert(bench: Bench, run: Run) -> None:
    async def story() -> None:
        name = "a\x1b[31mb.py"
        bench.write(name, "x = 1\n")
        edit = f"*** Begin Patch\n*** Update File: {name}\n@@\n-x = 1\n+x = 2\n*** End Patch\n"
        async with at_desk(bench, [(*patch(edit), *done()), OK]) as desk:
            await desk.session.run("first [bold]line\x1b[2J")
            plan = await desk.session.plan("see", named=[name])
            await desk.session.run("see", plan=plan)
            await open_list(desk)
            assert "[bold]line" in row(desk, "t1") and "\x1b" not in desk.text()
            assert "a␛[31mb.py" in row(desk, "file")

    run(story())
