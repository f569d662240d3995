"""One open WebSocket: how it is made, what a refusal means, how it is dropped.

The rule kept here: the only importer of websockets, and only inside functions. A socket is never
closed politely: under a flood the farewell would wait behind it, so `abort` is the one way out.
Which socket is in use is lines.py's business, turns and retries are responses_ws.py's.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_tui.errors import ConnectFault, KeyFault, RateLimited, SparkFault
from spark_tui.model.address import (
    headers_of,
    host_of,
    load,
    origin_of,
    place_of,
    socket_url,
    tls_context,
)
from spark_tui.model.faults import (
    Place,
    Refusal,
    WireRefused,
    fault_of,
    key_refused,
    read_refusal,
    unreachable,
)
from spark_tui.model.provider import Endpoint, Tell
from spark_tui.model.proxy import proxy_for, refusal_of
from spark_tui.model.rate_limits import pool_of

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

MESSAGE_BYTES = 32 << 20
GOOD_BYE = 1000
TOO_BIG = 1009
"""Close codes: of a plain end, and for a message beyond a limit."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a socket may take, be silent, and live."""

    connect_s: float = 5.0
    ping_s: float = 5.0
    quiet_s: float = 12.0
    """Without a frame or a pong for so long, it is said, and another socket is opened to
    compare; an idle socket that was silent for so long is not used any more."""
    dead_s: float = 60.0
    """Without a frame or a pong for so long, the socket is dropped whatever the other one says."""
    rotate_s: float = 55 * 60.0
    """Services close a socket after 60 minutes; we leave before, between two turns."""
    steer_s: float = 2.0
    """Some services never answer a steer."""
    successor_s: float = 15.0
    """For the beginning of the answer that a service makes of a steer by itself."""


class LineDropped(Exception):
    """The socket is gone. Never leaves the room."""

    def __init__(self, why: str, code: int = 1006, *, by_us: bool = False) -> None:
        super().__init__(why)
        self.code = code
        """1006 for a cut without a word."""
        self.by_us = by_us
        """We closed it, because of what came: a message too large, a frame that cannot be."""


class LineLeft(LineDropped):
    """We left it ourselves: what may still come on it belongs to nobody."""


class Busy(Exception):
    """The handshake met a limit or a trouble that may pass. Never leaves the room."""

    def __init__(self, refusal: Refusal, fault: SparkFault | WireRefused) -> None:
        super().__init__(str(fault))
        self.refusal = refusal
        self.fault = fault
        """What it comes to when nobody waits for it."""


class Line:
    """An open socket."""

    def __init__(self, connection: ClientConnection, opened_at: float, ear: Ear) -> None:
        from websockets.exceptions import ConnectionClosed

        self.opened_at = opened_at
        self.receive: Callable[[], Awaitable[bytes]] = self._receive
        self._connection = connection
        self._ear = ear
        self._closed: type[Exception] = ConnectionClosed

    @property
    def is_open(self) -> bool:
        from websockets.protocol import State

        return self._connection.state is State.OPEN

    def heard(self) -> int:
        """Grows with everything that comes in, pongs included."""
        return self._ear.heard

    def silent_s(self) -> float:
        """Since when nothing came in."""
        return asyncio.get_running_loop().time() - self._ear.at

    def on_lost(self, tell: Callable[[], None] | None) -> None:
        """Whom to tell when it is gone, once."""
        self._ear.on_lost = tell

    async def send(self, text: str) -> None:
        """Raises LineDropped. Half a character, as a file may hold it, goes as a question mark."""
        try:
            await self._connection.send(text.encode("utf-8", "replace"), text=True)
        except self._closed as error:
            raise _dropped(error) from error

    async def _receive(self) -> bytes:
        """One message. Bytes, because text that is no UTF-8 must not end the connection; a binary
        message is read like text: it is an event, or it is skipped like any other nonsense."""
        try:
            return await self._connection.recv(decode=False)
        except self._closed as error:
            raise _dropped(error) from error

    def abort(self) -> None:
        """Gone at once: nothing is read, sent or waited for any more."""
        self._connection.transport.abort()


@dataclass(slots=True)
class Ear:
    """What a connection has heard."""

    heard: int = 0
    at: float = 0.0
    """Time of the loop when something came last."""
    reached: bool = False
    on_lost: Callable[[], None] | None = None


class Door:
    """Opens sockets to one endpoint; certificates are read once."""

    def __init__(
        self, endpoint: Endpoint, timing: Timing, now: Callable[[], float], tell: Tell
    ) -> None:
        self._endpoint = endpoint
        self._timing = timing
        self._now = now
        self._tell = tell
        self._trust: ssl.SSLContext | None = None

    async def open(self) -> Line:
        """Raises WireRefused where another wire may do, Busy where waiting may help, and else
        KeyRefused, ConnectFault, ..."""
        endpoint, place, ear = self._endpoint, place_of(self._endpoint), Ear()
        url = socket_url(endpoint, "/responses")
        headers = headers_of(endpoint)
        await load("websockets.asyncio.client")
        options: dict[str, Any] = {}
        if url.startswith("wss:"):
            options["ssl"] = self._trust = self._trust or await tls_context()
        from websockets.exceptions import (
            InvalidProxyStatus,
            InvalidStatus,
            ProxyError,
            WebSocketException,
        )

        proxy = proxy_for(endpoint)
        on_the_way = f"the proxy {host_of(proxy)}: " if proxy else ""
        try:
            connection = await _connect(url, place)(
                url,
                additional_headers=headers,
                user_agent_header="spark-tui",
                compression=None,
                proxy=proxy,
                open_timeout=self._timing.connect_s,
                ping_interval=self._timing.ping_s,
                ping_timeout=None,  # whether a silent socket is dead is watch.py's to say
                close_timeout=1.0,
                max_size=MESSAGE_BYTES,
                max_queue=16,
                logger=logging.Logger("spark-tui", level=logging.CRITICAL + 1),  # to nobody
                create_connection=_connection(ear),
                **options,
            )
        except InvalidStatus as error:
            response = error.response
            told = dict(response.headers.raw_items())  # one that came twice cannot be looked up
            raise refused_handshake(
                response.status_code, told, bytes(response.body or b""), place
            ) from error
        except InvalidProxyStatus as error:
            status = error.response.status_code
            raise unreachable(place, refusal_of(proxy or "", status)) from error
        except ProxyError as error:
            raise unreachable(place, f"{on_the_way}{error.__cause__ or error}") from error
        except ssl.SSLCertVerificationError as error:
            why = f"its certificate is not trusted: {error.verify_message}"
            raise unreachable(place, why) from error
        except ssl.SSLError as error:
            why = f"no secure connection: {error.reason or error}"
            raise unreachable(place, on_the_way + why) from error
        except TimeoutError as error:
            why = f"no answer for {self._timing.connect_s:g} s"
            if ear.reached:
                raise WireRefused(unreachable(place, why)) from error
            raise unreachable(place, on_the_way + why) from error
        except (OSError, ImportError) as error:  # no network; or a SOCKS proxy without its package
            why = str(error) or type(error).__name__
            raise unreachable(place, why if ear.reached else on_the_way + why) from error
        except (WebSocketException, ValueError, EOFError) as error:
            raise WireRefused(unreachable(place, f"no WebSocket: {error}")) from error
        answer = connection.response
        pool = pool_of(dict(answer.headers.raw_items())) if answer is not None else None
        if pool is not None:
            self._tell(pool)
        return Line(connection, self._now(), ear)


def _connection(ear: Ear) -> type[ClientConnection]:
    from websockets.asyncio.client import ClientConnection

    class Connection(ClientConnection):
        """Counts what it hears."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            ear.reached = True
            ear.at = self.loop.time()
            super().connection_made(transport)

        def data_received(self, data: bytes) -> None:
            ear.heard += 1
            ear.at = self.loop.time()
            super().data_received(data)
            if self.protocol.close_sent is not None and self.protocol.close_rcvd is None:
                self.transport.abort()  # we refused what came: the farewell is not waited for

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            tell, ear.on_lost = ear.on_lost, None
            if tell is not None:
                tell()

    return Connection


def _connect(url: str, place: Place) -> Any:
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    class Connect(connect):
        def process_redirect(self, exc: Exception) -> Exception | str:
            """A key in a header of its own name would go along: stay at one origin."""
            if isinstance(exc, InvalidStatus):
                place_of_it = exc.response.headers.get("Location", "")
                if place_of_it.startswith("http"):
                    del exc.response.headers["Location"]
                    exc.response.headers["Location"] = "ws" + place_of_it[4:]
            target = super().process_redirect(exc)
            if isinstance(target, str) and origin_of(target) != origin_of(url):
                return unreachable(place, "it redirects to another host, which is not followed")
            return target

    return Connect


def refused_handshake(
    status: int, headers: Mapping[str, str], body: bytes, place: Place
) -> SparkFault | WireRefused | Busy:
    """A key or a limit is the same on every wire; anything else may be about this one."""
    text = body[:2000].decode("utf-8", "replace")
    refusal = read_refusal(text, status=status, headers=headers)
    fault = fault_of(refusal, place)
    refused = WireRefused(
        ConnectFault(f"{place.host} does not open a WebSocket ({status}).", hint=fault.hint),
        status=status,
    )
    match fault:
        case KeyFault() if status == 403 and not refusal.message:
            return refused  # so Starlette speaks of a route that it does not have
        case KeyFault():
            return key_refused(place.host, status)
        case RateLimited():
            return Busy(refusal, fault)
        case _ if status >= 500 and status != 501:
            return Busy(refusal, refused)
        case _:
            return refused


def _dropped(error: Exception) -> LineDropped:
    """Who closed it, with which code, and why."""
    from websockets.exceptions import ConnectionClosed

    if isinstance(error, ConnectionClosed):
        rcvd, sent = error.rcvd, error.sent
        if rcvd is not None and (sent is None or error.rcvd_then_sent):
            why = f"it closed the connection ({rcvd.code} {rcvd.reason}".rstrip() + ")"
            return LineDropped(why, rcvd.code)
        if sent is not None:  # we had to: a message too large, a frame that cannot be
            why = f"{sent.reason or 'connection closed'} ({sent.code})"
            return LineDropped(why, sent.code, by_us=True)
    return LineDropped(str(error.__cause__ or "") or "the connection was cut")
