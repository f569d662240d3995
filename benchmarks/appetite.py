"""How much memory a client takes when a service sends too much: one case, a process of its own.

    python benchmarks/appetite.py CASE URL SECONDS

The rule kept here: one case, one process, one line of JSON: what it had after a small answer, the
peak above that, and what became of the request. The service is flood.py; receive.py asks.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from spark_tui.errors import SparkFault  # noqa: E402 - found beside this file
from spark_tui.model.catalog import open_provider  # noqa: E402
from spark_tui.model.provider import (  # noqa: E402
    Endpoint,
    Failed,
    Provider,
    Request,
    TextDelta,
    UserText,
)

FLAT_MB = 16
SOCKET, HTTP = "responses-ws", "responses"
CASES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "a message of 100 MB": (SOCKET, {"kind": "message", "megabytes": 100}),
    "100 MB in fragments": (SOCKET, {"kind": "fragments", "megabytes": 100}),
    "100 MB in messages of 1 MB": (SOCKET, {"kind": "many", "megabytes": 100}),
    "a deflate bomb of 200 MB": (SOCKET, {"kind": "bomb", "megabytes": 200}),
    "a flood, slowly read": (SOCKET, {"kind": "deltas", "events": 10_000_000}),
    "HTTP: a line of 100 MB": (HTTP, {"kind": "line", "megabytes": 100}),
    "HTTP: one answer of 100 MB": (HTTP, {"kind": "json", "megabytes": 100}),
    "HTTP: a gzip bomb of 200 MB": (HTTP, {"kind": "gzip", "megabytes": 200}),
    "HTTP: a flood, slowly read": (HTTP, {"kind": "stream", "events": 10_000_000}),
    "HTTP: a model list of 100 MB": (HTTP, {"kind": "models"}),
}
"""Name -> wire, and what is ordered."""
QUICK = ("a message of 100 MB", "a flood, slowly read", "HTTP: one answer of 100 MB")


def peak_mb() -> float:
    """The most that this program had at once. The kernel's other figure, of getrusage, begins with
    what the parent had when it forked: only where there is nothing else."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1 << 20) if sys.platform == "darwin" else size / 1024


async def answered(provider: Provider, order: dict[str, Any], seconds: float) -> str:
    """Takes an answer, a flood one delta a millisecond, and says how it ended."""
    request = Request("flood", "", (UserText(json.dumps(order)),))
    slowly = order["kind"] in ("deltas", "stream")
    taken, until = 0, time.monotonic() + seconds
    async for delta in provider.stream(request):
        match delta:
            case Failed(fault):
                return f"{type(fault).__name__} after {taken} deltas: {fault}"
            case TextDelta():
                taken += 1
                if slowly:
                    await asyncio.sleep(0.001)
                    if time.monotonic() > until:
                        provider.stop()
    return f"ended after {taken} deltas"


async def measure(case: str, url: str, seconds: float) -> dict[str, Any]:
    wire, order = CASES[case]
    provider = open_provider(Endpoint(url, wire=wire))
    kind = "deltas" if wire == SOCKET else "stream"
    await answered(provider, {"kind": kind, "events": 1000}, 0.3)
    before, began = peak_mb(), time.monotonic()
    try:
        if order["kind"] == "models":
            ended = f"{len(await provider.models())} models"
        else:
            ended = await answered(provider, order, seconds)
    except SparkFault as fault:
        ended = f"{type(fault).__name__}: {fault}"
    took = time.monotonic() - began
    more = peak_mb() - before
    await provider.close()
    return {"before_mb": before, "more_mb": more, "seconds": took, "ended": ended}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
