"""Which hunk brought a line: through later writes, the person's edits, moves, undo and rebase."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import UsageFault
from spark_tui.model.scripted import done, patch
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import Session
from spark_tui.session.since import Moment
from spark_tui.session.why import Why, back
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

BOTH = """*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    c = b
+    return c + a
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** End Patch
"""
AGAIN = """*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
     c = b
-    return c + a
+    return sum((c, a))
*** End Patch
"""
MOVING = """*** Begin Patch
*** Update File: calc.py
*** Move to: src/sums.py
@@ def add(a, b):
     c = b
-    return c + a
+    return a + c
*** Add File: new.py
+SAME = 1
+OTHER = 2
*** End Patch
"""


async def accepted(bench: Bench, *replies: str) -> Session:
    """Each reply is asked for and accepted."""
    session, _ = await bench.open([(*patch(reply), *done()) for reply in replies])
    for number, _reply in enumerate(replies, 1):
        await session.run(f"prompt {number}\nand more")
        mine = [h.id for h in session.state.hunks.values() if h.turn == number]
        await session.decide(mine, Decision.ACCEPTED)
    return session


async def origin(session: Session, path: str, line: int) -> tuple[str, str]:
    found = await session.history.why(path, line)
    return found.origin, found.facts.hunk if found.facts else ""


async def origins(session: Session, path: str) -> list[str]:
    found: list[str] = []
    for line in range(1, 40):
        try:
            kind, hunk = await origin(session, path, line)
        except UsageFault:
            break
        found.append(hunk or kind)
    return found


def test_each_line_of_one_write(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, BOTH)
        assert await origins(session, "calc.py") == [
            "before", "t1h1", "t1h1", "before", "before", "before", "t1h2"
        ]  # fmt: skip
        found: Why = await session.history.why("calc.py", 7)
        facts = found.facts
        assert facts is not None and facts.asked is not None and found.wrote is not None
        assert (facts.asked.prompt, facts.asked.turn, facts.asked.role) == ("prompt 1", 1, "fast")
        assert (facts.by, facts.decided_op, facts.commit) == ("person", 1, "")
        assert (found.text, found.is_certain) == ("    return -b + a", True)
        await session.close()

    run(story())


def test_later_turns_and_the_persons_edits_above(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, BOTH, AGAIN)
        bench.write("calc.py", "# mine\nimport os\n" + bench.read("calc.py") + "# end\n")
        assert await origins(session, "calc.py") == [
            "person", "person", "before", "t1h1", "t2h1", "before", "before", "before", "t1h2",
            "person",
        ]  # fmt: skip
        await session.close()

    run(story())


def test_all_sessions_of_the_work_tree(bench: Bench, run: Run) -> None:
    async def story() -> None:
        first = await accepted(bench, BOTH)
        await first.close()
        second = await accepted(bench, AGAIN)
        found = await second.history.why("calc.py", 2)
        assert found.facts is not None and found.facts.session == first.state.session
        found = await second.history.why("calc.py", 3)
        assert found.facts is not None and found.facts.session == second.state.session
        await second.close()

    run(story())


def test_what_was_taken_back_is_as_old_as_before(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, BOTH)
        await session.undo()
        assert set(await origins(session, "calc.py")) == {"before"}
        await session.redo()
        assert await origin(session, "calc.py", 2) == ("hunk", "t1h1")
        await session.decide([HunkId("t1h1")], Decision.REJECTED)  # one of the two
        assert await origins(session, "calc.py") == [
            "before", "before", "before", "before", "before", "t1h2"
        ]  # fmt: skip
        await session.close()

    run(story())


def test_after_a_restore_it_is_still_the_hunk(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, BOTH, AGAIN)
        await session.restoring.restore(Moment(after=1))
        assert await origin(session, "calc.py", 3) == ("hunk", "t1h1")
        bench.write("calc.py", "# mine\n" + bench.read("calc.py"))
        await session.undo()
        assert await origin(session, "calc.py", 1) == ("person", "")
        assert await origin(session, "calc.py", 3) == ("hunk", "t1h1")
        assert await origin(session, "calc.py", 4) == ("hunk", "t2h1")
        await session.close()

    run(story())


def test_through_a_move_and_in_a_new_file(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, BOTH, MOVING)
        assert await origins(session, "src/sums.py") == [
            "before", "t1h1", "t2h2", "before", "before", "before", "t1h2"
        ]  # fmt: skip
        assert await origins(session, "new.py") == ["t2h3", "t2h3"]
        with pytest.raises(UsageFault, match=r"no file calc\.py") as fault:
            await session.history.why("calc.py", 1)
        assert fault.value.hint.endswith("/o2 took it away.")
        await session.close()

    run(story())


def test_two_hunks_with_the_same_line(bench: Bench, run: Run) -> None:
    async def story() -> None:
        reply = BOTH.replace("+    return -b + a", "+    c = b\n+    return a - c")
        session = await accepted(bench, reply)
        assert await origin(session, "calc.py", 2) == ("hunk", "t1h1")
        assert await origin(session, "calc.py", 7) == ("hunk", "t1h2")
        await session.close()

    run(story())


def test_a_part_of_a_reshaped_hunk(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open([(*patch(BOTH), *done())])
        await session.run("swap")
        await session.edit_hunk(HunkId("t1h2"), "    return 0 - b + a\n")
        await session.decide([HunkId("t1h2.1")], Decision.ACCEPTED)
        assert await origin(session, "calc.py", 6) == ("hunk", "t1h2.1")
        found = await session.history.why("calc.py", 6)
        assert found.facts is not None and found.facts.asked is not None
        assert found.facts.asked.prompt == "swap"
        await session.close()

    run(story())


def test_commits_also_after_they_were_rewritten(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, BOTH)
        await session.commit("Swap")
        commit = bench.git("rev-parse", "HEAD").strip()
        found = await session.history.why("calc.py", 2)
        assert found.facts is not None and found.facts.commit == commit
        assert found.blamed is not None and found.blamed.commit == commit
        bench.git("commit", "-q", "--amend", "-m", "Swap both")
        bench.write("top.txt", "x\n")
        bench.git("add", "top.txt")
        bench.git("commit", "-q", "-m", "Top")
        bench.git("rebase", "-q", "--root", "--force-rebase")
        bench.write("calc.py", "# mine\n" + bench.read("calc.py"))
        found = await session.history.why("calc.py", 3)
        assert found.facts is not None and found.facts.hunk == "t1h1"
        assert found.blamed is not None and found.blamed.subject == "Swap both"
        assert found.blamed.commit not in ("", commit)
        found = await session.history.why("calc.py", 1)
        assert (found.origin, found.blamed) == ("person", None)
        await session.close()

    run(story())


def test_bytes_that_are_gone_are_said(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, BOTH)
        bench.write("calc.py", "# mine\n" + bench.read("calc.py"))
        for blob in (session.restoring._store.folder / "blobs").rglob("*"):
            if blob.is_file():
                blob.unlink()
        found = await session.history.why("calc.py", 4)
        assert (found.origin, found.is_certain) == ("hunk", False)
        found = await session.history.why("calc.py", 1)
        assert (found.origin, found.is_certain) == ("person", False)
        await session.close()

    run(story())


def test_what_has_no_such_line(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, BOTH)
        bench.write("data.bin", b"\0\1")
        (bench.root / "link.py").symlink_to("calc.py")
        for path, line, words in (
            ("calc.py", 99, "has 7 lines, no line 99"),
            ("calc.py", 0, "no line 0"),
            ("gone.py", 1, "no file gone.py"),
            ("data.bin", 1, "binary"),
            ("link.py", 1, "link"),
        ):
            with pytest.raises(UsageFault, match=words):
                await session.history.why(path, line)
        await session.close()

    run(story())


def test_a_line_in_an_older_version() -> None:
    old = Snapshot.of("a", b"a\nb\nc\n")
    new = Snapshot.of("a", b"x\na\nB\nc\ny\n")
    assert [back(old, new, at) for at in range(5)] == [None, 0, None, 2, None]
