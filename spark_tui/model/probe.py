"""How a service is reached: addresses, certificate, proxy, times. For `doctor`, not for requests.

The rule kept here: nothing is sent but a greeting; no key leaves. Each question has its time
limit, and what could not be found out is a sentence, not a fault.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from spark_tui.model.address import host_of, tls_context
from spark_tui.model.faults import scrub
from spark_tui.model.provider import Endpoint
from spark_tui.model.proxy import proxy_for

LIMIT_S = 5.0
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Reached:
    """One look at the way to an endpoint; times in milliseconds, None where there was none."""

    proxy: str = ""
    """host:port of the proxy of the environment that is in between, without name and password."""
    address: str = ""
    """The first address that answered."""
    lookup_ms: float | None = None
    connect_ms: float | None = None
    """One TCP handshake: about one round trip of the network."""
    tls: str = ""
    """TLSv1.3, ...; "" where none is spoken."""
    tls_ms: float | None = None
    expires_days: float | None = None
    """Days until the certificate ends."""
    trouble: str = ""
    """What went wrong, in words; "" when all is well."""


async def reach(
    endpoint: Endpoint, *, limit_s: float = LIMIT_S, now: Callable[[], float] = time.monotonic
) -> Reached:
    """Look up, connect and greet; never raises for what it finds."""
    if proxy := proxy_for(endpoint):
        return Reached(proxy=host_of(proxy))  # only the proxy knows the rest of the way
    parts = urlsplit(endpoint.base_url)
    is_secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    found = Reached()
    try:
        async with asyncio.timeout(limit_s):
            loop = asyncio.get_running_loop()
            began = now()
            rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            looked_up = now()
            found = Reached(lookup_ms=_ms(began, looked_up))
            reader, writer = await asyncio.open_connection(host, port)
            try:
                connected = now()
                address = str(writer.get_extra_info("peername", (rows[0][4][0],))[0])
                found = Reached(
                    address=address,
                    lookup_ms=_ms(began, looked_up),
                    connect_ms=_ms(looked_up, connected),
                )
                if not is_secure:
                    return found
                context = await tls_context()
                started = now()
                await writer.start_tls(context, server_hostname=host)
                return _secured(found, writer, _ms(started, now()))
            finally:
                writer.transport.abort()
                del reader
    except TimeoutError:
        return _troubled(found, f"no answer for {limit_s:g} s")
    except ssl.SSLCertVerificationError as error:
        return _troubled(found, f"its certificate is not accepted: {error.verify_message}")
    except (OSError, ValueError) as error:
        return _troubled(found, scrub(str(error), endpoint.key) or type(error).__name__)


def _secured(found: Reached, writer: asyncio.StreamWriter, took_ms: float) -> Reached:
    secure = writer.get_extra_info("ssl_object")
    certificate: Mapping[str, object] = secure.getpeercert() or {} if secure else {}
    days = None
    with suppress(ValueError):
        if ends := certificate.get("notAfter"):
            days = (ssl.cert_time_to_seconds(str(ends)) - time.time()) / DAY_S
    return Reached(
        address=found.address,
        lookup_ms=found.lookup_ms,
        connect_ms=found.connect_ms,
        tls=str(secure.version()) if secure else "",
        tls_ms=took_ms,
        expires_days=days,
    )


def _troubled(found: Reached, why: str) -> Reached:
    return Reached(
        address=found.address,
        lookup_ms=found.lookup_ms,
        connect_ms=found.connect_ms,
        trouble=why,
    )


def _ms(start: float, end: float) -> float:
    return (end - start) * 1000
