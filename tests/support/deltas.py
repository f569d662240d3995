"""Short words for looking at a stream of deltas; no assertions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from spark_tui.errors import SparkFault
from spark_tui.model.provider import Delta, Failed, TextDelta


async def collect(deltas: AsyncIterator[Delta]) -> list[Delta]:
    return [delta async for delta in deltas]


def texts(deltas: Sequence[Delta]) -> str:
    """All text that was shown."""
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def fault_of(deltas: Sequence[Delta]) -> SparkFault | None:
    """The fault that the stream ended with, None if it did not end with one."""
    last = deltas[-1] if deltas else None
    return last.fault if isinstance(last, Failed) else None
