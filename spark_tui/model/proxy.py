"""Whether a proxy is in between, and what it says when it will not let us through.

The rule kept here: the environment decides, as it does for every other program; a loopback
address is never reached through a proxy. Name and password of a proxy stay out of every sentence.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from spark_tui.model.address import host_of
from spark_tui.model.provider import Endpoint


def proxy_for(endpoint: Endpoint) -> str | None:
    """The proxy for this endpoint: HTTPS_PROXY or HTTP_PROXY, else ALL_PROXY, less NO_PROXY."""
    if endpoint.is_local:
        return None
    from urllib.request import getproxies, proxy_bypass  # also what the system has set

    parts = urlsplit(endpoint.base_url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all") or proxies.get("socks")
    if not found:
        return None
    return found if "://" in found else f"http://{found}"


def refusal_of(proxy: str, status: int) -> str:
    """What a status of the proxy itself means, in words."""
    name = f"the proxy {host_of(proxy)}"
    if status == 407:
        return f"{name} wants another name and password (407)"
    if status == 403:
        return f"{name} does not allow this address (403)"
    return f"{name} cannot get through ({status})"
