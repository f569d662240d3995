"""One question over HTTP and its answer, piece by piece.

The rule kept here: the only importer of httpx, and only inside functions. No redirect is followed,
nothing is unpacked, this machine is never asked through a proxy, and every fault of the library is
one of two: nothing was sent (`Unreached`), or the connection broke (`Broken`).
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from spark_tui.model.address import headers_of, http_url, load, tls_context
from spark_tui.model.provider import Endpoint
from spark_tui.model.proxy import proxy_for, refusal_of
from spark_tui.model.silence import Peer

if TYPE_CHECKING:
    import httpx

CONNECT_S = 5.0
READ_S = 300.0
"""Long silent thinking is no fault; a dead peer is the kernel's to find."""
KEEP_ALIVE_S = 5
GIVE_UP_S = 60
_HEADERS = {
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "spark-tui",
}


class Unreached(Exception):
    """Nobody was reached: nothing was sent. Never leaves the room."""


class Broken(Exception):
    """The connection broke without an answer or within one. Never leaves the room."""


class Answer:
    """Status and headers, and a body that is read by whoever wants it."""

    def __init__(self, response: httpx.Response) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.content_type: str = response.headers.get("content-type", "").lower()
        self.is_json = "json" in self.content_type
        self._response = response
        self._chunks = response.aiter_raw()

    async def next(self) -> bytes | None:
        """The next piece of the body as it came, None at its end. Raises Broken."""
        import httpx

        try:
            return await self._chunks.__anext__()
        except StopAsyncIteration:
            return None
        except httpx.HTTPError as error:
            raise Broken(_why(error)) from error

    async def body(self, limit_bytes: int) -> bytes:
        """All of it, or as much as is allowed and one piece more. Raises Broken."""
        data = bytearray()
        while len(data) <= limit_bytes and (chunk := await self.next()) is not None:
            data += chunk
        return bytes(data)

    async def close(self) -> None:
        await self._response.aclose()


class Client:
    """Connections to one endpoint, opened when they are needed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.peer = Peer()
        self.connect_ms: float | None = None
        """What the last question waited for a connection; None when one stood ready."""
        self._began = 0.0
        self._endpoint = endpoint
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """The library takes a while to load. Raises Unreached."""
        if self._client is None:
            self._client = await _open(self._endpoint)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def post(self, path: str, data: bytes) -> Answer:
        """Raises Unreached, Broken, KeyRefused."""
        return await self._ask("POST", path, data)

    async def get(self, path: str) -> Answer:
        """Raises Unreached, Broken, KeyRefused."""
        return await self._ask("GET", path, None)

    async def _ask(self, method: str, path: str, data: bytes | None) -> Answer:
        await self.open()
        import httpx

        client = self._client
        if client is None:  # closed meanwhile
            raise Broken("it was closed by us")
        self.connect_ms = None
        message = client.build_request(
            method,
            http_url(self._endpoint, path),
            content=data,
            headers={**_HEADERS, **headers_of(self._endpoint)},
            extensions={"trace": self._traced},
        )
        try:
            return Answer(await client.send(message, stream=True))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise Unreached(self._why_not(error)) from error
        except httpx.HTTPError as error:
            raise Broken(_why(error)) from error

    def _why_not(self, error: Exception) -> str:
        proxy = proxy_for(self._endpoint)
        why = _why(error)
        status = why[:3]
        return refusal_of(proxy, int(status)) if proxy and status.isdecimal() else why

    async def _traced(self, event: str, info: Mapping[str, Any]) -> None:
        """A connection is made, and from then on the kernel looks after it."""
        if event.endswith("connect_tcp.started"):
            self._began = time.monotonic()
        elif event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self.connect_ms = (time.monotonic() - self._began) * 1000
            peer = info["return_value"].get_extra_info("socket")
            if peer is not None:
                _keep_alive(peer)
                self.peer.meet(peer)


def parsed(text: str | bytes) -> object:
    """None for what is no JSON: an event that cannot be read is skipped."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def said(body: bytes) -> object:
    """What a refusal says: JSON or its plain text. An error page says nothing that a person wants
    to read."""
    text = body.decode("utf-8", "replace")
    return parsed(text) or ("" if "<" in text[:200] else text)


async def _open(endpoint: Endpoint) -> httpx.AsyncClient:
    for name in ("httpx", "httpcore", "anyio"):  # httpx itself loads them at its first request
        await load(name)
    import httpx

    secure = endpoint.base_url.startswith("https:")
    # Where no TLS is spoken, a context that trusts nobody: it costs nothing and fails closed.
    trust = await tls_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    timeout = httpx.Timeout(connect=CONNECT_S, read=READ_S, write=30.0, pool=5.0)
    try:
        return httpx.AsyncClient(
            verify=trust,
            timeout=timeout,
            proxy=proxy_for(endpoint),
            trust_env=False,
            follow_redirects=False,
        )
    except (ImportError, ValueError) as error:
        raise Unreached(str(error)) from error


def _keep_alive(peer: socket.socket) -> None:
    """Lets the kernel ask a silent peer every 5 s, and give it up after 60, whether it owes an
    answer or the receipt of what was sent."""
    options = (
        ("TCP_KEEPIDLE", KEEP_ALIVE_S),
        ("TCP_KEEPINTVL", KEEP_ALIVE_S),
        ("TCP_KEEPCNT", GIVE_UP_S // KEEP_ALIVE_S - 1),
        ("TCP_USER_TIMEOUT", GIVE_UP_S * 1000),
    )
    with suppress(OSError):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in options:
            option = getattr(socket, name, None)  # not every platform has them all
            if option is not None:
                peer.setsockopt(socket.IPPROTO_TCP, option, value)


def _why(error: Exception) -> str:
    import httpx

    if isinstance(error, httpx.ConnectTimeout):
        return f"no answer for {CONNECT_S:g} s"
    if isinstance(error, httpx.ReadTimeout):
        return f"nothing came for {READ_S:g} s"
    return str(error) or type(error).__name__
