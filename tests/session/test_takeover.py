"""Two in one work tree: one writes, the other reads along and asks; nothing is ever forced."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from spark_tui.errors import LockHeld, SparkFault
from spark_tui.model.scripted import Scripted, done, patch, say
from spark_tui.repo.lock import read_holder
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.opening import open_session, worktree_state_dir
from spark_tui.session.session import Session
from spark_tui.session.state import Status
from spark_tui.session.takeover import ended_words
from spark_tui.settings.config import load
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]
EDIT = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** End Patch
"""
BOTH = (HunkId("t1h1"), HunkId("t1h2"))


async def along(bench: Bench, **how: object) -> Session:
    """A second one, which does not wait for the lock."""
    return await open_session(
        bench.root, load(environ=bench.environ), environ=bench.environ,
        provider=Scripted([]), or_along=True, lock_wait_s=0, **how,  # type: ignore[arg-type]
    )  # fmt: skip


def home(bench: Bench) -> Path:
    return worktree_state_dir(bench.environ, bench.root)


async def until(claim: Callable[[], bool]) -> None:
    """Let others go on until it is so."""
    async with asyncio.timeout(20):
        while not claim():  # noqa: ASYNC110 - any event may bring it about
            await asyncio.sleep(0)


class Following:
    """A reader that follows, until it is stopped."""

    def __init__(self, session: Session) -> None:
        self.news: list[str] = []
        self._task = asyncio.ensure_future(self._run(session))

    async def _run(self, session: Session) -> None:
        async for word in session.follow():
            self.news.append(word)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def test_the_second_reads_along_and_writes_nothing(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open([[*say("I swap."), *patch(EDIT), *done()]])
        await first.run("swap both")
        second = await along(bench)
        assert second.access.is_reader
        assert f"spark-tui {os.getpid()}" in second.access.why
        assert second.state.session == first.state.session
        assert [h.id for h in second.state.open_hunks()] == list(BOTH)
        kept = (home(bench) / "sessions" / first.state.session / "journal.jsonl").read_bytes()
        refused = [
            second.decide(BOTH, Decision.ACCEPTED), second.decide(BOTH, Decision.REJECTED),
            second.undo(), second.undo_turn(), second.redo(), second.split(BOTH[0]),
            second.place_at(BOTH[0], 0), second.insert_code("x", "calc.py", 0),
            second.commit("no"), second.queue("later"), second.run("more"), second.go_on(),
            second.apply_reply(EDIT), second.init_repository(),
        ]  # fmt: skip
        for verb in refused:
            with pytest.raises(SparkFault) as caught:
                await verb
            assert isinstance(caught.value, LockHeld) or "nothing to go on" in str(caught.value)
        second.keep_draft("mine")
        assert second.state.draft == ""
        assert [h.status for h in second.state.hunks.values()] == [Status.PLACED] * 2
        await second.close()
        path = home(bench) / "sessions" / first.state.session / "journal.jsonl"
        assert path.read_bytes() == kept
        assert not list((home(bench) / "store.git").glob("refs/spark/*/1/*"))
        assert (await first.decide(BOTH, Decision.ACCEPTED)).written == BOTH
        await first.close()

    run(story())


def test_what_the_first_does_is_followed(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open([[*patch(EDIT), *done()], [*say("More."), *done()]])
        await first.run("swap both")
        second = await along(bench)
        heard: list[ev.Event] = []
        second.listen(heard.append)
        following = Following(second)
        await first.decide(BOTH[:1], Decision.ACCEPTED)
        await first.run("and now?")
        await until(lambda: any(isinstance(e, ev.TurnEnded) and e.turn == 2 for e in heard))
        assert second.state.hunks[BOTH[0]].status is Status.ACCEPTED
        assert second.state.turns[2].parts == first.state.turns[2].parts
        assert second.state.snapshots.keys() == first.state.snapshots.keys()
        assert second.state.operations == first.state.operations
        await following.stop()
        await second.close()
        await first.close()

    run(story())


def test_it_changes_hands_with_everything_there(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open([[*patch(EDIT), *done()]])
        await first.run("swap both")
        first.keep_draft("half a thought\nand more")
        await first.queue("later")
        second = await along(bench)
        asking = asyncio.ensure_future(second.access.ask())
        async for asker in first.access.asked():
            assert asker.pid == os.getpid()
            break
        assert not asking.done()
        first.access.leave()
        told = read_holder(home(bench) / "lock")
        assert told is not None and told.is_leaving
        await first.close()
        assert await asking == ""
        assert not (home(bench) / "takeover").exists()
        await second.close()
        taken = await along(bench, resume=second.state.session)
        assert not taken.access.is_reader and taken.access.found == ""
        assert taken.state.draft == "half a thought\nand more"
        assert taken.state.queue == ["later"]
        assert (await taken.decide(BOTH, Decision.ACCEPTED)).written == BOTH
        why = LockHeld("spark-tui 1 has taken over.")
        before = await along(bench, resume=taken.state.session, kept_from=why)
        assert before.access.is_reader and before.access.why == why.message
        assert before.state.hunks[BOTH[1]].status is Status.ACCEPTED
        await before.close()
        await taken.close()

    run(story())


def test_who_does_not_answer_keeps_it(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open()
        second = await along(bench)
        why = await second.access.ask(answer_s=0.1)
        assert "does not answer; nothing was changed" in why
        assert f"kill {os.getpid()} ends it" in why
        assert not (home(bench) / "takeover").exists(), "the question is taken back"
        assert second.access.is_reader and not second.access.is_free()
        await first.queue("still mine")
        first.access.leave()
        why = await second.access.ask(answer_s=0.01, leave_s=0.2)
        assert "does not answer" in why, "it said that it would; that did not come true"
        await second.close()
        await first.close()

    run(story())


def test_a_note_of_somebody_who_is_gone_moves_nobody(bench: Bench, run: Run) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    async def story() -> None:
        first, _ = await bench.open()
        note = {"pid": gone.pid, "host": os.uname().nodename}
        (home(bench) / "takeover").write_text(json.dumps(note))
        looks = 0

        async def look(_: float) -> None:
            nonlocal looks
            looks += 1
            if looks == 3:
                raise asyncio.CancelledError
            await asyncio.sleep(0)

        first.access._sleep = look
        with pytest.raises(asyncio.CancelledError):
            async for _ in first.access.asked():
                raise AssertionError("nobody asks")
        await first.close()
        again, _ = await bench.open()
        assert not (home(bench) / "takeover").exists(), "an old note is not for the next holder"
        await again.close()

    run(story())


HOLDER = """
import asyncio, sys
from pathlib import Path
from spark_tui.session.opening import open_session
from spark_tui.settings.config import load
import os
async def main():
    environ = dict(os.environ)
    session = await open_session(Path(sys.argv[1]), load(environ=environ), environ=environ)
    await session.queue("of the one that dies")
    print(session.state.session, flush=True)
    sys.stdin.read()
asyncio.run(main())
"""


def test_a_dead_holder_is_recognised(bench: Bench, run: Run) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(bench.root)], cwd=root, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, env={**bench.environ, "PYTHONPATH": str(root)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        session = process.stdout.readline().strip()

        async def story() -> None:
            second = await along(bench)
            assert second.access.is_reader and second.state.session == session
            assert f"spark-tui {process.pid}" in second.access.why
            following = Following(second)
            process.kill()
            process.wait()
            await until(lambda: following.news == ["free"])
            holder = second.access.holder
            assert holder is not None and holder.pid == process.pid
            assert await second.access.ask() == "", "nobody is there to be asked"
            await following.stop()
            await second.close()
            taken = await along(bench, resume=session)
            assert taken.access.found == ended_words(holder, session)
            assert "ended without closing: its session goes on" in taken.access.found
            assert taken.state.queue == ["of the one that dies"]
            await taken.close()

        run(story())


def test_a_journal_that_cannot_be_made_is_read_only_until_it_can(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        kept, _ = await bench.open()
        await kept.queue("later")
        await kept.close()
        real = os.write

        def full(file: int, data: bytes) -> int:
            if Path(f"/proc/self/fd/{file}").readlink().name == "journal.jsonl":
                raise OSError(28, "No space left on device")
            return real(file, data)

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            session = await along(bench)
            assert session.access.is_reader
            assert "No space left" in session.access.why and session.access.hint
            with pytest.raises(LockHeld, match="No space left"):
                await session.queue("x")
            assert session.state.queue == []
            await session.close()
        session = await along(bench)
        assert not session.access.is_reader
        await session.queue("x")
        await session.close()

    run(story())


def test_the_role_comes_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        session.switch_role()
        await session.queue("later")
        await session.close()
        again, _ = await bench.open(fresh=False)
        assert again.state.role == "smart"
        assert again.switch_role() == "fast"
        await again.close()

    run(story())


def test_a_follower_of_a_journal_that_was_cut_reads_it_anew(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first, _ = await bench.open()
        await first.queue("one")
        second = await along(bench)
        following = Following(second)
        path = home(bench) / "sessions" / first.state.session / "journal.jsonl"
        os.truncate(path, path.stat().st_size - 5)
        await until(lambda: "torn" in following.news)
        await following.stop()
        await second.close()
        await first.close()

    run(story())


def test_settings_of_the_other_do_not_matter(bench: Bench, run: Run) -> None:
    """A reader has its own endpoint and role; what it follows is the conversation."""

    async def story() -> None:
        first, _ = await bench.open()
        settings = replace(load(environ=bench.environ), accept="all")
        second = await open_session(
            bench.root, settings, environ=bench.environ, or_along=True, lock_wait_s=0
        )
        assert second.settings.accept == "all"
        await second.close()
        await first.close()

    run(story())
