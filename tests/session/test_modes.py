"""What the engine does with the permissions of files: they go where the file goes."""

from __future__ import annotations

import os
import stat
from collections.abc import Awaitable, Callable, Sequence

import pytest

from spark_tui.errors import DiskFault
from spark_tui.model.scripted import done, patch
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, Event
from spark_tui.session.journal import Journal
from spark_tui.session.session import Session
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

SAME = "one\ntwo\n"
MODES = {"private.txt": 0o600, "team.txt": 0o664, "tool.sh": 0o750, "plain.txt": 0o644}


def lay_out(bench: Bench) -> None:
    for name, mode in MODES.items():
        bench.write(name, SAME)
        (bench.root / name).chmod(mode)


def modes(bench: Bench) -> dict[str, int]:
    return {p.name: stat.S_IMODE(p.stat().st_mode) for p in bench.root.rglob("*.*") if p.is_file()}


def reply(sections: Sequence[str]) -> str:
    return "*** Begin Patch\n" + "".join(sections) + "*** End Patch\n"


DELETED = reply([f"*** Delete File: {name}\n" for name in MODES])
MOVED = reply(
    [f"*** Update File: {name}\n*** Move to: to/{name}\n@@\n-two\n+2\n" for name in MODES]
)
EDITED = reply([f"*** Update File: {name}\n@@\n-two\n+2\n" for name in MODES])


async def accept_all(session: Session) -> None:
    result = await session.decide(list(session.state.hunks), Decision.ACCEPTED)
    assert not result.conflicts and not result.refused, result


@pytest.fixture(autouse=True)
def narrow() -> object:
    """A umask that shows whether a mode was kept or made anew."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.parametrize("text", [DELETED, MOVED, EDITED], ids=["deleted", "moved", "edited"])
def test_there_and_back_over_a_restart(bench: Bench, run: Run, text: str) -> None:
    """Equal bytes in all: a mode belongs to a path."""

    async def story() -> None:
        lay_out(bench)
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("do it")
        await accept_all(session)
        there = {} if text == DELETED else MODES
        assert {n: m for n, m in modes(bench).items() if n in MODES} == there
        await session.close()
        for verb in ("undo", "redo", "undo"):
            session, _ = await bench.open(fresh=False)
            acted = await (session.undo() if verb == "undo" else session.redo())
            assert acted.done, acted.message
            expected = MODES if verb == "undo" else there
            assert {n: m for n, m in modes(bench).items() if n in MODES} == expected, verb
            await session.close()
        assert all(bench.read(name) == SAME for name in MODES)

    run(story())


@pytest.mark.parametrize("text", [DELETED, MOVED, EDITED], ids=["deleted", "moved", "edited"])
def test_a_write_that_the_journal_cannot_record(
    bench: Bench, run: Run, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken back, permissions included."""
    write = Journal.write

    def full(journal: Journal, events: Sequence[Event], *, sync: bool) -> None:
        if any(isinstance(e, ev.FilesWritten) for e in events):
            raise DiskFault("Disk full.")
        write(journal, events, sync=sync)

    async def story() -> None:
        lay_out(bench)
        session, _ = await bench.open([[*patch(text), *done()]])
        await session.run("do it")
        monkeypatch.setattr(Journal, "write", full)
        with pytest.raises(DiskFault):
            await session.decide(list(session.state.hunks), Decision.ACCEPTED)
        monkeypatch.undo()
        assert {n: m for n, m in modes(bench).items() if n in MODES} == MODES
        assert all(bench.read(name) == SAME for name in MODES)
        await session.close()

    run(story())
