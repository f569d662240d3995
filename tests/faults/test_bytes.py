"""The connection breaks in front of any byte, repeats some, or brings them one by one."""

from __future__ import annotations

import random

import pytest

from spark_tui.model.websocket import Timing
from spark_tui.session.events import Outcome
from tests.faults.rig import WIRES, case, play, rig
from tests.support.bench import Bench
from tests.support.weather import Weather

CUTS = 500
QUICK = Timing(ping_s=0.02)
"""A header that was harmed may want more bytes than come: pongs fill them up."""


async def total(bench: Bench, wire: str) -> int:
    """Bytes that a turn without faults brings."""
    async with rig(bench, wire) as made:
        assert await made.ask() is Outcome.COMPLETE
        return made.relay.carried


async def cut(bench: Bench, wire: str, at: int, *, accept_first: bool) -> None:
    async with rig(bench, wire) as made:
        made.relay.set(Weather(cut=at))
        await made.ask()
        assert made.relay.struck == 1
        assert len(made.service.asked) <= 3, "one more before anything is shown, and the output"
        await made.go_on(accept_first=accept_first)


def offsets(size: int) -> list[int]:
    """Random ones, the same in each run."""
    return random.Random(20).sample(range(size), CUTS)


@pytest.mark.parametrize(("wire", "part"), zip(WIRES, range(3), strict=True))
def test_a_cut_in_front_of_some_bytes(bench: Bench, wire: str, part: int) -> None:
    async def main() -> None:
        for at in offsets(await total(bench, wire))[part::20]:
            with case(at):
                await cut(bench, wire, at, accept_first=bool(at % 2))

    play(main())


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
def test_a_cut_in_front_of_500_bytes(bench: Bench, wire: str) -> None:
    async def main() -> None:
        for at in offsets(await total(bench, wire)):
            with case(at):
                await cut(bench, wire, at, accept_first=bool(at % 2))

    play(main())


def test_bytes_that_come_twice_break_the_frames(bench: Bench) -> None:
    """Nobody can read on behind them: it is said, and asked again where nothing was shown."""

    async def main() -> None:
        for at in offsets(await total(bench, "responses-ws"))[::16]:
            with case(at):
                async with rig(bench, "responses-ws", timing=QUICK) as made:
                    made.relay.set(Weather(repeat=at))
                    await made.ask(garbled=True)
                    assert made.relay.struck == 1
                    await made.ask_again()

    play(main())


@pytest.mark.parametrize("wire", WIRES)
def test_one_byte_at_a_time(bench: Bench, wire: str) -> None:
    async def main() -> None:
        async with rig(bench, wire) as made:
            made.relay.set(Weather(piece=1))
            assert await made.ask() is Outcome.COMPLETE
            assert len(made.service.asked) == (1 if wire == "chat" else 2)

    play(main())
