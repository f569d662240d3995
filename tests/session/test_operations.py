"""The operation log: one entry for every act, in the same write as the events it stands for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, patch
from spark_tui.repo.commits import CommitDone
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.journal import replay
from spark_tui.session.opening import worktree_state_dir
from spark_tui.session.operations import entry_of
from spark_tui.session.state import SessionState
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

ONE, TWO = HunkId("t1h1"), HunkId("t1h2")
TEXT = """*** Begin Patch
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
REPLY = [*patch(TEXT), *done()]


def test_every_act_has_its_entry(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([REPLY])
        await session.run("change both")
        await session.decide([ONE], Decision.ACCEPTED)
        await session.decide([TWO], Decision.REJECTED)
        await session.undo()
        await session.redo()
        await session.undo_turn(1)
        await session.undo()
        assert isinstance(await session.commit("Sum up"), CommitDone)
        log = session.state.operations
        assert [(o.op, o.kind, o.takes_back) for o in log] == [
            (1, "accept", 0),
            (2, "reject", 0),
            (3, "undo", 2),
            (4, "redo", 2),
            (5, "undo-turn", 0),
            (6, "undo", 5),
            (7, "commit", 0),
        ]
        assert log[0].paths == ("calc.py",) and log[0].checkpoint
        assert log[1].paths == ("README.md",) and not log[1].checkpoint
        assert log[6].hunks == (ONE,) and log[6].commit == session.state.commits[0].commit
        assert all(o.at > 1e9 for o in log)
        await session.close()

    run(story())


def test_entry_and_act_are_one_write(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([REPLY])
        await session.run("change both")
        await session.decide([ONE, TWO], Decision.ACCEPTED)
        session_id = session.state.session
        await session.close()
        home = worktree_state_dir(bench.environ, bench.root)
        path = home / "sessions" / session_id / "journal.jsonl"
        last = list(replay(path))[-3:]
        assert [type(e) for e in last] == [ev.FilesWritten, ev.HunksDecided, ev.Operated]

    run(story())


def test_what_is_no_act_has_none() -> None:
    state = SessionState()
    for event in (ev.PromptQueued("later"), ev.ContextChosen((), ())):
        assert entry_of(state, (event,), op=1, at=0.0) is None
    own = ev.Operated(1, 0.0, "stage", paths=("a",))
    shift = ev.IndexChanged(1, (ev.EntryChanged("a", "", "100644 0"),))
    assert entry_of(state, (shift, own), op=1, at=0.0) is None
