"""Which of several wires is taken, what is said of it, and what is remembered; no network."""

from __future__ import annotations

import asyncio

import pytest

from spark_tui.errors import ConnectFault, KeyRefused, RateLimited, SparkFault, StreamFault
from spark_tui.model.fallback import Fallback
from spark_tui.model.faults import WireRefused
from spark_tui.model.memory import FRESH_S, Known, Learned
from spark_tui.model.provider import Connected, CustomTool, Delta, Request, UserText, WireChanged
from tests.support.deltas import fault_of, texts
from tests.support.wire_server import play
from tests.support.wires import Told, ToldWire, refused, wires

NOW = 1_800_000_000.0
PATCH = CustomTool("apply_patch", "", "start:")


class Link:
    """Three wires, a clock for each kind of time, a memory."""

    def __init__(
        self,
        socket: ToldWire | None = None,
        sse: ToldWire | None = None,
        chat: ToldWire | None = None,
        *,
        known: Known | None = None,
        learned: Learned | None = None,
    ) -> None:
        self.socket = socket or ToldWire("responses-ws", ["socket"], [True])
        self.sse = sse or ToldWire("responses", ["sse"])
        self.chat = chat or ToldWire("chat", ["chat"])
        self.memory = Told(known)
        self.learned = learned or Learned()
        self.now = 0.0
        self.provider = Fallback(
            wires(self.socket, self.sse, self.chat),
            origin="https://h:443/v1",
            memory=self.memory,
            learned=self.learned,
            now=lambda: self.now,
            wall=lambda: NOW + self.now,
        )

    async def ask(self, *tools: CustomTool) -> list[Delta]:
        request = Request("m", "", (UserText("hi"),), tools)
        deltas = [delta async for delta in self.provider.stream(request)]
        await self.settled()
        return deltas

    async def settled(self) -> None:
        """What runs beside the turns has had its turn."""
        if (looking := self.provider._looking) is not None:
            await asyncio.wait([looking])

    async def said(self, *tools: CustomTool) -> tuple[str, str]:
        """The text of a turn, and why its wire is not the best."""
        deltas = await self.ask(*tools)
        (connected,) = (delta for delta in deltas if isinstance(delta, Connected))
        return texts(deltas), connected.why


def no_socket(status: int = 404, *later: bool | WireRefused | None) -> ToldWire:
    refusal = refused(status)
    return ToldWire("responses-ws", [refusal, "socket"], later or [refusal])


def test_the_best_wire_needs_no_reason_and_no_memory() -> None:
    async def main() -> None:
        link = Link()
        assert await link.said(PATCH) == ("socket", "")
        assert link.memory.notes == []

    play(main())


@pytest.mark.parametrize(
    ("fault", "status", "why"),
    [
        (None, 404, "no WebSocket (404)"),
        (None, 426, "no WebSocket (426)"),
        (ConnectFault("no answer for 5 s"), 0, "no WebSocket"),
        (StreamFault("h broke off the answer"), 0, "the WebSocket broke off"),
    ],
)
def test_why_a_lesser_wire_is_used(fault: SparkFault | None, status: int, why: str) -> None:
    async def main() -> None:
        refusal = refused(status, fault)
        link = Link(ToldWire("responses-ws", [refusal], [refusal]))
        assert link.provider.wire_why() == ""
        assert await link.said(PATCH) == ("sse", why)
        assert link.provider.wire_why() == why
        assert await link.said(PATCH) == ("sse", why)
        assert link.socket.asked == 1
        assert link.sse.probed == 0

    play(main())


def test_both_reasons_for_the_last_wire() -> None:
    async def main() -> None:
        link = Link(no_socket(), ToldWire("responses", [refused(405)]))
        assert await link.said() == ("chat", "no WebSocket (404), no Responses (405)")
        (known,) = link.memory.notes
        assert (known.wire, known.why) == ("chat", "no WebSocket (404), no Responses (405)")
        looked = []
        for link.now in (59.0, 61.0, 62.0):
            await link.ask()
            looked.append((link.socket.probed, link.sse.probed))
        assert looked == [(0, 0), (1, 1), (1, 1)]

    play(main())


@pytest.mark.parametrize("fault", [KeyRefused("no"), RateLimited("wait"), StreamFault("broke")])
def test_a_plain_fault_leads_nowhere(fault: SparkFault) -> None:
    async def main() -> None:
        link = Link(ToldWire("responses-ws", [fault]))
        assert fault_of(await link.ask(PATCH)) is fault
        assert link.sse.asked == link.chat.asked == 0
        assert link.provider.wire_hint() == "responses-ws"

    play(main())


def test_the_pauses_grow_and_a_success_goes_back() -> None:
    async def main() -> None:
        refusal = refused(404)
        link = Link(no_socket(404, refusal, refusal, refusal, refusal, True))
        assert await link.said() == ("sse", "no WebSocket (404)")
        probes: list[int] = []
        for at in range(0, 6000, 10):
            link.now = float(at)
            await link.ask()
            if link.socket.probed > len(probes):
                probes.append(at)
        # refused at 0; a minute, five minutes, half an hour, half an hour later
        assert probes == [60, 360, 2160, 3960, 5760]
        assert await link.said() == ("socket", "")

    play(main())


def test_a_socket_that_opens_but_always_breaks_is_tried_less_and_less() -> None:
    async def main() -> None:
        broke = refused(0, StreamFault("broke"))
        link = Link(ToldWire("responses-ws", [broke], [True]))
        tried = []
        for at in range(0, 4400, 10):
            link.now = float(at)
            before = link.socket.asked
            assert texts(await link.ask()) == "sse"
            if link.socket.asked > before:
                tried.append(at)
        # It is found open behind the turn at 60, 370, 2180, 3990 and used by the next one.
        assert tried == [0, 70, 380, 2190, 4000]
        assert link.memory.notes == []

    play(main())


def test_looking_again_never_delays_a_request() -> None:
    async def main() -> None:
        link = Link(no_socket(404, True))
        await link.ask()
        link.socket.hold = asyncio.Event()
        link.now = 61.0
        connecting = asyncio.create_task(link.provider.connect())
        await asyncio.sleep(0)
        assert link.socket.probed == 1
        deltas = [d async for d in link.provider.stream(Request("m", "", (UserText("a"),)))]
        assert texts(deltas) == "sse"
        link.socket.hold.set()
        await connecting
        assert await link.said() == ("socket", "")
        await link.provider.close()

    play(main())


def test_what_looks_again_ends_with_the_provider() -> None:
    async def main() -> None:
        link = Link(no_socket())
        await link.ask()
        link.socket.hold = asyncio.Event()
        link.now = 61.0
        deltas = [d async for d in link.provider.stream(Request("m", "", (UserText("a"),)))]
        assert texts(deltas) == "sse"
        looking = link.provider._looking
        assert looking is not None
        await link.provider.close()
        assert looking.cancelled()
        await link.ask()
        assert link.provider._looking is looking

    play(main())


@pytest.mark.parametrize("answers_false", [False, True])
def test_connecting_ahead_finds_the_wire(answers_false: bool) -> None:
    async def main() -> None:
        refusal = refused(404)
        found = False if answers_false else refusal
        link = Link(ToldWire("responses-ws", [refusal], [found]))
        await link.provider.connect()
        assert link.provider.wire_hint() == "responses"
        assert (link.socket.asked, link.sse.connected) == (0, 1)
        why = "no WebSocket" if answers_false else "no WebSocket (404)"
        assert await link.said(PATCH) == ("sse", why)

    play(main())


def test_a_request_with_a_custom_tool_is_given_back_when_only_chat_is_left() -> None:
    async def main() -> None:
        link = Link(no_socket(), ToldWire("responses", [refused()]))
        assert isinstance(fault_of(await link.ask(PATCH)), WireChanged)
        assert (link.chat.asked, link.provider.wire_hint()) == (0, "chat")
        assert (await link.said())[0] == "chat"

    play(main())


def test_a_service_that_speaks_nothing() -> None:
    async def main() -> None:
        link = Link(no_socket(), ToldWire("responses", [refused()]), ToldWire("chat", [refused()]))
        assert isinstance(fault_of(await link.ask()), ConnectFault)
        assert await link.said() == ("socket", "")
        assert link.memory.notes == []

    play(main())


# -- remembered ---------------------------------------------------------------------------

CHAT = Known("chat", "no WebSocket (404), no Responses (404)", at=NOW - 60)


def test_a_lesser_wire_that_is_remembered_is_taken_at_once() -> None:
    async def main() -> None:
        link = Link(known=CHAT)
        assert link.provider.wire_hint() == "chat"
        await link.provider.connect()
        assert await link.said() == ("chat", f"remembered: {CHAT.why}")
        assert (link.socket.probed, link.socket.asked, link.sse.probed) == (0, 0, 0)
        assert link.memory.notes == []
        link.now = 1801.0
        await link.ask()
        assert link.socket.probed == 1
        assert await link.said() == ("socket", "")
        assert [(known.wire, known.why) for known in link.memory.notes] == [("responses-ws", "")]

    play(main())


@pytest.mark.parametrize("age_s", [FRESH_S, -5.0], ids=["a day old", "from tomorrow"])
def test_an_old_memory_is_used_and_looked_at_behind_the_first_turn(age_s: float) -> None:
    async def main() -> None:
        known = Known(
            "responses", "no WebSocket (404)", {"m": frozenset({"tools"})}, at=NOW - age_s
        )
        refusal = refused(404)
        link = Link(ToldWire("responses-ws", [refusal], [refusal]), known=known)
        assert link.learned.without_for("m") == frozenset()
        assert await link.said() == ("sse", "remembered: no WebSocket (404)")
        assert link.socket.probed == 1
        assert link.memory.known == Known("responses", "no WebSocket (404)", at=NOW)

    play(main())


def test_what_may_pass_is_not_remembered() -> None:
    async def main() -> None:
        link = Link(no_socket(503))
        assert await link.said() == ("sse", "no WebSocket (503)")
        assert link.memory.notes == []

    play(main())


def test_fields_that_were_refused_are_remembered_for_their_model() -> None:
    async def main() -> None:
        link = Link()
        await link.ask()
        link.learned.leave_out("m", "temperature")
        await link.ask()
        await link.ask()
        (known,) = link.memory.notes
        assert known.wire == "responses-ws"
        assert known.without == {"m": frozenset({"temperature"})}
        again = Link(known=known)
        assert again.learned.without_for("m") == {"temperature"}
        assert again.learned.without_for("other") == frozenset()
        await again.ask()
        assert again.memory.notes == []

    play(main())


def test_only_fields_that_a_request_can_do_without_are_believed() -> None:
    known = Known("chat", without={"m": frozenset({"messages", "temperature"})}, at=NOW)
    assert Link(known=known).learned.without_for("m") == {"temperature"}


def test_a_remembered_wire_that_is_gone_leads_back_to_the_others() -> None:
    async def main() -> None:
        link = Link(chat=ToldWire("chat", [refused()]), known=CHAT)
        assert texts(await link.ask()) == "socket"
        assert link.provider.wire_hint() == "responses-ws"

    play(main())


def test_a_service_that_drops_custom_tools_is_asked_on_chat_from_then_on() -> None:
    async def main() -> None:
        link = Link(no_socket(), ToldWire("responses", ["sse"], [True]))
        assert (await link.said(PATCH))[0] == "sse"
        link.learned.drops_tools = True
        await link.ask(PATCH)
        assert link.provider.wire_hint() == "chat"
        assert await link.said() == ("chat", "no WebSocket (404), no custom tools")
        assert link.memory.known is not None
        assert link.memory.known.drops_tools
        link.now = 61.0
        await link.ask()
        assert link.provider.wire_hint() == "chat"
        assert link.sse.probed == 0
        again = Link(known=link.memory.known)
        assert again.provider.wire_hint() == "chat"

    play(main())


def test_the_table_of_refused_fields_is_bounded() -> None:
    learned = Learned()
    for number in range(100):
        learned.leave_out(f"m{number}", "temperature")
    learned.leave_out("x" * 999, "temperature")
    assert list(learned.without) == [f"m{number}" for number in range(68, 100)]
