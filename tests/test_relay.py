"""The benchmark's imitated network: bytes leave when TCP would have let them."""

from __future__ import annotations

import pytest

from benchmarks.relay import INITIAL, Network, Window

DELAY_S = 0.02
ROUND_S = 2 * DELAY_S


def left(window: Window, now: float, size: int) -> list[tuple[float, int]]:
    """When how much leaves, what leaves at once taken together."""
    together: dict[float, int] = {}
    for at, count in window.departures(now, size):
        together[round(at, 6)] = together.get(round(at, 6), 0) + count
    return list(together.items())


@pytest.fixture
def slow() -> Window:
    return Window(Network(DELAY_S, slow_start=True), hold_until=0.0)


def test_without_slow_start_all_leaves_at_once() -> None:
    window = Window(Network(DELAY_S, slow_start=False), hold_until=0.0)
    assert left(window, 5.0, 90_000) == [(5.0, 90_000)]


def test_the_first_bytes_wait_for_the_handshake() -> None:
    window = Window(Network(DELAY_S, slow_start=False), hold_until=5.0 + ROUND_S)
    assert left(window, 5.0, 100) == [(5.04, 100)]
    assert left(window, 6.0, 100) == [(6.0, 100)]


def test_ten_segments_then_twice_as_many_each_round(slow: Window) -> None:
    sizes = left(slow, 5.0, 90_000)
    assert [at for at, _ in sizes] == [5.0, 5.04, 5.08]
    assert [count for _, count in sizes] == [INITIAL, 2 * INITIAL, 90_000 - 3 * INITIAL]


def test_what_is_written_later_waits_behind_what_waits(slow: Window) -> None:
    left(slow, 5.0, 90_000)
    assert left(slow, 5.01, 10) == [(5.08, 10)]


def test_a_window_that_has_grown_lets_the_next_one_through(slow: Window) -> None:
    left(slow, 5.0, 90_000)
    assert left(slow, 5.5, 90_000) == [(5.5, 90_000)]


def test_an_idle_second_begins_anew(slow: Window) -> None:
    left(slow, 5.0, 90_000)
    assert left(slow, 5.08 + 1.01, 90_000)[0] == (6.09, INITIAL)
    assert len(left(slow, 6.3, 1)) == 1
