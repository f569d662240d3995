"""From an endpoint to its provider; the questions about models and local servers.

The rule kept here: the only door of this room that the engine needs beside provider.py. What is
known by name stands in presets.py; nothing here talks to a network by itself.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from spark_tui.errors import UsageFault
from spark_tui.model.address import name_of, origin_of
from spark_tui.model.dialects import CHAT, RESPONSES, Dialect
from spark_tui.model.fallback import Fallback, Wire
from spark_tui.model.local import LocalServer, find_local
from spark_tui.model.memory import Known, Learned, Memory
from spark_tui.model.presets import PRESETS, SERVERS, Preset, Server, describe, fastest, preset
from spark_tui.model.provider import Endpoint, News, Provider, Tell
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.sse import HttpStream

__all__ = [
    "PRESETS",
    "SERVERS",
    "Known",
    "LocalServer",
    "Memory",
    "Preset",
    "Server",
    "describe",
    "fastest",
    "find_local",
    "name_of",
    "open_provider",
    "preset",
]


def open_provider(
    endpoint: Endpoint, *, tell: Tell | None = None, memory: Memory | None = None
) -> Provider:
    """A provider for the endpoint's wire; nothing is sent yet. Raises UsageFault.

    `tell` hears news of the link beside the stream; `memory` knows what earlier processes found
    out, by `name_of` the base URL.
    """
    tell = tell or _deaf
    endpoint = replace(endpoint, base_url=endpoint.base_url.rstrip("/"))
    origin = _origin(endpoint.base_url)
    learned = Learned()

    def over_http(dialect: Dialect) -> Wire:
        return HttpStream(endpoint, dialect, tell=tell, learned=learned)

    wires: list[Wire]
    match endpoint.wire if endpoint.wire != "auto" else _usual_wire(endpoint.base_url):
        case "auto":
            socket = ResponsesSocket(endpoint, tell=tell, learned=learned)
            wires = [socket, over_http(RESPONSES), over_http(CHAT)]
        case "responses-ws":
            wires = [ResponsesSocket(endpoint, tell=tell, learned=learned)]
        case "responses":
            wires = [over_http(RESPONSES)]
        case "chat":
            wires = [over_http(CHAT)]
        case other:
            raise UsageFault(
                f"There is no wire {other!r}.",
                hint="Use auto, responses-ws, responses or chat.",
            )
    return Fallback(wires, origin=origin, memory=memory, learned=learned)


def _origin(base_url: str) -> str:
    try:
        if urlsplit(base_url).scheme in ("http", "https"):
            return name_of(base_url)
    except ValueError:
        pass
    # It is not repeated: what does not fit may hold a password.
    raise UsageFault(
        "The base URL is no web address.",
        hint="It looks like https://api.openai.com/v1 or http://127.0.0.1:11434/v1.",
    )


def _deaf(_: News) -> None:
    """Nobody wants to know."""


def _usual_wire(base_url: str) -> str:
    """The wire of a service that we know, so that nothing needs to be tried out."""
    origin = origin_of(base_url)
    if Endpoint(base_url).is_local:
        ports = {origin_of(server.base_url)[2]: server.wire for server in SERVERS}
        return ports.get(origin[2], "auto")
    return next((row.wire for row in PRESETS if origin_of(row.base_url) == origin), "auto")
