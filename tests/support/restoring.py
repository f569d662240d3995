"""Two turns of accepted hunks, and what stands then: for tests of restores."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spark_tui.model.scripted import done, patch
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import Session
from spark_tui.session.since import Moment
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]

FIRST = """*** Begin Patch
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
SECOND = """*** Begin Patch
*** Update File: README.md
@@
-# Calc
+# Calculator
*** End Patch
"""
MOVING = """*** Begin Patch
*** Update File: calc.py
*** Move to: src/sums.py
@@ def add(a, b):
-    return a + b
+    return b + a
*** Delete File: README.md
*** End Patch
"""
ADD, SUB, NEW, README = (HunkId(h) for h in ("t1h1", "t1h2", "t1h3", "t2h1"))


def after(op: int) -> Moment:
    return Moment(after=op)


async def two_turns(bench: Bench) -> Session:
    """o1 accepts add, o2 sub, o3 the new file, o4 the other turn's README."""
    session, _ = await bench.open([(*patch(FIRST), *done()), (*patch(SECOND), *done())])
    await session.run("swap both")
    for hunk in (ADD, SUB, NEW):
        await session.decide([hunk], Decision.ACCEPTED)
    await session.run("rename")
    await session.decide([README], Decision.ACCEPTED)
    return session


def tree(bench: Bench) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(bench.root)): (path.read_bytes(), path.stat().st_mode)
        for path in sorted(bench.root.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def statuses(session: Session) -> dict[str, str]:
    return {h.id: h.status.value for h in session.state.hunks.values()}
