"""Taking back commits of other kinds: of what was staged, and those that took another's place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, patch
from spark_tui.session.committing import Choice
from spark_tui.session.events import Decision
from spark_tui.session.session import CommitDone, Session
from tests.support.bench import CALC, Bench
from tests.support.hunks import ADD, BOTH, H1, H2, SUB, v4a

Run = Callable[[Awaitable[None]], None]
REPLY = v4a(ADD, SUB)


def head(bench: Bench) -> str:
    return bench.git("rev-parse", "HEAD").strip()


async def asked(bench: Bench) -> Session:
    session, _ = await bench.open([[*patch(REPLY), *done()]])
    await session.run("swap calc.py")
    return session


async def commit(session: Session, words: str, choice: Choice) -> str:
    made = await session.commit(words, choice)
    assert isinstance(made, CommitDone), made
    return made.commit


def test_of_what_was_staged_it_is_staged_again(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await asked(bench)
        first = head(bench)
        bench.write("README.md", "# Mine\n")
        bench.git("add", "README.md")
        oid = await commit(session, "Mine", Choice(is_staged=True))
        assert bench.git("status", "--porcelain") == ""
        acted = await session.undoing.undo_commit()
        assert acted.done and "what it held is staged again" in acted.message
        assert head(bench) == first and bench.git("status", "--porcelain") == "M  README.md\n"
        assert bench.read("README.md") == "# Mine\n"
        assert (await session.redo()).done
        assert head(bench) == oid and bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())


def test_an_amended_commit_of_ours_goes_whole(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await asked(bench)
        first = head(bench)
        await session.decide([H1], Decision.ACCEPTED)
        await commit(session, "One", Choice())
        await session.decide([H2], Decision.ACCEPTED)
        oid = await commit(session, "Both", Choice(amend=True))
        assert (await session.undoing.undo_commit()).hunks == (H1, H2)
        assert (head(bench), bench.read("calc.py")) == (first, CALC)
        assert (await session.redo()).done and (head(bench), bench.read("calc.py")) == (oid, BOTH)
        await session.close()

    run(story())


def test_a_persons_commit_that_we_amended_stays(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await asked(bench)
        bench.git("commit", "-q", "--allow-empty", "-m", "theirs")
        theirs = head(bench)
        await session.decide([H1], Decision.ACCEPTED)
        oid = await commit(session, "theirs, and ours", Choice(amend=True, anyway=True))
        acted = await session.undoing.undo_commit()
        assert not acted.done and acted.code == "foreign" and theirs[:9] in acted.message
        assert head(bench) == oid
        seen = await session.undoing.preview(commit="")
        assert seen.commit is not None and seen.commit.how == ""
        await session.close()

    run(story())
