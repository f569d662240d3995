"""The player that the tests of the engine rely on."""

from __future__ import annotations

import asyncio

from spark_tui.errors import StreamFault
from spark_tui.model.provider import (
    Accepted,
    AssistantText,
    CallDone,
    Completed,
    Connected,
    Delta,
    Failed,
    Provider,
    Request,
    TextDelta,
    ToolCall,
    Usage,
    UserText,
)
from spark_tui.model.scripted import Scripted, call, done, patch, say
from tests.support.wire_server import play

REQUEST = Request("m", "", (UserText("hi"),))


async def collect(provider: Provider, into: list[Delta]) -> None:
    async for delta in provider.stream(REQUEST):
        into.append(delta)


def test_it_plays_its_replies_in_order_and_fills_in_the_items() -> None:
    async def main() -> None:
        provider = Scripted(
            [
                [*say("hello", chunk=3), *patch("*** P", "c9"), *done(Usage(1, 0, 2))],
                lambda request: [*call("read", {"path": request.model}), *done()],
            ]
        )
        one: list[Delta] = []
        await collect(provider, one)
        assert one[:2] == [Connected("scripted", 0.0, True), Accepted("resp_1", "m")]
        assert one[2:4] == [TextDelta("hel"), TextDelta("lo")]
        patched = ToolCall("c9", "apply_patch", "*** P", custom=True)
        assert one[-1] == Completed("resp_1", Usage(1, 0, 2), (AssistantText("hello"), patched))
        two: list[Delta] = []
        await collect(provider, two)
        assert CallDone("call_1", "read", '{"path": "m"}', custom=False) in two
        three: list[Delta] = []
        await collect(provider, three)
        assert isinstance(three[-1], Failed)
        assert isinstance(three[-1].fault, StreamFault)
        assert provider.requests == [REQUEST] * 3

    play(main())


def test_the_gate_lets_pass_what_the_test_says() -> None:
    async def main() -> None:
        provider = Scripted([[*say("abcd", chunk=1), *done()]], gate=True)
        got: list[Delta] = []
        task = asyncio.create_task(collect(provider, got))
        await provider.paused()
        assert got[2:] == [TextDelta("a")]
        await provider.step()
        assert got[2:] == [TextDelta("a"), TextDelta("b")]
        provider.step()
        await provider.step(99)
        await task
        assert isinstance(got[-1], Completed)

    play(main())


def test_stop_ends_the_stream_and_nothing_more() -> None:
    async def main() -> None:
        provider = Scripted([say("abcd", chunk=1)], gate=True)
        got: list[Delta] = []
        task = asyncio.create_task(collect(provider, got))
        await provider.paused()
        provider.stop()
        await task
        assert got[2:] == [TextDelta("a")]

    play(main())
