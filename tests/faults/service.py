"""A model service for the fault tests: answers well unless it is told otherwise, and looks closely
at what it is sent.

The rule kept here: what a strict service would refuse is written down in `wrong`, and so is a
request that comes again after a person saw something of its answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, SupportsIndex

from spark_tui.model.provider import (
    AssistantText,
    Item,
    Opaque,
    ToolCall,
    ToolOutput,
    UserText,
)
from tests.faults import reply
from tests.support.items import problems
from tests.support.wire_server import (
    Asked,
    Bye,
    Close,
    Drop,
    Raw,
    Reply,
    Step,
    WireServer,
    _Peer,
)

DONE = Raw(b"data: [DONE]\n\n")


@dataclass(frozen=True)
class Binary(Raw):
    """The same in a binary frame; over HTTP there is no difference."""


Play = Sequence[Step] | Reply | Callable[[list[Step]], Sequence[Step] | Reply]
"""What a request gets; a function makes it of the good answer."""


class Service(WireServer):
    """Speaks all three wires. `faults` are used up first, one for each request."""

    def __init__(
        self, handshakes: Sequence[int | Reply] = (), *, every: Mapping[str, Play] | None = None
    ) -> None:
        super().__init__(self._on_socket, handshakes=handshakes)
        self._http = {f"/v1{path}": _Asking(self) for path in ("/responses", "/chat/completions")}
        self._every = every or {}
        """Path (or socket) -> what each request there gets."""
        self.faults: deque[Play] = deque()
        self.edits: tuple[int, ...] = (0, 1, 2)
        """Hunks of a good answer."""
        self.wrong: list[str] = []
        self.shown = False
        """Set by who watches the screen; taken back with each request."""
        self._known: dict[str, tuple[Item, ...]] = {}

    def good(self, asked: Asked) -> list[Step]:
        number = len(self.asked)
        if asked.path.endswith("completions"):
            return [*reply.chat(reply.PROSE, reply.patch(*self.edits), number), DONE]
        last = asked.body["input"][-1]
        if str(last.get("type")).endswith("_output"):
            return [*reply.responses("Done.", "", number)]
        return [*reply.responses(reply.PROSE, reply.patch(*self.edits), number)]

    def answer_to(self, asked: Asked) -> Reply:
        items = self._look_at(asked)
        good = self.good(asked)
        play: Play = self.faults.popleft() if self.faults else self._every.get(asked.path, good)
        given = play(good) if callable(play) else play
        made = given if isinstance(given, Reply) else Reply(given)
        self._remember(items, good, made.steps)
        return made

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection that is mute ends with the service."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(asyncio.CancelledError):
            await super()._serve(reader, writer)

    async def _play(self, steps: Sequence[Step], peer: _Peer) -> None:
        for step in steps:
            if isinstance(step, Binary):
                peer._protocol.send_binary(step.data)
                peer.flush()
            else:
                await super()._play([step], peer)
            if isinstance(step, Drop | Close | Bye):
                return

    def _on_socket(self, _: dict[str, Any]) -> Sequence[Step]:
        return self.answer_to(self.asked[-1]).steps

    def _look_at(self, asked: Asked) -> tuple[Item, ...]:
        before: tuple[Item, ...] = ()
        if parent := asked.body.get("previous_response_id"):
            if parent not in self._known:
                self.wrong.append(f"goes on from {parent}, which is not there")
            before = self._known.get(parent, ())
        items = (*before, *items_of(asked.body))
        self.wrong += problems(items)
        if self.shown and not isinstance(items[-1], ToolOutput):
            self.wrong.append("asked again after something was shown")
        self.shown = False
        return items

    def _remember(self, items: tuple[Item, ...], good: list[Step], given: Sequence[Step]) -> None:
        """As the service does when its answer is whole; any other is not gone on from."""
        last = good[-1]
        if isinstance(last, Mapping) and any(map(_is_completed, given)):
            response = last["response"]
            self._known[response["id"]] = (*items, *map(item_of, response["output"]))


def _is_completed(step: Step) -> bool:
    if isinstance(step, Binary):
        return b'"type": "response.completed"' in step.data
    return isinstance(step, Mapping) and step.get("type") == "response.completed"


class _Asking(list[Reply]):
    """Replies without an end."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self._service = service

    def __bool__(self) -> bool:
        return True

    def pop(self, _: SupportsIndex = -1) -> Reply:
        return self._service.answer_to(self._service.asked[-1])


def items_of(body: Mapping[str, Any]) -> Iterator[Item]:
    if "input" in body:
        yield from map(item_of, body["input"])
    for message in body.get("messages", ()):
        match message:
            case {"role": "user", "content": str(text)}:
                yield UserText(text)
            case {"role": "tool", "tool_call_id": str(call_id), "content": str(text)}:
                yield ToolOutput(call_id, text)
            case {"role": "assistant"}:
                if text := message.get("content"):
                    yield AssistantText(text)
                for call in message.get("tool_calls", ()):
                    function = call["function"]
                    yield ToolCall(call["id"], function["name"], function["arguments"])


def item_of(raw: Mapping[str, Any]) -> Item:
    match raw:
        case {"type": "message", "role": "user", "content": [{"text": str(text)}]}:
            return UserText(text)
        case {"type": "message", "content": [{"text": str(text)}, *_]}:
            return AssistantText(text)
        case {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": text}:
            return ToolCall(call_id, name, text, custom=True)
        case {"type": "function_call", "call_id": call_id, "name": name, "arguments": text}:
            return ToolCall(call_id, name, text)
        case {"type": str(kind), "call_id": str(call_id), "output": str(text)}:
            return ToolOutput(call_id, text, custom=kind.startswith("custom"))
        case _:
            return Opaque(raw)
