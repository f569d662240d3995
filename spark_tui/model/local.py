"""Model servers of this machine, found by asking their usual ports.

The rule kept here: a stranger may sit at a port. No key is sent, no proxy is asked, no redirect is
followed, and whatever answers costs a third of a second and a bounded body at most. Who asks is
the engine's business: only on a person's word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from spark_tui.errors import SparkFault
from spark_tui.model.listing import get_models
from spark_tui.model.owners import owners
from spark_tui.model.presets import SERVERS, Server
from spark_tui.model.provider import Endpoint, ModelInfo

LIMIT_S = 0.3
LIMIT_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A model server that answered on this machine."""

    name: str
    base_url: str
    models: tuple[ModelInfo, ...]
    owner: str = ""
    """The other user of this machine whose server it is; "" for oneself and where none is known."""


async def find_local(
    timeout_s: float = LIMIT_S, *, servers: Sequence[Server] = SERVERS
) -> tuple[LocalServer, ...]:
    """All asked at once, at 127.0.0.1 and ::1; one that answers at both is named once."""
    places = list(_places(servers))
    answers = await asyncio.gather(*(_ask(server, timeout_s) for server in places))
    found: dict[tuple[str, int], LocalServer] = {}
    for server, models in zip(places, answers, strict=True):
        if models is not None:
            parts = urlsplit(server.base_url)
            host = "" if Endpoint(server.base_url).is_local else parts.netloc
            found.setdefault((host, parts.port or 80), _found(server, models, servers))
    addresses = [_address(server.base_url) for server in found.values()]
    names = await asyncio.to_thread(owners, addresses) if found else []
    return tuple(
        replace(server, owner=name) for server, name in zip(found.values(), names, strict=True)
    )


def _places(servers: Sequence[Server]) -> Iterator[Server]:
    """Each address once, those of the older protocol first."""
    seen = set[str]()
    six = [replace(server, base_url=_six(server.base_url)) for server in servers]
    for server in (*servers, *six):
        if server.base_url and server.base_url not in seen:
            seen.add(server.base_url)
            yield server


def _six(base_url: str) -> str:
    """The same port at ::1, "" for what is not this machine's by its number."""
    parts = urlsplit(base_url)
    if parts.hostname not in ("127.0.0.1", "localhost"):
        return ""
    return parts._replace(netloc=f"[::1]:{parts.port or 80}").geturl()


def _address(base_url: str) -> tuple[str, int]:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    return ("127.0.0.1" if host == "localhost" else host), parts.port or 80


async def _ask(server: Server, timeout_s: float) -> tuple[ModelInfo, ...] | None:
    try:
        return await get_models(
            Endpoint(server.base_url), timeout_s=timeout_s, limit_bytes=LIMIT_BYTES
        )
    except SparkFault:
        return None


def _found(server: Server, models: tuple[ModelInfo, ...], servers: Sequence[Server]) -> LocalServer:
    whose = {model.owned_by for model in models}
    known = (row.name for row in servers if row.owned_by in whose and row.owned_by)
    # What a service charges and how fast it is says nothing of the same model here.
    local = tuple(replace(model, preset="", speed=0, price_class="local") for model in models)
    return LocalServer(next(known, server.name), server.base_url, local)
