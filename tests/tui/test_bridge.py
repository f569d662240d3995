"""The bridge: one message a frame, no fact lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId, Outcome, TokenUse
from spark_tui.tui.bridge import STEADY_S, Bridge, join

H1, H2 = HunkId("t1h1"), HunkId("t1h2")
END = ev.TurnEnded(1, Outcome.COMPLETE, TokenUse(), 1.0)


def test_runs_of_prose_are_joined_in_order() -> None:
    told: list[Event] = [
        ev.Said(1, "a"),
        ev.Said(1, "b"),
        ev.ToolUsed(1, "read", "x", "1"),
        ev.Said(1, "c"),
    ]
    assert join(told) == (ev.Said(1, "ab"), told[2], ev.Said(1, "c"))


def test_a_superseded_unfinished_line_is_left_out() -> None:
    told: list[Event] = [
        ev.HunkTyping(H1, "+", "re"),
        ev.HunkTyping(H2, "+", "x"),
        ev.HunkTyping(H1, "+", "return"),
        ev.HunkGrew(H2, "+", "xy"),
    ]
    assert join(told) == (ev.HunkTyping(H1, "+", "return"), told[3])


def test_of_two_turns_nothing_is_joined() -> None:
    told = (ev.Said(1, "a"), ev.Said(2, "b"))
    assert join(told) == told


EVENTS = st.one_of(
    st.builds(ev.Said, st.just(1), st.text(max_size=3)),
    st.builds(ev.HunkTyping, st.sampled_from([H1, H2]), st.just("+"), st.text(max_size=3)),
    st.builds(ev.HunkGrew, st.sampled_from([H1, H2]), st.just("+"), st.text(max_size=3)),
    st.builds(ev.Noticed, st.just("info"), st.text(max_size=3)),
)


@given(st.lists(EVENTS, max_size=30))
def test_facts_survive_in_order(told: list[Event]) -> None:
    def facts(events: Sequence[Event]) -> list[Event]:
        return [e for e in events if not isinstance(e, ev.Said | ev.HunkTyping)]

    def prose(events: Sequence[Event]) -> str:
        return "".join(e.text for e in events if isinstance(e, ev.Said))

    joined = join(told)
    assert facts(joined) == facts(told)
    assert prose(joined) == prose(told)
    for hunk in (H1, H2):
        last = [e for e in told if isinstance(e, ev.HunkTyping | ev.HunkGrew) and e.hunk == hunk]
        if last and isinstance(last[-1], ev.HunkTyping):
            assert last[-1] in joined


def test_the_first_event_comes_at_once_and_the_next_a_frame_later() -> None:
    async def story() -> None:
        frames: list[tuple[Event, ...]] = []
        bridge = Bridge(frames.append)
        bridge(ev.Said(1, "a"))
        await asyncio.sleep(0)
        assert frames == [(ev.Said(1, "a"),)]
        for letter in "bcd":
            bridge(ev.Said(1, letter))
            await asyncio.sleep(0)
        assert len(frames) == 1, "these wait for the frame"
        bridge.flush()
        assert frames[1:] == [(ev.Said(1, "bcd"),)]

    asyncio.run(story())


def test_the_end_and_decisions_wait_for_nothing() -> None:
    async def story() -> None:
        frames: list[tuple[Event, ...]] = []
        bridge = Bridge(frames.append)
        for event in (ev.Said(1, "a"), ev.Said(1, "b"), END):
            bridge(event)
            await asyncio.sleep(0)
        assert frames == [(ev.Said(1, "a"),), (ev.Said(1, "b"), END)]

    asyncio.run(story())


def test_text_comes_by_itself() -> None:
    async def story() -> None:
        came = asyncio.Event()
        frames: list[tuple[Event, ...]] = []

        def post(events: tuple[Event, ...]) -> None:
            frames.append(events)
            if len(frames) == 2:
                came.set()

        bridge = Bridge(post)
        bridge(ev.Said(1, "a"))
        await asyncio.sleep(0)
        bridge(ev.Said(1, "b"))
        await asyncio.wait_for(came.wait(), STEADY_S * 100)

    asyncio.run(story())


def test_a_closed_bridge_is_silent() -> None:
    async def story() -> None:
        frames: list[tuple[Event, ...]] = []
        bridge = Bridge(frames.append)
        bridge(ev.Said(1, "a"))
        bridge.close()
        await asyncio.sleep(0)
        assert frames == []

    asyncio.run(story())
