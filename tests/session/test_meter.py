"""The meter with a clock of its own: each moment of a turn, counted from its prompt."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from spark_tui.session.meter import Meter


@dataclass
class Clock:
    """Says what it is told, and how often it was asked."""

    now: float = 50.0
    looks: int = 0

    def __call__(self) -> float:
        self.looks += 1
        return self.now

    def wait(self, ms: float) -> None:
        self.now += ms / 1000


def test_the_moments_of_a_turn() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    clock.wait(3)
    meter.go_on(1000)
    clock.wait(41)
    meter.connected(40.0, reused=False)
    clock.wait(38)
    meter.accepted()
    clock.wait(128)
    assert meter.heard("four" * 20)
    clock.wait(90)
    meter.placed()
    clock.wait(10)
    assert not meter.heard("four" * 20)
    meter.placed()
    clock.wait(50)
    figures = meter.figures(cost=0.1, service_tier="fast", wire="responses", edit_format="v4a")
    assert (figures.connect_ms, figures.reused) == (40.0, False)
    assert figures.sent_ms == 44.0
    assert figures.round_trip_ms == 38.0
    assert figures.ttft_ms == 210.0
    assert figures.first_hunk_ms == 300.0
    assert figures.total_ms == 360.0
    assert figures.tokens_per_s == 400.0  # 40 tokens in 100 ms
    assert figures.rounds == 1
    assert (figures.cost, figures.service_tier) == (0.1, "fast")
    assert (figures.wire, figures.edit_format) == ("responses", "v4a")


def test_what_never_came_has_no_moment() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    meter.go_on(10)
    clock.wait(7000)
    figures = meter.figures()
    assert (figures.sent_ms, figures.round_trip_ms, figures.ttft_ms) == (None, None, None)
    assert figures.first_hunk_ms is None
    assert (figures.tokens_per_s, figures.rounds, figures.total_ms) == (0.0, 1, 7000.0)


def test_a_turn_inherits_nothing_from_the_last_one() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    meter.go_on(10)
    meter.connected(40.0, reused=True)
    meter.accepted()
    meter.heard("x" * 400)
    meter.placed()
    clock.wait(1000)
    meter.heard("x" * 400)
    meter.end()
    meter.begin()
    figures = meter.figures()
    assert figures == type(figures)()


def test_only_the_first_request_counts_for_the_way_there() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    meter.go_on(10)
    meter.connected(0.0, reused=True)
    clock.wait(20)
    meter.accepted()
    clock.wait(1000)
    meter.go_on(20)
    clock.wait(500)
    meter.connected(300.0, reused=False)
    clock.wait(500)
    meter.accepted()
    figures = meter.figures()
    assert (figures.connect_ms, figures.sent_ms, figures.round_trip_ms) == (0.0, 0.0, 20.0)
    assert figures.rounds == 2


def test_a_request_that_went_out_again_has_the_longer_way() -> None:
    """The connection broke before the first token: what the person waited for is the second."""
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    meter.go_on(10)
    meter.connected(0.0, reused=True)
    clock.wait(20)
    meter.accepted()
    clock.wait(80)
    meter.accepted()
    assert meter.round_trip_ms is not None and round(meter.round_trip_ms) == 100
    meter.heard("x")
    clock.wait(80)
    meter.accepted()
    assert round(meter.round_trip_ms) == 100


def test_silence_is_counted_from_the_last_sign() -> None:
    clock = Clock()
    meter = Meter(clock)
    assert meter.silent_s == 0.0
    meter.begin()
    clock.wait(2000)
    assert round(meter.silent_s, 6) == 2.0
    meter.go_on(10)
    clock.wait(4000)
    assert round(meter.silent_s, 6) == 4.0
    meter.heard("x")
    assert meter.silent_s == 0.0
    clock.wait(1000)
    meter.go_on(10)
    assert meter.silent_s == 0.0, "a new request, a new wait"


def test_speed_is_of_the_last_answer() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    meter.go_on(0)
    meter.heard("x" * 400)
    clock.wait(1000)
    meter.heard("x" * 400)
    assert round(meter.rate) == 200
    meter.go_on(0)
    assert meter.rate == 0.0
    meter.heard("x" * 4000)
    assert meter.rate == 0.0, "too short to tell"


@given(st.lists(st.text(max_size=9), max_size=50))
def test_a_delta_costs_one_look_at_the_clock(deltas: list[str]) -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    meter.go_on(0)
    before = clock.looks
    for delta in deltas:
        meter.heard(delta)
    assert clock.looks - before == len(deltas)
    assert meter.chars == sum(map(len, deltas))


steps = st.lists(
    st.tuples(st.sampled_from(["go_on", "connected", "accepted", "heard", "placed"]),
              st.floats(0, 1000)),
    max_size=20,
)  # fmt: skip


@given(steps)
def test_moments_are_in_order_whatever_happens(happened: list[tuple[str, float]]) -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    for what, ms in happened:
        clock.wait(ms)
        match what:
            case "go_on":
                meter.go_on(5)
            case "connected":
                meter.connected(0.0, reused=True)
            case "accepted":
                meter.accepted()
            case "heard":
                meter.heard("x")
            case _:
                meter.placed()
    figures = meter.figures()
    for moment in (figures.sent_ms, figures.ttft_ms, figures.first_hunk_ms):
        assert moment is None or 0 <= moment <= figures.total_ms
    if figures.round_trip_ms is not None:
        assert figures.sent_ms is not None
        assert figures.sent_ms + figures.round_trip_ms <= figures.total_ms + 0.01
        if figures.ttft_ms is not None and figures.ttft_ms >= figures.sent_ms:
            assert figures.sent_ms + figures.round_trip_ms <= figures.ttft_ms + 0.01
