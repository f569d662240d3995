"""What receiving costs: CPU and delay of an event, an interrupt, and memory when too much comes.

    python benchmarks/receive.py [--quick] [--json] [--only rates|leaving|interrupt|memory]

`ours` is spark-tui's provider over a WebSocket, `bare` a loop over `websockets` and `json` that
keeps the text and nothing else; both talk to flood.py, a process of its own, over loopback. CPU is
this process's, for 1,000 events. `p50` and `p99` run from the server's stamp to the delta in hand,
so they hold what waits in buffers; `added` is ours less bare. Nothing is drawn. Leaving: from
handing in a request to its last byte given to the system.

Interrupts: from `stop()` to the end of the stream, to the next request on its way, and to its first
delta; also with the server behind 20 ms one way, where a socket that had to be opened would cost
80 ms. Memory is that of a process of its own, above what it had after a small answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.appetite import CASES, FLAT_MB, QUICK  # noqa: E402 - found beside this file
from benchmarks.children import Child, percentile  # noqa: E402
from spark_tui.model.catalog import open_provider  # noqa: E402
from spark_tui.model.provider import (  # noqa: E402
    Completed,
    Connected,
    Endpoint,
    Failed,
    Item,
    Provider,
    Request,
    TextDelta,
    UserText,
)

RATES = (1000, 5000, 20000, 0)
MOST_ADDED_MS, MOST_LEAVING_MS, MOST_INTERRUPT_MS = 1.0, 5.0, 50.0
HISTORY = "A gauge sends one level every six minutes.\n" * 1860
"""20,000 tokens."""


@dataclass(slots=True)
class Sample:
    """One stream to its end."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    late_ms: list[float] = field(default_factory=list)


def order(**fields: Any) -> Request:
    return Request("flood", "", (UserText(json.dumps(fields)),))


def late_ms(text: str) -> float:
    return (time.monotonic_ns() - int(text[:16], 16)) / 1e6


async def ours(url: str, rate: int, events: int) -> Sample:
    provider = open_provider(Endpoint(url, wire="responses-ws"))
    await provider.connect()
    sample, late = Sample(), []
    cpu, wall = time.process_time(), time.monotonic()
    async for delta in provider.stream(order(events=events, rate=rate)):
        if isinstance(delta, TextDelta):
            late.append(late_ms(delta.text))
        elif isinstance(delta, Failed):
            raise SystemExit(f"ours: {delta.fault}")
    sample.cpu_s, sample.wall_s = time.process_time() - cpu, time.monotonic() - wall
    sample.late_ms = late
    await provider.close()
    return sample


async def bare(url: str, rate: int, events: int) -> Sample:
    from websockets.asyncio.client import connect

    text = json.dumps({"events": events, "rate": rate})
    content = [{"type": "input_text", "text": text}]
    body = {"type": "response.create", "input": [{"role": "user", "content": content}]}
    address = url.replace("http", "ws") + "/responses"
    sample, late, said = Sample(), [], []
    async with connect(address, compression=None, ping_interval=None) as line:
        cpu, wall = time.process_time(), time.monotonic()
        await line.send(json.dumps(body))
        while (event := json.loads(await line.recv()))["type"] != "response.completed":
            if event["type"] == "response.output_text.delta":
                said.append(event["delta"])
                late.append(late_ms(event["delta"]))
        sample.cpu_s, sample.wall_s = time.process_time() - cpu, time.monotonic() - wall
    sample.late_ms = late
    return sample


async def rates(url: str, runs: int, seconds: float) -> list[dict[str, Any]]:
    """Ours and bare in turn, the median of the runs."""
    found: list[dict[str, Any]] = []
    for rate in RATES:
        events = int((rate or 40_000) * seconds)
        samples: dict[str, list[Sample]] = {"ours": [], "bare": []}
        for _ in range(runs):
            samples["bare"].append(await bare(url, rate, events))
            samples["ours"].append(await ours(url, rate, events))
        row: dict[str, Any] = {"rate": rate, "events": events}
        for name, taken in samples.items():
            row[f"{name}_cpu_ms"] = statistics.median(s.cpu_s * 1e6 / events for s in taken)
            row[f"{name}_kept"] = statistics.median(events / s.wall_s for s in taken)
            for share in (50, 99):
                values = [percentile(s.late_ms, share / 100) for s in taken]
                row[f"{name}_p{share}_ms"] = statistics.median(values)
        row["cpu_ratio"] = row["ours_cpu_ms"] / row["bare_cpu_ms"]
        row["added_ms"] = row["ours_p50_ms"] - row["bare_p50_ms"]
        found.append(row)
    return found


async def leaving(url: str, count: int) -> list[dict[str, Any]]:
    """One conversation of 20,000 tokens: whole on a socket that stands ready, then what is new."""
    took: dict[str, list[float]] = {"whole": [], "new items only": []}
    for _ in range(count):
        provider = open_provider(Endpoint(url, wire="responses-ws"))
        await provider.connect()
        items: tuple[Item, ...] = (UserText(HISTORY),)
        for values in took.values():
            items = (*items, UserText('{"events": 10}'))
            began = time.monotonic()
            async for delta in provider.stream(Request("flood", "", items)):
                match delta:
                    case Connected():
                        values.append((time.monotonic() - began) * 1000)
                    case Completed(items=answered):
                        items = (*items, *answered)
        await provider.close()
    return [
        {"request": name, "p50_ms": percentile(v, 0.5), "p99_ms": percentile(v, 0.99)}
        for name, v in took.items()
    ]


@dataclass(slots=True)
class Stop:
    """One interrupt, in milliseconds from `stop()`."""

    silent_ms: float = 0.0
    sent_ms: float = 0.0
    first_ms: float = 0.0
    after: int = 0
    """Deltas that still came."""
    waited_ms: float = 0.0
    """What the next request waited for a socket."""


async def interrupted(provider: Provider, rate: int, chance: random.Random) -> Stop:
    """A key while an answer streams, and the next request at once."""
    stop, stopped = Stop(), 0.0
    loop = asyncio.get_running_loop()

    def press() -> None:
        nonlocal stopped
        stopped = time.monotonic()
        provider.stop()

    started = False
    async for delta in provider.stream(order(events=10_000_000, rate=rate)):
        if isinstance(delta, Failed):
            raise SystemExit(f"interrupt: {delta.fault}")
        if isinstance(delta, TextDelta):
            if not started:
                started = True
                loop.call_later(chance.uniform(0.15, 0.3), press)
            stop.after += stopped > 0
    stop.silent_ms = (time.monotonic() - stopped) * 1000
    async for delta in provider.stream(order(events=10, rate=0)):
        match delta:
            case Connected(connect_ms=waited):
                stop.sent_ms = (time.monotonic() - stopped) * 1000
                stop.waited_ms = waited
            case TextDelta() if not stop.first_ms:
                stop.first_ms = (time.monotonic() - stopped) * 1000
            case Failed(fault):
                raise SystemExit(f"after an interrupt: {fault}")
    return stop


async def interrupts(url: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    port = url.rpartition(":")[2].removesuffix("/v1")
    with Child("benchmarks/relay.py", "--to", port, "--delay", "20") as relay:
        far = f"http://127.0.0.1:{relay.hello['ports'][0]}/v1"
        for place, address, rate in (
            ("loopback", url, 1000), ("loopback", url, 20000), ("loopback", url, 0),
            ("20 ms one way", far, 20000),
        ):  # fmt: skip
            chance = random.Random(1)
            provider = open_provider(Endpoint(address, wire="responses-ws"))
            await provider.connect()
            stops = [await interrupted(provider, rate, chance) for _ in range(count)]
            await provider.close()
            row: dict[str, Any] = {"place": place, "rate": rate, "count": count}
            for name in ("silent_ms", "sent_ms", "first_ms", "waited_ms"):
                values = [getattr(stop, name) for stop in stops]
                row[f"{name[:-3]}_p50_ms"] = percentile(values, 0.5)
                row[f"{name[:-3]}_p99_ms"] = percentile(values, 0.99)
            row["deltas_after"] = max(stop.after for stop in stops)
            found.append(row)
    return found


def memory(url: str, cases: Iterable[str], seconds: float) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in cases:
        with Child("benchmarks/appetite.py", name, url, str(seconds)) as child:
            found.append({"case": name, **child.hello})
    return found


def show_rates(found: Sequence[dict[str, Any]]) -> None:
    print(f"{'events/s':10}{'CPU ms per 1,000':>24}{'p50 ms':>18}{'added':>8}", end="")
    print(f"{'p99 ms':>18}{'kept/s':>20}")
    print(f"{'':10}{'ours':>8}{'bare':>8}{'ratio':>8}{'ours':>10}{'bare':>8}{'':8}", end="")
    print(f"{'ours':>10}{'bare':>8}{'ours':>11}{'bare':>9}")
    for row in found:
        print(f"{row['rate'] or 'unlimited':<10}{row['ours_cpu_ms']:8.1f}", end="")
        print(f"{row['bare_cpu_ms']:8.1f}{row['cpu_ratio']:8.2f}{row['ours_p50_ms']:10.2f}", end="")
        print(f"{row['bare_p50_ms']:8.2f}{row['added_ms']:8.2f}{row['ours_p99_ms']:10.2f}", end="")
        print(f"{row['bare_p99_ms']:8.2f}{row['ours_kept']:11,.0f}{row['bare_kept']:9,.0f}")


def show_leaving(found: Sequence[dict[str, Any]]) -> None:
    print("\na request of 20,000 tokens leaves, ms   p50     p99")
    for row in found:
        print(f"{row['request']:34}{row['p50_ms']:8.2f}{row['p99_ms']:8.2f}", flush=True)


def show_interrupts(found: Sequence[dict[str, Any]]) -> None:
    print(f"\n{'interrupt':16}{'events/s':>10}{'silent':>14}{'next is sent':>16}", end="")
    print(f"{'its first delta':>18}{'waited for it':>16}{'deltas after':>14}   p50 / p99 ms")
    for row in found:
        print(f"{row['place']:16}{row['rate'] or 'unlimited':>10}", end="")
        for name, width in (("silent", 14), ("sent", 16), ("first", 18), ("waited", 16)):
            both = f"{row[f'{name}_p50_ms']:.1f} / {row[f'{name}_p99_ms']:.1f}"
            print(f"{both:>{width}}", end="")
        print(f"{row['deltas_after']:14}", flush=True)


def show_memory(found: Sequence[dict[str, Any]]) -> None:
    print(f"\n{'memory':34}{'before MB':>10}{'more MB':>9}{'seconds':>9}  what became of it")
    for row in found:
        print(f"{row['case']:34}{row['before_mb']:10.1f}{row['more_mb']:9.1f}", end="")
        print(f"{row['seconds']:9.2f}  {row['ended']}")


def verdicts(found: dict[str, list[dict[str, Any]]]) -> list[tuple[str, bool]]:
    said: list[tuple[str, bool]] = []
    for row in found.get("rates", []):
        if row["rate"]:
            words = f"added at {row['rate']:,}/s, p50: {row['added_ms']:.2f} ms (under 1)"
            said.append((words, row["added_ms"] < MOST_ADDED_MS))
    for row in found.get("leaving", []):
        words = f"{row['request']} leaves, p50: {row['p50_ms']:.2f} ms (within 5)"
        said.append((words, row["p50_ms"] <= MOST_LEAVING_MS))
    for row in found.get("interrupt", []):
        rate = f"{row['rate']:,}/s" if row["rate"] else "no limit"
        worst = max(row["silent_p99_ms"], row["sent_p99_ms"])
        words = f"interrupt, {row['place']}, {rate}, p99: {worst:.1f} ms (under 50)"
        said.append((words, worst < MOST_INTERRUPT_MS))
    if stops := found.get("interrupt", []):
        after = max(row["deltas_after"] for row in stops)
        said.append((f"deltas after an interrupt: {after} (none)", not after))
    for row in found.get("memory", []):
        words = f"memory, {row['case']}: {row['more_mb']:.1f} MB more (at most {FLAT_MB})"
        said.append((words, row["more_mb"] <= FLAT_MB))
    return said


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="of each rate; the median is shown")
    parser.add_argument("--interrupts", type=int, default=50)
    parser.add_argument("--only", choices=("rates", "leaving", "interrupt", "memory"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true", help="one object a line")
    args = parser.parse_args()
    if args.quick:
        args.runs, args.interrupts = 1, 5
    found: dict[str, list[dict[str, Any]]] = {}
    with Child("benchmarks/flood.py") as server:
        url = str(server.hello["url"])
        if args.only in (None, "rates"):
            found["rates"] = asyncio.run(rates(url, args.runs, 1.0 if args.quick else 3.0))
        if args.only in (None, "leaving"):
            found["leaving"] = asyncio.run(leaving(url, 5 if args.quick else 50))
        if args.only in (None, "interrupt"):
            found["interrupt"] = asyncio.run(interrupts(url, args.interrupts))
        if args.only in (None, "memory"):
            cases = QUICK if args.quick else CASES
            found["memory"] = memory(url, cases, 2.0 if args.quick else 20.0)
    shown = {
        "rates": show_rates, "leaving": show_leaving, "interrupt": show_interrupts,
        "memory": show_memory,
    }  # fmt: skip
    for name, table in found.items():
        if not args.json:
            shown[name](table)
        for row in table if args.json else ():
            print(json.dumps({"table": name, **row}))
    print(end="" if args.json else "\n")
    for words, met in verdicts(found):
        if args.json:
            print(json.dumps({"target": words, "met": met}))
        else:
            print(f"{'met   ' if met else 'MISSED'}  {words}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
