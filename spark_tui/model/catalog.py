"""From an endpoint to its provider; the questions about models and local servers.

The rule kept here: the only door of this room that the engine needs beside provider.py. What is
known by name stands in presets.py; nothing here talks to a network by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from spark_tui.errors import SparkFault, UsageFault
from spark_tui.model.address import origin_of
from spark_tui.model.dialects import CHAT, RESPONSES
from spark_tui.model.fallback import Fallback, Wire
from spark_tui.model.presets import PRESETS, SERVERS, Preset, Server, describe, fastest, preset
from spark_tui.model.provider import Endpoint, ModelInfo, News, Provider, Tell
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.sse import HttpStream, get_models

__all__ = [
    "PRESETS",
    "SERVERS",
    "LocalServer",
    "Preset",
    "Server",
    "describe",
    "fastest",
    "find_local",
    "open_provider",
    "preset",
]


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A model server that answered on this machine."""

    name: str
    base_url: str
    models: tuple[ModelInfo, ...]


def open_provider(endpoint: Endpoint, *, tell: Tell | None = None) -> Provider:
    """A provider for the endpoint's wire; nothing is sent yet. Raises UsageFault.

    `tell` hears news of the link beside the stream.
    """
    tell = tell or _deaf
    endpoint = replace(endpoint, base_url=endpoint.base_url.rstrip("/"))
    if urlsplit(endpoint.base_url).scheme not in ("http", "https"):
        raise UsageFault(
            f"The base URL {endpoint.base_url!r} is no web address.",
            hint="It looks like https://api.openai.com/v1 or http://127.0.0.1:11434/v1.",
        )
    wires: list[Wire]
    match endpoint.wire if endpoint.wire != "auto" else _usual_wire(endpoint.base_url):
        case "auto":
            wires = [
                ResponsesSocket(endpoint, tell=tell),
                HttpStream(endpoint, RESPONSES, tell=tell),
                HttpStream(endpoint, CHAT, tell=tell),
            ]
        case "responses-ws":
            wires = [ResponsesSocket(endpoint, tell=tell)]
        case "responses":
            wires = [HttpStream(endpoint, RESPONSES, tell=tell)]
        case "chat":
            wires = [HttpStream(endpoint, CHAT, tell=tell)]
        case other:
            raise UsageFault(
                f"There is no wire {other!r}.",
                hint="Use auto, responses-ws, responses or chat.",
            )
    return Fallback(wires)


async def find_local(
    timeout_s: float = 0.3, *, servers: Sequence[Server] = SERVERS
) -> tuple[LocalServer, ...]:
    """Model servers of this machine, asked all at once, without a key."""
    found = await asyncio.gather(*(_ask(server, servers, timeout_s) for server in servers))
    return tuple(server for server in found if server is not None)


async def _ask(server: Server, servers: Sequence[Server], timeout_s: float) -> LocalServer | None:
    with suppress(SparkFault):
        models = await get_models(Endpoint(server.base_url), timeout_s=timeout_s)
        owners = {model.owned_by for model in models}
        known = (row.name for row in servers if row.owned_by in owners and row.owned_by)
        # What a service charges and how fast it is says nothing of the same model here.
        local = tuple(replace(model, preset="", speed=0, price_class="local") for model in models)
        return LocalServer(next(known, server.name), server.base_url, local)
    return None


def _deaf(_: News) -> None:
    """Nobody wants to know."""


def _usual_wire(base_url: str) -> str:
    """The wire of a service that we know, so that nothing needs to be tried out."""
    origin = origin_of(base_url)
    if Endpoint(base_url).is_local:
        ports = {origin_of(server.base_url)[2]: server.wire for server in SERVERS}
        return ports.get(origin[2], "auto")
    return next((row.wire for row in PRESETS if origin_of(row.base_url) == origin), "auto")
