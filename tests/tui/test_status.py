"""The status line and the chips: what is said, and what is left out first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from rich.cells import cell_len

from spark_tui.session import events as ev
from spark_tui.session.context import Chip, Plan
from spark_tui.session.events import LinkNews, Outcome, TokenUse, TurnFigures
from spark_tui.session.meter import Meter
from spark_tui.session.state import SessionState, TurnState
from spark_tui.tui.widgets.chips import Chips
from spark_tui.tui.widgets.status import Item, Seen, Status, assemble, fields


def ready_state() -> SessionState:
    state = SessionState()
    state.apply(ev.RepositoryLooked("main", True, ("a.py",), ()))
    state.apply(ev.EndpointChanged("https://api.example.org/v1", True, "api.example.org"))
    state.apply(ev.RoleSwitched("fast", "spark"))
    return state


def plain(state: SessionState, meter: Meter, width: int = 200) -> str:
    return assemble(fields(state, meter), width).plain


def test_it_says_branch_model_and_connection() -> None:
    meter = Meter()
    meter.window = 128_000
    text = plain(ready_state(), meter)
    assert text == "main · fast: spark · api.example.org · ~0/128k"


def test_a_scripted_model_is_named_as_such() -> None:
    state = ready_state()
    state.apply(ev.EndpointChanged("http://127.0.0.1/v1", True, "demo: scripted model"))
    assert "scripted model" in plain(state, Meter())


def test_no_key_and_no_git_are_said() -> None:
    state = SessionState()
    state.apply(ev.EndpointChanged("https://api.example.org/v1", False, "no key"))
    assert plain(state, Meter()) == "no git · fast · no key"


def test_hostile_names_are_inert() -> None:
    state = ready_state()
    state.apply(ev.RepositoryLooked("ma\x1b[2Jin\n", True, (), ()))
    assert "\x1b" not in plain(state, Meter())


def test_the_least_urgent_field_goes_first_and_whole() -> None:
    items = (Item("branch", 2), Item("model", 3), Item("3 open", 0))
    assert assemble(items, 40).plain == "branch · model · 3 open"
    assert assemble(items, 20).plain == "branch · 3 open"
    assert assemble(items, 8).plain == "3 open"


# -- figures ---------------------------------------------------------------------------
class Clock:
    """Says what it is told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(number: int = 1) -> ev.TurnStarted:
    return ev.TurnStarted(number, "x", "fast", "spark", (), 9, 0.0)


def answered(clock: Clock) -> Meter:
    """The meter after one whole turn."""
    meter = Meter(clock)
    meter.begin()
    meter.go_on(1200)
    for moment in (
        lambda: meter.connected(41.0, reused=False),
        meter.accepted,
        lambda: meter.heard("x" * 400),
        meter.placed,
        lambda: meter.heard("x" * 400),
    ):
        clock.now += 0.05
        moment()
    meter.end()
    return meter


def test_the_moments_of_a_turn_in_their_order() -> None:
    text = plain(ready_state(), answered(Clock()))
    assert text.endswith(
        "connect 41 ms · round trip 50 ms · TTFT 150 ms · first hunk 200 ms · 2,000 tok/s"
    )


def test_a_connection_that_stood_ready_is_no_news() -> None:
    meter = Meter(Clock())
    meter.begin()
    meter.go_on(1)
    meter.connected(0.0, reused=True)
    assert "connect" not in plain(ready_state(), meter)


def test_cost_and_cache_are_of_the_whole_session() -> None:
    state = ready_state()
    for number, estimated in ((1, False), (2, False)):
        state.apply(asked(number))
        state.apply(ev.TurnMeasured(number, TurnFigures(cost=0.0061)))
        use = TokenUse(1000, 800 if number == 2 else 400, 9, estimated=estimated)
        state.apply(ev.TurnEnded(number, Outcome.COMPLETE, use, 1.0))
    assert plain(state, Meter()).endswith("60 % cached · $0.012")


def test_our_own_count_is_marked_and_no_price_is_no_cost() -> None:
    state = ready_state()
    for number, cost in ((1, 0.5), (2, None)):
        state.apply(asked(number))
        state.apply(ev.TurnMeasured(number, TurnFigures(cost=cost)))
        use = TokenUse(1000, 0, 9, estimated=True)
        state.apply(ev.TurnEnded(number, Outcome.INTERRUPTED, use, 1.0))
    text = plain(state, Meter())
    assert text.endswith("~$0.50") and "cached" not in text
    state.turns.pop(1)
    assert "$" not in plain(state, Meter())


def test_sums_are_made_when_a_turn_begins_or_ends_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from spark_tui.session import figures

    made = 0
    spent_by = figures.spent_by

    def counted(turns: Iterable[TurnState]) -> figures.Spent:
        nonlocal made
        made += 1
        return spent_by(turns)

    monkeypatch.setattr(figures, "spent_by", counted)
    state, seen = ready_state(), Seen()
    state.apply(asked())
    for _ in range(50):
        state.apply(ev.Said(1, "word "))
        fields(state, Meter(), 0.0, seen)
    state.apply(ev.TurnEnded(1, Outcome.COMPLETE, TokenUse(9, 9, 9), 1.0))
    for _ in range(50):
        fields(state, Meter(), 0.0, seen)
    assert made == 2


# -- waiting ---------------------------------------------------------------------------
WAIT = LinkNews("waiting", "api.example.org asks to wait", until=107.0)
QUIET = LinkNews("quiet", "no sign of api.example.org", since=88.0)


def streaming() -> SessionState:
    state = ready_state()
    state.apply(asked())
    return state


@pytest.mark.parametrize(
    ("news", "now", "words"),
    [
        (WAIT, 100.0, "waits 7 s: api.example.org asks to wait · Esc ends it"),
        (WAIT, 105.5, "waits 2 s: api.example.org asks to wait · Esc ends it"),
        (WAIT, 107.5, "asks again: api.example.org asks to wait · Esc ends it"),
        (QUIET, 100.0, "no sign of api.example.org for 12 s"),
        (QUIET, 103.0, "no sign of api.example.org for 15 s"),
    ],
)
def test_why_nothing_comes_stands_before_everything(news: LinkNews, now: float, words: str) -> None:
    state = streaming()
    state.apply(news)
    items = fields(state, Meter(), now)
    assert assemble(items, 200).plain.startswith(f"{words} · main")
    assert assemble(items, len(words)).plain == words, "it is the last that is left out"


def test_what_is_too_long_for_the_line_is_cut() -> None:
    state = streaming()
    state.apply(LinkNews("waiting", "api.\u202e\x1b[2J" + "x" * 90, until=1.0))
    text = assemble(fields(state, Meter(), 0.0), 40).plain
    assert cell_len(text) == 40 and text.endswith("…")
    assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize(
    ("requests", "left", "words"),
    [(100, 21, ""), (100, 19, "19 requests left"), (100, 0, "0 requests left"), (0, 0, "0 req")],
)
def test_a_pool_is_shown_when_little_is_left(requests: int, left: int, words: str) -> None:
    state, seen = ready_state(), Seen()
    for count in (requests, left):
        state.apply(LinkNews("pool", requests_left=count, tokens_left=90_000))
        text = assemble(fields(state, Meter(), 0.0, seen), 200).plain
    assert words in text if words else "left" not in text
    assert "tokens left" not in text


def test_after_a_wait_the_pool_is_shown_until_the_next_turn() -> None:
    state, seen = streaming(), Seen()
    state.apply(LinkNews("pool", requests_left=90, tokens_left=9000))
    for news, words in ((None, ""), (WAIT, "left"), (LinkNews("lively"), "90 requests, 9.0k t")):
        if news:
            state.apply(news)
        assert words in assemble(fields(state, Meter(), 100.0, seen), 200).plain
    state.apply(ev.TurnEnded(1, Outcome.COMPLETE, TokenUse(), 1.0))
    assert "left" in assemble(fields(state, Meter(), 100.0, seen), 200).plain
    state.apply(asked(2))
    assert "left" not in assemble(fields(state, Meter(), 100.0, seen), 200).plain


def test_a_pool_that_is_full_again_is_no_news() -> None:
    state, seen = ready_state(), Seen()
    state.apply(LinkNews("pool", until=60.0, requests_left=0))
    assert "0 requests left" in assemble(fields(state, Meter(), 59.0, seen), 200).plain
    assert "left" not in assemble(fields(state, Meter(), 60.0, seen), 200).plain


def test_a_silent_turn_says_for_how_long() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    meter.go_on(10)
    state = streaming()
    clock.now += 3
    assert "streaming" in plain(state, meter)
    clock.now += 9
    assert "thinking 12 s" in plain(state, meter)
    state.apply(QUIET)
    assert "thinking" not in plain(state, meter), "the link's own news says more"
    state.apply(LinkNews("lively"))
    meter.heard("x")
    assert "streaming" in plain(state, meter)


# -- time ------------------------------------------------------------------------------
class Watched(Status):
    """Its timer goes off when the test says so; its repaints are counted."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock)
        self.due: list[Callable[[], None]] = []
        self.painted = 0

    def set_timer(self, delay: float, callback: Any = None, **more: Any) -> Any:
        assert delay == 1.0
        self.due.append(callback)
        return object()

    def refresh(self, *regions: Any, **more: Any) -> Any:
        self.painted += 1
        return self

    def second(self, clock: Clock) -> None:
        clock.now += 1
        (due,), self.due = self.due, []
        due()


def test_no_timer_runs_while_nothing_happens() -> None:
    line = Watched(Clock())
    state = ready_state()
    for _ in range(5):
        line.show(state, Meter())
    state.apply(asked())
    state.apply(ev.TurnEnded(1, Outcome.COMPLETE, TokenUse(), 1.0))
    state.apply(LinkNews("pool", requests_left=0))
    line.show(state, Meter())
    assert not line.due and not line.is_ticking
    assert line.painted == 2


def test_a_countdown_is_painted_once_a_second_and_ends() -> None:
    clock = Clock()
    line, state = Watched(clock), streaming()
    state.apply(WAIT)
    for _ in range(5):
        line.show(state, Meter())
    assert line.is_ticking and len(line.due) == 1 and line.painted == 1
    for left in (6, 5, 4):
        line.second(clock)
        assert f"waits {left} s" in line._items[0].text
    assert line.painted == 4
    state.apply(LinkNews("lively"))
    state.apply(ev.TurnEnded(1, Outcome.COMPLETE, TokenUse(), 1.0))
    line.show(state, Meter())
    assert line.painted == 5
    line.second(clock)
    assert not line.due and not line.is_ticking and line.painted == 5


def test_a_streaming_turn_looks_at_the_clock_once_a_second_and_paints_nothing() -> None:
    clock = Clock()
    line, state = Watched(clock), streaming()
    line.show(state, Meter())
    for _ in range(5):
        line.second(clock)
    assert line.painted == 1 and len(line.due) == 1


def test_the_last_chip_that_can_be_left_out_is_dropped_first() -> None:
    chips = Chips()
    named = (Chip("a.py", 10, "found"), Chip("b.py", 10, "found"))
    chips.show(Plan("fix", (*named, Chip("AGENTS.md", 90, "instructions"))))
    assert chips.droppable() == "b.py"
    chips.show(Plan("fix", (Chip("AGENTS.md", 90, "instructions"),)))
    assert chips.droppable() == ""
