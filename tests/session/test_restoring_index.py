"""A restore behind what the person staged, unstaged and discarded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import pytest

from spark_tui.errors import UsageFault
from spark_tui.session.changing import Pick
from spark_tui.session.events import Event, IndexChanged
from spark_tui.session.session import Session
from spark_tui.session.since import Moment
from tests.support.bench import CALC, Bench

Run = Callable[[Awaitable[None]], None]
CHANGED = CALC.replace("a + b", "b + a").replace("a - b", "-b + a")


async def act(
    session: Session, what: Literal["stage", "unstage", "discard"], path: str = "calc.py"
) -> None:
    page = await session.staging.page("staged" if what == "unstage" else "worktree")
    (file,) = [f for f in page.files if f.path == path]
    acted = await session.staging.act(what, [Pick(file, frozenset(h.number for h in file.hunks))])
    assert acted.done, acted.message


def index(bench: Bench) -> str:
    return bench.git("ls-files", "-s")


def test_staged_entries_go_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        bench.write("calc.py", CHANGED)
        bench.write("README.md", "# Mine\n")
        start = index(bench)
        await act(session, "stage")
        first = index(bench)
        await act(session, "stage", "README.md")
        both = index(bench)
        plan = await session.restoring.preview(Moment(after=1))
        assert list(plan.index.back) == ["README.md"] and not plan.put.after
        done = await session.restoring.restore(Moment(after=1))
        assert done.acted and done.told == "Back to o1: the index."
        assert index(bench) == first and bench.read("README.md") == "# Mine\n"
        await session.restoring.restore(Moment(after=0))
        assert index(bench) == start and bench.read("calc.py") == CHANGED
        assert (await session.undo()).done and index(bench) == first
        assert (await session.undo()).done and index(bench) == both
        await session.close()

    run(story())


def test_what_was_staged_since_stays_and_is_named(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        bench.write("calc.py", CHANGED)
        await act(session, "stage")
        bench.write("calc.py", CHANGED + "# more\n")
        bench.git("add", "calc.py")
        mine = index(bench)
        done = await session.restoring.restore(Moment(after=0))
        assert not done.acted and index(bench) == mine
        assert "calc.py was staged anew since" in done.told
        await session.close()

    run(story())


def test_a_discard_is_taken_out_again(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        bench.write("calc.py", CHANGED)
        await act(session, "discard")
        assert bench.read("calc.py") == CALC
        done = await session.restoring.restore(Moment(after=0))
        assert done.acted and bench.read("calc.py") == CHANGED
        assert (await session.undo()).done and bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_a_checkpoint_of_the_index_is_no_file(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        bench.write("calc.py", CHANGED)
        await act(session, "stage")
        kept = session.state.index_changes[0].kept
        for take in (False, True):
            with pytest.raises(UsageFault, match="is of the index"):
                await session.restoring.restore(Moment(checkpoint=kept), take=take)
        assert not (bench.root / "(index)").exists()
        await session.close()

    run(story())


def test_a_death_behind_the_index_is_put_down_at_the_next_start(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        bench.write("calc.py", CHANGED)
        start = index(bench)
        await act(session, "stage")
        staged = index(bench)
        promise = session.restoring._reindexing._promise

        async def dies(*events: Event) -> None:
            if any(isinstance(event, IndexChanged) for event in events):
                raise KilledHere
            await promise(*events)

        monkeypatch.setattr(session.restoring._reindexing, "_promise", dies)
        with pytest.raises(KilledHere):
            await session.restoring.restore(Moment(after=0))
        await session.close()
        assert index(bench) == start
        later, _ = await bench.open(fresh=False)
        assert [o.kind for o in later.state.operations] == ["stage", "restore"]
        assert len(later.state.index_changes) == 2
        assert (await later.undo()).done and index(bench) == staged
        await later.close()

    run(story())


class KilledHere(Exception):
    """In place of a kill: nothing of ours catches it."""
