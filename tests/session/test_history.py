"""The operation log as it is read: entries, prompts, what took them back, damaged journals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from spark_tui.model.scripted import done, patch
from spark_tui.session import journals
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.history import log_of
from spark_tui.session.session import Session
from spark_tui.session.since import Moment
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

REPLY = """*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return b + a
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** Add File: new.py
+NEW = 1
*** End Patch
"""
ADD, SUB, NEW = (HunkId(f"t1h{n}") for n in (1, 2, 3))


async def at_work(bench: Bench) -> Session:
    """o1 accept, o2 reject, o3 accept, o4 commit, o5 undo (of the rejection, as a decision)."""
    session, _ = await bench.open([(*patch(REPLY), *done())])
    await session.run("swap both\nplease")
    await session.decide([ADD], Decision.ACCEPTED)
    await session.decide([SUB], Decision.REJECTED)
    await session.decide([NEW], Decision.ACCEPTED)
    return session


def home(session: Session) -> Path:
    return session.restoring._store.folder


def test_entries_newest_first(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await at_work(bench)
        await session.commit("Swap")
        log = await session.history.operations()
        rows = [(o.name, o.kind, o.hunks, o.paths, o.words) for o in log.operations]
        assert rows == [
            ("o4", "commit", (ADD, NEW), ("calc.py", "new.py"), "committed"),
            ("o3", "accept", (NEW,), ("new.py",), "accepted"),
            ("o2", "reject", (SUB,), ("calc.py",), "rejected"),
            ("o1", "accept", (ADD,), ("calc.py",), "accepted"),
        ]
        assert [o.subject for o in log.operations] == ["Swap", "", "", ""]
        assert all([a.prompt for a in o.asked] == ["swap both"] for o in log.operations)
        assert log.operations[0].full_name == f"{session.state.session}/o4"
        assert log.operations[0].commit == bench.git("rev-parse", "HEAD").strip()
        await session.close()

    run(story())


def test_what_took_an_entry_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await at_work(bench)

        async def gone() -> dict[str, int]:
            log = await session.history.operations()
            return {o.name: o.taken_back_by for o in log.operations if o.taken_back_by}

        await session.undo()
        assert await gone() == {"o3": 4}
        await session.redo()
        assert await gone() == {}
        await session.restoring.restore(Moment(after=1))
        assert await gone() == {"o2": 6, "o3": 6, "o4": 6, "o5": 6}
        log = await session.history.operations(limit=1)
        assert [(o.kind, o.to, o.words) for o in log.operations] == [("restore", 1, "restored o1:")]
        await session.undo()
        assert await gone() == {"o6": 7}
        await session.redo()
        assert await gone() == {"o2": 6, "o3": 6, "o4": 6, "o5": 6}
        await session.close()

    run(story())


def test_few_of_many_and_those_of_a_file(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await at_work(bench)
        log = await session.history.operations(limit=2)
        assert [o.name for o in log.operations] == ["o3", "o2"]
        log = await session.history.operations(paths=["new.py"])
        assert [o.name for o in log.operations] == ["o3"]
        await session.close()

    run(story())


def test_every_session_and_a_damaged_journal(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first = await at_work(bench)
        await first.close()
        for path in ("calc.py", "new.py"):
            (bench.root / path).unlink()
        bench.git("checkout", "-q", ".")
        second = await at_work(bench)
        broken = journals.journal_of(home(second), "20200101-000000-dead")
        broken.parent.mkdir(parents=True)
        broken.write_bytes(b"\xff\xfenothing\n")
        newer = journals.journal_of(home(second), "20300101-000000-beef")
        newer.parent.mkdir(parents=True)
        newer.write_text('{"format":99}\n')
        mine = journals.journal_of(home(second), first.state.session)
        mine.write_bytes(mine.read_bytes() + b'{"e":"Operated","op":')  # a torn last line
        log = await second.history.operations(every=True)
        names = [o.full_name for o in log.operations]
        assert names == [f"{s.state.session}/o{n}" for s in (second, first) for n in (3, 2, 1)]
        assert log.left_out == (
            "20300101-000000-beef is of a newer version",
            "20200101-000000-dead has no beginning",
        )
        one = await second.history.operations(first.state.session)
        assert len(one.operations) == 3
        await second.close()

    run(story())


def test_the_diff_of_an_entry(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await at_work(bench)
        bench.write("calc.py", "# mine\n" + bench.read("calc.py"))
        log = await session.history.operations()
        diffs = {o.name: await session.history.diff(o) for o in log.operations}
        assert diffs["o2"] == ()
        (first,) = diffs["o1"]
        assert first.startswith("--- a/calc.py\n+++ b/calc.py\n")
        assert "-    return a + b\n+    return b + a\n" in first and "mine" not in first
        (added,) = diffs["o3"]
        gone = replace(log.operations[-1], checkpoint="0" * 40)
        (told,) = await session.history.diff(gone)
        assert told == "calc.py: what it was is not kept any more\n"
        assert added == "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,1 @@\n+NEW = 1\n"
        await session.close()

    run(story())


def test_only_what_is_listed_is_held(bench: Bench, tmp_path: Path) -> None:
    """A journal of 20,000 entries: as many are kept as are asked for."""
    path = journals.journal_of(tmp_path, "s")
    path.parent.mkdir(parents=True)
    rows = ['{"format":1}', '{"e":"SessionOpened","session":"s","root":"/","at":1.0}']
    rows += [
        f'{{"e":"Operated","op":{n},"at":{n}.0,"kind":"accept","hunks":["t1h{n}"],"paths":["a"]}}'
        for n in range(1, 20_001)
    ]
    path.write_text("\n".join(rows) + "\n")
    log = log_of(tmp_path, ["s"], limit=3)
    assert [o.op for o in log.operations] == [20_000, 19_999, 19_998]
