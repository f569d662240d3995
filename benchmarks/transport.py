"""What the way to the model service costs: a new connection each time, a kept one, our socket.

    python benchmarks/transport.py [--quick] [--json] [--turns 30] [--idle-turns 8] [--delay 20]

TLS on loopback through a relay that delays each direction and imitates TCP's slow start (relay.py
says how); the service is demo/server.py; both are processes of their own. One conversation that
begins with 20,000 tokens and grows by 200 a turn is sent over
  new       a new HTTPS connection each turn, the whole history (httpx, a fresh client)
  kept      one HTTPS connection kept alive, the whole history (httpx)
  ours/sse  spark-tui's provider over HTTP, the whole history
  ours      spark-tui's provider over a WebSocket: only what is new
`overhead` is the time from handing in the request to the first delta in hand, less what the server
took from the whole request to its first delta, and less nothing else. `above` is the overhead over
the bare round trip, `ping` what a ping takes on the same road. Bytes are those that the relay took,
with TLS. The first turn, which also connects, stands apart. Idling is real. Nothing is imitated of
loss and bandwidth. Compare figures of one run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402 - found beside this file, however it is run

from benchmarks.children import Child, certificate, percentile  # noqa: E402
from spark_tui.model.catalog import open_provider  # noqa: E402
from spark_tui.model.provider import (  # noqa: E402
    AssistantText,
    Completed,
    Endpoint,
    Failed,
    Item,
    Request,
    TextDelta,
    UserText,
)
from spark_tui.model.responses import encode_tool  # noqa: E402
from spark_tui.session import briefing  # noqa: E402

MODEL = "demo-fast"
WORDS = "A gauge sends one level every six minutes and the service keeps the time of arrival. "
HISTORY = (WORDS * 1000)[:80_000]
AGENTS = (ROOT / "AGENTS.md").read_text(encoding="utf-8")
TOOLS = briefing.tools("v4a", "responses-ws")
INSTRUCTIONS = briefing.instructions("v4a")
"""With the tools, what spark-tui sends with every request."""
PROJECT = briefing.project(AGENTS)
"""Its first item; this project's AGENTS.md is a short one."""
REPEATED = len(json.dumps([INSTRUCTIONS, *map(encode_tool, TOOLS)], separators=(",", ":")))
PROMPT = f"{(WORDS * 9)[:640]}\n\n/long 40"
MOST_ABOVE_MS, LEAST_CUT, MOST_BYTES, MOST_TTFT = 5.0, 0.79, 5000, 0.5


@dataclass(slots=True)
class Turn:
    """One request and when its first delta was in hand."""

    mode: str
    number: int
    asked: float
    first: float
    sent: int = 0
    """Bytes up, by the relay."""
    overhead_ms: float = 0.0
    chained: bool = False


class Client(Protocol):
    """One way of talking, with its own copy of the conversation."""

    name: str

    async def turn(self) -> tuple[float, float]:
        """When the request was handed in, and when its first delta was in hand."""
        ...

    async def close(self) -> None: ...


class Plain:
    """HTTP and server-sent events, as a client does it that knows nothing better."""

    def __init__(self, url: str, trust: ssl.SSLContext, *, kept: bool) -> None:
        self.name = "kept" if kept else "new"
        self._url, self._trust, self._kept = url, trust, kept
        self._client: httpx.AsyncClient | None = None
        self._items: list[dict[str, Any]] = [
            self._message("user", PROJECT),
            self._message("user", HISTORY),
        ]

    async def turn(self) -> tuple[float, float]:
        self._items.append(self._message("user", PROMPT))
        asked = time.monotonic()
        if self._client is None:
            self._client = httpx.AsyncClient(verify=self._trust, trust_env=False)
        body = {
            "model": MODEL, "instructions": INSTRUCTIONS, "store": False, "stream": True,
            "input": self._items, "tools": [encode_tool(tool) for tool in TOOLS],
            "prompt_cache_key": "benchmark",
        }  # fmt: skip
        headers = {"Authorization": "Bearer benchmark"}
        first, said = 0.0, ""
        async with self._client.stream(
            "POST", f"{self._url}/responses", json=body, headers=headers
        ) as answer:
            async for line in answer.aiter_lines():
                if not line.startswith("data: "):
                    continue
                event = json.loads(line[6:])
                if event["type"] == "response.output_text.delta":
                    first = first or time.monotonic()
                    said += event["delta"]
        self._items.append(self._message("assistant", said))
        if not self._kept:
            await self.close()
        return asked, first

    async def close(self) -> None:
        client, self._client = self._client, None
        if client:
            await client.aclose()

    def _message(self, role: str, text: str) -> dict[str, Any]:
        kind = "output_text" if role == "assistant" else "input_text"
        return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


class Ours:
    """spark-tui's own provider."""

    def __init__(self, url: str, wire: str) -> None:
        self.name = "ours" if wire == "responses-ws" else "ours/sse"
        self.provider = open_provider(Endpoint(url, "benchmark", wire))
        items = (UserText(PROJECT), UserText(HISTORY))
        self.request = Request(MODEL, INSTRUCTIONS, items, TOOLS, cache_key="benchmark")

    async def turn(self) -> tuple[float, float]:
        items: tuple[Item, ...] = (*self.request.items, UserText(PROMPT))
        self.request = replace(self.request, items=items)
        asked, first = time.monotonic(), 0.0
        async for delta in self.provider.stream(self.request):
            match delta:
                case TextDelta():
                    first = first or time.monotonic()
                case Completed(items=answered):
                    self.request = replace(self.request, items=(*items, *answered))
                case Failed(fault):
                    raise SystemExit(f"{self.name}: {fault}")
        assert isinstance(self.request.items[-1], AssistantText)
        return asked, first

    async def close(self) -> None:
        await self.provider.close()


@dataclass(frozen=True, slots=True)
class Road:
    """What is imitated, and how often it is gone."""

    delay_ms: float
    slow_start: bool
    idle_s: float
    turns: int
    modes: tuple[str, ...] = ("new", "kept", "ours/sse", "ours")


class Service:
    """The demo's server behind a relay with one port for each client."""

    def __init__(self, folder: Path, road: Road, *words: str) -> None:
        cert, key = folder / "cert.pem", folder / "key.pem"
        self.trust = ssl.create_default_context(cafile=str(cert))
        self._server = Child(
            "demo/server.py", "--rate", "0", "--tls", str(cert), str(key), *words
        )  # fmt: skip
        self._url = str(self._server.hello["url"])
        to = self._url.rpartition(":")[2].removesuffix("/v1")
        slow = ["--slow-start"] if road.slow_start else []
        ports = ["--delay", str(road.delay_ms), "--ports", str(len(road.modes))]
        self._relay = Child("benchmarks/relay.py", "--to", to, *ports, *slow)
        self.ports = [int(port) for port in self._relay.hello["ports"]]

    def url(self, at: int) -> str:
        return f"https://127.0.0.1:{self.ports[at]}/v1"

    def sent(self, at: int) -> int:
        return int(self._relay.ask()[str(self.ports[at])]["up"])

    def log(self) -> list[dict[str, Any]]:
        """All answered requests, from the server itself."""
        address = self._url.removesuffix("/v1") + "/_log"
        with urllib.request.urlopen(address, context=self.trust) as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)["requests"]
        return [entry for entry in found if entry["deltas"]]

    def close(self) -> None:
        self._relay.close()
        self._server.close()


async def drive(service: Service, road: Road) -> list[Turn]:
    """All turns of all clients; where they idle, each idles while the others talk."""
    made: dict[str, Client] = {
        "new": Plain(service.url(0), service.trust, kept=False),
        "kept": Plain(service.url(1), service.trust, kept=True),
        "ours/sse": Ours(service.url(2), "responses"),
        "ours": Ours(service.url(3), "responses-ws"),
    }
    order = [(n, mode) for mode in road.modes for n in range(road.turns)]
    if road.idle_s:
        order = [(n, mode) for n in range(road.turns) for mode in road.modes]
    turns: list[Turn] = []
    last: dict[str, float] = {}
    for number, mode in order:
        rest = last.get(mode, 0.0) + road.idle_s - time.monotonic()
        await asyncio.sleep(max(rest, 0.0))
        at = road.modes.index(mode)
        before = service.sent(at)
        turn = Turn(mode, number, *await made[mode].turn())
        turn.sent = service.sent(at) - before
        last[mode] = time.monotonic()
        turns.append(turn)
    for client in made.values():
        await client.close()
    for turn, entry in zip(turns, service.log(), strict=True):
        served_s = entry["first_s"] - entry["received_s"]
        turn.overhead_ms = (turn.first - turn.asked - served_s) * 1000
        turn.chained = bool(entry["parent"])
    return turns


async def ping_ms(service: Service) -> float:
    """The bare round trip on this road, TLS and a WebSocket included."""
    from websockets.asyncio.client import connect

    took: list[float] = []
    url = service.url(0).replace("https", "wss") + "/responses"
    async with connect(url, ssl=service.trust, compression=None) as line:
        for _ in range(10):
            began = time.monotonic()
            await (await line.ping())
            took.append((time.monotonic() - began) * 1000)
    return statistics.median(took)


def rows(road: Road, turns: Sequence[Turn], ping: float) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for mode in road.modes:
        mine = [turn for turn in turns if turn.mode == mode]
        later = [turn.overhead_ms for turn in mine[1:]]
        row: dict[str, Any] = {
            "mode": mode, "slow_start": road.slow_start, "idle_s": road.idle_s,
            "turns": len(mine), "first_ms": mine[0].overhead_ms,
            "overhead_ms": statistics.median(later), "p95_ms": percentile(later, 0.95),
            "above_ms": statistics.median(later) - 2 * road.delay_ms, "ping_ms": ping,
            "bytes": statistics.median(turn.sent for turn in mine[1:]),
            "all_bytes": sum(turn.sent for turn in mine),
            "chained": sum(turn.chained for turn in mine),
        }  # fmt: skip
        row["cut"] = 1 - row["overhead_ms"] / (found[0] if found else row)["overhead_ms"]
        found.append(row)
    return found


async def prefill(folder: Path, delay_ms: float, ms: float, runs: int) -> dict[str, Any]:
    """TTFT with reading charged: a cold whole request on an open socket, against one that goes on
    from a warm-up, and the turn after it."""
    road = Road(delay_ms, True, 0, 1, modes=("ours",))
    service = Service(folder, road, "--ttft", "50ms", "--prefill", str(ms))
    took: dict[str, list[float]] = {"cold": [], "warmed": [], "chained": []}
    refused = False
    try:
        for _ in range(runs):
            for warmed in (False, True):
                ours = Ours(service.url(0), "responses-ws")
                await ours.provider.connect()
                if warmed:
                    refused = not await ours.provider.warm(ours.request)
                for name in ("warmed", "chained") if warmed else ("cold",):
                    asked, first = await ours.turn()
                    took[name].append((first - asked) * 1000)
                await ours.close()
        log = service.log()
    finally:
        service.close()
    row: dict[str, Any] = {"prefill_ms": ms, "warm_up_refused": refused}
    for name, values in took.items():
        row[f"{name}_ms"] = statistics.median(values)
    row["charged"] = [entry["charged"] for entry in log[:3]]
    row["share"] = row["warmed_ms"] / row["cold_ms"]
    return row


def show(found: Sequence[dict[str, Any]], delay_ms: float) -> None:
    head = found[0]
    slow = "with" if head["slow_start"] else "without"
    print(f"\n{delay_ms:g} ms one way, {slow} slow start, {head['idle_s']:g} s idle, ", end="")
    print(f"{head['turns']} turns; ping {head['ping_ms']:.1f} ms")
    print(f"{'':10}{'first':>8}{'overhead':>10}{'p95':>8}{'above':>8}{'cut':>7}", end="")
    print(f"{'bytes a turn':>14}{'in all':>10}{'chained':>9}")
    for row in found:
        print(f"{row['mode']:10}{row['first_ms']:8.1f}{row['overhead_ms']:10.1f}", end="")
        print(f"{row['p95_ms']:8.1f}{row['above_ms']:8.1f}{row['cut']:7.0%}", end="")
        print(f"{row['bytes']:14,.0f}{row['all_bytes']:10,}{row['chained']:9}", flush=True)


def verdicts(ours: Sequence[dict[str, Any]], share: float) -> list[tuple[str, bool]]:
    """The targets, each by the worst road that it is meant for."""
    above = max(row["above_ms"] for row in ours)
    cut = min(row["cut"] for row in ours if row["slow_start"])
    sent = max(row["bytes"] for row in ours)
    return [
        (f"socket above the bare round trip: {above:.1f} ms (at most 5)", above <= MOST_ABOVE_MS),
        (f"overhead of a new connection cut: {cut:.1%} (at least 79)", cut >= LEAST_CUT),
        (
            f"bytes a turn: {sent:,.0f}, {REPEATED:,} of them instructions and tools "
            "(at most 5,000)",
            sent <= MOST_BYTES,
        ),
        (f"TTFT after a warm-up: {share:.1%} of a cold one (at most 50)", share <= MOST_TTFT),
    ]


async def measure(args: argparse.Namespace, folder: Path) -> None:
    ours: list[dict[str, Any]] = []
    for idle_s, turns in ((0.0, args.turns), (args.idle, args.idle_turns)):
        for slow_start in (True,) if args.quick else (False, True):
            road = Road(args.delay, slow_start, idle_s, turns)
            service = Service(folder, road, "--ttft", "50ms")
            try:
                ping = await ping_ms(service)
                found = rows(road, await drive(service, road), ping)
            finally:
                service.close()
            ours.append(found[-1])
            if args.json:
                for row in found:
                    print(json.dumps(row), flush=True)
            else:
                show(found, args.delay)
    row = await prefill(folder, args.delay, args.prefill, 1 if args.quick else 3)
    if args.json:
        print(json.dumps(row))
    else:
        print(f"\nTTFT with {row['prefill_ms']:g} ms charged for 1,000 tokens read: ", end="")
        print(f"cold {row['cold_ms']:.0f} ms, after a warm-up {row['warmed_ms']:.0f} ms, ", end="")
        refused = " (REFUSED)" if row["warm_up_refused"] else ""
        print(f"next turn {row['chained_ms']:.0f} ms{refused}; tokens charged {row['charged']}\n")
    for words, met in verdicts(ours, row["share"]):
        if args.json:
            print(json.dumps({"target": words, "met": met}))
        else:
            print(f"{'met   ' if met else 'MISSED'}  {words}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--idle-turns", type=int, default=8)
    parser.add_argument("--idle", type=float, default=2.0, help="seconds between two turns")
    parser.add_argument("--delay", type=float, default=20.0, help="milliseconds one way")
    parser.add_argument("--prefill", type=float, default=100.0, help="milliseconds, 1,000 tokens")
    parser.add_argument("--quick", action="store_true", help="few turns, slow start only")
    parser.add_argument("--json", action="store_true", help="one object a line")
    args = parser.parse_args()
    if args.quick:
        args.turns, args.idle_turns = 6, 3
    with tempfile.TemporaryDirectory(prefix="transport-") as folder:
        cert, _ = certificate(Path(folder))
        # Read by ssl.create_default_context: this process, and no other, trusts the new one.
        os.environ["SSL_CERT_FILE"] = str(cert)
        asyncio.run(measure(args, Path(folder)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
