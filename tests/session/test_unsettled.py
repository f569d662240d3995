"""A write that the journal could not record and that could not be taken back either: one disk, and
it is full. When there is room again, files and journal are brought together first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest

from spark_tui.errors import DiskFault
from spark_tui.model.scripted import done, patch
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.ops import Ops
from spark_tui.session import events as ev
from spark_tui.session.changing import Pick
from spark_tui.session.events import Decision, Event
from spark_tui.session.journal import Journal
from spark_tui.session.session import Session
from spark_tui.session.since import Moment
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.killed import TEXT

Run = Callable[[Awaitable[None]], None]
OLD = (CALC, "# Calc\n")
NEW = (CALC.replace("a - b", "-b + a"), "# Sums\n")


class Disk:
    """Full from the moment when the journal is to say that files were written."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.is_full = False
        self.has_room_for_files = False
        write, create = Journal.write, Ops.create

        def record(journal: Journal, events: Sequence[Event], *, sync: bool) -> None:
            self.is_full |= any(isinstance(e, ev.FilesWritten) for e in events)
            if self.is_full:
                raise DiskFault("The journal's disk is full.")
            write(journal, events, sync=sync)

        def make(ops: Ops, name: str, mode: int, folder: int) -> int:
            if self.is_full and not self.has_room_for_files:
                raise OSError(28, "No space left on device")
            return create(ops, name, mode, folder)

        patched.setattr(Journal, "write", record)
        patched.setattr(Ops, "create", make)


@pytest.mark.parametrize("again", ["same", "undo", "restart"])
def test_files_and_journal_come_together(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TEXT), *done()]])
        await session.run("change calc.py and README.md")
        hunks = list(session.state.hunks)
        with monkeypatch.context() as patched:
            Disk(patched)
            with pytest.raises(DiskFault):
                await session.decide(hunks, Decision.ACCEPTED)
            assert (bench.read("calc.py"), bench.read("README.md")) == NEW
        match again:
            case "same":
                await session.decide(hunks, Decision.ACCEPTED)
            case "undo":
                await session.decide(hunks, Decision.REJECTED)
                assert (bench.read("calc.py"), bench.read("README.md")) == OLD
                assert {h.status for h in session.state.hunks.values()} == {Status.REJECTED}
                assert (await session.undo()).done
            case _:
                await session.close()
                session, _ = await bench.open(fresh=False)
        assert (bench.read("calc.py"), bench.read("README.md")) == NEW
        assert {h.status for h in session.state.hunks.values()} == {Status.ACCEPTED}
        assert len(session.state.writes) >= 1
        while session.state.acts:
            assert (await session.undo()).done
        assert (bench.read("calc.py"), bench.read("README.md")) == OLD
        assert {h.status for h in session.state.hunks.values()} == {Status.PLACED}
        await session.close()

    run(story())


@pytest.mark.parametrize("again", ["same", "undo", "restart"])
def test_so_they_do_after_a_restore(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TEXT), *done()]])
        await session.run("change calc.py and README.md")
        await session.decide(list(session.state.hunks), Decision.ACCEPTED)
        with monkeypatch.context() as patched:
            Disk(patched)
            with pytest.raises(DiskFault):
                await session.restoring.restore(Moment(after=0))
            assert (bench.read("calc.py"), bench.read("README.md")) == OLD
        match again:
            case "same":
                assert not (await session.restoring.restore(Moment(after=0))).acted
            case "undo":
                assert (await session.undo()).done
                assert (bench.read("calc.py"), bench.read("README.md")) == NEW
                assert {h.status for h in session.state.hunks.values()} == {Status.ACCEPTED}
                assert (await session.redo()).done
            case _:
                await session.close()
                session, _ = await bench.open(fresh=False)
        assert (bench.read("calc.py"), bench.read("README.md")) == OLD
        assert {h.status for h in session.state.hunks.values()} == {Status.PLACED}
        kinds = [o.kind for o in session.state.operations]
        assert kinds == ["accept", "restore", *(["undo", "redo"] if again == "undo" else [])]
        while session.state.acts:
            assert (await session.undo()).done
        assert (bench.read("calc.py"), bench.read("README.md")) == OLD
        await session.close()

    run(story())


async def discard(session: Session) -> None:
    page = await session.staging.page("worktree")
    picks = [Pick(file, frozenset(h.number for h in file.hunks)) for file in page.files]
    acted = await session.staging.act("discard", picks)
    assert not acted.done


@pytest.mark.parametrize("again", ["undo", "restart"])
def test_so_they_do_after_a_discard(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        bench.write("calc.py", "# mine\n" + CALC)
        bench.write("README.md", "# Mine\n")
        with monkeypatch.context() as patched:
            Disk(patched)
            await discard(session)
            assert (bench.read("calc.py"), bench.read("README.md")) == OLD
        if again == "restart":
            await session.close()
            session, _ = await bench.open(fresh=False)
        assert (await session.staging.undo()).done
        assert (bench.read("calc.py"), bench.read("README.md")) == ("# mine\n" + CALC, "# Mine\n")
        assert [o.kind for o in session.state.operations] == ["discard", "undo"]
        assert (await session.staging.redo()).done
        assert (bench.read("calc.py"), bench.read("README.md")) == OLD
        await session.close()

    run(story())


def test_a_restore_that_was_not_put_back_is_taken_back_by_the_next_decision(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TEXT), *done()]])
        await session.run("change calc.py and README.md")
        hunks = list(session.state.hunks)
        await session.decide(hunks, Decision.ACCEPTED)
        real, calls = Ops.exchange, [0]

        def exchange(ops: Ops, name: str, other: str, folder: int) -> bool:
            calls[0] += 1
            if calls[0] > 1:
                raise OSError(5, "Input/output error")
            return real(ops, name, other, folder)

        with monkeypatch.context() as patched:
            patched.setattr(Ops, "exchange", exchange)
            with pytest.raises(DiskFault):
                await session.restoring.restore(Moment(after=0))
        assert (bench.read("calc.py"), bench.read("README.md")) not in (OLD, NEW)
        await session.decide(hunks, Decision.REJECTED)
        assert (bench.read("calc.py"), bench.read("README.md")) == OLD
        assert {h.status for h in session.state.hunks.values()} == {Status.REJECTED}
        assert (await session.undo()).done
        assert (bench.read("calc.py"), bench.read("README.md")) == NEW
        await session.close()

    run(story())


def test_a_disk_that_stays_full_forgets_nothing(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found complete is not known by the journal yet: a restart still finds it."""

    async def story() -> None:
        session, _ = await bench.open([[*patch(TEXT), *done()]])
        await session.run("change calc.py and README.md")
        hunks = list(session.state.hunks)
        with monkeypatch.context() as patched:
            disk = Disk(patched)
            with pytest.raises(DiskFault):
                await session.decide(hunks, Decision.ACCEPTED)
            disk.has_room_for_files = True
            with pytest.raises(DiskFault):
                await session.decide(hunks, Decision.ACCEPTED)
            await session.close()
        assert (bench.read("calc.py"), bench.read("README.md")) == NEW
        session, _ = await bench.open(fresh=False)
        assert {h.status for h in session.state.hunks.values()} == {Status.ACCEPTED}
        assert (await session.undo()).done
        assert (bench.read("calc.py"), bench.read("README.md")) == OLD
        await session.close()

    run(story())


def test_a_note_that_stays_is_no_fault_of_a_restore(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TEXT), *done()]])
        await session.run("change calc.py and README.md")
        await session.decide(list(session.state.hunks), Decision.ACCEPTED)

        def refuse(_: CheckpointStore) -> None:
            raise DiskFault("The disk is broken.")

        with monkeypatch.context() as patched:
            patched.setattr(CheckpointStore, "done", refuse)
            assert (await session.restoring.restore(Moment(after=0))).acted
        bench.write("calc.py", NEW[0])  # by hand: it looks half written now
        await session.decide(list(session.state.hunks)[1:], Decision.REJECTED)
        assert (bench.read("calc.py"), bench.read("README.md")) == (NEW[0], OLD[1])
        await session.close()

    run(story())
