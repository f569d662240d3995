"""What differs between the two things that are spoken over server-sent events.

The rule kept here: a row per dialect, so that the transport knows neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from spark_tui.model import chat, responses
from spark_tui.model.faults import Place, Refusal
from spark_tui.model.provider import Delta, Request


class EventDecoder(Protocol):
    """Events of one answer in, deltas out."""

    finished: bool
    refusal: Refusal | None
    """What the service said, when the last delta is Failed by its own word."""

    def decode(self, event: Mapping[str, Any]) -> list[Delta]: ...

    def whole(self, answer: Mapping[str, Any]) -> list[Delta]:
        """An answer in one piece, from a service that ignores "stream"."""
        ...

    def done(self) -> list[Delta]:
        """The line [DONE]."""
        ...

    def close(self) -> list[Delta]:
        """The end of the body."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    wire: str
    path: str
    encode: Callable[[Request, frozenset[str]], dict[str, Any]]
    decoder: Callable[[Place], EventDecoder]


def _encode_responses(request: Request, without: frozenset[str]) -> dict[str, Any]:
    return {**responses.encode(request, without=without), "stream": True}


RESPONSES = Dialect("responses", "/responses", _encode_responses, responses.Decoder)
CHAT = Dialect("chat", "/chat/completions", chat.encode, chat.Decoder)
