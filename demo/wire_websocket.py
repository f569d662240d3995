"""The Responses API over one WebSocket: response.create in, events out.

The rule kept here: one response at a time, in the order of the requests; only the newest
response of a connection (of a lane) can be continued, and a failed request forgets the one it
named. There is no cancel message: a client that wants to stop drops the connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from .model import Kept, Service
from .play import Broken, items_of
from .record import Entry
from .request import Ask, BadRequest, parse, read
from .wire_http import HttpRequest, Line, continued, missing_parent
from .wire_responses import Event, ResponsesEvents, Spent

MESSAGE_LIMIT = 64 * 1024 * 1024
MESSAGES = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


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

    async def serve(self, head: bytes) -> None:
        """Handshake, then messages until the client goes."""
        self._protocol.receive_data(head)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
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

    async def _flush(self) -> None:
        await self._line.write(b"".join(self._protocol.data_to_send()))

    async def _receive(self) -> None:
        """Messages into the queue; pings are answered by the protocol."""
        parts: list[bytes] = []
        while True:
            data = self._line.take(len(self._line.buffer))
            if not data and not await self._line.fill():
                return
            if not data:
                continue
            self._protocol.receive_data(data)
            for frame in self._protocol.events_received():
                if isinstance(frame, Frame) and frame.opcode in MESSAGES:
                    parts.append(bytes(frame.data))
                    if frame.fin:
                        self._queue.put_nowait(b"".join(parts).decode("utf-8", "replace"))
                        parts.clear()
            # Nothing is awaited on the way out: a client that does not read its answer must
            # still be heard when it goes.
            self._line.writer.write(b"".join(self._protocol.data_to_send()))
            if self._protocol.state is not OPEN:
                return

    async def _answer_in_turn(self) -> None:
        while True:
            text = await self._queue.get()
            entry: Entry | None = None
            body: dict[str, Any] = {}
            try:
                body = parse(text)
                match body.get("type"):
                    case "response.create":
                        entry = self._open()
                        entry.body = body
                        await self._create(body, entry)
                    case "response.steer":
                        await self._refuse_steer(body)
                    case other:
                        message = f"Unknown message type: {other!r}."
                        raise BadRequest(400, "invalid_value", message, param="type")
            except BadRequest as error:
                if entry:
                    entry.ended = "refused"
                self._forget(str(body.get("previous_response_id")))
                await self.send([self._error(error, body)])
            except Broken:
                if entry:
                    entry.ended = "broken"
                await self._line.drop()
                return
            except (ConnectionError, asyncio.CancelledError):
                if entry:
                    entry.ended = "interrupted"
                raise

    def _open(self) -> Entry:
        return self._service.record.open(
            "responses-ws", self._number, authorized=self._request.authorized
        )

    async def _create(self, body: dict[str, Any], entry: Entry) -> None:
        ask = read(entry.wire, body)
        lane = str(body.get("stream_id") or "")
        parent = self._parent(ask)
        ask = continued(ask, parent) if parent else ask
        entry.model, entry.user = ask.model, ask.user
        entry.outputs, entry.parent = len(ask.outputs), ask.parent
        self._service.admit(ask)
        events = ResponsesEvents(self._service.next_id("resp"), ask.model, body)
        if body.get("generate") is False:
            entry.warm_up = True
            spent = Spent(ask.tokens, 0, 0)
            await self.send([*events.opening(), *events.finish(spent)])
            items = ask.items
        else:
            found, player = self._service.prepare(ask, events, self, entry)
            spent = self._service.spent(ask, found, parent)
            await player.play(spent)
            items = ask.items + items_of(found, events.output)
        last = events.final(spent)["status"]
        entry.ended = str(last) if not entry.warm_up else "completed"
        kept = Kept(items, spent.input + spent.output)
        self._newest[lane] = (events.response_id, kept)
        if body.get("store") is not False:
            self._service.keep(events.response_id, kept)

    def _parent(self, ask: Ask) -> Kept | None:
        if not ask.parent:
            return None
        for response_id, kept in self._newest.values():
            if response_id == ask.parent:
                return kept
        if kept_for_all := self._service.stored.get(ask.parent):
            return kept_for_all
        raise missing_parent(ask)

    def _forget(self, response_id: str) -> None:
        for lane, (newest, _) in list(self._newest.items()):
            if newest == response_id:
                del self._newest[lane]

    async def _refuse_steer(self, body: dict[str, Any]) -> None:
        """Steering is for newer models; the shape of the refusal is the real one."""
        self._service.record.steers += 1
        event = {
            "type": "response.steer.failed",
            "steer": {
                "id": None,
                "previous_response_id": body.get("previous_response_id"),
                "input": body.get("input"),
            },
            "error": {
                "type": "invalid_request_error",
                "code": "steering_not_supported",
                "message": "This model does not support steering.",
            },
            "sequence_number": 0,
        }
        await self.send([("response.steer.failed", json.dumps(event))])

    def _error(self, error: BadRequest, body: dict[str, Any]) -> Event:
        detail = error.error()
        fault = self._service.fault
        if error.status == 429 and fault:
            detail["headers"] = {"retry-after": str(fault.number)}
        event: dict[str, Any] = {"type": "error", "status": error.status, "error": detail}
        if lane := body.get("stream_id"):
            event["stream_id"] = lane
        return "error", json.dumps(event)
