"""Stories: the person's own changes staged, unstaged, discarded and all of it taken back."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable

from spark_tui.session import events as ev
from tests.support.bench import Bench
from tests.support.desk import Desk, at_desk

Run = Callable[[Awaitable[None]], None]


def with_lines(*changed: int) -> str:
    return "".join(f"{'new' if n in changed else 'line'} {n}\n" for n in range(1, 41))


def make_dirty(bench: Bench) -> None:
    bench.write("a.txt", with_lines())
    bench.git("add", "-A")
    bench.git("commit", "-qm", "Lines")
    bench.write("a.txt", with_lines(3, 20, 38))


async def operated(desk: Desk, count: int, words: str) -> None:
    """So many entries are in the log, and this is said."""
    await desk.until(ev.Operated, count)
    await desk.until_true(lambda: words in desk.hint.text())


def test_stage_two_unstage_one_discard_one_and_all_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        make_dirty(bench)
        index = bench.git("ls-files", "-s", "-v")
        async with at_desk(bench) as desk:
            await desk.until_true(lambda: "work tree, not staged" in desk.diff.text())
            desk.diff.shows("a.txt", "new 3", "y stage")
            await desk.press("tab")
            desk.hint.shows("D discard")
            await desk.diff.press("y")
            await operated(desk, 1, "staged 1 hunk of a.txt (u takes it back)")
            desk.diff.lacks("new 3\n")
            await desk.diff.press("y")
            await operated(desk, 2, "staged 1 hunk")
            await desk.until_true(lambda: "new 20" not in desk.diff.text())
            await desk.session.look()  # what the act had started has ended
            assert bench.git("show", ":a.txt") == with_lines(3, 20)
            await desk.diff.press("w")
            await desk.until_true(lambda: "staged for the next commit" in desk.diff.text())
            desk.hint.shows("C commit")
            await desk.diff.press("y")
            await operated(desk, 3, "unstaged 1 hunk")
            assert bench.git("show", ":a.txt") == with_lines(20)
            await desk.diff.press("w", "w")
            await desk.until_true(lambda: "work tree, not staged" in desk.diff.text())
            await desk.diff.press("D")
            await operated(desk, 4, "discarded 1 hunk")
            assert bench.read("a.txt") == with_lines(20, 38)
            for at, word in enumerate(("discard", "unstage", "stage", "stage")):
                await desk.diff.press("u")
                await operated(desk, 5 + at, f"The {word} of a.txt is taken back")
            await desk.diff.press("u")
            await desk.until_true(lambda: "No stage, unstage or discard" in desk.hint.text())
            assert desk.diff.has_focus
        assert bench.git("ls-files", "-s", "-v") == index
        assert bench.read("a.txt") == with_lines(3, 20, 38)

    run(story())


def test_commit_what_is_staged_and_nothing_else(bench: Bench, run: Run) -> None:
    async def story() -> None:
        make_dirty(bench)
        async with at_desk(bench, size=(120, 40)) as desk:
            await desk.until_true(lambda: "work tree, not staged" in desk.diff.text())
            await desk.press("tab")
            await desk.diff.press("n", "y")
            await operated(desk, 1, "staged 1 hunk")
            await desk.diff.press("w")
            await desk.until_true(lambda: "staged for the next commit" in desk.diff.text())
            await desk.diff.press("C")
            await desk.until_true(lambda: "what you have staged" in desk.text())
            await desk.press("ctrl+u")
            await desk.type("Twenty")
            await desk.press("enter")
            await desk.until(ev.Committed)
            await desk.until_true(lambda: "Nothing is staged." in desk.diff.text())
        assert bench.git("show", "HEAD:a.txt") == with_lines(20)
        assert bench.read("a.txt") == with_lines(3, 20, 38)

    run(story())


def test_pages_are_walked_and_empty_ones_passed_over(bench: Bench, run: Run) -> None:
    async def story() -> None:
        bench.git("checkout", "-q", "-b", "topic")
        bench.write("b.txt", "added\n")
        bench.git("add", "-A")
        bench.git("commit", "-qm", "Topic")
        bench.write("calc.py", "1\n")
        async with at_desk(bench) as desk:
            await desk.until_true(lambda: "work tree, not staged" in desk.diff.text())
            await desk.press("tab")
            await desk.paste("yAD\n")
            assert desk.prompt.draft == "yAD\n", "a pasted block is text, whatever has the focus"
            await desk.diff.press("w")
            await desk.until_true(lambda: "what this branch adds to main" in desk.diff.text())
            desk.hint.shows("nothing is staged")
            desk.diff.shows("b.txt  +1  new file")
            await desk.diff.press("y")
            desk.hint.shows("for reading")
            await desk.diff.press("enter")
            await desk.until_true(lambda: "1 line" in desk.diff.text())
            await desk.diff.press("w")
            desk.diff.shows("what this branch adds to main")
            await desk.diff.press("w")
            await desk.until_true(lambda: "Nothing proposed yet" in desk.diff.text())
            await desk.diff.press("w")
            await desk.until_true(lambda: "work tree, not staged" in desk.diff.text())
            assert not desk.of(ev.Operated)

    run(story())


def test_the_page_follows_the_disk(bench: Bench, run: Run) -> None:
    async def story() -> None:
        make_dirty(bench)
        async with at_desk(bench) as desk:
            await desk.until_true(lambda: "new 3" in desk.diff.text())
            bench.write("a.txt", with_lines(7))
            await desk.until_true(lambda: "new 7" in desk.diff.text())
            desk.diff.lacks("new 20")
            bench.git("add", "a.txt")
            await desk.until_true(lambda: "Nothing is changed that is not" in desk.diff.text())

    run(story())


def test_without_git_there_is_only_a_sentence(bench: Bench, run: Run) -> None:
    async def story() -> None:
        shutil.rmtree(bench.root / ".git")
        async with at_desk(bench) as desk:
            await desk.press("tab")
            await desk.diff.press("w")
            await desk.until_true(lambda: "not a git repository" in desk.hint.text())

    run(story())
