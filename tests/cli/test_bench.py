"""`bench`: figures of an endpoint, and two models over the shipped tasks."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence

import pytest

from spark_tui.errors import KeyRefused, LimitFault, SparkFault, StreamFault
from spark_tui.model.provider import Delta, Failed, Request
from spark_tui.session.figures import METRICS
from spark_tui.session.tasks import Task, load_tasks
from tests.support.shell import Shell, Terminal
from tests.support.solving import Desk, comment, solution

SOME = "last-page,linear-unique,second-block"


@pytest.fixture
def desk(shell: Shell) -> Desk:
    """The model behind the shell; each session asks it."""
    desk = Desk()
    shell.replies = [lambda request: desk.reply(request)] * 40
    shell.environ["SPARK_TUI_MODELS__FAST"] = "quick"
    shell.environ["SPARK_TUI_MODELS__SMART"] = "deep"
    return desk


def by_model(desk: Desk, model: str, answer: Callable[[Task], str]) -> None:
    """One model answers otherwise."""
    plain = desk.answer

    def reply(task: Task) -> str:
        return answer(task) if desk.models[-1][0] == model else plain(task)

    desk.answer = reply


# -- a comparison ----------------------------------------------------------------------------
def test_two_roles_over_some_tasks(shell: Shell, desk: Desk) -> None:
    by_model(desk, "quick", lambda t: (comment if t.name == "last-page" else solution)(t))
    shell.environ["SPARK_TUI_PRICES__FAST_INPUT"] = "1"
    shell.environ["SPARK_TUI_PRICES__FAST_OUTPUT"] = "1"
    shell.environ["SPARK_TUI_PRICES__SMART_INPUT"] = "10"
    shell.environ["SPARK_TUI_PRICES__SMART_OUTPUT"] = "10"
    ran = shell("bench", "--compare", "fast", "smart", "--tasks", SOME, "--yes", "--json")
    found = ran.document
    assert ran.code == 0, ran.err
    assert (found["schema"], found["status"], found["errors"]) == (1, "complete", [])
    assert (found["baseline"], found["tasks"]) == ("fast", SOME.split(","))
    fast, smart = found["sides"]
    assert [(s["name"], s["model"]) for s in (fast, smart)] == [
        ("fast", "quick"),
        ("smart", "deep"),
    ]
    assert (fast["passed"], fast["tasks"], fast["pass_rate"]) == (2, 3, 0.6667)
    assert (smart["passed"], smart["pass_rate"]) == (3, 1.0)
    assert fast["usage"]["input"] == 3_000 and fast["usage"]["output"] == 150
    assert (fast["usage"]["cost"], smart["usage"]["cost"]) == pytest.approx((0.00315, 0.0315))
    assert set(fast["against_baseline"].values()) == {1.0}
    against = smart["against_baseline"]
    assert (against["pass_rate"], against["tokens"]) == (1.5, 1.0)
    assert against["cost"] == pytest.approx(10)
    assert fast["total_ms"]["count"] == smart["ttft_ms"]["count"] == 3
    assert [(r["task"], r["side"]) for r in found["results"]][:2] == [
        ("last-page", "fast"), ("last-page", "smart"),
    ]  # fmt: skip
    first = found["results"][0]
    assert (first["outcome"], first["code"], first["hunks"]) == ("test", None, 1)
    assert first["why"].startswith("an empty list has an empty page: ")


def test_a_person_reads_the_baseline_and_what_was_missed(shell: Shell, desk: Desk) -> None:
    by_model(desk, "deep", comment)
    ran = shell("bench", "--compare", "smart", "fast", "--tasks", "last-page", "--yes")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["smart", "(baseline)", "fast"]
    assert lines[1].split() == ["model", "deep", "quick"]
    assert lines[2].split() == ["passed", "0", "of", "1,", "0", "%", "1", "of", "1,", "100", "%"]
    assert lines[-1].startswith("last-page, smart: its tests fail: ")
    assert "1/2 last-page, smart: its tests fail" in ran.err
    assert "2/2 last-page, fast: passed" in ran.err


def test_a_name_that_is_no_role_is_a_preset_or_a_model(shell: Shell, desk: Desk) -> None:
    shell.environ["SPARK_TUI_PRICES__FAST_INPUT"] = "1"
    words = ("--compare", "fast", "some-model", "--tasks", "1", "--yes", "--json")
    found = shell("bench", *words).document
    assert [side["model"] for side in found["sides"]] == ["quick", "some-model"]
    assert found["sides"][0]["usage"]["cost"] is not None
    assert found["sides"][1]["usage"]["cost"] is None
    assert found["sides"][1]["against_baseline"]["cost"] is None


def test_nothing_of_the_folder_is_touched(shell: Shell, desk: Desk) -> None:
    before = {p: p.read_bytes() for p in shell.root.rglob("*") if p.is_file()}
    shell("bench", "--compare", "fast", "smart", "--tasks", "1", "--yes")
    assert {p: p.read_bytes() for p in shell.root.rglob("*") if p.is_file()} == before


# -- the yes ---------------------------------------------------------------------------------
def test_without_a_terminal_it_wants_a_yes(shell: Shell, desk: Desk) -> None:
    ran = shell("bench", "--compare", "fast", "smart", stdin="yes\n")
    assert (ran.code, ran.out) == (2, "")
    assert "executed here" in ran.err and "--yes" in ran.err
    assert desk.models == []


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 0), ("no\n", 6), ("", 6)])
def test_on_a_terminal_it_asks(typed: str, code: int, shell: Shell, desk: Desk) -> None:
    words = ("bench", "--compare", "fast", "smart", "--tasks", "1")
    ran = shell(*words, typed=Terminal(typed))
    assert ran.code == code
    assert "executed here" in ran.err
    assert len(desk.models) == (2 if code == 0 else 0)


def test_the_yes_is_read_from_a_real_terminal(shell: Shell, desk: Desk) -> None:
    master, slave = os.openpty()
    os.write(master, b"y\n")
    with os.fdopen(master, "wb"), os.fdopen(slave) as typed:
        ran = shell("bench", "--compare", "fast", "smart", "--tasks", "1", typed=typed)
    assert (ran.code, len(desk.models)) == (0, 2)


# -- ending early ----------------------------------------------------------------------------
def failing(desk: Desk, *faults: SparkFault) -> None:
    """The first requests fail with these."""
    left, answer = list(faults), desk.reply

    def reply(request: Request) -> Sequence[Delta]:
        found = answer(request)
        return (Failed(left.pop(0)),) if left else found

    desk.reply = reply  # type: ignore[method-assign]


def test_a_refused_key_ends_it_after_one_request(shell: Shell, desk: Desk) -> None:
    failing(desk, *[KeyRefused("The key was refused.", hint="Check it.")] * 9)
    ran = shell("bench", "--compare", "fast", "smart", "--yes", "--json")
    assert (ran.code, len(desk.models)) == (4, 1)
    found = ran.document
    assert (found["status"], found["errors"][0]["code"]) == ("error", "key_refused")
    assert found["results"][0]["outcome"] == "fault"
    assert found["sides"][0]["tasks"] == 0 and found["sides"][0]["pass_rate"] is None


def test_only_what_both_have_tried_is_compared(shell: Shell, desk: Desk) -> None:
    """The third request fails: the second task of the baseline has no partner."""
    answer = desk.reply

    def reply(request: Request) -> Sequence[Delta]:
        return answer(request) if len(desk.models) < 2 else (Failed(KeyRefused("No.")),)

    desk.reply = reply  # type: ignore[method-assign]
    found = shell("bench", "--compare", "fast", "smart", "--yes", "--json").document
    assert [side["tasks"] for side in found["sides"]] == [1, 1]
    assert len(found["results"]) == 3


@pytest.mark.parametrize(
    "words",
    [
        ("--compare", "fast"),
        ("--compare", "fast", "fast", "--yes"),
        ("--compare", "fast", "smart", "--tasks", "none-such", "--yes"),
        ("--compare", "fast", "smart", "--turns", "3", "--yes"),
        ("--tasks", "2"),
        ("--yes",),
        ("--turns", "0"),
        ("--turns", "many"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], shell: Shell, desk: Desk) -> None:
    ran = shell("bench", *words)
    assert (ran.code, ran.out, desk.models) == (2, "", [])


# -- one endpoint ----------------------------------------------------------------------------
def test_the_figures_of_an_endpoint(shell: Shell, desk: Desk) -> None:
    ran = shell("bench", "--turns", "4", "--json")
    found = ran.document
    assert ran.code == 0, ran.err
    assert (found["schema"], found["status"], found["errors"]) == (1, "complete", [])
    assert (found["model"], found["wire"]) == ("quick", "scripted")
    assert (found["turns"], found["failed"]) == (4, 0)
    assert list(found["figures"]) == [metric.key for metric in METRICS]
    ttft = found["figures"]["ttft_ms"]
    assert ttft["count"] == 4 and ttft["median"] <= ttft["p95"] <= ttft["max"]
    assert found["figures"]["first_hunk_ms"]["count"] == 4
    assert found["figures"]["cached_share"]["median"] == 0.2
    assert found["figures"]["turn_cost"] is None
    assert sum(row["count"] for row in found["histogram"]["total_ms"]) == 4
    assert found["usage"]["input"] == 4_000
    assert len(shell.sessions) == 1


def test_a_person_reads_them_as_a_table(shell: Shell, desk: Desk) -> None:
    shell.environ["SPARK_TUI_PRICES__FAST_INPUT"] = "1"
    ran = shell("bench", "--turns", "3")
    assert ran.out.startswith("quick at https://api.openai.com/v1, over scripted\n")
    table = ran.out.partition("\nTTFT\n")[0]
    rows = {line[:12].strip(): line.split() for line in table.splitlines()}
    assert rows["TTFT"][-1] == rows["whole turn"][-1] == "3"
    assert rows["cached"][1:3] == ["20", "%"]
    assert "█" in ran.out
    assert "tokens: 3,000 in (20 % cached), 150 out, cost: ~$0.0030" in ran.out
    assert "3 requests about" in ran.err and "3/3 first token" in ran.err


def test_prompts_come_round_again_in_another_session(shell: Shell, desk: Desk) -> None:
    names = [task.name for task in load_tasks()]
    assert shell("bench", "--turns", "22").code == 0
    assert [name for _, name in desk.models] == [*names, *names[:2]]
    assert len(shell.sessions) == 2


def test_a_full_window_starts_another_conversation(shell: Shell, desk: Desk) -> None:
    """The third turn of the first session is refused, and asked again in the second."""
    answer = desk.reply

    def reply(request: Request) -> Sequence[Delta]:
        found = answer(request)
        is_full = len(shell.sessions) == 1 and len(desk.models) == 3
        return (Failed(LimitFault("The window is full.")),) if is_full else found

    desk.reply = reply  # type: ignore[method-assign]
    found = shell("bench", "--turns", "4", "--json").document
    names = [task.name for task in load_tasks()]
    assert [name for _, name in desk.models] == [*names[:3], *names[2:4]]
    assert (found["turns"], found["failed"], len(shell.sessions)) == (4, 0, 2)


def test_a_window_that_is_full_at_once_is_said(shell: Shell, desk: Desk) -> None:
    failing(desk, *[LimitFault("The window is full.")] * 9)
    ran = shell("bench", "--json")
    assert (ran.code, ran.document["errors"][0]["code"], len(desk.models)) == (5, "limit", 1)


def test_a_refused_key_is_not_tried_again(shell: Shell, desk: Desk) -> None:
    failing(desk, *[KeyRefused("The key was refused.")] * 9)
    ran = shell("bench", "--json")
    assert (ran.code, len(desk.models)) == (4, 1)
    assert ran.document["failed"] == 1 and ran.document["figures"]["ttft_ms"] is None


def test_a_turn_that_failed_is_counted_and_not_measured(shell: Shell, desk: Desk) -> None:
    failing(desk, StreamFault("It broke off."))
    ran = shell("bench", "--turns", "3", "--json")
    found = ran.document
    assert (ran.code, found["turns"], found["failed"]) == (0, 3, 1)
    assert found["figures"]["ttft_ms"]["count"] == 2
    assert "1/3" in ran.err and "It broke off." in ran.err


def test_it_writes_nothing_of_its_own(shell: Shell, desk: Desk) -> None:
    state = shell.environ["SPARK_TUI_STATE_DIR"]
    shell("bench", "--turns", "1")
    assert state != shell.sessions[0].state.root
    assert shell("hunks").code == 2  # no session of this folder


# -- Ctrl+C ----------------------------------------------------------------------------------
def interrupted_at(desk: Desk, number: int) -> None:
    """The signal comes while this request is answered."""
    answer = desk.reply

    def reply(request: Request) -> Sequence[Delta]:
        found = answer(request)
        if len(desk.models) == number:
            os.kill(os.getpid(), signal.SIGINT)
        return found

    desk.reply = reply  # type: ignore[method-assign]


def test_an_interrupted_comparison_tells_what_it_has(shell: Shell, desk: Desk) -> None:
    interrupted_at(desk, 3)
    ran = shell("bench", "--compare", "fast", "smart", "--yes", "--json")
    found = ran.document
    assert (ran.code, found["status"], len(desk.models)) == (130, "interrupted", 3)
    assert [side["passed"] for side in found["sides"]] == [1, 1]


def test_interrupted_turns_tell_what_they_have(shell: Shell, desk: Desk) -> None:
    interrupted_at(desk, 3)
    ran = shell("bench", "--json")
    found = ran.document
    assert (ran.code, found["status"], found["turns"]) == (130, "interrupted", 2)
    assert found["figures"]["ttft_ms"]["count"] == 2
