"""The Responses API over one WebSocket: response.create and response.steer in, events out.

The rule kept here: one response at a time, in the order of the requests, but a steer is heard at
once, while an answer streams. Only the newest response of a connection (of a lane) can be
continued, and a failed request forgets the one it named. There is no cancel message: a client
that wants to stop drops the connection. What steering means is steer.py's business.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from .cache import Kept
from .model import Service
from .play import Broken, items_of
from .record import Entry
from .request import Ask, BadRequest, parse, read
from .steer import Target, failed, missing_outputs
from .wire_http import HttpRequest, Line, missing_parent, told
from .wire_responses import Event, ResponsesEvents

MESSAGE_LIMIT = 64 * 1024 * 1024
MESSAGES = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
KEPT_TARGETS = 32
"""Responses of a connection that a steer may still name, if only to be refused."""
NEVER_SENT = (1005, 1006, 1015)


class Socket:
    """One WebSocket connection and the responses it remembers."""

    def __init__(self, line: Line, request: HttpRequest, service: Service, number: int) -> None:
        self._line = line
        self._request = request
        self._service = service
        self._number = number
        self._protocol = ServerProtocol(max_size=MESSAGE_LIMIT)
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._newest: dict[str, tuple[str, Kept]] = {}
        """Lane -> its newest response."""
        self._targets: dict[str, Target] = {}
        self._asked = 0
        self._deaf = False

    async def serve(self, head: bytes) -> None:
        """Handshake, then messages until the client goes."""
        self._protocol.receive_data(head)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                response = self._protocol.accept(event)
                response.headers.update(told(self._service))
                self._protocol.send_response(response)
        await self._flush()
        if self._protocol.state is not OPEN:
            return
        self._service.record.handshakes += 1
        answering = asyncio.ensure_future(self._answer_in_turn())
        receiving = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait({answering, receiving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answering.cancel()
            receiving.cancel()
            ended = await asyncio.gather(answering, receiving, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result

    async def send(self, events: Sequence[Event]) -> None:
        for _, text in events:
            self._protocol.send_text(text.encode())
        await self._flush()

    async def garbage(self) -> None:
        self._protocol.send_text(b'{"type": "response.output_te')
        await self._flush()

    async def fall_silent(self) -> None:
        self._deaf = True

    async def _flush(self) -> None:
        await self._line.write(b"".join(self._protocol.data_to_send()))

    async def _receive(self) -> None:
        """Creates into the queue, steers answered; pings are answered by the protocol."""
        parts: list[bytes] = []
        while True:
            data = self._line.take(len(self._line.buffer))
            if not data and not await self._line.fill():
                return
            if not data or self._deaf:
                continue
            self._protocol.receive_data(data)
            for frame in self._protocol.events_received():
                if isinstance(frame, Frame) and frame.opcode in MESSAGES:
                    parts.append(bytes(frame.data))
                    if frame.fin:
                        self._hear(b"".join(parts).decode("utf-8", "replace"))
                        parts.clear()
            # Nothing is awaited on the way out: a client that does not read its answer must
            # still be heard when it goes.
            self._line.writer.write(b"".join(self._protocol.data_to_send()))
            if self._protocol.state is not OPEN:
                return

    def _hear(self, text: str) -> None:
        # Only what may be a steer is read here; the rest has time until its turn comes.
        if '"response.steer"' in text:
            try:
                body = parse(text)
            except BadRequest:
                body = {}
            if body.get("type") == "response.steer":
                self._protocol.send_text(self._steer(body)[1].encode())
                return
        self._queue.put_nowait(text)

    def _steer(self, body: Mapping[str, Any]) -> Event:
        self._service.record.steers += 1
        target = self._targets.get(str(body.get("previous_response_id")))
        if target is None:
            return failed(body, "response_not_found", None)
        return target.take(body, self._service.next_id("steer"))

    async def _answer_in_turn(self) -> None:
        while True:
            text = await self._queue.get()
            entry: Entry | None = None
            body: dict[str, Any] = {}
            try:
                body = parse(text)
                if body.get("type") != "response.create":
                    message = f"Unknown message type: {body.get('type')!r}."
                    raise BadRequest(400, "invalid_value", message, param="type")
                entry = self._open(body)
                await self._create(body, entry)
            except BadRequest as error:
                if entry:
                    entry.ended = "refused"
                await self._forget(str(body.get("previous_response_id")))
                await self.send([self._error(error, body)])
            except Broken as broken:
                await self._break(broken.code)
                return

    async def _break(self, code: int) -> None:
        """Gone without a farewell, or closed with a code and then as the protocol has it."""
        if not code or code in (1006, 1015):
            await self._line.drop()
            return
        if code in NEVER_SENT:
            self._protocol.send_close()
        else:
            self._protocol.send_close(code, "demo")
        await self._flush()
        await asyncio.Event().wait()  # the client's own close ends it

    def _open(self, body: Mapping[str, Any]) -> Entry:
        record = self._service.record
        entry = record.open("responses-ws", self._number, authorized=self._request.authorized)
        entry.body = body
        return entry

    async def _create(self, body: dict[str, Any], entry: Entry) -> None:
        """One answer, and then those that steering makes of it."""
        target = await self._respond(body, entry)
        while target.steers:
            if target.owed:
                await self.send(target.pending())
                return
            entry = self._open(target.successor)
            entry.successor = True
            try:
                following = await self._respond(target.successor, entry)
            except BadRequest as error:
                entry.ended = "refused"
                await self._forget(target.id, error.message)
                return
            target = following

    async def _respond(self, body: dict[str, Any], entry: Entry) -> Target:
        try:
            return await self._respond_to(body, entry)
        except Broken:
            entry.ended = "broken"
            raise
        except (ConnectionError, asyncio.CancelledError):
            entry.ended = "interrupted"
            raise

    async def _respond_to(self, body: dict[str, Any], entry: Entry) -> Target:
        self._age()
        ask = read(entry.wire, body)
        lane = str(body.get("stream_id") or "")
        parent = self._parent(ask)
        steered = self._targets.get(ask.parent)
        if not entry.successor and steered and steered.steers:
            ask = _with_words(ask, steered)
        ask = ask.following(parent.items) if parent else ask
        entry.model, entry.user = ask.model, ask.user
        entry.outputs, entry.parent = len(ask.outputs), ask.parent
        self._service.admit(ask)
        target = Target(ResponsesEvents(self._service.next_id("resp"), ask.model, body))
        events = target.events
        read_in = self._service.read(ask, entry, self._line.cache, parent)
        if body.get("generate") is False:
            entry.warm_up = True
            self._begin(target, steered)
            await self.send(events.opening())
            await self._service.sleep(self._service.prefill_s(entry))
            target.status = entry.ended = "completed"
            await self.send(events.finish(read_in))
            items = ask.items
        else:
            player = target.player = self._service.prepare(ask, events, self, entry)
            self._begin(target, steered)
            await player.play(read_in)
            target.status = entry.ended = "incomplete" if player.cut else "completed"
            items = ask.items + items_of(player.answer, events.output)
        kept = self._line.cache.remember(ask, items)
        former = self._newest.get(lane)
        self._newest[lane] = (target.id, kept)
        if body.get("store") is not False:
            self._service.keep(target.id, kept)
        if former and (left := self._targets.get(former[0])):
            await self.send(left.give_back("another response took its place."))
        return target

    def _begin(self, target: Target, steered: Target | None) -> None:
        """The response is created: from here on it can be steered, and the words that led to it
        are its own."""
        if steered:
            steered.steers.clear()
        self._targets[target.id] = target
        while len(self._targets) > KEPT_TARGETS:
            del self._targets[next(iter(self._targets))]

    def _age(self) -> None:
        fault = self._service.fault
        old = fault is not None and fault.kind == "agelimit" and self._asked >= fault.number
        if old and self._service.strikes("agelimit"):
            raise BadRequest(
                400,
                "websocket_connection_limit_reached",
                "This connection has reached its age limit (60 minutes). Open a new one.",
            )
        self._asked += 1

    def _parent(self, ask: Ask) -> Kept | None:
        if not ask.parent:
            return None
        if self._service.strikes("notfound"):
            raise missing_parent(ask)
        for response_id, kept in self._newest.values():
            if response_id == ask.parent:
                return kept
        if kept_for_all := self._service.stored.get(ask.parent):
            return kept_for_all
        raise missing_parent(ask)

    async def _forget(self, response_id: str, why: str = "its parent was refused.") -> None:
        for lane, (newest, _) in list(self._newest.items()):
            if newest == response_id:
                del self._newest[lane]
        if target := self._targets.get(response_id):
            await self.send(target.give_back(why))

    def _error(self, error: BadRequest, body: dict[str, Any]) -> Event:
        detail = error.error()
        if headers := told(self._service, error):
            detail["headers"] = headers
        event: dict[str, Any] = {"type": "error", "status": error.status, "error": detail}
        if lane := body.get("stream_id"):
            event["stream_id"] = lane
        return "error", json.dumps(event)


def _with_words(ask: Ask, steered: Target) -> Ask:
    """The one request that brings the outputs: queued words come before them."""
    if missing := missing_outputs(steered, ask.items):
        message = f"No tool output found for function call {missing}."
        raise BadRequest(400, "invalid_request", message, param="input")
    return ask.following(steered.words)
