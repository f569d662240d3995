"""The connection breaks after each event of the answer, on each wire."""

from __future__ import annotations

from functools import partial

import pytest

from spark_tui.model.provider import Waiting
from spark_tui.session.events import Decision, Outcome
from spark_tui.session.state import Status
from tests.faults.reply import HUNKS, PROSE, chat, patch, responses
from tests.faults.rig import KEY, WIRES, case, journals, play, rig
from tests.faults.service import Service
from tests.support.bench import Bench
from tests.support.wire_server import Bye, Close, Drop, Step

EVENTS = {wire: len(responses(PROSE, patch(0, 1, 2))) for wire in WIRES[:2]}
EVENTS["chat"] = len(chat(PROSE, patch(0, 1, 2)))
SILENT = {"responses-ws": 4, "responses": 4, "chat": 1}
"""Events that show nothing yet."""


def until(k: int, good: list[Step]) -> list[Step]:
    return [*good[:k], Drop()]


@pytest.mark.parametrize("wire", WIRES)
def test_without_a_fault(bench: Bench, wire: str) -> None:
    async def main() -> None:
        async with rig(bench, wire) as made:
            assert await made.ask() is Outcome.COMPLETE
            assert len(made.service.asked) == (1 if wire == "chat" else 2)
            assert len(made.hunks) == len(HUNKS)
            assert made.session.unfinished is None
        assert KEY not in journals(bench)

    play(main())


@pytest.mark.parametrize("wire", WIRES)
def test_a_drop_after_each_event(bench: Bench, wire: str) -> None:
    """Before anything was shown it costs nothing; after it, nothing is written and what is left is
    asked for."""

    async def main() -> None:
        for k in range(EVENTS[wire]):
            with case(k):
                async with rig(bench, wire) as made:
                    made.service.faults.append(partial(until, k))
                    outcome = await made.ask()
                    if k <= SILENT[wire]:
                        assert outcome is Outcome.COMPLETE
                    else:
                        assert outcome is Outcome.FAILED
                        assert len(made.service.asked) == 1
                        assert not made.of(Status.ACCEPTED)
                    await made.go_on(accept_first=bool(k % 2))

    play(main())


@pytest.mark.parametrize("wire", WIRES)
def test_finished_hunks_are_kept_and_can_be_taken(bench: Bench, wire: str) -> None:
    """Those and only those; what grew when it broke has no place."""

    async def main() -> None:
        kept = 0
        for k in range(SILENT[wire] + 1, EVENTS[wire], 3):
            with case(k):
                async with rig(bench, wire, accept="ask") as made:
                    made.service.faults.append(partial(until, k))
                    assert await made.ask() is Outcome.FAILED
                    placed = made.of(Status.PLACED)
                    assert kept <= len(placed), "what was finished stays finished"
                    kept = len(placed)
                    assert len(made.of(Status.UNPLACED)) <= 1
                    taken = await made.session.decide(placed, Decision.ACCEPTED)
                    assert taken.written == tuple(placed)
                    bodies = [h.lines for h in made.hunks if h.status is Status.ACCEPTED]
                    held = [text for lines in bodies for sign, text in lines if sign == "+"]
                    whole = "".join(made.tree.values())
                    for line in ("    return b + a", "    return -b + a", "# Sums"):
                        assert (line in whole) is (line in held)
        assert kept == len(HUNKS)

    play(main())


@pytest.mark.parametrize("wire", WIRES[:2])
def test_a_drop_in_the_answer_to_an_output(bench: Bench, wire: str) -> None:
    """The edits are written by then, once."""

    async def main() -> None:
        for k in range(len(responses("Done.", ""))):
            with case(k):
                async with rig(bench, wire) as made:
                    made.service.faults.extend([lambda good: good, partial(until, k)])
                    outcome = await made.ask()
                    assert outcome is (Outcome.COMPLETE if k <= SILENT[wire] else Outcome.FAILED)
                    assert len(made.of(Status.ACCEPTED)) == len(HUNKS)
                    await made.go_on(accept_first=True)
                    assert len(made.session.state.writes) == 1

    play(main())


@pytest.mark.parametrize(("wire", "most"), [("responses-ws", 2), ("responses", 6), ("chat", 6)])
def test_a_service_that_always_drops(bench: Bench, wire: str, most: int) -> None:
    async def main() -> None:
        for k in range(SILENT[wire] + 1):
            with case(k):
                async with rig(bench, wire) as made:
                    made.service.faults.extend([partial(until, k)] * 20)
                    assert await made.ask() is Outcome.FAILED
                    assert 2 <= len(made.service.asked) <= most
                    waits = [news for news in made.news if isinstance(news, Waiting)]
                    assert len(waits) <= 4
                    await made.go_on(accept_first=True)

    play(main())


def test_a_socket_that_always_drops_leaves_it_to_the_next_wire(bench: Bench) -> None:
    async def main() -> None:
        async with rig(bench, "auto", service=Service(every={"socket": [Drop()]})) as made:
            assert await made.ask() is Outcome.COMPLETE
            paths = [asked.path for asked in made.service.asked]
            assert paths == ["socket", "socket", "/v1/responses", "/v1/responses"]

    play(main())


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("end", [Close(), Bye(1000)], ids=["end", "farewell"])
def test_an_end_without_the_closing_event(bench: Bench, wire: str, end: Step) -> None:
    async def main() -> None:
        for k in range(SILENT[wire] + 1, EVENTS[wire], 16):
            with case(k):
                async with rig(bench, wire) as made:
                    made.service.faults.append(partial(_cut, k, end))
                    assert await made.ask() is Outcome.FAILED
                    assert len(made.service.asked) == 1
                    await made.go_on(accept_first=True)

    play(main())


def _cut(k: int, end: Step, good: list[Step]) -> list[Step]:
    """HTTP has a polite end of its own: the body just ends."""
    return [*good[:k], end]
