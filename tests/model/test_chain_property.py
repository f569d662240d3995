"""Whatever happens between the turns, the service has the whole conversation before it.

The service of this test keeps what a real one keeps: the newest response of each socket, and
nothing after an error. It puts together what it was sent with what it keeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from spark_tui.model.provider import (
    AssistantText,
    Completed,
    Endpoint,
    Item,
    Opaque,
    Request,
    TextDelta,
    UserText,
)
from spark_tui.model.responses import encode_item
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.wire_server import (
    Drop,
    Step,
    WireServer,
    completed,
    created,
    error,
    play,
    text_events,
)

ACTIONS = ("turn", "turn", "turn", "stop", "drop", "late drop", "error", "warm", "hotter", "forget")


class Keeper:
    """Answers create messages, by what this socket still has."""

    def __init__(self) -> None:
        self.server: WireServer | None = None
        self.whole: list[list[dict[str, Any]]] = []
        """The conversation of each answered request, put together."""
        self.next = "turn"
        self._count = 0
        self._newest: dict[int, tuple[str, list[dict[str, Any]]]] = {}

    def __call__(self, body: dict[str, Any]) -> Sequence[Step]:
        assert self.server is not None
        socket = self.server.asked[-1].connection
        parent = body.get("previous_response_id")
        known: list[dict[str, Any]] = []
        if parent is not None:
            found = self._newest.get(socket)
            if found is None or found[0] != parent:
                self._newest.pop(socket, None)
                return [error("previous_response_not_found")]
            known = found[1]
        items = known + body["input"]
        self._count += 1
        name = f"resp_{self._count}"
        if body.get("generate") is False:
            self._newest[socket] = (name, items)
            return [created(name), completed(name)]
        what, self.next = self.next, "turn"
        if what == "error":
            self._newest.pop(socket, None)
            return [error("invalid_prompt")]
        if what == "drop":
            return [created(name), Drop()]
        self.whole.append(items)
        secret = {"type": "reasoning", "id": f"rs_{name}", "encrypted_content": f"x{name}"}
        thought = {"type": "response.output_item.done", "output_index": 0, "item": secret}
        said = text_events("ok", item=f"m{name}", index=1)
        if what in ("stop", "late drop"):
            return [created(name), thought, *said[:2], *([Drop()] if what != "stop" else [])]
        answer = [encode_item(Opaque(secret)), encode_item(AssistantText("ok"))]
        self._newest[socket] = (name, items + answer)
        return [created(name), thought, *said, completed(name)]


async def no_time(_: float) -> None:
    """A wait that is over at once."""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), min_size=2, max_size=10), st.booleans())
def test_the_service_has_it_all(actions: list[str], standby: bool) -> None:
    async def main() -> None:
        keeper = Keeper()
        async with WireServer(keeper) as server:
            keeper.server = server
            endpoint = Endpoint(server.base_url, "a-long-secret-key")
            provider = ResponsesSocket(endpoint, standby=standby, sleep=no_time)
            items: list[Item] = []
            heat = 0.1
            for number, action in enumerate(actions):
                if action == "warm":
                    await provider.warm(Request("m", "be brief", tuple(items), temperature=heat))
                    continue
                if action == "hotter":
                    heat += 0.1
                    continue
                if action == "forget":
                    items = items[len(items) // 2 :]
                    continue
                keeper.next = action
                asked = [*items, UserText(f"prompt {number}")]
                before = len(keeper.whole)
                ended = False
                request = Request("m", "be brief", tuple(asked), temperature=heat)
                async for delta in provider.stream(request):
                    if isinstance(delta, TextDelta) and action == "stop":
                        provider.stop()
                    if isinstance(delta, Completed):
                        items, ended = [*asked, *delta.items], True
                        assert len(delta.items) == 2
                assert ended or action in ("stop", "late drop", "error")
                if len(keeper.whole) > before:
                    assert keeper.whole[-1] == [encode_item(item) for item in asked]
                    assert len(keeper.whole) == before + 1, "answered once"
                else:
                    assert action == "error"
            await provider.close()
            assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()
                    and "wire_server" not in repr(t)
                    and "Door.open" in repr(t)] == []  # fmt: skip

    play(main())
