"""Where an endpoint is and what is said at its door: URLs, headers, trust.

The rule kept here: a key goes into the Authorization header of its own endpoint and nowhere else.
"""

from __future__ import annotations

import asyncio
import importlib
import ssl
import sys
from urllib.parse import urlsplit

from spark_tui.model.faults import Place, key_refused
from spark_tui.model.provider import Endpoint


def host_of(base_url: str) -> str:
    """host or host:port, without any name and password that a URL may carry."""
    return urlsplit(base_url).netloc.rpartition("@")[2] or base_url


def place_of(endpoint: Endpoint, model: str = "") -> Place:
    return Place(host=host_of(endpoint.base_url), model=model, secret=endpoint.key)


def http_url(endpoint: Endpoint, path: str) -> str:
    return endpoint.base_url.rstrip("/") + path


def socket_url(endpoint: Endpoint, path: str) -> str:
    """The same address with ws for http and wss for https."""
    url = http_url(endpoint, path)
    return "ws" + url[4:] if url.startswith("http") else url


def origin_of(url: str) -> tuple[str, str, int]:
    """(secure or plain, host, port): what must not change on a redirect."""
    parts = urlsplit(url)
    secure = parts.scheme in ("https", "wss")
    return (
        "secure" if secure else "plain",
        parts.hostname or "",
        parts.port or (443 if secure else 80),
    )


def name_of(base_url: str) -> str:
    """The endpoint by origin and path, without what may be private in a URL.

    >>> name_of("https://me:pw@Host.example/v1/?key=k")
    'https://host.example:443/v1'
    """
    kind, host, port = origin_of(base_url)
    host = f"[{host}]" if ":" in host else host
    path = urlsplit(base_url).path.rstrip("/")
    return f"{'https' if kind == 'secure' else 'http'}://{host}:{port}{path}"


def headers_of(endpoint: Endpoint) -> dict[str, str]:
    """Raises KeyRefused for a key that cannot be a header: its text must not reach an error."""
    key = endpoint.key.strip()
    if not key:
        return {}
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise key_refused(
            host_of(endpoint.base_url), words="it holds characters that no key can have"
        )
    return {"Authorization": f"Bearer {key}"}


async def load(name: str) -> None:
    """Imports a heavy module in a thread, so that the loop goes on answering keys."""
    if name not in sys.modules:
        await asyncio.to_thread(importlib.import_module, name)


async def tls_context() -> ssl.SSLContext:
    """Reading the system's certificates takes tens of milliseconds: not on the loop."""
    return await asyncio.to_thread(ssl.create_default_context)
