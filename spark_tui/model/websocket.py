"""One open WebSocket: how it is made, what a refusal means, how it is dropped.

The rule kept here: the only importer of websockets, and only inside functions. A socket is never
closed politely: under a flood the farewell would wait behind it, so `abort` is the one way out.
Turns, chains and retries are responses_ws.py's.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_tui.errors import ConnectFault, KeyFault, RateLimited, SparkFault
from spark_tui.model.address import headers_of, load, origin_of, place_of, socket_url, tls_context
from spark_tui.model.faults import (
    Place,
    WireRefused,
    fault_of,
    key_refused,
    read_refusal,
    unreachable,
)
from spark_tui.model.pace import REST_S, Pace
from spark_tui.model.provider import Endpoint

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

MESSAGE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a socket may take, be silent, and live."""

    connect_s: float = 5.0
    ping_s: float = 5.0
    quiet_s: float = 12.0
    """Without a frame or a pong for so long, another socket is opened to compare."""
    dead_s: float = 60.0
    """Without a frame or a pong for so long, the socket is dropped whatever the other one says."""
    rotate_s: float = 55 * 60.0
    """Services close a socket after 60 minutes; we leave before, between two turns."""


class LineDropped(Exception):
    """The socket is gone. Never leaves the room."""


class Line:
    """An open socket."""

    def __init__(
        self, connection: ClientConnection, opened_at: float, heard: Callable[[], int]
    ) -> None:
        from websockets.exceptions import ConnectionClosed

        self.opened_at = opened_at
        self.heard = heard
        """Grows with everything that comes in, pongs included."""
        self.receive: Callable[[], Awaitable[bytes]] = self._receive
        self._connection = connection
        self._closed: type[Exception] = ConnectionClosed

    @property
    def is_open(self) -> bool:
        from websockets.protocol import State

        return self._connection.state is State.OPEN

    async def send(self, text: str) -> None:
        """Raises LineDropped. Half a character, as a file may hold it, goes as a question mark."""
        try:
            await self._connection.send(text.encode("utf-8", "replace"), text=True)
        except self._closed as error:
            raise LineDropped(_close_reason(error)) from error

    async def _receive(self) -> bytes:
        """One message. Bytes, because text that is no UTF-8 must not end the connection."""
        try:
            return await self._connection.recv(decode=False)
        except self._closed as error:
            raise LineDropped(_close_reason(error)) from error

    def abort(self) -> None:
        """Gone at once: nothing is read, sent or waited for any more."""
        self._connection.transport.abort()


async def open_line(endpoint: Endpoint, timing: Timing, now: Callable[[], float]) -> Line:
    """Raises WireRefused where another wire may do, and else KeyRefused, ConnectFault, ..."""
    place = place_of(endpoint)
    url = socket_url(endpoint, "/responses")
    headers = headers_of(endpoint)
    await load("websockets.asyncio.client")
    options: dict[str, Any] = {}
    if url.startswith("wss:"):
        options["ssl"] = await tls_context()
    from websockets.asyncio.client import ClientConnection, connect
    from websockets.exceptions import InvalidStatus, WebSocketException

    heard = 0
    reached = False

    class Connection(ClientConnection):
        """Counts what it hears, and gathers what comes in dense pieces."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nonlocal reached
            reached = True
            self.pace = Pace()
            self.listening_since = self.loop.time()
            super().connection_made(transport)

        def data_received(self, data: bytes) -> None:
            nonlocal heard
            heard += 1
            waited_s = self.loop.time() - self.listening_since
            super().data_received(data)
            if self.pace.rest_after(waited_s, len(data)):
                self.transport.pause_reading()
                self.loop.call_later(REST_S, self.listen)
            else:
                self.listening_since = self.loop.time()

        def listen(self) -> None:
            self.listening_since = self.loop.time()
            # A full queue has its own reason to pause, and resumes by itself.
            if not self.recv_messages.paused and not self.transport.is_closing():
                self.transport.resume_reading()

    class Connect(connect):
        def process_redirect(self, exc: Exception) -> Exception | str:
            """A key in a header of its own name would go along: stay at one origin."""
            target = super().process_redirect(exc)
            if isinstance(target, str) and origin_of(target) != origin_of(url):
                return unreachable(place, "it redirects to another host, which is not followed")
            return target

    try:
        connection = await Connect(
            url,
            additional_headers=headers,
            user_agent_header="spark-tui",
            compression=None,
            proxy=None if endpoint.is_local else True,
            open_timeout=timing.connect_s,
            ping_interval=timing.ping_s,
            ping_timeout=timing.dead_s,
            close_timeout=1.0,
            max_size=MESSAGE_BYTES,
            max_queue=16,
            logger=logging.Logger("spark-tui", level=logging.CRITICAL + 1),  # to nobody
            create_connection=Connection,
            **options,
        )
    except InvalidStatus as error:
        response = error.response
        raise refused_handshake(
            response.status_code, response.headers, bytes(response.body or b""), place
        ) from error
    except ssl.SSLError as error:
        raise unreachable(place, f"its certificate is not accepted: {error}") from error
    except TimeoutError as error:
        fault = unreachable(place, f"no answer for {timing.connect_s:g} s")
        raise (WireRefused(fault) if reached else fault) from error
    except (OSError, ImportError) as error:  # no network; or a SOCKS proxy without its package
        raise unreachable(place, str(error) or type(error).__name__) from error
    except (WebSocketException, ValueError, EOFError) as error:
        raise WireRefused(unreachable(place, f"no WebSocket: {error}")) from error
    return Line(connection, now(), lambda: heard)


def refused_handshake(
    status: int, headers: Mapping[str, str], body: bytes, place: Place
) -> SparkFault | WireRefused:
    """A key or a limit is a plain fault on every wire; anything else may be about this one."""
    text = body[:2000].decode("utf-8", "replace")
    fault = fault_of(read_refusal(text, status=status, headers=headers), place)
    match fault:
        case KeyFault():
            return key_refused(place.host, status)
        case RateLimited():
            return fault
        case _:
            return WireRefused(
                ConnectFault(f"{place.host} does not open a WebSocket ({status}).", hint=fault.hint)
            )


def _close_reason(error: Exception) -> str:
    from websockets.exceptions import ConnectionClosed

    if isinstance(error, ConnectionClosed):
        if error.rcvd is not None:
            return f"it closed the connection ({error.rcvd.code} {error.rcvd.reason})"
        if error.sent is not None:  # we had to: a message too large, a peer that was silent
            return f"{error.sent.reason or 'connection closed'} ({error.sent.code})"
    return str(error.__cause__ or "") or "the connection was cut"
