"""Requests to the automaton, and the parts of a stream that tests look at; no assertions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from spark_tui.model.catalog import open_provider
from spark_tui.model.provider import (
    CallDelta,
    CallDone,
    Completed,
    Connected,
    CustomTool,
    Delta,
    Endpoint,
    FunctionTool,
    Item,
    Provider,
    Request,
    UserText,
)

READ = FunctionTool(
    "read",
    "Read files.",
    {
        "type": "object",
        "properties": {"paths": {"type": "array", "items": {"type": "string"}}},
        "required": ["paths"],
    },
)
APPLY_PATCH = CustomTool("apply_patch", "Change files.", "start: /(.|\\n)+/")


def ask(*items: Item | str, **fields: Any) -> Request:
    """A request of user texts and other items."""
    said = tuple(UserText(item) if isinstance(item, str) else item for item in items)
    return Request(**{"model": "automaton", "instructions": "Be brief.", "items": said, **fields})


@asynccontextmanager
async def opened(endpoint: Endpoint) -> AsyncIterator[Provider]:
    provider = open_provider(endpoint)
    try:
        yield provider
    finally:
        await provider.close()


def wires(deltas: Sequence[Delta]) -> list[str]:
    return [delta.wire for delta in deltas if isinstance(delta, Connected)]


def calls(deltas: Sequence[Delta]) -> list[CallDone]:
    return [delta for delta in deltas if isinstance(delta, CallDone)]


def streamed(deltas: Sequence[Delta], call_id: str) -> list[str]:
    """What came of a call before it was done."""
    parts = (delta for delta in deltas if isinstance(delta, CallDelta))
    return [delta.text for delta in parts if delta.call_id == call_id]


def completed(deltas: Sequence[Delta]) -> Completed:
    last = deltas[-1]
    assert isinstance(last, Completed), last
    return last
