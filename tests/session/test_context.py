"""What is sent: found files, changes only, and never over the window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.provider import UserText
from spark_tui.model.scripted import done, patch, say
from spark_tui.session import events as ev
from spark_tui.session.events import Outcome
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]


def test_words_bring_the_file_along(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("net/fetcher.py", "def retry():\n    pass\n")
        session, provider = await bench.open([[*say("ok"), *done()]])
        plan = await session.plan("fix the retry in the fetcher")
        assert [(c.path, c.reason) for c in plan.files] == [("net/fetcher.py", "found")]
        assert plan.tokens > plan.files[0].tokens > 0
        await session.run("fix the retry in the fetcher", plan=plan)
        last = provider.requests[0].items[-1]
        assert isinstance(last, UserText) and "def retry" in last.text
        assert session.state.turns[1].files[0].path == "net/fetcher.py"
        await session.close()

    run(story())


def test_a_dropped_chip_stays_home(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*say("ok"), *done()]])
        plan = await session.plan("about calc.py", dropped=frozenset({"calc.py"}))
        await session.run("about calc.py", plan=plan)
        assert "return a" not in repr(provider.requests[0].items)
        await session.close()

    run(story())


def test_an_unchanged_file_is_sent_once(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*say("ok"), *done()]] * 3)
        for _ in range(2):
            await session.run("look at calc.py")
        assert repr(provider.requests[1].items).count("def add") == 1
        bench.write("calc.py", "def add(): ...\n")
        await session.run("and now?")
        assert repr(provider.requests[2].items).count("def add(): ...") == 1
        await session.close()

    run(story())


def test_the_projects_instructions_go_along(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("AGENTS.md", "Always use tabs.\n")
        session, provider = await bench.open([[*say("ok"), *done()]])
        plan = await session.plan("hello there")
        assert [c.reason for c in plan.files] == ["instructions"]
        await session.run("hello there", plan=plan)
        first, last = provider.requests[0].items
        assert isinstance(first, UserText) and "Always use tabs." in first.text
        assert isinstance(last, UserText) and last.text == "hello there"
        assert "tabs" not in provider.requests[0].instructions, "that would go with each request"
        await session.close()

    run(story())


def test_over_the_window_nothing_is_sent(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("big.txt", "word " * 40_000)
        session, provider = await bench.open([[*say("ok"), *done()]])
        session.meter.window = 10_000
        assert await session.run("read big.txt") is Outcome.FAILED
        assert session.state.turns[1].code == "limit" and not provider.requests
        assert "big.txt" in session.state.turns[1].hint
        await session.close()

    run(story())


def test_binary_files_are_not_sent(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.write("x.bin", b"\0\1\2")
        session, _ = await bench.open()
        plan = await session.plan("look at x.bin")
        assert [c.note for c in plan.blocked] == ["is binary"]
        await session.close()

    run(story())


def test_a_branch_that_changes_under_open_hunks_is_said(bench: Bench, run: Run) -> None:
    async def story() -> None:
        patch_text = "*** Begin Patch\n*** Add File: new.py\n+x = 1\n*** End Patch\n"
        session, _ = await bench.open([[*patch(patch_text), *done()]])
        bench.git("checkout", "-q", "-b", "calm")
        await session.look()
        assert not bench.of(ev.Noticed), "nothing is open yet"
        await session.run("add new.py")
        bench.git("checkout", "-q", "-b", "other")
        await session.look()
        assert [n.message for n in bench.of(ev.Noticed) if isinstance(n, ev.Noticed)] == [
            "The branch changed from calm to other since you asked."
        ]
        await session.close()

    run(story())
