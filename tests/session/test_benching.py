"""Models at work on the shipped tasks: what counts as done, and when it ends early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from spark_tui.errors import (
    ConnectFault,
    KeyRefused,
    ModelMissing,
    QuotaUsed,
    RateLimited,
    SparkFault,
    StreamFault,
)
from spark_tui.model.provider import Delta, Failed, Request
from spark_tui.model.scripted import say
from spark_tui.session.benching import FAULTS_IN_A_ROW, Comparison, Ending, Side, TaskResult
from spark_tui.session.tasks import Task, load_tasks
from spark_tui.settings.config import Models, load
from tests.support.solving import Answer, Desk, comment, lost, solution

SOME = "last-page,linear-unique,second-block"


def sides(environ: dict[str, str], *names: str) -> list[Side]:
    settings = load(environ=environ)
    return [
        Side(name, "fast", replace(settings, models=Models(f"m-{name}", "other")), environ)
        for name in names or ("fast",)
    ]


def compared(
    desk: Desk,
    environ: dict[str, str],
    *names: str,
    only: str = SOME,
    tell: Callable[[TaskResult], None] = lambda _: None,
    limit_s: float = 60.0,
) -> Comparison:
    comparison = Comparison(
        sides(environ, *names), load_tasks(only), desk.open, tell=tell, limit_s=limit_s
    )
    asyncio.run(asyncio.wait_for(comparison.run(), 120))
    return comparison


def endings(comparison: Comparison) -> list[Ending]:
    return [result.ending for result in comparison.results]


# -- what counts -----------------------------------------------------------------------------
def test_all_twenty_pass_when_the_answers_are_right(environ: dict[str, str]) -> None:
    """Through the whole engine: every reference solution is read, placed and written."""
    told: list[TaskResult] = []
    comparison = compared(Desk(), environ, only="", tell=told.append)
    assert [(r.task, r.why) for r in told if not r.is_passed] == []
    assert (len(told), comparison.ended) == (20, None)
    assert told == comparison.results


def test_what_is_written_and_wrong_fails_by_its_test(environ: dict[str, str]) -> None:
    comparison = compared(Desk(comment), environ)
    assert endings(comparison) == [Ending.TEST] * 3
    why = "an empty list has an empty page: AssertionError: '1-10 of 0' != '0-0 of 0' (and 2 more)"
    assert comparison.results[0].why == why


def test_some_right_and_some_wrong(environ: dict[str, str]) -> None:
    table: dict[str, Answer] = {"last-page": solution, "second-block": comment}

    def answer(task: Task) -> str:
        return table[task.name](task) if task.name in table else "I would rather talk."

    desk = Desk(answer)
    assert endings(compared(desk, environ)) == [Ending.PASSED, Ending.NO_EDIT, Ending.TEST]


def test_an_edit_without_a_place_is_asked_for_once_more_and_then_said(
    environ: dict[str, str],
) -> None:
    desk = Desk(lost)
    [result] = compared(desk, environ, only="last-page").results
    assert result.ending is Ending.UNPLACED
    assert result.why.startswith("listing/pages.py: ")
    assert len(desk.models) == 2


def test_what_would_need_a_yes_is_refused(environ: dict[str, str]) -> None:
    desk = Desk(lambda _: "```diff\n--- /dev/null\n+++ b/setup.py\n@@ -0,0 +1 @@\n+x = 1\n```\n")
    [result] = compared(desk, environ, only="last-page").results
    assert (result.ending, result.why) == (Ending.REFUSED, "setup.py: runs-later")


def test_tokens_and_figures_come_along(environ: dict[str, str]) -> None:
    [result] = compared(Desk(), environ, only="last-page").results
    assert (result.turn.usage.input, result.turn.usage.cached) == (1_000, 200)
    assert result.turn.figures is not None and result.turn.figures.ttft_ms is not None
    assert len(result.turn.hunks) == 2


# -- the same conditions ---------------------------------------------------------------------
def test_sides_take_turns(environ: dict[str, str]) -> None:
    desk = Desk()
    comparison = compared(desk, environ, "fast", "smart", only="2")
    names = [task.name for task in load_tasks("2")]
    assert desk.models == [(f"m-{side}", n) for n in names for side in ("fast", "smart")]
    assert [result.side for result in comparison.results] == ["fast", "smart"] * 2


def test_each_task_is_a_repository_with_one_commit(environ: dict[str, str]) -> None:
    desk = Desk()
    compared(desk, environ, only="last-page")
    [session] = desk.sessions
    assert session.state.has_git and not session.state.marks
    assert set(session.state.files) == {"listing/__init__.py", "listing/pages.py"}


def test_nothing_of_the_person_is_touched(environ: dict[str, str]) -> None:
    home = Path(environ["HOME"])
    before = sorted(home.rglob("*"))
    desk = Desk()
    compared(desk, environ, "a", "b", only="last-page")
    assert sorted(home.rglob("*")) == before
    states = [given["SPARK_TUI_STATE_DIR"] for given in desk.environs]
    assert len(set(states)) == 2
    assert not any(Path(state).exists() for state in states)


def test_a_side_may_be_the_other_role(environ: dict[str, str]) -> None:
    desk = Desk()
    settings = replace(load(environ=environ), models=Models("quick", "deep"))
    both = [Side(role, role, settings, environ) for role in ("fast", "smart")]
    comparison = Comparison(both, load_tasks("1"), desk.open, tell=lambda _: None)
    asyncio.run(asyncio.wait_for(comparison.run(), 60))
    assert [model for model, _ in desk.models] == ["quick", "deep"]
    assert [result.turn.model for result in comparison.results] == ["quick", "deep"]


# -- ending early ----------------------------------------------------------------------------
class Failing(Desk):
    """Fails with these faults, then answers."""

    def __init__(self, *faults: SparkFault) -> None:
        super().__init__()
        self.faults = list(faults)

    def reply(self, request: Request) -> Sequence[Delta]:
        answer = super().reply(request)
        return (Failed(self.faults.pop(0)),) if self.faults else answer


@pytest.mark.parametrize(
    "fault",
    [
        KeyRefused("The key was refused.", hint="Check it."),
        RateLimited("The service asks to wait.", hint="Wait.", retry_after_s=9),
        QuotaUsed("The quota is used up.", hint="Pay."),
        ModelMissing("There is no such model.", hint="See models."),
        ConnectFault("Nobody answers.", hint="Is it running?"),
    ],
)
def test_what_the_next_task_would_meet_too_ends_it(
    fault: SparkFault, environ: dict[str, str]
) -> None:
    desk = Failing(fault)
    comparison = compared(desk, environ, "fast", "smart")
    assert len(desk.models) == 1
    assert endings(comparison) == [Ending.FAULT]
    assert comparison.ended is not None
    assert comparison.ended.code == fault.code
    assert comparison.ended.message == f"fast: {fault.message}"
    assert comparison.ended.hint == fault.hint


def test_a_broken_stream_is_one_failure(environ: dict[str, str]) -> None:
    comparison = compared(Failing(StreamFault("It broke off.")), environ)
    assert endings(comparison) == [Ending.FAULT, Ending.PASSED, Ending.PASSED]
    assert (comparison.results[0].why, comparison.ended) == ("It broke off.", None)


def test_three_in_a_row_are_enough(environ: dict[str, str]) -> None:
    desk = Failing(*(StreamFault("It broke off.") for _ in range(20)))
    comparison = compared(desk, environ, only="")
    assert len(desk.models) == len(comparison.results) == FAULTS_IN_A_ROW
    assert comparison.ended is not None
    assert comparison.ended.message == "fast: It broke off. That was 3 times in a row."


def test_who_stops_it_keeps_what_was_measured(environ: dict[str, str]) -> None:
    """In the middle of the second answer."""
    desk = Desk()
    told: list[TaskResult] = []

    async def main() -> Comparison:
        comparison = Comparison(sides(environ), load_tasks(SOME), desk.open, tell=told.append)

        def reply(request: Request) -> Sequence[Delta]:
            if told:
                comparison.stop()
            return (*say("Let me see."), *Desk.reply(desk, request))

        desk.reply = reply  # type: ignore[method-assign]
        await comparison.run()
        return comparison

    comparison = asyncio.run(asyncio.wait_for(main(), 60))
    assert endings(comparison) == [Ending.PASSED]
    assert (comparison.ended, len(desk.models)) == (None, 2)


def test_an_answer_that_does_not_end_is_late(environ: dict[str, str]) -> None:
    desk = Desk()
    desk.gate = True
    comparison = compared(desk, environ, only="4", limit_s=0.1)
    assert endings(comparison) == [Ending.LATE] * 3
    assert comparison.ended is not None and comparison.ended.code == "timeout"


def test_a_cancelled_run_leaves_nothing_behind(environ: dict[str, str]) -> None:
    desk = Desk()
    desk.gate = True
    opened = asyncio.Event()

    async def main() -> None:
        async def open_gated(*given: object) -> object:
            session = await desk.open(*given)  # type: ignore[arg-type]
            opened.set()
            return session

        comparison = Comparison(
            sides(environ), load_tasks("last-page"), open_gated,  # type: ignore[arg-type]
            tell=lambda _: None,
        )  # fmt: skip
        job = asyncio.create_task(comparison.run())
        await opened.wait()
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job

    asyncio.run(asyncio.wait_for(main(), 60))
    assert not Path(desk.sessions[0].state.root).exists()
