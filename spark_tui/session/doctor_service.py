"""The half of the doctor that looks at services: keys, the way there, the wire, the models.

The rule kept here: as there: looking changes nothing, and nothing is sent that costs. A key goes to
its own service only, and only with the free list of models and the greeting of the socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass

from spark_tui.errors import SparkFault
from spark_tui.model.probe import Reached, reach
from spark_tui.model.provider import Endpoint
from spark_tui.session.endpoints import Endpoints
from spark_tui.session.link import ROLES, Link
from spark_tui.session.offering import host_of
from spark_tui.session.targets import Target
from spark_tui.settings import credentials
from spark_tui.settings.config import Settings

ONLINE_S = 6.0
FAR_MS = 150.0
"""One handshake longer than this is worth a word: each new connection pays it several times."""
SOON_DAYS = 14.0
_WIRES = {
    "responses-ws": "the Responses WebSocket, one lasting connection",
    "responses": "Responses over server-sent events",
    "chat": "chat completions over server-sent events",
}

Way = Callable[[Endpoint], Awaitable[Reached]]


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    level: str
    """ok, warning, error."""
    message: str
    hint: str = ""


def of_fault(fault: SparkFault, code: str) -> Finding:
    return Finding(code, "error", fault.message, fault.hint)


async def examine_service(
    settings: Settings, environ: Mapping[str, str], *, online: bool, way: Way = reach
) -> list[Finding]:
    """Findings about each service that the roles use, in the order of the roles."""
    memory = Endpoints(environ)
    await asyncio.to_thread(memory.load)
    try:
        link = Link(settings, environ, memory=memory)
    except SparkFault as fault:
        return [of_fault(fault, "key")]
    found: list[Finding] = []
    try:
        for endpoint, roles in _services(link).items():
            target = link.target(roles[0])
            found += _key(target, link, settings, environ)
            if online and link.is_ready(roles[0]):
                found += await _online(link, endpoint, roles, way)
    finally:
        await link.close()
    return found


def _services(link: Link) -> dict[Endpoint, list[str]]:
    services: dict[Endpoint, list[str]] = {}
    for role in ROLES:
        services.setdefault(link.target(role).endpoint, []).append(role)
    return services


def _key(
    target: Target, link: Link, settings: Settings, environ: Mapping[str, str]
) -> Iterator[Finding]:
    url = target.endpoint.base_url
    variable = target.preset.env_key if target.preset and target.preset.is_at(url) else ""
    key = credentials.find_key(settings, environ, base_url=url, env_key=variable)
    if key is not None:
        yield Finding("key", "ok", f"key from {key.origin}, for {key.bound_to} only")
    elif target.ready:
        yield Finding("key", "ok", f"{url} is on this machine: no key")
    else:
        name = variable or ("OPENAI_API_KEY" if url == settings.base_url else "its variable")
        hint = f"export {name}=..., or start spark-tui and choose key."
        if environ.get("OPENAI_API_KEY") and url == settings.base_url:
            hint = (
                "OPENAI_API_KEY is not sent there, the URL is from your file: name its "
                "variable with env_key, or set SPARK_TUI_API_KEY."
            )
        yield Finding("key", "error", f"No key for {url}.", hint)


async def _online(link: Link, endpoint: Endpoint, roles: list[str], way: Way) -> list[Finding]:
    reached = await way(endpoint)
    found = list(_way(endpoint, reached))
    if reached.trouble:
        return found
    listed = await _models(link, endpoint, roles)
    found += listed
    if all(finding.code == "models" for finding in listed):
        found.append(await _wire(link, endpoint, roles[0]))
    return found


def _way(endpoint: Endpoint, reached: Reached) -> Iterator[Finding]:
    """The address, the certificate, the proxy, the time of one round trip."""
    host = host_of(endpoint.base_url)
    if reached.proxy:
        yield Finding("proxy", "ok", f"{host} is reached through the proxy {reached.proxy}")
        return
    if reached.trouble:
        hint = "Is the address right, is the service up? Is a proxy needed (HTTPS_PROXY)?"
        if "certificate" in reached.trouble:
            hint = "Is the machine's clock right? A company's own authority: set SSL_CERT_FILE."
        yield Finding("endpoint", "error", f"No way to {host}: {reached.trouble}.", hint)
        return
    trip = reached.connect_ms or 0.0
    times = f"{host} ({reached.address}) answers in {trip:.0f} ms"
    if reached.tls_ms is not None:
        times += f", {reached.tls} takes {reached.tls_ms:.0f} ms more"
    if trip > FAR_MS:
        yield Finding(
            "latency",
            "warning",
            f"{times}.",
            "A far service: keep one session open, its connection is used again.",
        )
    else:
        yield Finding("latency", "ok", times)
    if reached.tls in ("TLSv1", "TLSv1.1"):
        yield Finding(
            "tls", "warning", f"{host} speaks {reached.tls}.", "It should be 1.2 or newer."
        )
    days = reached.expires_days
    if days is not None and days < SOON_DAYS:
        yield Finding(
            "tls",
            "warning",
            f"The certificate of {host} ends in {max(0, days):.0f} days.",
            "Whoever runs the service should renew it.",
        )


async def _models(link: Link, endpoint: Endpoint, roles: list[str]) -> list[Finding]:
    """Whether each role's model is there; else what the chain offers."""
    try:
        async with asyncio.timeout(ONLINE_S):
            await link.models(roles[0])
            offers = {role: await link.offer(role) for role in roles}
    except TimeoutError:
        return [
            Finding(
                "endpoint",
                "error",
                f"No answer from {endpoint.base_url}.",
                "It takes connections and says nothing: look at the service itself.",
            )
        ]
    except SparkFault as fault:
        return [of_fault(fault, "endpoint")]
    found: list[Finding] = []
    for role in roles:
        offer, model = offers[role], link.model_of(role)
        if offer is None:
            note = link.ends_soon(role)
            level = "warning" if note else "ok"
            said = note or f"{role}: {model} is listed by {host_of(endpoint.base_url)}"
            found.append(Finding("models", level, said))
            continue
        best = offer.next
        hint = "See spark-tui models."
        if best is not None:
            facts = f" ({best.facts})" if best.facts else ""
            hint = f"Set models.{role}, for example to {best.word}{facts}."
        found.append(Finding("models", "warning", f"{role}: {offer.why}", hint))
    return found


async def _wire(link: Link, endpoint: Endpoint, role: str) -> Finding:
    """What the next request would go over, and why not over a better one."""
    host = host_of(endpoint.base_url)
    provider = link.provider(role)
    try:
        async with asyncio.timeout(ONLINE_S):
            await provider.connect()
    except (TimeoutError, SparkFault):
        return Finding(
            "wire",
            "warning",
            f"{host} did not open a connection in time.",
            "The first request will try again, and other wires.",
        )
    wire, why = provider.wire_hint(), provider.wire_why()
    name = _WIRES.get(wire, wire)
    if wire == "responses-ws":
        return Finding("wire", "ok", f"{host}: {name}")
    asked = "set by wire" if endpoint.wire == wire else why or "the best that it speaks"
    hint = (
        "" if endpoint.wire == wire or not why else ("A better wire is looked for again by itself.")
    )
    return Finding("wire", "ok", f"{host}: {name} ({asked})", hint)
