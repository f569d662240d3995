"""Disks that are full or read-only: nothing changes, it is said what to do, and later it works."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from spark_tui.errors import DiskFault, GitFault, SparkFault
from spark_tui.model.scripted import done, patch, say
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.ops import Ops
from spark_tui.session import events as ev
from spark_tui.session import session as sessions
from spark_tui.session.events import Decision, Event, HunkId, Outcome
from spark_tui.session.journal import Journal, replay
from spark_tui.session.opening import worktree_state_dir
from spark_tui.session.session import CommitDone, Session
from spark_tui.session.state import SessionState, Status
from tests.support.bench import CALC, Bench

Run = Callable[[Awaitable[None]], None]

TEXT = """*** Begin Patch
*** Update File: calc.py
@@
-    return a - b
+    return -b + a
*** Update File: README.md
@@
-# Calc
+# Sums
*** Add File: pkg/new.py
+x = 1
*** End Patch
"""
ALL = tuple(HunkId(f"t1h{n}") for n in (1, 2, 3))
REPLY = [*patch(TEXT, chunk=40), *done()]


def is_old(bench: Bench) -> bool:
    names = sorted(p.name for p in bench.root.iterdir() if p.name != ".git")
    return (
        bench.read("calc.py") == CALC
        and bench.read("README.md") == "# Calc\n"
        and names == ["README.md", "calc.py"]
    )


def is_new(bench: Bench) -> bool:
    texts = bench.read("calc.py"), bench.read("README.md"), bench.read("pkg/new.py")
    return texts == (CALC.replace("a - b", "-b + a"), "# Sums\n", "x = 1\n")


def journal_of(bench: Bench, session: Session) -> Path:
    state = Path(bench.environ["SPARK_TUI_STATE_DIR"])
    return next(state.glob(f"worktrees/*/sessions/{session.state.session}/journal.jsonl"))


def statuses(state: SessionState) -> dict[str, Status]:
    return {h.id: h.status for h in state.hunks.values()}


def journal_agrees(bench: Bench, session: Session) -> bool:
    again = SessionState()
    for event in replay(journal_of(bench, session)):
        again.apply(event)
    return statuses(again) == statuses(session.state) and again.acts == session.state.acts


@contextmanager
def failing(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, number: int, *, skip: int = 0
) -> Iterator[list[int]]:
    """The system call fails from its (skip + 1)-th time on."""
    real = getattr(where, name)
    calls = [0]

    def call(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] > skip:
            raise OSError(number, os.strerror(number))
        return real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(where, name, call)
        yield calls


@pytest.mark.parametrize(
    ("name", "number", "word"),
    [
        ("write", errno.ENOSPC, "Disk full"),
        ("create", errno.EROFS, "read-only"),
        ("create", errno.EACCES, "permission"),
        ("fsync", errno.EIO, "calc.py"),
        ("exchange", errno.EROFS, "read-only"),
        ("link", errno.ENOSPC, "Disk full"),
        ("mkdir", errno.EACCES, "permission"),
    ],
)
def test_a_disk_that_refuses(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch, name: str, number: int, word: str
) -> None:
    async def story() -> None:
        session, _ = await bench.open([REPLY])
        await session.run("change calc.py and README.md")
        with failing(monkeypatch, Ops, name, number), pytest.raises(DiskFault) as caught:
            await session.decide(ALL, Decision.ACCEPTED)
        assert is_old(bench) and word in caught.value.message
        assert "Nothing was changed" in caught.value.message and caught.value.hint
        said = session.state.notices[-1]
        assert (said.message, said.hint) == (caught.value.message, caught.value.hint)
        assert set(statuses(session.state).values()) == {Status.PLACED}
        assert journal_agrees(bench, session)
        assert (await session.decide(ALL, Decision.ACCEPTED)).written == ALL
        assert is_new(bench) and journal_agrees(bench, session)
        with failing(monkeypatch, Ops, "rename", number), pytest.raises(SparkFault):
            await session.undo()
        assert (await session.undo()).done and is_old(bench)
        await session.close()

    run(story())


def test_no_checkpoint_no_write(bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        session, _ = await bench.open([REPLY])
        await session.run("change calc.py and README.md")

        def refuse(*_: object) -> str:
            raise GitFault("Could not save a checkpoint; nothing was applied.", hint="df -h")

        with monkeypatch.context() as patched:
            patched.setattr(CheckpointStore, "save", refuse)
            with pytest.raises(GitFault):
                await session.decide(ALL, Decision.ACCEPTED)
        assert is_old(bench) and "df -h" in session.state.notices[-1].hint
        assert (await session.decide(ALL, Decision.ACCEPTED)).written == ALL
        await session.close()

    run(story())


@pytest.mark.parametrize("call", ["write", "fsync", "half"])
@pytest.mark.parametrize("verb", ["accept", "undo", "undo_turn", "reject"])
def test_a_journal_that_cannot_be_written(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch, call: str, verb: str
) -> None:
    """At each write of the verb: the files are as they were, and so is what the journal tells."""

    async def story() -> None:
        session, _ = await bench.open([REPLY])
        await session.run("change calc.py and README.md")
        if verb != "accept":
            await session.decide(ALL, Decision.ACCEPTED)
        holds, comes = (is_old, is_new) if verb == "accept" else (is_new, is_old)
        before = statuses(session.state)

        async def act() -> None:
            match verb:
                case "accept":
                    await session.decide(ALL, Decision.ACCEPTED)
                case "reject":
                    await session.decide(ALL, Decision.REJECTED)
                case "undo":
                    await session.undo()
                case _:
                    await session.undo_turn()

        for skip in (0, 1):
            with _broken_journal(monkeypatch, call, skip), pytest.raises(DiskFault):
                await act()
            assert holds(bench), f"write {skip}"
            assert statuses(session.state) == before
            assert journal_agrees(bench, session)
            assert session.state.notices[-1].level == "error" and session.state.notices[-1].hint
        await act()
        assert comes(bench) and journal_agrees(bench, session)
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert comes(bench) and session.state.notices[-1].level == "error"
        await session.close()

    run(story())


def test_a_turn_on_a_full_disk(bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        session, provider = await bench.open([REPLY, [*say("ok"), *done()]])
        with _broken_journal(monkeypatch, "write", 0), pytest.raises(DiskFault):
            await session.run("change calc.py")
        assert not session.state.turns and not provider.requests
        with _broken_journal(monkeypatch, "write", 1):
            assert await session.run("change calc.py") is Outcome.COMPLETE
        assert session.state.streaming is None
        await session.run("and?")
        assert session.state.hunks[ALL[0]].status is Status.PLACED
        assert journal_agrees(bench, session)
        await session.close()

    run(story())


def test_automatic_acceptance_on_a_full_disk_ends_the_turn(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session, provider = await bench.open([REPLY, [*say("ok"), *done()]], accept="all")
        with failing(monkeypatch, Ops, "write", errno.ENOSPC):
            assert await session.run("change calc.py and README.md") is Outcome.FAILED
        assert session.state.turns[1].code == "disk" and len(provider.requests) == 1
        assert is_old(bench) and session.state.streaming is None
        await session.decide(ALL[:1], Decision.ACCEPTED)
        await session.run("go on")
        assert "applied: calc.py" in repr(provider.requests[1].items)
        await session.close()

    run(story())


def test_blobs_are_an_ease_not_a_need(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session, _ = await bench.open([REPLY])
        before = bench.read("calc.py")

        def refuse(*_: object) -> str:
            raise DiskFault("Disk full.", hint="Free some space.")

        monkeypatch.setattr(CheckpointStore, "keep_blob", refuse)
        assert await session.run("change calc.py and README.md") is Outcome.COMPLETE
        assert len([n for n in session.state.notices if "Disk full" in n.message]) == 1
        assert (await session.decide(ALL, Decision.ACCEPTED)).written == ALL
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert (await session.decide([ALL[0]], Decision.OPEN)).reopened == (ALL[0],)
        assert bench.read("calc.py") == before, "the checkpoint of the write has them"
        await session.close()
        written = bench.read("README.md")
        shutil.rmtree(worktree_state_dir(bench.environ, bench.root) / "store.git")
        session, _ = await bench.open(fresh=False)
        assert not (await session.decide([ALL[1]], Decision.OPEN)).reopened
        assert bench.read("README.md") == written, "without the earlier bytes nothing is guessed"
        await session.close()

    run(story())


def test_a_commit_that_cannot_be_recorded_is_known_all_the_same(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session, _ = await bench.open([REPLY])
        await session.run("change calc.py and README.md")
        await session.decide(ALL, Decision.ACCEPTED)
        with _broken_journal(monkeypatch, "write", 0), pytest.raises(DiskFault):
            await session.commit("Too early")
        assert session.commit_preview()
        with _broken_journal(monkeypatch, "write", 1):
            assert isinstance(await session.commit("Change"), CommitDone)
        assert session.state.hunks[ALL[0]].committed and not session.commit_preview()
        await session.close()
        session, _ = await bench.open(fresh=False)
        assert session.state.hunks[ALL[0]].committed
        await session.close()

    run(story())


def test_a_write_that_could_not_be_put_back_is_settled_before_the_next(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session, _ = await bench.open([REPLY])
        await session.run("change calc.py and README.md")
        real = Ops.exchange
        calls = [0]

        def exchange(ops: Ops, name: str, other: str, folder: int) -> bool:
            calls[0] += 1
            if calls[0] > 1:
                raise OSError(errno.EIO, "Input/output error")
            return real(ops, name, other, folder)

        with monkeypatch.context() as patched:
            patched.setattr(Ops, "exchange", exchange)
            with pytest.raises(DiskFault):
                await session.decide(ALL[:2], Decision.ACCEPTED)
        assert not is_old(bench), "one file is new and could not be put back"
        assert (await session.decide(ALL, Decision.ACCEPTED)).written == ALL
        assert is_new(bench)
        assert any("Interrupted apply" in n.message for n in session.state.notices)
        while session.state.acts:
            assert (await session.undo()).done
        assert is_old(bench)
        await session.close()

    run(story())


def test_the_state_folder_cannot_be_written(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        with failing(monkeypatch, os, "fsync", errno.ENOSPC), pytest.raises(SparkFault):
            await bench.open([REPLY])
        session, _ = await bench.open([REPLY])  # the lock was given back
        await session.close()

    run(story())


def test_closing_in_the_middle_of_a_decision_lets_it_end(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "CLOSE_S", 25.0)  # whatever else this machine has to do

    async def story() -> None:
        session, _ = await bench.open([REPLY])
        await session.run("change calc.py and README.md")
        deciding = asyncio.ensure_future(session.decide(ALL, Decision.ACCEPTED))
        await asyncio.sleep(0)
        await session.close()
        assert (await deciding).written == ALL and is_new(bench)
        with pytest.raises(SparkFault):
            await session.decide(ALL, Decision.REJECTED)
        assert is_new(bench)
        session, _ = await bench.open(fresh=False)
        assert set(statuses(session.state).values()) == {Status.ACCEPTED}
        assert not session.state.notices
        await session.close()

    run(story())


@contextmanager
def _broken_journal(monkeypatch: pytest.MonkeyPatch, call: str, skip: int) -> Iterator[None]:
    """The journal's own file cannot be written any more once `skip` promises are in it. What is
    told beside them may reach it at any time."""
    real_write, real_fsync, real_record = os.write, os.fsync, Journal.write
    promises, halves = [0], [0]

    def is_broken(file: int) -> bool:
        try:
            name = Path(f"/proc/self/fd/{file}").readlink().name
        except OSError:
            return False
        return name == "journal.jsonl" and promises[0] >= skip

    def full() -> OSError:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def record(journal: Journal, events: Sequence[Event], *, sync: bool) -> None:
        real_record(journal, events, sync=sync)
        promises[0] += sync

    def write(file: int, data: bytes) -> int:
        if call == "fsync" or not is_broken(file):
            return real_write(file, data)
        halves[0] += 1
        if call == "half" and halves[0] == 1:
            return real_write(file, data[: len(data) // 2])
        raise full()

    def fsync(file: int) -> None:
        if call == "fsync" and is_broken(file):
            raise full()
        real_fsync(file)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        patched.setattr(os, "fsync", fsync)
        patched.setattr(Journal, "write", record)
        yield


def test_the_fault_is_an_event_once(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        session, _ = await bench.open([REPLY])
        await session.run("change calc.py and README.md")
        with failing(monkeypatch, Ops, "write", errno.ENOSPC), pytest.raises(DiskFault):
            await session.decide(ALL, Decision.ACCEPTED)
        assert len(bench.of(ev.Noticed)) == 1
        await session.close()

    run(story())
