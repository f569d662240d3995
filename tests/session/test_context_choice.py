"""What a person leaves out: it is not sent, holds after a restart, and may come back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from spark_tui.edits.changeset import Flag
from spark_tui.errors import ConnectFault, LockHeld, StreamFault
from spark_tui.model.provider import Failed, Request
from spark_tui.model.scripted import call, done, patch, say
from spark_tui.session import context_items
from spark_tui.session.context_items import Choice, Part
from spark_tui.session.events import Decision, HunkId, Outcome
from spark_tui.session.meter import Meter
from spark_tui.session.opening import open_session
from spark_tui.session.session import Plan, Session
from spark_tui.settings.config import load
from tests.support.bench import CALC, Bench
from tests.support.items import problems

Run = Callable[[Awaitable[None]], None]

FIXED = ("instructions", "tools", "project")
OK = (*say("ok"), *done())
SUB = "*** Begin Patch\n*** Update File: calc.py\n@@\n-    return a - b\n+    return -b + a\n" \
      "*** End Patch\n"  # fmt: skip


async def drop(session: Session, *keys: str) -> None:
    choice = session.context.choice
    for key in keys:
        choice = choice.drop(key)
    await session.context.choose(choice)


def text_of(request: Request) -> str:
    return repr(request.items)


def parts(session: Session, plan: Plan | None = None) -> dict[str, Part]:
    return {part.key: part for part in session.context.budget(plan).parts}


def test_one_count_for_everything(bench: Bench, run: Run) -> None:
    """Chips, parts, the hard stop, the turn and the meter; whatever came before."""

    async def story() -> None:
        bench.write("AGENTS.md", "Always use tabs.\n")
        look = (*say("I look."), *call("read", {"paths": ["README.md"]}), *done())
        bench.write("README.md", "# Calc\n" + "words " * 100)
        session, provider = await bench.open([OK, look, OK, (*patch(SUB), *done()), OK, OK, OK])
        prompts = ["look at calc.py", "what does the readme say?", "swap sub in calc.py",
                   "and now?", "calc.py again", "go on"]  # fmt: skip
        for number, prompt in enumerate(prompts, 1):
            if number == 4:
                await session.decide([HunkId("t3h1")], Decision.ACCEPTED)
            if number == 5:
                await drop(session, "file:calc.py", "t2o1", "t1")
            if number == 6:
                await session.context.choose(session.context.choice.drop("AGENTS.md").pin("t4"))
            plan = await session.plan(prompt)
            budget = session.context.budget(plan)
            preview = session.context.preview(plan)
            assert plan.tokens == budget.tokens == sum(p.tokens for p in budget.parts
                                                       if not p.dropped)  # fmt: skip
            asked = len(provider.requests)
            await session.run(prompt, plan=plan)
            assert provider.requests[asked] == preview.request
            assert session.state.turns[number].tokens == budget.tokens
        await session.close()

    run(story())


def test_any_choice_leaves_a_request_that_is_taken_and_counted(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("long.py", "value = 1\n" * 50)
        look = (*call("read", {"paths": ["long.py"]}), *call("search", {"pattern": "val"}, "c2"))
        cut = (*say("half"), *done(cut="max_output_tokens"))
        broken = (*say("then"), Failed(StreamFault("gone")))
        session, _ = await bench.open(
            [OK, (*look, *done()), OK, (*say("Hm."), *patch(SUB), *done()), cut, broken,
             (*patch(SUB, "c9"), *done())]
        )  # fmt: skip
        for prompt in ("see calc.py", "look around", "swap sub", "more", "and more", "swap"):
            await session.run(prompt)
        await session.decide([HunkId("t3h1")], Decision.ACCEPTED)
        assert session._context.conversation.owed, "an edit that is not answered yet"
        keys = [key for key, part in parts(session).items() if not part.fixed]
        assert {"t1", "t6", "t2o1", "t2o2", "file:calc.py"} <= set(keys)
        shuffle = random.Random(4)
        for _ in range(150):
            await session.context.choose(
                Choice(dropped=frozenset(shuffle.sample(keys, shuffle.randrange(len(keys) + 1))))
            )
            plan = await session.plan(
                shuffle.choice(["go on", "see calc.py", "long.py and README"])
            )
            preview = session.context.preview(plan)
            assert problems(preview.request.items) == []
            assert preview.budget.tokens == plan.tokens
            chars = sum(context_items.length(item) for item in preview.request.items)
            listed = sum(p.tokens for p in preview.budget.parts if p.kind not in FIXED
                         and not p.dropped)  # fmt: skip
            assert abs(listed - chars / 4) <= len(preview.budget.parts), "but for rounding"
        await session.close()

    run(story())


def test_a_dropped_file_stays_home_until_it_is_named(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([OK, OK, (*patch(SUB), *done()), OK, OK])
        await session.run("look at calc.py")
        await drop(session, "file:calc.py")
        plan = await session.plan("what about sub and add?", shown="calc.py")
        assert "calc.py" not in (*plan.snapshots, *plan.known)
        await session.run("what about sub and add?", plan=plan)
        assert "def add" not in text_of(provider.requests[-1])
        assert "[file calc.py left out by the user]" in text_of(provider.requests[-1])
        bench.write("calc.py", CALC + "# changed\n")
        await session.run("swap the operands of sub")
        assert "def add" not in text_of(provider.requests[-1]), "a change does not bring it back"
        assert Flag.UNSEEN in session.state.hunks[HunkId("t3h1")].flags
        await session.run("look at calc.py again")
        assert text_of(provider.requests[-1]).count("def add") == 1
        assert not session.state.dropped
        await session.run("and?")
        assert text_of(provider.requests[-1]).count("def add") == 1
        await session.close()

    run(story())


def test_a_file_taken_back_stands_where_it_stood(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([OK] * 4)
        await session.run("look at calc.py")
        for _ in range(2):
            await drop(session, "file:calc.py")
            await session.run("go on")
        first, second, third = provider.requests
        assert "def add" not in text_of(second) and "def add" in text_of(third)
        assert third.items[0] == first.items[0]
        plan = await session.plan("calc.py?")
        assert "calc.py" in plan.known, "the model has it before it again"
        await session.close()

    run(story())


def test_a_dropped_turn_leaves_whole_and_its_file_stays(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([(*say("Hm."), *patch(SUB), *done()), OK, OK])
        await session.run("look at calc.py")
        await session.decide([HunkId("t1h1")], Decision.REJECTED)
        await drop(session, "t1")
        await session.run("go on")
        text = text_of(provider.requests[-1])
        assert "look at calc.py" not in text and "Hm." not in text and "ToolCall" not in text
        assert "def add" in text
        await drop(session, "t1")
        await session.run("go on")
        text = text_of(provider.requests[-1])
        assert "Hm." in text and "rejected by the user" in text and text.count("def add") == 1
        await session.close()

    run(story())


def test_a_dropped_output_is_no_longer_seen(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("big.py", "value = 1\n" * 50)
        look = (*call("read", {"paths": ["big.py"]}), *done())
        session, provider = await bench.open([look, OK, OK, OK])
        await session.run("hello there")
        row = parts(session)["t1o1"]
        assert (row.kind, row.note, row.dropped) == ("output", "read big.py", False)
        assert "big.py" in (await session.plan("see big.py")).known
        await drop(session, "t1o1")
        assert parts(session)["t1o1"].dropped
        assert "big.py" in (await session.plan("see big.py")).snapshots
        await session.run("go on")
        assert "value = 1" not in text_of(provider.requests[-1])
        assert context_items.OUTPUT_NOTE in text_of(provider.requests[-1])
        await drop(session, "t1o1", "t1")
        row = parts(session)["t1o1"]
        assert row.dropped, "it goes with its turn"
        assert "big.py" in (await session.plan("see big.py")).snapshots
        await session.close()

    run(story())


def test_the_choice_holds_after_a_restart(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("AGENTS.md", "Always use tabs.\n")
        session, _ = await bench.open([OK, OK])
        await session.run("look at calc.py")
        await session.run("something else")
        choice = Choice(frozenset({"t2"}), frozenset({"t1", "file:calc.py", "AGENTS.md"}))
        await session.context.choose(choice)
        await session.close()
        session, provider = await bench.open([OK, OK], fresh=False)
        assert session.context.choice == choice
        rows = parts(session)
        assert rows["t1"].dropped and rows["t2"].pinned and rows["file:calc.py"].dropped
        await session.run("what about add and sub?")
        request = provider.requests[-1]
        assert "look at calc.py" not in text_of(request) and "def add" not in text_of(request)
        assert "something else" in text_of(request)
        assert "tabs" not in request.instructions
        await session.run("calc.py, please")
        assert "def add" in text_of(provider.requests[-1])
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert session.context.choice.dropped == {"t1", "AGENTS.md"}, "it was sent anew"
        await session.close()

    run(story())


def test_a_plan_from_before_the_choice_claims_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([OK, (*patch(SUB), *done())])
        await session.run("look at calc.py")
        plan = await session.plan("swap sub in calc.py")
        assert "calc.py" in plan.known
        await drop(session, "file:calc.py")
        await session.run("swap sub in calc.py", plan=plan)
        assert "def add" not in text_of(provider.requests[-1])
        assert Flag.UNSEEN in session.state.hunks[HunkId("t2h1")].flags
        await session.close()

    run(story())


def test_a_failed_request_gives_back_what_it_showed_anew(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([OK, [Failed(ConnectFault("no"))], OK])
        await session.run("look at calc.py")
        await drop(session, "file:calc.py")
        assert await session.run("calc.py again") is Outcome.FAILED
        await session.run("go on")
        assert text_of(provider.requests[-1]).count("def add") == 1
        await session.close()

    run(story())


def test_the_file_that_streams_in_is_fixed(bench: Bench, run: Run) -> None:
    """Of the answer that runs nothing is left out; the next request may do without."""

    async def story() -> None:
        look = (*call("search", {"pattern": "add"}), *done())
        session, provider = await bench.open([look, OK, OK], gate=True)
        turn = asyncio.ensure_future(session.run("look at calc.py"))
        await provider.paused()
        rows = parts(session)
        assert rows["t1"].fixed and rows["file:calc.py"].fixed
        await drop(session, "t1", "file:calc.py")
        assert not parts(session)["t1"].dropped
        provider.step(100)
        await turn
        assert "def add" in text_of(provider.requests[1]), "its next round is whole"
        await session.run("go on")
        assert "def add" not in text_of(provider.requests[2])
        assert "look at calc.py" not in text_of(provider.requests[2])
        await session.close()

    run(story())


def test_a_choice_is_a_promise(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([OK])
        await session.run("hello")
        await session.close()
        other = await open_session(
            bench.root, load(environ=bench.environ), environ=bench.environ, lock=False, fresh=False
        )
        with pytest.raises(LockHeld):
            await drop(other, "t1")
        assert not other.state.dropped
        await other.close()

    run(story())


def test_reading_a_new_session_leaves_no_trace(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([OK])
        await session.run("hello")
        await session.close()
        before = sorted(bench.root.parent.glob("state/**/*"))
        settings = load(environ=bench.environ)
        other = await open_session(bench.root, settings, environ=bench.environ, lock=False)
        assert other.state.session and not other.state.turns
        assert other.state.session != session.state.session
        await other.close()
        assert sorted(bench.root.parent.glob("state/**/*")) == before
        session, _ = await bench.open(fresh=False)
        assert session.state.turns, "the current session is still the one that was"
        await session.close()

    run(story())


def test_a_plan_measures_no_text_of_turns_that_are_over(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted work: after 200 turns as much as after 2."""

    async def story() -> None:
        session, _ = await bench.open([OK] * 200)
        counts: dict[str, int] = {"length": 0, "estimate": 0}
        length, estimate = context_items.length, Meter.estimate

        def counted_length(item: object) -> int:
            counts["length"] += 1
            return length(item)  # type: ignore[arg-type]

        def counted_estimate(meter: Meter, chars: int) -> int:
            counts["estimate"] += 1
            return estimate(meter, chars)

        async def measured() -> dict[str, int]:
            await session.plan("look at calc.py")
            counts.update(length=0, estimate=0)
            await session.plan("look at calc.py")
            return dict(counts)

        await session.run("look at calc.py")
        await session.run("go on")
        monkeypatch.setattr(context_items, "length", counted_length)
        monkeypatch.setattr(Meter, "estimate", counted_estimate)
        few = await measured()
        for number in range(198):
            await session.run(f"go on, {number}")
        many = await measured()
        assert few == many
        assert many["length"] == 2, "the prompt and the answer of the last turn"
        await session.close()

    run(story())
