"""Part of the accepted hunks, the last commit amended, the person's own index: exactly that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from spark_tui.errors import UsageFault
from spark_tui.model.scripted import done, patch
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import Choice, CommitDone, CommitRefused, Session
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench

Run = Callable[[Awaitable[None]], None]

NEAR = """*** Begin Patch
*** Update File: calc.py
@@
-def add(a, b):
+def add(x, y):
@@
-    return a + b
+    return x + y
@@ def sub(a, b):
-    return a - b
+    return -b + a
*** Update File: README.md
@@
-# Calc
+# Sums
*** End Patch
"""
H1, H2, H3, H4 = (HunkId(f"t1h{n}") for n in range(1, 5))
LATER = """*** Begin Patch
*** Update File: calc.py
@@
-    return -b + a
+    return a + -b
*** End Patch
"""
ADD = "*** Begin Patch\n*** Add File: new.py\n+x = 1\n+y = 1\n*** End Patch\n"
EDIT = "*** Begin Patch\n*** Update File: new.py\n@@\n-x = 1\n+x = 2\n*** End Patch\n"


async def accepted(bench: Bench, *replies: str) -> Session:
    session, _ = await bench.open([[*patch(r), *done()] for r in replies])
    for _ in replies:
        await session.run("change calc.py, README.md and new.py")
        left = [h.id for h in session.state.open_hunks()]
        assert len((await session.decide(left, Decision.ACCEPTED)).written) == len(left)
    return session


async def made(
    session: Session, message: str, *hunks: HunkId, how: Choice | None = None
) -> CommitDone:
    choice = replace(how or Choice(), hunks=hunks or None)
    result = await session.commit(message, choice)
    assert isinstance(result, CommitDone), result
    return result


@pytest.mark.parametrize("order", [(H1, H2, H3, H4), (H4, H3, H2, H1), (H2, H4, H1, H3)])
def test_one_after_the_other_neighbours_too(
    bench: Bench, run: Run, order: tuple[HunkId, ...]
) -> None:
    async def story() -> None:
        bench.write("mine.txt", "staged\n")
        bench.git("add", "mine.txt")
        session = await accepted(bench, NEAR)
        on_disk = bench.read("calc.py")
        for n, hunk in enumerate(order, 1):
            await made(session, f"Hunk {n}", hunk)
            stat = bench.git("show", "--numstat", "--format=", "HEAD").split()
            path = "README.md" if hunk == H4 else "calc.py"
            assert stat == ["1", "1", path]
            left = [h.id for h in session.state.accepted_hunks()]
            assert left == [h for h in (H1, H2, H3, H4) if h not in order[:n]]
            marks = bench.git("status", "--porcelain").splitlines()
            dirty = {f" M {'README.md' if h == H4 else 'calc.py'}" for h in left}
            assert set(marks) == dirty | {"A  mine.txt"}, "the rest is there, unstaged"
        assert bench.read("calc.py") == on_disk == bench.git("show", "HEAD:calc.py")
        assert [c.hunks for c in session.state.commits] == [(h,) for h in order]
        await session.close()

    run(story())


def test_a_hunk_that_builds_on_one_left_out_is_refused(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, NEAR, LATER)
        head = bench.git("rev-parse", "HEAD")
        no = await session.commit("Later", Choice((HunkId("t2h1"),)))
        assert isinstance(no, CommitRefused) and no.code == "conflict"
        assert no.message == "t2h1 builds upon t1h3 in calc.py, which is not chosen."
        assert "Choose t1h3 too" in no.hint
        assert bench.git("rev-parse", "HEAD") == head
        assert len(list(session.state.accepted_hunks())) == 5
        assert session.state.commit_begun is None
        await made(session, "Both", HunkId("t2h1"), H3)
        assert bench.git("show", "HEAD:calc.py") == CALC.replace("a - b", "a + -b")
        await session.close()

    run(story())


def test_a_new_file_goes_before_its_edits(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, ADD, EDIT)
        no = await session.commit("Edit", Choice((HunkId("t2h1"),)))
        assert isinstance(no, CommitRefused) and "goes together with t1h1" in no.message
        await made(session, "Add", H1)
        assert bench.git("show", "HEAD:new.py") == "x = 1\ny = 1\n"
        assert bench.git("status", "--porcelain") == " M new.py\n"
        await made(session, "Edit", HunkId("t2h1"))
        assert bench.git("show", "HEAD:new.py") == "x = 2\ny = 1\n"
        assert bench.git("status", "--porcelain") == ""
        await session.close()

    run(story())


def test_a_hunk_that_cannot_be_committed_is_named(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, NEAR)
        await made(session, "One", H1)
        await session.decide([H2], Decision.REJECTED)
        for hunk, why in ((H1, "in commit"), (H2, "not accepted"), (HunkId("t9h9"), "no hunk")):
            with pytest.raises(UsageFault, match=why):
                await session.commit("x", Choice((hunk,)))
        no = await session.commit("x", Choice(()))
        assert isinstance(no, CommitRefused) and no.code == "nothing"
        await session.close()

    run(story())


def test_the_draft_follows_the_choice(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, provider = await bench.open([[*patch(NEAR), *done()], [*done()]])
        await session.run("change calc.py and README.md")
        await session.decide([H1, H2, H3, H4], Decision.ACCEPTED)
        await session.draft_message(Choice((H4,)))
        said = str(provider.requests[-1].items)
        assert "# Sums" in said and "calc.py\\n" not in said.partition("Diff:")[2]
        assert session.state.message == "Change calc.py and README.md"
        await session.close()

    run(story())


def test_amend_takes_the_rest_in(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, NEAR)
        start = bench.git("rev-parse", "HEAD")
        first = await made(session, "Names", H1, H2)
        last = await session.committing.last()
        assert last is not None and last.objection == ""
        assert last.message.startswith("Names\n\nAssisted-by: ")
        done = await made(session, last.message, H3, how=Choice(amend=True))
        assert bench.git("rev-parse", "HEAD~") == start
        assert bench.git("log", "-1", "--format=%B").count("Assisted-by") == 1
        assert bench.git("status", "--porcelain") == " M README.md\n"
        committed = session.state.commits
        assert [(c.commit, c.amends) for c in committed] == [(done.commit, first.commit)]
        assert {session.state.hunks[h].committed for h in (H1, H2, H3)} == {done.commit}
        entry = session.state.operations[-1]
        assert (entry.kind, entry.commit) == ("amend", done.commit)
        assert set(entry.hunks) == {H1, H2, H3}
        await session.close()
        again, _ = await bench.open(fresh=False)
        assert [c.commit for c in again.state.commits] == [done.commit]
        await again.close()

    run(story())


def test_amend_of_what_is_pushed_is_said_before(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, NEAR)
        bench.git("update-ref", "refs/remotes/origin/main", "HEAD")
        last = await session.committing.last()
        assert last is not None and "pushed" in last.objection and not last.is_final
        no = await session.commit("x", Choice(amend=True))
        assert isinstance(no, CommitRefused) and no.code == "pushed"
        await made(session, "x", how=Choice(amend=True, anyway=True))
        assert bench.git("rev-list", "--count", "HEAD").strip() == "1"
        await session.close()

    run(story())


def test_what_the_person_staged(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, NEAR)
        bench.git("add", "README.md")
        bench.write("other.txt", "not staged\n")
        assert [(s.path, s.change) for s in await session.committing.staged()] == [
            ("README.md", "update")
        ]
        await session.draft_message(Choice(is_staged=True))
        assert session.state.message == "Update README.md"
        await made(session, "Mine", how=Choice(is_staged=True))
        assert bench.git("show", "--name-only", "--format=%B", "HEAD").split() == [
            "Mine", "README.md",
        ]  # fmt: skip
        assert session.state.hunks[H4].committed, "the hunk that was among it is committed, too"
        assert session.state.hunks[H1].status is Status.ACCEPTED and not (
            session.state.hunks[H1].committed
        )
        await session.close()

    run(story())


def test_the_message_of_a_refused_commit_comes_back(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session = await accepted(bench, NEAR)
        session.committing.keep("Half a mess", Choice((H1,)))
        session.committing.keep("Half a message", Choice((H1, H2), amend=True))
        await session.close()
        session, _ = await bench.open(fresh=False)
        kept = session.state.commit_draft
        assert kept == ev.CommitDraftKept("Half a message", (H1, H2), amend=True)
        await made(session, "Half a message", H1, H2)
        assert session.state.commit_draft is None
        await session.close()

    run(story())
