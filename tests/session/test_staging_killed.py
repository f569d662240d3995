"""Staging in a process that is killed: the next start tells which came to its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from spark_tui.repo import staging as index
from tests.session.test_staging import TEN, picked, start, with_lines
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("is_done", [False, True])
def test_killed_around_the_index(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    """Before git's step: nothing was done. Behind it: the entry is completed."""
    real = index.exchange

    def die(*args: Any) -> None:
        if is_done:
            real(*args)
        raise Killed

    async def story() -> None:
        start(bench)
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(index, "exchange", die)
            await session.staging.act("stage", [picked(page, "a.txt", 1)])
        await session.close()
        session, _ = await bench.open(fresh=False)
        said = session.state.notices[-1].message
        if is_done:
            assert said == "The last change of the index came to its end: a.txt."
            assert bench.git("show", ":a.txt") == with_lines(3)
            assert (await session.staging.undo()).done
        else:
            assert said == "The last change of the index was cut off before it began: a.txt."
            assert not session.state.operations
        assert bench.git("show", ":a.txt") == TEN
        assert session.state.index_begun is None
        await session.close()

    run(story())


@pytest.mark.parametrize("at", ["FilesWritten", "done"])
def test_killed_around_a_discard(bench: Bench, run: Run, at: str) -> None:
    """The file is written: the next start completes the story, once, and it can be taken back."""

    async def story() -> None:
        start(bench)
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        putting = session.staging._putting
        promise = putting._promise

        async def die(*events: object) -> None:
            if at == "FilesWritten" and type(events[0]).__name__ == at:
                raise Killed
            await promise(*events)

        def never_done() -> None:
            raise Killed

        putting._promise = die
        putting._store.done, done = never_done, putting._store.done  # type: ignore[method-assign]
        with pytest.raises(Killed):
            await session.staging.act("discard", [picked(page, "a.txt", 1)])
        putting._store.done = done  # type: ignore[method-assign]
        await session.close()
        assert bench.read("a.txt") == with_lines(20, 38)
        session, _ = await bench.open(fresh=False)
        assert [o.kind for o in session.state.operations] == ["discard"]
        assert (await session.staging.undo()).done
        assert bench.read("a.txt") == with_lines(3, 20, 38)
        assert not (await session.staging.undo()).done
        await session.close()

    run(story())


def test_a_look_in_the_middle_of_an_act_ends_nothing(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher looks while git writes the index: the act is not taken for a cut one."""
    real = index.exchange
    is_in, may_go = threading.Event(), threading.Event()

    def slow(*args: Any) -> None:
        is_in.set()
        assert may_go.wait(30)
        real(*args)

    async def story() -> None:
        start(bench)
        session, _ = await bench.open()
        page = await session.staging.page("worktree")
        monkeypatch.setattr(index, "exchange", slow)
        act = asyncio.create_task(session.staging.act("stage", [picked(page, "a.txt", 1)]))
        await asyncio.to_thread(is_in.wait, 30)
        settled = asyncio.create_task(session.staging.settle())
        await asyncio.sleep(0)
        may_go.set()
        assert (await act).done
        await settled
        assert [o.kind for o in session.state.operations] == ["stage"]
        assert not session.state.notices
        await session.close()

    run(story())
