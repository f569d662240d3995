"""Any story of one link: turns, stops, losses, refusals, reading ahead, steers, hours of idling.

The service of this test keeps what a real one keeps, the newest response of each socket, and
nothing after an error. Whatever happened before, an answer that ends well is an answer to exactly
the conversation that was asked about, in the manner that was asked for, and it is asked for once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_tui.model.faults import WireRefused
from spark_tui.model.provider import (
    AssistantText,
    Completed,
    Delta,
    Endpoint,
    Failed,
    Item,
    Opaque,
    Request,
    TextDelta,
    UserText,
)
from spark_tui.model.responses import encode, encode_item
from spark_tui.model.responses_ws import ResponsesSocket
from tests.support.still_line import StillDoor, StillLine, play_still, settled
from tests.support.wire_server import completed, created, error, text_events

Encoded = list[dict[str, Any]]
REPLIES = (
    "well", "well", "well", "cut short", "refused", "busy", "limited", "too old", "lost parent",
    "drop at once", "drop in thought", "drop in words", "goodbye", "trouble in words",
    "trouble in thought",
)  # fmt: skip
BETWEEN = (
    "nothing", "nothing", "read ahead", "hurried", "hurried", "hotter", "shorter", "reworded",
    "an hour", "asleep", "closed", "spare closed",
)  # fmt: skip
IN_IT = ("read", "read", "read", "stop", "leave", "steer", "steer, other prompt", "steer, stop")
STEERS = ("taken", "taken", "refused", "swallowed", "no successor")


class Service:
    """Has a plan for each create and each steer. It checks that nobody asks it for a response that
    it does not have, or to go on from one in another manner: it would have to read all anew."""

    def __init__(self) -> None:
        self.reply = "well"
        self.is_slow = False
        """To read ahead; what is asked meanwhile has to wait for that."""
        self.on_steer = "taken"
        self.talks: dict[str, Encoded] = {}
        """response -> the conversation that it answers."""
        self.manners: dict[str, dict[str, Any]] = {}
        """response -> the fields of its request."""
        self._newest: dict[int, tuple[str, Encoded]] = {}
        self._held: dict[int, list[Any]] = {}
        """What waits behind a warm-up, by socket."""
        self._count = 0

    def __call__(self, line: StillLine, body: dict[str, Any]) -> Iterable[Any]:
        events = list(self._events(line, body))
        if line.number in self._held:
            self._held[line.number] += events
            return []
        if body.get("generate") is False and self.is_slow:
            self._held[line.number] = events
            asyncio.get_running_loop().call_later(1.0, self._release, line)
            return events[:1]
        return events

    def _release(self, line: StillLine) -> None:
        line.hear(*self._held.pop(line.number)[1:])

    def _events(self, line: StillLine, body: dict[str, Any]) -> Iterable[Any]:
        if body["type"] == "response.steer":
            return self._steer(line, body)
        parent = body.get("previous_response_id")
        known: Encoded = []
        if parent is not None:
            found = self._newest.pop(line.number, None)
            assert found is not None and found[0] == parent, "it does not have that"
            assert self.manners[parent] == _manner(body)
            known = found[1]
        talk = known + body["input"]
        if body.get("generate") is False:
            name = self._begin(talk, body)
            self._newest[line.number] = (name, talk)
            used = {"usage": {"input_tokens": 9, "output_tokens": 0}}
            return [created(name), completed(name, **used)]
        reply, self.reply = self.reply, "well"
        return self._answer(line, talk, body, reply)

    def _begin(self, talk: Encoded, body: dict[str, Any]) -> str:
        self._count += 1
        name = f"resp_{self._count}"
        self.talks[name] = talk
        self.manners[name] = _manner(body)
        return name

    def _answer(
        self, line: StillLine, talk: Encoded, body: dict[str, Any], reply: str
    ) -> Iterable[Any]:
        self._newest.pop(line.number, None)
        soon = asyncio.get_running_loop().call_soon
        match reply:
            case "refused":
                return [error("invalid_prompt")]
            case "busy":
                return [error("server_error", status=500)]
            case "limited":
                return [error("rate_limit_exceeded", status=429)]
            case "too old":
                return [error("websocket_connection_limit_reached")]
            case "lost parent":
                return [error("previous_response_not_found")]
            case "drop at once":
                soon(line.lose)
                return []
            case "goodbye":
                soon(line.lose, 1000)
                return []
        name = self._begin(talk, body)
        secret = {"type": "reasoning", "id": f"rs_{name}", "encrypted_content": f"x{name}"}
        thought = {"type": "response.output_item.done", "output_index": 0, "item": secret}
        said = text_events("ok then", item=f"m{name}", index=1)
        if reply.startswith("trouble"):
            late = {"id": name, "error": {"code": "server_error", "message": "no"}}
            return [
                created(name), thought, *(said[:3] if "words" in reply else []),
                error("server_error", status=500), {"type": "response.failed", "response": late},
            ]  # fmt: skip
        if reply.startswith("drop"):
            soon(line.lose)
            return [created(name), thought, *(said[:3] if "words" in reply else [])]
        if reply == "open":  # until a steer, or a stop, comes
            return [created(name), thought, *said[:3]]
        if reply == "cut short":
            details = {"incomplete_details": {"reason": "max_output_tokens"}}
            response = {"id": name, "status": "incomplete", "output": [], **details}
            cut = {"type": "response.incomplete", "response": response}
            return [created(name), thought, *said[:3], cut]
        words = [encode_item(Opaque(secret)), encode_item(AssistantText("ok then"))]
        self._newest[line.number] = (name, talk + words)
        return [created(name), thought, *said, completed(name)]

    def _steer(self, line: StillLine, body: dict[str, Any]) -> Iterable[Any]:
        """The response that runs is the newest one; it said "ok" so far."""
        name = body["previous_response_id"]
        steer = {"id": "s", "previous_response_id": name}
        said = text_events("ok", item=f"m{name}", index=1)
        end = {
            "type": "response.incomplete",
            "response": {
                "id": name,
                "status": "incomplete",
                "incomplete_details": {"reason": "steered"},
            },
        }
        if self.on_steer == "swallowed":
            return []
        if self.on_steer == "refused":
            refusal = {"code": "response_not_active", "message": "no"}
            failed = {"type": "response.steer.failed", "steer": steer, "error": refusal}
            self._newest.pop(line.number, None)
            end["response"]["incomplete_details"] = {"reason": "max_output_tokens"}  # type: ignore[index]
            return [failed, said[-1], end]
        taken = {"type": "response.steer.accepted", "steer": steer}
        if self.on_steer == "no successor":
            gone = {"code": "successor_creation_failed", "message": "no"}
            failed = {"type": "response.steer.failed", "steer": steer, "error": gone}
            return [taken, said[-1], end, failed]
        secret = {"type": "reasoning", "id": f"rs_{name}", "encrypted_content": f"x{name}"}
        words = [encode_item(Opaque(secret)), encode_item(AssistantText("ok"))]
        asked = encode_item(UserText(body["input"]))
        talk = [*self.talks[name], *words, asked]
        manner = {**self.manners[name], "input": []}
        return [taken, said[-1], end, *self._answer(line, talk, manner, "well")]


def _manner(body: dict[str, Any]) -> dict[str, Any]:
    left_out = ("input", "previous_response_id", "generate", "type")
    return {name: value for name, value in body.items() if name not in left_out}


async def no_time(_: float) -> None:
    """A wait that is over at once."""


class Story:
    """A person and an engine: items grow by what was answered."""

    def __init__(self, door: StillDoor, service: Service, *, standby: bool) -> None:
        endpoint = Endpoint("https://api.example.org/v1", "a-long-secret-key")
        now = asyncio.get_running_loop().time
        self.link = ResponsesSocket(endpoint, now=now, sleep=no_time, standby=standby)
        self.door = door
        self.service = service
        self.items: list[Item] = []
        self.heat = 0.1
        self.reading: asyncio.Task[bool] | None = None

    def request(self, *more: Item) -> Request:
        return Request("gpt-6-astra", "be brief", (*self.items, *more), temperature=self.heat)

    async def between(self, what: str) -> None:
        self.service.is_slow = False
        if self.reading is not None:
            await self.reading
            self.reading = None
        match what:
            case "read ahead":
                await self.link.warm(self.request())
            case "hurried":
                self.service.is_slow = True
                self.reading = asyncio.ensure_future(self.link.warm(self.request()))
                await settled()
            case "hotter":
                self.heat += 0.1
            case "shorter":
                self.items = self.items[len(self.items) // 2 :]
            case "reworded":
                self.items = [UserText(f"other words {self.heat}"), *self.items[1:]]
            case "an hour":
                for _ in range(60):
                    await asyncio.sleep(60)
                    for line in self.door.lines:
                        if line.is_open:
                            line.hear()
            case "asleep":
                await asyncio.sleep(3000)
            case "closed" | "spare closed":
                which = 0 if what == "closed" else -1
                if opened := self.door.open_lines:
                    self.door.lines[opened[which] - 1].lose(1001)
                    await settled()

    async def turn(self, number: int, reply: str, in_it: str, on_steer: str) -> None:
        self.service.reply = "open" if in_it.startswith("steer") else reply
        self.service.on_steer = on_steer
        request = self.request(UserText(f"prompt {number}"))
        joining: asyncio.Task[bool] | None = None
        last: Delta | None = None
        stream = self.link.stream(request)
        try:
            async for last in stream:
                if not isinstance(last, TextDelta) or joining is not None:
                    continue
                if in_it == "stop":
                    self.link.stop()
                elif in_it == "leave":
                    break
                elif in_it.startswith("steer"):
                    joining = asyncio.ensure_future(self.link.steer("shorter"))
                    if on_steer == "swallowed":
                        assert not await joining
                        self.link.stop()
        except WireRefused:
            assert "drop" in reply or reply == "goodbye"
            return
        finally:
            await stream.aclose()
        self.check(request, last)
        if joining is None or not isinstance(last, Completed):
            return
        taken = await joining
        assert taken == (on_steer in ("taken", "no successor"))
        if in_it == "steer, stop":
            self.link.stop()
        prompt = "shorter" if in_it != "steer, other prompt" else "longer"
        request = self.request(UserText(prompt))
        found = [delta async for delta in self.link.stream(request)]
        assert isinstance(found[-1], Completed)
        self.check(request, found[-1])

    def check(self, request: Request, last: Delta | None) -> None:
        if not isinstance(last, Completed):
            return
        name = last.response_id
        assert self.service.talks.pop(name) == [encode_item(item) for item in request.items]
        manner = encode(request)
        del manner["input"]
        assert self.service.manners[name] == manner
        self.items = [*request.items, *last.items]


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(BETWEEN),
            st.sampled_from(BETWEEN),
            st.sampled_from(REPLIES),
            st.sampled_from(IN_IT),
            st.sampled_from(STEERS),
        ),
        min_size=1,
        max_size=9,
    ),
    st.booleans(),
)
def test_every_answer_is_an_answer_to_what_was_asked(
    monkeypatch: pytest.MonkeyPatch, turns: list[tuple[str, ...]], standby: bool
) -> None:
    async def main() -> None:
        service = Service()
        door = StillDoor(monkeypatch, service)
        story = Story(door, service, standby=standby)
        for number, (first, then, reply, in_it, on_steer) in enumerate(turns):
            await story.between(first)
            await story.between(then)
            await story.turn(number, reply, in_it, on_steer)
            assert len(door.open_lines) <= 2
        await story.between("nothing")
        found = [delta async for delta in story.link.stream(story.request(UserText("last")))]
        assert not isinstance(found[-1], Failed)
        story.check(story.request(UserText("last")), found[-1])
        await story.link.close()
        await settled()
        assert door.open_lines == []
        assert len(asyncio.all_tasks()) <= 2  # the test, and the limit of its time

    play_still(main())
