"""Checkpoints are pruned in quiet moments: what open hunks need stays, nobody waits for it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spark_tui.errors import SparkFault
from spark_tui.model.scripted import Scripted, done, patch
from spark_tui.repo.bounds import KEPT_ALWAYS, Bounds, Needs
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.run import Git, Ran
from spark_tui.repo.storage import Storage
from spark_tui.session import keeping
from spark_tui.session.events import Decision, HunkId, Noticed
from spark_tui.session.journals import sessions_of
from spark_tui.session.keeping import needs_of, needs_of_all
from spark_tui.session.opening import open_session, worktree_state_dir
from spark_tui.session.session import Session
from spark_tui.session.state import Status
from spark_tui.settings.config import load
from tests.support.bench import CALC, Bench

Run = Callable[[Awaitable[None]], None]

TWO = """*** Begin Patch
*** Update File: calc.py
@@
-    return a - b
+    return -b + a
*** Update File: README.md
@@
-# Calc
+# Sums
*** End Patch
"""
H1, H2 = HunkId("t1h1"), HunkId("t1h2")


def home_of(bench: Bench) -> Path:
    return worktree_state_dir(bench.environ, bench.root)


def store_of(bench: Bench) -> CheckpointStore:
    return CheckpointStore.open(home_of(bench), bench.root, environ=bench.environ)


async def opened(bench: Bench, most_mb: int = 1, *, fresh: bool = True) -> Session:
    settings = replace(load(environ=bench.environ), accept="ask", checkpoints_mb=most_mb)
    provider = Scripted([(*patch(TWO), *done())])
    session = await open_session(
        bench.root, settings, environ=bench.environ, provider=provider, fresh=fresh
    )
    session.listen(bench.events.append)
    await session.look()
    return session


def crowd(store: CheckpointStore, count: int = KEPT_ALWAYS + 5) -> list[str]:
    """More than a megabyte of another session's checkpoints."""
    files = [{"x": (os.urandom(80_000), 0o644)} for _ in range(count)]
    return [store.save("other", n, kept) for n, kept in enumerate(files)]


def ids(store: CheckpointStore) -> list[str]:
    return [info.id for info in store.list()]


def test_the_oldest_go_and_what_is_open_stays(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await opened(bench)
        await session.run("swap")
        base = session.state.hunks[H1].base
        accepted = await session.decide([H1], Decision.ACCEPTED)
        store = store_of(bench)
        other = crowd(store)
        await session.keeping.tend()
        left = ids(store)
        assert accepted.checkpoint in left  # it is older than all others
        assert left[1:] == other[-KEPT_ALWAYS:] or set(left) > set(other[-KEPT_ALWAYS:])
        assert len(left) < 1 + len(other)
        assert base is not None and store.blob(base) == CALC.encode()
        undone = await session.undo()
        assert undone.done
        assert bench.read("calc.py") == CALC
        await session.close()

    run(story())


def test_a_clock_that_was_put_back_costs_no_recent_checkpoint(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        future = time.time() + 74 * 365 * 86400
        with monkeypatch.context() as patched:
            patched.setattr("spark_tui.repo.record.time", SimpleNamespace(time=lambda: future))
            crowd(store_of(bench))
        session = await opened(bench)
        await session.run("swap")
        accepted = await session.decide([H1, H2], Decision.ACCEPTED)
        await session.commit("Swap")
        assert accepted.checkpoint not in needs_of(session.state).checkpoints
        await session.keeping.tend()
        left = ids(store_of(bench))
        assert accepted.checkpoint == left[0]
        assert len(left) < KEPT_ALWAYS + 6
        await session.close()

    run(story())


def test_the_needs_of_other_sessions_are_read_from_their_journals(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await opened(bench)
        await session.run("swap")
        accepted = await session.decide([H1], Decision.ACCEPTED)
        await session.close()
        shown = frozenset(str(h.base) for h in session.state.hunks.values())
        second = await opened(bench)
        needs = needs_of_all(home_of(bench), but=second.state.session)
        assert needs.checkpoints == {accepted.checkpoint}
        assert needs.blobs == shown and len(shown) == 2
        assert needs == needs_of(session.state)
        crowd(store_of(bench))
        await second.keeping.tend()
        assert accepted.checkpoint in ids(store_of(bench))
        assert all(store_of(bench).blob(digest) for digest in shown)
        await second.close()

    run(story())


def test_what_is_committed_is_not_needed(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await opened(bench)
        await session.run("swap")
        await session.decide([H1], Decision.ACCEPTED)
        await session.decide([H2], Decision.REJECTED)
        assert needs_of(session.state).checkpoints
        await session.commit("Swap")
        assert session.state.hunks[H1].committed
        assert needs_of(session.state) == Needs()
        await session.close()

    run(story())


def test_a_session_that_rests_for_long_has_been_committed_by_hand(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await opened(bench)
        await session.run("swap")
        await session.decide([H1], Decision.ACCEPTED)
        await session.decide([H2], Decision.REJECTED)
        await session.close()
        home = home_of(bench)
        (name,) = sessions_of(home)
        assert needs_of_all(home).checkpoints
        then = time.time() - keeping.UNDOABLE_S - 60
        os.utime(home / "sessions" / name / "journal.jsonl", (then, then))
        assert needs_of_all(home) == Needs()

    run(story())


def test_an_open_hunk_is_needed_however_old_it_is(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await opened(bench)
        await session.run("swap")
        await session.close()
        home = home_of(bench)
        os.utime(home / "sessions" / session.state.session / "journal.jsonl", (5, 5))
        bases = frozenset(str(h.base) for h in session.state.hunks.values())
        assert needs_of_all(home).blobs == bases

    run(story())


def test_a_journal_that_cannot_be_read_keeps_what_is_its_own(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await opened(bench)
        await session.run("swap")
        accepted = await session.decide([H1], Decision.ACCEPTED)
        name = session.state.session
        await session.close()
        home = home_of(bench)
        journal = home / "sessions" / name / "journal.jsonl"
        journal.write_bytes(b"rubbish\n" + journal.read_bytes())
        needs = needs_of_all(home)
        assert needs.sessions == frozenset({name})
        assert needs.blobs is None
        crowd(store_of(bench))
        second = await opened(bench)
        await second.keeping.tend()
        assert accepted.checkpoint in ids(store_of(bench))
        await second.close()

    run(story())


def test_what_cannot_go_is_said_once(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await opened(bench)
        crowd(store_of(bench), KEPT_ALWAYS)
        await session.keeping.tend()
        await session.keeping.tend()
        said = [n for n in bench.of(Noticed) if isinstance(n, Noticed)]
        assert [n.level for n in said] == ["warning"]
        assert "take more than they should" in said[0].message
        assert "checkpoints_mb" in said[0].hint
        await session.close()

    run(story())


def test_within_the_limit_nothing_is_looked_at(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session = await opened(bench, 1000)
        await session.keeping.tend()  # the first time it is measured

        def never(*_: object, **__: object) -> None:
            raise AssertionError

        monkeypatch.setattr(Bounds, "count", never)
        monkeypatch.setattr(keeping, "needs_of_all", never)
        await session.run("swap")
        await session.decide([H1, H2], Decision.ACCEPTED)
        await session.keeping.tend()
        assert bench.of(Noticed) == []
        await session.close()

    run(story())


def test_a_reader_prunes_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await opened(bench)
        other = crowd(store_of(bench))
        await session.close()
        settings = replace(load(environ=bench.environ), checkpoints_mb=1)
        reader = await open_session(
            bench.root, settings, environ=bench.environ, provider=Scripted([]), lock=False
        )
        await reader.keeping.tend()
        await reader.close()
        assert ids(store_of(bench)) == other

    run(story())


def test_a_decision_does_not_wait_for_packs_that_are_joined(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git has begun to join them and does not end: accept, undo and closing come through."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        begun, stopped = asyncio.Event(), threading.Event()
        real_run, real_stop = Git.run, Git.stop

        def run_git(self: Git, *args: str, **kwargs: Any) -> Ran:
            if args[0] != "pack-objects":
                return real_run(self, *args, **kwargs)
            loop.call_soon_threadsafe(begun.set)
            stopped.wait(20)
            return Ran(-15, b"", b"")

        def stop(self: Git) -> None:
            stopped.set()
            real_stop(self)

        session = await opened(bench)
        await session.run("swap")
        store = store_of(bench)
        crowd(store)
        monkeypatch.setattr(Git, "run", run_git)
        monkeypatch.setattr(Git, "stop", stop)
        tending = asyncio.ensure_future(session.keeping.tend())
        await begun.wait()
        decided = await session.decide([H1, H2], Decision.ACCEPTED)
        assert decided.written == (H1, H2)
        assert (await session.undo()).done
        assert not stopped.is_set()
        await session.close()
        await tending
        assert bench.of(Noticed) == []
        assert all(store.load(id) for id in ids(store))

    run(story())


@pytest.mark.parametrize("broken", ["packs", "locks", "read only store"])
def test_nothing_is_applied_without_a_checkpoint(bench: Bench, run: Run, broken: str) -> None:
    async def story() -> None:
        session = await opened(bench)
        await session.run("swap")
        storage = Storage(home_of(bench) / "store.git", Git(None, environ=bench.environ))
        above = storage.folder / "refs/spark" / session.state.session / "1"
        match broken:
            case "packs":
                storage.packs_folder.rmdir()
                storage.packs_folder.write_bytes(b"")
            case "locks":
                above.mkdir(parents=True)
                for n in (1, 2):
                    (above / f"{n}.lock").touch()
            case _:
                (storage.folder / "refs/spark").write_bytes(b"")
        with pytest.raises(SparkFault, match="nothing was applied"):
            await session.decide([H1, H2], Decision.ACCEPTED)
        assert (bench.read("calc.py"), bench.read("README.md")) == (CALC, "# Calc\n")
        assert {h.status for h in session.state.hunks.values()} == {Status.PLACED}
        match broken:
            case "packs":
                storage.packs_folder.unlink()
            case "locks":
                for n in (1, 2):
                    (above / f"{n}.lock").unlink()
            case _:
                (storage.folder / "refs/spark").unlink()
        decided = await session.decide([H1, H2], Decision.ACCEPTED)
        assert decided.written == (H1, H2)
        assert decided.checkpoint is not None
        assert store_of(bench).load(decided.checkpoint)["calc.py"] == (CALC.encode(), 0o644)
        await session.close()

    run(story())
