"""The one seam between the engine and a model service: a request goes in, deltas come out.

The rule kept here: plain values only. Wire formats are the codecs' business (responses.py,
chat.py), sockets the transports' (websocket.py, sse.py); files and hunks are nobody's here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from spark_tui.errors import ConnectFault, SparkFault


@dataclass(frozen=True, slots=True)
class UserText:
    text: str


@dataclass(frozen=True, slots=True)
class AssistantText:
    text: str
    phase: str = ""
    """commentary or final_answer where the service labels its messages; goes back as it came."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    call_id: str
    name: str
    input: str
    """Raw text of a custom tool, JSON text of a function tool."""
    custom: bool = False


@dataclass(frozen=True, slots=True)
class ToolOutput:
    call_id: str
    output: str
    custom: bool = False


@dataclass(frozen=True, slots=True)
class Opaque:
    """An output item to be replayed as it came (encrypted reasoning)."""

    raw: Mapping[str, Any]


Item = UserText | AssistantText | ToolCall | ToolOutput | Opaque


@dataclass(frozen=True, slots=True)
class FunctionTool:
    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema."""


@dataclass(frozen=True, slots=True)
class CustomTool:
    """A tool whose input is free text under a Lark grammar; Responses API only."""

    name: str
    description: str
    grammar: str


Tool = FunctionTool | CustomTool


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, as a value that can be shown before it is sent."""

    model: str
    instructions: str
    items: tuple[Item, ...]
    tools: tuple[Tool, ...] = ()
    max_output_tokens: int | None = None
    effort: str | None = None
    temperature: float | None = None
    service_tier: str | None = None
    cache_key: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Connected:
    """The request is on its way; comes again if the wire changes before the first delta.

    wire: responses-ws, responses, chat, scripted.
    """

    wire: str
    connect_ms: float
    """What this turn waited for the connection; 0 when one stood ready."""
    reused: bool
    why: str = ""
    """Why this wire, where it is not the best one: "no WebSocket (404)", "remembered"."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service took the request (response.created).

    Comes again, with another id, when a connection broke before the first delta and the request
    was repeated.
    """

    response_id: str
    model: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str


@dataclass(frozen=True, slots=True)
class CallOpened:
    call_id: str
    name: str
    custom: bool


@dataclass(frozen=True, slots=True)
class CallDelta:
    call_id: str
    text: str


@dataclass(frozen=True, slots=True)
class CallDone:
    """The whole call, authoritative: `input` replaces what the deltas built."""

    call_id: str
    name: str
    input: str
    custom: bool


@dataclass(frozen=True, slots=True)
class TextDone:
    """The whole text of one message item, authoritative."""

    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The wire's own done event. `items` are the output items for the next request."""

    response_id: str
    usage: Usage | None
    items: tuple[Item, ...]
    cut: str = ""
    """Why the answer is incomplete (max_output_tokens, content_filter, steered); "" when it is
    whole."""
    service_tier: str = ""
    """The tier that was really served, where the service tells."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The last delta of a stream that broke; what came before stays true."""

    fault: SparkFault


Delta = (
    Connected
    | Accepted
    | TextDelta
    | ReasoningDelta
    | CallOpened
    | CallDelta
    | CallDone
    | TextDone
    | Completed
    | Failed
)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing came from the service for a while, not even a pong: the line may be dead."""

    silent_s: float
    may_think: bool = False
    """True where nobody can tell: there are no pongs over HTTP, and not every system says whether
    the other end still confirms what it is sent."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The service asked to wait, or is busy: the request goes out again by itself after this.

    Before the first delta of an answer only; `stop` ends the wait.
    """

    seconds: float
    why: str
    """For a person: "api.openai.com asks to wait"."""


@dataclass(frozen=True, slots=True)
class Lively:
    """What was said by Quiet or Waiting is over."""


@dataclass(frozen=True, slots=True)
class Pool:
    """What is left of the rate limits, as far as the service tells; None where it does not."""

    requests: int | None
    tokens: int | None
    reset_s: float | None = None
    """Until the scarcer of both is full again."""


News = Quiet | Waiting | Lively | Pool
"""Of the link, not of the answer: told beside the stream, so that a silent wait is explained."""

Tell = Callable[[News], None]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One row of GET /v1/models, with what our preset table knows about it."""

    id: str
    owned_by: str = ""
    preset: str = ""
    """Name of the preset row, "" when unknown."""
    speed: int = 0
    """Claimed tokens a second, 0 when unknown."""
    price_class: str = ""
    """"", "local", "low", "mid", "high"."""
    window: int = 0
    """Context window in tokens, 0 when unknown."""
    shutdown: str = ""
    """Day on which the service ends it, YYYY-MM-DD, "" when it does not say."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go and with which key."""

    base_url: str
    """https://host/v1, without a trailing slash."""
    key: str = field(default="", repr=False)
    wire: str = "auto"
    """auto, responses-ws, responses, chat."""

    @property
    def is_local(self) -> bool:
        """Loopback: needs no key. `127.0.0.1.example.org` and `127.0.0.1@host` are not."""
        try:
            host = urlsplit(self.base_url).hostname or ""
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


class WireChanged(ConnectFault):
    """Only chat completions is left, and the request offers tools that do not exist there.

    Nothing was sent. `wire_hint` already tells the new wire: build the request anew and ask again.
    """

    code = "wire_changed"


class Provider(Protocol):
    """A model service. One stream at a time; `stop` may be called from anywhere on the loop."""

    def stream(self, request: Request) -> AsyncIterator[Delta]:
        """Deltas until Completed or Failed. Never raises for a network fault: it yields Failed.

        After `stop` the iterator ends with neither.
        """
        ...

    def wire_hint(self) -> str:
        """The wire that the next stream will use: responses-ws, responses or chat.

        Custom tools exist on the first two only; on chat the edit format must be a text format.
        """
        ...

    def wire_why(self) -> str:
        """Why that is not the best wire, in a few words; "" when it is."""
        ...

    async def connect(self) -> None:
        """Open the connection ahead of the first request. Faults are kept for `stream`."""
        ...

    async def warm(self, request: Request) -> bool:
        """Let the service read what the next request will begin with, while nothing streams.

        True: the next `stream` with these items in front goes on from there. Costs input tokens;
        False, silently, where the wire or the service cannot.
        """
        ...

    async def steer(self, text: str) -> bool:
        """Add this user text to the response that streams, where service and model can.

        True: the running stream ends (cut "steered", or whole), and the next `stream`, whose last
        item is this text, takes up what the service answers to it. False: stop and ask anew.
        """
        ...

    def stop(self) -> None:
        """Drop the running stream at once, without a farewell; a no-op when idle."""
        ...

    async def close(self) -> None: ...

    async def models(self) -> tuple[ModelInfo, ...]:
        """GET /v1/models. Raises KeyRefused, ConnectFault, NetworkFault."""
        ...
