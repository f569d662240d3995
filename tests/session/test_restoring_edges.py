"""Restores that find nothing, not all, or not any more; previews; names; the order of events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from spark_tui.errors import GitFault, UsageFault
from spark_tui.session import events as ev
from spark_tui.session.events import Decision
from spark_tui.session.since import moment_of
from tests.support.bench import Bench
from tests.support.restoring import (
    ADD,
    NEW,
    README,
    SUB,
    after,
    statuses,
    tree,
    two_turns,
)

Run = Callable[[Awaitable[None]], None]


def test_undo_goes_on_where_a_restore_left_nothing_to_take_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        await session.restoring.restore(after(3), ["README.md"])
        bench.write("README.md", "# Calculator\n")  # by hand
        await session.decide([README], Decision.ACCEPTED)
        assert (await session.undo()).done
        undone = await session.undo()
        assert undone.done and undone.message.startswith("The restore o5 is taken back")
        assert (await session.undo()).done, "the act before it"
        await session.close()

    run(story())


def test_what_is_not_there(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        with pytest.raises(UsageFault, match="no entry o99"):
            await session.restoring.restore(after(99))
        restored = await session.restoring.restore(after(4))
        assert not restored.acted and restored.done
        assert restored.told == "Back to o4: all of it is as it was."
        assert len(session.state.operations) == 4
        await session.close()

    run(story())


def test_a_preview_changes_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        full, size = tree(bench), len(bench.events)
        plan = await session.restoring.preview(after(1))
        rows = {f.path: (f.change, f.added, f.removed) for f in plan.files}
        assert rows == {
            "README.md": ("update", 1, 1), "calc.py": ("update", 1, 1), "new.py": ("delete", 0, 1)
        }  # fmt: skip
        assert {row.hunk for row in plan.hunks} == {SUB, NEW, README}
        assert tree(bench) == full and len(bench.events) == size
        await session.close()

    run(story())


def test_the_events_are_one_promise(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        bench.events.clear()
        await session.restoring.restore(after(2))
        assert [type(e) for e in bench.events] == [
            ev.CheckpointSaved, ev.FilesWritten, ev.HunksRestored, ev.Operated
        ]  # fmt: skip
        saved = bench.events[0]
        assert isinstance(saved, ev.CheckpointSaved)
        assert (saved.write, saved.restored) == (bench.events[1], bench.events[2])
        await session.close()

    run(story())


def test_what_is_not_kept_any_more_is_left_alone(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session = await two_turns(bench)
        store, full = session.restoring._store, tree(bench)
        first = session.state.operations[0].checkpoint
        load = store.load

        def pruned(checkpoint: str) -> object:
            if checkpoint == first:
                raise GitFault("The checkpoint store did not answer.")
            return load(checkpoint)

        monkeypatch.setattr(store, "load", pruned)
        restored = await session.restoring.restore(after(0))
        assert [f.path for f in restored.plan.clashes] == ["calc.py"]
        assert "what calc.py was then is not kept any more" in restored.told
        assert tree(bench)["calc.py"] == full["calc.py"] and "new.py" not in tree(bench)
        assert statuses(session)[ADD] == "accepted"
        await session.close()

    run(story())


@pytest.mark.parametrize("name", ["o", "17", "x9", "t1h1", "a/b", ""])
def test_names_that_mean_nothing(name: str) -> None:
    with pytest.raises(UsageFault):
        moment_of(name)
