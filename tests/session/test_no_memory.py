"""Memory that gives out in the middle of a verb: the verb fails with words, the session stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from spark_tui.errors import DiskFault, LimitFault, SparkFault
from spark_tui.model.scripted import done, patch
from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.repo.ops import Ops
from spark_tui.repo.worktree import Worktree
from spark_tui.session.events import Decision
from spark_tui.session.journal import Journal
from spark_tui.session.state import Status
from tests.support.bench import CALC, Bench
from tests.support.killed import TEXT

Run = Callable[[Awaitable[None]], None]


def none(*_: object, **__: object) -> None:
    raise MemoryError


@pytest.mark.parametrize(
    ("where", "name", "fault"),
    [
        (CheckpointStore, "save", LimitFault),
        (CheckpointStore, "begin", LimitFault),
        (Worktree, "missing_folders", LimitFault),
        (Ops, "write", DiskFault),
        (Ops, "exchange", DiskFault),
        (Journal, "_append", DiskFault),
    ],
)
def test_the_verb_fails_and_the_session_stays(
    bench: Bench,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    where: type,
    name: str,
    fault: type[SparkFault],
) -> None:
    async def story() -> None:
        session, _ = await bench.open([[*patch(TEXT), *done()]])
        await session.run("change calc.py and README.md")
        hunks = list(session.state.hunks)
        with monkeypatch.context() as patched:
            patched.setattr(where, name, none)
            with pytest.raises(fault):
                await session.decide(hunks, Decision.ACCEPTED)
        assert (bench.read("calc.py"), bench.read("README.md")) == (CALC, "# Calc\n")
        assert {h.status for h in session.state.hunks.values()} == {Status.PLACED}
        assert "memory" in session.state.notices[-1].message
        result = await session.decide(hunks, Decision.ACCEPTED)
        assert set(result.written) == set(hunks)
        await session.close()

    run(story())
    assert not list(bench.root.rglob(".spark-tui-*"))
