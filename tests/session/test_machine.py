"""Decisions in any order, with a person at work in the same files: nothing of theirs is lost, what
is accepted is in its file, and all of it can be walked back."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from spark_tui.edits.changeset import Kind
from spark_tui.model.provider import Delta, Request
from spark_tui.model.scripted import done, patch
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.journal import replay
from spark_tui.session.session import Session
from spark_tui.session.state import SessionState, Status
from tests.support.bench import Bench

T = TypeVar("T")

FILES: dict[str, tuple[bytes, int]] = {
    "a.py": (b"".join(b"line %d\n" % n for n in range(10)), 0o644),
    "crlf.txt": (b"".join(b"row %d\r\n" % n for n in range(6)), 0o644),
    "bare.txt": (b"one\ntwo\nthree", 0o644),
    "run.sh": (b"#!/bin/sh\nset -e\necho hi\n", 0o755),
    "latin.txt": (b"caf\xe9\nplain\nna\xefve\n", 0o644),
    "gone.sh": (b"echo gone\n", 0o755),
    "old.txt": (b"alpha\nbeta\ngamma\n", 0o644),
    "pkg/mixed.txt": (b"x\r\ny\nz\r\nw\n", 0o644),
}
FIRST = """*** Begin Patch
*** Update File: a.py
@@
 line 0
-line 1
+h01
 line 2
@@
-line 2
+h02
+h02b
@@
 line 6
+h03
@@
-line 8
-line 9
+h04
*** Update File: crlf.txt
@@
-row 0
+h05
@@
 row 4
+h06
*** Update File: bare.txt
@@
-three
+h07
*** Update File: run.sh
@@
 set -e
+h08
*** Update File: latin.txt
@@
-plain
+h09
*** Delete File: gone.sh
*** Update File: old.txt
*** Move to: moved/new.txt
@@
-beta
+h10
*** Update File: pkg/mixed.txt
@@
-y
+h11
@@
 w
+h12
*** Add File: pkg/fresh.py
+h13
*** End Patch
"""
HUNKS = 13 + 2
"""Those with a token, the deletion and the move."""

numbers = st.integers(0, 40)
some = st.lists(st.integers(0, 40), min_size=1, max_size=6)


class Reviewing(RuleBasedStateMachine):
    """One session, one person."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="spark-tui-machine-"))
        self.root = self.folder / "tree"
        for path, (data, mode) in FILES.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(mode)
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "SPARK_TUI_STATE_DIR": str(self.folder / "state"),
            "SPARK_TUI_CONFIG_DIR": str(self.folder / "config"),
        }
        self.start = self.tree()
        self.loop = asyncio.new_event_loop()
        self.bench = Bench(self.root, environ)
        self.replies: list[str] = [FIRST]
        self.session: Session = self.wait(self.open(fresh=True))
        self.wait(self.session.run("do it"))
        assert len(self.session.state.hunks) == HUNKS
        assert all(h.status is Status.PLACED for h in self.session.state.hunks.values())
        self.is_exact = True
        """Everything can be walked back to the first byte: until a person edits something, or
        gives a hunk that was decided another place."""
        self.mine: set[str] = set()
        """Lines of the person's which they did not remove."""
        self.removed: set[str] = set()
        """Tokens of hunks which the person removed by hand."""
        self.count = 100

    # -- means -----------------------------------------------------------------
    def wait(self, job: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(job, 30))

    async def open(self, *, fresh: bool) -> Session:
        def reply(_: Request) -> tuple[Delta, ...]:
            return (*patch(self.replies.pop(0), chunk=40), *done())

        session, _ = await self.bench.open([reply] * 50, fresh=fresh)
        return session

    def tree(self) -> dict[str, tuple[bytes, int]]:
        found: dict[str, tuple[bytes, int]] = {}
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                mode = stat.S_IMODE(path.stat().st_mode)
                found[path.relative_to(self.root).as_posix()] = (path.read_bytes(), mode)
        return found

    def texts(self) -> set[str]:
        data = b"\n".join(data for data, _ in self.tree().values())
        return {line.strip() for line in data.decode("latin-1").split("\n")}

    def chosen(self, which: list[int]) -> list[HunkId]:
        ids = list(self.session.state.hunks)
        return [ids[n % len(ids)] for n in which]

    def new_line(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def journal(self) -> Path:
        name = self.session.state.session
        return next((self.folder / "state").glob(f"worktrees/*/sessions/{name}/journal.jsonl"))

    # -- what the session is asked ---------------------------------------------
    @rule(which=some)
    def accept(self, which: list[int]) -> None:
        self.wait(self.session.decide(self.chosen(which), Decision.ACCEPTED))

    @rule(which=some)
    def reject(self, which: list[int]) -> None:
        self.wait(self.session.decide(self.chosen(which), Decision.REJECTED))

    @rule(which=some)
    def reopen(self, which: list[int]) -> None:
        self.wait(self.session.decide(self.chosen(which), Decision.OPEN))

    @rule()
    def accept_all(self) -> None:
        self.wait(self.session.decide(list(self.session.state.hunks), Decision.ACCEPTED))

    @rule()
    def undo(self) -> None:
        had = bool(self.session.state.acts)
        acted = self.wait(self.session.undo())
        if had and self.is_exact:
            assert acted.done, acted.message

    @rule()
    def redo(self) -> None:
        self.wait(self.session.redo())

    @rule(turn=st.sampled_from([None, 1, 2]))
    def undo_turn(self, turn: int | None) -> None:
        self.wait(self.session.undo_turn(turn))

    @rule(pick=numbers, at=numbers, remove=st.booleans())
    def next_turn(self, pick: int, at: int, remove: bool) -> None:
        """An edit of whatever stands there now, over other hunks or not."""
        paths = [p for p, (data, _) in self.tree().items() if data.isascii() and data.strip()]
        if not paths or len(self.session.state.turns) > 5:
            return
        path = paths[pick % len(paths)]
        lines = (self.root / path).read_text().splitlines()
        at %= len(lines)
        around = [f" {line}" for line in lines[max(0, at - 1) : at]]
        new = [f"+{self.new_line('h')}"]
        old = [f"-{lines[at]}"] if remove else [f" {lines[at]}"]
        body = "\n".join([*around, *old, *new, *(f" {x}" for x in lines[at + 1 : at + 2])])
        text = f"*** Begin Patch\n*** Update File: {path}\n@@\n{body}\n*** End Patch\n"
        self.replies.insert(0, text)
        self.wait(self.session.run(f"change {path}"))

    @rule(pick=numbers, at=numbers)
    def place_by_hand(self, pick: int, at: int) -> None:
        hunk = self.chosen([pick])[0]
        was_decided = any(b.hunk == hunk for act in self.session.state.acts for b in act.before)
        if self.wait(self.session.place_at(hunk, at)) and was_decided:
            self.is_exact = False

    @rule(pick=numbers)
    def split(self, pick: int) -> None:
        self.wait(self.session.split(self.chosen([pick])[0]))

    @rule(pick=numbers, rows=st.sets(st.integers(0, 3)))
    def keep_lines(self, pick: int, rows: set[int]) -> None:
        self.wait(self.session.keep_lines(self.chosen([pick])[0], rows))

    @rule(pick=numbers, at=numbers)
    def edit_hunk(self, pick: int, at: int) -> None:
        hunk = self.chosen([pick])[0]
        text = self.session.hunk_text(hunk)
        if isinstance(text, str):
            lines = text.split("\n")
            lines.insert(at % len(lines), self.new_line("h"))
            self.wait(self.session.edit_hunk(hunk, "\n".join(lines)))

    @rule(pick=numbers)
    def look_and_accept(self, pick: int) -> None:
        """What is said of an open hunk before the decision is what the decision finds."""
        self.wait(self.session.look())
        hunk = self.session.state.hunks[self.chosen([pick])[0]]
        if not hunk.is_undecided or hunk.kind is not Kind.EDIT:
            return
        met = hunk.met
        decided = self.wait(self.session.decide([hunk.id], Decision.ACCEPTED))
        assert bool(decided.conflicts) == (met is not None and bool(met.message)), met
        assert bool(decided.already) == (met is not None and met.already), met

    @rule()
    def restart(self) -> None:
        before = _facts(self.session.state)
        self.wait(self.session.close())
        self.session = self.wait(self.open(fresh=False))
        assert _facts(self.session.state) == before

    # -- what the person does --------------------------------------------------
    @rule(pick=numbers, at=numbers, how=st.sampled_from(["append", "insert", "change"]))
    def edit(self, pick: int, at: int, how: str) -> None:
        paths = list(self.tree())
        if not paths:
            return
        target = self.root / paths[pick % len(paths)]
        lines = target.read_bytes().split(b"\n")
        at %= len(lines)
        mine = self.new_line("mine").encode()
        if how == "append":
            lines = [*lines[:-1], mine, b""] if not lines[-1] else [*lines, mine]
        elif how == "insert":
            lines.insert(at, mine)
        else:
            self.forget(lines[at])
            lines[at] = mine
        target.write_bytes(b"\n".join(lines))
        self.mine.add(mine.decode())
        self.is_exact = False

    @rule(pick=numbers)
    def delete(self, pick: int) -> None:
        paths = list(self.tree())
        if not paths:
            return
        target = self.root / paths[pick % len(paths)]
        for line in target.read_bytes().split(b"\n"):
            self.forget(line)
        target.unlink()
        self.is_exact = False

    def forget(self, line: bytes) -> None:
        text = line.decode("latin-1").strip()
        self.mine.discard(text)
        self.removed.add(text)

    # -- what holds ------------------------------------------------------------
    @invariant()
    def nothing_of_the_person_is_lost(self) -> None:
        missing = self.mine - self.texts()
        if not missing:
            return
        store = self.session.restoring._store
        kept = [f[0] for i in store.list() for f in store.load(i.id).values() if f]
        for line in missing:
            assert any(line.encode() in data for data in kept), f"{line} is lost"

    @invariant()
    def accepted_is_in_its_file_and_nothing_else_is(self) -> None:
        there = self.texts()
        bases = self.session.state.snapshots
        hunks = [h for h in self.session.state.hunks.values() if not h.parts]
        replaced = {
            text for h in hunks if h.status is Status.ACCEPTED and h.place and h.base
            for edit in h.place.edits for text in bases[h.base].lines[edit.start : edit.end]
        }  # fmt: skip
        deleted = {h.path for h in hunks if h.status is Status.ACCEPTED and h.kind is Kind.DELETE}
        accepted = {
            text for h in hunks if h.status is Status.ACCEPTED
            for sign, text in h.lines if sign == "+"
        }  # fmt: skip
        for hunk in hunks:
            tokens = {text for sign, text in hunk.lines if sign == "+"}
            if hunk.status is Status.ACCEPTED and hunk.path in deleted:
                continue
            if hunk.status is Status.ACCEPTED:
                missing = tokens - there - replaced - self.removed
                assert not missing, f"{hunk.id} is accepted, {missing} not there"
            else:  # a part may share lines with what stands for it now
                stray = (tokens & there) - accepted
                assert not stray, f"{hunk.id} is {hunk.status}, {stray} there"

    @invariant()
    def the_journal_tells_the_same(self) -> None:
        self.session._spine._flush()
        again = SessionState()
        for event in replay(self.journal()):
            again.apply(event)
        assert _facts(again) == _facts(self.session.state)

    @invariant()
    def nothing_of_ours_lies_around(self) -> None:
        assert not list(self.root.rglob(".spark-tui-*"))

    def teardown(self) -> None:
        try:
            if self.is_exact:
                while self.session.state.acts:
                    acted = self.wait(self.session.undo())
                    assert acted.done, acted.message
                assert self.tree() == self.start
            self.wait(self.session.close())
        finally:
            self.loop.close()
            shutil.rmtree(self.folder)


def _facts(state: SessionState) -> object:
    return (
        {
            h.id: (h.status, h.place, h.lines, h.written, h.base, h.message, h.by, h.why)
            for h in state.hunks.values()
        },
        list(state.acts),
        list(state.taken_back),
        [(t.turn, t.outcome, t.undone) for t in state.turns.values()],
    )


Check = Callable[[], None]


def _play(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Reviewing,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None,
            suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a step is too dear to shrink
        ),
    )  # fmt: skip


def test_any_order_of_decisions() -> None:
    _play(12, 14)


@pytest.mark.slow
def test_any_order_of_decisions_for_long() -> None:
    _play(100, 40)
