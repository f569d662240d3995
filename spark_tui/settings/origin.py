"""A base URL and the one origin a key is bound to.

The rule kept here: two URLs share a key only if scheme, host and port are the same, and loopback
is what the address says, never what a name begins with.
"""

from __future__ import annotations

import re

from spark_tui.errors import UsageFault

_URL = re.compile(
    r"(?P<scheme>https?|wss?)://(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^?#\s]*)?"
)
_HOST_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_SCHEMES = {"ws": "http", "wss": "https"}
_PORTS = {"http": 80, "https": 443}


def normal_url(url: str, where: str) -> str:
    """http(s)://host[:port]/path without a trailing slash; a bare host gets /v1.

    >>> normal_url("http://localhost:11434/", "--base-url")
    'http://localhost:11434/v1'
    """
    found = _URL.fullmatch(url.strip())
    if found is None or int(found["port"] or 1) not in range(1, 65536):
        # The URL is not repeated: what does not fit may hold a password.
        raise UsageFault(
            f"{where}: this is not a base URL.",
            hint="It looks like https://host/v1, without user name, query or fragment.",
        )
    scheme = _SCHEMES.get(found["scheme"], found["scheme"])
    port = f":{found['port']}" if found["port"] else ""
    path = (found["path"] or "").rstrip("/") or "/v1"
    return f"{scheme}://{found['host'].lower()}{port}{path}"


def origin_of(base_url: str) -> str:
    """Scheme, host and port, the port always written out."""
    found = _URL.match(base_url)
    if found is None:
        raise UsageFault("This is not a base URL.", hint="It looks like https://host/v1.")
    scheme = _SCHEMES.get(found["scheme"], found["scheme"])
    return f"{scheme}://{found['host'].lower()}:{int(found['port'] or _PORTS[scheme])}"


def is_loopback(base_url: str) -> bool:
    """The service runs on this machine: it needs no key and nothing leaves."""
    found = _URL.match(base_url)
    if found is None:
        return False
    host = found["host"].lower()
    return host in ("localhost", "[::1]") or bool(re.fullmatch(r"127(\.[0-9]{1,3}){3}", host))


def ollama_url(host: str) -> str:
    """The base URL that OLLAMA_HOST means, "" for nonsense; an address to listen on is this
    machine's.

    >>> ollama_url("0.0.0.0"), ollama_url("gpu.lan:8000"), ollama_url("https://o.example/")
    ('http://127.0.0.1:11434/v1', 'http://gpu.lan:8000/v1', 'https://o.example:443/v1')
    """
    scheme, _, rest = host.strip().rpartition("://")
    found = _HOST_PORT.fullmatch(rest.partition("/")[0])
    if found is None or not rest:
        return ""
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(found[1], found[1])  # noqa: S104
    port = found[2] or _PORTS.get(scheme, 11434)
    try:
        return normal_url(f"{scheme or 'http'}://{name}:{port}", "OLLAMA_HOST")
    except UsageFault:
        return ""


def is_plain(base_url: str) -> bool:
    """Neither encrypted nor on this machine: a key would travel readable."""
    return base_url.startswith(("http://", "ws://")) and not is_loopback(base_url)
