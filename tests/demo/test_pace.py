"""The pacer, on a clock of its own: tokens are counted, nothing is timed."""

from __future__ import annotations

import asyncio

import pytest

from demo.model import Service
from demo.pace import BURST, Pacer, seconds


class Clock:
    """A clock that moves only while somebody sleeps, and always oversleeps a little."""

    def __init__(self, late_s: float = 0.0) -> None:
        self.now = 100.0
        self.late_s = late_s
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, length_s: float) -> None:
        self.naps.append(length_s)
        self.now += length_s + self.late_s


def paced(rate: float, tokens: int, *, late_s: float = 0.0) -> tuple[Clock, list[int], float]:
    """The sizes of the batches, and the time from the first token to the last."""
    clock = Clock(late_s)
    pacer = Pacer(rate, 0.0, clock=clock, sleep=clock.sleep)
    batches: list[int] = []

    async def run() -> None:
        await pacer.first()
        while sum(batches) < tokens:
            batches.append(await pacer.take(tokens - sum(batches)))

    asyncio.run(run())
    return clock, batches, clock.now - 100.0


@pytest.mark.parametrize("rate", [20, 67, 1000, 5000])
@pytest.mark.parametrize("late_s", [0.0, 0.003])
def test_the_rate_is_exact_over_an_answer(rate: float, late_s: float) -> None:
    """Also when every wake-up comes late: the next one hands out what is due."""
    _, batches, length_s = paced(rate, 2000, late_s=late_s)
    assert batches[0] == 1, "the first token comes alone and at once"
    assert sum(batches) == 2000
    assert length_s == pytest.approx(1999 / rate, abs=0.012)


def test_fast_answers_share_wake_ups() -> None:
    clock, batches, _ = paced(1000, 2000)
    assert len(clock.naps) < 600
    assert max(batches) <= 6
    clock, _, _ = paced(5000, 10000)
    assert len(clock.naps) < 600


def test_slow_answers_come_token_by_token() -> None:
    _, batches, _ = paced(67, 200)
    assert set(batches) == {1}


def test_an_unlimited_rate_comes_in_bursts() -> None:
    _, batches, length_s = paced(0, 3 * BURST + 1)
    assert batches == [BURST, BURST, BURST, 1]
    assert length_s == 0


def test_the_first_token_waits_from_the_moment_of_the_request() -> None:
    clock = Clock()
    pacer = Pacer(1000, 0.15, clock=clock, sleep=clock.sleep)
    clock.now += 0.05
    asyncio.run(pacer.first())
    assert clock.now == pytest.approx(100.15)


def test_a_pause_is_not_made_up_for() -> None:
    clock = Clock()
    pacer = Pacer(1000, 0.0, clock=clock, sleep=clock.sleep)

    async def run() -> list[int]:
        await pacer.first()
        one = await pacer.take(1)
        await pacer.pause(3.0)
        return [one, await pacer.take(100)]

    assert asyncio.run(run())[1] < 10


def test_the_smart_model_is_slower_but_not_when_there_is_no_limit() -> None:
    service = Service(("demo-fast", "demo-smart"), (), rate=1000, ttft_s=0.15)
    assert service.speed("demo-fast", None) == (1000, 0.15)
    assert service.speed("demo-smart", None) == (67, 0.3)
    assert Service((), (), rate=0, ttft_s=0).speed("demo-smart", None) == (0, 0)


@pytest.mark.parametrize(
    ("text", "length_s"), [("150ms", 0.15), ("2s", 2.0), ("0.2", 0.2), ("1m", 60.0), ("0", 0.0)]
)
def test_durations(text: str, length_s: float) -> None:
    assert seconds(text) == pytest.approx(length_s)


@pytest.mark.parametrize("text", ["", "-1", "fast", "1h", "1 2"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)
