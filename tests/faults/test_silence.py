"""A service that vanishes or stalls in the middle of its answer, and a person who has enough."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from spark_tui.model.provider import Lively, Quiet
from spark_tui.model.websocket import Timing
from spark_tui.session import events as ev
from spark_tui.session.events import Outcome
from spark_tui.session.state import Status
from tests.faults.reply import PROSE, patch, responses
from tests.faults.rig import WIRES, Rig, case, play, rig
from tests.support.bench import Bench
from tests.support.weather import Weather
from tests.support.wire_server import Mute, Step, Wait

QUICK = Timing(ping_s=0.02, quiet_s=0.1, dead_s=5.0)
SIZE = len(responses(PROSE, patch(0, 1, 2)))
STALLS = {"nothing": 0, "accepted": 1, "in the prose": 6, "in the patch": 30}


def silent(k: int, how: Step, good: list[Step]) -> list[Step]:
    return [*good[:k], how, *good[k:]]


def test_a_peer_that_vanishes_behind_an_event(bench: Bench) -> None:
    """Another socket answers, so the old one is dead: it is said, then dropped."""

    async def main() -> None:
        for k in (0, 2, 4, 5, 12, 24, 36, SIZE - 1):
            with case(k):
                async with rig(bench, "responses-ws", timing=QUICK) as made:
                    made.service.faults.append(partial(silent, k, Mute()))
                    outcome = await made.ask()
                    assert outcome is (Outcome.COMPLETE if k <= 4 else Outcome.FAILED)
                    kinds = [type(n) for n in made.news if isinstance(n, Quiet | Lively)]
                    assert kinds == [Quiet, Lively]
                    await made.go_on(accept_first=bool(k % 2))

    play(main())


def test_a_peer_that_vanishes_behind_a_byte(bench: Bench) -> None:
    async def main() -> None:
        for at in (40, 700, 1500, 3001, 5003, 6997):
            with case(at):
                async with rig(bench, "responses-ws", timing=QUICK) as made:
                    await made.provider.connect()
                    made.relay.set(Weather(mute=at))
                    await made.ask()
                    assert made.relay.struck == 1
                    await made.go_on(accept_first=bool(at % 2))

    play(main())


async def stopped(made: Rig, stage: str) -> Outcome:
    """Stop as soon as the answer stands still there."""
    reached = asyncio.Event()

    def hear(event: ev.Event) -> None:
        said = sum(len(e.text) for e in made.events if isinstance(e, ev.Said))
        grown = any(isinstance(e, ev.HunkPlaced) for e in made.events)
        if (stage == "in the prose" and said) or (stage == "in the patch" and grown):
            reached.set()

    made.session.listen(hear)
    turn = asyncio.create_task(made.session.run("Swap the operands in calc.py and README.md."))
    await made.service.was_asked.wait()
    if stage.startswith("in the"):
        await reached.wait()
    made.session.stop()
    outcome = await turn
    made.check(outcome)
    return outcome


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("stage", STALLS)
def test_a_stall_that_a_person_ends(bench: Bench, wire: str, stage: str) -> None:
    """Pongs come, so nobody else ends it."""

    async def main() -> None:
        async with rig(bench, wire) as made:
            made.service.faults.append(partial(silent, STALLS[stage], Wait()))
            assert await stopped(made, stage) is Outcome.INTERRUPTED
            assert not made.of(Status.ACCEPTED)
            assert len(made.service.asked) == 1
            await made.go_on(accept_first=True)

    play(main())


@pytest.mark.parametrize("wire", WIRES[1:])
@pytest.mark.parametrize("stage", STALLS)
def test_a_vanished_peer_over_http_is_left_by_a_stop(bench: Bench, wire: str, stage: str) -> None:
    """HTTP has no pongs; the kernel finds out in a minute, a person may be faster."""

    async def main() -> None:
        async with rig(bench, wire) as made:
            made.service.faults.append(partial(silent, STALLS[stage], Mute()))
            assert await stopped(made, stage) is Outcome.INTERRUPTED
            await made.go_on(accept_first=False)

    play(main())


def test_a_stall_that_ends_by_itself_is_no_fault(bench: Bench) -> None:
    async def main() -> None:
        async with rig(bench, "responses-ws", timing=QUICK) as made:
            made.service.faults.append(partial(silent, 30, Wait()))
            asyncio.get_running_loop().call_later(4 * QUICK.quiet_s, made.service.go.set)
            assert await made.ask() is Outcome.COMPLETE
            assert len(made.service.asked) == 2
            assert not [news for news in made.news if isinstance(news, Quiet)]

    play(main())
